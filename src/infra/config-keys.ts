// What keys exist, read from the schema itself: for suggestions (config-suggest.ts) and typed paths (config-file.ts).
import { z } from 'zod';
import { configSchema } from './config.ts';
import { isContainer, type KeyPath, type Segment } from './key-path.ts';

type Schema = z.core.$ZodType;

/** One configurable key. `path` writes a list entry as `[]` and a free name as `<name>`. */
export interface KeyInfo {
  readonly path: string;
  readonly type: string;
  /** As JSON; undefined when there is none. */
  readonly default: string | undefined;
  readonly description: string;
}

/** The schema without its wrappers of default, optional and transform. */
function bare(schema: Schema): Schema {
  if (schema instanceof z.ZodPipe) return bare(schema.in);
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional
  )
    return bare(schema.unwrap());
  return schema;
}

function child(schema: Schema, segment: Segment): Schema | undefined {
  const inner = bare(schema);
  if (inner instanceof z.ZodObject) return Object.hasOwn(inner.shape, segment) ? inner.shape[segment] : undefined;
  if (inner instanceof z.ZodRecord) return inner.valueType;
  if (inner instanceof z.ZodArray) return /^\d+$/.test(String(segment)) ? inner.element : undefined;
  return undefined;
}

/** The schema of a place, or undefined where no key can be. */
function schemaAt(path: KeyPath): Schema | undefined {
  return path.reduce<Schema | undefined>(
    (schema, segment) => (schema === undefined ? undefined : child(schema, segment)),
    configSchema,
  );
}

export function isKey(path: KeyPath): boolean {
  return schemaAt(path) !== undefined;
}

/** Names that may stand directly below a place; empty where names are free or there are none. */
export function namesAt(path: KeyPath): readonly string[] {
  const schema = schemaAt(path);
  const inner = schema === undefined ? undefined : bare(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** Turns digits into list indexes where the schema has a list, and numbers into names where it has none. */
export function typedPath(path: KeyPath): KeyPath {
  return path.map((segment, index) => {
    const parent = schemaAt(path.slice(0, index));
    const inList = parent !== undefined && bare(parent) instanceof z.ZodArray;
    return inList && /^\d+$/.test(String(segment)) ? Number(segment) : inList ? segment : String(segment);
  });
}

/** Every key of the config in schema order. */
export function listKeys(): readonly KeyInfo[] {
  return keysOf(configSchema, '');
}

function keysOf(schema: Schema, path: string): readonly KeyInfo[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodObject)
    return Object.entries(inner.shape).flatMap(([name, part]) => [
      ...leaf(part, path === '' ? name : `${path}.${name}`),
      ...keysOf(part, path === '' ? name : `${path}.${name}`),
    ]);
  if (inner instanceof z.ZodArray) return keysOf(inner.element, `${path}[]`);
  if (inner instanceof z.ZodRecord) return keysOf(inner.valueType, `${path}.<name>`);
  return [];
}

/** Objects are only headings; lists and maps are keys themselves, besides what they hold. */
function leaf(schema: Schema, path: string): readonly KeyInfo[] {
  if (bare(schema) instanceof z.ZodObject) return [];
  return [{ path, type: typeName(bare(schema)), default: defaultOf(schema), description: describe(schema) }];
}

function typeName(schema: Schema): string {
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(', ');
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => `\`${value}\``).join(', ');
  if (schema instanceof z.ZodArray)
    return bare(schema.element) instanceof z.ZodObject ? 'list of objects' : 'list of strings';
  if (schema instanceof z.ZodRecord) return 'map';
  if (schema instanceof z.ZodNumber) return schema.format === 'safeint' ? 'integer' : 'number';
  return schema._zod.def.type;
}

function defaultOf(schema: Schema): string | undefined {
  if (schema instanceof z.ZodDefault) return JSON.stringify(schema.def.defaultValue);
  return schema instanceof z.ZodPipe ? defaultOf(schema.in) : undefined;
}

/** The outermost description, as a field may say more than its type. */
function describe(schema: Schema): string {
  const own = z.globalRegistry.get(schema)?.description;
  if (own !== undefined) return own;
  const inner = 'innerType' in schema._zod.def ? schema._zod.def.innerType : undefined;
  return isContainer(inner) && inner instanceof z.ZodType ? describe(inner) : '';
}
