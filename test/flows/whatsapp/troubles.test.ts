// When something is wrong between the bot and WhatsApp: what is shown of it, what is kept, and how it recovers, over the wire.
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { text } from '../../twins/openai.ts';
import { scripted } from '../scripted-model.ts';
import { channelLine, connected, linkState, openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const says = (words: RegExp, what: string): Promise<void> =>
  until(async () => words.test(await channelLine(world.place)), what);

async function talks(): Promise<void> {
  const { phone, twin } = world;
  await phone.says('hello');
  await twin.next(phone, /^ok$/);
}

describe('a connection that breaks', () => {
  it.each([
    ['dropped', (w: World) => w.twin.disconnects.drop()],
    ['ended by the server', (w: World) => w.twin.disconnects.end()],
    ['ended with 503', (w: World) => w.twin.disconnects.streamError(503)],
    ['ended with 515', (w: World) => w.twin.disconnects.streamError(515)],
    [
      'and whose renewal meets a 502',
      (w: World) => {
        w.twin.disconnects.refuseUpgrades(502, 1);
        w.twin.disconnects.drop();
      },
    ],
  ])('%s comes back by itself', async (_how, breaks) => {
    world = await openWorld();
    const { logins } = world.twin;
    breaks(world);
    await until(() => world.twin.logins > logins, 'the next login', 60_000);
    await connected(world.place);
    await talks();
  });

  it('while a run works brings its result once, afterwards', async () => {
    world = await openWorld();
    const { phone, twin } = world;
    const gate = Promise.withResolvers<void>();
    scripted(world.model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('found it');
    });
    await phone.says('/subagents spawn main dig');
    await twin.next(phone, /started \(#1/);
    await twin.down();
    await says(/: (connecting|disconnected)/, 'the loss to be shown');
    gate.resolve();
    await until(async () => !(await world.cli('tasks', 'list')).out.includes('running'), 'the end of the run');
    await twin.up();
    await twin.next(phone, 'found it');
    await talks();
    expect(twin.shown(phone).filter((one) => one.text.includes('found it'))).toHaveLength(1);
  });

  it('taken over by another program stays away, and says so', async () => {
    world = await openWorld();
    const { logins } = world.twin;
    world.twin.disconnects.conflict();
    await says(/: conflict/, 'the conflict');
    expect((await world.cli('status')).code).toBe(1);
    expect(world.twin.logins).toBe(logins);
  });
});

describe('a phone that removes the bot', () => {
  it('is said so, and a new scan links it again', async () => {
    world = await openWorld();
    const { phone, place } = world;
    phone.unlink();
    await says(/npx switchyard pair whatsapp/, 'the removal');
    const { qr } = await linkState(place, 'qr');
    const { out } = await world.cli('doctor');
    expect(out).toMatch(
      /fail: channels: whatsapp:default: disconnected\..*\n {2}fix: Link it: switchyard pair whatsapp\.\n/,
    );
    await phone.scan(qr);
    await linkState(place, 'linked');
    await connected(place);
    await talks();
  });
});

describe('a message WhatsApp refuses', () => {
  it('is reported and not sent again', async () => {
    world = await openWorld();
    scripted(world.model, async () => undefined);
    const { phone, twin, cli } = world;
    twin.disconnects.nack(463, 1);
    await phone.says('hello');
    await until(async () => (await cli('status')).out.includes('1 undelivered'), 'the report');
    await phone.says('hello again');
    await twin.next(phone, /^ok$/);
    expect(twin.shown(phone)).toHaveLength(1);
  });

  it('without an answer is sent again under the same id, and seen once', async () => {
    world = await openWorld();
    const { phone, twin } = world;
    twin.disconnects.swallowAcks(1);
    await phone.says('hello');
    await twin.next(phone, /^ok$/);
    twin.disconnects.drop();
    await until(() => (twin.shown(phone)[0]?.times ?? 0) > 1, 'the repetition', 60_000);
    expect(twin.shown(phone)).toHaveLength(1);
    expect(twin.violations).toEqual([]);
  });
});
