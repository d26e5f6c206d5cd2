import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccountLink, LinkState, LinkView } from '../../src/core/link.ts';
import { ok } from '../../src/core/result.ts';
import { configSchema } from '../../src/infra/config.ts';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { silentLog } from '../../src/infra/log.ts';
import { Linkers, picturePath } from '../../src/wiring/whatsapp.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { until } from '../fakes/wait.ts';
import { type WhatsAppTwin, whatsappTwin } from '../twins/whatsapp/twin.ts';

let home: string;
let twin: WhatsAppTwin;
let database: Database;
let clock: VirtualClock;
let links: Linkers;
const adapters = new Map<string, AccountLink>();
const shown: LinkView[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'linkers-'));
  twin = await whatsappTwin({ firstKeys: 'few' });
  database = openDatabase(':memory:');
  clock = virtualClock();
  const accounts = { work: {} };
  const config = configSchema.parse({ channels: { whatsapp: { wsUrl: twin.url, accounts } } });
  links = new Linkers({
    ...{ home, database, clock, ids: seededIds(), log: silentLog, config: () => config },
    adapterLink: (account) => adapters.get(account),
    show: (_account, view) => shown.push(view),
  });
});
afterEach(async () => {
  adapters.clear();
  shown.length = 0;
  await links.close();
  await database.close();
  await twin.close();
  rmSync(home, { recursive: true, force: true });
});

async function qrOf(account: string): Promise<string> {
  const begun = await links.begin(account, {});
  let view = begun.ok ? begun.value : undefined;
  while (view !== undefined && view.state.kind !== 'qr') {
    const next = await links.next(account, view.seq);
    view = next.ok ? next.value : undefined;
  }
  return view?.state.kind === 'qr' ? view.state.qr : '';
}

/** Follows the link to this step. */
async function reaches<K extends LinkState['kind']>(
  account: string,
  kind: K,
): Promise<Extract<LinkState, { kind: K }>> {
  const fits = (state: LinkState): state is Extract<LinkState, { kind: K }> => state.kind === kind;
  for (let seen = 0; ; ) {
    const next = await links.next(account, seen);
    if (!next.ok) throw new Error(`waited for ${kind}: ${next.refusal.message}`);
    if (fits(next.value.state)) return next.value.state;
    seen = next.value.seq;
  }
}

async function follow(account: string, after: number): Promise<LinkView | undefined> {
  const next = await links.next(account, after);
  return next.ok ? next.value : undefined;
}

describe('linking an account that is switched off', () => {
  it('connects for that alone, one account beside another, and leaves the link behind', async () => {
    const phone = twin.phone();
    const [code, other] = await Promise.all([qrOf('default'), qrOf('work')]);
    expect(new Set([code, other]).size).toBe(2);
    const picture = picturePath(home, 'work');
    await until(() => existsSync(picture), 'the picture');
    expect(statSync(picture).mode & 0o777).toBe(0o600);
    await phone.scan(code);
    for (let view = await follow('default', 2); view?.state.kind !== 'linked'; )
      view = await follow('default', view?.seq ?? 0);
    expect(await links.next('default', 0)).toMatchObject({ ok: false, refusal: { code: 'not_linking' } });
    expect(await links.begin('default', {})).toMatchObject({
      ok: true,
      value: { state: { kind: 'linked', number: '4915100000' } },
    });
    await links.close();
    expect(existsSync(picture)).toBe(false);
    await until(() => twin.connections === 0, 'the end of all connections');
  });

  it('gives a link up when asked to, and shows the code for a new one', async () => {
    const phone = twin.phone();
    await phone.scan(await qrOf('default'));
    await reaches('default', 'linked');
    const [first] = phone.linked;
    expect(await links.begin('default', { again: true })).toMatchObject({
      ok: true,
      value: { state: { kind: 'connecting' } },
    });
    const { qr } = await reaches('default', 'qr');
    expect(phone.linked).toEqual([]);
    await phone.scan(qr);
    await reaches('default', 'linked');
    expect(phone.linked).toHaveLength(1);
    expect(phone.linked).not.toContain(first);
  });

  it('makes one connection, however often it is asked for at once', async () => {
    await Promise.all([qrOf('default'), qrOf('default'), qrOf('default')]);
    expect(twin.connections).toBe(1);
  });

  it('ends when nobody asks how it goes any more', async () => {
    await qrOf('default');
    await clock.advance(61_000);
    await until(() => twin.connections === 0, 'the end of the connection');
  });

  it('answers a question with what there is after some seconds without news', async () => {
    await qrOf('default');
    const asked = follow('default', 99);
    await clock.advance(20_000);
    expect((await asked)?.state.kind).toBe('qr');
  });

  it('does not begin while an adapter takes the account over: that would be a second identity', async () => {
    const begun = links.begin('default', {});
    await links.take('default', keyedStores(database, clock));
    expect(await begun).toMatchObject({ ok: false, refusal: { code: 'not_ready' } });
    expect(await links.begin('default', {})).toMatchObject({ ok: false, refusal: { code: 'not_ready' } });
    expect(twin.knocks).toBe(0);
    await clock.advance(10_000);
    expect(await links.begin('default', {})).toMatchObject({ ok: true });
  });

  it('gives way to the adapter of the account', async () => {
    await qrOf('default');
    const taken = await links.take('default', keyedStores(database, clock));
    await until(() => twin.connections === 0, 'the end of the connection');
    const view: LinkView = { seq: 2, state: { kind: 'qr', qr: 'x', until: 0 } };
    taken.linkChanged(view);
    expect(shown).toEqual([view]);
    await until(() => existsSync(taken.picture ?? ''), 'the picture');
    taken.linkChanged({ seq: 3, state: { kind: 'scanned' } });
    await until(() => !existsSync(taken.picture ?? ''), 'no picture');
  });
});

it('asks the adapter of an account that is switched on', async () => {
  const view: LinkView = { seq: 7, state: { kind: 'linked', number: '49' } };
  adapters.set('default', { begin: async () => ok(view), view: () => view, changed: async () => view });
  expect(await links.begin('default', {})).toEqual({ ok: true, value: view });
  expect(await links.next('default', 3)).toEqual({ ok: true, value: view });
  expect(twin.knocks).toBe(0);
});
