// One typed line in, the full reply out. Used by the stories of all commands.
import { commandTable } from '../../commands/index.ts';
import { runCommand } from '../../commands/run.ts';
import type { CommandPlace } from '../../src/core/command.ts';
import { aPlace } from '../fakes/builders.ts';
import { aWorld, fakeServices, type World } from '../fakes/services.ts';

/** The text a person sees after typing `line`; undefined when nothing is answered. */
export async function typed(
  line: string,
  world: World = aWorld(),
  place: CommandPlace = aPlace(),
): Promise<string | undefined> {
  const table = commandTable();
  world.commands = table;
  const reply = await runCommand(line, place, {
    services: fakeServices(world),
    table,
    botName: 'yard_bot',
    onBug: (error, command) => world.asked.push(`bug in ${command}: ${error instanceof Error ? error.message : error}`),
  });
  return reply?.text;
}

export function lines(...texts: readonly string[]): string {
  return texts.join('\n');
}
