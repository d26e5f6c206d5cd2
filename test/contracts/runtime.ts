// What every AgentRuntime must hold, as a suite: call `runtimeContract` from a test file with a harness of the runtime.
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentRuntime, TurnEvent } from '../../src/core/agent.ts';
import { aPrompt, aSession, playTurn } from '../agents/kit.ts';

/** Each function prepares the next turn and returns the text to prompt with. */
export interface RuntimeHarness {
  readonly runtime: AgentRuntime;
  /** `provider/model` to prompt with. */
  readonly model: string;
  /** The agent answers exactly `text`. */
  toSay(text: string): string;
  /** The agent works and never answers by itself. */
  toHang(): string;
  /** The agent ends in an error. */
  toFail(): string;
  /** Resolves once the hanging turn has reached the agent. */
  reached(): Promise<void>;
  close(): Promise<void>;
}

export function runtimeContract(name: string, open: () => Promise<RuntimeHarness>): void {
  describe(`${name} as an AgentRuntime`, () => {
    let harness: RuntimeHarness | undefined;
    const start = async (): Promise<RuntimeHarness> => {
      harness = await open();
      return harness;
    };
    const promptOf = (one: RuntimeHarness, text: string) => aPrompt(text, { model: one.model });
    afterEach(async () => {
      await harness?.close();
      harness = undefined;
    });

    it('streams the answer, appends it as an entry and settles with it', async () => {
      const one = await start();
      const played = await playTurn(one.runtime, promptOf(one, one.toSay('hello there')));
      expect(played.outcome).toEqual({ kind: 'success', text: 'hello there' });
      expect(played.text).toBe('hello there');
      const assistant = played.entries.findLast((entry) => entry.type === 'assistant');
      expect(assistant?.parts.filter((part) => part.type === 'text')).toEqual([{ type: 'text', text: 'hello there' }]);
    });

    it('stamps every entry with the turn it belongs to', async () => {
      const one = await start();
      const played = await playTurn(one.runtime, promptOf(one, one.toSay('x')));
      expect(new Set(played.entries.map((entry) => entry.turn))).toEqual(new Set(['turn-1']));
    });

    it('settles as stopped, last and without throwing, when aborted in the middle', async () => {
      const one = await start();
      const abort = new AbortController();
      const turn = playTurn(one.runtime, promptOf(one, one.toHang()), { signal: abort.signal });
      await one.reached();
      abort.abort();
      expect((await turn).outcome).toEqual({ kind: 'stopped', by: 'user' });
    });

    it('settles as stopped when it was aborted before it began', async () => {
      const one = await start();
      const played = await playTurn(one.runtime, promptOf(one, one.toSay('never')), { signal: AbortSignal.abort() });
      expect(played.outcome).toMatchObject({ kind: 'stopped' });
    });

    it('settles as an error with a code and a sentence when the agent fails', async () => {
      const one = await start();
      const { outcome } = await playTurn(one.runtime, promptOf(one, one.toFail()));
      expect(outcome.kind).toBe('error');
      if (outcome.kind !== 'error') return;
      expect(outcome.code).toMatch(/^[a-zA-Z_]+$/);
      expect(outcome.message.length).toBeGreaterThan(10);
    });

    it('survives a consumer that walks away', async () => {
      const one = await start();
      const seen: TurnEvent[] = [];
      for await (const event of one.runtime.turn(
        aSession(),
        promptOf(one, one.toSay('first words')),
        [],
        new AbortController().signal,
      )) {
        seen.push(event);
        break;
      }
      expect(seen).toHaveLength(1);
      const next = await playTurn(one.runtime, promptOf(one, one.toSay('still here')));
      expect(next.outcome).toEqual({ kind: 'success', text: 'still here' });
    });

    it('answers a steer for a session without a turn without claiming to have steered', async () => {
      const one = await start();
      expect(['no-turn', 'unsupported']).toContain(await one.runtime.steer('agent:main:nobody', 'hi'));
    });
  });
}
