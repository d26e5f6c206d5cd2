// Names, descriptions, examples and results of MCP tools in the form agents get them. Pure; called by mcp.ts and mcp-stdio.ts.
import { createHash } from 'node:crypto';
import { clipEnd, clipMiddle, sizeText } from './text.ts';

/** Model APIs accept at most this many characters in a tool name, and only letters, digits, `_` and `-`. */
const maxName = 64;
const maxDescription = 1500;
const maxResult = 50_000;

/** `mcp__<server>__<tool>`; what had to be changed or cut gets a short hash, so that two tools never share a name. */
export function mcpToolName(server: string, tool: string): string {
  const plain = `mcp__${server}__${tool}`;
  const safe = plain.replaceAll(/[^\w-]/g, '_');
  if (safe === plain && plain.length <= maxName) return plain;
  const hash = createHash('sha256').update(`${server}\n${tool}`).digest('hex').slice(0, 8);
  return `${safe.slice(0, maxName - hash.length - 1)}_${hash}`;
}

export function mcpDescription(server: string, description: string | undefined): string {
  const text = (description ?? '').trim();
  return text === '' ? `A tool of the MCP server ${server}.` : clipEnd(text, maxDescription).text;
}

/** A minimal call with a value of the right type for every required parameter of a JSON Schema. */
export function exampleFor(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.fromEntries(required.map((name) => [String(name), exampleValue(properties[String(name)])]));
}

function exampleValue(schema: unknown): unknown {
  if (!isRecord(schema)) return '...';
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if ('default' in schema) return schema.default;
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return exampleFor(schema);
    default:
      return '...';
  }
}

/** The bounded text of a `tools/call` result. Pictures, sound and unknown parts are named, not shown. */
export function mcpResultText(result: Readonly<Record<string, unknown>>): string {
  const content = Array.isArray(result.content) ? result.content : [];
  const parts = content.map(partText).filter((part) => part !== '');
  if (parts.length > 0) return clipMiddle(parts.join('\n'), maxResult);
  const other = result.structuredContent ?? result.toolResult;
  return other === undefined ? '(empty result)' : clipMiddle(JSON.stringify(other), maxResult);
}

function partText(part: unknown): string {
  if (!isRecord(part)) return '';
  const kind = String(part.type);
  if (kind === 'text') return String(part.text ?? '');
  if (kind === 'resource' && isRecord(part.resource)) {
    const { uri, text, blob } = part.resource;
    return typeof text === 'string'
      ? `${String(uri)}\n${text}`
      : `[file ${String(uri)}, ${base64Size(blob)}, not shown]`;
  }
  if (kind === 'resource_link') return `[link ${String(part.uri)} ${String(part.name ?? '')}]`;
  return `[${kind} ${String(part.mimeType ?? '')}, ${base64Size(part.data)}, not shown]`;
}

function base64Size(data: unknown): string {
  return typeof data === 'string' ? sizeText(Math.floor((data.length * 3) / 4)) : 'size unknown';
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
