// Texts made to be slow: a megabyte of what a pattern might stumble over, through everything that reads texts of strangers.
// Each must grow with the length alone, so the same text at a quarter of the length is its own ideal, four times over.
// Run: node test/bench/texts.ts
import { renderHtml } from '../../channels/telegram/render.ts';
import { redact } from '../../src/core/redact.ts';
import { splitText } from '../../src/core/split.ts';
import { spawnClaim } from '../../src/runs/claims.ts';
import { cleanText } from '../../src/sessions/history.ts';
import { type Figure, main, timed } from './report.ts';

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  'secrets taken out': redact,
  'cleaned for people': (text) => cleanText(text),
  'cut into messages': (text) => splitText(text, 2_000),
  'searched for claims': spawnClaim,
  'rendered for Telegram': (text) => renderHtml(text.slice(0, 100_000)),
};

const units = [
  ...['a', ' ', '\n', '`', '```\n', '[', '*', '_', '>', '<', '<|', '<think>', '<tool_call>', '"', '1:', 'A.'],
  ...['sk-', 'eyJa.', 'password=', 'Bearer ', '://a:', '-----BEGIN PRIVATE KEY-----', 'I have ', 'not ', '| a '],
];

const characters = 1_000_000;

export async function benchTexts(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [name, read] of Object.entries(readers)) figures.push(await slowest(name, read));
  return figures;
}

async function slowest(name: string, read: (text: string) => unknown): Promise<Figure> {
  let worst = { ms: 0, unit: '', quarter: 0 };
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(characters / unit.length));
    const quarter = await timed(async () => read(text.slice(0, characters / 4)));
    const ms = await timed(async () => read(text));
    if (ms > worst.ms) worst = { ms, unit, quarter };
  }
  return {
    name: `a megabyte ${name}, the slowest of ${units.length} texts`,
    ...{ value: worst.ms, unit: 'ms', ideal: worst.quarter * 4, aim: { atMost: 3_000 } },
    note: `of ${JSON.stringify(worst.unit)}`,
  };
}

if (import.meta.main) await main('Texts made to be slow', benchTexts);
