// The exec tool: one shell command in the workspace, in a process group of its own.
import { access } from 'node:fs/promises';
import { z } from 'zod';
import { refusalText } from '../core/result.ts';
import type { Tool, ToolOutput } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import { CapturedOutput } from './captured-output.ts';
import { defineTool, errorCode, failure } from './define.ts';
import type { Exit, ProcessGroup, ProcessGroups } from './process-groups.ts';
import { secondsText } from './text.ts';
import { resolveInside } from './workspace.ts';

const defaultSeconds = 120;
const maxSeconds = 600;
const headBytes = 10_000;
const tailBytes = 20_000;
/** How long output is awaited after the command ended: something it left in the background may hold the pipes open. */
const drainMs = 250;

const schema = z.object({
  command: z.string().min(1).describe('Shell command.'),
  timeoutSeconds: z
    .number()
    .min(1)
    .max(maxSeconds)
    .optional()
    .describe(`The command is ended after this; default ${defaultSeconds}, at most ${maxSeconds}.`),
  cwd: z.string().min(1).optional().describe('Folder to run in, relative to the workspace; default: the workspace.'),
});

export interface ExecOptions {
  readonly workspace: string;
  /** The allowed part of the environment, asked for at every call. */
  readonly childEnv: () => Readonly<Record<string, string>>;
  readonly groups: ProcessGroups;
  readonly clock: Clock;
}

/** Nobody is there to answer a pager or a password question. */
const unattended = { PAGER: 'cat', GIT_PAGER: 'cat', GIT_TERMINAL_PROMPT: '0', TERM: 'dumb' };

export function execTool(options: ExecOptions): Tool {
  return defineTool({
    name: 'exec',
    group: 'exec',
    description:
      'Run a shell command in the workspace; answers output and exit code. No input is possible. For a server or watcher: start it in the background, "npm start > server.log 2>&1 &".',
    schema,
    example: { command: 'ls -la' },
    async run({ command, timeoutSeconds, cwd }, { session, signal }) {
      const place = await resolveInside(options.workspace, cwd ?? '.');
      if (!place.ok) return failure(refusalText(place.refusal));
      if (signal.aborted) return failure('Not run: stopped before it began.');
      const shell = await shellPath();
      const startedAt = options.clock.now();
      const group = options.groups.start({
        owner: session.key,
        command: shell,
        // One stream for both outputs keeps them in the order they were written.
        args: ['-c', `exec 2>&1; ${command}`],
        cwd: place.value.path,
        env: { ...options.childEnv(), ...unattended },
        stdin: 'ignore',
      });
      const output = new CapturedOutput(headBytes, tailBytes);
      group.child.stdout?.on('data', (chunk: Buffer) => output.add(chunk));
      group.child.stderr?.on('data', (chunk: Buffer) => output.add(chunk));
      const seconds = timeoutSeconds ?? defaultSeconds;
      const end = await waitFor(group, { clock: options.clock, seconds, signal });
      const unstopped = end === 'timeout' || end === 'aborted' ? await group.stop() : 0;
      await drain(group, options.clock);
      const took = secondsText(options.clock.now() - startedAt);
      return report({ end, seconds, took, unstopped, background: group.members().length, output: output.text() });
    },
  });
}

async function shellPath(): Promise<string> {
  return access('/bin/bash').then(
    () => '/bin/bash',
    () => '/bin/sh',
  );
}

type CommandEnd = Exit | 'timeout' | 'aborted';

interface Waiting {
  readonly clock: Clock;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

function waitFor(group: ProcessGroup, { clock, seconds, signal }: Waiting): Promise<CommandEnd> {
  return new Promise((resolve) => {
    const finish = (end: CommandEnd): void => {
      timer.cancel();
      signal.removeEventListener('abort', abort);
      resolve(end);
    };
    const abort = (): void => finish('aborted');
    const timer = clock.after(seconds * 1000, () => finish('timeout'));
    signal.addEventListener('abort', abort, { once: true });
    void group.exited.then(finish);
  });
}

/** Takes in what is still in the pipes. A background process may keep them: they are then read and thrown away. */
async function drain(group: ProcessGroup, clock: Clock): Promise<void> {
  const { child } = group;
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const waiting = new AbortController();
  void Promise.all(
    streams.map((stream) => stream.closed || new Promise((resolve) => stream.once('close', resolve))),
  ).then(() => waiting.abort());
  await clock.sleep(drainMs, waiting.signal);
  for (const stream of streams) {
    stream.removeAllListeners('data');
    stream.resume();
    // They must not keep our process alive.
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
  }
}

interface Report {
  readonly end: CommandEnd;
  readonly seconds: number;
  readonly took: string;
  readonly unstopped: number;
  readonly background: number;
  readonly output: string;
}

function report({ end, seconds, took, unstopped, background, output }: Report): ToolOutput {
  const notes = [output.trim() === '' ? '(no output)' : output.replace(/\s+$/, '')];
  if (unstopped > 0) notes.push(`[${unstopped} of its processes could not be ended]`);
  if (unstopped === 0 && background > 0) {
    notes.push('[processes it started run on in the background; they are ended with this session]');
  }
  const rest = notes.join('\n');
  if (end === 'timeout') {
    const fix =
      seconds < maxSeconds
        ? `Give a longer timeoutSeconds (up to ${maxSeconds}) or run it in the background.`
        : 'Run it in the background.';
    return failure(`Ended after ${seconds} s because it had not finished. ${fix}\n${rest}`);
  }
  if (end === 'aborted') return failure(`Stopped after ${took}.\n${rest}`);
  switch (end.kind) {
    case 'exited':
      return { text: `exit code ${end.code}, ${took}\n${rest}`, ...(end.code === 0 ? {} : { failed: true }) };
    case 'killed':
      return failure(`ended by ${end.signal}, ${took}\n${rest}`);
    case 'not-started':
      return failure(notStarted(end.error));
  }
}

function notStarted(error: Error): string {
  if (errorCode(error) === 'ENOENT')
    return 'The command was not started: the folder or the shell does not exist. Check cwd with ls.';
  if (errorCode(error) === 'ENOTDIR') return 'The command was not started: cwd is not a folder. Check it with ls.';
  return `The command was not started: ${error.message}.`;
}
