// Refusal sentences that several rooms speak, above all those of spawning: one function per rule, the same words for agents,
// chats and logs.
import type { Refusal } from './result.ts';

/** A conversation whose bound session is gone: nothing else may act or answer in its place. */
export function sessionGone(label: string): Refusal {
  return {
    code: 'session_gone',
    message: `session_gone: this conversation is bound to ${label}, which has been archived.`,
    fix: 'Use /unfocus to talk to the agent here again, or /focus another run.',
  };
}

/** A message names a run by its number and says nothing more. */
export function nothingSaid(number: number, label: string): Refusal {
  return {
    code: 'nothing_said',
    message: `#${number} is ${label}; your message says nothing to it.`,
    fix: `Write "#${number} <text>", or /focus #${number} so that everything here goes to it.`,
  };
}

/** A message names a run of another conversation. */
export function runOutOfReach(number: number): Refusal {
  return {
    code: 'target_out_of_scope',
    message: `#${number} belongs to another conversation.`,
    fix: '/subagents list shows the runs of this one.',
  };
}

/** A message quotes what a run said whose session is gone: nothing else may answer in its place. */
export function quotedGone(label: string): Refusal {
  return {
    code: 'quoted_gone',
    message: `${label} is archived, so nobody is left to answer that.`,
    fix: 'Its transcript is kept (/subagents log). Write without quoting or naming it to talk to the agent here.',
  };
}

export function notBound(): Refusal {
  return {
    code: 'not_bound',
    message: 'This conversation is not bound to a session.',
    fix: '/focus <label> binds it.',
  };
}

const listed = (ids: readonly string[]): string => (ids.length === 0 ? '(none)' : ids.join(', '));

export const spawnRefusal = {
  schemaInvalid: (faults: readonly string[], example: Record<string, unknown>): Refusal => ({
    code: 'schema_invalid',
    message: `schema validation error: ${faults.join('; ')}.`,
    fix: `A correct minimal call: ${JSON.stringify(example)}`,
  }),
  toolUnavailable: (tool: string, stage: string, fix: string): Refusal => ({
    code: 'tool_unavailable',
    message: `${tool}: tool not available. It was removed by ${stage}.`,
    fix,
  }),
  onlyItself: (caller: string, target: string, key: string): Refusal => ({
    code: 'agent_not_allowed',
    message: `allowAgents not configured for agent ${caller}: it may start only itself, not ${target}.`,
    fix: `To allow ${target}, set ${key}: ["${caller}", "${target}"].`,
  }),
  notInList: (caller: string, target: string, allowed: readonly string[], key: string): Refusal => ({
    code: 'agent_not_allowed',
    message: `agent id not in allowAgents: ${target}. ${caller} may start: ${listed(allowed)}.`,
    fix: `To allow ${target}, add it to ${key}.`,
  }),
  allowlistEmpty: (caller: string, key: string): Refusal => ({
    code: 'allowlist_empty',
    message: `allowAgents is [] and blocks every spawn by ${caller}.`,
    fix: `Add agent ids to ${key}, or remove the key to let ${caller} start itself.`,
  }),
  agentUnknown: (target: string, known: readonly string[]): Refusal => ({
    code: 'agent_unknown',
    message: `unknown agent ${target}. Known agents: ${listed(known)}.`,
    fix: 'Use one of these ids, or add the agent to agents.list.',
  }),
  agentIsHarness: (target: string, known: readonly string[]): Refusal => ({
    code: 'agent_unknown',
    message: `${target} is an external coding agent, not one of the agents here (${listed(known)}).`,
    fix: `Start it with runtime: "acp", or by /acp spawn ${target}.`,
  }),
  agentIdRequired: (allowed: readonly string[]): Refusal => ({
    code: 'agent_id_required',
    message: `agentId is required here (requireAgentId is on). Allowed: ${listed(allowed)}.`,
    fix: 'Call again with one of these agent ids.',
  }),
  depthExceeded: (depth: number, max: number): Refusal => ({
    code: 'depth_exceeded',
    message: `this session is at depth ${depth} and maxSpawnDepth is ${max}, so it may not start sub-agents.`,
    fix: 'Do the work here, or raise agents.defaults.subagents.maxSpawnDepth (at most 5).',
  }),
  childrenExceeded: (active: number, max: number): Refusal => ({
    code: 'children_exceeded',
    message: `${active} of ${max} children are active already.`,
    fix: 'Wait for one to finish or kill one (/subagents kill), or raise agents.defaults.subagents.maxChildrenPerAgent (at most 20).',
  }),
  modeRequiresThread: (): Refusal => ({
    code: 'mode_requires_thread',
    message: 'mode "session" needs a thread of its own.',
    fix: 'Either add thread: true, or use mode: "run".',
  }),
  noConversation: (): Refusal => ({
    code: 'no_route',
    message: 'this session belongs to no conversation, so nobody would get the result.',
    fix: 'Start it from a chat.',
  }),
  turnStopped: (): Refusal => ({
    code: 'stopped',
    message: 'this turn was stopped before the run was accepted.',
    fix: '',
  }),
  threadRequired: (): Refusal => ({
    code: 'thread_required',
    message: 'there are no threads in this chat.',
    fix: 'Use mode: "run" without thread, or a person may /focus the run here.',
  }),
  threadBindingInvalid: (why: string, fix: string): Refusal => ({
    code: 'thread_binding_invalid',
    message: `a thread cannot be bound here: ${why}.`,
    fix,
  }),
  sandboxUnavailable: (): Refusal => ({
    code: 'sandbox_unavailable',
    message: 'this version has no sandbox, so require cannot be met.',
    fix: 'Use sandbox: "inherit".',
  }),
  modelUnavailable: (message: string, fix: string): Refusal => ({ code: 'model_unavailable', message, fix }),
  acpAgentNotAllowed: (target: string, allowed: readonly string[]): Refusal => ({
    code: 'acp_agent_not_allowed',
    message: `ACP agent id not in allowedAgents: ${target}. Allowed: ${listed(allowed)}.`,
    fix: 'To allow it, add it to acp.allowedAgents.',
  }),
  acpAgentRequired: (): Refusal => ({
    code: 'acp_agent_required',
    message: 'runtime "acp" needs an agentId, and no default is set.',
    fix: 'Give agentId, or set acp.defaultAgent.',
  }),
  acpUnavailable: (acpCode: string, message: string, next: string): Refusal => ({
    code: 'acp_unavailable',
    message: `ACP error (${acpCode}): ${message}`,
    fix: `next: ${next}`,
  }),
  wrongRuntime: (target: string): Refusal => ({
    code: 'wrong_runtime',
    message: `${target} is native, not an ACP agent.`,
    fix: 'Leave runtime out.',
  }),
  /** To a person who asked /acp for it. */
  noCodingAgent: (target: string): Refusal => ({
    code: 'wrong_runtime',
    message: `${target} is a native agent, not a coding agent.`,
    fix: `/subagents spawn ${target} <task> starts it.`,
  }),
  budgetExceeded: (what: string): Refusal => ({
    code: 'budget_exceeded',
    message: `the budget is used up: ${what}.`,
    fix: 'Raise the budgets key named here, or start again in a new message.',
  }),
  breakerOpen: (failures: number, resetAt: string): Refusal => ({
    code: 'breaker_open',
    message: `this task failed ${failures} times in a row here, so it is not started again.`,
    fix: `Change the task or the agent, or wait until ${resetAt}.`,
  }),
  draining: (): Refusal => ({
    code: 'draining',
    message: 'Switchyard is restarting and takes no new work.',
    fix: 'Resend in a moment.',
  }),
  unsupportedParameter: (names: readonly string[]): Refusal => ({
    code: 'unsupported_parameter',
    message: `unsupported parameter: ${names.join(', ')}.`,
    fix: 'Leave it out: results always go back to the conversation that asked.',
  }),
} as const;
