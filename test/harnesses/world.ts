// One real coding agent behind the real sessions and runtime, in a home of its own, with a model on loopback and a person who
// answers permission questions. Used by stories.ts.
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { ApprovalAnswer, ApprovalRequest } from '../../src/acp/asking.ts';
import { type Health, probeHarness } from '../../src/acp/doctor.ts';
import type { ProcessRecord } from '../../src/acp/orphans.ts';
import type { AcpRecord } from '../../src/acp/record.ts';
import { AcpRuntime } from '../../src/acp/runtime.ts';
import type { HarnessSession } from '../../src/acp/session.ts';
import { HarnessSessions, type SessionsDeps } from '../../src/acp/sessions.ts';
import { AcpStats } from '../../src/acp/stats.ts';
import type { SteerOutcome } from '../../src/acp/steer.ts';
import type { Session } from '../../src/core/session.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { configSchema } from '../../src/infra/config.ts';
import { childEnv } from '../../src/infra/env.ts';
import { systemIds } from '../../src/infra/ids.ts';
import { silentLog } from '../../src/infra/log.ts';
import { ProcessGroups } from '../../src/tools/process-groups.ts';
import { memoryStore } from '../acp/world.ts';
import { aPrompt, aSession, type Played, playTurn } from '../agents/kit.ts';
import { type ModelServer, startModel } from './model/server.ts';
import type { Rig } from './rigs.ts';

export interface Turn {
  readonly played: Promise<Played>;
  /** What was said so far. */
  readonly text: () => string;
  readonly stop: () => void;
}

export class HarnessWorld {
  readonly questions: ApprovalRequest[] = [];
  /** How the person answers; undefined: not at all. */
  answer: ApprovalAnswer | undefined = 'once';
  readonly cwd: string;
  readonly model: ModelServer;
  readonly #rig: Rig;
  readonly #folder: string;
  readonly #deps: SessionsDeps;
  readonly #groups: ProcessGroups;
  readonly #sessions: HarnessSessions;
  readonly #runtime: AcpRuntime;
  #turns = 0;

  private constructor(rig: Rig, { folder, model, programs }: { folder: string; model: ModelServer; programs: string }) {
    this.#rig = rig;
    this.model = model;
    this.#folder = folder;
    this.cwd = join(folder, 'work');
    const home = join(folder, 'home');
    for (const each of [this.cwd, home]) mkdirSync(each);
    const env = { HOME: home, ...rig.settle(home, model.url) };
    const settings = configSchema.parse({ acp: { enabled: true, agents: { [rig.id]: { env } } } }).acp;
    const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
    this.#groups = new ProcessGroups({ clock: systemClock, ids: systemIds, instance: folder });
    this.#deps = {
      ...{ clock: systemClock, ids: systemIds, groups: this.#groups, log: silentLog, version: '0.1.0' },
      ...{ processes: memoryStore<ProcessRecord>(), records: memoryStore<AcpRecord>(), settings: () => settings },
      lookup: () => ({ path: '', bins: [programs], isProgram, allowNpx: false }),
      // Nothing of this machine: no key and no setting of the person at it.
      childEnv: (names, add) => childEnv(names, add, { PATH: path, TMPDIR: folder }),
      realPath: (each) => (existsSync(each) ? realpathSync(each) : each),
      approvals: { ask: (request, signal) => this.#ask(request, signal) },
    };
    this.#sessions = new HarnessSessions(this.#deps);
    this.#runtime = new AcpRuntime({
      ...{ sessions: this.#sessions, clock: systemClock, stats: new AcpStats() },
      readFile: async (each) => readFileSync(each),
      timeoutSeconds: () => 0,
      progress: () => undefined,
      waiting: () => undefined,
      steered: () => undefined,
      describe: () => ({ harness: rig.id, cwd: this.cwd }),
    });
  }

  /** @param programs folder with the installed program */
  static async open(rig: Rig, programs: string): Promise<HarnessWorld> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'switchyard-harness-')));
    return new HarnessWorld(rig, { folder, model: await startModel(rig.shell), programs });
  }

  /** One session for all stories of an agent. */
  get session(): Session {
    return aSession({ key: `agent:${this.#rig.id}:acp:1`, id: 'memory-1', kind: 'acp', agentId: this.#rig.id });
  }

  get harness(): HarnessSession {
    const known = this.#sessions.known(this.session.key);
    if (known === undefined) throw new Error('no session yet');
    return known;
  }

  say(text: string): Promise<Played> {
    return this.start(text).played;
  }

  start(text: string): Turn {
    this.#turns += 1;
    let said = '';
    const stop = new AbortController();
    const id = `turn-${this.#turns}`;
    const history = [{ type: 'user', at: 0, turn: id, text }] as const;
    const played = playTurn(this.#runtime, aPrompt(text, { id, history }), {
      ...{ session: this.session, signal: stop.signal },
      onEvent: (event) => {
        if (event.type === 'text') said += event.delta;
      },
    });
    return { played, text: () => said, stop: () => stop.abort('user') };
  }

  steer(text: string): Promise<SteerOutcome> {
    return this.#runtime.steerNow(this.session.key, text);
  }

  doctor(): Promise<Health> {
    return probeHarness(this.#deps, this.#rig.id);
  }

  /** Ends its process as we end; answers how many processes are still there. */
  async endProcesses(): Promise<number> {
    await this.#sessions.close();
    const left = this.#groups.live().flatMap((group) => group.members()).length;
    await this.#groups.killAll();
    // What it started and let go still carries our mark.
    return left + (await this.#groups.sweep());
  }

  async close(): Promise<void> {
    await this.endProcesses();
    await this.model.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ask(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalAnswer> {
    this.questions.push(request);
    if (this.answer !== undefined) return Promise.resolve(this.answer);
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('expired'), { once: true }));
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
