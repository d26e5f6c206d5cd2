// The parameters several verbs of /subagents share.
import type { Param } from '../../src/core/command.ts';

export const target: Param = {
  name: 'target',
  value: { kind: 'target' },
  required: true,
  summary: 'A number from the last list, a run id, a session key or a label.',
};

export const message: Param = {
  name: 'message',
  value: { kind: 'text' },
  required: true,
  summary: 'What to say to the sub-agent.',
};
