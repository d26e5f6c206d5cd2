// Builds what one model call is sent: trimmed messages, pictures, tool definitions. Called by ask-model.ts.
import type { ModelMessage, ToolSet } from 'ai';
import type { Entry, TurnPrompt } from '../core/agent.ts';
import type { Tool } from '../core/tool.ts';
import { estimateTokens, fitContext } from './context.ts';
import type { ModelRequest, OpenedModel } from './model-call.ts';
import { promptMessages } from './prompt-messages.ts';
import { loadSdk } from './sdk.ts';
import { toolSchema } from './tool-calls.ts';

/** Data of a stored picture; undefined when it is gone or too big. Never rejects. */
export type ImageReader = (path: string) => Promise<Uint8Array | undefined>;

interface Source {
  readonly opened: OpenedModel;
  readonly prompt: TurnPrompt;
  readonly tools: readonly Tool[];
  readonly history: readonly Entry[];
  /** Pictures read so far in this turn; filled here. */
  readonly images: Map<string, Uint8Array>;
  readonly blind: { readonly pictures: ReadonlySet<string> };
}

/** What Anthropic, OpenAI and Google all take, and the smallest of their limits. */
const shownTypes = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);
const largestImage = 3_700_000;

/** Room for the messages even when the system prompt and the tools are far too big. */
const leastMessageTokens = 1000;

export async function buildRequest(source: Source, readImage: ImageReader | undefined): Promise<ModelRequest> {
  const { prompt, tools } = source;
  const fixed = tools.reduce((sum, tool) => sum + toolTokens(tool), estimateTokens(prompt.system));
  const fitted = fitContext(source.history, prompt.id, Math.max(leastMessageTokens, prompt.contextTokens - fixed));
  if (readImage !== undefined) await readImages(source, readImage);
  const messages = promptMessages(fitted.history, { model: source.opened.ref, images: source.images });
  const left =
    fitted.dropped === 0 ? '' : `\n\nThe oldest ${fitted.dropped} turns of this conversation are no longer shown.`;
  return {
    system: prompt.system + left,
    messages: withCachePoint(messages, source.opened),
    tools: await toolSet(tools),
  };
}

const costs = new WeakMap<Tool, number>();

function toolTokens(tool: Tool): number {
  const known = costs.get(tool);
  if (known !== undefined) return known;
  const tokens = estimateTokens(tool.name + tool.description + JSON.stringify(toolSchema(tool)));
  costs.set(tool, tokens);
  return tokens;
}

/** Only the newest two turns: a model that takes no pictures must not stumble over an old one for ever. */
async function readImages(source: Source, readImage: ImageReader): Promise<void> {
  const turns = [...new Set(source.history.map((entry) => entry.turn))].slice(-2);
  for (const entry of source.history) {
    if (entry.type !== 'user' || !turns.includes(entry.turn)) continue;
    for (const attachment of entry.attachments ?? []) {
      if (!shownTypes.has(attachment.mediaType) || attachment.bytes > largestImage) continue;
      if (source.images.has(attachment.path) || source.blind.pictures.has(attachment.path)) continue;
      const data = await readImage(attachment.path);
      if (data !== undefined) source.images.set(attachment.path, data);
    }
  }
}

async function toolSet(tools: readonly Tool[]): Promise<ToolSet> {
  const { jsonSchema } = await loadSdk();
  const set: ToolSet = {};
  // No `execute`: the loop runs the calls. No validation either: faults are answered in our own words.
  for (const tool of tools)
    set[tool.name] = { description: tool.description, inputSchema: jsonSchema(toolSchema(tool)) };
  return set;
}

/** Anthropic caches a prompt only up to a mark (its docs, «cache control»); the others do it by themselves. */
function withCachePoint(messages: ModelMessage[], opened: OpenedModel): ModelMessage[] {
  const last = messages.at(-1);
  if (opened.provider !== 'anthropic' || last === undefined) return messages;
  return [
    ...messages.slice(0, -1),
    { ...last, providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } },
  ];
}
