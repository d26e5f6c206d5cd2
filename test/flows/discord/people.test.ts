// Who is heard on Discord, and what the network may do, over the wire with the whole program.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { text } from '../../twins/openai.ts';
import { scripted } from '../scripted-model.ts';
import { type Options, openWorld, type World } from './world.ts';

const root = join(import.meta.dirname, '..', '..', '..');

let world: World;
afterEach(() => world.close());

async function open(options?: Options): Promise<World> {
  world = await openWorld(options);
  return world;
}

describe('somebody unknown', () => {
  it('gets a code in their direct messages; approved at the command line they are the owner', async () => {
    const { twin, cli } = await open({ config: { commands: {} } });
    const eve = twin.person('Eve');
    await eve.says('hello');
    const code = /Your code: (\w{8})/.exec((await twin.next(eve, /not allowed/)).text)?.[1] ?? '';
    expect((await cli('pair', 'approve', 'discord', code)).out).toContain('and is the owner');
    await twin.next(eve, /you are my owner/);
    await eve.says('/whoami');
    expect((await twin.next(eve, /^You:/)).text).toContain('class: owner');
  });

  it('gets one answer however often they write, and a native command is refused to them alone', async () => {
    const { twin, general, guild, place } = await open({ discord: { dmPolicy: 'allowlist', allowFrom: ['1'] } });
    const eve = twin.person('Eve');
    await eve.says('hello');
    await until(() => twin.commands('global').length > 0, 'the commands to be registered');
    const answer = await eve.slash('/whoami');
    await until(() => answer.reply !== undefined, 'the refusal');
    expect(answer.reply).toMatch(/not allowed/);
    expect(answer.private).toBe(true);
    expect(twin.shown(eve)).toEqual([]);
    expect(twin.shown(general)).toEqual([]);
    expect(guild.threads).toEqual([]);
    expect(place.log()).toContain('sender_not_allowed');
  });
});

describe('words of somebody else', () => {
  it('are no words of the owner who passes them on: they let nobody in', async () => {
    const { twin, ann } = await open();
    await ann.says('hello');
    await twin.next(ann, 'ok');
    const eve = twin.person('Eve');
    await eve.says('hi');
    const code = /Your code: (\w{8})/.exec((await twin.next(eve, /not allowed/)).text)?.[1] ?? '';
    await twin.next(ann, new RegExp(code));
    const lobby = twin.guild({ name: 'Lobby', members: [ann, eve] }).channel('lobby');
    await ann.forwards(await eve.says(`/pair approve ${code}`, { in: lobby }));
    await twin.next(ann, 'ok');
    await ann.says('/pair list');
    expect((await twin.next(ann, /Eve/)).text).toContain(code);
    expect(twin.shown(eve)).toHaveLength(1);
  });
});

describe('in a server', () => {
  it('text needs a mention; bots, webhooks and servers that are not listed are not heard', async () => {
    const { twin, ann, bob, general, place, model } = await open();
    const robot = twin.person('Robot', { bot: true });
    const elsewhere = twin.guild({ name: 'Elsewhere', members: [ann] });
    const other = elsewhere.channel('general');
    await bob.says('anybody here?', { in: general });
    general.webhookSays('deployed');
    await ann.says('hello', { in: other, mention: true });
    world.guild.joins(robot);
    await robot.says('beep', { in: general, mention: true });
    await bob.says('and you?', { in: general, mention: true });
    await twin.next(general, 'ok');
    expect(model.requests).toHaveLength(1);
    await until(() => /group_not_listed/.test(place.log()), 'the reason');
    expect(twin.shown(other)).toEqual([]);
    expect(twin.violations).toEqual([]);
  });

  it('model text pings nobody', async () => {
    const { twin, ann, bob, general, model } = await open();
    scripted(model, async () => text(`@everyone look, <@${bob.id}>`));
    await ann.says('hello', { in: general, mention: true });
    expect((await twin.next(general, /look/)).pings).toEqual([]);
  });
});

describe('the network', () => {
  it('that refuses for a while loses no message, and shows a result once although its answer was lost', async () => {
    const { twin, ann, general, model } = await open();
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('found it');
    });
    await ann.says('/subagents spawn main look', { in: general });
    await twin.next(general, /started/);
    await twin.gateway.outage(1_500);
    await ann.says('said in the outage', { in: general, mention: true });
    await twin.next(general, (message) => message.text === 'ok').catch(async () => twin.next(general, 'ok'));
    twin.fault('POST /channels/:id/messages', { status: 502, applied: true });
    gate.resolve();
    await twin.next(general, /look: completed successfully\nfound it/);
    await ann.says('/tasks', { in: general });
    expect((await twin.next(general, /look/)).text).toMatch(/delivered/);
    expect(twin.shown(general).filter((each) => each.includes('found it'))).toHaveLength(1);
    expect(twin.shown(general).filter((each) => each === 'ok')).toHaveLength(1);
  });

  it('that lets nobody in without the switch for content is explained in the status, and in the words that tell of it', async () => {
    const { cli } = await open({ twin: { privileged: { messageContent: false } }, awaitConnection: false });
    await until(async () => /^channel discord.*: failed/m.test((await cli('status')).out), 'the failure');
    const said = 'Discord does not let the bot read messages.';
    expect((await cli('status')).out).toContain(
      `${said} In the Developer Portal, under Bot, switch on «Message Content`,
    );
    const told = ['README.md', 'docs/channels.md'].map((page) =>
      readFileSync(join(root, page), 'utf8').replace(/\s+/g, ' '),
    );
    expect(told[1]).toContain(`the channel stays down, and \`npx switchyard status\` says «${said}»`);
    expect(told[0]).toContain('without it Discord does not let the bot connect');
  });

  it('brings the bot into a server by an address, which names the switch it cannot do without', async () => {
    const { cli } = await open();
    const { out } = await cli('pair', 'discord');
    expect(out).toMatch(/^https:\/\/discord\.com\/oauth2\/authorize\?/);
    expect(out).toContain('without it Discord does not let the bot connect');
  });

  it('and the token are explained in the status when they are wrong', async () => {
    const { cli } = await open({ discord: { token: 'wrong.token.here' }, awaitConnection: false });
    await until(async () => /^channel discord.*: failed/m.test((await cli('status')).out), 'the failure');
    expect((await cli('status')).out).toMatch(/token/);
    expect(await cli('doctor')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^⚠️ fail: channels: discord:default: failed\. .*token.*\n {2}fix: /m),
    });
  });
});
