// Native commands, presses, forms and suggestions over the wire: the real library in front of the twin.
import { afterEach, describe, expect, test } from 'vitest';
import type { Registered } from '../../../channels/discord/registration.ts';
import { commandTable } from '../../../commands/index.ts';
import type { ChannelEvents, SuggestAsk } from '../../../src/core/channel.ts';
import type { InboundMessage, OutboundMessage, PressAnswer } from '../../../src/core/message.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { hears } from '../../fakes/channel-events.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace, GuildPlace } from '../../twins/discord/places.ts';
import type { DiscordTwin, DiscordTwinOptions } from '../../twins/discord/twin.ts';
import { openRig, place, type Rig } from './rig.ts';

/** A guild with a channel and a person; what the adapter hands in is answered as a test says. */
interface World extends Rig {
  readonly guild: GuildPlace;
  readonly general: ChannelPlace;
  readonly ann: Person;
  /** What was registered last. */
  readonly registered: () => Registered | undefined;
  /** Sends an answer as the outbox does, chunk by chunk. */
  reply(to: InboundMessage, text: string | readonly string[], more?: Partial<OutboundMessage>): Promise<void>;
}

const made: World[] = [];

async function open(events: Partial<ChannelEvents> = {}, options: DiscordTwinOptions = {}): Promise<World> {
  let last: Registered | undefined;
  const registered = {
    get: async () => last,
    set: async (now: Registered) => {
      last = now;
    },
  };
  const rig = await openRig({ commands: commandTable(), registered }, options);
  const { twin, adapter } = rig;
  const ann = twin.person('Ann');
  const guild = twin.guild({ members: [ann] });
  const world: World = {
    ...{ ...rig, guild, general: guild.channel('general'), ann, registered: () => last },
    events: { ...rig.events, ...events },
    async reply(to, text, more = {}) {
      const chunks = typeof text === 'string' ? [text] : text;
      for (const [index, chunk] of chunks.entries()) {
        const message = { text: chunk, answers: to.answerTo, asker: to.sender.id, ...more };
        const send = () => adapter.deliver(to.route, message, `command:${to.id}:${index}`);
        let receipt = await send();
        if (receipt.status === 'retry') {
          // From here on it counts as a message of the channel.
          expect(adapter.limits(to.route, to.answerTo)).toEqual(adapter.limits(to.route));
          receipt = await send();
        }
        expect(receipt).toMatchObject({ status: 'sent', messageIds: [expect.any(String)] });
      }
    },
  };
  made.push(world);
  await adapter.start(world.events);
  await until(() => last !== undefined, 'the commands to be registered');
  return world;
}

afterEach(async () => {
  for (const world of made.splice(0)) await world.close();
});

function the<T>(list: readonly T[], at = -1): T {
  const found = list.at(at);
  if (found === undefined) throw new Error('there is none');
  return found;
}

describe('a native command', () => {
  test('means what is typed; a view is answered privately, in as many messages as it takes', async () => {
    const rig = await open();
    const { ann, general, twin } = rig;
    const shown = await ann.slash('/subagents log', { target: 'smoke test', limit: 50 }, { in: general });
    expect(shown.deferred).toBe('private');
    await until(() => rig.taken.length === 1, 'the command');
    const command = the(rig.taken);
    expect(command).toMatchObject({
      ...{ id: shown.id, text: '/subagents log "smoke test" 50', native: true, mentionsBot: true, chat: 'group' },
      ...{ sender: { id: ann.id, name: 'Ann' }, space: rig.guild.id },
      route: place(general),
    });
    await rig.reply(command, ['first', 'second'], { private: true });
    expect(shown.replies).toEqual(['first', 'second']);
    expect(twin.shown(general)).toEqual([]);
    expect(twin.ephemeral(ann).map(({ text }) => text)).toEqual(['first', 'second']);
    expect(twin.violations).toEqual([]);
  });

  test('an action is answered for all to see, in order, and the rest of it comes once', async () => {
    const rig = await open();
    const { ann, general, twin } = rig;
    const shown = await ann.slash('/subagents kill', { target: '#1' }, { in: general });
    expect(shown.deferred).toBe('public');
    await until(() => rig.taken.length === 1, 'the command');
    const command = the(rig.taken);
    await rig.reply(command, 'first');
    twin.fault('POST /channels/:id/messages', { status: 502, applied: true });
    const second = { text: 'second', answers: command.answerTo, asker: ann.id };
    const key = `command:${command.id}:1`;
    expect((await rig.adapter.deliver(command.route, second, key)).status).not.toBe('refused');
    expect(await rig.adapter.deliver(command.route, second, key)).toMatchObject({ status: 'sent' });
    expect(twin.shown(general)).toEqual(['first', 'second']);
    expect(twin.violations).toEqual([]);
  });

  test('in a thread it comes from the thread, in a direct chat from there', async () => {
    const rig = await open();
    const { ann, general } = rig;
    const message = await ann.says('root', { in: general });
    const thread = await general.thread('side', { from: message, by: ann });
    await ann.slash('/status', {}, { in: thread });
    await ann.slash('/status');
    await until(() => rig.taken.filter(({ native }) => native === true).length === 2, 'both commands');
    const [inThread, direct] = rig.taken.filter(({ native }) => native === true);
    expect(inThread).toMatchObject({ chat: 'group', route: { chat: general.id, thread: thread.id } });
    expect(direct).toMatchObject({ chat: 'direct', text: '/status' });
    expect(direct).not.toHaveProperty('space');
  });

  test.each([
    ['a stranger', '/subagents kill', { target: '#1' }, 'stranger', 'private'],
    ['somebody who is not the owner, of what is the owner’s', '/pair approve', { code: 'x' }, 'allowed', 'private'],
    ['the owner', '/pair approve', { code: 'x' }, 'owner', 'public'],
  ] as const)('%s is answered as is fitting', async (_who, words, values, standing, deferred) => {
    const rig = await open({ standing: () => standing });
    expect((await rig.ann.slash(words, values, { in: rig.general })).deferred).toBe(deferred);
  });

  test('50 at once have their sign in time, and each its answer', async () => {
    const rig = await open();
    const { ann, general, twin } = rig;
    const all = await Promise.all(Array.from({ length: 50 }, () => ann.slash('/status', {}, { in: general })));
    expect(all.map(({ deferred }) => deferred)).toEqual(all.map(() => 'private'));
    await until(() => rig.taken.length === 50, 'all commands');
    for (const message of rig.taken) {
      const answer = { text: `for ${message.id}`, answers: message.answerTo, private: true };
      const key = `command:${message.id}:0`;
      // Calls beyond 50 a second are told to wait, as by the real thing.
      await until(async () => (await rig.adapter.deliver(message.route, answer, key)).status === 'sent', 'an answer');
    }
    expect(all.map(({ id, replies }) => replies.join() === `for ${id}`)).toEqual(all.map(() => true));
    expect(twin.violations).toEqual([]);
  });

  test('a sign whose answer is lost is not given twice in vain: the command runs once and is answered', async () => {
    const rig = await open();
    rig.twin.fault('POST /interactions/:id/:token/callback', 'reset-after');
    const shown = await rig.ann.slash('/status', {}, { in: rig.general });
    await until(() => rig.taken.length === 1, 'the command');
    await rig.reply(the(rig.taken), 'all is well', { private: true });
    expect(shown.reply).toBe('all is well');
    expect(rig.taken).toHaveLength(1);
  });

  test('one Discord gave up on is carried out, and answered as a message: a view in the direct chat', async () => {
    const rig = await open({}, { deadlines: { ackMs: 300 } });
    const { ann, general, twin } = rig;
    twin.fault('POST /interactions/:id/:token/callback', { status: 404, code: 10062 }, 2);
    const [view, action] = [ann.slash('/status', {}, { in: general }), ann.slash('/stop', {}, { in: general })];
    await until(() => rig.taken.length === 2, 'the commands');
    for (const message of rig.taken)
      await rig.reply(message, message.text, message.text === '/status' ? { private: true } : {});
    expect(twin.shown(general)).toEqual(['/stop']);
    expect(twin.shown(ann)).toEqual(['/status']);
    await Promise.all([view, action]);
  });

  test('after 15 minutes an answer comes as a message; where direct chats are closed a private one comes nowhere', async () => {
    const rig = await open({}, { deadlines: { ackMs: 3_000, tokenMs: 200 } });
    const { ann, general, twin } = rig;
    ann.closesDms();
    await ann.slash('/status', {}, { in: general });
    await ann.slash('/stop', {}, { in: general });
    await until(() => rig.taken.length === 2, 'the commands');
    const [view, action] = [the(rig.taken, 0), the(rig.taken, 1)];
    await until(() => systemClock.now() - view.sentAt > 500, 'the token to end');
    const hidden = { text: 'fine', answers: view.answerTo, asker: view.sender.id, private: true };
    expect(await rig.adapter.deliver(view.route, hidden, `command:${view.id}:0`)).toMatchObject({
      status: 'refused',
      reason: 'only whoever asked may see it, and takes no direct messages',
      only: 'this',
    });
    await rig.reply(action, 'stopped');
    expect(twin.shown(general)).toEqual(['stopped']);
  });

  test('an answer that was shown, but not marked so, is shown once by the next process', async () => {
    const rig = await open();
    const shown = await rig.ann.slash('/subagents kill', { target: '#1' }, { in: rig.general });
    await until(() => rig.taken.length === 1, 'the command');
    await rig.reply(the(rig.taken), 'stopped 1');
    await rig.adapter.stop();
    const next = rig.another();
    await next.start(rig.events);
    const { route, answerTo: answers = '' } = the(rig.taken);
    const again = await next.deliver(route, { text: 'stopped 1', answers }, `command:${the(rig.taken).id}:0`);
    expect(again).toEqual({ status: 'sent', messageIds: [shown.message?.id] });
    expect(rig.twin.shown(rig.general)).toEqual(['stopped 1']);
    expect(rig.twin.violations).toEqual([]);
  });

  test('one that cannot be stored says so', async () => {
    const rig = await open({ message: () => Promise.reject(new Error('disk full')) });
    const shown = await rig.ann.slash('/stop', {}, { in: rig.general });
    expect((await shown.next('could not be stored')).text).toContain('send it again');
  });
});

describe('buttons', () => {
  const choices = [
    { label: 'Kill #1', id: 'KILL1' },
    { label: 'Steer #1', id: 'STEER1', asks: { label: 'What should dig do?' } },
  ];
  const decided: PressAnswer = { text: 'done', decided: true };

  test('a press is taken at once; its word is for the presser, and decided buttons go', async () => {
    const rig = await open();
    const { ann, general, twin } = rig;
    const events = hears(undefined, decided);
    const other = rig.another();
    await rig.adapter.stop();
    await other.start(events);
    await other.deliver(place(general), { text: 'Ann?', choices }, 'q:0');
    const shown = await ann.presses('Kill #1');
    expect(shown.deferred).toBe('update');
    expect((await shown.next('done')).text).toBe('done');
    expect(events.presses).toMatchObject([
      { id: shown.id, choice: 'KILL1', sender: { id: ann.id }, messageId: the(twin.messages(general)).id },
    ]);
    await until(() => the(twin.messages(general)).buttons.length === 0, 'the buttons to go');
    expect(twin.ephemeral(ann).map(({ text }) => text)).toEqual(['done']);
    expect(twin.violations).toEqual([]);
  });

  test('one that asks opens a form; what is written there comes with the press', async () => {
    const rig = await open();
    const { ann, general, twin } = rig;
    await rig.adapter.deliver(place(general), { text: 'list', choices }, 'l:0');
    const form = await ann.presses('Steer #1');
    expect(form.modal).toMatchObject({ title: 'What should dig do?', fields: [{ label: 'What should dig do?' }] });
    expect(rig.events.presses).toEqual([]);
    const sent = await ann.submits({ text: 'skip the appendix\nand --all' });
    expect(sent.deferred).toBe('update');
    await until(() => rig.events.presses.length === 1, 'the press');
    expect(rig.events.presses).toMatchObject([{ choice: 'STEER1', text: 'skip the appendix\nand --all' }]);
    expect(twin.violations).toEqual([]);
  });

  test('more than five are a menu, which also opens forms', async () => {
    const rig = await open();
    const { ann, general, twin } = rig;
    const many = [1, 2, 3].flatMap((n) => choices.map((choice) => ({ ...choice, id: `${choice.id}${n}` })));
    await rig.adapter.deliver(place(general), { text: 'list', choices: many }, 'l:0');
    const [kill = '', steer = ''] = the(twin.messages(general)).choices;
    expect((await ann.selects(kill)).deferred).toBe('update');
    expect((await ann.selects(steer)).modal?.title).toBe('What should dig do?');
    await until(() => rig.events.presses.length === 1, 'the press');
    expect(rig.events.presses).toMatchObject([{ choice: 'KILL11' }]);
  });

  test('a made-up id is no choice of ours', async () => {
    const rig = await open();
    await rig.adapter.deliver(place(rig.general), { text: 'q', choices }, 'q:0');
    await rig.ann.presses({ id: 'evil' }, { in: rig.general });
    await until(() => rig.events.presses.length === 1, 'the press');
    expect(rig.events.presses).toMatchObject([{ choice: '' }]);
  });

  test('under a private list: what follows is private too and quotes nothing', async () => {
    const rig = await open();
    const { ann, general, twin } = rig;
    await ann.slash('/subagents list', {}, { in: general });
    await until(() => rig.taken.length === 1, 'the command');
    await rig.reply(the(rig.taken), 'list', { private: true, choices });
    const shown = await ann.presses('Kill #1');
    await until(() => rig.events.presses.length === 1, 'the press');
    expect(the(rig.events.presses)).not.toHaveProperty('messageId');
    const { answerTo } = the(rig.events.presses);
    const press = { ...the(rig.taken), id: shown.id, answerTo };
    await rig.reply(press, 'User: dig', { private: true });
    expect(twin.ephemeral(ann).map(({ text }) => text)).toEqual(['list', 'User: dig']);
    await rig.reply(press, 'stopped 1');
    expect(twin.shown(general)).toEqual(['stopped 1']);
  });

  test('a private message is changed in its own way', async () => {
    const rig = await open();
    const shown = await rig.ann.slash('/subagents list', {}, { in: rig.general });
    await until(() => rig.taken.length === 1, 'the command');
    const { route, answerTo: answers } = the(rig.taken);
    const receipt = await rig.adapter.deliver(route, { text: 'one', answers, private: true }, 'c:0');
    const messageId = receipt.status === 'sent' ? (receipt.messageIds[0] ?? '') : '';
    expect(await rig.adapter.edit(route, messageId, { text: 'two' })).toEqual({
      status: 'sent',
      messageIds: [messageId],
    });
    expect(shown.replies).toEqual(['two']);
  });
});

describe('suggestions', () => {
  test('are asked for by our own names, at most 25 of at most 100 characters', async () => {
    const asks: SuggestAsk[] = [];
    const rig = await open({
      suggest: async (ask) => {
        asks.push(ask);
        return [
          { label: 'x'.repeat(200), value: 'a' },
          { label: 'too long', value: 'x'.repeat(101) },
          ...Array.from({ length: 40 }, (_each, n) => ({ label: `#${n}`, value: `${n}` })),
        ];
      },
    });
    const { ann, general } = rig;
    const offered = (await ann.types('/subagents spawn', 'agent-id', 'ma', { in: general })) ?? [];
    expect(offered).toHaveLength(25);
    expect(offered[0]?.name).toHaveLength(100);
    expect(offered.map(({ value }) => value)).not.toContain('x'.repeat(101));
    expect(asks).toMatchObject([
      { command: 'subagents', verb: 'spawn', param: 'agentId', text: 'ma', limit: 25, sender: { id: ann.id } },
    ]);
    await ann.types('/focus', 'target', '', { in: general });
    expect(asks).toMatchObject([{}, { command: 'focus', verb: '', param: 'target' }]);
    expect(rig.twin.violations).toEqual([]);
  });
});

describe('registration', () => {
  const puts = (twin: DiscordTwin) =>
    twin.calls.filter(({ route }) => route.startsWith('PUT ')).map(({ route }) => route);

  test('takes one call, and none while nothing has changed', async () => {
    const rig = await open();
    expect(rig.twin.commands('global').map(({ name }) => name)).toEqual(commandTable().map(({ name }) => name));
    await rig.adapter.stop();
    const again = rig.another();
    await again.start(rig.events);
    again.refresh();
    expect(await rig.ann.slash('/status', {}, { in: rig.general })).toMatchObject({ deferred: 'private' });
    expect(puts(rig.twin)).toHaveLength(1);
    await again.stop();
    const fewer = rig.another({ commands: commandTable().slice(1) });
    await fewer.start(rig.events);
    await until(() => puts(rig.twin).length === 2, 'the new set');
    expect(rig.twin.commands('global')).toHaveLength(commandTable().length - 1);
  });

  test('is tried again where Discord stumbles', async () => {
    const rig = await open();
    await rig.adapter.stop();
    rig.twin.fault('PUT /applications/:id/commands', { status: 502 }, 2);
    await rig.another({ commands: commandTable().slice(1) }).start(rig.events);
    await until(() => rig.twin.commands('global').length === commandTable().length - 1, 'the new set');
  });

  test('moves to one guild and leaves none elsewhere; a failure leaves the channel at work', async () => {
    const rig = await open();
    await rig.adapter.stop();
    rig.twin.fault('PUT /applications/:id/guilds/:id/commands', { status: 500 });
    const failing = rig.another({ devGuild: rig.guild.id });
    await failing.start(rig.events);
    await until(() => puts(rig.twin).length === 2, 'the attempt');
    expect(failing.health().state).toBe('connected');
    failing.refresh();
    await until(() => rig.twin.commands(rig.guild).length > 0 && rig.twin.commands('global').length === 0, 'the move');
    expect(rig.registered()).toMatchObject({ guild: rig.guild.id });
  });
});
