// Keeps a prompt below its token limit: the oldest whole turns leave it, never the disk. Pure; called by model-request.ts.
import type { Entry } from '../core/agent.ts';

/** Rough token count of a text: about four Latin characters, or one and a half of other scripts, to a token. */
export function estimateTokens(text: string): number {
  let wide = 0;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) wide += 1;
  return Math.ceil((text.length - wide) / 4 + wide / 1.5);
}

/** What a picture costs with the usual providers, whatever its size. */
const imageTokens = 1500;
/** Role markers and separators around one message. */
const entryTokens = 4;

export function entryTokensOf(entry: Entry): number {
  switch (entry.type) {
    case 'user': {
      const images = (entry.attachments ?? []).filter((attachment) => attachment.kind === 'image').length;
      return entryTokens + estimateTokens(entry.text) + images * imageTokens;
    }
    case 'note':
      return entryTokens + estimateTokens(entry.text);
    case 'tool':
      return entryTokens + estimateTokens(entry.output);
    case 'assistant':
      return entry.parts.reduce((sum, part) => sum + entryTokens + estimateTokens(partText(part)), 0);
  }
}

function partText(part: Extract<Entry, { type: 'assistant' }>['parts'][number]): string {
  return part.type === 'call' ? `${part.name}${JSON.stringify(part.input) ?? ''}` : part.text;
}

export interface Fitted {
  readonly history: readonly Entry[];
  /** Turns that left the prompt. */
  readonly dropped: number;
}

const cutText = '[older tool output left out of the prompt]';

/**
 * @param history whole transcript, the current turn last.
 * @param current id of the turn under way: it always stays; if it alone is too big, its oldest tool outputs are cut.
 * @param limit tokens the messages may take.
 */
export function fitContext(history: readonly Entry[], current: string, limit: number): Fitted {
  const cost = new Map<string, number>();
  for (const entry of history) cost.set(entry.turn, (cost.get(entry.turn) ?? 0) + entryTokensOf(entry));
  let total = [...cost.values()].reduce((sum, tokens) => sum + tokens, 0);
  const gone = new Set<string>();
  for (const [turn, tokens] of cost) {
    if (total <= limit) break;
    if (turn === current) continue;
    gone.add(turn);
    total -= tokens;
  }
  const kept = gone.size === 0 ? history : history.filter((entry) => !gone.has(entry.turn));
  return { history: total <= limit ? kept : cutOutputs(kept, total - limit), dropped: gone.size };
}

function cutOutputs(history: readonly Entry[], excess: number): readonly Entry[] {
  let left = excess;
  const newest = history.findLastIndex((entry) => entry.type === 'tool');
  return history.map((entry, index) => {
    if (left <= 0 || entry.type !== 'tool' || index === newest) return entry;
    const saved = estimateTokens(entry.output) - estimateTokens(cutText);
    if (saved <= 0) return entry;
    left -= saved;
    return { ...entry, output: cutText };
  });
}
