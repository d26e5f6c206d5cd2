// Groups and forums on Telegram, over the wire: who is heard, where answers go, a topic for each sub-agent.
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { calls, text } from '../../twins/openai.ts';
import type { Group } from '../../twins/telegram/groups.ts';
import type { Person } from '../../twins/telegram/people.ts';
import { scripted, spawn } from '../scripted-model.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let team: Group;
let bob: Person;
afterEach(() => world.close());

async function open(id: number, how: object = {}, settings: object = {}): Promise<World> {
  world = await openWorld({ telegram: { groups: { [id]: {} }, ...settings } });
  bob = world.twin.person(8, 'Bob');
  team = world.twin.group(id, { title: 'Team', members: [world.ann, bob], ...how });
  return world;
}

describe('in a group', () => {
  it('text needs a mention or a reply to the bot, commands do not, and people share one memory', async () => {
    const { twin, ann, model } = await open(-1005);
    twin.privacy(false);
    scripted(model, async ({ last }) => (last.includes('lunch') ? text('Noon.') : undefined));
    await bob.says('what about lunch?', { in: team });
    await bob.says('/whoami', { in: team });
    const me = await twin.next(team, /^You:/);
    expect(me.text).toContain('class: allowed');
    expect(me.text).toContain('session: agent:main:telegram:group:-1005');
    expect(model.requests).toHaveLength(0);
    await bob.says('what about lunch?', { in: team, mention: true });
    const noon = await twin.next(team, 'Noon.');
    await ann.says('lunch for two', { in: team, replyTo: noon.id });
    await twin.next(team, 'Noon.');
    const asked = JSON.stringify(model.requests.at(-1)?.body.messages);
    expect(asked).toContain('Bob: ');
    expect(asked).toContain('Ann: ');
    expect(asked).toContain('Noon.');
  });

  it('that is not listed is not served, and the log says which setting would list it', async () => {
    const { twin, place, cli } = await open(-1005, {}, { groups: {} });
    team.addsBot();
    await bob.says('/whoami', { in: team });
    await until(() => place.log().includes('group_not_listed'), 'the reason');
    expect(place.log()).toMatch(/"chat":"-1005".*must be listed in channels\.telegram\.groups/);
    expect(twin.shown(team)).toEqual([]);
    expect((await cli('config', 'set', 'channels.telegram.groups.-1005', '{}')).code).toBe(0);
    await bob.says('/whoami', { in: team });
    await twin.next(team, /^You:/);
  });

  it('that is listed or switched off gets no advice to list it', async () => {
    const { twin, place, ann, cli } = await open(-1005);
    team.addsBot();
    await until(() => place.log().includes('the bot is in this group now"'), 'the line');
    expect((await cli('config', 'set', 'channels.telegram.groupPolicy', 'disabled')).code).toBe(0);
    const other = twin.group(-1006, { title: 'Other', members: [ann] });
    other.addsBot();
    await until(() => /not served, since channels\.telegram\.groupPolicy is/.test(place.log()), 'the reason');
    expect(place.log()).not.toContain('must be listed');
  });

  it('an owner’s command is refused to others, and somebody writing as the group is told to write as themselves', async () => {
    const { twin, ann } = await open(-1005);
    await bob.says('/pair', { in: team });
    await twin.next(team, 'only the owner may use /pair');
    await ann.says('/stop', { in: team, anonymous: true });
    await twin.next(team, /yourself/);
  });

  it('a result goes back to the group that asked, also when its people have moved on to other chats', async () => {
    const { twin, ann, model } = await open(-1005);
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('found it');
    });
    await ann.says('/subagents spawn main look for it', { in: team });
    await twin.next(team, /^✅ main started/);
    await ann.says('hello');
    await twin.next(ann, 'ok');
    gate.resolve();
    await twin.next(team, /look for it: completed successfully\nfound it/);
    expect(twin.shown(ann)).toEqual(['ok']);
  });

  it('a group that becomes a supergroup keeps its memory, its settings and what is on its way to it', async () => {
    const { twin, ann, model } = await open(-55, { type: 'group' });
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child, request }) => {
      if (!child) return text(`I know ${request.body.messages.filter((each) => each.role === 'user').length}`);
      await gate.promise;
      return text('found it');
    });
    await ann.says('first', { in: team, mention: true });
    await twin.next(team, 'I know 1');
    await ann.says('/subagents spawn main look for it', { in: team });
    await twin.next(team, /started/);
    const after = team.upgrades(-100777);
    gate.resolve();
    await twin.next(after, /completed successfully/);
    await ann.says('second', { in: after, mention: true });
    await twin.next(after, /I know [23]/);
    await ann.says('/whoami', { in: after });
    expect((await twin.next(after, /^You:/)).text).toContain('session: agent:main:telegram:group:-55');
    expect(world.place.log().match(/a group has a new id|a chat has another id now/g)).toHaveLength(1);
  });
});

describe('in a forum', () => {
  const rights = { can_manage_topics: true };

  it('each sub-agent gets a topic: named, introduced, answering there, and still so after a restart', async () => {
    const { twin, ann, model, restart } = await open(-1006, { forum: true, botRights: rights });
    scripted(model, async ({ last, child, request }) => {
      if (child) return text(/also mention/.test(last) ? 'Added.' : `draft of ${/work on (\w+)/.exec(last)?.[1]}`);
      const done = request.body.messages.at(-1)?.role === 'tool';
      const each = (label: string) => spawn(label, { thread: true, context: 'isolated' });
      if (!done && last.includes('one topic each')) return calls(each('docs'), each('tests'));
      return undefined;
    });
    await ann.says('release work, one topic each', { in: team, mention: true });
    await until(() => team.topics.length === 2, 'the topics');
    await twin.next(team, 'started');
    expect(team.topics.map((topic) => topic.name)).toEqual(['🤖 docs', '🤖 tests']);
    const [docs] = team.topics;
    if (docs === undefined) throw new Error('no topic');
    await twin.next(team, 'draft of docs', docs);
    expect(twin.shown(team, docs)[0]).toMatch(
      /^docs is active here \(ends after 24 h without messages\)\. Messages here go to this session\. \/unfocus to leave\.$/,
    );
    await bob.says('also mention the flag', { in: team, topic: docs });
    await twin.next(team, 'Added.', docs);
    await restart();
    await bob.says('also mention the other flag', { in: team, topic: docs });
    await twin.next(team, 'Added.', docs);
    await ann.says('/agents', { in: team });
    expect((await twin.next(team, /^Agents:/)).text).toContain(`docs (main, done) topic:${docs.id}`);
    await ann.says('/unfocus', { in: team, topic: docs });
    await twin.next(team, /^✅ ended; main answers again\./, docs);
  });

  it('/focus opens a topic in General, takes a topic over inside one, and says which right is missing', async () => {
    const { twin, ann, model } = await open(-1006, { forum: true, botRights: rights });
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child, last }) => {
      if (!child) return undefined;
      if (last.includes('how far')) return text('Half way.');
      await gate.promise;
      return text('there');
    });
    await ann.says('/subagents spawn main walk', { in: team });
    await twin.next(team, /started/);
    gate.resolve();
    await twin.next(team, /completed/);
    await ann.says('/focus walk', { in: team });
    await twin.next(team, /walk \(main\) is active in topic:\d+/);
    const [topic] = team.topics;
    if (topic === undefined) throw new Error('no topic');
    expect(topic.name).toBe('🤖 walk');
    await ann.says('how far?', { in: team, topic });
    await twin.next(team, 'Half way.', topic);
    await ann.says('/session idle 2h', { in: team, topic });
    await twin.next(team, /2h/, topic);
    team.promotesBot('member');
    await ann.says('/unfocus', { in: team, topic });
    await twin.next(team, /ended/, topic);
    await ann.says('/focus walk', { in: team });
    await twin.next(team, /no right to open topics here/);
  });

  it('a topic that is closed sends its answers to the group, with a word why', async () => {
    const { twin, ann, model } = await open(-1006, { forum: true, botRights: rights });
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('the draft');
    });
    const topic = team.topic('plans');
    await ann.says('/subagents spawn main write', { in: team, topic });
    await twin.next(team, /started/, topic);
    team.deletesTopic(topic);
    gate.resolve();
    const result = await twin.next(team, /the draft/);
    expect(result.thread).toBeUndefined();
    expect(result.text).toMatch(/^ℹ️ thread gone: the topic is closed or gone\n\n/);
  });

  it('one message that Telegram does not accept ends with the reason, and its topic stays bound', async () => {
    const { twin, ann, model, cli } = await open(-1006, { forum: true, botRights: rights });
    scripted(model, async ({ child, last }) => (child ? text(`heard ${/say (\w+)/.exec(last)?.[1]}`) : undefined));
    await ann.says('/subagents spawn main walk', { in: team });
    await twin.next(team, /completed/);
    await ann.says('/focus walk', { in: team });
    await twin.next(team, /is active in topic/);
    const [topic] = team.topics;
    if (topic === undefined) throw new Error('no topic');
    twin.fault('sendMessage', { status: 400, description: 'Bad Request: wrong something in this one' });
    await ann.says('say one', { in: team, topic });
    await until(async () => (await cli('status')).out.includes('1 undelivered'), 'the end of the message');
    expect(world.place.log()).toContain('Telegram does not accept it (wrong something in this one)');
    await ann.says('say two', { in: team, topic });
    expect((await twin.next(team, 'heard two', topic)).thread).toBe(topic.id);
    expect(twin.shown(team).filter((each) => each.includes('heard one'))).toEqual([]);
  });

  it('a change of a message behind a command that waits for Telegram holds up nobody else', async () => {
    const { twin, ann } = await open(-1006, { forum: true, botRights: rights }, { allowFrom: ['8'] });
    twin.privacy(false);
    await ann.says('/subagents spawn main walk', { in: team });
    await twin.next(team, /completed/);
    twin.fault('createForumTopic', 'hang');
    await ann.says('/focus walk', { in: team });
    await until(() => twin.calls.some(({ method }) => method === 'createForumTopic'), 'the command to wait');
    let last = 0;
    for (let n = 0; n < 8; n += 1) last = await ann.says(`chatter ${n}`, { in: team });
    await ann.edits(last, 'chatter changed', { in: team });
    await bob.says('/whoami');
    await twin.next(bob, /^You:/);
    // Lets the command fail.
    await twin.down();
    await twin.up();
  });
});
