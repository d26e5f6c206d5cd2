import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pauseMs, qrRounds } from '../../../channels/whatsapp/reconnect.ts';
import { type FakeConnection, type FakeSocket, fakeConnection } from './fake-connection.ts';

const health = ({ connection }: FakeConnection) => connection.health();
const codes = ({ log }: FakeConnection): readonly unknown[] => log.lines.map(({ fields }) => fields.code);
const minute = 60_000;

describe('the end of a connection', () => {
  it.each([
    [428, 'The connection to WhatsApp broke'],
    [408, 'WhatsApp does not answer'],
    [503, 'WhatsApp is not available'],
    [500, 'The connection to WhatsApp broke'],
    [999, 'The connection to WhatsApp broke'],
    [undefined, 'The connection to WhatsApp broke'],
  ])('%s: another one after about a second, the link kept', async (code, words) => {
    const rig = await fakeConnection();
    const first = await rig.started();
    first.open();
    await rig.clock.advance(5_000);
    first.close(code);
    await rig.clock.flush();
    expect(health(rig)).toEqual({ state: 'disconnected', detail: `${words} for 0.0s; trying again.` });
    await rig.clock.advance(700);
    expect(rig.sockets).toHaveLength(1);
    await rig.clock.advance(600);
    expect(rig.sockets).toHaveLength(2);
    expect(rig.connection.me()?.pn).toBe('4915112345617');
    expect(first.ended).toBe(1);
  });

  it('515: another one at once, with the credentials on disk', async () => {
    const rig = await fakeConnection();
    const first = await rig.started();
    const { routingInfo, ...creds } = JSON.parse(rig.texts.get('creds') ?? '{}');
    expect(routingInfo).toBeUndefined();
    const opened = await rig.auth.open();
    if (opened.kind === 'state') opened.state.creds.lastPropHash = 'changed';
    first.ev.emit('creds.update', {});
    first.close(515);
    await rig.clock.flush();
    expect(rig.sockets.map(({ madeAt }) => madeAt)).toEqual([first.madeAt, first.madeAt]);
    expect(JSON.parse(rig.texts.get('creds') ?? '{}')).toEqual({ ...creds, lastPropHash: 'changed' });
  });

  it('515 again and again: pauses come all the same', async () => {
    const rig = await fakeConnection();
    await rig.started();
    for (let i = 0; i < 20; i += 1) {
      rig.last().close(515);
      await rig.clock.flush();
    }
    expect(rig.sockets).toHaveLength(4);
    expect(health(rig).state).toBe('disconnected');
  });

  it.each([
    [440, 'conflict', 'Another program uses this link, so this one has stopped.'],
    [403, 'failed', 'WhatsApp has locked this account altogether.'],
    [406, 'failed', 'WhatsApp has locked this account altogether.'],
    [402, 'failed', 'WhatsApp has locked this account for some time.'],
    [411, 'failed', 'does not allow linked devices'],
    [405, 'failed', 'Update Switchyard'],
    [409, 'failed', 'Update Switchyard'],
  ])('%i: none, the owner is told once, and the link kept', async (code, state, words) => {
    const rig = await fakeConnection();
    const first = await rig.started();
    first.open();
    first.close(code);
    await rig.clock.advance(60 * minute);
    expect(rig.sockets).toHaveLength(1);
    expect(health(rig)).toMatchObject({ state, detail: expect.stringContaining(words) });
    expect(rig.alarms).toEqual([expect.stringContaining(words)]);
    expect(rig.connection.me()?.pn).toBe('4915112345617');
    expect(rig.clock.pending()).toBe(0);
  });

  it('440: goes on when somebody asks for it', async () => {
    const rig = await fakeConnection();
    (await rig.started()).close(440);
    await rig.clock.flush();
    expect(await rig.connection.begin({})).toMatchObject({ ok: true, value: { state: { kind: 'linked' } } });
    await rig.clock.flush();
    rig.last().open();
    expect({ sockets: rig.sockets.length, state: health(rig).state }).toEqual({ sockets: 2, state: 'connected' });
  });

  it('401: the link and its keys are gone, the owner is told, and a new code is offered', async () => {
    const rig = await fakeConnection();
    rig.texts.set('session:1', '"x"');
    const first = await rig.started();
    first.open();
    first.close(401);
    await rig.clock.flush();
    expect([...rig.texts]).toEqual([]);
    expect(rig.alarms).toEqual([expect.stringContaining('The phone has removed this device')]);
    rig.last().update({ qr: 'a,b' });
    expect(rig.connection.view().state).toMatchObject({ kind: 'qr', qr: 'a,b' });
    expect(health(rig).detail).toContain('The phone has removed this device');
  });

  it('401 of a proxy in between: nothing is forgotten', async () => {
    const rig = await fakeConnection();
    (await rig.started()).close(401, 'WebSocket Error (Unexpected server response: 401)');
    await rig.clock.flush();
    expect(rig.texts.has('creds')).toBe(true);
    expect(health(rig).detail).toContain('WhatsApp cannot be reached');
  });

  it('401 without a link: does not become a storm', async () => {
    const rig = await fakeConnection(false);
    await rig.started();
    for (let i = 0; i < 50; i += 1) {
      rig.last().close(401);
      await rig.clock.advance(100);
    }
    expect(rig.sockets.length).toBeLessThan(6);
    expect(rig.alarms).toEqual([]);
  });
});

describe('codes that nobody scans', () => {
  it('are shown three times over, and then on demand', async () => {
    const rig = await fakeConnection(false);
    await rig.started();
    for (let round = 1; round <= qrRounds; round += 1) {
      rig.last().update({ qr: `code ${round}` });
      await rig.clock.advance(10 * minute);
      rig.last().close(408, 'QR refs attempts ended');
      await rig.clock.flush();
    }
    await rig.clock.advance(60 * minute);
    expect(rig.sockets).toHaveLength(3);
    expect(rig.connection.view().state).toEqual({ kind: 'expired' });
    expect(health(rig).detail).toBe('No phone is linked. Link one: npx switchyard pair whatsapp');
    await rig.connection.begin({});
    await rig.clock.flush();
    expect(rig.sockets).toHaveLength(4);
  });

  it('say how long they last', async () => {
    const rig = await fakeConnection(false);
    const socket = await rig.started();
    const now = rig.clock.now();
    socket.update({ qr: 'first' });
    expect(rig.connection.view().state).toMatchObject({ until: now + 60_000 });
    socket.update({ qr: 'second' });
    expect(rig.connection.view().state).toMatchObject({ until: now + 20_000 });
  });

  it('are no code any more once one was scanned', async () => {
    const rig = await fakeConnection(false);
    const socket = await rig.started();
    socket.update({ qr: 'first' });
    socket.update({ isNewLogin: true });
    socket.update({ qr: 'second' });
    expect(rig.connection.view().state).toEqual({ kind: 'scanned' });
  });
});

describe('a connection that hangs', () => {
  it('while connecting, is given up after 25 s', async () => {
    const rig = await fakeConnection();
    const first = await rig.started();
    await rig.clock.advance(24_900);
    expect(first.ended).toBe(0);
    expect(health(rig)).toEqual({ state: 'connecting', detail: 'Connecting for 24s.' });
    await rig.clock.advance(1_500);
    expect({ ended: first.ended, sockets: rig.sockets.length }).toEqual({ ended: 1, sockets: 2 });
  });

  it('because it was turned away at the door, says so at once and is tried again', async () => {
    const rig = await fakeConnection();
    const first = await rig.started();
    first.ws.emit('unexpected-response');
    await rig.clock.flush();
    expect(health(rig)).toEqual({ state: 'disconnected', detail: 'WhatsApp is not available for 0.0s; trying again.' });
    await rig.clock.advance(1_500);
    expect({ ended: first.ended, sockets: rig.sockets.length }).toEqual({ ended: 1, sockets: 2 });
  });

  it('is not given up while the login goes on, and not for ever', async () => {
    const rig = await fakeConnection();
    const first = await rig.started();
    for (let i = 0; i < 8; i += 1) {
      await rig.clock.advance(20_000);
      first.ws.emit('frame');
    }
    expect(first.ended).toBe(0);
    for (let i = 0; i < 4; i += 1) {
      await rig.clock.advance(20_000);
      first.ws.emit('frame');
    }
    expect(first.ended).toBe(1);
  });

  it('is not given up while a code waits, nor while it is quiet', async () => {
    const scanning = await fakeConnection(false);
    const first = await scanning.started();
    Object.assign(first.ws, { isOpen: true, isConnecting: false });
    first.update({ qr: 'x' });
    const quiet = await fakeConnection();
    (await quiet.started()).open();
    await Promise.all([scanning.clock.advance(60 * minute), quiet.clock.advance(60 * minute)]);
    expect([scanning.sockets.length, quiet.sockets.length]).toEqual([1, 1]);
    expect(health(quiet)).toEqual({ state: 'connected', detail: '+49 151 … 17, connected for 1h00m.' });
  });

  it('with a line that is dead, shows that at once and is replaced', async () => {
    const rig = await fakeConnection();
    const first = await rig.started();
    first.open();
    expect(rig.connection.socket()).toBe(first);
    first.dies();
    expect(rig.connection.socket()).toBeUndefined();
    expect(health(rig)).toEqual({ state: 'disconnected', detail: 'The connection broke; trying again.' });
    await rig.clock.advance(12_000);
    expect(rig.sockets).toHaveLength(2);
  });
});

describe('pauses', () => {
  it('grow to a minute, and begin small again after a minute of connection', async () => {
    const rig = await fakeConnection();
    await rig.started();
    for (let i = 0; i < 9; i += 1) {
      rig.last().close(503);
      const made = rig.sockets.length;
      await rig.clock.runUntil(() => rig.sockets.length > made, 61_000);
    }
    const gaps = rig.sockets.map(({ madeAt }, index) => madeAt - (rig.sockets[index - 1]?.madeAt ?? madeAt)).slice(1);
    gaps.forEach((gap, index) => {
      expect(gap).toBeGreaterThanOrEqual(Math.min(60_000, 800 * 2 ** index) - 12_000 * Number(index > 5));
      expect(gap).toBeLessThanOrEqual(Math.min(60_000, 1_200 * 2 ** index));
    });
    rig.last().open();
    await rig.clock.advance(minute);
    rig.last().close(503);
    const made = rig.sockets.length;
    await rig.clock.advance(1_300);
    expect(rig.sockets).toHaveLength(made + 1);
  });

  it('are told in one line per outage', async () => {
    const rig = await fakeConnection();
    await rig.started();
    for (let i = 0; i < 5; i += 1) {
      rig.last().close(503);
      await rig.clock.advance(2 * minute);
    }
    const warned = rig.log.lines.filter(({ level }) => level === 'warn');
    expect(warned.map(({ message }) => message)).toEqual(['WhatsApp is not available; trying again until it works']);
    expect(codes(rig).filter((code) => code === 'whatsapp_unreachable').length).toBeGreaterThan(3);
  });

  it('never exceed a minute nor fall short of 0.8 s', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
        const pause = pauseMs(failures, chance);
        return pause >= 800 && pause <= 60_000;
      }),
    );
  });
});

describe('what the library keeps back although WhatsApp was told that we have it', () => {
  it.each([
    ['with whatever comes next', (socket: FakeSocket) => void socket.ws.emit('frame')],
    ['when the connection ends', (socket: FakeSocket) => socket.close(428)],
  ])('is handed on %s', async (_when, happens) => {
    const rig = await fakeConnection();
    const socket = await rig.started();
    const handedOn: string[] = [];
    socket.keptBack = () => void handedOn.push('a message');
    happens(socket);
    expect(handedOn).toEqual(['a message']);
  });

  it('is handed on at a stop, also what comes in while the socket closes', async () => {
    const rig = await fakeConnection();
    const socket = await rig.started();
    socket.open();
    const handedOn: string[] = [];
    socket.keptBack = () => void handedOn.push('before');
    const stopped = rig.connection.stop();
    socket.keptBack = () => void handedOn.push('while it closes');
    await stopped;
    expect(handedOn).toEqual(['before', 'while it closes']);
  });
});

it('credentials that changed while the last socket closed are on disk after a stop', async () => {
  const rig = await fakeConnection();
  const socket = await rig.started();
  socket.open();
  const opened = await rig.auth.open();
  socket.keptBack = () => {
    if (opened.kind === 'state') opened.state.creds.nextPreKeyId = 813;
  };
  await rig.connection.stop();
  expect(JSON.parse(rig.texts.get('creds') ?? '{}')).toMatchObject({ nextPreKeyId: 813 });
});

it('a link that the phone has removed and that cannot be forgotten yet is forgotten later', async () => {
  const rig = await fakeConnection();
  const forget = rig.auth.clear.bind(rig.auth);
  rig.auth.clear = () => Promise.reject(new Error('disk full'));
  (await rig.started()).close(401);
  await rig.clock.flush();
  expect(health(rig)).toMatchObject({ state: 'disconnected', detail: expect.stringContaining('trying again') });
  expect(rig.texts.has('creds')).toBe(true);
  rig.auth.clear = forget;
  await rig.clock.advance(2_000);
  rig.last().close(401);
  await rig.clock.flush();
  expect(rig.texts.has('creds')).toBe(false);
  expect(rig.alarms).toHaveLength(1);
  await rig.connection.stop();
});

it('a link that is given up and cannot be forgotten yet is forgotten later, after a pause', async () => {
  const rig = await fakeConnection();
  const forget = rig.auth.clear.bind(rig.auth);
  let tries = 0;
  rig.auth.clear = async () => {
    tries += 1;
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('disk full');
  };
  const first = await rig.started();
  first.open();
  expect(await rig.connection.begin({ again: true })).toMatchObject({ ok: true });
  for (let turn = 0; turn < 10; turn += 1) await rig.clock.flush();
  expect({ tries, logouts: first.logouts, sockets: rig.sockets.length }).toEqual({ tries: 1, logouts: 1, sockets: 1 });
  const what = 'The link that is given up could not be removed from the disk; trying again.';
  expect(rig.connection.view().state).toEqual({ kind: 'trouble', what });
  rig.auth.clear = forget;
  await rig.clock.advance(2_000);
  expect({ sockets: rig.sockets.length, me: rig.connection.me(), alarms: rig.alarms }).toEqual({
    ...{ sockets: 2, me: undefined, alarms: [] },
  });
  await rig.connection.stop();
});

describe('sockets', () => {
  it('are made one after another, each with a number, whatever happens when; the old ones are ended and not heard', async () => {
    const event = fc.oneof(
      fc.constantFrom('open', 'qr', 'login', 'dies', 'begin', 'again', 'code').map((kind) => ({ kind, code: 0 })),
      fc.constantFrom(515, 428, 408, 503, 500, 440, 401, 403).map((code) => ({ kind: 'close', code })),
      fc.constantFrom(515, 401, 440, 503).map((code) => ({ kind: 'old', code })),
      fc.integer({ min: 1, max: 90_000 }).map((code) => ({ kind: 'wait', code })),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(event, { maxLength: 25 }), async (linked, events) => {
        const rig = await fakeConnection(linked);
        await rig.started();
        for (const { kind, code } of events) {
          const last = rig.last();
          if (kind === 'open') last.open();
          else if (kind === 'qr') last.update({ qr: 'x' });
          else if (kind === 'login') last.update({ isNewLogin: true });
          else if (kind === 'dies') last.dies();
          else if (kind === 'close') last.close(code);
          else if (kind === 'begin') await rig.connection.begin({});
          else if (kind === 'code') await rig.connection.begin({ phone: '4915112345617' });
          else if (kind === 'again') void rig.connection.begin({ again: true });
          else if (kind === 'wait') await rig.clock.advance(code);
          else {
            const { state } = rig.connection.health();
            for (const old of rig.sockets.slice(0, -1)) old.close(code);
            expect(rig.connection.health().state).toBe(state);
          }
          await rig.clock.flush();
          expect(rig.sockets.filter(({ ended }) => ended === 0).length).toBeLessThanOrEqual(1);
          expect(rig.connection.health().state === 'connected').toBe(rig.connection.socket() !== undefined);
        }
        await rig.connection.stop();
        expect(rig.sockets.every(({ ended }) => ended > 0)).toBe(true);
        expect(rig.attached).toEqual(rig.sockets.map((_, index) => index + 1));
        expect(rig.clock.pending()).toBe(0);
        const { ev } = rig.last();
        expect(ev.listenerCount('connection.update') + ev.listenerCount('creds.update')).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('are none any more after a stop, in whatever state', async () => {
    const rig = await fakeConnection();
    const first = await rig.started();
    const stopped = rig.connection.stop();
    first.close(503);
    await stopped;
    await rig.clock.advance(60 * minute);
    expect({ sockets: rig.sockets.length, health: health(rig) }).toEqual({
      sockets: 1,
      health: { state: 'stopped', detail: 'Stopped.' },
    });
  });
});
