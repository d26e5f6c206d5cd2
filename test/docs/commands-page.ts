// The part of docs/commands.md that is made from the command table. Used by pages.ts.
import { commandTable } from '../../commands/index.ts';
import type { Command, Verb } from '../../src/core/command.ts';

export function commandsPart(): readonly string[] {
  return commandTable().flatMap(section);
}

function section(command: Command): readonly string[] {
  const also = (command.aliases ?? []).map((alias) => `\`/${alias}\``);
  const aliases = also.length === 0 ? '' : ` (also ${also.join(', ')})`;
  const owner = command.access === 'owner' ? ' Only the owner may use it.' : '';
  return ['', `## /${command.name}`, '', `${command.summary}${owner}${aliases}`, '', ...command.verbs.flatMap(entry)];
}

function entry(verb: Verb): readonly string[] {
  const params = verb.params.map((param) => `  - \`${param.name}\`: ${param.summary}`);
  const flags = verb.flags.map((flag) => `  - \`--${flag.name}\`: ${flag.summary}`);
  return [`- \`${verb.syntax}\`: ${verb.summary} Example: \`${verb.example}\``, ...params, ...flags];
}
