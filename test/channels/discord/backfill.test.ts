import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Intake } from '../../../channels/discord/intake.ts';
import { Seen, type SeenMemory } from '../../../channels/discord/seen.ts';
import { isNewer, snowflakeAt, timeOf } from '../../../channels/discord/snowflake.ts';
import { hears } from '../../fakes/channel-events.ts';
import { virtualClock } from '../../fakes/clock.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace, GuildPlace } from '../../twins/discord/places.ts';
import { openRig, type Rig, seenMemory } from './rig.ts';

const clock = fastClock(10);
const read = 'GET /channels/:id/messages';

let rig: Rig;
let ann: Person;
let guild: GuildPlace;
let general: ChannelPlace;
beforeEach(async () => {
  rig = await openRig({ clock }, { clock });
  ann = rig.twin.person('Ann');
  guild = rig.twin.guild({ members: [ann] });
  general = guild.channel('general');
  await rig.adapter.start(rig.events);
});
afterEach(async () => {
  const { violations } = rig.twin;
  await rig.close();
  expect(violations).toEqual([]);
});

const texts = (): readonly string[] => rig.taken.map((message) => message.text);
const heard = (text: string): Promise<void> => until(() => texts().includes(text), `«${text}»`);
const passes = (ms: number): Promise<void> => {
  const end = clock.now() + ms;
  return until(() => clock.now() > end, 'time to pass');
};

describe('a restart', () => {
  it('reads what was said meanwhile, in order, marked as having waited, and skips what is known', async () => {
    const thread = general.thread('plan', { by: ann });
    await ann.says('one', { in: general });
    await ann.says('private');
    await heard('private');
    await rig.adapter.stop();
    const lines = Array.from({ length: 120 }, (_, index) => `line ${index}`);
    for (const text of lines) await ann.says(text, { in: general });
    await ann.says('in the thread', { in: thread });
    await ann.says('still there?');
    await passes(1_000);
    await rig.another().start(rig.events);
    await heard('still there?');
    await heard('in the thread');
    const late = rig.taken.filter(({ backlog }) => backlog === true);
    expect(late.filter(({ text }) => text.startsWith('line')).map(({ text }) => text)).toEqual(lines);
    expect(late).toHaveLength(122);
    expect(rig.taken.filter(({ backlog }) => backlog !== true).map(({ text }) => text)).toEqual(['one', 'private']);
  });

  it('reads channels in which nothing was said before, from the moment we were last there', async () => {
    const quiet = guild.channel('quiet');
    await passes(12_000);
    await rig.adapter.stop();
    await passes(1_000);
    await ann.says('first words', { in: quiet });
    await rig.another().start(rig.events);
    await heard('first words');
  });

  it('that comes before anything was stored reads all that was said since the first start', async () => {
    await rig.adapter.stop();
    const seen = seenMemory();
    const first = rig.another({ seen });
    const stored = rig.events.message;
    // It dies before it has stored what it was told, and before a second has passed.
    Object.assign(rig.events, { message: () => new Promise(() => undefined) });
    await first.start(rig.events);
    await ann.says('early', { in: general });
    const known = new Map(seen.known);
    Object.assign(rig.events, { message: stored });
    await passes(6_000);
    await rig.another({ seen: { ...seenMemory(), known } }).start(rig.events);
    await heard('early');
  });

  it('reads nothing of before the bot came, and asks nothing where nothing was said', async () => {
    await rig.adapter.stop();
    const { length } = rig.twin.called(read);
    await ann.says('old', { in: general });
    await rig.another({ seen: seenMemory() }).start(rig.events);
    await ann.says('new', { in: general });
    await heard('new');
    expect(texts()).not.toContain('old');
    expect(rig.twin.called(read)).toHaveLength(length);
  });

  it('goes on reading after Discord stumbled, before anything newer is handed in', async () => {
    await ann.says('one', { in: general });
    await heard('one');
    await rig.adapter.stop();
    for (const text of ['two', 'three']) await ann.says(text, { in: general });
    rig.twin.fault(read, { status: 503 }, 2);
    await rig.another().start(rig.events);
    await ann.says('four', { in: general });
    await heard('four');
    expect(texts()).toEqual(['one', 'two', 'three', 'four']);
  });

  it('leaves out what is oldest where too much was said', async () => {
    await ann.says('one', { in: general });
    await heard('one');
    await rig.adapter.stop();
    for (let index = 0; index < 1_050; index += 1) await ann.says(`line ${index}`, { in: general });
    await ann.says('newest', { in: general });
    await rig.another().start(rig.events);
    await heard('newest');
    expect(texts().slice(-2)).toEqual(['line 1049', 'newest']);
  });

  it('keeps nobody waiting for a channel that Discord does not hand out, and reads that later', async () => {
    const broken = guild.channel('broken');
    await ann.says('one', { in: broken });
    await heard('one');
    await rig.adapter.stop();
    await ann.says('missed', { in: broken });
    rig.twin.fault(`GET /channels/${broken.id}/messages`, { status: 500 }, 5);
    await rig.another().start(rig.events);
    const start = clock.now();
    await ann.says('/stop', { in: general });
    await heard('/stop');
    expect(clock.now() - start).toBeLessThan(20_000);
    await heard('missed');
  });

  it('still reads what a channel did not hand out when the process ends before it does', async () => {
    const broken = guild.channel('broken');
    await ann.says('one', { in: broken });
    await ann.says('two', { in: general });
    await heard('two');
    await rig.adapter.stop();
    await ann.says('missed', { in: broken });
    rig.twin.fault(`GET /channels/${broken.id}/messages`, { status: 500 }, 1_000);
    const second = rig.another();
    await second.start(rig.events);
    for (const text of ['/stop', 'newer']) await ann.says(text, { in: broken });
    await heard('newer');
    // Its mark would be kept by now.
    await passes(12_000);
    await second.stop();
    rig.twin.heal();
    await rig.another().start(rig.events);
    await heard('missed');
  });

  it('goes on after many failures, and says so once', async () => {
    const broken = guild.channel('broken');
    await ann.says('one', { in: broken });
    await heard('one');
    await rig.adapter.stop();
    await ann.says('missed', { in: broken });
    rig.twin.fault(`GET /channels/${broken.id}/messages`, { status: 500 }, 6);
    await rig.another().start(rig.events);
    await heard('missed');
    expect(rig.log.lines.filter(({ fields }) => fields.code === 'discord_backfill' && 'cause' in fields)).toHaveLength(
      1,
    );
  });

  it('reads again what was not stored', async () => {
    const last = rig.another();
    await rig.adapter.stop();
    await last.start(hears(async () => Promise.reject(new Error('disk full'))));
    await passes(6_000);
    await ann.says('kept by Discord', { in: general });
    await until(() => rig.log.lines.some(({ fields }) => fields.code === 'discord_intake'), 'the failure');
    await last.stop();
    await rig.another().start(rig.events);
    await heard('kept by Discord');
  });
});

describe('a server that Discord cannot show for a while', () => {
  /** The mark of all channels in which nothing was said before moves with what is heard elsewhere. */
  const lifeGoesOn = async (): Promise<void> => {
    await passes(6_000);
    await ann.says('private');
    await heard('private');
    await passes(6_000);
  };

  it('is read back once it is there again, before what is said then', async () => {
    const quiet = guild.channel('quiet');
    const thread = general.thread('plan', { by: ann });
    await ann.says('one', { in: general });
    await heard('one');
    guild.isUnavailable();
    await ann.says('missed', { in: general });
    await ann.says('in the thread', { in: thread });
    await ann.says('first words', { in: quiet });
    await lifeGoesOn();
    guild.isUnavailable(false);
    await ann.says('newer', { in: general });
    for (const text of ['newer', 'in the thread', 'first words']) await heard(text);
    expect(texts().filter((text) => ['one', 'missed', 'newer'].includes(text))).toEqual(['one', 'missed', 'newer']);
    expect(texts()).toHaveLength(6);
  });

  it('is read back by the next process, where this one ends before that', async () => {
    const quiet = guild.channel('quiet');
    await ann.says('one', { in: general });
    await heard('one');
    guild.isUnavailable();
    await ann.says('first words', { in: quiet });
    await lifeGoesOn();
    await rig.adapter.stop();
    guild.isUnavailable(false);
    await rig.another().start(rig.events);
    await heard('first words');
  });

  it('keeps its marks until it was read, whatever is said there then', async () => {
    await ann.says('one', { in: general });
    await heard('one');
    guild.isUnavailable();
    await ann.says('missed', { in: general });
    rig.twin.fault(`GET /channels/${general.id}/messages`, { status: 500 }, 1_000);
    guild.isUnavailable(false);
    await ann.says('newer', { in: general });
    await heard('newer');
    await passes(2_000);
    await rig.adapter.stop();
    rig.twin.heal();
    await rig.another().start(rig.events);
    await heard('missed');
  });

  it('that the bot has just come into is not read back', async () => {
    const other = rig.twin.guild({ name: 'Other', members: [ann] });
    const room = other.channel('room');
    other.kicksBot();
    await ann.says('old', { in: room });
    other.invitesBot();
    await ann.says('new', { in: room });
    await heard('new');
    expect(texts()).not.toContain('old');
  });
});

describe('the intake', () => {
  const message = (id: string) => ({ id, channel_id: 'c', author: { id: 'a' } }) as never;

  it('stores one after another, each until it is stored, and none twice', async () => {
    const time = virtualClock();
    const taken: string[] = [];
    let failures = 3;
    const intake = new Intake({
      ...{ clock: time, log: recordingLog(), seen: new Seen(seenMemory(), time), isDirect: () => false },
      take: async ({ id }) => {
        if (failures-- > 0) throw new Error('disk full');
        taken.push(id);
      },
    });
    for (const id of ['1', '2', '2', '3']) intake.push(message(id));
    await time.runUntil(() => taken.length === 3, 60_000);
    await time.advance(10_000);
    expect(taken).toEqual(['1', '2', '3']);
    await intake.stop();
  });

  it('hands in what was missed before what came meanwhile', async () => {
    const time = virtualClock();
    const taken: string[] = [];
    const seen = new Seen(seenMemory(), time);
    const take = async ({ id }: { readonly id: string }) => void taken.push(id);
    const intake = new Intake({ clock: time, log: recordingLog(), seen, isDirect: () => false, take });
    intake.hold();
    intake.push(message('13'));
    await time.advance(1_000);
    expect(taken).toEqual([]);
    intake.release(async () => {
      for (const id of ['11', '12', '13']) await intake.take(message(id));
    });
    await time.runUntil(() => taken.length === 3, 1_000);
    await time.advance(1_000);
    expect(taken).toEqual(['11', '12', '13']);
    expect(seen.after('c')).toBe('13');
    await intake.stop();
  });
});

describe('what was seen', () => {
  it('never goes back, is kept at most once a second, and knows who a direct chat is with', async () => {
    const time = virtualClock();
    const memory = seenMemory();
    const saves: number[] = [];
    const counting: SeenMemory = {
      known: memory.known,
      save: (changes) => {
        saves.push(changes.size);
        return memory.save(changes);
      },
    };
    const seen = new Seen(counting, time);
    for (const id of ['100', '99', '101']) seen.mark('c', id);
    seen.mark('d', '7', 'ann');
    seen.mark('d', '8');
    await time.advance(1_000);
    expect(saves).toEqual([2]);
    expect([...memory.known]).toEqual([
      ['c', { message: '101' }],
      ['d', { message: '8', person: 'ann' }],
    ]);
    seen.hold('c', '101');
    seen.hold('e', '50');
    for (const id of ['102', '103']) seen.mark('c', id);
    await time.advance(1_000);
    expect([seen.after('c'), memory.known.get('e')]).toEqual(['101', { message: '50' }]);
    for (const channel of ['c', 'e']) seen.release(channel);
    expect([seen.after('c'), seen.after('e')]).toEqual(['103', '50']);
    seen.forget('c');
    await seen.close();
    expect(new Seen(memory, time).directs()).toEqual(['d']);
    expect(new Seen(memory, time).after('c')).toBeUndefined();
  });

  it('is ordered as ids are, which hold their time', () => {
    const at = Date.UTC(2026, 0, 1);
    expect(timeOf(snowflakeAt(at))).toBe(at);
    expect(isNewer(snowflakeAt(at + 1), snowflakeAt(at))).toBe(true);
    expect(isNewer('99', '100')).toBe(false);
    expect(isNewer('100', '100')).toBe(false);
  });
});
