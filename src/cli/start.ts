// `switchyard start`: the process itself. In order: 1 take the control socket, 2 construct, 3 banner, 4 start, 5 wait for a
// reason to end, 6 drain, 7 give the socket back.
import { ok, type Result, refusalText, refuse } from '../core/result.ts';
import { type AddVerb, type Cli, type Exit, exits, refused } from './cli.ts';
import { type Control, type ControlOptions, startControl } from './control.ts';
import type { App, AppOptions, Banner, ControlHandlers } from './engine-port.ts';
import { linkText } from './link-words.ts';
import { pageLinkText } from './web.ts';

export const addStart: AddVerb = (program, cli) => {
  program
    .command('start')
    .description('run in the foreground: channels, agents, and a chat in this terminal if no channel is configured')
    .option('--console', 'open the chat in this terminal in any case')
    .action(async (options: { console?: boolean }) => cli.finish(await start(cli, options.console === true)));
};

/** Why the process ends, told once. */
interface Ending {
  readonly reached: Promise<void>;
  reach(): void;
  isReached(): boolean;
}

/** A drain that takes longer than a person notices is explained. */
const noteAfterMs = 300;

export async function start(cli: Cli, console: boolean): Promise<Exit> {
  let app: App | undefined;
  const ending = newEnding();
  // 1: before anything is opened, so that a second process changes nothing.
  const control = await takeFolder({
    stateDir: cli.env.home,
    handlers: () => (app === undefined ? undefined : handlers(app, ending)),
    onError: (verb, err) => app?.log.error({ err, verb, code: 'control_failed' }, 'a command line request failed'),
  });
  if (!control.ok) {
    refused(cli, control.refusal);
    return exits.failed;
  }
  // 2
  const { env, workingDirectory, stdin, stdout } = cli;
  const created = await cli.createApp({
    ...{ env, workingDirectory, console, stdin, stdout, onConsoleClosed: ending.reach },
    showLink: linkShower(cli, console),
    showPage: cli.stdout.isTTY === true ? (page) => cli.out(pageLinkText(page, cli.clock.now())) : undefined,
  });
  if (!created.ok) {
    cli.err(refusalText(created.refusal));
    await control.value.close();
    return exits.failed;
  }
  app = created.value;
  const { log } = app;
  cli.onCrash((err) => log.fatal({ err, code: 'crashed' }, 'a bug ends the process'));
  // 3 to 6
  try {
    return await run(cli, app, ending);
  } finally {
    await control.value.close();
  }
}

/**
 * Steps of linking for the person in front of the terminal: what a log must never hold. A chat in the terminal keeps it for
 * itself; the status then says how to link.
 */
function linkShower(cli: Cli, console: boolean): AppOptions['showLink'] {
  if (console || cli.stdout.isTTY !== true) return undefined;
  let shown = '';
  let showing: Promise<void> = Promise.resolve();
  return (account, view) => {
    const { kind } = view.state;
    const asks = kind === 'qr' || kind === 'code' || kind === 'scanned' || kind === 'expired';
    // That an account is linked is no news at every start.
    if (!asks && !(kind === 'linked' && shown === 'scanned')) return;
    shown = kind;
    showing = showing.then(async () =>
      cli.out(await linkText(view, { account, coloured: true, now: cli.clock.now() })),
    );
  };
}

/** A folder that cannot be used is something a person can mend, like one that is in use. */
async function takeFolder(options: ControlOptions): Promise<Result<Control>> {
  try {
    return await startControl(options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse(
      'state_folder',
      `The state folder ${options.stateDir} cannot be used: ${why}.`,
      'Let it be a folder that belongs to this account, or set SWITCHYARD_HOME to another one.',
    );
  }
}

async function run(cli: Cli, app: App, ending: Ending): Promise<Exit> {
  const banner = app.banner();
  // Without a person in front of it stdout belongs to the JSON log.
  if (banner.console || cli.stdout.isTTY === true) cli.out(bannerText(banner));
  if (cli.stdout.isTTY === true && isFirstStart(banner)) cli.out(setupHint);
  if (banner.warning !== undefined) cli.err(`⚠️ ${banner.warning}`);
  const unlisten = listen(cli, app, ending);
  let code: Exit = exits.ok;
  try {
    // A start that waits for a dead network must not keep the process from ending.
    await Promise.race([app.start(), ending.reached]);
    await ending.reached;
  } catch (err) {
    app.log.fatal({ err, code: 'start_failed' }, 'could not start');
    cli.err(`Could not start: ${err instanceof Error ? err.message : String(err)}`);
    code = exits.failed;
  }
  const note = cli.clock.after(noteAfterMs, () => {
    if (cli.stdout.isTTY === true) cli.err('Stopping: what runs may finish. Press Ctrl-C to end at once.');
  });
  await app.drain();
  note.cancel();
  unlisten();
  return code;
}

/** SIGTERM and SIGINT drain, the next one, or Ctrl-C while that goes on, ends at once; SIGHUP reloads. */
function listen(cli: Cli, app: App, ending: Ending): () => void {
  let asked = false;
  const stop = (signal: 'SIGTERM' | 'SIGINT', code: number) => (): void => {
    if (asked || (signal === 'SIGINT' && ending.isReached())) {
      app.log.warn({ signal }, 'ended by force');
      cli.kill(code);
      return;
    }
    asked = true;
    app.log.info({ signal }, 'stopping');
    ending.reach();
  };
  const onTerm = stop('SIGTERM', 143);
  const onInt = stop('SIGINT', 130);
  const onHup = (): void =>
    void app.reload().catch((err: unknown) => app.log.error({ err, code: 'reload_failed' }, 'could not reload'));
  cli.signals.on('SIGTERM', onTerm);
  cli.signals.on('SIGINT', onInt);
  cli.signals.on('SIGHUP', onHup);
  return () => {
    cli.signals.off('SIGTERM', onTerm);
    cli.signals.off('SIGINT', onInt);
    cli.signals.off('SIGHUP', onHup);
  };
}

function newEnding(): Ending {
  const { promise, resolve } = Promise.withResolvers<void>();
  let over = false;
  return {
    reached: promise,
    reach: () => {
      over = true;
      resolve();
    },
    isReached: () => over,
  };
}

/** The engine's own answers, and the two that concern the process. */
function handlers(app: App, ending: Ending): ControlHandlers {
  return {
    ...app.control,
    reload: () => app.reload(),
    drain: async () => {
      ending.reach();
      return ok(null);
    },
  };
}

const setupHint = 'For a model and your phone: npx switchyard setup';

/** Nobody has chosen a model or a channel yet. */
function isFirstStart({ channels, model }: Banner): boolean {
  return model === 'demo' && channels.every((id) => id === 'console');
}

/** `Switchyard 0.1 · console · model: demo (…)`. */
export function bannerText(banner: Banner): string {
  const version = banner.version.replace(/^(\d+\.\d+)\.0$/, '$1');
  const channels = banner.channels.length === 0 ? 'no channels' : banner.channels.join(', ');
  const note = banner.modelNote === '' ? '' : ` (${banner.modelNote})`;
  const first = `Switchyard ${version} · ${channels} · model: ${banner.model}${note}`;
  return banner.console ? `${first}\nType a message, or /help.` : first;
}
