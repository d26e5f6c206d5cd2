// `switchyard config get|set`: the words on the command line; what they do is in config.ts.
import { ok, type Result } from '../core/result.ts';
import { ConfigFile } from '../infra/config-file.ts';
import { type AddVerb, type Cli, exits } from './cli.ts';
import { type CliResult, configGet, configSet } from './config.ts';

export const addConfig: AddVerb = (program, cli) => {
  const config = program.command('config').description('look at or change the configuration: get, set');
  config
    .command('get <key>')
    .description('the value in use, e.g. agents.defaults.maxConcurrent')
    .option('--show', 'print tokens and keys')
    .action(async (key: string, options: { show?: boolean }) => {
      tell(cli, configGet(await loaded(cli), key, options.show === true));
    });
  config
    .command('set <key> <value>')
    .description('change the file, comments kept; a running process takes it over (a value like -1 goes behind --)')
    .action(async (key: string, value: string) => {
      // The file is read before it is asked who runs, so that a bad one is not blamed on the change.
      const file = await loaded(cli);
      const running = (await cli.call('status', {})).kind !== 'not-running';
      tell(
        cli,
        await configSet(file, { keyPath: key, valueText: value, ...(running ? { notify: () => reload(cli) } : {}) }),
      );
    });
};

async function loaded({ env, clock, workingDirectory }: Cli): Promise<ConfigFile> {
  const file = new ConfigFile({ env, clock, workingDirectory });
  await file.load();
  return file;
}

async function reload(cli: Cli): Promise<Result<string>> {
  const reply = await cli.call('reload', {});
  switch (reply.kind) {
    case 'answered':
      return ok(reply.value);
    case 'refused':
      return { ok: false, refusal: reply.refusal };
    case 'not-running':
      return ok('Switchyard has stopped meanwhile; it reads this when it starts.');
  }
}

function tell(cli: Cli, { text, exitCode }: CliResult): void {
  if (exitCode === 0) cli.out(text);
  else {
    cli.err(text);
    cli.finish(exits.failed);
  }
}
