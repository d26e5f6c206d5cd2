// What a harness tells while it works, in our own words: text, tool calls, plan, usage. Lenient, because harnesses send
// more than they should and less than they must. Pure; used by session.ts, turn.ts, permissions.ts and progress.ts.
import { z } from 'zod';

export interface ToolCall {
  readonly id: string;
  readonly title: string;
  /** `read`, `search`, `think`, `edit`, `delete`, `move`, `execute`, `fetch`, `switch_mode`, `other`. */
  readonly kind: string;
  readonly status: 'pending' | 'in_progress' | 'completed' | 'failed';
  readonly rawInput: unknown;
  readonly paths: readonly string[];
  readonly diffs: readonly Diff[];
  /** What it gave back, as text. */
  readonly output: string;
}

export interface Diff {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** What one message says of a call; the rest is known from earlier ones. */
export type ToolPatch = { readonly id: string } & { readonly [K in Exclude<keyof ToolCall, 'id'>]?: ToolCall[K] };

export interface PlanStep {
  readonly text: string;
  readonly status: 'pending' | 'in_progress' | 'completed';
}

export type HarnessUpdate =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool'; readonly patch: ToolPatch }
  | { readonly kind: 'plan'; readonly steps: readonly PlanStep[] }
  /** `costUsd`: of the whole session so far; null where the harness does not say. */
  | { readonly kind: 'usage'; readonly used: number; readonly size: number; readonly costUsd: number | null }
  | { readonly kind: 'mode'; readonly id: string }
  | { readonly kind: 'options'; readonly options: unknown }
  | { readonly kind: 'notice'; readonly text: string };

const text = z.string().optional().catch(undefined);
const loose = z.looseObject({});

const textBlock = z.looseObject({ type: z.literal('text'), text: z.string() });
const chunk = z.looseObject({ content: textBlock });
const plan = z.looseObject({
  entries: z.array(
    z.looseObject({ content: z.string(), status: z.enum(['pending', 'in_progress', 'completed']).catch('pending') }),
  ),
});
const usage = z.looseObject({
  used: z.number().nonnegative(),
  size: z.number().nonnegative().catch(0),
  cost: z.looseObject({ amount: z.number().nonnegative(), currency: z.string() }).nullish().catch(undefined),
});
const notice = z.looseObject({ title: z.string(), description: text });

const toolSchema = z.looseObject({
  toolCallId: z.string().min(1),
  title: text,
  kind: text,
  status: z.enum(['pending', 'in_progress', 'completed', 'failed']).optional().catch(undefined),
  locations: z.array(loose).nullish().catch(undefined),
  content: z.array(loose).nullish().catch(undefined),
});

/** Undefined for what nobody here needs: thoughts, lists of commands, kinds that came later. */
export function readUpdate(update: unknown): HarnessUpdate | undefined {
  const kind = loose.safeParse(update).data?.sessionUpdate;
  switch (kind) {
    case 'agent_message_chunk': {
      const said = chunk.safeParse(update).data?.content.text;
      return said === undefined || said === '' ? undefined : { kind: 'text', text: said };
    }
    case 'tool_call':
    case 'tool_call_update': {
      const patch = readToolCall(update);
      return patch === undefined ? undefined : { kind: 'tool', patch };
    }
    case 'plan': {
      const steps = plan.safeParse(update).data?.entries;
      return steps === undefined
        ? undefined
        : { kind: 'plan', steps: steps.map(({ content, status }) => ({ text: content, status })) };
    }
    case 'usage_update': {
      const found = usage.safeParse(update).data;
      if (found === undefined) return undefined;
      const costUsd = found.cost?.currency.toUpperCase() === 'USD' ? found.cost.amount : null;
      return { kind: 'usage', used: found.used, size: found.size, costUsd };
    }
    case 'current_mode_update': {
      const id = z.looseObject({ currentModeId: z.string() }).safeParse(update).data?.currentModeId;
      return id === undefined ? undefined : { kind: 'mode', id };
    }
    case 'config_option_update':
      return { kind: 'options', options: loose.safeParse(update).data?.configOptions };
    case 'notice': {
      const found = notice.safeParse(update).data;
      if (found === undefined) return undefined;
      return { kind: 'notice', text: [found.title, found.description].filter((each) => each).join(': ') };
    }
    default:
      return undefined;
  }
}

/** The tool call of an update or of a permission request; undefined where it has no id. */
export function readToolCall(value: unknown): ToolPatch | undefined {
  const call = toolSchema.safeParse(value).data;
  if (call === undefined) return undefined;
  const diffs = call.content?.flatMap(diffOf);
  const output = call.content?.flatMap(outputOf).join('\n');
  const paths = call.locations?.flatMap(({ path }) => (typeof path === 'string' ? [path] : []));
  return {
    id: call.toolCallId,
    ...(call.title === undefined || call.title === '' ? {} : { title: call.title }),
    ...(call.kind === undefined || call.kind === '' ? {} : { kind: call.kind }),
    ...(call.status === undefined ? {} : { status: call.status }),
    ...(call.rawInput === undefined || call.rawInput === null ? {} : { rawInput: call.rawInput }),
    ...(paths === undefined ? {} : { paths }),
    ...(diffs === undefined || diffs.length === 0 ? {} : { diffs }),
    ...(output === undefined || output === '' ? {} : { output }),
  };
}

/** The call as known after this message. An id nobody has heard of yet is a new call. */
export function mergeTool(known: ToolCall | undefined, patch: ToolPatch): ToolCall {
  const fresh = { title: '', kind: 'other', status: 'pending', rawInput: undefined, paths: [], diffs: [], output: '' };
  return { ...(fresh as Omit<ToolCall, 'id'>), ...known, ...patch };
}

function diffOf(part: Readonly<Record<string, unknown>>): readonly Diff[] {
  const { type, path, oldText, newText } = part;
  if (type !== 'diff' || typeof path !== 'string' || typeof newText !== 'string') return [];
  return [{ path, before: typeof oldText === 'string' ? oldText : '', after: newText }];
}

function outputOf(part: Readonly<Record<string, unknown>>): readonly string[] {
  const found = part.type === 'content' ? textBlock.safeParse(part.content).data?.text : undefined;
  return found === undefined ? [] : [found];
}
