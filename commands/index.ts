// The table of all commands, in the order /help shows them. app.ts hands it to the engine, channels register from it.
import type { Command } from '../src/core/command.ts';
import { acp } from './acp/index.ts';
import { agents } from './agents.ts';
import { approve } from './approve.ts';
import { deny } from './deny.ts';
import { doctor } from './doctor.ts';
import { focus } from './focus.ts';
import { help } from './help.ts';
import { fresh } from './new.ts';
import { pair } from './pair.ts';
import { queue } from './queue.ts';
import { session } from './session.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { steer } from './steer.ts';
import { stop } from './stop.ts';
import { subagents } from './subagents/index.ts';
import { tasks } from './tasks.ts';
import { tools } from './tools.ts';
import { unfocus } from './unfocus.ts';
import { usage } from './usage.ts';
import { whoami } from './whoami.ts';

const table: readonly Command[] = [
  help,
  subagents,
  acp,
  steer,
  stop,
  approve,
  deny,
  fresh,
  agents,
  focus,
  unfocus,
  session,
  queue,
  tasks,
  tools,
  status,
  doctor,
  usage,
  whoami,
  pair,
  start,
];

export function commandTable(): readonly Command[] {
  return table;
}
