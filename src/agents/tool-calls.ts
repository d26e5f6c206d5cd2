// Checks and runs what a model called: bad arguments and unknown tools are answered, not thrown.
// Called by native.ts and model-request.ts.
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { spawnRefusal } from '../core/errors.ts';
import type { Refusal } from '../core/result.ts';
import type { Tool, ToolContext, ToolOutput } from '../core/tool.ts';

export interface ModelCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** Set when the arguments were no JSON: why. */
  readonly unreadable?: string;
}

export type CheckedCall =
  | { readonly kind: 'run'; readonly tool: Tool; readonly input: unknown }
  | { readonly kind: 'malformed'; readonly faults: readonly string[]; readonly output: ToolOutput }
  | { readonly kind: 'unknown'; readonly output: ToolOutput };

/** Names models know from elsewhere. */
const aliases: Readonly<Record<string, string>> = {
  spawn_agent: 'sessions_spawn',
  spawn_subagent: 'sessions_spawn',
  subagent_spawn: 'sessions_spawn',
  read_file: 'read',
  write_file: 'write',
  edit_file: 'edit',
  list_files: 'ls',
  bash: 'exec',
  shell: 'exec',
  fetch: 'web_fetch',
};

/** @param missing text for a tool that exists but was removed by policy (REF-2); undefined for an unknown name. */
export function checkCall(
  call: ModelCall,
  tools: readonly Tool[],
  missing: (name: string) => string | undefined,
): CheckedCall {
  const tool = tools.find((one) => one.name === call.name);
  if (tool === undefined) return { kind: 'unknown', output: unknownTool(call.name, tools, missing) };
  const faults = call.unreadable === undefined ? [] : [`the arguments are not valid JSON (${call.unreadable})`];
  if (faults.length > 0) return malformed(tool, faults);
  return tool.parameters.kind === 'json'
    ? checkObject(tool, call.input)
    : checkZod(tool, tool.parameters.schema, call.input);
}

/** MCP servers check their own arguments; only the outer form is ours to check. */
function checkObject(tool: Tool, input: unknown): CheckedCall {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return isObject ? { kind: 'run', tool, input } : malformed(tool, ['the arguments must be a JSON object']);
}

function checkZod(tool: Tool, schema: z.ZodType, input: unknown): CheckedCall {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return { kind: 'run', tool, input: parsed.data };
  const surplus = parsed.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const others = parsed.error.issues.filter((issue) => issue.code !== 'unrecognized_keys');
  if (others.length > 0)
    return malformed(tool, [...others.map(faultOf), ...surplus.map((key) => `${key}: unknown parameter`)]);
  const refusal = spawnRefusal.unsupportedParameter(surplus);
  const fix = tool.group === 'session' ? refusal.fix : `Leave it out. A correct call: ${JSON.stringify(tool.example)}`;
  return { kind: 'malformed', faults: surplus, output: refusalOutput({ ...refusal, fix }) };
}

function malformed(tool: Tool, faults: readonly string[]): CheckedCall {
  const refusal = spawnRefusal.schemaInvalid(faults, tool.example);
  const fix = `A correct minimal call: ${tool.name} ${JSON.stringify(tool.example)}`;
  return { kind: 'malformed', faults, output: refusalOutput({ ...refusal, fix }) };
}

/** `task: required`, `runTimeoutSeconds: expected number, received string`. */
function faultOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.length === 0 ? 'arguments' : issue.path.map(String).join('.');
  const text = issue.message.replace(/^Invalid input: /, '');
  return `${path}: ${/received undefined$/.test(text) ? `required (${text.replace(/, received undefined$/, '')})` : text}`;
}

function unknownTool(name: string, tools: readonly Tool[], missing: (name: string) => string | undefined): ToolOutput {
  const removed = missing(name);
  if (removed !== undefined) return { text: removed, failed: true };
  const meant = aliases[name];
  const names = tools.map((tool) => tool.name);
  if (meant !== undefined && names.includes(meant)) {
    const refusal = { message: `unknown tool ${name}; it is ${meant}.`, fix: `Call ${meant} instead.` };
    return refusalOutput({ code: 'unknown_tool', ...refusal });
  }
  const removedMeant = meant === undefined ? undefined : missing(meant);
  if (removedMeant !== undefined) return { text: removedMeant, failed: true };
  const near = names.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
  const fix =
    near === undefined
      ? 'There are no tools here: answer in text.'
      : `The nearest is ${near}. Tools here: ${names.join(', ')}.`;
  return refusalOutput({ code: 'unknown_tool', message: `unknown tool ${name}.`, fix });
}

function refusalOutput(refusal: Refusal): ToolOutput {
  return { text: JSON.stringify({ status: 'refused', ...refusal }), failed: true };
}

/** A runaway result would push everything else out of the prompt; tools bound their own output well below this. */
const longestOutput = 200_000;

/** Runs a checked call. Answers «aborted» at once when the signal fires, however deaf the tool is. Never rejects. */
export async function runCall(tool: Tool, input: unknown, context: ToolContext): Promise<ToolOutput> {
  if (context.signal.aborted) return abortedOutput;
  const abort = onAbort(context.signal);
  try {
    const output = await Promise.race([tool.run(input, context), abort.promise]);
    if (output.text.length <= longestOutput) return output;
    return {
      ...output,
      text: `${output.text.slice(0, longestOutput)}\n[cut: the output had ${output.text.length} characters]`,
    };
  } catch (error) {
    return { text: `the tool failed: ${error instanceof Error ? error.message : String(error)}`, failed: true };
  } finally {
    abort.dispose();
  }
}

export const abortedOutput: ToolOutput = { text: 'aborted', failed: true };

function onAbort(signal: AbortSignal): { readonly promise: Promise<ToolOutput>; dispose(): void } {
  const { promise, resolve } = Promise.withResolvers<ToolOutput>();
  const fire = (): void => resolve(abortedOutput);
  signal.addEventListener('abort', fire, { once: true });
  return { promise, dispose: () => signal.removeEventListener('abort', fire) };
}

const schemas = new WeakMap<Tool, Record<string, unknown>>();

/** JSON Schema of a tool's parameters as the model sees it. */
export function toolSchema(tool: Tool): Record<string, unknown> {
  if (tool.parameters.kind === 'json') return tool.parameters.schema;
  const known = schemas.get(tool);
  if (known !== undefined) return known;
  const { $schema: _, ...schema } = z.toJSONSchema(tool.parameters.schema, { io: 'input', unrepresentable: 'any' });
  schemas.set(tool, schema);
  return schema;
}
