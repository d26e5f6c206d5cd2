// Runs one command from text to reply: the only thing the engine calls here.
// 1 parse  2 who may  3 help and usage  4 bound session gone, draining  5 run; a bug becomes a sentence and goes to the log.
import type { Caller, Command, CommandPlace, Reply } from '../src/core/command.ts';
import { sessionGone, spawnRefusal } from '../src/core/errors.ts';
import { clip } from '../src/core/format.ts';
import { assertNever } from '../src/core/result.ts';
import type { Services } from '../src/core/services.ts';
import { type ParsedCommand, parseCommand } from './args.ts';
import { commandHelp, unknownCommand } from './help-text.ts';
import { refused, reply } from './replies.ts';

export interface CommandHost {
  readonly services: Services;
  readonly table: readonly Command[];
  /** This bot's name in the chat, without `@`; undefined where the platform has no `/name@bot`. */
  readonly botName: string | undefined;
  /** Told of every bug in a command, for the log. */
  readonly onBug: (error: unknown, command: string) => void;
}

/** @returns the reply, or undefined when the text is no command or is meant for another bot. Never rejects. */
export async function runCommand(text: string, place: CommandPlace, host: CommandHost): Promise<Reply | undefined> {
  const parsed = parseCommand(text, host.table, host.botName);
  if (parsed.kind === 'not-a-command' || parsed.kind === 'other-bot') return undefined;
  if (parsed.kind === 'unknown') return reply(unknownCommand(parsed.name, visible(host, place.caller)));
  if (!mayUse(place.caller, parsed.command)) return reply(`⚠️ only the owner may use /${parsed.command.name}`);
  switch (parsed.kind) {
    case 'help':
      return reply(helpText(parsed.command, parsed.word));
    case 'usage':
      return reply(usageText(clip(parsed.message, longestQuote), parsed.syntax));
    case 'call':
      return carryOut(parsed, place, host);
    default:
      return assertNever(parsed);
  }
}

function visible(host: CommandHost, caller: Caller): readonly Command[] {
  return host.table.filter((command) => host.services.maySee(caller, command));
}

function mayUse(caller: Caller, command: Command): boolean {
  return command.access === 'anyone' || caller.class === 'owner';
}

/** What was typed is quoted, but not for pages. */
const longestQuote = 400;

function usageText(message: string, syntax: string): string {
  return message === '' ? `Usage: ${syntax}` : `⚠️ ${message}\nUsage: ${syntax}`;
}

function helpText(command: Command, word: string): string {
  const note = word === '' ? '' : `⚠️ /${command.name} has no "${clip(word, longestQuote)}".\n`;
  return `${note}${commandHelp(command)}`;
}

async function carryOut(
  call: Extract<ParsedCommand, { kind: 'call' }>,
  place: CommandPlace,
  host: CommandHost,
): Promise<Reply> {
  const { services } = host;
  if (call.verb.acts === true && place.gone !== undefined) return refused(sessionGone(place.gone));
  if (call.verb.starts === true && services.draining()) return refused(spawnRefusal.draining());
  try {
    const { starts, view, run } = call.verb;
    const said = await run({ ...place, args: call.args, flags: call.flags, services });
    return { ...said, ...(view === true ? { view } : {}), ...(starts === true ? { first: true } : {}) };
  } catch (error) {
    host.onBug(error, call.command.name);
    return reply(
      `⚠️ /${call.command.name} failed by an internal error and may be done in part. The log has the details.`,
    );
  }
}
