// External coding agents: their sessions, the runtime of their turns, and what the other rooms ask about them. Built by
// engine.ts between what is stored and the turns, which it reaches through `layer` once everything exists.
import { resolve } from 'node:path';
import type { Approvals } from '../../acp/asking.ts';
import type { OpenDeps } from '../../acp/open.ts';
import { processRecordSchema } from '../../acp/orphans.ts';
import { acpRecordSchema } from '../../acp/record.ts';
import { AcpRuntime } from '../../acp/runtime.ts';
import { HarnessSessions, type NewSession } from '../../acp/sessions.ts';
import { AcpStats } from '../../acp/stats.ts';
import type { Placed } from '../../agents/active.ts';
import type { MailItem } from '../../agents/mailbox.ts';
import type { Intro } from '../../bindings/texts.ts';
import type { AgentRuntime } from '../../core/agent.ts';
import type { Route } from '../../core/route.ts';
import type { Run } from '../../core/run.ts';
import type { Session, SessionKey } from '../../core/session.ts';
import type { SteerPlaced } from '../../runs/messages.ts';
import type { RunItem } from '../../runs/spawn.ts';
import type { DeliveryLayer } from '../delivery.ts';
import { logged } from '../models.ts';
import type { EngineParts } from '../parts.ts';
import type { RunsLayer } from '../runs.ts';
import type { Stores } from '../stores.ts';
import { version } from '../version.ts';
import { type HarnessFacts, harnessFacts, harnessOf } from './facts.ts';
import { HarnessProgress } from './progress.ts';
import { SteerReports } from './reports.ts';

export interface AcpBelow {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly delivery: DeliveryLayer;
  readonly approvals: Approvals;
  readonly layer: () => Pick<RunsLayer, 'turns' | 'messages'>;
}

type Described = Pick<Session, 'key' | 'kind' | 'agentId'>;

export class AcpLayer {
  readonly sessions: HarnessSessions;
  readonly stats = new AcpStats();
  /** For checks and lists, which start a harness of their own. */
  readonly open: OpenDeps;
  readonly #below: AcpBelow;
  readonly #runtime: AcpRuntime;
  readonly #reported: AgentRuntime;
  readonly #progress: HarnessProgress;
  readonly #reports: SteerReports;
  /** Sessions whose turn waits, for people or for a process. */
  readonly #asking = new Map<SessionKey, () => void>();

  constructor(below: AcpBelow) {
    this.#below = below;
    const { parts, stores, delivery } = below;
    const { clock, ids, log, harnesses } = parts;
    const settings: OpenDeps['settings'] = () => parts.config().acp;
    const processes = stores.keyed('acp-processes', processRecordSchema);
    this.open = {
      ...{ clock, processes, settings, version, groups: harnesses.groups, childEnv: harnesses.childEnv },
      lookup: () => ({ ...harnesses.lookup(), allowNpx: settings().allowNpx }),
    };
    this.sessions = new HarnessSessions({
      ...{ ...this.open, ids, log, approvals: below.approvals, realPath: harnesses.realPath },
      records: stores.keyed('acp', acpRecordSchema),
    });
    this.#reports = new SteerReports(delivery.notify);
    this.#progress = new HarnessProgress({
      ...{ clock, updates: delivery.updates, shown: delivery.shown },
      level: (session) => this.sessions.known(session.key)?.record.progress ?? 'brief',
      place: (session) => this.#followedAt(session),
    });
    this.#runtime = new AcpRuntime({
      ...{ clock, sessions: this.sessions, stats: this.stats, readFile: harnesses.readFile },
      timeoutSeconds: () => settings().turnTimeoutSeconds,
      progress: (session, turn, view) => this.#progress.show(session, turn, view),
      waiting: (session, waits) => this.#waits(session.key, waits),
      steered: (_session, items, outcome) => this.#reports.became(items, outcome),
      describe: (session) => this.#describe(session),
    });
    this.#reported = logged(this.#watched(), log);
  }

  /** Ends what an earlier process left running, and knows what it has kept. Returns how many programs it ended. */
  async start(): Promise<number> {
    const ended = await this.sessions.sweep();
    await this.sessions.views();
    return ended;
  }

  /** Whether the turns of a session run in a coding agent. */
  backs(session: Pick<Session, 'kind' | 'agentId'>): boolean {
    if (session.kind === 'acp') return true;
    const agents = this.#below.parts.agents();
    return (agents.get(session.agentId) ?? agents.default()).runtime.type === 'acp';
  }

  runtime(session: Session): AgentRuntime {
    return this.backs(session) ? this.#reported : this.#below.parts.runtime(session);
  }

  /** @param asker the session that wants to start one; absent: a person with every right */
  facts(asker?: Pick<Session, 'ownerOnly'>): HarnessFacts {
    return harnessFacts({ open: this.open, agents: this.#below.parts.agents }, asker);
  }

  /** What people call a session that lives in a coding agent. */
  label(key: SessionKey): string | undefined {
    return this.#below.stores.registry.byChild(key)?.label ?? this.sessions.known(key)?.record.started?.label;
  }

  /** Where it works and what it may do unasked, for the first words in its place. */
  work(session: Described): Intro['acp'] {
    if (!this.backs(session)) return undefined;
    const known = this.sessions.known(session.key);
    const mode = known?.record.started?.oneshot === true ? 'oneshot' : 'persistent';
    const cwd = known?.record.cwd ?? this.#describe(session).cwd;
    return { cwd, mode, permissions: known?.permissionMode() ?? this.open.settings().permissionMode };
  }

  /** As `work`, of a session that is about to be made for this agent. */
  intro(key: SessionKey, agentId: string): Intro['acp'] {
    const native = this.#below.parts.agents().get(agentId)?.runtime.type === 'native';
    return native ? undefined : this.work({ key, kind: 'acp', agentId });
  }

  /** Plain messages go into a running turn only where the harness takes them; a steer may cancel it. */
  takesIn(session: Session, item: Pick<MailItem, 'kind'>): boolean {
    if (!this.backs(session)) return this.#below.parts.runtime(session).kind === 'native';
    if (item.kind === 'note') return true;
    const live = this.sessions.known(session.key)?.live;
    return live === undefined || live.abilities.steer;
  }

  /** The running turn has something to take in. */
  injectable(session: Session, item: MailItem): void {
    if (!this.backs(session)) return;
    this.#reports.message(item);
    this.#runtime.nudge(session.key);
  }

  /** Puts a note into a session, and knows what becomes of it. */
  steer(session: Session, item: RunItem, put: () => Placed): SteerPlaced {
    if (item.kind !== 'note' || !item.steerable || !this.backs(session)) return put();
    const became = this.#reports.expect(item.id);
    const placed = put();
    void placed.ended.then(() => this.#reports.forget(item.id));
    if (placed.to === 'active') {
      // What the turn never took in begins the next one.
      void placed.taken.then((how) => how === 'turn' && this.#reports.became([item.id], 'sent'));
      return { ...placed, became };
    }
    this.#reports.forget(item.id);
    return placed.to === 'turn' && this.#starting(session.key)
      ? { ...placed, became: Promise.resolve('queued') }
      : placed;
  }

  /** A plain message was handed to a session: its sender hears where it has to wait for the agent to get ready. */
  offered(session: Session, { id, kind, route }: MailItem, { to }: Pick<Placed, 'to'>): void {
    const waits = kind === 'message' && to !== 'active' && to !== 'dropped' && this.#starting(session.key);
    if (waits && route !== undefined) this.#below.delivery.notify(`steered:${id}`, route, '⏳ queued until ready');
  }

  /** The harness session of a session, made where there is none; its process is not started. */
  obtain(
    session: Session,
    more: Pick<NewSession, 'started' | 'resumeId'> & { readonly cwd?: string | undefined } = {},
  ) {
    const { cwd, ...rest } = more;
    const described = this.#describe(session);
    const about = { ...described, cwd: cwd ?? described.cwd, key: session.key, memory: session.id };
    return this.sessions.obtain({ ...about, ...rest });
  }

  /** The model its agent is configured with; undefined: the harness has its own. */
  configuredModel(session: Session): string | undefined {
    return this.#describe(session).model;
  }

  /** A run is over: what failed or was stopped leaves no program behind. */
  ended(run: Run): void {
    if (run.runtime !== 'acp' || run.state.status === 'succeeded') return;
    this.#stop(run.child);
  }

  /** Sessions whose memory is gone are forgotten with it. */
  async prune(): Promise<void> {
    for (const { record } of await this.sessions.views()) {
      const kept = (await this.#below.stores.sessions.get(record.key)) !== undefined;
      if (!kept && this.#below.layer().turns.active(record.key) === undefined) await this.sessions.forget(record.key);
    }
  }

  #stop(key: SessionKey): void {
    this.sessions
      .known(key)
      ?.end()
      .catch((err: unknown) =>
        this.#below.parts.log.warn({ err, session: key, code: 'acp_stop' }, 'a coding agent could not be ended'),
      );
  }

  /** It was never ready before. */
  #starting(key: SessionKey): boolean {
    const session = this.sessions.known(key);
    return session?.state() === 'starting' && session.record.source === undefined;
  }

  #describe(session: Described): Omit<NewSession, 'key' | 'memory'> {
    const { parts, stores } = this.#below;
    const agents = parts.agents();
    const agent = agents.get(session.agentId) ?? (session.kind === 'acp' ? undefined : agents.default());
    const harness = harnessOf(agents, agent?.id ?? session.agentId);
    const { workspace } = agent ?? agents.default();
    const run = stores.registry.byChild(session.key);
    return {
      harness,
      cwd: resolve(workspace, agent?.runtime.cwd ?? parts.config().acp.cwd ?? ''),
      ...(agent === undefined || agent.model === harness ? {} : { model: agent.model }),
      ...(run?.resumeSessionId === undefined ? {} : { resumeId: run.resumeSessionId }),
    };
  }

  #waits(key: SessionKey, waits: boolean): void {
    const answered = this.#asking.get(key);
    if (!waits) {
      this.#asking.delete(key);
      answered?.();
    } else if (answered === undefined) {
      const { promise, resolve: done } = Promise.withResolvers<void>();
      this.#asking.set(key, done);
      void this.#below.layer().turns.park(key, () => promise);
    }
  }

  /** The turn's own place, the one it is bound to, or that of whoever asked to follow it. */
  async #followedAt(
    session: Session,
  ): Promise<{ readonly route: Route; readonly label: string | undefined } | undefined> {
    const { delivery, stores, layer } = this.#below;
    const { turns, messages } = layer();
    const items = turns.active(session.key)?.items ?? [];
    const here = items.findLast((item) => item.route !== undefined)?.route;
    const own = here ?? (await delivery.bindings.of(session.key))?.route;
    if (own !== undefined) return { route: own, label: undefined };
    const run = stores.registry.byChild(session.key);
    const owed = items.map((item) => messages.owes(item.id)).find((route) => route !== undefined);
    const route = owed ?? (run?.streamTo === 'parent' ? stores.moves.current(run.origin) : undefined);
    return route === undefined ? undefined : { route, label: this.label(session.key) ?? session.agentId };
  }

  #watched(): AgentRuntime {
    const [runtime, progress] = [this.#runtime, this.#progress];
    return {
      kind: 'acp',
      steer: (session, text) => runtime.steer(session, text),
      async *turn(session, prompt, tools, signal) {
        try {
          yield* runtime.turn(session, prompt, tools, signal);
        } finally {
          progress.ended(prompt.id);
        }
      },
    };
  }
}
