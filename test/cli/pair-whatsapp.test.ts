import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { LinkDesk } from '../../src/cli/engine-port.ts';
import { openOfflineLinks } from '../../src/cli/offline-links.ts';
import { lockState } from '../../src/cli/state-lock.ts';
import type { LinkState, LinkView } from '../../src/core/link.ts';
import { ok, refuse } from '../../src/core/result.ts';
import { readEnv } from '../../src/infra/env.ts';
import { statePaths } from '../../src/infra/state-paths.ts';
import { noon } from '../fakes/builders.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import { whatsappTwin } from '../twins/whatsapp/twin.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pair-whatsapp-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const qr = (name: string): LinkState => ({ kind: 'qr', qr: `https://wa.me/x#${name}`, until: noon + 60_000 });
const linked: LinkState = { kind: 'linked', number: '4915112345617' };

/** Goes through these steps, one per question. */
function desk(...states: readonly LinkState[]): LinkDesk & { readonly asked: unknown[]; closed: boolean } {
  const view = (index: number): LinkView => ({ seq: index + 2, state: states[index] ?? { kind: 'connecting' } });
  const asked: unknown[] = [];
  return {
    asked,
    closed: false,
    async begin(account, ask) {
      asked.push({ account, ...ask });
      return ok(view(0));
    },
    next: async (_account, after) =>
      after - 1 < states.length ? ok(view(after - 1)) : new Promise<never>(() => undefined),
    async close() {
      this.closed = true;
    },
  };
}

function cliWith(links: LinkDesk): FakeCli {
  return fakeCli(home, { clock: virtualClock(noon), openLinks: async () => ok(links) });
}

const words = (cli: FakeCli): readonly string[] =>
  cli.out.map((text) => text.replace(/^[ █▀▄]+\n/gm, '').replace(/\n[ █▀▄]+$/g, ''));

describe('switchyard pair whatsapp', () => {
  it('shows what to do at each step, and how it ended', async () => {
    const links = desk({ kind: 'connecting' }, qr('a'), qr('b'), { kind: 'scanned' }, linked);
    const cli = cliWith(links);
    expect(await cli.run('pair', 'whatsapp')).toBe(0);
    const scan = [
      'Scan with WhatsApp › Linked devices › Link a device   (this code lasts 60 s, then a new one appears here)',
      'No camera at hand? npx switchyard pair whatsapp --phone <your number>',
    ].join('\n');
    expect(words(cli)).toEqual([
      'Connecting to WhatsApp …',
      scan,
      scan,
      'Scanned. Logging in …',
      'Linked as +49 151 … 17.',
      [
        'It is not switched on yet: npx switchyard config set channels.whatsapp.enabled true',
        'Only you (your own chat "message yourself") may talk to the bot. Add others with channels.whatsapp.allowFrom.',
      ].join('\n'),
    ]);
    expect(cli.out[1]?.split('\n').filter((line) => /^[ █▀▄]+$/.test(line)).length).toBeGreaterThan(10);
    expect(links).toMatchObject({ asked: [{ account: 'default' }], closed: true });
  });

  it('replaces a code in place on a terminal, so that an old one is never scanned', async () => {
    const cli = cliWith(desk(qr('a'), qr('b'), { kind: 'scanned' }, linked));
    Object.assign(cli.parts.stdout, { isTTY: true, columns: 200 });
    await cli.run('pair', 'whatsapp');
    const up = (text = ''): number => Number(text.split('\u001b[')[1]?.split('A')[0]);
    const height = (text = ''): number => text.split('\n').length;
    expect(cli.out[0]?.startsWith('\u001b[')).toBe(false);
    expect(up(cli.out[1])).toBe(height(cli.out[0]));
    expect(up(cli.out[2])).toBe(height(cli.out[1]));
    expect(cli.out[2]).toContain('\u001b[0JScanned');
  });

  it('shows a code for a number as phones do', async () => {
    const links = desk({ kind: 'code', code: 'ABCD1234' }, linked);
    const cli = cliWith(links);
    await cli.run('pair', 'whatsapp', '--phone', '+49 151 12345617', '--account', 'work');
    expect(cli.out[0]).toContain('Code: ABCD-1234 ');
    expect(cli.out[0]).toContain('Link with phone number instead');
    expect(links.asked).toEqual([{ account: 'work', phone: '+49 151 12345617' }]);
  });

  it('prints a line of JSON per step', async () => {
    const cli = cliWith(desk(qr('a'), { kind: 'code', code: 'ABCD1234' }, { kind: 'scanned' }, linked));
    expect(await cli.run('pair', 'whatsapp', '--json')).toBe(0);
    expect(cli.out.map((line) => JSON.parse(line))).toEqual([
      { event: 'qr', qr: 'https://wa.me/x#a', until: noon + 60_000 },
      { event: 'code', code: 'ABCD-1234' },
      { event: 'scanned' },
      { event: 'linked', number: '4915112345617', enabled: false },
    ]);
  });

  it('says that an account is linked, how to unlink it and how to link another phone', async () => {
    writeFileSync(join(home, 'switchyard.json5'), '{ channels: { whatsapp: { enabled: true, allowFrom: ["491"] } } }');
    const cli = cliWith(desk(linked));
    expect(await cli.run('pair', 'whatsapp')).toBe(0);
    expect(cli.out.join('\n')).toBe(
      [
        'Linked as +49 151 … 17.',
        'That was so before. To unlink it: WhatsApp › Linked devices on the phone, choose Google Chrome (Mac OS), log out.',
        'To link another phone instead: npx switchyard pair whatsapp --again',
        'You can close this; `npm start` keeps the connection.',
        'You, in your own chat "message yourself", and the people in channels.whatsapp.allowFrom may talk to the bot.',
      ].join('\n'),
    );
  });

  it('asks before it gives a link up', async () => {
    const links = desk(linked);
    const cli = cliWith(links);
    Object.assign(cli.parts.stdin, { isTTY: true });
    const asked = cli.run('pair', 'whatsapp', '--again');
    cli.parts.stdin.push('no\n');
    expect(await asked).toBe(0);
    expect(cli.out).toEqual(['Nothing was changed.']);
    const again = cli.run('pair', 'whatsapp', '--again');
    cli.parts.stdin.push('y\n');
    await again;
    expect(links.asked).toEqual([{ account: 'default', again: true }]);
  });

  it.each<[LinkState, string]>([
    [{ kind: 'expired' }, 'Nobody scanned the code in time. For a new one: npx switchyard pair whatsapp'],
    [{ kind: 'ended', what: 'WhatsApp has locked this account.' }, 'WhatsApp has locked this account.'],
  ])('ends with exit 1 after %j', async (state, text) => {
    const links = desk(qr('a'), state);
    const cli = cliWith(links);
    expect(await cli.run('pair', 'whatsapp')).toBe(1);
    expect({ last: cli.out.at(-1), closed: links.closed }).toEqual({ last: text, closed: true });
  });

  it('goes on through trouble, and ends by Ctrl-C with everything closed', async () => {
    const links = desk({ kind: 'trouble', what: 'WhatsApp cannot be reached; trying again.' }, qr('a'));
    const cli = cliWith(links);
    const run = cli.run('pair', 'whatsapp');
    await until(() => cli.out.length === 2, 'the code');
    cli.signals.emit('SIGINT');
    expect(await run).toBe(1);
    expect(cli.out[0]).toBe('WhatsApp cannot be reached; trying again.');
    expect({ last: cli.out.at(-1), closed: links.closed, left: cli.signals.eventNames() }).toEqual({
      last: 'Stopped. Nothing was linked.',
      closed: true,
      left: [],
    });
  });

  it('leaves it to a running process, where there is one', async () => {
    const cli = fakeCli(home, { clock: virtualClock(noon) });
    cli.answers['link.begin'] = { kind: 'answered', value: { seq: 4, state: qr('a'), picture: '/s/whatsapp-qr.png' } };
    cli.answers['link.next'] = { kind: 'answered', value: { seq: 5, state: linked } };
    expect(await cli.run('pair', 'whatsapp', '--phone', '49151')).toBe(0);
    expect(cli.out[0]).toContain('\nAlso as a picture: /s/whatsapp-qr.png\n');
    expect(cli.calls).toEqual([
      { verb: 'link.begin', params: { account: 'default', phone: '49151' } },
      { verb: 'link.next', params: { account: 'default', after: 4 } },
    ]);
  });

  it('passes refusals on, as text and as JSON', async () => {
    const cli = fakeCli(home);
    cli.answers['link.begin'] = { kind: 'refused', refusal: { code: 'no_account', message: 'No.', fix: 'Add it.' } };
    expect(await cli.run('pair', 'whatsapp')).toBe(1);
    expect(await cli.run('pair', 'whatsapp', '--json')).toBe(1);
    expect({ err: cli.err, out: cli.out.map((line) => JSON.parse(line)) }).toEqual({
      err: ['No. Add it.'],
      out: [{ event: 'refused', code: 'no_account', what: 'No. Add it.' }],
    });
    const offline = fakeCli(home, { openLinks: async () => refuse('already_running', 'Busy.', 'Wait.') });
    expect(await offline.run('pair', 'whatsapp')).toBe(1);
    expect(offline.err).toEqual(['Busy. Wait.']);
  });
});

describe('switchyard pair whatsapp without a process', () => {
  const env = (url: string) => readEnv({ SWITCHYARD_HOME: join(home, 'state'), WHATSAPP_WS_URL: url }, home);

  it('links by itself, keeps the link, and leaves no code behind', async () => {
    const twin = await whatsappTwin({ firstKeys: 'few' });
    onTestFinished(() => twin.close());
    const phone = twin.phone();
    const cli = fakeCli(home, { env: env(twin.url), openLinks: () => openOfflineLinks(env(twin.url), home) });
    const run = cli.run('pair', 'whatsapp', '--json');
    const events = (): readonly Record<string, string>[] => cli.out.map((line) => JSON.parse(line));
    const shown = () => events().find(({ event }) => event === 'qr');
    await until(() => shown() !== undefined, 'a code');
    const picture = shown()?.picture ?? '';
    await until(() => existsSync(picture), 'the picture');
    expect((statSync(picture).mode & 0o777).toString(8)).toBe('600');
    expect((await openOfflineLinks(env(twin.url), home)).ok).toBe(false);
    await phone.scan(shown()?.qr ?? '');
    expect(await run).toBe(0);
    expect(events().at(-1)).toEqual({ event: 'linked', number: '4915100000', enabled: false });
    expect(existsSync(picture)).toBe(false);
    const modes = readdirSync(statePaths(join(home, 'state')).home).map((name) => [
      name,
      (statSync(join(home, 'state', name)).mode & 0o777).toString(8),
    ]);
    expect(modes.filter(([, mode]) => mode !== '600')).toEqual([]);
    cli.out.length = 0;
    expect(await cli.run('pair', 'whatsapp')).toBe(0);
    expect(cli.out[0]).toBe('Linked as +49 151 … 00.');
    expect(twin.logins).toBe(1);
  });

  it('says who uses the state folder, and what account there is none of', async () => {
    const unlock = lockState(home);
    onTestFinished(() => unlock?.());
    const locked = await openOfflineLinks(readEnv({ SWITCHYARD_HOME: home }, home), home);
    expect(locked).toMatchObject({ ok: false, refusal: { code: 'already_running' } });
    const opened = await openOfflineLinks(env('ws://127.0.0.1:9/'), home);
    if (!opened.ok) throw new Error('it is free');
    expect(await opened.value.begin('work', {})).toMatchObject({
      refusal: { message: 'There is no WhatsApp account "work".' },
    });
    await opened.value.close();
  });
});
