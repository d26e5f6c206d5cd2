// The engine as commands see it, in memory: runs are a list, what was asked is recorded, refusals are set by the test.

import type { AcpServices, AcpView } from '../../src/core/acp.ts';
import type { ApprovalServices, OpenApproval } from '../../src/core/approval.ts';
import type { Binding } from '../../src/core/binding.ts';
import type { Command } from '../../src/core/command.ts';
import type { DoctorReport, DoctorServices, Topology } from '../../src/core/doctor.ts';
import type { PairingView } from '../../src/core/pairing.ts';
import { ok, type Refusal, type Result, refuse } from '../../src/core/result.ts';
import { type Route, sameRoute } from '../../src/core/route.ts';
import { isTerminal, type Run } from '../../src/core/run.ts';
import type {
  AgentInfo,
  BindingServices,
  LogLine,
  PairingServices,
  RunServices,
  RunView,
  SendResult,
  Services,
  SessionServices,
  StatusView,
  SteerResult,
  StopReport,
  ToolsView,
  UsageView,
} from '../../src/core/services.ts';
import { addUsage, noUsage, type QueueSettings, type Session } from '../../src/core/session.ts';
import type { SpawnRequest } from '../../src/core/spawn.ts';
import { aBinding, aSession, aUsage, noon } from './builders.ts';

/** Everything a story may arrange before, and look at after, a command. */
export interface World {
  now: number;
  runs: Run[];
  bindings: Binding[];
  log: LogLine[];
  /** Answers of the next send, steer and stop. */
  sendResult: SendResult;
  steerResult: SteerResult;
  stopReport: Partial<StopReport>;
  /** How many runs are ahead of a spawned one, and what it warns of. */
  ahead: number;
  warnings: string[];
  queue: QueueSettings;
  queueOverride: Partial<QueueSettings> | undefined;
  waiting: number;
  agents: AgentInfo[];
  tools: ToolsView;
  status: StatusView;
  usage: UsageView;
  undelivered: number;
  /** A turn of the current session is under way. */
  busy: boolean;
  bindingsEnabled: boolean;
  pairing: PairingView;
  /** Open questions the caller may answer. */
  approvals: OpenApproval[];
  draining: boolean;
  commands: readonly Command[];
  /** What the doctor finds. */
  doctor: DoctorReport;
  /** Sessions in coding agents, the current one first. */
  coding: AcpView[];
  /** Set: every action that can be refused is, with this. */
  refusal: Refusal | undefined;
  /** Set: every action throws it. */
  bug: Error | undefined;
  /** What commands asked for, oldest first: `spawn {...}`, `send words hello`. */
  readonly asked: string[];
}

export function aWorld(fields: Partial<World> = {}): World {
  return {
    now: noon,
    runs: [],
    bindings: [],
    log: [],
    sendResult: { kind: 'running' },
    steerResult: 'injected',
    stopReport: {},
    ahead: 0,
    warnings: [],
    queue: { mode: 'steer', debounceMs: 500, cap: 20, drop: 'summarize' },
    queueOverride: undefined,
    waiting: 0,
    agents: [{ id: 'main', name: 'main', model: 'demo/demo', runtime: 'native' }],
    tools: { available: ['read', 'exec'], removed: [] },
    status: aStatus(),
    usage: { session: aUsage(10, 5), tree: aUsage(20, 10), today: aUsage(30, 15), left: [], agents: [] },
    undelivered: 0,
    busy: false,
    bindingsEnabled: true,
    pairing: { pending: [], people: [] },
    approvals: [],
    draining: false,
    commands: [],
    doctor: { findings: [], repaired: [], running: true },
    coding: [],
    refusal: undefined,
    bug: undefined,
    asked: [],
    ...fields,
  };
}

export function aStatus(): StatusView {
  return {
    version: '0.1.0',
    uptimeMs: 7_200_000,
    generation: 3,
    draining: false,
    config: { path: '/home/ann/switchyard.json5', exists: true, loadedAt: noon - 7_200_000 },
    lanes: [
      { name: 'main', active: 2, width: 4, waiting: 1 },
      { name: 'subagent', active: 5, width: 8, waiting: 0 },
    ],
    channels: [{ id: 'telegram', state: 'connected', detail: 'as @yard_bot since 10:00' }],
    outbox: { pending: 1, undelivered: 2 },
    closed: [],
    acp: { enabled: false, mode: 'approve-reads' },
    model: 'demo/demo',
  };
}

export function fakeServices(world: World): Services {
  return {
    runs: fakeRuns(world),
    sessions: fakeSessions(world),
    bindings: fakeBindings(world),
    pairing: fakePairing(world),
    approvals: fakeApprovals(world),
    acp: fakeAcp(world),
    doctor: fakeDoctor(world),
    agents: () => world.agents,
    tools: async () => world.tools,
    status: async () => world.status,
    usage: async () => world.usage,
    draining: () => world.draining,
    now: () => world.now,
    commands: () => world.commands,
    maySee: (caller, command) => command.access === 'anyone' || caller.class === 'owner',
  };
}

function fakeDoctor(world: World): DoctorServices {
  const verdict = { kind: 'operational', text: 'operational.' } as const;
  return {
    check: async (fix) => seen(world, fix ? 'doctor fix' : 'doctor', world.doctor),
    prelaunch: async (agentId = 'main') => act(world, `prelaunch ${agentId}`, { agentId, items: [], reminders: [] }),
    topology: async () => seen(world, 'topology', aTopology),
    spawnTest: async (agentId = 'main') =>
      act(world, `spawn-test ${agentId}`, { agentId, model: 'demo/demo', steps: [], verdict }),
  };
}

function seen<T>(world: World, what: string, value: T): T {
  world.asked.push(what);
  return value;
}

const aTopology: Topology = { agents: [], harnesses: [], maxSpawnDepth: 1, maxChildren: 5, subagentLimits: [] };

function act<T>(world: World, what: string, value: T): Result<T> {
  world.asked.push(what);
  if (world.bug !== undefined) throw world.bug;
  return world.refusal === undefined ? ok(value) : { ok: false, refusal: world.refusal };
}

function viewsOf(world: World): readonly RunView[] {
  return world.runs.map((run, index) => {
    const children = world.runs.filter((other) => other.parent === run.id && !isTerminal(other.state.status));
    return { run, number: index + 1, activeChildren: children.length, awaited: world.approvals.length > 0 };
  });
}

const nothingStopped: StopReport = {
  stopped: [],
  alreadyFinished: [],
  failed: [],
  turns: 0,
  wedged: false,
  messages: 0,
  untold: [],
};

function fakeRuns(world: World): RunServices {
  const ended = (view: RunView): boolean => isTerminal(view.run.state.status);
  const stop = (what: string): StopReport => {
    act(world, what, undefined);
    return { ...nothingStopped, ...world.stopReport };
  };
  return {
    list: async () => {
      const views = viewsOf(world);
      const usage = world.runs.reduce((total, run) => addUsage(total, run.usage), noUsage);
      const active = views.filter((view) => !ended(view));
      return { active, recent: views.filter(ended), total: { runs: views.length, usage } };
    },
    roster: async () =>
      viewsOf(world).filter((view) => !ended(view) || world.bindings.some((one) => one.session === view.run.child)),
    newest: async (_place, count) => [...viewsOf(world)].reverse().slice(0, count),
    number: async (_place, run) => viewsOf(world).find((view) => view.run.id === run.id)?.number ?? 0,
    find: async (_place, token) => findRun(world, token),
    children: async (run) => world.runs.filter((other) => other.parent === run.id),
    spawn: async (_place, request) => act(world, `spawn ${JSON.stringify(request)}`, spawned(world, request)),
    kill: async (_place, runs) => stop(`kill ${runs === undefined ? 'all' : runs.map((run) => run.label).join(' ')}`),
    stop: async () => stop('stop'),
    send: async (_place, run, text) => act(world, `send ${run.label} ${text}`, world.sendResult),
    steer: async (_place, run, text) => act(world, `steer ${run.label} ${text}`, world.steerResult),
    steerSession: async (place, text) => act(world, `steer ${place.session.key} ${text}`, world.steerResult),
    undelivered: async () => world.undelivered,
    current: async (place) => ({
      run: viewsOf(world).find(({ run }) => run.child === place.session.key),
      busy: world.busy,
      awaited: world.approvals.length > 0,
    }),
  };
}

function findRun(world: World, token: string): Result<RunView> {
  const views = viewsOf(world);
  const number = /^#?(\d{1,3})$/.exec(token)?.[1];
  const view =
    number === undefined
      ? views.find(({ run }) => run.label === token || run.child === token || run.id.startsWith(token))
      : views[Number(number) - 1];
  if (view !== undefined) return ok(view);
  return refuse('target_unknown', `No sub-agent ${token}.`, '/subagents list shows them.');
}

function spawned(world: World, request: SpawnRequest) {
  const agentId = request.agentId ?? 'main';
  return {
    status: 'accepted',
    runId: '4f1c2a90-0000-4000-a000-000000000000',
    childSessionKey: `agent:${agentId}:subagent:4f1c2a90`,
    label: 'task',
    agentId,
    runtime: 'subagent',
    mode: 'run',
    context: 'isolated',
    model: request.model ?? 'demo/demo',
    thinking: 'off',
    runTimeoutSeconds: request.runTimeoutSeconds ?? 0,
    warnings: world.warnings,
    number: world.runs.length + 1,
    ahead: world.ahead,
  } as const;
}

function fakeSessions(world: World): SessionServices {
  return {
    reset: async () => act(world, 'reset', { ...nothingStopped, ...world.stopReport }),
    log: async (key, limit, tools) =>
      act(
        world,
        `log ${key} ${limit} ${tools}`,
        world.log.filter((line) => tools || line.who !== 'Tool').slice(-limit),
      ),
    files: async (run) => ({
      sessionId: run.childSessionId,
      transcript: `/home/ann/.switchyard/sessions/${run.id}.jsonl`,
    }),
    contextTokens: () => 200_000,
    queue: () => ({
      settings: { ...world.queue, ...world.queueOverride },
      waiting: world.waiting,
      overridden: world.queueOverride !== undefined,
    }),
    setQueue: async (key, change) => {
      act(world, `setQueue ${key} ${JSON.stringify(change)}`, undefined);
      world.queueOverride = change === 'default' ? undefined : { ...world.queueOverride, ...change };
      return aSession({ key });
    },
  };
}

function fakeBindings(world: World): BindingServices {
  const at = (route: Route): Binding | undefined => world.bindings.find((one) => sameRoute(one.route, route));
  return {
    enabled: () => world.bindingsEnabled,
    at: async (route) => at(route),
    of: async (session) => world.bindings.find((one) => one.session === session),
    findTarget: async (_place, token): Promise<Result<Session>> => {
      const found = findRun(world, token);
      return found.ok ? ok(aSession({ key: found.value.run.child, agentId: found.value.run.agentId })) : found;
    },
    focus: async (place, target, here) => {
      const label = world.runs.find((run) => run.child === target.key)?.label ?? target.key;
      const route = here || place.route.channel !== 'discord' ? place.route : { ...place.route, thread: '1183' };
      return act(world, `focus ${label} ${here}`, aBinding({ label, agentId: target.agentId, route }));
    },
    unfocus: async (place) => {
      const binding = at(place.route);
      if (binding === undefined) return refuse('not_bound', 'This conversation is not bound.', '');
      return act(world, 'unfocus', {
        farewell: `ℹ️ ${binding.label} no longer answers here: unbound by hand.`,
        agentId: place.chatSession.agentId,
      });
    },
    setExpiry: async (place, change) => {
      const stored = { ...(at(place.route) ?? aBinding()), ...change };
      return act(world, `setExpiry ${JSON.stringify(change)}`, stored);
    },
  };
}

function fakePairing(world: World): PairingServices {
  const request = (code: string) => world.pairing.pending.find((one) => one.code === code);
  const unknown = (what: string) => refuse('unknown', `Nothing is known of ${what}.`, '/pair list shows who waits.');
  return {
    list: () => world.pairing,
    approve: async (code, by) => {
      const asked = request(code);
      if (asked === undefined) return unknown(code);
      const person = { ...asked, since: world.now, by: { via: 'chat', person: by } } as const;
      return act(world, `approve ${code} by ${by}`, { person, becameOwner: false, route: asked.route });
    },
    deny: async (code) => {
      const asked = request(code);
      return asked === undefined ? unknown(code) : act(world, `deny ${code}`, asked);
    },
    revoke: async (id) => {
      const person = world.pairing.people.find((one) => one.id === id);
      if (person === undefined) return unknown(id);
      return act(world, `revoke ${id}`, { person, wasOwner: person.owner, asksAgain: 'now' });
    },
  };
}

function fakeApprovals(world: World): ApprovalServices {
  return {
    open: () => world.approvals,
    decide: async (_place, which, verdict) => {
      const asked = world.approvals.find(({ code }) => which === undefined || code === which);
      if (asked === undefined) return refuse('none_pending', 'Nothing waits for your answer.', '');
      return act(world, `${verdict} ${asked.code}`, asked);
    },
  };
}

function fakeAcp(world: World): AcpServices {
  const find = (token: string | undefined): Result<AcpView> => {
    const view = world.coding.find(({ label, session }) => token === undefined || token === label || token === session);
    return view === undefined ? refuse('none', 'There is no such session.', 'next: /acp spawn --bind here') : ok(view);
  };
  return {
    spawn: async (_place, ask) => {
      const view = find(undefined);
      return view.ok ? act(world, `acp spawn ${JSON.stringify(ask)}`, spawnedAcp(view.value, ask.place)) : view;
    },
    find: async (_place, token) => find(token),
    list: async () => world.coding,
    elsewhere: async (_place, agent = 'claude') =>
      act(world, `elsewhere ${agent}`, {
        agent,
        sessions: [{ id: 'abc', cwd: '/srv/shop', title: 'Fix the tax', updatedAt: undefined }],
      }),
    steer: async (_place, target, text) => act(world, `acp steer ${target.label} ${text}`, world.steerResult),
    cancel: async (_place, target) => act(world, `acp cancel ${target.label}`, world.busy),
    close: async (_place, target) => act(world, `acp close ${target.label}`, { unbound: target.bound !== undefined }),
    set: async (_place, target, setting, value) =>
      act(world, `acp set ${target.label} ${JSON.stringify(setting)} ${value}`, value),
    resetOptions: async (_place, target) => act(world, `acp reset ${target.label}`, target),
    install: (agent = 'claude') => act(world, `acp install ${agent}`, { harness: agent, steps: ['npm i -g x'] }),
    doctor: async (agent) => {
      world.asked.push(`acp doctor ${agent ?? ''}`.trimEnd());
      return ['acpEnabled: yes', 'healthy: yes'];
    },
  };
}

function spawnedAcp(view: AcpView, place: 'here' | 'thread' | 'nowhere') {
  return { view, bound: place === 'nowhere' ? undefined : place } as const;
}
