import { describe, expect, test } from 'vitest';
import { aCodingView, aPlace, aRoute, noon } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const world = () =>
  aWorld({ coding: [aCodingView(), aCodingView({ label: 'tests', session: 'agent:claude:acp:8f' })] });
const asked = async (line: string) => {
  const here = world();
  await typed(line, here);
  return here.asked;
};

describe('/acp spawn', () => {
  test.each<[string, object]>([
    ['/acp spawn', { place: 'nowhere', mode: 'persistent' }],
    ['/acp spawn codex fix the build', { agent: 'codex', prompt: 'fix the build', place: 'nowhere' }],
    ['/acp spawn -- fix the build', { prompt: 'fix the build' }],
    [
      '/acp spawn codex --mode oneshot --bind here -- a\n--bind b',
      { mode: 'oneshot', place: 'here', prompt: 'a\n--bind b' },
    ],
    ['/acp spawn --thread auto --label "my tests" --cwd /srv', { place: 'thread', label: 'my tests', cwd: '/srv' }],
    ['/acp spawn --bind off --thread off', { place: 'nowhere' }],
    ['/acp resume 0199a2f4 claude --bind here', { resumeId: '0199a2f4', agent: 'claude', place: 'here' }],
  ])('%s', async (line, ask) => {
    const [what = ''] = await asked(line);
    expect(JSON.parse(what.slice('acp spawn '.length))).toMatchObject(ask);
  });

  test('here, in a thread, names the thread that is bound', async () => {
    const here = aPlace({ route: { ...aRoute, thread: '7' } });
    const asks = world();
    await typed('/acp spawn --thread here', asks, here);
    expect(asks.asked[0]).toContain('"place":"here"');
  });

  test.each([
    ['/acp spawn --bind here --thread auto', '⚠️ --bind here and --thread exclude each other. Give one of them.'],
    [
      '/acp spawn --thread here',
      '⚠️ This is no thread. Use --thread auto for a new one, or --bind here for this place.',
    ],
    ['/acp spawn --mode fast', expect.stringContaining('Choose: persistent, oneshot.')],
    ['/acp resume', expect.stringContaining('Usage: /acp resume <id>')],
    ['/acp steer', expect.stringContaining('Usage: /acp steer')],
    ['/acp permissions most', expect.stringContaining('Choose: approve-reads, approve-all, deny-all.')],
    ['/acp timeout soon', expect.stringContaining('must be a whole number')],
    ['/acp fly', expect.stringContaining('⚠️ /acp has no "fly".')],
  ])('%s is refused', async (line, reply) => {
    expect(await typed(line, world())).toEqual(reply);
  });
});

test('verbs take their session from a word, a flag, or from where they are typed', async () => {
  expect(await asked('/acp steer --session tests go\non')).toEqual(['acp steer tests go\non']);
  expect(await asked('/acp steer go on')).toEqual(['acp steer claude go on']);
  expect(await asked('/acp cancel tests')).toEqual(['acp cancel tests']);
  expect(await asked('/acp set effort high --session tests')).toEqual([
    'acp set tests {"kind":"option","name":"effort"} high',
  ]);
  expect(await asked('/acp set-mode plan')).toEqual(['acp set claude {"kind":"mode"} plan']);
  expect(await asked('/acp doctor codex')).toEqual(['acp doctor codex']);
});

test('a steer says what became of it', async () => {
  const said = async (steerResult: ReturnType<typeof world>['steerResult']) =>
    typed('/acp steer go', { ...world(), steerResult });
  expect(await said('injected')).toBe('✅ steered; it took that in while working.');
  expect(await said('resent')).toBe('✅ current turn cancelled, sent instead.');
  expect(await said('preparing')).toBe('✅ queued until ready.');
  expect(await said('idle')).toBe('✅ sent.');
  expect(await said('queued')).toBe('✅ queued as its next message.');
  expect(await said('pending')).toBe('✅ goes in as soon as it can take it.');
});

test('/acp status', async () => {
  expect(await typed('/acp status', world())).toBe(
    lines(
      ...['claude:', '-----', 'session: agent:claude:acp:7e0c', 'label: claude', 'agent: claude'],
      ...['harness session: 0199a2f4', 'mode: persistent', 'state: idle', 'process: 420 MB', 'bound: no'],
      ...['cwd: /srv/shop', 'permissions: approve-reads', 'timeout: none', 'progress: brief'],
      ...['options: mode=default (default, plan)', 'capabilities: resume, steer'],
      `last activity: ${new Date(noon - 60_000).toISOString().replace('.000', '')} (1m ago)`,
      'last error: (none)',
    ),
  );
});

test('lists mark the current one', async () => {
  expect(await typed('/acp sessions', world())).toBe(
    lines(
      ...['Sessions:', '-----'],
      '* claude idle unbound /srv/shop session:agent:claude:acp:7e0c',
      '- tests (claude) idle unbound /srv/shop session:agent:claude:acp:8f',
    ),
  );
  expect(await typed('/agents', world())).toContain('ACP:\n-----\n- claude (claude, idle) unbound session:');
});

test('codes and next steps stand on lines of their own', async () => {
  expect(await typed('/acp close', aWorld())).toBe('⚠️ There is no such session.\nnext: /acp spawn --bind here');
});
