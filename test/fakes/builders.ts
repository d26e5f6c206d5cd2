// Sensible runs, sessions, places and bindings; a test names only what it is about.
import type { AcpView } from '../../src/core/acp.ts';
import type { Binding } from '../../src/core/binding.ts';
import type { CommandPlace } from '../../src/core/command.ts';
import type { Route } from '../../src/core/route.ts';
import type { Run } from '../../src/core/run.ts';
import { noUsage, type Session, type Usage } from '../../src/core/session.ts';

/** 2026-01-01T12:00:00Z: "now" in every story about commands. */
export const noon = Date.UTC(2026, 0, 1, 12);

export const aRoute: Route = { channel: 'telegram', account: 'default', chat: '42' };

export function aUsage(input: number, output: number, costUsd: number | null = 0): Usage {
  return { input, output, costUsd, context: input, reported: true };
}

export function aSession(fields: Partial<Session> = {}): Session {
  return {
    key: 'agent:main:telegram:direct:42',
    id: '0b8e6d1c-0000-4000-a000-000000000001',
    kind: 'chat',
    agentId: 'main',
    depth: 0,
    role: 'main',
    controlScope: 'agent:main:telegram:direct:42',
    ownerOnly: true,
    turns: 0,
    usage: noUsage,
    createdAt: noon - 3_600_000,
    updatedAt: noon,
    ...fields,
  };
}

export function aPlace(fields: Partial<CommandPlace> = {}): CommandPlace {
  const session = fields.chatSession ?? aSession();
  return {
    caller: { id: 'telegram:42', name: 'Ann', class: 'owner' },
    route: aRoute,
    chat: 'direct',
    chatSession: session,
    session,
    bound: false,
    commandId: 'telegram:default:42:7',
    ...fields,
  };
}

/** A run that started a minute ago and works. */
export function aRun(fields: Partial<Run> = {}): Run {
  const id = fields.id ?? '4f1c2a90-0000-4000-a000-000000000000';
  return {
    id,
    tree: 'tree-1',
    child: `agent:main:subagent:${id}`,
    childSessionId: '0b8e6d1c-0000-4000-a000-000000000002',
    requester: 'agent:main:telegram:direct:42',
    requesterTurn: 'turn-1',
    origin: aRoute,
    askedBy: 'agent',
    agentId: 'main',
    runtime: 'native',
    mode: 'run',
    depth: 1,
    role: 'leaf',
    task: 'count the words in README.md',
    label: 'words',
    model: 'demo/demo',
    thinking: 'off',
    context: 'isolated',
    cleanup: 'keep',
    timeoutSeconds: 0,
    warnings: [],
    usage: aUsage(200, 10),
    acceptedAt: noon - 61_000,
    lastEventAt: noon,
    state: { status: 'running', startedAt: noon - 60_000 },
    delivery: { state: 'none', attempts: 0 },
    ...fields,
  };
}

/** A run that succeeded ten seconds ago and was delivered. */
export function anEndedRun(fields: Partial<Run> = {}): Run {
  return aRun({
    state: {
      status: 'succeeded',
      startedAt: noon - 60_000,
      endedAt: noon - 10_000,
      outcome: { kind: 'success', text: 'README.md has 1,204 words.' },
    },
    delivery: { state: 'delivered', attempts: 1, deliveredAt: noon - 9000 },
    ...fields,
  });
}

export function aBinding(fields: Partial<Binding> = {}): Binding {
  return {
    route: aRoute,
    session: aRun().child,
    agentId: 'main',
    label: 'words',
    boundBy: 'telegram:42',
    boundAt: noon - 3_600_000,
    lastMessageAt: noon - 60_000,
    idleMs: 86_400_000,
    maxAgeMs: 0,
    ...fields,
  };
}

/** A session in a coding agent that is idle and bound nowhere. */
export function aCodingView(fields: Partial<AcpView> = {}): AcpView {
  return {
    session: 'agent:claude:acp:7e0c',
    label: 'claude',
    scope: 'agent:main:telegram:direct:42',
    agent: 'claude',
    harness: 'claude',
    harnessSession: '0199a2f4',
    mode: 'persistent',
    state: 'idle',
    cwd: '/srv/shop',
    permissions: 'approve-reads',
    timeoutSeconds: 0,
    progress: 'brief',
    options: [{ name: 'mode', value: 'default', choices: ['default', 'plan'] }],
    can: ['resume', 'steer'],
    memory: 440_401_920,
    waiting: 0,
    lastUsed: noon - 60_000,
    lastError: undefined,
    bound: undefined,
    ...fields,
  };
}
