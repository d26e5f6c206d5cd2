// `switchyard doctor`: what is wrong and how to mend it, with or without a running process, and with a config that is none.
import { printable } from '../../channels/console/format.ts';
import {
  type DoctorReport,
  doctorText,
  type PrelaunchReport,
  prelaunchPassed,
  prelaunchText,
  remaining,
  type SpawnTestReport,
  spawnTestText,
  type Topology,
  topologyText,
} from '../core/doctor.ts';
import { ok, type Result, refusalText } from '../core/result.ts';
import type { DoctorFacts } from '../doctor/facts.ts';
import { type AddVerb, type Cli, exits, notRunning, printJson, refused } from './cli.ts';

interface Options {
  readonly fix?: boolean;
  readonly json?: boolean;
  readonly prelaunch?: boolean;
  readonly topology?: boolean;
  readonly spawnTest?: boolean;
  readonly agent?: string;
}

export const addDoctor: AddVerb = (program, given) => {
  // Labels and answers are what agents wrote: the terminal must not obey them.
  const cli: Cli = {
    ...given,
    out: (text) => given.out(printable(text)),
    err: (text) => given.err(printable(text)),
  };
  program
    .command('doctor')
    .description('what is wrong, and how to mend it; also while nothing runs (exit 1 if something remains)')
    .option('--fix', 'put right what is safe to put right, and say what that was')
    .option('--prelaunch', 'is an agent ready to start others: list, tool, a live spawn, config; and what to think of')
    .option('--topology', 'who may start whom, with models and tool limits')
    .option('--spawn-test', 'three live runs: answer, follow an instruction, read a file')
    .option('--agent <id>', 'for --prelaunch and --spawn-test; without it the default agent')
    .option('--json', 'print JSON')
    .action((options: Options) => doctor(cli, options));
};

async function doctor(cli: Cli, options: Options): Promise<void> {
  const wanted = [options.prelaunch, options.topology, options.spawnTest, options.fix].filter((each) => each === true);
  if (wanted.length > 1) {
    const fix = 'Ask for one of --fix, --prelaunch, --topology, --spawn-test at a time.';
    return refused(cli, { code: 'one_at_a_time', message: 'These do not go together.', fix });
  }
  const agent = options.agent === undefined ? {} : { agent: options.agent };
  if (options.spawnTest === true) return spawnTest(cli, agent, options);
  if (options.prelaunch === true) return prelaunch(cli, agent, options);
  if (options.topology === true) return topology(cli, options);
  return checks(cli, options);
}

async function checks(cli: Cli, options: Options): Promise<void> {
  const fix = options.fix === true;
  const reply = await cli.call('doctor', { fix });
  if (reply.kind === 'answered') return tellReport(cli, reply.value, options);
  // A process that hangs or is just starting is no reason to see nothing.
  if (reply.kind === 'refused') cli.err(refusalText(reply.refusal));
  tellReport(cli, await lookAlone(cli, fix), options);
  if (reply.kind === 'refused') cli.finish(exits.failed);
}

async function lookAlone(cli: Cli, fix: boolean): Promise<DoctorReport> {
  const [{ runChecks }, { repairAll }] = await Promise.all([
    import('../doctor/checks.ts'),
    import('../doctor/repair.ts'),
  ]);
  const found = runChecks(await factsAlone(cli));
  const repaired = fix ? await repairAll(found, { leftovers: () => mendAlone(cli) }) : [];
  const findings = repaired.length === 0 ? found : runChecks(await factsAlone(cli));
  return { findings, repaired, running: false };
}

/** Everything that is dead in the store at once: nobody else works on it meanwhile. */
async function mendAlone(cli: Cli): Promise<Result<ReadonlySet<string>>> {
  const mended = await cli.reconcile(false);
  if (mended === undefined) return ok(new Set());
  if (!mended.ok) return mended;
  return ok(new Set(mended.value.flatMap(({ id, reconciled }) => (reconciled ? [id] : []))));
}

async function factsAlone(cli: Cli): Promise<DoctorFacts> {
  return (await import('./offline-doctor.ts')).offlineFacts(cli);
}

function tellReport(cli: Cli, report: DoctorReport, { json }: Options): void {
  const open = remaining(report).length;
  tell(cli, json, { ok: open === 0, ...report }, doctorText(report));
  cli.finish(open === 0 ? exits.ok : exits.failed);
}

async function prelaunch(cli: Cli, ask: { readonly agent?: string }, options: Options): Promise<void> {
  wait(cli, 'Starting a sub-agent …');
  const reply = await cli.call('doctor.prelaunch', ask);
  if (reply.kind === 'refused') return refused(cli, reply.refusal);
  const report = reply.kind === 'answered' ? reply.value : await prelaunchAlone(cli, ask);
  if (report === undefined) return;
  const ready = prelaunchPassed(report);
  tell(cli, options.json, { ok: ready, ...report } satisfies PrelaunchReport & { ok: boolean }, prelaunchText(report));
  cli.finish(ready ? exits.ok : exits.failed);
}

/** All but the live spawn can be judged from files. */
async function prelaunchAlone(
  cli: Cli,
  { agent: id }: { readonly agent?: string },
): Promise<PrelaunchReport | undefined> {
  const facts = await factsAlone(cli);
  const { settings } = facts;
  if (settings === undefined) return badConfig(cli, facts);
  const agent = settings.agents.find((each) => (id === undefined ? each.isDefault : each.id === id));
  if (agent === undefined) {
    const known = settings.agents.map((each) => each.id).join(', ');
    refused(cli, { code: 'agent_unknown', message: `There is no agent ${id ?? ''}.`, fix: `Known: ${known}.` });
    return undefined;
  }
  const { prelaunch: judge } = await import('../doctor/topology.ts');
  const live = {
    passed: false,
    fact: 'not running, so nothing was started.',
    fix: 'Start it with switchyard start, then repeat this.',
  };
  return judge(agent, { ...facts, settings }, live);
}

async function topology(cli: Cli, { json }: Options): Promise<void> {
  const reply = await cli.call('doctor.topology', {});
  if (reply.kind === 'refused') return refused(cli, reply.refusal);
  const seen = reply.kind === 'answered' ? reply.value : await topologyAlone(cli);
  if (seen !== undefined) tell(cli, json, seen, topologyText(seen));
}

async function topologyAlone(cli: Cli): Promise<Topology | undefined> {
  const facts = await factsAlone(cli);
  if (facts.settings === undefined) return badConfig(cli, facts);
  return (await import('../doctor/topology.ts')).topology(facts.settings);
}

function badConfig(cli: Cli, { config }: DoctorFacts): undefined {
  const message = `${config.path} is not in use:\n${config.error ?? ''}`;
  refused(cli, { code: 'config_invalid', message, fix: '\nCorrect it first.' });
  return undefined;
}

async function spawnTest(cli: Cli, ask: { readonly agent?: string }, { json }: Options): Promise<void> {
  wait(cli, 'Starting three sub-agents, one after another …');
  const reply = await cli.call('doctor.spawn-test', ask);
  switch (reply.kind) {
    case 'not-running':
      return notRunning(cli);
    case 'refused':
      return refused(cli, reply.refusal);
    case 'answered':
      tell(cli, json, reply.value, spawnTestText(reply.value));
      cli.finish(works(reply.value) ? exits.ok : exits.failed);
  }
}

/** It takes as long as the model does; a person should know what for. */
function wait(cli: Cli, text: string): void {
  if (cli.stdout.isTTY === true) cli.err(text);
}

const works = ({ verdict }: SpawnTestReport): boolean => verdict.kind === 'operational';

function tell(cli: Cli, json: boolean | undefined, value: unknown, text: string): void {
  if (json === true) printJson(cli, value);
  else cli.out(text);
}
