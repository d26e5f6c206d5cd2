// Which session a verb of /acp is about: named by a word or a flag, else the one bound here or started here last.
import type { AcpView } from '../../src/core/acp.ts';
import type { Call, Flag, Param, Reply } from '../../src/core/command.ts';
import { acpRefused } from './words.ts';

const summary = 'Label, session key or run; without it the one bound here, else the latest started here.';

export const target: Param = { name: 'target', value: { kind: 'acp' }, required: false, summary };
export const sessionFlag: Flag = { name: 'session', value: { kind: 'acp' }, summary };

/** Does something with the session that is meant; says why where there is none. */
export async function withTarget(call: Call, act: (view: AcpView) => Promise<Reply>): Promise<Reply> {
  const found = await call.services.acp.find(call, call.args.target ?? call.flags.session);
  return found.ok ? await act(found.value) : acpRefused(found.refusal);
}
