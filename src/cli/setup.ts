// `switchyard setup`: asks, shows what would change, writes it, links the phone. Until the question at the end nothing is
// written. In order: 1 read, 2 ask, 3 plan and check, 4 agree, 5 write, 6 link, 7 say what comes next.
import { basename, dirname } from 'node:path';
import { ok, type Result, refusalText, refuse } from '../core/result.ts';
import type { Env } from '../infra/env.ts';
import { systemIds } from '../infra/ids.ts';
import { type AddVerb, type Cli, type Exit, exits } from './cli.ts';
import { applyEdits, envAfter, faultsOf } from './setup/apply.ts';
import { askChannels } from './setup/ask-channels.ts';
import { askHarness, askModel } from './setup/ask-model.ts';
import { askOwner } from './setup/ask-owner.ts';
import type { Linking } from './setup/ask-whatsapp.ts';
import { clackPrompts } from './setup/clack-prompts.ts';
import { type Current, readCurrent, type Texts } from './setup/current.ts';
import type { Dialogue } from './setup/dialogue.ts';
import { type Paths, readTexts, setupPaths, writeTexts } from './setup/files.ts';
import { foundHarnesses } from './setup/find-harnesses.ts';
import { type Answers, type Edits, planEdits } from './setup/plan.ts';
import { Cancelled, type Prompts } from './setup/prompts.ts';
import { changesText, nextText, notATerminal } from './setup/words.ts';

export const addSetup: AddVerb = (program, cli) => {
  program
    .command('setup')
    .description('choose channels, model and owner step by step; tries tokens and keys out and writes the files')
    .action(async () => cli.finish(await onTerminal(cli)));
};

async function onTerminal(cli: Cli): Promise<Exit> {
  const { stdin, stdout, signals } = cli;
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    cli.err(notATerminal);
    return exits.noTerminal;
  }
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  signals.on('SIGINT', onSignal);
  signals.on('SIGTERM', onSignal);
  try {
    return await setup(cli, await clackPrompts({ stdin, stdout, stop: stop.signal }));
  } finally {
    signals.off('SIGINT', onSignal);
    signals.off('SIGTERM', onSignal);
  }
}

/** The whole dialogue, whoever draws it. */
export async function setup(cli: Cli, prompts: Prompts): Promise<Exit> {
  const paths = setupPaths(cli.env, cli.workingDirectory);
  // 1
  const current = await readAll(paths, cli.env);
  if (!current.ok) {
    cli.err(refusalText(current.refusal));
    return exits.failed;
  }
  try {
    return await talk(cli, { prompts, paths, current: current.value });
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    cli.out('Nothing was changed.');
    return exits.failed;
  }
}

async function readAll(paths: Paths, env: Env): Promise<Result<Current>> {
  const texts = await readTexts(paths);
  if (!texts.ok) return texts;
  const current = readCurrent(texts.value, env);
  if (current.ok) return current;
  const fix = 'Mend it, then run setup again. Nothing was changed.';
  return refuse('config_faults', `${paths.config} has faults:\n${current.refusal.message}\n`, fix);
}

interface Talk {
  readonly prompts: Prompts;
  readonly paths: Paths;
  readonly current: Current;
}

async function talk(cli: Cli, { prompts, paths, current }: Talk): Promise<Exit> {
  const { env, clock, workingDirectory } = cli;
  prompts.title('Switchyard setup. Esc ends it.');
  const dialogue: Dialogue = {
    ...{ prompts, current, env, workingDirectory, fetch, clock, ids: systemIds },
    columns: cli.stdout.columns || 80,
    harnesses: foundHarnesses(current.config, env.variables),
  };
  // 2
  const { link, ...channels } = await askChannels(dialogue);
  const model = await askModel(dialogue);
  const harness = await askHarness(dialogue, model.model);
  const dmPolicy = channels.whatsapp?.dmPolicy ?? current.config.channels.whatsapp.dmPolicy;
  const owner = await askOwner(dialogue, { channels: channels.channels ?? [], botNumber: dmPolicy !== 'allowlist' });
  const answers: Answers = { ...channels, ...model, ...harness, ...owner };
  // 3
  const edits = planEdits(current, answers);
  const planned = await plan(cli, current.texts, edits);
  if (!planned.ok) {
    cli.err(`${refusalText(planned.refusal)} Nothing was changed.`);
    return exits.failed;
  }
  // 4
  const changes = edits.config.length + edits.env.length;
  if (changes === 0) prompts.say('The files say all of this already: nothing to write.');
  else {
    prompts.say(`To be written:\n${changesText(edits)}`);
    if (!(await prompts.confirm('Write it?', true))) throw new Cancelled();
  }
  return finish(cli, { paths, edits, link, wasOn: current.on });
}

interface Agreed {
  readonly paths: Paths;
  readonly edits: Edits;
  readonly link: Linking | undefined;
  /** Channels that were on before. */
  readonly wasOn: Current['on'];
}

/** From here on something may have been written, and what was is said. */
async function finish(cli: Cli, { paths, edits, link, wasOn }: Agreed): Promise<Exit> {
  // 5
  const written = await write(cli, paths, edits);
  if (!written.ok) {
    cli.err(refusalText(written.refusal));
    return exits.failed;
  }
  const { env, files } = written.value;
  if (files.length > 0) cli.out(`Written: ${names(cli, files)}`);
  // 6
  // A running process opens the account first, whose own connection links it then. One that refuses the file links it, too.
  if (link !== undefined) await cli.call('reload', {});
  const linked = link !== undefined && (await linkPhone({ ...cli, env }, link));
  // 7
  const after = await readAll(paths, env);
  const channels = after.ok ? after.value.on : [];
  const config = after.ok ? after.value.config : undefined;
  const steps = nextText({
    ...{ channels, secrets: edits.env.length > 0 },
    owned: (config?.commands.ownerAllowFrom.length ?? 0) > 0,
    botNumber: config?.channels.whatsapp.dmPolicy !== 'allowlist',
    running: (await cli.call('status', {})).kind !== 'not-running',
    unlinked: channels.includes('whatsapp') && (link === undefined ? !wasOn.includes('whatsapp') : !linked),
    shadowed: edits.env.flatMap(({ name, value }) => (env.variables[name] === value ? [] : [name])),
  });
  cli.out(`Next:\n${steps}`);
  return link === undefined || linked ? exits.ok : exits.failed;
}

interface Planned {
  readonly texts: Texts;
  /** As the next start will find it. */
  readonly env: Env;
}

/** Refused: `not_editable`, `config_faults`. */
async function plan({ env, workingDirectory }: Cli, before: Texts, edits: Edits): Promise<Result<Planned>> {
  const applied = await applyEdits(before, edits);
  if (!applied.ok) return applied;
  const texts = applied.value;
  const next = envAfter(env, { before, after: texts }, workingDirectory);
  const faults = faultsOf(texts, next);
  if (faults.length > 0) return refuse('config_faults', `The settings would have faults:\n${faults.join('\n')}\n`, '');
  return ok({ texts, env: next });
}

/** Into the files as they are now: somebody may have edited them meanwhile. */
async function write(
  cli: Cli,
  paths: Paths,
  edits: Edits,
): Promise<Result<{ readonly env: Env; readonly files: readonly string[] }>> {
  const before = await readTexts(paths);
  if (!before.ok) return before;
  const planned = await plan(cli, before.value, edits);
  if (!planned.ok) return planned;
  const { files, fault } = await writeTexts(paths, before.value, planned.value.texts);
  if (fault === undefined) return ok({ env: planned.value.env, files });
  const until = files.length === 0 ? 'Nothing was written.' : `Written before that: ${names(cli, files)}.`;
  return refuse('not_written', `${fault}. ${until}`, 'Mend that, then run setup again.');
}

/** Short where they lie in the folder everybody is in. */
function names({ workingDirectory }: Cli, files: readonly string[]): string {
  return files.map((file) => (dirname(file) === workingDirectory ? basename(file) : file)).join(', ');
}

/** @returns whether the account is linked now */
async function linkPhone(cli: Cli, link: Linking): Promise<boolean> {
  const { pairWhatsapp } = await import('./pair-whatsapp.ts');
  let code: Exit = exits.ok;
  const watched: Cli = {
    ...cli,
    finish: (said) => {
      code = said;
    },
  };
  await pairWhatsapp(watched, link.by === 'phone' ? { phone: link.phone } : {});
  return code === exits.ok;
}
