// What the tests of coding agents share: the twin as a child process behind the real sessions and runtime, a person who
// answers permission questions, and views of what the twin received.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApprovalAnswer, ApprovalRequest } from '../../src/acp/asking.ts';
import type { ProcessRecord } from '../../src/acp/orphans.ts';
import type { ProgressView } from '../../src/acp/progress.ts';
import type { AcpRecord } from '../../src/acp/record.ts';
import { AcpRuntime } from '../../src/acp/runtime.ts';
import { HarnessSessions, type SessionsDeps } from '../../src/acp/sessions.ts';
import { AcpStats } from '../../src/acp/stats.ts';
import type { SteerOutcome } from '../../src/acp/steer.ts';
import type { TurnEvent, TurnPrompt } from '../../src/core/agent.ts';
import type { Session } from '../../src/core/session.ts';
import { type Config, configSchema } from '../../src/infra/config.ts';
import { childEnv } from '../../src/infra/env.ts';
import { silentLog } from '../../src/infra/log.ts';
import { ProcessGroups } from '../../src/tools/process-groups.ts';
import { aPrompt, aSession, type Played, playTurn } from '../agents/kit.ts';
import { heldClock } from '../fakes/held-clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { until } from '../fakes/wait.ts';
import type { TwinLine, TwinOptions } from '../twins/acp-agent.ts';

const twinPath = join(import.meta.dirname, '..', 'twins', 'acp-agent.ts');

export interface WorldOptions {
  readonly twin?: Omit<TwinOptions, 'folder'>;
  readonly acp?: Partial<Config['acp']>;
  /** Harness whose rules hold for the twin; `twin` has none. */
  readonly harness?: string;
  /** What the person answers; absent: the question stays open until `answer` is called. */
  readonly person?: ApprovalAnswer | 'absent';
}

/** A store in memory with the interface of the real one. */
export function memoryStore<T>() {
  const map = new Map<string, T>();
  return {
    map,
    get: async (key: string) => map.get(key),
    set: async (key: string, value: T) => {
      map.set(key, structuredClone(value));
    },
    delete: async (key: string) => map.delete(key),
    async *entries(): AsyncGenerator<readonly [string, T]> {
      yield* [...map];
    },
  };
}

export interface Question {
  readonly request: ApprovalRequest;
  readonly answer: (answer: ApprovalAnswer) => void;
  readonly withdrawn: () => boolean;
}

export class AcpWorld {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'switchyard-acp-')));
  readonly cwd = join(this.folder, 'work');
  /** Long waits end when the test says so. */
  readonly clock = heldClock();
  readonly questions: Question[] = [];
  readonly steered: { readonly ids: readonly string[]; readonly outcome: SteerOutcome }[] = [];
  readonly views: ProgressView[] = [];
  readonly waits: boolean[] = [];
  readonly records = memoryStore<AcpRecord>();
  readonly processes = memoryStore<ProcessRecord>();
  readonly stats = new AcpStats();
  readonly deps: SessionsDeps;
  readonly groups: ProcessGroups;
  settings: Config['acp'];
  sessions: HarnessSessions;
  runtime: AcpRuntime;
  #options: WorldOptions;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    mkdirSync(this.cwd);
    const { clock } = this;
    const ids = seededIds();
    this.groups = new ProcessGroups({ clock, ids, instance: this.folder });
    this.settings = configSchema.parse({ acp: { enabled: true } }).acp;
    this.configure(options);
    this.deps = {
      ...{ clock, ids, groups: this.groups, log: silentLog, version: '0.1.0' },
      ...{ processes: this.processes, records: this.records },
      settings: () => this.settings,
      lookup: () => ({ path: '', bins: [], isProgram: (path) => existsSync(path), allowNpx: false }),
      childEnv: (names, add) => childEnv(names, add),
      realPath: (path) => (existsSync(path) ? realpathSync(path) : path),
      approvals: options.person === 'absent' ? undefined : { ask: (...all) => this.#ask(...all) },
    };
    this.sessions = new HarnessSessions(this.deps);
    this.runtime = this.#runtime();
  }

  /** The real rule for the environment of a child, over these variables in place of our own. */
  childEnv(names: readonly string[], add: Readonly<Record<string, string>>, more: Readonly<Record<string, string>>) {
    return childEnv(names, add, { PATH: '', ...more });
  }

  get harness(): string {
    return this.#options.harness ?? 'twin';
  }

  /** Other options for the next process of the twin. */
  configure({ twin, acp }: Pick<WorldOptions, 'twin' | 'acp'>): void {
    const env = { ACP_TWIN: JSON.stringify({ folder: join(this.folder, 'twin'), ...twin }) };
    const agents = { [this.harness]: { command: process.execPath, args: [twinPath], env } };
    this.settings = { ...this.settings, ...acp, agents };
  }

  /** Everything in memory is gone, as after a restart of ours; what is stored stays. */
  restart(): void {
    this.sessions = new HarnessSessions(this.deps);
    this.runtime = this.#runtime();
  }

  #runtime(): AcpRuntime {
    return new AcpRuntime({
      ...{ sessions: this.sessions, clock: this.deps.clock, stats: this.stats },
      readFile: async (path) => readFileSync(path),
      timeoutSeconds: () => this.settings.turnTimeoutSeconds,
      progress: (_session, _turn, view) => this.views.push(view),
      waiting: (_session, waits) => this.waits.push(waits),
      steered: (_session, ids, outcome) => this.steered.push({ ids, outcome }),
      describe: () => ({ harness: this.harness, cwd: this.cwd }),
    });
  }

  #ask(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalAnswer> {
    const { promise, resolve } = Promise.withResolvers<ApprovalAnswer>();
    this.questions.push({ request, answer: resolve, withdrawn: () => signal.aborted });
    const { person } = this.#options;
    if (person !== undefined && person !== 'absent') resolve(person);
    return promise;
  }

  session(over: Partial<Session> = {}): Session {
    return aSession({ key: 'agent:twin:acp:1', id: 'memory-1', kind: 'acp', agentId: 'twin', ...over });
  }

  /** Plays a turn with this prompt to its end. */
  say(
    text: string,
    over: Partial<TurnPrompt> & { readonly session?: Session; readonly signal?: AbortSignal } = {},
  ): Promise<Played> {
    return this.start(text, over).played;
  }

  start(
    text: string,
    {
      session = this.session(),
      signal,
      ...over
    }: Partial<TurnPrompt> & { session?: Session; signal?: AbortSignal } = {},
  ): { readonly played: Promise<Played>; readonly events: readonly TurnEvent[] } {
    const events: TurnEvent[] = [];
    const played = playTurn(this.runtime, aPrompt(text, over), {
      ...{ session, onEvent: (event) => events.push(event) },
      ...(signal === undefined ? {} : { signal }),
    });
    return { played, events };
  }

  log(): readonly TwinLine[] {
    const path = join(this.folder, 'twin', 'log.jsonl');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as TwinLine);
  }

  /** One field of all lines of this kind, in order. */
  logged(what: string, field: string): readonly unknown[] {
    return this.log().flatMap((line) => (line.what === what ? [line[field]] : []));
  }

  heard(): readonly unknown[] {
    return this.logged('prompt', 'text');
  }

  /** Resolves once the twin has received as many of these as asked for. */
  received(what: string, times = 1): Promise<void> {
    return until(
      () => this.log().filter((line) => line.what === what).length >= times,
      `${what} in the log of the twin`,
    );
  }

  go(): void {
    mkdirSync(join(this.folder, 'twin'), { recursive: true });
    writeFileSync(join(this.folder, 'twin', 'go'), '');
  }

  /** Ends everything; answers how many processes were still there before. */
  async close(): Promise<number> {
    await this.sessions.close();
    const left = this.groups.live().flatMap((group) => group.members()).length;
    await this.groups.killAll();
    rmSync(this.folder, { recursive: true, force: true });
    return left;
  }
}

/** A sign of life has no text. */
export const said = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.delta : '')).join('');

export const notices = (played: Played): readonly string[] =>
  played.events.flatMap((event) => (event.type === 'notice' ? [event.text] : []));
