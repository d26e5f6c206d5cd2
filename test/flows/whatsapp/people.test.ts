// Who is heard on WhatsApp, and who they are, over the wire: people with a number and a LID, groups, strangers, what waited.
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { text } from '../../twins/openai.ts';
import { scripted } from '../scripted-model.ts';
import { type Options, openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  const { violations, unreadable } = world.twin;
  await world.close();
  expect({ violations, unreadable }).toEqual({ violations: [], unreadable: [] });
});

async function open(options?: Options): Promise<World> {
  world = await openWorld(options);
  scripted(world.model, async ({ last, child }) => (child ? text('done') : text(`heard: ${last.split('\n').at(-1)}`)));
  return world;
}

/** The session a person is told they talk to. */
async function sessionOf(who: Parameters<World['twin']['next']>[0]): Promise<string> {
  return /session: (\S+)/.exec((await world.twin.next(who, /session: /)).text)?.[1] ?? '';
}

describe('a person in allowFrom', () => {
  it('has one session whether their phone goes by number or by LID', async () => {
    const { twin } = await open({ whatsapp: { allowFrom: ['+49 151 77 00 11'] } });
    const bob = twin.person('Bob', { pn: '49151770011', lid: '700000777' });
    await bob.says('/whoami', { as: 'pn' });
    const byNumber = await sessionOf(bob);
    await bob.says('/whoami', { as: 'lid' });
    expect(await sessionOf(bob)).toBe(byNumber);
    await bob.says('hello', { as: 'lid' });
    await twin.next(bob, 'heard: hello');
  });

  it('keeps their session when it becomes known whose LID that is', async () => {
    const { twin } = await open({ whatsapp: { allowFrom: ['700000777@lid'] } });
    const bob = twin.person('Bob', { pn: '49151770011', lid: '700000777', discreet: true });
    await bob.says('/subagents spawn main dig', { as: 'lid' });
    await twin.next(bob, /started \(#1/);
    await twin.next(bob, /\[#1 dig\]/);
    bob.discreet = false;
    await bob.says('/subagents list', { as: 'pn' });
    expect((await twin.next(bob, /^Active:/)).text).toContain('dig');
  });

  it('is answered with the timer of a chat whose messages disappear', async () => {
    const { twin } = await open({ whatsapp: { allowFrom: ['49151770011'] } });
    const bob = twin.person('Bob', { pn: '49151770011' });
    await bob.says('hello', { expiration: 86_400 });
    expect((await twin.next(bob, 'heard: hello')).expiration).toBe(86_400);
  });

  it('can send a picture with words', async () => {
    const { twin } = await open({ whatsapp: { allowFrom: ['49151770011'] } });
    const bob = twin.person('Bob', { pn: '49151770011' });
    await bob.sendsFile({
      data: new Uint8Array(2_000).fill(7),
      mime: 'application/pdf',
      name: 'plan.pdf',
      caption: 'read this',
    });
    expect((await twin.next(bob, /heard: /)).text).toMatch(/read this|plan\.pdf/);
  });
});

describe('a group', () => {
  it('that is listed hears a mention and commands, and nothing else', async () => {
    const { twin } = await open({ whatsapp: { allowFrom: ['49151770011'] } });
    const bob = twin.person('Bob', { pn: '49151770011' });
    const team = twin.group({ subject: 'Team', members: [bob] });
    world.configure({ groups: { [team.room.jid]: {} } });
    await until(() => world.place.log().includes('config reloaded'), 'the group to be listed');
    await bob.says('just talking', { in: team });
    await bob.says('what is up?', { in: team, mention: true });
    const answer = await twin.next(team, 'heard:');
    expect(answer.text).toContain('what is up?');
    await bob.says('/subagents list', { in: team });
    await twin.next(team, /^Active:/);
    expect(twin.shown(team).filter((one) => one.text.includes('just talking'))).toEqual([]);
  });
});

describe('strangers', () => {
  it('of a personal number are never answered, also 100 with 500 messages that waited', async () => {
    const { twin, phone } = await open();
    await world.stop();
    const strangers = Array.from({ length: 100 }, (_, index) => twin.person(`Stranger ${index}`));
    for (let round = 0; round < 5; round += 1)
      for (const stranger of strangers) await stranger.says(round % 2 === 0 ? 'hello?' : '/status');
    await world.start();
    await until(() => phone.waiting() === 0, 'the queue to be taken');
    await phone.says('hello');
    await twin.next(phone, 'heard: hello');
    expect(strangers.filter((stranger) => twin.shown(stranger).length > 0)).toEqual([]);
  });

  it('of a number that belongs to the bot get a code once, and are in when the owner says so', async () => {
    const { twin, phone } = await open({ whatsapp: { dmPolicy: 'pairing' } });
    const carol = twin.person('Carol');
    await carol.says('may I?');
    await twin.next(carol, /Your code: \w{8}/);
    const question = await twin.next(phone, /Carol/);
    expect(question.text).toMatch(/1\W+Approve/);
    await phone.says('1', { quote: question });
    await twin.next(phone, /✅ Carol/);
    await carol.says('hello');
    await twin.next(carol, 'heard: hello');
  });
});

describe('what waited while the bot was away', () => {
  it('is done once and in order; what is too old is not done, and that is said once', async () => {
    const { twin, phone } = await open();
    await world.stop();
    await phone.says('/whoami', { at: Date.now() - 3 * 3_600_000 });
    for (const word of ['one', 'two', 'three']) await phone.says(`/subagents kill ${word}`);
    await world.start();
    for (const word of ['one', 'two', 'three']) await twin.next(phone, word);
    const said = twin.shown(phone).map((one) => one.text);
    const about = (word: string): number => said.findIndex((each) => each.includes(word));
    expect([about('one'), about('two'), about('three')]).toEqual(
      [about('one'), about('two'), about('three')].toSorted(),
    );
    expect(said.filter((each) => each.includes('3 h old, so I did not act on it'))).toHaveLength(1);
    expect(said.filter((each) => each.includes('session: '))).toEqual([]);
  });

  it('runs once although the network delivers it again, in either way', async () => {
    const { twin } = await open({ whatsapp: { allowFrom: ['49151770011'] } });
    const bob = twin.person('Bob', { pn: '49151770011' });
    const asked = await bob.says('/subagents spawn main dig');
    await twin.next(bob, /started \(#1/);
    await bob.repeats(asked, 'ciphertext');
    await bob.repeats(asked, 'reencrypted');
    await world.restart();
    await bob.repeats(asked, 'reencrypted');
    await bob.says('and now?');
    await twin.next(bob, 'heard: and now?');
    expect(twin.shown(bob).filter((one) => one.text.includes('main started'))).toHaveLength(1);
  });
});
