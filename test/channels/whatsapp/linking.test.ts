import { describe, expect, it } from 'vitest';
import { Auth, type AuthMemory } from '../../../channels/whatsapp/auth.ts';
import { authMemory } from '../../../src/wiring/whatsapp-memory.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import { type Device, type LinkRig, openLinkRig, rotating, scanNewest } from './link-rig.ts';

const health = ({ connection }: Device) => connection.health();
const connected = (device: Device): Promise<void> => until(() => health(device).state === 'connected', 'the login');
const kinds = (device: Device): readonly string[] =>
  device.views.map(({ state }) => state.kind).filter((kind, index, all) => kind !== all[index - 1]);
/** Pauses are short, and what the library waits for is not. */
const clock = fastClock(10);

describe('linking by QR code', () => {
  it('shows code after code, follows the scan to the login, and is who the phone is', async () => {
    const rig = await openLinkRig({ refs: 500 });
    const device = rig.device({ makeSocket: rotating(40) });
    await device.connection.start();
    expect(health(device)).toEqual({
      state: 'disconnected',
      detail: 'No phone is linked; a code waits to be scanned. Show it: npx switchyard pair whatsapp',
    });
    await until(() => new Set(device.qrs()).size >= 4, 'three rotations');
    await scanNewest(rig.phone, device);
    await device.reaches('linked');
    expect(kinds(device)).toEqual(['qr', 'scanned', 'linked']);
    expect(device.connection.me()).toMatchObject({ pn: '4915100000', lid: '900000000' });
    expect(health(device)).toMatchObject({
      state: 'connected',
      detail: expect.stringMatching(/^\+49 151 … 00, connected/),
    });
    expect(rig.twin).toMatchObject({ logins: 1, violations: [] });
  });

  it('logs in again after a restart without asking for anything', async () => {
    const rig = await openLinkRig();
    const before = await rig.linked();
    await before.connection.stop();
    const after = rig.device();
    expect(after.connection.me()?.pn).toBe('4915100000');
    await after.connection.start();
    expect(health(after).state).toBe('connected');
    expect(after.qrs()).toEqual([]);
  });

  it('shows three rounds of codes that nobody asked for, then waits, and goes on when asked', async () => {
    const rig = await openLinkRig({ refs: 2 });
    let codeMs = 40;
    const device = rig.device({ makeSocket: (config) => rotating(codeMs)(config) });
    await device.connection.start();
    await device.reaches('expired');
    codeMs = 30_000;
    expect({ codes: device.qrs().length, connections: rig.twin.knocks }).toEqual({ codes: 6, connections: 3 });
    expect(health(device).detail).toBe('No phone is linked. Link one: npx switchyard pair whatsapp');
    expect(await device.connection.begin({})).toMatchObject({ ok: true });
    await scanNewest(rig.phone, device);
    await device.reaches('linked');
  });

  it('writes no code, key or number into the log', async () => {
    const rig = await openLinkRig();
    const device = await rig.linked();
    const creds = authMemory(rig.database, 'default').get('creds') ?? '';
    const secrets = [...device.qrs().flatMap((qr) => qr.slice(qr.indexOf('#') + 1).split(',')), '4915100000']
      .concat([...creds.matchAll(/"data":"([^"]{20,})"/g)].map(([, key = '']) => key))
      .filter((secret) => secret.length > 8);
    expect(secrets.length).toBeGreaterThan(10);
    const written = JSON.stringify(rig.log.lines);
    expect(secrets.filter((secret) => written.includes(secret))).toEqual([]);
  });
});

describe('linking by a code for a number', () => {
  it('takes the code that is typed on the phone', async () => {
    const rig = await openLinkRig();
    const device = rig.device();
    expect(await device.connection.begin({ phone: '+49 151 00000' })).toMatchObject({ ok: true });
    const { code } = await device.reaches('code');
    expect(code).toMatch(/^[A-Z0-9]{8}$/);
    expect(device.qrs()).toEqual([]);
    await until(() => rig.twin.codesAsked === 1, 'the question for a code');
    await rig.phone.enterCode(code);
    await device.reaches('linked');
    expect(device.connection.me()?.pn).toBe('4915100000');
  });

  it('leaves a clean start behind when the process dies before it is typed', async () => {
    const rig = await openLinkRig();
    const device = rig.device();
    await device.connection.begin({ phone: '4915100000' });
    await device.reaches('code');
    await device.connection.stop();
    expect(authMemory(rig.database, 'default').get('creds')).toContain('4915100000');
    const after = rig.device();
    expect(after.connection.me()).toBeUndefined();
    await scanNewest(rig.phone, startedOf(after));
    await after.reaches('linked');
  });

  it('can be changed for a QR code, and back', async () => {
    const rig = await openLinkRig();
    const device = rig.device();
    await device.connection.begin({ phone: '4915100000' });
    const { code } = await device.reaches('code');
    await device.connection.begin({});
    await device.reaches('qr');
    await device.connection.begin({ phone: '4915100000' });
    expect((await device.reaches('code')).code).not.toBe(code);
  });

  it('explains what a number looks like', async () => {
    const rig = await openLinkRig();
    expect(await rig.device({ account: 'work' }).connection.begin({ phone: '0151' })).toEqual({
      ok: false,
      refusal: {
        code: 'bad_number',
        message: 'That is no phone number in the international form.',
        fix: 'Write it with its country code, for example: npx switchyard pair whatsapp --account work --phone +4915112345617',
      },
    });
    expect(rig.twin.knocks).toBe(0);
  });
});

function startedOf(device: Device): Device {
  void device.connection.start();
  return device;
}

/** Loses every write from the given one on, as a process does that is killed. */
function dyingMemory(memory: AuthMemory, at: number): { readonly memory: AuthMemory; dead(): boolean } {
  let writes = 0;
  const alive = (): boolean => {
    writes += 1;
    return writes < at;
  };
  return {
    memory: {
      get: (key) => memory.get(key),
      all: (prefix) => memory.all(prefix),
      write: async (changes) => (alive() ? memory.write(changes) : undefined),
      clear: async () => (alive() ? memory.clear() : undefined),
    },
    dead: () => writes >= at,
  };
}

async function killedAt(rig: LinkRig, at: number): Promise<Device> {
  const dying = dyingMemory(authMemory(rig.database, 'default'), at);
  const device = startedOf(rig.device({ auth: new Auth(dying.memory, rig.log) }));
  await device.reaches('qr');
  await Promise.all([
    rig.phone.scan(device.qrs().at(-1) ?? '').catch(() => undefined),
    until(() => dying.dead() || health(device).state === 'connected', 'the end'),
  ]);
  await device.connection.stop();
  return rig.device({ clock });
}

describe('a process that is killed while it is linked', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'at write %i is linked afterwards, or shows a clean new code',
    async (at) => {
      const rig = await openLinkRig();
      const after = startedOf(await killedAt(rig, at));
      await until(() => after.qrs().length > 0 || health(after).state === 'connected', 'a code or the login');
      if (after.qrs().length > 0) await scanNewest(rig.phone, after);
      await after.reaches('linked');
      await connected(after);
    },
  );
});

describe('giving a link up', () => {
  it('says that there is one, and changes nothing, unless it is asked for', async () => {
    const rig = await openLinkRig();
    const device = await rig.linked();
    expect(await device.connection.begin({})).toMatchObject({
      ok: true,
      value: { state: { kind: 'linked', number: '4915100000' } },
    });
    expect({ state: health(device).state, linked: rig.phone.linked }).toEqual({ state: 'connected', linked: [1] });
  });

  it('tells the phone, forgets everything and links anew', async () => {
    const rig = await openLinkRig();
    const device = await rig.linked();
    expect(await device.connection.begin({ again: true })).toMatchObject({ value: { state: { kind: 'connecting' } } });
    await until(() => rig.phone.linked.length === 0, 'the phone to know');
    await device.reaches('qr');
    expect(device.connection.me()).toBeUndefined();
    expect(device.alarms).toEqual([]);
    await scanNewest(rig.phone, device);
    await device.reaches('linked');
  });
});

describe('a link the phone removed', () => {
  it('is forgotten, the owner told, and a new code offered', async () => {
    const rig = await openLinkRig();
    const device = await rig.linked();
    rig.phone.unlink();
    await device.reaches('qr');
    expect(device.alarms).toEqual([
      'WhatsApp: The phone has removed this device, so nothing can be received or sent. Link it again: npx switchyard pair whatsapp',
    ]);
    expect(health(device)).toMatchObject({ state: 'disconnected', detail: expect.stringContaining('removed this') });
    expect(authMemory(rig.database, 'default').get('creds')).toBeUndefined();
    await scanNewest(rig.phone, device);
    await device.reaches('linked');
  });

  it('is noticed at the next start as well', async () => {
    const rig = await openLinkRig();
    const before = await rig.linked();
    await before.connection.stop();
    rig.phone.unlink();
    const after = startedOf(rig.device());
    await after.reaches('qr');
    expect(after.alarms).toHaveLength(1);
  });
});
