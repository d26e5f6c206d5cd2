// `switchyard pair whatsapp`: links a phone and shows each step, by the running process or, without one, by itself. Loaded by
// pair.ts.
import { createInterface } from 'node:readline/promises';
import type { LinkAsk, LinkView } from '../core/link.ts';
import { type Refusal, type Result, refusalText } from '../core/result.ts';
import type { AccountConfig } from '../infra/config-channels.ts';
import { ConfigFile } from '../infra/config-file.ts';
import { type Cli, exits, refused } from './cli.ts';
import type { CallResult } from './control-client.ts';
import type { LinkDesk } from './engine-port.ts';
import { linkEvent, linkText, pairCommand } from './link-words.ts';

export interface WhatsappOptions {
  readonly phone?: string;
  readonly account?: string;
  readonly again?: boolean;
  readonly json?: boolean;
}

export async function pairWhatsapp(cli: Cli, options: WhatsappOptions): Promise<void> {
  const { account = 'default', phone, again } = options;
  const ask = { ...(phone === undefined ? {} : { phone }), ...(again === true ? { again } : {}) };
  if (again === true && !(await agreed(cli))) {
    cli.out('Nothing was changed.');
    return;
  }
  const begun = await begin(cli, account, ask);
  if (!begun.ok) {
    complain(cli, options, begun.refusal);
    return;
  }
  const { desk, view, running } = begun.value;
  try {
    await follow(cli, desk, { options, account, first: view, running });
  } finally {
    await desk.close();
  }
}

/** Giving a link up cannot be undone; programs say so by asking for it. */
async function agreed({ stdin, stdout }: Cli): Promise<boolean> {
  if (stdin.isTTY !== true) return true;
  const line = createInterface({ input: stdin, output: stdout });
  try {
    const answer = await line.question(
      'This gives up the link there is: the phone has to be scanned again. Go on? (y/N) ',
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    line.close();
  }
}

interface Begun {
  readonly desk: LinkDesk;
  readonly view: LinkView;
  /** By the process that runs, which goes on with it when this command ends. */
  readonly running: boolean;
}

async function begin(cli: Cli, account: string, ask: LinkAsk): Promise<Result<Begun>> {
  const reply = await cli.call('link.begin', { account, ...ask });
  if (reply.kind === 'refused') return { ok: false, refusal: reply.refusal };
  if (reply.kind === 'answered')
    return { ok: true, value: { desk: runningDesk(cli), view: reply.value, running: true } };
  const opened = await cli.openLinks(cli.env);
  if (!opened.ok) return opened;
  const desk = opened.value;
  const begun = await desk.begin(account, ask);
  if (begun.ok) return { ok: true, value: { desk, view: begun.value, running: false } };
  await desk.close();
  return begun;
}

/** The process that runs goes on with the link by itself. */
function runningDesk(cli: Cli): LinkDesk {
  const result = <V extends 'link.begin' | 'link.next'>(reply: CallResult<V>): Result<LinkView> => {
    if (reply.kind === 'answered') return { ok: true, value: reply.value };
    return { ok: false, refusal: reply.kind === 'refused' ? reply.refusal : gone };
  };
  return {
    begin: async (account, ask) => result(await cli.call('link.begin', { account, ...ask })),
    next: async (account, after) => result(await cli.call('link.next', { account, after })),
    close: async () => undefined,
  };
}

const gone: Refusal = {
  code: 'not_running',
  message: 'Switchyard was stopped meanwhile.',
  fix: 'Run the same command again; what the phone has agreed to is kept.',
};

interface Following {
  readonly options: WhatsappOptions;
  readonly account: string;
  readonly first: LinkView;
  readonly running: boolean;
}

/** Shows step after step until one is the last. */
async function follow(cli: Cli, desk: LinkDesk, following: Following): Promise<void> {
  const { options, account, first, running } = following;
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  cli.signals.on('SIGINT', onSignal);
  cli.signals.on('SIGTERM', onSignal);
  const show = showing(cli, options, account);
  const stopped = new Promise<undefined>((resolve) =>
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  try {
    let view = first;
    for (let shown = 0; ; ) {
      if (view.seq > shown) await show(view);
      shown = view.seq;
      if (view.state.kind === 'linked')
        return await linked(cli, { options, account, running, already: view === first });
      if (view.state.kind === 'expired' || view.state.kind === 'ended') return cli.finish(exits.failed);
      const next = await Promise.race([desk.next(account, view.seq), stopped]);
      if (next === undefined) return stoppedByHand(cli, following, view);
      if (!next.ok) return complain(cli, options, next.refusal);
      view = next.value;
    }
  } finally {
    cli.signals.off('SIGINT', onSignal);
    cli.signals.off('SIGTERM', onSignal);
  }
}

/** In a terminal a new code takes the place of the one before, so that an old one is never scanned. */
function showing(cli: Cli, options: WhatsappOptions, account: string): (view: LinkView) => Promise<void> {
  const terminal = cli.stdout.isTTY === true;
  let above = 0;
  return async (view) => {
    if (options.json === true) {
      const on = view.state.kind === 'linked' ? { enabled: (await settingsOf(cli, account))?.enabled ?? false } : {};
      cli.out(JSON.stringify({ ...linkEvent(view), ...on }));
      return;
    }
    const text = await linkText(view, { account, coloured: terminal, now: cli.clock.now() });
    const replaces = terminal && above > 0;
    // Up to the first line of what was shown last, and everything below it away.
    cli.out(replaces ? `\u001b[${above}A\u001b[0J${text}` : text);
    // A terminal that does not know its width says 0.
    above = rows(text, cli.stdout.columns || 80);
  };
}

/** Rows of a terminal that a text takes, long lines being broken. */
function rows(text: string, columns: number): number {
  const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
  return text
    .split('\n')
    .map((line) => Math.max(1, Math.ceil([...line.replace(colours, '')].length / columns)))
    .reduce((sum, one) => sum + one, 0);
}

interface Linked extends Omit<Following, 'first'> {
  /** Before this command was given. */
  readonly already: boolean;
}

async function linked(cli: Cli, { options, account, running, already }: Linked): Promise<void> {
  if (options.json === true) return;
  const settings = await settingsOf(cli, account);
  const lines = [
    ...(already ? [unlinkWords(account)] : []),
    ...(settings?.enabled === true
      ? [
          running
            ? 'The running process keeps the connection.'
            : 'You can close this; `npm start` keeps the connection.',
        ]
      : [`It is not switched on yet: ${switchOn(account)}`]),
    whoWords(settings),
  ];
  cli.out(lines.join('\n'));
}

function unlinkWords(account: string): string {
  return [
    'That was so before. To unlink it: WhatsApp › Linked devices on the phone, choose Google Chrome (Mac OS), log out.',
    `To link another phone instead: ${pairCommand(account)} --again`,
  ].join('\n');
}

function switchOn(account: string): string {
  const key = account === 'default' ? 'channels.whatsapp.enabled' : `channels.whatsapp.accounts.${account}.enabled`;
  return `npx switchyard config set ${key} true`;
}

function whoWords(settings: AccountConfig | undefined): string {
  if (settings?.dmPolicy === 'pairing')
    return 'You may talk to the bot in your own chat; others get a code to be let in.';
  if (settings?.dmPolicy === 'open') return 'Everybody who writes to this number may talk to the bot.';
  if (settings?.dmPolicy === 'disabled') return 'Direct chats are switched off (channels.whatsapp.dmPolicy).';
  const others = settings?.allowFrom.length ?? 0;
  if (others > 0)
    return 'You, in your own chat "message yourself", and the people in channels.whatsapp.allowFrom may talk to the bot.';
  return 'Only you (your own chat "message yourself") may talk to the bot. Add others with channels.whatsapp.allowFrom.';
}

async function settingsOf({ env, clock, workingDirectory }: Cli, account: string): Promise<AccountConfig | undefined> {
  const file = new ConfigFile({ env, clock, workingDirectory });
  await file.load();
  return file.current.channels.whatsapp.accounts[account];
}

function stoppedByHand(cli: Cli, { options, running }: Following, { state }: LinkView): void {
  if (options.json === true) cli.out(JSON.stringify({ event: 'stopped' }));
  else cli.out(stoppedWords(state.kind === 'scanned', running));
  cli.finish(exits.failed);
}

function stoppedWords(agreed: boolean, running: boolean): string {
  if (agreed)
    return `Stopped. The phone has agreed already: ${running ? 'the running process' : '`npm start`'} logs in.`;
  return running
    ? 'Stopped looking. Nothing is linked yet; the running process still waits for the code to be used.'
    : 'Stopped. Nothing was linked.';
}

function complain(cli: Cli, { json }: WhatsappOptions, refusal: Refusal): void {
  if (json === true) cli.out(JSON.stringify({ event: 'refused', code: refusal.code, what: refusalText(refusal) }));
  if (json === true) cli.finish(exits.failed);
  else refused(cli, refusal);
}
