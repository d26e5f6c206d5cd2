// The command line: verbs, help, exit code. Called by main.ts.
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { statePaths } from '../infra/state-paths.ts';
import type { AddVerb, Cli, Exit } from './cli.ts';
import { exits } from './cli.ts';

/** In the order of the help. Each file is loaded only for its own verb: a quick look at the status shall be quick. */
const verbs: Readonly<Record<string, () => Promise<AddVerb>>> = {
  setup: async () => (await import('./setup.ts')).addSetup,
  start: async () => (await import('./start.ts')).addStart,
  status: async () => (await import('./status.ts')).addStatus,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
  config: async () => (await import('./config-verbs.ts')).addConfig,
  tasks: async () => (await import('./tasks.ts')).addTasks,
  pair: async () => (await import('./pair.ts')).addPair,
  logs: async () => (await import('./logs.ts')).addLogs,
  web: async () => (await import('./web.ts')).addWeb,
};

/**
 * Runs one command line.
 * @param args without the program's own name
 * @returns the exit code: 0 done, 1 refused, failed or misused, 2 not running, or no terminal
 */
export async function runCli(args: readonly string[], parts: Omit<Cli, 'finish'>): Promise<number> {
  let code: Exit = exits.ok;
  const cli: Cli = {
    ...parts,
    finish: (said) => {
      code = said;
    },
  };
  const program = build(cli, await load(args[0] ?? ''));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
}

/** The verb that is named, or all of them, for help and for what is no verb. */
function load(name: string): Promise<readonly AddVerb[]> {
  const only = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  return Promise.all((only === undefined ? Object.values(verbs) : [only]).map((one) => one()));
}

function build(cli: Cli, added: readonly AddVerb[]): Command {
  const program = new Command('switchyard')
    .description('Run and steer fleets of AI agents from the chats on your phone.')
    .helpCommand('help [command]', 'all verbs, or one of them')
    .addHelpText('after', () => `\n${placesText(cli)}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.out(text.replace(/\n$/, '')),
      writeErr: (text) => cli.err(text.replace(/\n$/, '')),
    });
  // Subcommands copy the settings above when they are made, so they come last.
  for (const add of added) add(program, cli);
  return program;
}

function placesText({ env, workingDirectory }: Cli): string {
  const paths = statePaths(env.home);
  return [
    `Config:  ${env.configPath ?? join(workingDirectory, 'switchyard.json5')}   (other place: SWITCHYARD_CONFIG)`,
    `State:   ${paths.home}   (other place: SWITCHYARD_HOME)`,
    `Logs:    ${paths.log}   (read with: switchyard logs)`,
    'In any chat: /help',
  ].join('\n');
}
