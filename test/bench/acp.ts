// Coding agents over ACP: what our side adds to a turn beyond the agent's own time, measured on the scripted agent.
// Run: node test/bench/acp.ts
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import * as acp from '@agentclientprotocol/sdk';
import { AcpWorld } from '../acp/world.ts';
import { type Figure, main, median, percentile, samples, timed } from './report.ts';

const turns = 200;
const words = 20;
const prompt = `say ${'word '.repeat(words).trim()}`;
const twin = join(import.meta.dirname, '../twins/acp-agent.ts');

export async function benchAcp(): Promise<readonly Figure[]> {
  const [bare, ours] = [await bareTurns(), await ourTurns()];
  const added = Math.max(0, median(ours.turns) - median(bare.turns));
  return [
    {
      name: `added to a turn of ${words} pieces`,
      value: added,
      unit: 'ms',
      ideal: 0,
      aim: { atMost: 50 },
      note: `median of ${turns}: ${median(ours.turns).toFixed(2)} ms with us, ${median(bare.turns).toFixed(2)} ms without`,
    },
    {
      name: 'the slowest twentieth of turns',
      value: percentile(ours.turns, 0.95),
      unit: 'ms',
      ideal: percentile(bare.turns, 0.95),
      note: 'ideal: a bare client of the protocol',
    },
    {
      name: 'first turn, with the start of the process',
      value: ours.first,
      unit: 'ms',
      ideal: bare.first,
      note: 'ideal: a bare client of the protocol',
    },
  ];
}

interface Measured {
  readonly first: number;
  readonly turns: readonly number[];
}

async function ourTurns(): Promise<Measured> {
  const world = new AcpWorld({ person: 'once' });
  try {
    const turn = async (): Promise<void> => {
      const { outcome } = await world.say(prompt);
      if (outcome.kind !== 'success') throw new Error(JSON.stringify(outcome));
    };
    return { first: await timed(turn), turns: await samples(turns, turn) };
  } finally {
    await world.close();
  }
}

/** The same agent and prompts with nothing but the library of the protocol. */
async function bareTurns(): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-bench-'));
  const env = { ...process.env, ACP_TWIN: JSON.stringify({ folder }) };
  const began = performance.now();
  const child = spawn(process.execPath, [twin], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const stdout = Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>;
  const { agent } = acp
    .client({ name: 'bench' })
    .onNotification('session/update', () => undefined)
    .connect(acp.ndJsonStream(Writable.toWeb(child.stdin), stdout));
  try {
    await agent.request('initialize', { protocolVersion: acp.PROTOCOL_VERSION, clientCapabilities: {} });
    const { sessionId } = await agent.request('session/new', { cwd: folder, mcpServers: [] });
    const turn = (): Promise<unknown> =>
      agent.request('session/prompt', { sessionId, prompt: [{ type: 'text', text: prompt }] });
    await turn();
    return { first: performance.now() - began, turns: await samples(turns, turn) };
  } finally {
    const over = once(child, 'exit');
    child.kill('SIGKILL');
    await over;
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main('Coding agents', benchAcp);
