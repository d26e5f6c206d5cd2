import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callControl } from '../../src/cli/control-client.ts';
import type { App, AppOptions, Banner } from '../../src/cli/engine-port.ts';
import { bannerText } from '../../src/cli/start.ts';
import { ok, type Result, refuse } from '../../src/core/result.ts';
import { silentLog } from '../../src/infra/log.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';
import { virtualClock } from '../fakes/clock.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { until } from '../fakes/wait.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'start-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const banner: Banner = {
  version: '0.1.0',
  channels: ['console'],
  model: 'demo',
  modelNote: 'scripted stand-in, no AI; set ANTHROPIC_API_KEY',
  console: true,
};

class FakeApp extends EventEmitter implements App {
  readonly did: string[] = [];
  readonly log = silentLog;
  readonly control: App['control'];
  startWork: () => Promise<void> = async () => undefined;
  drainWork: () => Promise<void> = async () => undefined;

  constructor() {
    super();
    const none = async (): Promise<Result<never>> => refuse('none', '', '');
    this.control = {
      status: none,
      'tasks.list': async () => ok([]),
      'tasks.show': none,
      'tasks.cancel': none,
      'tasks.retry': none,
      'tasks.dismiss': none,
      'flow.list': none,
      'flow.cancel': none,
      maintenance: none,
      doctor: none,
      'doctor.prelaunch': none,
      'doctor.topology': none,
      'doctor.spawn-test': none,
      'pair.link': none,
      'pair.invite': none,
      'link.begin': none,
      'link.next': none,
      'pair.list': none,
      'pair.approve': none,
      'pair.deny': none,
      'pair.revoke': none,
      'page.link': none,
    };
  }

  banner(): Banner {
    return banner;
  }
  async start(): Promise<void> {
    this.did.push('start');
    await this.startWork();
  }
  async reload(): Promise<Result<string>> {
    this.did.push('reload');
    return ok('nothing changed');
  }
  async idle(): Promise<void> {}
  async drain(): Promise<void> {
    this.did.push('drain');
    await this.drainWork();
  }
}

interface Started {
  readonly app: FakeApp;
  readonly cli: FakeCli;
  readonly options: AppOptions[];
  readonly exit: Promise<number>;
}

function begin(
  prepare: (app: FakeApp) => void = () => undefined,
  args: readonly string[] = [],
  clock = virtualClock(),
): Started {
  const app = new FakeApp();
  prepare(app);
  const options: AppOptions[] = [];
  const cli = fakeCli(home, {
    clock,
    // A person looks on.
    stdout: Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.WriteStream,
    createApp: async (given) => {
      options.push(given);
      return ok(app);
    },
  });
  return { app, cli, options, exit: cli.run('start', ...args) };
}

const running = (app: FakeApp): Promise<void> => until(() => app.did.includes('start'), 'the start');

describe('switchyard start', () => {
  it('shows the banner, works until SIGTERM, drains, and exits 0', async () => {
    const { app, cli, exit, options } = begin(undefined, ['--console']);
    await running(app);
    expect(options[0]).toMatchObject({ console: true, workingDirectory: home });
    expect(cli.out).toEqual([
      'Switchyard 0.1 · console · model: demo (scripted stand-in, no AI; set ANTHROPIC_API_KEY)\nType a message, or /help.',
      'For a model and your phone: npx switchyard setup',
    ]);
    cli.signals.emit('SIGTERM');
    expect(await exit).toBe(0);
    expect(app.did).toEqual(['start', 'drain']);
    expect(cli.signals.eventNames()).toEqual([]);
  });

  it('shows the code of an account that is not linked to whoever sits at the terminal, and no news of one that is', async () => {
    const { app, cli, exit, options } = begin();
    await running(app);
    const show = options[0]?.showLink;
    show?.('work', { seq: 2, state: { kind: 'linked', number: '4915112345617' } });
    show?.('work', { seq: 3, state: { kind: 'connecting' } });
    show?.('work', { seq: 4, state: { kind: 'qr', qr: 'x', until: cli.parts.clock.now() + 60_000 } });
    show?.('work', { seq: 5, state: { kind: 'scanned' } });
    show?.('work', { seq: 6, state: { kind: 'linked', number: '4915112345617' } });
    await until(() => cli.out.includes('Linked as +49 151 … 17.'), 'the end of the link');
    expect(cli.out.slice(2)).toEqual([
      expect.stringMatching(/^Scan with WhatsApp.*█.*pair whatsapp --account work --phone <your number>$/s),
      'Scanned. Logging in …',
      'Linked as +49 151 … 17.',
    ]);
    cli.signals.emit('SIGTERM');
    await exit;
  });

  it.each([
    ['a model', { model: 'demo/demo' }],
    ['a channel', { channels: ['telegram'], console: false }],
  ])('does not speak of the setup once %s was chosen', async (_name, chosen) => {
    const { app, cli, exit } = begin((one) => {
      one.banner = () => ({ ...banner, ...chosen });
    });
    await running(app);
    expect(cli.out).toHaveLength(1);
    cli.signals.emit('SIGTERM');
    await exit;
  });

  it('keeps codes to itself where a chat owns the terminal', async () => {
    const { app, cli, exit, options } = begin(undefined, ['--console']);
    await running(app);
    expect(options[0]?.showLink).toBeUndefined();
    cli.signals.emit('SIGTERM');
    await exit;
  });

  it('writes a bug that ends the process into the log first', async () => {
    const log = recordingLog();
    const { app, cli, exit, options } = begin((one) => Object.assign(one, { log }));
    await running(app);
    cli.crash.emit('crash', new Error('boom'));
    expect(log.lines.at(-1)).toMatchObject({ level: 'fatal', fields: { code: 'crashed' } });
    options[0]?.onConsoleClosed();
    await exit;
  });

  it('ends by itself when the console chat is over', async () => {
    const { app, exit, options } = begin();
    await running(app);
    options[0]?.onConsoleClosed();
    expect(await exit).toBe(0);
    expect(app.did).toEqual(['start', 'drain']);
  });

  it('ends at once on a second signal', async () => {
    const stuck = Promise.withResolvers<void>();
    const { app, cli, exit } = begin((one) => {
      one.drainWork = () => stuck.promise;
    });
    await running(app);
    cli.signals.emit('SIGINT');
    await until(() => app.did.includes('drain'), 'the drain');
    expect(cli.killed).toEqual([]);
    cli.signals.emit('SIGINT');
    expect(cli.killed).toEqual([130]);
    stuck.resolve();
    expect(await exit).toBe(0);
  });

  it('says why it does not end at once after Ctrl-D, and ends by force on Ctrl-C then', async () => {
    const stuck = Promise.withResolvers<void>();
    const clock = virtualClock();
    const { app, cli, exit, options } = begin(
      (one) => {
        one.drainWork = () => stuck.promise;
      },
      [],
      clock,
    );
    await running(app);
    options[0]?.onConsoleClosed();
    await until(() => app.did.includes('drain'), 'the drain');
    await clock.advance(300);
    expect(cli.err).toEqual(['Stopping: what runs may finish. Press Ctrl-C to end at once.']);
    cli.signals.emit('SIGINT');
    expect(cli.killed).toEqual([130]);
    stuck.resolve();
    expect(await exit).toBe(0);
  });

  it('does not wait for a start that hangs when it is told to end', async () => {
    const { app, cli, exit } = begin((one) => {
      one.startWork = () => new Promise(() => undefined);
    });
    await running(app);
    cli.signals.emit('SIGTERM');
    expect(await exit).toBe(0);
    expect(app.did).toEqual(['start', 'drain']);
  });

  it('reloads on SIGHUP and goes on', async () => {
    const { app, cli, exit } = begin();
    await running(app);
    cli.signals.emit('SIGHUP');
    expect(app.did).toEqual(['start', 'reload']);
    cli.signals.emit('SIGTERM');
    await exit;
  });

  it('can be asked, reloaded and drained through its socket', async () => {
    const { app, exit } = begin();
    await running(app);
    expect(await callControl(home, 'tasks.list', {})).toEqual({ kind: 'answered', value: [] });
    expect(await callControl(home, 'reload', {})).toEqual({ kind: 'answered', value: 'nothing changed' });
    expect(await callControl(home, 'drain', {})).toEqual({ kind: 'answered', value: null });
    expect(await exit).toBe(0);
    expect(await callControl(home, 'tasks.list', {})).toEqual({ kind: 'not-running' });
  });

  it('refuses to work beside another process on the same folder, and leaves that one alone', async () => {
    const first = begin();
    await running(first.app);
    const second = begin();
    expect(await second.exit).toBe(1);
    expect(second.cli.err[0]).toMatch(/^Switchyard is already running \(pid \d+, state folder .*\)\. Stop it first/);
    expect(second.app.did).toEqual([]);
    first.cli.signals.emit('SIGTERM');
    expect(await first.exit).toBe(0);
  });

  it('shows why it cannot be set up, exits 1, and can be started again', async () => {
    const cli = fakeCli(home, { createApp: async () => refuse('config_bad', 'The config has a fault.', 'Mend it.') });
    expect(await cli.run('start')).toBe(1);
    expect(cli.err).toEqual(['The config has a fault. Mend it.']);
    const again = begin();
    await running(again.app);
    again.cli.signals.emit('SIGTERM');
    expect(await again.exit).toBe(0);
  });

  it('drains and exits 1 when the start fails', async () => {
    const { app, cli, exit } = begin((one) => {
      one.startWork = () => Promise.reject(new Error('no disk'));
    });
    expect(await exit).toBe(1);
    expect(cli.err).toEqual(['Could not start: no disk']);
    expect(app.did).toEqual(['start', 'drain']);
  });
});

describe('the banner', () => {
  it('leaves out what there is not, and how to chat where no chat opens', () => {
    expect(
      bannerText({ ...banner, version: '0.1.2', channels: [], model: 'ollama/qwen3', modelNote: '', console: false }),
    ).toBe('Switchyard 0.1.2 · no channels · model: ollama/qwen3');
  });
});
