// A coding agent that does what its prompt says: a real ACP agent on stdio, run with node as a child process by test/acp.
// The first word of a prompt chooses what happens, see `acts`; what holds for the whole process is in the variable ACP_TWIN,
// see `TwinOptions`. Everything received is written to log.jsonl in its folder, and what was said to <session>.json there.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import * as acp from '@agentclientprotocol/sdk';
import { permissionOptions } from './acp-options.ts';

export interface TwinOptions {
  /** Its memory and its log, absolute. */
  readonly folder: string;
  /** `slow`: waits for the file `go` in its folder; `hang`: never answers; `exit`: ends at once; `login`: wants a login. */
  readonly init?: 'slow' | 'hang' | 'exit' | 'login';
  readonly load?: boolean;
  readonly resume?: boolean;
  /** `broken`: load answers with an error. */
  readonly broken?: boolean;
  readonly steering?: 'on' | 'failing' | 'mute';
  readonly modes?: 'modes' | 'options' | 'none' | 'refused';
  /** As the harness of this name sends its permission options. */
  readonly options?: keyof typeof permissionOptions;
  readonly afterDeny?: 'text' | 'empty' | 'cancelled';
  readonly ignoreCancel?: boolean;
  readonly ignoreTerm?: boolean;
  /** Does its work in a second process, which ends the running prompts as cancelled when the first is gone, and stays. */
  readonly wrapped?: boolean;
  /** Prints what is no message, and much of it to stderr. */
  readonly noisy?: boolean;
}

const options: TwinOptions = JSON.parse(process.env.ACP_TWIN ?? '{"folder":"/nonexistent"}');
mkdirSync(options.folder, { recursive: true });

export interface TwinLine {
  readonly pid: number;
  readonly what: string;
  readonly [more: string]: unknown;
}

function log(what: string, more: Record<string, unknown> = {}): void {
  appendFileSync(join(options.folder, 'log.jsonl'), `${JSON.stringify({ pid: process.pid, what, ...more })}\n`);
}

if (options.ignoreTerm) process.on('SIGTERM', () => log('ignored SIGTERM'));
if (options.noisy) {
  process.stdout.write('Welcome to the agent!\n{"half": \n[1,2]\n"text"\n');
  process.stderr.write(`${'noise '.repeat(20)}\n`.repeat(8_000));
}
log('started', { env: Object.keys(process.env).sort(), cwd: process.cwd() });
if (options.init === 'exit') {
  process.stderr.write('cannot find my licence sk-ant-api03-abcdefghijklmnop1234\n');
  process.exit(3);
}

if (options.wrapped && process.env.ACP_TWIN_INNER === undefined) {
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'] as const;
  const inner = spawn(process.execPath, [import.meta.filename], {
    ...{ stdio: [...stdio], env: { ...process.env, ACP_TWIN_INNER: 'yes' } },
  });
  await new Promise((resolve) => inner.once('exit', resolve));
  process.exit();
}
process.on('disconnect', () => {
  log('orphaned');
  // Watching keeps it alive.
  void fileThere('nothing');
  for (const { cancelled } of running.values()) cancelled.abort();
});

interface Running {
  readonly client: acp.AgentContext;
  readonly sessionId: string;
  readonly cancelled: AbortController;
  /** Resolves with a text that was steered in. */
  steer: ((text: string) => void) | undefined;
}
const running = new Map<string, Running>();
let made = 0;

type Line = { readonly user: string; readonly reply: string };
const historyPath = (sessionId: string): string => join(options.folder, `${sessionId}.json`);
const history = (sessionId: string): Line[] =>
  existsSync(historyPath(sessionId)) ? JSON.parse(readFileSync(historyPath(sessionId), 'utf8')) : [];

/** Resolves once the test has put a file of this name into its folder. */
function fileThere(name: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(options.folder, look);
    function look(): void {
      if (!existsSync(join(options.folder, name))) return;
      watcher.close();
      resolve();
    }
    look();
  });
}

const never = (): Promise<never> => new Promise(() => undefined);

const modeList = ['default', 'plan', 'bypassPermissions'].map((id) => ({ id, name: id }));
const modeOption = {
  ...{ id: 'mode', name: 'Mode', type: 'select' as const, category: 'mode', currentValue: 'auto' },
  options: ['default', 'auto'].map((value) => ({ value, name: value })),
};
const modelOption = {
  ...{ id: 'model', name: 'Model', type: 'select' as const, category: 'model', currentValue: 'small' },
  options: ['small', 'large'].map((value) => ({ value, name: value })),
};

function controls(): { modes?: acp.SessionModeState; configOptions?: acp.SessionConfigOption[] } {
  switch (options.modes ?? 'modes') {
    case 'options':
      return { configOptions: [modeOption, modelOption] };
    case 'none':
      return {};
    default:
      return { modes: { currentModeId: 'bypassPermissions', availableModes: modeList }, configOptions: [modelOption] };
  }
}

async function tell(run: Running, update: Record<string, unknown>): Promise<void> {
  await run.client.notify('session/update', { sessionId: run.sessionId, update } as never);
}

async function say(run: Running, text: string): Promise<void> {
  await tell(run, { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
}

function whenCancelled({ cancelled: { signal } }: Running): Promise<void> {
  if (options.ignoreCancel) return never();
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** What ended the wait: a cancel, or a text that was steered in. */
function cancelOrSteer(run: Running): Promise<string | undefined> {
  const steered = new Promise<string>((resolve) => {
    run.steer = resolve;
  });
  return Promise.race([whenCancelled(run).then(() => undefined), steered]);
}

interface Call {
  readonly id: string;
  readonly kind?: string | undefined;
  readonly title: string;
  readonly rawInput?: unknown;
  readonly content?: unknown;
  readonly locations?: unknown;
  /** No tool_call was sent before the question. */
  readonly bare?: boolean;
}

/** Asks; answers whether it may, and tells what became of the call. */
async function askFor(run: Running, call: Call): Promise<'yes' | 'no' | 'cancelled'> {
  const { id, bare, ...about } = call;
  if (bare !== true) await tell(run, { sessionUpdate: 'tool_call', toolCallId: id, status: 'pending', ...about });
  const answer = await run.client.request('session/request_permission', {
    sessionId: run.sessionId,
    toolCall: { toolCallId: id, ...(bare === true ? about : {}) } as never,
    options: permissionOptions[options.options ?? 'claude'],
  });
  log('permission', { id, outcome: answer.outcome });
  const chosen = answer.outcome.outcome === 'selected' ? answer.outcome.optionId : undefined;
  const found = permissionOptions[options.options ?? 'claude'].find((each) => each.optionId === chosen);
  const yes = found?.kind.startsWith('allow') === true;
  await tell(run, { sessionUpdate: 'tool_call_update', toolCallId: id, status: yes ? 'completed' : 'failed' });
  return chosen === undefined ? 'cancelled' : yes ? 'yes' : 'no';
}

type Stop = acp.StopReason;

async function asked(run: Running, call: Call, done: string): Promise<Stop> {
  const answer = await askFor(run, call);
  if (answer === 'cancelled') return 'cancelled';
  if (answer === 'yes') await say(run, done);
  else if (options.afterDeny === 'cancelled') return 'cancelled';
  else if (options.afterDeny !== 'empty') await say(run, `was not allowed: ${call.title}`);
  return 'end_turn';
}

function callId(): string {
  made += 1;
  return `call-${made}`;
}

const shell = (command: string): Call => ({
  ...{ id: callId(), kind: 'execute', title: 'run a command', rawInput: { command } },
});

/** By the first word of a prompt; the rest is what it is about. */
const acts: Readonly<Record<string, (run: Running, rest: string) => Promise<Stop>>> = {
  say: async (run, rest) => {
    for (const word of rest.match(/\S+\s*/g) ?? []) await say(run, word);
    return 'end_turn';
  },
  think: async (run, rest) => {
    const content = { type: 'text', text: 'secret thoughts' };
    await tell(run, { sessionUpdate: 'agent_thought_chunk', content });
    await tell(run, { sessionUpdate: 'something_of_tomorrow', content });
    await say(run, rest);
    return 'end_turn';
  },
  run: (run, rest) => asked(run, shell(rest), `ran ${rest}`),
  bare: (run, rest) => asked(run, { id: callId(), title: rest, kind: 'execute', bare: true }, `ran ${rest}`),
  odd: (run, rest) => asked(run, { id: callId(), title: rest, bare: true }, `did ${rest}`),
  read: (run, rest) =>
    asked(run, { id: callId(), kind: 'read', title: `read ${rest}`, rawInput: { file_path: rest } }, `read ${rest}`),
  write: (run, rest) => {
    const content = [{ type: 'diff', path: rest, oldText: 'a\nb\n', newText: 'a\nc\n' }];
    return asked(run, { id: callId(), kind: 'edit', title: `write ${rest}`, content }, `wrote ${rest}`);
  },
  both: async (run, rest) => {
    const [first = '', second = ''] = rest.split('|').map((each) => each.trim());
    const answers = await Promise.all([askFor(run, shell(first)), askFor(run, shell(second))]);
    await say(run, `${first}: ${answers[0]}, ${second}: ${answers[1]}`);
    return answers.includes('cancelled') ? 'cancelled' : 'end_turn';
  },
  hang: async (run, rest) => {
    await say(run, rest === '' ? 'working' : rest);
    const steered = await cancelOrSteer(run);
    if (steered === undefined) return 'cancelled';
    await say(run, ` steered: ${steered}`);
    return 'end_turn';
  },
  /** Asks only once it was told to end. */
  late: async (run, rest) => {
    await say(run, 'working');
    await cancelOrSteer(run);
    await askFor(run, shell(rest));
    return 'cancelled';
  },
  /** Does not wait for the answer to what it asks. */
  leave: async (run, rest) => {
    void askFor(run, shell(rest));
    await fileThere('go');
    return 'end_turn';
  },
  tool: async (run, rest) => {
    const toolCallId = callId();
    await say(run, 'first I look');
    await tell(run, { sessionUpdate: 'tool_call', toolCallId, title: rest, kind: 'search', status: 'in_progress' });
    const content = [{ type: 'content', content: { type: 'text', text: 'found it' } }];
    await tell(run, { sessionUpdate: 'tool_call_update', toolCallId, status: 'completed', content });
    await say(run, `looked: ${rest}`);
    return 'end_turn';
  },
  plan: async (run) => {
    const entries = ['look', 'write'].map((content, n) => ({
      ...{ content, priority: 'medium', status: n === 0 ? 'completed' : 'in_progress' },
    }));
    await tell(run, { sessionUpdate: 'plan', entries });
    await say(run, 'planned');
    return 'end_turn';
  },
  cost: async (run, rest) => {
    const cost = { amount: Number(rest), currency: 'USD' };
    await tell(run, { sessionUpdate: 'usage_update', used: 1200, size: 200_000, cost });
    await say(run, 'spent');
    return 'end_turn';
  },
  crash: async (run, rest) => {
    await say(run, 'half an answer');
    process.stderr.write('fatal: out of memory\n');
    // What was said has to reach the pipe first.
    await new Promise((resolve) => setImmediate(resolve));
    if (rest === 'kill') process.kill(process.pid, 'SIGKILL');
    process.exit(7);
  },
  fail: async (_run, rest) => {
    throw new acp.RequestError(-32_603, 'Internal error', { details: rest });
  },
  stop: async (_run, rest) => rest as Stop,
  remember: async (run) => {
    await say(
      run,
      history(run.sessionId)
        .map((line) => line.user)
        .join(' / ') || 'nothing',
    );
    return 'end_turn';
  },
  env: async (run) => {
    await say(run, Object.keys(process.env).sort().join(' '));
    return 'end_turn';
  },
  huge: async (run, rest) => {
    await say(run, 'x'.repeat(Number(rest)));
    return 'end_turn';
  },
  child: async (run) => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    await say(run, `child ${child.pid}`);
    return 'end_turn';
  },
  nothing: async () => 'end_turn',
};

async function prompt(run: Running, text: string): Promise<Stop> {
  const words = text.replace(/^\[steering[^\]]*\](?:[\s\S]*\[Now:\])?\s*/, '');
  const [word = '', rest = ''] = [words.split(/\s/)[0], words.slice(words.split(/\s/)[0]?.length ?? 0).trim()];
  const act = acts[word];
  if (act !== undefined) return await act(run, rest);
  await say(run, `heard: ${text}`);
  return 'end_turn';
}

acp
  .agent({ name: 'twin' })
  .onRequest('initialize', async () => {
    if (options.init === 'slow') await fileThere('go');
    if (options.init === 'hang') await never();
    return {
      protocolVersion: acp.PROTOCOL_VERSION,
      agentInfo: { name: 'twin', version: '1.2.3' },
      authMethods: options.init === 'login' ? [{ id: 'browser', name: 'Browser' }] : [],
      agentCapabilities: {
        loadSession: options.load ?? false,
        promptCapabilities: { image: true },
        sessionCapabilities: { list: {}, close: {}, ...(options.resume ? { resume: {} } : {}) },
      },
      ...(options.steering === undefined ? {} : { _meta: { steering: { supported: true } } }),
    };
  })
  .onRequest('session/new', ({ params }) => {
    if (options.init === 'login') throw new acp.RequestError(-32_000, 'Authentication required');
    made += 1;
    const sessionId = `twin-${process.pid}-${made}`;
    log('new', { sessionId, cwd: params.cwd });
    return { sessionId, ...controls() };
  })
  .onRequest('session/load', async ({ params, client }) => {
    log('load', { sessionId: params.sessionId });
    if (options.broken || !existsSync(historyPath(params.sessionId)))
      throw new acp.RequestError(-32_002, 'no such session');
    const run = { client, sessionId: params.sessionId, cancelled: new AbortController(), steer: undefined };
    for (const line of history(params.sessionId)) {
      await tell(run, { sessionUpdate: 'user_message_chunk', content: { type: 'text', text: line.user } });
      await say(run, line.reply);
    }
    return controls();
  })
  .onRequest('session/resume', ({ params }) => {
    log('resume', { sessionId: params.sessionId });
    if (!existsSync(historyPath(params.sessionId))) throw new acp.RequestError(-32_603, 'no such session');
    return controls();
  })
  .onRequest('session/list', () => ({
    sessions: [{ sessionId: 'elsewhere', cwd: '/srv/shop', title: 'Fix the tax' }],
  }))
  .onRequest('session/close', ({ params }) => {
    log('close', { sessionId: params.sessionId });
    return {};
  })
  .onRequest('session/set_mode', ({ params }) => {
    log('mode', { mode: params.modeId });
    if (options.modes === 'refused') throw new acp.RequestError(-32_602, 'mode is locked');
    return {};
  })
  .onRequest('session/set_config_option', ({ params }) => {
    log('option', { option: params.configId, value: params.value });
    return { configOptions: controls().configOptions ?? [] };
  })
  .onRequest('session/prompt', async ({ params, client }) => {
    const { sessionId } = params;
    const text = params.prompt.map((block) => (block.type === 'text' ? block.text : `<${block.type}>`)).join(' ');
    if (running.has(sessionId)) log('overlap', { text });
    const run: Running = { client, sessionId, cancelled: new AbortController(), steer: undefined };
    running.set(sessionId, run);
    log('prompt', { text });
    try {
      writeFileSync(
        historyPath(sessionId),
        JSON.stringify([...history(sessionId), { user: text, reply: 'old reply' }]),
      );
      const stopReason = await prompt(run, text);
      log('stop', { stopReason });
      return { stopReason };
    } finally {
      running.delete(sessionId);
    }
  })
  .onNotification('session/cancel', ({ params }) => {
    log('cancel');
    running.get(params.sessionId)?.cancelled.abort();
  })
  .onRequest(
    '_session/steering',
    (value: unknown) => value as { sessionId: string; prompt: { text?: string }[]; _meta?: unknown },
    async ({ params }) => {
      const text = params.prompt.map((block) => block.text).join(' ');
      log('steering', { text, meta: params._meta });
      if (options.steering === 'mute') await never();
      const run = running.get(params.sessionId);
      if (options.steering === 'failing') return { outcome: 'failed' };
      if (run === undefined) return { outcome: 'promptRequired' };
      if (run.steer === undefined) return { outcome: 'failed' };
      run.steer(text);
      return { outcome: 'injected' };
    },
  )
  .connect(
    acp.ndJsonStream(
      Writable.toWeb(process.stdout) as WritableStream<Uint8Array>,
      Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    ),
  );
