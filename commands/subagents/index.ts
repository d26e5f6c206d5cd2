// /subagents: the background runs of this conversation. One file per verb.
import type { Command } from '../../src/core/command.ts';
import { info } from './info.ts';
import { kill } from './kill.ts';
import { list } from './list.ts';
import { log } from './log.ts';
import { send } from './send.ts';
import { spawn } from './spawn.ts';
import { steer } from './steer.ts';

export const subagents: Command = {
  name: 'subagents',
  summary: 'See and steer the sub-agents started here.',
  access: 'anyone',
  verbs: [list, kill, log, info, send, steer, spawn],
};
