import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOfflineStore } from '../../src/cli/offline-store.ts';
import { Pairing } from '../../src/inbound/pairing.ts';
import { configSchema } from '../../src/infra/config.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { statePaths } from '../../src/infra/state-paths.ts';
import { aRoute, noon } from '../fakes/builders.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { codeFor, wrote } from '../inbound/pairing-world.ts';

let home: string;
let cli: FakeCli;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pair-'));
  cli = fakeCli(home, { clock: virtualClock(noon), openStore: () => openOfflineStore(home, () => noon) });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const answered = (value: unknown): unknown => ({ kind: 'answered', value });
const link = 'https://t.me/yard_bot?start=ABCDEFGHJKLMNPQR';
const bo = { id: 'telegram:8', name: 'Bo', route: aRoute, since: noon, by: { via: 'cli' } };

describe('switchyard pair telegram', () => {
  it('shows a link and its code, and says what they do', async () => {
    cli.answers['pair.link'] = answered({ link, expiresAt: noon + 3_600_000, owner: true });
    expect(await cli.run('pair', 'telegram')).toBe(0);
    const [text = ''] = cli.out;
    const picture = text.split('\n').filter((line) => /^[ █▀▄]+$/.test(line));
    expect(picture.length).toBeGreaterThan(15);
    expect(text).toContain(`\n${link}\n`);
    expect(text).toMatch(
      /Whoever opens it first may talk to the bot, and becomes its owner\.\nIt works once, within 1 h\.$/,
    );
    expect(cli.calls).toEqual([{ verb: 'pair.link', params: { channel: 'telegram' } }]);
  });

  it('promises to make an owner only where there is none', async () => {
    cli.answers['pair.link'] = answered({ link, expiresAt: noon, owner: false });
    await cli.run('pair', 'telegram', '--account', 'work');
    expect(cli.out[0]).not.toContain('owner');
    expect(cli.calls[0]?.params).toEqual({ channel: 'telegram', account: 'work' });
  });

  it('prints the link and when it ends as JSON', async () => {
    cli.answers['pair.link'] = answered({ link, expiresAt: noon + 3_600_000, owner: true });
    await cli.run('pair', 'telegram', '--json');
    expect(JSON.parse(cli.out[0] ?? '')).toEqual({ link, expiresAt: noon + 3_600_000 });
  });
});

describe('switchyard pair', () => {
  it('decides by channel and code, and says what came of it', async () => {
    cli.answers['pair.approve'] = answered({ person: bo, becameOwner: true, route: aRoute });
    cli.answers['pair.deny'] = answered({ ...bo, code: 'K7MP2QXR', at: noon });
    cli.answers['pair.revoke'] = answered({ person: bo, wasOwner: false, asksAgain: 'later' });
    expect(await cli.run('pair', 'approve', 'telegram', 'k7mp2qxr')).toBe(0);
    expect(await cli.run('pair', 'deny', 'telegram', 'K7MP2QXR')).toBe(0);
    expect(await cli.run('pair', 'revoke', 'telegram:8')).toBe(0);
    expect(cli.out).toEqual([
      'Bo (telegram:8) may talk to the bot now, and is the owner.',
      'Bo (telegram:8) was sent away.',
      'Bo (telegram:8) has no access any more. They can ask again an hour after they asked.',
    ]);
    expect(cli.calls).toEqual([
      { verb: 'pair.approve', params: { channel: 'telegram', code: 'k7mp2qxr' } },
      { verb: 'pair.deny', params: { channel: 'telegram', code: 'K7MP2QXR' } },
      { verb: 'pair.revoke', params: { id: 'telegram:8' } },
    ]);
  });

  it('passes refusals on with exit 1, and knows no other channel', async () => {
    cli.answers['pair.approve'] = {
      kind: 'refused',
      refusal: { code: 'unknown', message: 'No such code.', fix: 'Look.' },
    };
    expect(await cli.run('pair', 'approve', 'telegram', 'X')).toBe(1);
    expect(await cli.run('pair', 'approve', 'signal', 'X')).toBe(1);
    expect(cli.err[0]).toBe('No such code. Look.');
    expect(cli.calls).toHaveLength(1);
  });

  it('needs the running process for everything but the list', async () => {
    const verbs = [['telegram'], ['approve', 'telegram', 'X'], ['deny', 'telegram', 'X'], ['revoke', 'telegram:8']];
    for (const verb of verbs) expect(await cli.run('pair', ...verb)).toBe(2);
    expect(cli.err.every((line) => line.startsWith('not running'))).toBe(true);
  });
});

describe('switchyard pair list with the process down', () => {
  beforeEach(async () => {
    const database = openDatabase(statePaths(home).database);
    const clock = virtualClock(noon - 7_200_000);
    const stores = keyedStores(database, clock);
    const pairing = await Pairing.open({ stores, clock, ids: seededIds(), config: () => configSchema.parse({}) });
    const world = { pairing } as Parameters<typeof codeFor>[0];
    await pairing.approve({ code: await codeFor(world, '8') }, { via: 'cli' });
    await codeFor(world, 'late');
    await clock.advance(7_200_000 - 180_000);
    await pairing.ask(wrote('9', 'hi', { sender: { id: '9', name: 'Bo' } }));
    await database.close();
  });

  const table = (text = '') => text.split('\n').map((line) => line.replace(/ {2,}/g, '  '));

  it('shows what is stored', async () => {
    expect(await cli.run('pair', 'list')).toBe(0);
    expect(table(cli.out[0])).toEqual([
      'Waiting',
      'CODE  PERSON  ASKED  NAME',
      expect.stringMatching(/^[A-Z2-9]{8} {2}telegram:9 {2}3m ago {2}Bo$/),
      '',
      'May talk to the bot',
      'PERSON  AS  SINCE  LET IN BY  NAME',
      'telegram:8  owner  2026-01-01T10:00:00Z (2h ago)  the command line  8',
      'People in allowFrom and commands.ownerAllowFrom of the config may too.',
    ]);
    expect(await cli.run('pair', 'list', '--json')).toBe(0);
    expect(JSON.parse(cli.out[1] ?? '')).toMatchObject({
      pending: [{ id: 'telegram:9' }],
      people: [{ id: 'telegram:8', owner: true }],
    });
  });

  it('knows that an owner named in the config is the only one', async () => {
    writeFileSync(join(home, 'switchyard.json5'), "{ commands: { ownerAllowFrom: ['telegram:1'] } }");
    await cli.run('pair', 'list');
    expect(cli.out[0]).toContain('telegram:8  allowed');
  });

  it('says of a folder without any state that nothing runs', async () => {
    rmSync(statePaths(home).database);
    expect(await cli.run('pair', 'list')).toBe(2);
  });
});
