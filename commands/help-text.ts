// The help of one command and the answer to an unknown one. Used by help.ts and run.ts.
import type { Command } from '../src/core/command.ts';
import { clip, titled } from '../src/core/format.ts';
import { nearestName } from './args.ts';

export function commandHelp(command: Command): string {
  const lines = command.verbs.flatMap((verb) => [verb.syntax, `  ${verb.summary}`, `  example: ${verb.example}`]);
  return titled(`/${command.name}: ${command.summary}`.replace(/\.$/, ''), lines);
}

/** External coding agents people know by name. */
const codingAgents: readonly string[] = ['claude', 'codex', 'gemini', 'opencode'];

/** @param visible the commands this person may use: no other name is suggested */
export function unknownCommand(name: string, visible: readonly Command[]): string {
  const wanted = name.toLowerCase();
  if (codingAgents.includes(wanted))
    return `⚠️ ${wanted} is an external coding agent: /acp spawn ${wanted} --bind here starts it here.`;
  const nearest = nearestName(visible, wanted);
  const hint = nearest === undefined ? '' : ` Did you mean /${nearest}?`;
  return `⚠️ There is no command /${clip(name, 40)}.${hint} /help lists the commands.`;
}
