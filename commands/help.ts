// /help: what can be typed here, made from the command table.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { titled } from '../src/core/format.ts';
import { findCommand } from './args.ts';
import { commandHelp, unknownCommand } from './help-text.ts';
import { reply } from './replies.ts';

export const help: Command = {
  name: 'help',
  summary: 'The commands you may use, or one of them in detail.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Lists the commands; with a name: its syntax, meaning and an example.',
      syntax: '/help [command]',
      example: '/help subagents',
      params: [
        { name: 'command', value: { kind: 'word' }, required: false, summary: 'A command, with or without the slash.' },
      ],
      flags: [],
      view: true,
      run: showHelp,
    },
  ],
};

async function showHelp(call: Call): Promise<Reply> {
  const visible = call.services.commands().filter((command) => call.services.maySee(call.caller, command));
  const asked = call.args.command?.replace(/^\//, '');
  if (asked === undefined) return reply(overview(visible));
  const command = findCommand(visible, asked);
  return reply(command === undefined ? unknownCommand(asked, visible) : commandHelp(command));
}

function overview(commands: readonly Command[]): string {
  const lines = commands.map((command) => {
    const aliases = (command.aliases ?? []).map((alias) => ` (/${alias})`).join('');
    return `/${command.name}${aliases} - ${command.summary}`;
  });
  return `${titled('Commands:', lines)}\n/help <command> shows syntax and an example.`;
}
