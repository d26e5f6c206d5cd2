// /acp help: what /acp can do.
import type { Command, Verb } from '../../src/core/command.ts';
import { commandHelp } from '../help-text.ts';
import { reply } from '../replies.ts';

/** @param command asked for once it exists: this verb is part of it */
export function help(command: () => Command): Verb {
  return {
    name: 'help',
    summary: 'All of these.',
    syntax: '/acp help',
    example: '/acp help',
    params: [],
    flags: [],
    view: true,
    run: async () => reply(commandHelp(command())),
  };
}
