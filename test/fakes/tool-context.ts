// What a tool is called with, for tests of tools.
import type { Session } from '../../src/core/session.ts';
import { noUsage } from '../../src/core/session.ts';
import type { ToolContext } from '../../src/core/tool.ts';

export function toolContext(
  signal: AbortSignal = new AbortController().signal,
  sessionKey = 'agent:main:main',
): ToolContext {
  const session: Session = {
    key: sessionKey,
    id: '00000000-0000-4000-a000-000000000001',
    kind: 'chat',
    agentId: 'main',
    depth: 0,
    role: 'main',
    controlScope: sessionKey,
    ownerOnly: true,
    turns: 0,
    usage: noUsage,
    createdAt: 0,
    updatedAt: 0,
  };
  return { session, turn: 'turn-1', callId: 'call-1', signal };
}
