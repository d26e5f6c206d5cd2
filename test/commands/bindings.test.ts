import { describe, expect, test } from 'vitest';
import { aBinding, anEndedRun, aPlace, aRoute, aRun, noon } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const discord = aPlace({ route: { channel: 'discord', account: 'default', chat: '900' } });
const notBound = '⚠️ This conversation is not bound to a session. /focus <label> binds it.';
const refusal = { code: 'not_binder', message: 'Only telegram:7 or the owner may change this.', fix: '' };
const binding = aBinding({ label: 'docs' });

describe('/focus', () => {
  test('says who is active here, until when, and how to leave', async () => {
    const world = aWorld({ runs: [aRun({ label: 'docs' })] });
    expect(await typed('/focus docs', world)).toBe(
      lines(
        '✅ docs (main) is active here. Messages here go to it.',
        'idle: ends after 24h without messages; max age: off. /unfocus to leave.',
      ),
    );
    expect(world.asked).toEqual(['focus docs false']);
  });

  test('names the thread it opened, unless told to stay here', async () => {
    const world = aWorld({ runs: [aRun({ label: 'docs' })] });
    expect(await typed('/focus #1', world, discord)).toContain(
      '✅ docs (main) is active in thread:1183. Messages there go to it.',
    );
    expect(await typed('/focus #1 --bind here', world, discord)).toContain('✅ docs (main) is active here.');
    expect(world.asked).toEqual(['focus docs false', 'focus docs true']);
  });

  test('is refused with a reason', async () => {
    expect(await typed('/focus')).toBe('Usage: /focus <label|session key|session id|target> [--bind here]');
    expect(await typed('/focus nobody')).toBe('⚠️ No sub-agent nobody. /subagents list shows them.');
    expect(await typed('/focus 1', aWorld({ runs: [aRun()], refusal }))).toBe(`⚠️ ${refusal.message}`);
    expect(await typed('/focus 1 --bind there')).toBe(
      lines(
        '⚠️ --bind cannot be "there". Choose: here.',
        'Usage: /focus <label|session key|session id|target> [--bind here]',
      ),
    );
  });
});

describe('/unfocus and /session unbind', () => {
  test('end the binding and say who answers now', async () => {
    for (const line of ['/unfocus', '/session unbind']) {
      expect(await typed(line, aWorld({ bindings: [binding] })), line).toBe(
        lines('✅ ended; main answers again.', 'ℹ️ docs no longer answers here: unbound by hand.'),
      );
    }
  });

  test('are refused when not bound, or bound by somebody else', async () => {
    expect(await typed('/unfocus')).toBe('⚠️ This conversation is not bound.');
    expect(await typed('/session unbind', aWorld({ bindings: [binding], refusal }))).toBe(`⚠️ ${refusal.message}`);
  });
});

describe('/agents', () => {
  test('lists active runs and bound ended ones with their places', async () => {
    const runs = [
      aRun(),
      aRun({ id: 'b0', child: 'b', label: 'topic' }),
      aRun({ id: 'c0', child: 'c', label: 'thread' }),
      anEndedRun({ id: 'd0', child: 'd', label: 'chat' }),
      anEndedRun({ id: 'e0', child: 'e', label: 'gone' }),
    ];
    const bindings = [
      aBinding({ session: 'b', route: { ...aRoute, thread: '7' } }),
      aBinding({ session: 'c', route: { ...discord.route, thread: '1183' } }),
      aBinding({ session: 'd' }),
    ];
    expect(await typed('/agents', aWorld({ runs, bindings }))).toBe(
      lines(
        'Agents:',
        '-----',
        '1. words (main, running) unbound',
        '2. topic (main, running) topic:7',
        '3. thread (main, running) thread:1183',
        '4. chat (main, done) chat:42',
      ),
    );
  });

  test('keeps external agents in a block of their own', async () => {
    const runs = [aRun({ runtime: 'acp', agentId: 'claude', child: 'agent:claude:acp:1', label: 'shop' })];
    expect(await typed('/agents', aWorld({ runs, bindingsEnabled: false }))).toBe(
      lines(
        'Agents:',
        '-----',
        '(none)',
        'ACP:',
        '-----',
        '1. shop (claude, running) bindings unavailable session:agent:claude:acp:1',
      ),
    );
  });
});

describe('/session', () => {
  test('shows both limits with their exact ends', async () => {
    const world = aWorld({ bindings: [aBinding({ label: 'docs', maxAgeMs: 7 * 86_400_000 })] });
    expect(await typed('/session', world)).toBe(
      lines(
        'Session:',
        '-----',
        'bound to: docs (main)',
        'bound by: telegram:42',
        'idle: 24h, next expiry 2026-01-02T11:59:00Z (in 23h)',
        'max age: 7d, next expiry 2026-01-08T11:00:00Z (in 6d)',
      ),
    );
  });

  test('shows and sets each limit; the confirmation tells what was stored', async () => {
    const world = aWorld({ bindings: [binding], now: noon });
    expect(await typed('/session max-age', world)).toBe('ℹ️ max age: off');
    expect(await typed('/session idle', world)).toBe('ℹ️ idle: 24h, next expiry 2026-01-02T11:59:00Z (in 23h)');
    expect(await typed('/session idle 2', world)).toBe('✅ idle: 2h, next expiry 2026-01-01T13:59:00Z (in 1h)');
    expect(await typed('/session max–age 1h30m', world)).toBe(
      '✅ max age: 1h30m, next expiry 2026-01-01T12:30:00Z (in 30m)',
    );
    expect(await typed('/session idle disabled', world)).toBe('✅ idle: off');
    expect(world.asked).toEqual([
      'setExpiry {"idleMs":7200000}',
      'setExpiry {"maxAgeMs":5400000}',
      'setExpiry {"idleMs":0}',
    ]);
  });

  test('refuses what it cannot do, without a word of success', async () => {
    for (const line of ['/session', '/session idle', '/session idle 2', '/session max-age off']) {
      expect(await typed(line), line).toBe(notBound);
    }
    expect(await typed('/session idle 2', aWorld({ bindings: [binding], refusal }))).toBe(`⚠️ ${refusal.message}`);
    expect(await typed('/session idle soon', aWorld({ bindings: [binding] }))).toBe(
      lines(
        '⚠️ "soon" is not a duration. Write 30m, 2h, 1d, a bare number of hours, or off.',
        'Usage: /session idle [<duration>|off]',
      ),
    );
  });
});
