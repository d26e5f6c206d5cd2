// Turns a transcript into the messages of a model call: every tool call answered, every answer asked for.
// Called by model-request.ts.
import type { AssistantContent, JSONValue, ModelMessage, ToolCallPart, ToolContent, UserContent } from 'ai';
import type { AssistantPart, Entry } from '../core/agent.ts';
import { defuseBlockLines } from '../core/block.ts';
import { clip, oneLine } from '../core/format.ts';
import { attributed, speakerName } from './mail-text.ts';

type AssistantEntry = Extract<Entry, { type: 'assistant' }>;
type ToolEntry = Extract<Entry, { type: 'tool' }>;
type UserEntry = Extract<Entry, { type: 'user' }>;
type ProviderOptions = NonNullable<ToolCallPart['providerOptions']>;

export interface MessageOptions {
  /** `provider/model` of the call: thinking and signatures of another model are left out. */
  readonly model: string;
  /** Image data by path, for those attachments that are to be seen and not only named. */
  readonly images?: ReadonlyMap<string, Uint8Array>;
}

/** Answer given for a call whose result was never recorded. */
export const unansweredText =
  'unknown: the process ended before the result was known; check what it did before repeating it';

/** Pure. Tool results stand right after their call; results without a call are left out. */
export function promptMessages(history: readonly Entry[], options: MessageOptions): ModelMessage[] {
  const messages: ModelMessage[] = [];
  const people = new Set(
    history.flatMap((entry) => (entry.type === 'user' && entry.from !== undefined ? [entry.from] : [])),
  );
  history.forEach((entry, index) => {
    switch (entry.type) {
      case 'user':
      case 'note':
        addUser(messages, userContent(entry, options, people.size > 1));
        break;
      case 'assistant':
        messages.push(...assistantMessages(entry, answersTo(history, index), options));
        break;
      case 'tool':
        break;
    }
  });
  return messages;
}

/** Call ids are only unique within a step for some providers, so a result is looked for before the next step. */
function answersTo(history: readonly Entry[], index: number): ReadonlyMap<string, ToolEntry> {
  const answers = new Map<string, ToolEntry>();
  for (let i = index + 1; i < history.length; i += 1) {
    const entry = history[i];
    if (entry === undefined || entry.type === 'assistant') break;
    if (entry.type === 'tool') answers.set(entry.callId, entry);
  }
  return answers;
}

function assistantMessages(
  entry: AssistantEntry,
  answers: ReadonlyMap<string, ToolEntry>,
  options: MessageOptions,
): ModelMessage[] {
  const own = entry.model === options.model;
  const content = entry.parts.flatMap((part) => assistantPart(part, own));
  if (content.length === 0) return [];
  const results: ToolContent = entry.parts.flatMap((part) =>
    part.type === 'call' ? [toolResult(part, answers.get(part.id))] : [],
  );
  const assistant: ModelMessage = { role: 'assistant', content };
  return results.length === 0 ? [assistant] : [assistant, { role: 'tool', content: results }];
}

function assistantPart(part: AssistantPart, own: boolean): Exclude<AssistantContent, string> {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'thinking':
      return own ? [{ type: 'reasoning', text: part.text, ...signed(part.providerOptions) }] : [];
    case 'call': {
      const call = {
        type: 'tool-call' as const,
        toolCallId: part.id,
        toolName: part.name,
        input: callInput(part.input),
      };
      return [{ ...call, ...(own ? signed(part.providerOptions) : {}) }];
    }
  }
}

/** Arguments that were no JSON object are shown back as what they were; providers accept only objects. */
function callInput(input: unknown): unknown {
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? input : { malformed: input ?? null };
}

function signed(providerOptions: unknown): { providerOptions?: ProviderOptions } {
  if (typeof providerOptions !== 'object' || providerOptions === null) return {};
  return { providerOptions: providerOptions as Record<string, Record<string, JSONValue>> };
}

function toolResult(
  call: Extract<AssistantPart, { type: 'call' }>,
  answer: ToolEntry | undefined,
): ToolContent[number] {
  const failed = answer === undefined || answer.failed;
  return {
    type: 'tool-result',
    toolCallId: call.id,
    toolName: call.name,
    // Pages and programs say what they like.
    output: { type: failed ? 'error-text' : 'text', value: defuseBlockLines(answer?.output ?? unansweredText) },
  };
}

/** @param several more than one person speaks in this session: each text names its sender, unless it does already. */
function userContent(
  entry: Extract<Entry, { type: 'user' | 'note' }>,
  options: MessageOptions,
  several: boolean,
): UserContent {
  if (entry.type === 'note') return entry.text;
  const from = entry.from === undefined || !several ? undefined : speakerName(entry.from);
  const said = defuseBlockLines(entry.text);
  const text = from === undefined || said.startsWith(`${from}: `) ? said : attributed(from, said);
  const lines = [text, ...attachmentLines(entry, options)].filter((line) => line !== '').join('\n');
  const seen = (entry.attachments ?? []).flatMap((attachment) => {
    const data = options.images?.get(attachment.path);
    return data === undefined ? [] : [{ type: 'file' as const, data, mediaType: attachment.mediaType }];
  });
  return seen.length === 0 ? lines : [{ type: 'text', text: lines === '' ? '(an image)' : lines }, ...seen];
}

function attachmentLines(entry: UserEntry, options: MessageOptions): string[] {
  return (entry.attachments ?? [])
    .filter((attachment) => options.images?.has(attachment.path) !== true)
    .map((a) => `[attachment ${fileName(a.name)}: ${fileName(a.mediaType)}, ${a.bytes} bytes, stored at ${a.path}]`);
}

/** As its sender called it: one line, which must not look like the end of ours. */
function fileName(name: string): string {
  return clip(oneLine(name).replace(/[[\]]/g, '_'), 120);
}

/** Neighbouring messages of the person's side become one: some chat templates insist on taking turns. */
function addUser(messages: ModelMessage[], content: UserContent): void {
  const last = messages.at(-1);
  if (last?.role !== 'user') {
    messages.push({ role: 'user', content });
    return;
  }
  if (typeof last.content === 'string' && typeof content === 'string') last.content = `${last.content}\n\n${content}`;
  else last.content = [...userParts(last.content), ...userParts(content)];
}

function userParts(content: UserContent): Exclude<UserContent, string> {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}
