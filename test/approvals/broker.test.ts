import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApprovalAnswer } from '../../src/acp/asking.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { until } from '../fakes/wait.ts';
import { type ApprovalWorld, aRequest, bo, cy, openApprovalWorld, place, starter } from './world.ts';

let world: ApprovalWorld;

beforeEach(() => {
  world = openApprovalWorld();
});

afterEach(() => world.close());

const never = new AbortController().signal;
const telegram = place('telegram');
const whatsapp = place('whatsapp');

/** Asks, and waits until the question is there. */
async function asked(
  id: string,
  fields: Partial<Parameters<typeof aRequest>[0]> = {},
  signal = never,
): Promise<{ readonly code: string; readonly answer: Promise<ApprovalAnswer> }> {
  const answer = world.broker.ask(aRequest({ id, ...fields }), signal);
  await until(() => world.questions.has(`approval:${id}`), 'the question');
  const open = (): string | undefined =>
    world.broker.openFor({ id: '', class: 'owner' }).find((each) => each.id === id)?.code;
  await until(() => open() !== undefined, 'the question to be stored');
  return { code: open() ?? '', answer };
}

const asks = (approver = 'bo', route = telegram): void => {
  world.audience = { route, approver: starter(route.channel, approver), run: 'run-1' };
};

test('a question says who asks, what exactly, how long there is, and how to answer without buttons', async () => {
  const { code } = await asked('q1');
  expect(code).toMatch(/^[A-HJ-NP-Z2-9]{2}$/);
  expect(world.question('q1').text).toBe(
    [
      `❓ claude asks for permission (code ${code}):`,
      '```',
      'npm test (execute)',
      'npm test -- checkout',
      '```',
      `Answer within 5 minutes, or it is denied. Also: /approve ${code}, /approve ${code} session, /deny ${code}`,
    ].join('\n'),
  );
  expect(world.question('q1').choices.map(({ label, thumb }) => [label, thumb])).toEqual([
    ['Allow once', 'yes'],
    ['Allow for this session', undefined],
    ['Deny', 'no'],
  ]);
});

test('marks of Markdown in what is asked show as they are', async () => {
  await asked('q1', { preview: 'run\n```\n**rm** -rf ````x````\n```' });
  expect(world.question('q1').text).toContain('\n`````\nrun\n```\n**rm** -rf ````x````\n```\n`````\n');
});

test.each([
  ['/approve', 'once', '✅ allowed once: npm test (claude)'],
  ['/approve once', 'once', '✅ allowed once: npm test (claude)'],
  ['/approve session', 'session', '✅ allowed for this session: npm test (claude)'],
  ['/deny', 'deny', '✅ denied: npm test (claude); the run goes on'],
])('%s answers the only question of the conversation', async (line, answered, reply) => {
  const { answer } = await asked('q1');
  expect(await world.type(line)).toBe(reply);
  expect(await answer).toBe(answered);
  expect(world.how('q1')).toBe(answered);
});

test('a code is understood in any case, and names one of several', async () => {
  const first = await asked('q1');
  const second = await asked('q2', { title: 'rm -rf dist' });
  expect(await world.type('/approve')).toBe(
    `⚠️ Which one? ${first.code} (claude: npm test), ${second.code} (claude: rm -rf dist). Add its code.`,
  );
  expect(await world.type(`/approve ${second.code.toLowerCase()} session`)).toContain('rm -rf dist');
  expect(await second.answer).toBe('session');
  expect(world.how('q1')).toBeUndefined();
});

test('the question shows its end where it stands, and elsewhere a word says it', async () => {
  const { code } = await asked('q1');
  await world.type(`/approve ${code}`);
  expect(world.question('q1').shown).toMatch(
    /^claude asked for permission \(code ..\):\n```[\s\S]*```\n✅ allowed once by Ann$/,
  );
  expect(world.question('q1').replaced).toBe(world.question('q1').shown);
  expect(world.question('q1').notice).toBeUndefined();
  const other = await asked('q2');
  await world.type(`/deny ${other.code}`, { route: place('whatsapp', 'ann') });
  expect(world.question('q2').notice).toBe(`⚠️ denied by Ann (${other.code}: npm test)`);
});

test('nothing pending, unknown codes, decided and expired questions are told apart', async () => {
  expect(await world.type('/approve')).toBe('⚠️ Nothing waits for your answer.');
  expect(await world.type('/deny ZZ')).toBe('⚠️ No question has the code ZZ. The code is in the question.');
  const { code } = await asked('q1');
  await world.type(`/approve ${code}`);
  expect(await world.type(`/deny ${code}`)).toBe(`⚠️ ${code} was decided already: allowed once by Ann.`);
  const late = await asked('q2');
  await world.clock.advance(300_000);
  expect(await late.answer).toBe('expired');
  expect(await world.type(`/approve ${late.code}`)).toBe(
    `⚠️ ${late.code} expired and was denied. If it is still needed, it will be asked again.`,
  );
  expect(world.question('q2').shown).toContain('ℹ️ expired: nobody answered in time');
  expect(world.question('q2').notice).toContain('nobody answered in time');
});

test('whoever started the work and the owner may answer, nobody else', async () => {
  asks('bo');
  const { code, answer } = await asked('q1');
  expect(await world.type('/approve', { caller: cy })).toBe(`⚠️ Only bo or the owner may answer ${code}.`);
  expect(await world.type(`/deny ${code}`, { caller: cy })).toBe(`⚠️ Only bo or the owner may answer ${code}.`);
  expect(world.broker.openFor(cy)).toEqual([]);
  expect(await world.type('/approve', { caller: bo })).toContain('✅ allowed once');
  expect(await answer).toBe('once');
  world.audience = { route: telegram, approver: undefined, run: undefined };
  const owners = await asked('q2');
  expect(await world.type(`/approve ${owners.code}`, { caller: bo })).toBe(
    `⚠️ Only the owner may answer ${owners.code}.`,
  );
  expect(world.how('q2')).toBeUndefined();
});

test('an answer without a code never means a question that was shown elsewhere', async () => {
  const { code } = await asked('q1');
  const elsewhere = { route: place('discord', 'x') };
  expect(await world.type('/approve', elsewhere)).toContain(`Which one? ${code}`);
  expect(world.how('q1')).toBeUndefined();
  expect(await world.type(`/approve ${code}`, elsewhere)).toContain('✅');
});

test('buttons answer once; a stranger, a made-up id and a second press decide nothing', async () => {
  asks('bo');
  const { answer } = await asked('q1');
  const [once = '', , no = ''] = world.question('q1').ids;
  expect(await world.press(once, 'eve', telegram)).toEqual({
    text: 'only bo or the owner may use this',
    decided: false,
  });
  expect((await world.press('forged', 'bo', telegram)).text).toContain('out of date');
  expect((await world.press(once, 'bo', place('telegram', 'other'))).text).toContain('out of date');
  expect(world.how('q1')).toBeUndefined();
  expect(await world.press(once, 'bo', telegram)).toEqual({ decided: true });
  expect(await answer).toBe('once');
  expect(await world.press(no, 'ann', telegram)).toEqual({ text: 'already decided', decided: true });
  expect(world.how('q1')).toBe('once');
});

test.each([
  ['1', 'once'],
  ['2', 'session'],
  ['3', 'deny'],
  ['👍', 'once'],
  ['👎', 'deny'],
])('%s on a numbered question means %s', async (said, how) => {
  asks('bo', whatsapp);
  const { answer } = await asked('q1');
  if (/\d/.test(said)) await world.pick(Number(said), 'bo', whatsapp);
  else await world.react(said, world.question('q1').messageId, 'bo', whatsapp);
  expect(await answer).toBe(how);
});

test('a number means a question no more once it was decided in another way; quoting it says how', async () => {
  asks('bo', whatsapp);
  const { code } = await asked('q1');
  await world.type(`/deny ${code}`);
  const before = world.replies.length;
  await world.pick(1, 'bo', whatsapp);
  expect(world.replies).toHaveLength(before);
  await world.pick(1, 'bo', whatsapp, world.question('q1').messageId);
  expect(world.replies.at(-1)).toBe(`⚠️ ${code} was decided already: denied by Ann.`);
  expect(world.how('q1')).toBe('deny');
});

test('where the session cannot recognise it again, it is not offered', async () => {
  const { code, answer } = await asked('q1', { sessionOffered: false });
  expect(world.question('q1').choices).toHaveLength(2);
  expect(world.question('q1').text).not.toContain('session');
  expect(await world.type(`/approve ${code} session`)).toContain('can only be allowed once');
  expect(await world.type(`/approve ${code}`)).toContain('✅');
  expect(await answer).toBe('once');
});

test('the end of the work withdraws the question', async () => {
  const work = new AbortController();
  const { code, answer } = await asked('q1', {}, work.signal);
  work.abort();
  expect(await answer).toBe('expired');
  expect(world.how('q1')).toBe('cancelled');
  expect(world.question('q1').shown).toContain('no longer needed');
  expect(world.question('q1').notice).toBeUndefined();
  expect(await world.type(`/approve ${code}`)).toBe(`⚠️ ${code} is no longer needed: what it was for has ended.`);
  expect(await world.broker.ask(aRequest({ id: 'q2' }), work.signal)).toBe('expired');
  expect(world.questions.has('approval:q2')).toBe(false);
});

test('nowhere to ask, and a message that could not be shown, deny at once', async () => {
  world.audience = undefined;
  expect(await world.broker.ask(aRequest({ id: 'q1' }), never)).toBe('nobody');
  asks();
  const { answer } = await asked('q2');
  world.broker.undelivered('approval:q2');
  expect(await answer).toBe('nobody');
});

test('a question that arrives after its end shows it', async () => {
  const { code } = await asked('q1');
  world.broker.delivered('approval:q1');
  expect(world.question('q1').shown).toBeUndefined();
  await world.type(`/approve ${code}`);
  world.question('q1').shown = undefined;
  world.broker.delivered('approval:q1');
  expect(world.question('q1').shown).toContain('✅ allowed once by Ann');
});

test('without a limit a question waits as long as it takes', async () => {
  world.limit = 0;
  const { answer } = await asked('q1');
  await world.clock.advance(7 * 24 * 60 * 60_000);
  expect(world.how('q1')).toBeUndefined();
  await world.type('/approve');
  expect(await answer).toBe('once');
});

test('the same command repeated is the same answer', async () => {
  const { code } = await asked('q1');
  const how = { commandId: 'inbox:7' };
  expect(await world.type(`/approve ${code}`, how)).toContain('✅ allowed once');
  expect(await world.type(`/approve ${code}`, how)).toContain('✅ allowed once');
  expect(await world.type(`/deny ${code}`, how)).toContain('decided already');
});

test('a session waits for a person while one of its questions is open', async () => {
  const session = aRequest({ id: 'q1' }).session;
  expect(world.broker.awaited(session)).toBe(false);
  await asked('q1');
  await asked('q2');
  await world.type('/approve');
  for (const { code } of world.broker.openFor(bo)) await world.type(`/approve ${code}`);
  expect(world.broker.awaited(session)).toBe(true);
  for (const { code } of world.broker.openFor({ ...bo, class: 'owner' })) await world.type(`/approve ${code}`);
  expect(world.broker.awaited(session)).toBe(false);
});

test('a person with a new id may still answer', async () => {
  asks('lid', whatsapp);
  await asked('q1');
  await world.broker.rename('whatsapp:lid', 'whatsapp:4912345');
  const known = { id: 'whatsapp:4912345', name: 'Bo', class: 'allowed' } as const;
  expect(await world.type('/approve', { caller: known, route: whatsapp })).toContain('✅');
});

test('codes are not used again while they are remembered, and are forgotten after a week', async () => {
  const codes = new Set<string>();
  for (let n = 0; n < 300; n += 1) {
    const { code } = await asked(`question-${n}`);
    await world.type(`/deny ${code}`);
    codes.add(code);
  }
  expect(codes.size).toBe(300);
  expect(await world.broker.sweep(world.clock.now() + 6 * 24 * 60 * 60_000)).toBe(0);
  expect(await world.broker.sweep(world.clock.now() + 8 * 24 * 60 * 60_000)).toBe(300);
});

test('a restart ends what was open, and what is asked again says so; the old code and button decide nothing', async () => {
  const database = openDatabase(':memory:');
  world = openApprovalWorld(database);
  asks('bo');
  const before = await asked('q1', { hash: 'same' });
  const decided = await asked('q2');
  await world.type(`/deny ${decided.code}`);
  const old = world.question('q1');
  const next = openApprovalWorld(database, 2);
  next.questions.set(old.key, old);
  await next.broker.start();
  expect(old.shown).toContain('ℹ️ expired: Switchyard was restarted.');
  expect(next.how('q2')).toBe('deny');
  expect(await next.type(`/approve ${before.code}`)).toBe(
    `⚠️ ${before.code} expired when Switchyard was restarted. If it is still needed, it will be asked again.`,
  );
  world = next;
  asks('bo');
  const again = await asked('q3', { hash: 'same' });
  expect(world.question('q3').text).toContain('❓ claude asks again after the restart');
  expect((await next.press(old.ids[0] ?? '', 'bo', telegram)).decided).toBe(true);
  expect(next.replies.at(-1)).toBe(
    `⚠️ ${before.code} expired when Switchyard was restarted. It is asked again as ${again.code}.`,
  );
  expect(next.how('q3')).toBeUndefined();
  const changed = await asked('q4', { hash: 'another' });
  expect(world.question('q4').text).toContain('asks for permission');
  await next.type(`/approve ${again.code}`);
  expect(await again.answer).toBe('once');
  expect(next.how('q4')).toBeUndefined();
  expect(changed.code).not.toBe(again.code);
});

test('what a draining process leaves is asked again by the next one', async () => {
  const work = new AbortController();
  const { answer } = await asked('q1', {}, work.signal);
  world.draining = true;
  work.abort();
  await answer;
  expect(world.how('q1')).toBe('restarted');
});

test('an answer to a request that is not the one that waits allows nothing', async () => {
  const { answer } = await asked('q1');
  await world.database.write((sql) => sql.run("UPDATE approvals SET hash = 'forged' WHERE id = 'q1'"));
  await world.type('/approve');
  expect(await answer).toBe('deny');
});

test('when the end cannot be stored nothing is allowed, and nobody waits for ever', async () => {
  const { answer } = await asked('q1');
  await world.database.close();
  await world.clock.advance(300_000);
  expect(await answer).toBe('expired');
  expect(world.log.lines.at(-1)?.fields).toMatchObject({ code: 'approval_not_ended' });
});

test('more than ten questions of one session at a time are denied unasked, and the next one counts again', async () => {
  const open = await Promise.all(Array.from({ length: 10 }, (_, n) => asked(`q${n}`, { hash: `h${n}` })));
  expect(await world.broker.ask(aRequest({ id: 'q10' }), never)).toBe('too-many');
  expect(world.questions.has('approval:q10')).toBe(false);
  await asked('other', { session: 'agent:claude:acp:2' });
  expect(await world.type(`/deny ${open[0]?.code}`)).toContain('denied');
  await open[0]?.answer;
  await asked('q11', { hash: 'h11' });
});
