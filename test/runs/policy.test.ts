// The spawn decision alone: which fault answers first, which values a run gets, who may start whom.
import { describe, expect, test } from 'vitest';
import { spawnRefusal } from '../../src/core/errors.ts';
import type { SpawnRequest } from '../../src/core/spawn.ts';
import { decideSpawn, type SpawnFacts, type SpawnPlan } from '../../src/runs/policy.ts';

const facts: SpawnFacts = {
  caller: { agentId: 'main', depth: 0 },
  draining: false,
  policy: { allow: 'any', key: 'agents.list[0].subagents.allowAgents', requireAgentId: false },
  agents: new Map([
    ['main', 'native'],
    ['worker', 'native'],
    ['coder', 'acp'],
  ]),
  harnesses: new Set(['claude', 'codex']),
  acp: { defaultAgent: 'claude', allowedAgents: undefined, unavailable: () => undefined },
  threads: 'available',
  defaultContext: 'fork',
  maxDepth: 1,
  activeChildren: 0,
  maxChildren: 5,
  defaultTimeoutSeconds: 90,
  model: (agentId, argument) => argument ?? `p/${agentId}`,
  thinking: () => 'low',
  checkModel: (ref) =>
    ref.startsWith('p/') ? { kind: 'ok' } : { kind: 'unknown', message: `unknown model ${ref}: there is no such.` },
  budget: () => undefined,
};

const decide = (request: Partial<SpawnRequest>, change: Partial<SpawnFacts> = {}) =>
  decideSpawn({ task: 'count', ...request }, { ...facts, ...change });

function planned(request: Partial<SpawnRequest>, change: Partial<SpawnFacts> = {}): SpawnPlan {
  const plan = decide(request, change);
  if (!plan.ok) throw new Error(plan.refusal.message);
  return plan.value;
}

function code(request: Partial<SpawnRequest>, change: Partial<SpawnFacts> = {}): string {
  const plan = decide(request, change);
  return plan.ok ? 'accepted' : plan.refusal.code;
}

interface Fault {
  readonly code: string;
  readonly request?: Partial<SpawnRequest>;
  readonly facts?: Partial<SpawnFacts>;
}

const policy = facts.policy;
/** In the order of the rows; every fault also stands where all later checks would pass. */
const faults: readonly Fault[] = [
  { code: 'tool_unavailable', facts: { removed: { stage: 'role leaf (depth 1)', fix: 'Do it yourself.' } } },
  { code: 'draining', facts: { draining: true } },
  { code: 'agent_id_required', facts: { policy: { ...policy, requireAgentId: true } } },
  { code: 'agent_unknown', request: { agentId: 'nobody' } },
  { code: 'agent_not_allowed', request: { agentId: 'worker' }, facts: { policy: { ...policy, allow: ['main'] } } },
  { code: 'wrong_runtime', request: { agentId: 'worker', runtime: 'acp' } },
  { code: 'mode_requires_thread', request: { mode: 'session' } },
  { code: 'sandbox_unavailable', request: { sandbox: 'require' } },
  { code: 'depth_exceeded', facts: { caller: { agentId: 'main', depth: 1 } } },
  { code: 'children_exceeded', facts: { activeChildren: 5 } },
  {
    code: 'model_unavailable',
    facts: { checkModel: () => ({ kind: 'unavailable', message: 'p/main needs a credential for p.', fix: 'Set it.' }) },
  },
  { code: 'budget_exceeded', facts: { budget: () => spawnRefusal.budgetExceeded('9 of 9 tokens') } },
];

function both(first: Fault, second: Fault): string {
  const policies = [first.facts?.policy, second.facts?.policy].filter((each) => each !== undefined);
  return code(
    { ...second.request, ...first.request },
    { ...second.facts, ...first.facts, ...(policies.length === 0 ? {} : { policy: Object.assign({}, ...policies) }) },
  );
}

describe('the order of the checks', () => {
  test.each(faults)('$code alone refuses', (fault) => {
    expect(code(fault.request ?? {}, fault.facts)).toBe(fault.code);
  });

  // agent_id_required asks that no agent is named, which the faults naming one contradict; see the next test.
  const pairs = faults.flatMap((first, index) =>
    faults
      .slice(index + 1)
      .filter((second) => first.code !== 'agent_id_required' || second.request?.agentId === undefined)
      .map((second) => ({ first, second, name: `${first.code} answers before ${second.code}` })),
  );
  test.each(pairs)('$name', ({ first, second }) => {
    expect(both(first, second)).toBe(first.code);
  });

  test('a required agent id is asked for before the default harness is missed', () => {
    const acp = { ...facts.acp, defaultAgent: undefined };
    expect(code({ runtime: 'acp' }, { acp, policy: { ...policy, requireAgentId: true } })).toBe('agent_id_required');
    expect(code({ runtime: 'acp' }, { acp })).toBe('acp_agent_required');
  });

  test('the breaker answers where the budget would', () => {
    const budget = () => spawnRefusal.breakerOpen(3, '2026-01-01T00:10:00.000Z');
    expect(code({}, { budget })).toBe('breaker_open');
  });

  test('an unusable harness is named after the lists and before the thread', () => {
    const unavailable = () => ({ code: 'ACP_DISPATCH_DISABLED', message: 'switched off.', next: 'set acp.enabled' });
    const acp = { ...facts.acp, unavailable };
    expect(code({ runtime: 'acp', agentId: 'claude', mode: 'session' }, { acp })).toBe('acp_unavailable');
    expect(code({ runtime: 'acp', agentId: 'codex', mode: 'session' }, { acp })).toBe('acp_agent_not_allowed');
  });

  test('threads: none, off, available', () => {
    const why = { why: 'bindings are off', fix: 'Switch them on.' };
    expect(code({ thread: true }, { threads: 'none' })).toBe('thread_required');
    expect(code({ thread: true }, { threads: why })).toBe('thread_binding_invalid');
    expect(code({ thread: true })).toBe('accepted');
    expect(code({}, { threads: 'none' })).toBe('accepted');
  });
});

describe('who may start whom', () => {
  const allow = (list: SpawnFacts['policy']['allow']): Partial<SpawnFacts> => ({ policy: { ...policy, allow: list } });

  test('without a list an agent starts itself, named or not, and nobody else', () => {
    expect(code({}, allow('own'))).toBe('accepted');
    expect(code({ agentId: 'main' }, allow('own'))).toBe('accepted');
    expect(code({ agentId: 'worker' }, allow('own'))).toBe('agent_not_allowed');
  });

  test('with a list an omitted agent is always the own one, but naming it needs the list', () => {
    expect(planned({}, allow(['worker'])).agentId).toBe('main');
    expect(code({ agentId: 'main' }, allow(['worker']))).toBe('agent_not_allowed');
    expect(code({ agentId: 'worker' }, allow(['worker']))).toBe('accepted');
  });

  test('an empty list blocks every spawn, also of itself', () => {
    expect(code({}, allow([]))).toBe('allowlist_empty');
    expect(code({ agentId: 'worker' }, allow([]))).toBe('allowlist_empty');
  });

  test('names that only look like an allowed one are unknown', () => {
    for (const agentId of ['Worker', 'worker ', '*', 'main:subagent:x', '__proto__'])
      expect(code({ agentId }, allow(['worker', '*']))).toBe('agent_unknown');
  });

  test('harnesses obey acp.allowedAgents alone: missing means the default one, a star any', () => {
    const acp = (allowedAgents: readonly string[] | undefined) => ({ acp: { ...facts.acp, allowedAgents } });
    const start = (agentId: string, list?: readonly string[]) =>
      code({ runtime: 'acp', agentId }, { ...allow(['worker']), ...acp(list) });
    expect(start('claude')).toBe('accepted');
    expect(start('codex')).toBe('acp_agent_not_allowed');
    expect(start('codex', ['*'])).toBe('accepted');
    expect(start('claude', [])).toBe('acp_agent_not_allowed');
    expect(planned({ runtime: 'acp' }).agentId).toBe('claude');
    expect(code({ agentId: 'claude' })).toBe('agent_unknown');
  });

  test('an agent run by a harness needs no runtime named', () => {
    expect(planned({ agentId: 'coder' }).runtime).toBe('acp');
    expect(code({ agentId: 'coder' }, allow('own'))).toBe('agent_not_allowed');
  });
});

describe('the effective values', () => {
  test('of a bare call', () => {
    expect(planned({})).toEqual({
      ...{ agentId: 'main', runtime: 'native', mode: 'run', thread: false, context: 'isolated', cleanup: 'keep' },
      ...{ model: 'p/main', thinking: 'low', timeoutSeconds: 90, role: 'leaf', warnings: [], external: {} },
    });
  });

  test('a thread makes it a lasting session with a fork, unless the call says otherwise', () => {
    expect(planned({ thread: true })).toMatchObject({ mode: 'session', context: 'fork', thread: true });
    expect(planned({ thread: true, mode: 'run', context: 'isolated' })).toMatchObject({
      ...{ mode: 'run', context: 'isolated' },
    });
    expect(planned({ thread: true }, { defaultContext: 'isolated' }).context).toBe('isolated');
  });

  test('an explicit 0 beats the configured time limit', () => {
    expect(planned({ runTimeoutSeconds: 0 }).timeoutSeconds).toBe(0);
    expect(planned({ runTimeoutSeconds: 7.5 }).timeoutSeconds).toBe(7.5);
  });

  test('an unknown model falls back to the default with a warning', () => {
    const plan = planned({ model: 'x/huge' });
    expect(plan.model).toBe('p/main');
    expect(plan.warnings).toEqual(['unknown model x/huge: there is no such. Using p/main.']);
  });

  test('an unknown model with no usable default is refused', () => {
    const unknown = () => ({ kind: 'unknown', message: 'unknown model.' }) as const;
    expect(code({}, { checkModel: unknown })).toBe('model_unavailable');
    expect(code({ model: 'x/huge' }, { checkModel: unknown })).toBe('model_unavailable');
  });

  test('a known model without credential is refused, also as the fallback of an unknown one', () => {
    const check: SpawnFacts['checkModel'] = (ref) =>
      ref === 'x/huge'
        ? { kind: 'unknown', message: 'unknown.' }
        : { kind: 'unavailable', message: 'no key.', fix: '' };
    expect(code({ model: 'p/big' }, { checkModel: check })).toBe('model_unavailable');
    expect(code({ model: 'x/huge' }, { checkModel: check })).toBe('model_unavailable');
  });

  test('a wrong thinking level falls back with a warning', () => {
    expect(planned({ thinking: 'high' })).toMatchObject({ thinking: 'high', warnings: [] });
    expect(planned({ thinking: 'HIGH' })).toMatchObject({ thinking: 'high', warnings: [] });
    expect(planned({ thinking: 'ultra' })).toMatchObject({
      thinking: 'low',
      warnings: ['thinking "ultra" is not one of off, minimal, low, medium, high. Using low.'],
    });
  });

  test('parameters of the other runtime are ignored and said so', () => {
    const native = planned({ resumeSessionId: 's1', streamTo: 'parent' });
    expect(native.warnings).toEqual([
      'resumeSessionId is for ACP agents and was ignored.',
      'streamTo is for ACP agents and was ignored.',
    ]);
    const acp = planned({ runtime: 'acp', context: 'fork', resumeSessionId: 's1', streamTo: 'parent' });
    expect(acp).toMatchObject({ runtime: 'acp', context: 'isolated' });
    expect(acp.warnings).toEqual(['context "fork" is for native agents and was ignored.']);
  });

  test('a child that may spawn in turn is an orchestrator, the deepest ones are leaves', () => {
    const role = (depth: number, maxDepth: number) =>
      planned({}, { caller: { agentId: 'main', depth }, maxDepth }).role;
    expect([role(0, 1), role(0, 2), role(1, 2), role(1, 3), role(2, 3)]).toEqual([
      ...['leaf', 'orchestrator', 'leaf', 'orchestrator', 'leaf'],
    ]);
  });
});
