import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccountLink, LinkAsk, LinkState, LinkView } from '../../src/core/link.ts';
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
/** Resolves once the adapters that are being made are there. */
let making: Promise<void>;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'linkers-'));
  twin = await whatsappTwin({ firstKeys: 'few' });
  database = openDatabase(':memory:');
  clock = virtualClock();
  making = Promise.resolve();
  const accounts = { work: {} };
  const config = configSchema.parse({ channels: { whatsapp: { wsUrl: twin.url, accounts } } });
  links = new Linkers({
    ...{ home, database, clock, ids: seededIds(), log: silentLog, config: () => config },
    adapterLink: (account) => adapters.get(account),
    adaptersMade: () => making,
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

type StateOf<K> = Extract<LinkState, { kind: K }>;

/** Follows the link to this step. */
async function viewOf<K extends LinkState['kind']>(
  account: string,
  kind: K,
): Promise<{ readonly seq: number; readonly state: StateOf<K> }> {
  const fits = (state: LinkState): state is StateOf<K> => state.kind === kind;
  for (let seen = 0; ; ) {
    const next = await links.next(account, seen);
    if (!next.ok) throw new Error(`waited for ${kind}: ${next.refusal.message}`);
    const { seq, state } = next.value;
    if (fits(state)) return { seq, state };
    seen = seq;
  }
}

const reaches = async <K extends LinkState['kind']>(account: string, kind: K): Promise<StateOf<K>> =>
  (await viewOf(account, kind)).state;

/** From now on adapters are made until what comes back is called, with the one of the default account or none. */
function taking(): (adapter?: AccountLink) => void {
  const over = Promise.withResolvers<void>();
  making = over.promise;
  return (adapter) => {
    if (adapter !== undefined) adapters.set('default', adapter);
    over.resolve();
  };
}

interface Adapter extends AccountLink {
  readonly asked: LinkAsk[];
  set(view: LinkView): void;
}

function anAdapter(first: LinkView): Adapter {
  let view = first;
  let news = Promise.withResolvers<void>();
  const asked: LinkAsk[] = [];
  return {
    asked,
    begin: async (ask) => {
      asked.push(ask);
      return ok(view);
    },
    view: () => view,
    changed: async (after) => {
      while (view.seq <= after) await news.promise;
      return view;
    },
    set: (next) => {
      view = next;
      news.resolve();
      news = Promise.withResolvers<void>();
    },
  };
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

  it('does not begin while an adapter takes the account over, which would be a second identity, and asks that one', async () => {
    const made = taking();
    const begun = links.begin('default', { phone: '49151' });
    await links.take('default', keyedStores(database, clock));
    const adapter = anAdapter({ seq: 1, state: { kind: 'connecting' } });
    made(adapter);
    expect(await begun).toMatchObject({ ok: true, value: { state: { kind: 'connecting' } } });
    expect({ asked: adapter.asked, knocks: twin.knocks }).toEqual({ asked: [{ phone: '49151' }], knocks: 0 });
  });

  it('says so when the adapter takes long, and begins by itself when it does not come', async () => {
    const made = taking();
    await links.take('default', keyedStores(database, clock));
    const begun = links.begin('default', {});
    expect(await clock.runUntil(begun, 15_000)).toMatchObject({ ok: false, refusal: { code: 'not_ready' } });
    expect(twin.knocks).toBe(0);
    made();
    expect(await qrOf('default')).not.toBe('');
  });

  it.each(['before its first step', 'while its code is shown'])(
    'goes on with the adapter that takes the account over %s: its steps are new ones',
    async (when) => {
      const made = taking();
      const begun = await links.begin('default', {});
      let seen = begun.ok ? begun.value.seq : 0;
      if (when === 'while its code is shown') seen = (await viewOf('default', 'qr')).seq;
      const asked = follow('default', seen);
      await links.take('default', keyedStores(database, clock));
      const code = { kind: 'qr', qr: 'of the adapter', until: 0 } as const;
      const adapter = anAdapter({ seq: 1, state: code });
      made(adapter);
      const view = await asked;
      expect(view?.state).toEqual(code);
      expect(view?.seq).toBeGreaterThan(seen);
      const later = follow('default', view?.seq ?? 0);
      adapter.set({ seq: 2, state: { kind: 'linked', number: '49' } });
      expect((await later)?.state.kind).toBe('linked');
      expect(adapter.asked).toEqual([]);
    },
  );

  it('asks the adapter that takes the account over for a code where one was asked for', async () => {
    const made = taking();
    await links.begin('default', { phone: '49 151 00000' });
    const { seq } = await viewOf('default', 'code');
    const asked = follow('default', seq);
    await links.take('default', keyedStores(database, clock));
    const adapter = anAdapter({ seq: 1, state: { kind: 'connecting' } });
    made(adapter);
    expect((await asked)?.state.kind).toBe('connecting');
    expect(adapter.asked).toEqual([{ phone: '49 151 00000' }]);
  });

  it('ends for whoever watches when it is closed', async () => {
    await links.begin('default', {});
    const { seq } = await viewOf('default', 'qr');
    const asked = follow('default', seq);
    await links.close();
    expect((await asked)?.state.kind).toBe('ended');
    expect(await links.next('default', seq)).toMatchObject({ ok: false, refusal: { code: 'not_linking' } });
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
