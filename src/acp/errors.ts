// The seven ways in which an external coding agent fails people, each with what to do next: codes, wording, and the error
// that carries them through this room. Used by every file here that can fail.
import type { Refusal } from '../core/result.ts';

export const acpCodes = [
  'ACP_BACKEND_MISSING',
  'ACP_BACKEND_UNAVAILABLE',
  'ACP_BACKEND_UNSUPPORTED_CONTROL',
  'ACP_DISPATCH_DISABLED',
  'ACP_INVALID_RUNTIME_OPTION',
  'ACP_SESSION_INIT_FAILED',
  'ACP_TURN_FAILED',
] as const;
export type AcpCode = (typeof acpCodes)[number];

export interface AcpFault {
  readonly code: AcpCode;
  /** What happened and why, as one or two sentences. */
  readonly message: string;
  /** What to do about it, one action each, the most likely first. */
  readonly next: readonly string[];
}

/** Thrown inside this room; its edges turn it into values. */
export class AcpError extends Error {
  readonly fault: AcpFault;
  constructor(fault: AcpFault, cause?: unknown) {
    super(fault.message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

/** The form in which people and agents see it. */
export function acpErrorText({ code, message, next }: AcpFault): string {
  return [`ACP error (${code}): ${message}`, ...next.map((action) => `next: ${action}`)].join('\n');
}

export function acpRefusal({ code, message, next }: AcpFault): Refusal {
  return { code, message: `ACP error (${code}): ${message}`, fix: next.map((action) => `next: ${action}`).join('\n') };
}

/** Whatever was thrown, as a fault; what is no fault of the harness is described by `otherwise`. */
export function faultOf(error: unknown, otherwise: (message: string) => AcpFault): AcpFault {
  if (error instanceof AcpError) return error.fault;
  return otherwise(error instanceof Error ? error.message : String(error));
}

const listed = (values: readonly string[]): string => (values.length === 0 ? '(none)' : values.join(', '));

export const acpFault = {
  programMissing: (program: string, steps: readonly string[]): AcpFault => ({
    code: 'ACP_BACKEND_MISSING',
    message: `${program} is not installed.`,
    next: [...steps, '/acp doctor'],
  }),
  commandMissing: (program: string, key: string): AcpFault => ({
    code: 'ACP_BACKEND_MISSING',
    message: `the program ${program}, set in ${key}, was not found.`,
    next: [`correct ${key}, or remove it to use the built-in program`, '/acp doctor'],
  }),
  harnessUnknown: (name: string, known: readonly string[]): AcpFault => ({
    code: 'ACP_BACKEND_MISSING',
    message: `no coding agent is named ${name}. Known: ${listed(known)}.`,
    next: [`use one of these, or set acp.agents.${name}.command`],
  }),
  loginNeeded: (harness: string, login: string | undefined): AcpFault => ({
    code: 'ACP_BACKEND_UNAVAILABLE',
    message: `${harness} is not logged in.`,
    next: [login ?? `log in with ${harness} on this machine`, `/acp doctor ${harness}`],
  }),
  shuttingDown: (): AcpFault => ({
    code: 'ACP_BACKEND_UNAVAILABLE',
    message: 'Switchyard is shutting down.',
    next: ['send it again in a moment'],
  }),
  allBusy: (max: number): AcpFault => ({
    code: 'ACP_BACKEND_UNAVAILABLE',
    message: `all coding agents that may run at once are at work: ${max} (acp.maxSessions).`,
    next: ['wait until one is done, or end one: /acp sessions', 'raise acp.maxSessions'],
  }),
  unhealthy: (harness: string, what: string): AcpFault => ({
    code: 'ACP_BACKEND_UNAVAILABLE',
    message: `${harness} does not work: ${what}`,
    next: [`run ${harness} on this machine and see what it says`, `/acp doctor ${harness}`],
  }),
  unsupported: (harness: string, control: string, has: readonly string[]): AcpFault => ({
    code: 'ACP_BACKEND_UNSUPPORTED_CONTROL',
    message: `${harness} has no ${control}. It has: ${listed(has)}.`,
    next: ['/acp status shows what can be set'],
  }),
  disabled: (): AcpFault => ({
    code: 'ACP_DISPATCH_DISABLED',
    message: 'external coding agents are switched off.',
    next: ['switchyard config set acp.enabled true'],
  }),
  badValue: (what: string, value: string, valid: readonly string[]): AcpFault => ({
    code: 'ACP_INVALID_RUNTIME_OPTION',
    message: `${value} is no ${what}. Valid: ${listed(valid)}.`,
    next: ['use one of the valid values'],
  }),
  notTaken: (harness: string, value: string, why: string): AcpFault => ({
    code: 'ACP_INVALID_RUNTIME_OPTION',
    message: `${harness} did not take ${value}: ${why}`,
    next: ['/acp status shows what can be set'],
  }),
  noList: (harness: string): AcpFault => ({
    code: 'ACP_BACKEND_UNSUPPORTED_CONTROL',
    message: `${harness} has no list of its sessions.`,
    next: [`/acp resume <id> ${harness} --cwd <its folder> goes on with one whose id you know`],
  }),
  badFolder: (cwd: string, why: string): AcpFault => ({
    code: 'ACP_INVALID_RUNTIME_OPTION',
    message: `the working folder ${cwd} ${why}.`,
    next: ['give the absolute path of a folder that exists'],
  }),
  /** Nothing is there yet whose permissions could be set. */
  neverAsks: (harness: string): AcpFault => ({
    code: 'ACP_INVALID_RUNTIME_OPTION',
    message: `${harness} has no way to ask, so nobody would be asked before it acts. That needs the permissions approve-all.`,
    next: ['switchyard config set acp.permissionMode approve-all'],
  }),
  cannotAsk: (harness: string, how: string): AcpFault => ({
    code: 'ACP_INVALID_RUNTIME_OPTION',
    message: `${how}, so nobody would be asked before ${harness} acts. That needs the permissions approve-all.`,
    next: ['/acp permissions approve-all, or switchyard config set acp.permissionMode approve-all'],
  }),
  initFailed: (harness: string, what: string): AcpFault => ({
    code: 'ACP_SESSION_INIT_FAILED',
    message: `${harness} could not be started: ${what}`,
    next: [`/acp spawn ${harness} starts a new session`, `/acp doctor ${harness}`],
  }),
  stoppedStarting: (harness: string): AcpFault => ({
    code: 'ACP_SESSION_INIT_FAILED',
    message: `${harness} was stopped while it got ready.`,
    next: [`/acp spawn ${harness} starts a new session`],
  }),
  noSession: (what: string): AcpFault => ({
    code: 'ACP_SESSION_INIT_FAILED',
    message: what,
    next: ['/acp spawn --bind here'],
  }),
  notController: (): AcpFault => ({
    code: 'ACP_SESSION_INIT_FAILED',
    message: 'only the owner may start coding agents and talk to them.',
    next: ['ask the owner, who may set acp.control "allowed"'],
  }),
  notAllowedHere: (): AcpFault => ({
    code: 'ACP_SESSION_INIT_FAILED',
    message: 'others than the owner speak in this conversation, and only the owner may start coding agents.',
    next: ['ask in the direct chat of the owner, or set acp.control "allowed"'],
  }),
  resumeFailed: (harness: string, id: string, what: string): AcpFault => ({
    code: 'ACP_SESSION_INIT_FAILED',
    message: `${harness} could not continue its session ${id}: ${what}`,
    next: [
      '/acp sessions --all lists what it can continue, and the folder to give with --cwd',
      `/acp spawn ${harness} starts a new session`,
    ],
  }),
  askingNotSet: (harness: string, what: string): AcpFault => ({
    code: 'ACP_SESSION_INIT_FAILED',
    message: `${harness} could not be told to ask before it acts: ${what}`,
    next: [`/acp doctor ${harness}`, 'update the program, or use the permissions approve-all'],
  }),
  turnFailed: (harness: string, what: string): AcpFault => ({
    code: 'ACP_TURN_FAILED',
    message: `${harness}: ${what}`,
    next: ['send the message again'],
  }),
  denied: (what: string, next: string): AcpFault => ({
    code: 'ACP_TURN_FAILED',
    message: `Permission denied: ${what}`,
    next: [next],
  }),
} as const;
