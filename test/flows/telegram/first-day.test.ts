// The first day with a bot on Telegram, over the wire.
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { calls, text } from '../../twins/openai.ts';
import { scripted, spawn } from '../scripted-model.ts';
import { type Options, openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

async function open(options?: Options): Promise<World> {
  world = await openWorld(options);
  return world;
}

const lines = (value: string): readonly string[] => value.split('\n');

describe('getting in', () => {
  it('the link from the command line makes whoever opens it first the owner; it works once', async () => {
    const { twin, ann, cli } = await open({ owner: 'nobody yet' });
    const printed = JSON.parse((await cli('pair', 'telegram', '--json')).out) as { readonly link: string };
    expect(printed.link).toMatch(/^https:\/\/t\.me\/switchyard_bot\?start=[A-Z2-9]{16}$/);
    const token = printed.link.split('=')[1] ?? '';
    await ann.says(`/start ${token}`);
    await twin.next(ann, /^✅ You may talk to me now, and you are my owner\./);
    await ann.says('hello');
    await twin.next(ann, /^ok$/);
    const bob = twin.person(8, 'Bob');
    await bob.says(`/start ${token}`);
    expect((await twin.next(bob, /not allowed/)).text).toMatch(/Your code: [A-HJ-NP-Z2-9]{8}/);
  });

  it('a stranger gets a code, the owner is asked in chat and lets them in by a button', async () => {
    const { twin, ann } = await open();
    await ann.says('hello');
    await twin.next(ann, 'ok');
    const bob = twin.person(8, 'Bob');
    await bob.says('hi, may I?');
    const code = /Your code: (\w{8})/.exec((await twin.next(bob, /not allowed/)).text)?.[1] ?? '';
    expect(code).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
    await bob.says('please?');
    const question = await twin.next(ann, /Bob/);
    expect(question.text).toContain(code);
    expect(question.buttons).toEqual(['Approve', 'Deny']);
    await ann.presses('Approve');
    await twin.next(bob, /you may talk to me now/i);
    await until(() => twin.messages(ann).every((message) => message.buttons.length === 0), 'the buttons to go');
    await bob.says('what is 1 + 1?');
    await twin.next(bob, 'ok');
    // Nothing but the one answer came before.
    expect(twin.shown(bob)).toHaveLength(3);
    await ann.says('/pair revoke telegram:8');
    await twin.next(ann, /Bob/);
    await bob.says('still there?');
    await until(async () => /sender_not_allowed/.test(world.place.log()), 'the refusal');
    expect(twin.shown(bob)).toHaveLength(3);
  });

  it('letting somebody in by a button stays within what Telegram allows in a chat', async () => {
    const { twin, ann } = await open();
    await ann.says('hello');
    await twin.next(ann, 'ok');
    twin.limits(true);
    await twin.person(8, 'Bob').says('hi');
    await twin.next(ann, /not allowed to talk to me yet/);
    await ann.presses('Approve');
    await twin.next(ann, /may talk to me now/);
    await until(() => twin.messages(ann).every((message) => message.buttons.length === 0), 'the buttons to go');
    expect(twin.rejected429).toBe(0);
  });

  it('what somebody else wrote is no word of the owner who passes it on: it lets nobody in and claims no link', async () => {
    const { twin, ann, cli } = await open({ owner: 'nobody yet' });
    const link = async (): Promise<string> =>
      /start=(\w+)/.exec((await cli('pair', 'telegram', '--json')).out)?.[1] ?? '';
    await ann.says(`/start ${await link()}`);
    await twin.next(ann, /my owner/);
    const eve = twin.person(66, 'Eve');
    await eve.says('hi');
    const code = /Your code: (\w{8})/.exec((await twin.next(eve, /not allowed/)).text)?.[1] ?? '';
    await twin.next(ann, code);
    await ann.says(`/pair approve ${code}`, { forwardedFrom: eve.user });
    await twin.next(ann, 'ok');
    await eve.says(`/start ${await link()}`, { forwardedFrom: ann.user });
    await ann.says('/pair list');
    expect((await twin.next(ann, /Eve/)).text).toContain(code);
    expect(twin.shown(eve)).toHaveLength(1);
  });

  it('what piled up before the bot was there gets no answer: 500 messages of 100 strangers', async () => {
    const { twin, place, restart, app } = await open();
    app.signal('SIGTERM');
    await app.exit;
    const strangers = Array.from({ length: 100 }, (_, index) => twin.person(100 + index, `Stranger ${index}`));
    const before = Date.UTC(2026, 0, 1);
    for (let round = 0; round < 5; round += 1)
      for (const stranger of strangers) await stranger.says(`message ${round}`, { date: before });
    await restart();
    await until(() => twin.unconfirmed === 0, 'everything to be taken', 15_000);
    await until(() => (place.log().match(/"code":"sender_not_allowed"/g) ?? []).length >= 500, 'all reasons', 15_000);
    expect(twin.calls.filter(({ method }) => method === 'sendMessage')).toEqual([]);
  });
});

describe('at work', () => {
  it('three children are started, listed with buttons, one is killed by its button, the rest is told', async () => {
    const { twin, ann, model } = await open();
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ last, child, request }) => {
      if (child) {
        await gate.promise;
        return text(`the result of ${/work on (\w+)/.exec(last)?.[1]}`);
      }
      if (last.includes('[switchyard completion]')) return text('All told.');
      if (request.body.messages.at(-1)?.role !== 'tool' && last === 'split it')
        return calls(spawn('docs'), spawn('tests'), spawn('code'));
      return undefined;
    });
    await ann.says('split it');
    await twin.next(ann, 'started');
    await ann.says('/subagents');
    const list = await twin.next(ann, /^Active:/);
    expect(lines(list.text).slice(0, 5)).toEqual([
      'Active:',
      '-----',
      expect.stringMatching(/^1\. docs \(main, one, .*\) running - work on docs$/),
      expect.stringMatching(/^2\. tests /),
      expect.stringMatching(/^3\. code /),
    ]);
    expect(list.buttons).toEqual(['Kill #1', 'Log #1', 'Kill #2', 'Log #2', 'Kill #3', 'Log #3']);
    await ann.presses('Kill #2');
    expect((await twin.next(ann, /stopped 1/)).replyTo).toBe(list.id);
    await ann.presses('Log #1');
    await twin.next(ann, /^docs \(run \w{8}\):\n-----\nUser: work on docs/);
    gate.resolve();
    await twin.next(ann, 'All told.');
    await ann.presses('Kill #1');
    await twin.next(ann, /already finished 1/);
  });

  it('a word said in the middle of a turn is taken in, and /stop ends everything', async () => {
    const { twin, ann, model } = await open();
    const gate = Promise.withResolvers<void>();
    let first = true;
    scripted(model, async ({ last }) => {
      if (last === 'begin' && first) {
        first = false;
        await gate.promise;
        return calls({ id: 'l', name: 'agents_list', arguments: {} });
      }
      if (last.includes('in blue, please')) return text('Blue it is.');
      if (last === 'for ever') return { kind: 'hang' };
      return undefined;
    });
    await ann.says('begin');
    await until(() => model.requests.length === 1, 'the turn');
    await ann.says('/steer in blue, please');
    gate.resolve();
    await twin.next(ann, 'Blue it is.');
    expect((await twin.next(ann, /steered|goes in at its next step/)).text).toMatch(/^✅/);
    await ann.says('for ever');
    await until(() => model.requests.length >= 3 && !model.requests.at(-1)?.gone, 'the turn to hang');
    await ann.says('/stop');
    await twin.next(ann, '✅ stopped: 1 turn here. Nothing else was running.');
    expect(twin.polls.overlaps).toBe(0);
  });

  it('a command is known however a phone writes it, and one for another bot is left alone', async () => {
    const { twin, ann } = await open();
    await ann.says('/WhoAmI@switchyard_bot');
    expect((await twin.next(ann, /^You:/)).text).toContain('id: telegram:7');
    await ann.says('\u00a0/queue\u00a0followup');
    await twin.next(ann, /followup/);
    await ann.says('/stop@other_bot');
    await ann.says('/nonsense');
    await twin.next(ann, /There is no command \/nonsense/);
    expect(twin.shown(ann)).toHaveLength(3);
  });
});
