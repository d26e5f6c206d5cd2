// Letting people in, as the owner in a chat and the command line beside the process see it.
import { afterEach, expect, test } from 'vitest';
import { type Result, refusalText } from '../../src/core/result.ts';
import { controlHandlers } from '../../src/wiring/control.ts';
import { openWorld, type World } from '../flows/world.ts';
import { hour, wrote } from '../inbound/pairing-world.ts';

let world: World;
afterEach(() => world.close());

const telegram = { token: 't' };
const control = () => controlHandlers({ engine: world.engine } as never);
const code = <T>(result: Result<T>) => (result.ok ? 'ok' : result.refusal.code);

async function open(config: object = {}): Promise<void> {
  const channel = { id: 'telegram', botName: 'yard_bot' } as const;
  world = await openWorld({ config: { channels: { telegram }, ...config }, channel });
}

/** Somebody unknown wrote; their code. */
async function asks(person: string): Promise<string> {
  const asked = await world.engine.pairing.ask(wrote(person));
  if (asked.kind !== 'ask') throw new Error(`not answered: ${asked.reason}`);
  return asked.request.code;
}

test('who is approved or denied is told once in their own chat, who is revoked is not', async () => {
  await open();
  const [yes, no] = [await asks('1'), await asks('2')];
  const texts = (person: string) => world.channel.texts(world.channel.direct(person));
  for (let times = 0; times < 2; times += 1) {
    expect(code(await control()['pair.approve']({ channel: 'telegram', code: yes.toLowerCase() }))).toBe('ok');
    expect(code(await control()['pair.deny']({ channel: 'telegram', code: no }))).toBe('ok');
  }
  await world.settled();
  expect(texts('1')).toEqual([
    '✅ You may talk to me now, and you are my owner. Write what you need, or /help for everything you can type.',
  ]);
  expect(texts('2')).toEqual(['ℹ️ You were not let in.']);
  expect(code(await control()['pair.revoke']({ id: 'telegram:1' }))).toBe('ok');
  await world.settled();
  expect([texts('1').length, world.engine.pairing.owner()]).toEqual([1, undefined]);
});

test('access by pairing holds across a restart and ends with the revocation', async () => {
  await open();
  await control()['pair.approve']({ channel: 'telegram', code: await asks('1') });
  await world.restart('kill');
  const one = { from: { id: '1', name: 'One' } };
  const whoami = world.channel.next(/class: owner/);
  await world.say('/whoami', one);
  expect((await whoami).text).toContain('"1" goes into channels.telegram.allowFrom');
  const revoked = world.channel.next(/has no access any more/);
  await world.say('/pair revoke telegram:1', one);
  expect((await revoked).text).toContain('They can ask again an hour after they asked.');
  const told = world.channel.sent.length;
  await world.say('/status', one);
  await world.settled();
  // They were answered less than an hour ago.
  expect(world.channel.sent.slice(told)).toEqual([]);
  await world.clock.advance(hour);
  const asked = world.channel.next(/You are not allowed to talk to me yet/);
  await world.say('/status', one);
  await asked;
});

test('a revocation says where the config lets the person in all the same', async () => {
  await open();
  await control()['pair.approve']({ channel: 'telegram', code: await asks('1') });
  world.configure({ channels: { telegram: { ...telegram, allowFrom: ['1'] } } });
  const revoked = await control()['pair.revoke']({ id: 'telegram:1' });
  expect(revoked).toMatchObject({ ok: true, value: { still: 'channels.telegram.allowFrom' } });
});

test('a revocation says when the person can ask again, where that is so', async () => {
  await open();
  const asksAgain = async (person: string): Promise<string> => {
    const revoked = await control()['pair.revoke']({ id: `telegram:${person}` });
    return revoked.ok ? revoked.value.asksAgain : revoked.refusal.code;
  };
  for (const person of ['1', '2']) await control()['pair.approve']({ channel: 'telegram', code: await asks(person) });
  await world.clock.advance(hour);
  expect(await asksAgain('1')).toBe('now');
  expect(await asks('1')).toMatch(/^\w{8}$/);
  world.configure({ channels: { telegram: { ...telegram, dmPolicy: 'allowlist', allowFrom: ['9'] } } });
  expect(await asksAgain('2')).toBe('never');
});

test('a link from the command line lets its first user in', async () => {
  await open();
  const made = await control()['pair.link']({ channel: 'telegram' });
  if (!made.ok) throw new Error(made.refusal.message);
  expect(made.value).toMatchObject({ owner: true, expiresAt: world.clock.now() + hour });
  const token = /^https:\/\/chat\.test\/yard_bot\?start=([A-Z2-9]{16})$/.exec(made.value.link)?.[1] ?? '';
  const welcome = world.channel.next(/You may talk to me now, and you are my owner/);
  await world.say(`/start ${token}`, { from: { id: '7', name: 'Di' } });
  expect((await welcome).route.chat).toBe('7');
  expect(await control()['pair.link']({ channel: 'telegram' })).toMatchObject({ ok: true, value: { owner: false } });
});

test('a link is refused where nobody could use it, with what to do', async () => {
  await open({ channels: { telegram: { ...telegram, accounts: { work: { token: 'w' } } } } });
  expect(code(await control()['pair.link']({ channel: 'telegram', account: 'gone' }))).toBe('channel_off');
  expect(code(await control()['pair.link']({ channel: 'telegram', account: 'work' }))).toBe('channel_off');
  world.configure({ channels: { telegram: { ...telegram, dmPolicy: 'disabled' } } });
  expect(code(await control()['pair.link']({ channel: 'telegram' }))).toBe('direct_disabled');
});

test('a link is refused while the name of the bot is not known', async () => {
  await open();
  const { adapters } = world.engine.parts;
  for (const adapter of adapters().values()) Object.assign(adapter, { pairLink: () => undefined });
  const refused = await control()['pair.link']({ channel: 'telegram' });
  expect(refused).toMatchObject({ refusal: { code: 'not_connected', fix: 'Try again.' } });
  const detail = 'Telegram does not accept the token. Check channels.telegram.token.';
  for (const adapter of adapters().values()) Object.assign(adapter, { health: () => ({ state: 'failed', detail }) });
  const failed = await control()['pair.link']({ channel: 'telegram' });
  expect(failed.ok ? '' : refusalText(failed.refusal)).toBe(
    `The bot's name is not known: telegram has failed. ${detail}`,
  );
  expect(world.engine.pairing.people()).toEqual([]);
});

test('an owner who was let in at the command line is asked about the next newcomer at once', async () => {
  await open();
  await control()['pair.approve']({ channel: 'telegram', code: await asks('1') });
  await world.settled();
  Object.assign(world.channel, { direct: () => undefined });
  await world.say('may I?', { from: { id: '2', name: 'Two' }, route: wrote('2').route });
  expect((await world.channel.next(/Two \(telegram:2\) wrote to me/)).route).toEqual(wrote('1').route);
});

test('who is the owner no more is not asked about strangers any more', async () => {
  await open();
  await control()['pair.approve']({ channel: 'telegram', code: await asks('1') });
  await world.say('hello', { from: { id: '1', name: 'One' } });
  await world.settled();
  await world.say('may I?', { from: { id: '2', name: 'Two' } });
  await world.channel.next(/Two/);
  expect(code(await control()['pair.revoke']({ id: 'telegram:1' }))).toBe('ok');
  const told = world.channel.texts(world.channel.direct('1')).length;
  await world.say('and I?', { from: { id: '3', name: 'Three' } });
  await world.settled();
  expect(world.channel.texts(world.channel.direct('1'))).toHaveLength(told);
});
