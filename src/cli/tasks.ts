// `switchyard tasks …`: the runs on record, stopping them, and what to do about results that did not arrive.
import { type Command, Option } from 'commander';
import { printable } from '../../channels/console/format.ts';
import { runName } from '../../commands/run-words.ts';
import { type RunStatus, runStatuses } from '../core/run.ts';
import type { StopReport } from '../core/services.ts';
import { type AddVerb, ask, type Cli, exits, look, notRunning, printJson, refused } from './cli.ts';
import type { MaintenanceFinding } from './engine-port.ts';
import { deliveryText, flowTable, maintenanceText, runDetails, runTable, stopText } from './task-text.ts';

interface ListOptions {
  readonly status?: RunStatus;
  readonly json?: boolean;
}

export const addTasks: AddVerb = (program, given) => {
  // Labels and results are what agents wrote: the terminal must not obey them.
  const cli: Cli = {
    ...given,
    out: (text) => given.out(printable(text)),
    err: (text) => given.err(printable(text)),
  };
  const tasks = program
    .command('tasks')
    .description('the runs on record: list, show, cancel, retry, dismiss, flow list, flow cancel, maintenance');
  tasks
    .command('list')
    .description('all runs, newest first')
    .addOption(new Option('--status <status>', 'only runs in this status').choices([...runStatuses]))
    .option('--json', 'print JSON')
    .action((options: ListOptions) => list(cli, options));
  tasks
    .command('show <id>')
    .description('everything recorded about one run')
    .option('--json', 'print JSON')
    .action((id: string, options: ListOptions) => show(cli, id, options.json === true));
  tasks
    .command('cancel <id>')
    .description('stop a run and everything below it')
    .action((id: string) => ask(cli, 'tasks.cancel', { id }, (report) => stopped(cli, report)));
  tasks
    .command('retry <id>')
    .description('try again to deliver a result; the task itself is not run again')
    .action((id: string) => delivery(cli, 'tasks.retry', id));
  tasks
    .command('dismiss <id>')
    .description('give up delivering a result')
    .action((id: string) => delivery(cli, 'tasks.dismiss', id));
  addFlow(tasks, cli);
  tasks
    .command('maintenance')
    .description('records that need care: stale, orphan, tombstoned, unreadable')
    .option('--apply', 'reconcile them')
    .option('--json', 'print JSON')
    .action((options: { apply?: boolean; json?: boolean }) =>
      maintenance(cli, options.apply === true, options.json === true),
    );
};

function addFlow(tasks: Command, cli: Cli): void {
  const flow = tasks.command('flow').description('trees: a root and all runs below it');
  flow
    .command('list')
    .description('all trees with totals')
    .option('--json', 'print JSON')
    .action((options: ListOptions) => flows(cli, options.json === true));
  flow
    .command('cancel <id>')
    .description('stop a whole tree')
    .action((id: string) => ask(cli, 'flow.cancel', { id }, (report) => stopped(cli, report)));
}

async function list(cli: Cli, { status, json }: ListOptions): Promise<void> {
  const params = status === undefined ? {} : { status };
  const runs = await look(cli, 'tasks.list', params, (store) => store.runs(params));
  if (runs !== undefined) print(cli, json === true, runs, runTable(runs, cli.clock.now()));
}

async function show(cli: Cli, id: string, json: boolean): Promise<void> {
  const run = await look(cli, 'tasks.show', { id }, (store) => store.run(id));
  if (run !== undefined) print(cli, json, run, runDetails(run, cli.clock.now()));
}

async function flows(cli: Cli, json: boolean): Promise<void> {
  const views = await look(cli, 'flow.list', {}, (store) => store.flows());
  if (views !== undefined) print(cli, json, views, flowTable(views, cli.clock.now()));
}

async function maintenance(cli: Cli, apply: boolean, json: boolean): Promise<void> {
  const findings = apply
    ? await reconciled(cli)
    : await look(cli, 'maintenance', { apply }, (store) => store.maintenance());
  if (findings !== undefined) print(cli, json, findings, maintenanceText(findings, apply));
}

/** By the process that runs, else on the store itself. */
async function reconciled(cli: Cli): Promise<readonly MaintenanceFinding[] | undefined> {
  const reply = await cli.call('maintenance', { apply: true });
  if (reply.kind === 'answered') return reply.value;
  const done = reply.kind === 'refused' ? { ok: false as const, refusal: reply.refusal } : await cli.reconcile(true);
  if (done?.ok === true) return done.value;
  if (done === undefined) notRunning(cli);
  else refused(cli, done.refusal);
  return undefined;
}

function print(cli: Cli, json: boolean, value: unknown, text: string): void {
  if (json) printJson(cli, value);
  else cli.out(text);
}

function stopped(cli: Cli, report: StopReport): void {
  cli.out(stopText(report));
  if (report.failed.length > 0) cli.finish(exits.failed);
}

async function delivery(cli: Cli, verb: 'tasks.retry' | 'tasks.dismiss', id: string): Promise<void> {
  await ask(cli, verb, { id }, (run) => cli.out(`${runName(run)}: delivery ${deliveryText(run, cli.clock.now())}`));
}
