// /acp cancel and /acp close: the end of a turn, and of a session.
import type { AcpView } from '../../src/core/acp.ts';
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { assertNever } from '../../src/core/result.ts';
import { reply } from '../replies.ts';
import { target, withTarget } from './target.ts';
import { acpRefused, nameOf } from './words.ts';

export const cancel: Verb = {
  name: 'cancel',
  summary: 'Ends what the agent is doing now; its session goes on.',
  syntax: '/acp cancel [target]',
  example: '/acp cancel',
  params: [target],
  flags: [],
  run: (call) => withTarget(call, (view) => cancelTurn(call, view)),
};

async function cancelTurn(call: Call, view: AcpView): Promise<Reply> {
  const cancelled = await call.services.acp.cancel(call, view);
  if (!cancelled.ok) return acpRefused(cancelled.refusal);
  if (!cancelled.value) return reply(`ℹ️ ${nameOf(view)}: nothing was running.`);
  return reply(`✅ ${nameOf(view)}: cancelled${afterCancel(view)}`);
}

function afterCancel({ mode }: AcpView): string {
  switch (mode) {
    case 'persistent':
      return '; the session goes on.';
    case 'oneshot':
      return '. It was started for one answer, so it is closed.';
    case 'run':
      return '.';
    default:
      return assertNever(mode);
  }
}

export const close: Verb = {
  name: 'close',
  summary: 'Ends the agent and its session; what was bound to it is free again.',
  syntax: '/acp close [target]',
  example: '/acp close',
  params: [target],
  flags: [],
  run: (call) => withTarget(call, (view) => closeSession(call, view)),
};

async function closeSession(call: Call, view: AcpView): Promise<Reply> {
  const closed = await call.services.acp.close(call, view);
  if (!closed.ok) return acpRefused(closed.refusal);
  return reply(`✅ ${nameOf(view)} closed${closed.value.unbound ? ', its binding removed' : ''}.`);
}
