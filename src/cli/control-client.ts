// Asks a running process over its control socket. Called by the verbs, and by control.ts to see whether a socket is alive.
import type { Refusal, Result } from '../core/result.ts';
import { http } from '../infra/http.ts';
import { recordedControlPath } from './control-path.ts';
import type { ControlAnswers, ControlParams, ControlVerb } from './engine-port.ts';

export type CallResult<V extends ControlVerb> =
  | { readonly kind: 'answered'; readonly value: ControlAnswers[V] }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'not-running' };

/** Stopping a large tree takes seconds; anything longer means the process hangs. */
const callTimeoutMs = 30_000;
const pingTimeoutMs = 2_000;
/** These start coding agents or runs, and wait for them. */
const slow: ReadonlyMap<ControlVerb, number> = new Map([
  ['doctor', 600_000],
  ['doctor.prelaunch', 300_000],
  ['doctor.spawn-test', 600_000],
]);

const lost: Refusal = {
  code: 'control_lost',
  message: 'The running process did not answer.',
  fix: 'See `switchyard logs`.',
};

/** Sends one verb to the process that runs on this state folder. Never throws. */
export async function callControl<V extends ControlVerb>(
  stateDir: string,
  verb: V,
  params: ControlParams<V>,
): Promise<CallResult<V>> {
  const reply = await post(recordedControlPath(stateDir), {
    url: `/${verb}`,
    body: params,
    timeoutMs: slow.get(verb) ?? callTimeoutMs,
  });
  switch (reply.kind) {
    case 'nobody':
      return { kind: 'not-running' };
    case 'broken':
      return { kind: 'refused', refusal: reply.refusal };
    case 'text': {
      const answer = parse(reply.text) as Result<ControlAnswers[V]> | undefined;
      if (answer === undefined) return { kind: 'refused', refusal: lost };
      return answer.ok ? { kind: 'answered', value: answer.value } : { kind: 'refused', refusal: answer.refusal };
    }
  }
}

/** Both ends are one program: an answer that parses is what the type says. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Who listens on a socket: a process id, `unknown` if it accepts but does not answer, undefined if nobody does. */
export async function pingControl(path: string): Promise<number | 'unknown' | undefined> {
  const reply = await post(path, { url: '/ping', body: {}, timeoutMs: pingTimeoutMs });
  if (reply.kind === 'nobody') return undefined;
  if (reply.kind === 'broken') return 'unknown';
  const answer = parse(reply.text) as { pid?: unknown } | undefined;
  return typeof answer?.pid === 'number' ? answer.pid : 'unknown';
}

type Reply =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'broken'; readonly refusal: Refusal };

interface Post {
  readonly url: string;
  readonly body: unknown;
  readonly timeoutMs: number;
}

function post(path: string, { url, body, timeoutMs }: Post): Promise<Reply> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(explain(error, path));
    const ask = http.request(
      { socketPath: path, path: url, method: 'POST', agent: false, timeout: timeoutMs },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          text += part;
        });
        answer.on('error', fail);
        answer.on('end', () => resolve({ kind: 'text', text }));
      },
    );
    ask.on('timeout', () => ask.destroy(new Error('timeout')));
    ask.on('error', fail);
    ask.end(JSON.stringify(body));
  });
}

function explain(error: NodeJS.ErrnoException, path: string): Reply {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    // A plain file where the socket should be.
    case 'ENOTSOCK':
      return { kind: 'nobody' };
    case 'EACCES':
    case 'EPERM':
      return {
        kind: 'broken',
        refusal: {
          code: 'control_denied',
          message: `Not allowed to reach the running process (${path}).`,
          fix: 'Use the account that started it.',
        },
      };
    default:
      return { kind: 'broken', refusal: lost };
  }
}
