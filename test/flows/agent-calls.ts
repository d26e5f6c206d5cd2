// Lets a session's agent call tools as a model would, and gives back what the model read. Used by the spawn flows.
import { expect } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { call, type Script, say } from '../fakes/script.ts';
import type { World } from './world.ts';

/** A tool's answer; `data` is its JSON, of which each tool gives its own part. */
export interface Answer {
  readonly text: string;
  readonly failed: boolean;
  readonly data: AnswerData;
}

interface AnswerData {
  readonly code: string | undefined;
  readonly message: string;
  readonly fix: string;
  readonly runId: string;
  readonly childSessionKey: string;
  readonly label: string;
  readonly runTimeoutSeconds: number;
  readonly messages: readonly unknown[];
}

let serial = 0;

/** The chat's agent makes one call in a turn of its own, and the turn ends. */
export async function callTool(world: World, tool: string, input: unknown = {}): Promise<Answer> {
  serial += 1;
  const word = `call number ${serial}`;
  let answer: Answer | undefined;
  world.agent.once(
    new RegExp(`^${word}$`),
    firstRound(async function* () {
      answer = answerOf(yield call(tool, input));
      yield say(`done ${word}`);
    }),
  );
  // Not into a turn that happens to digest a result just now.
  const chat = world.agent.turns.find((turn) => !turn.session.includes(':subagent:'));
  if (chat !== undefined) await world.engine.sessions.setQueue(chat.session, { mode: 'followup' });
  await world.ask(word, `done ${word}`);
  if (answer === undefined) throw new Error(`${tool} was not called`);
  return answer;
}

/** What comes in before the turn has ended does not make it start over. */
function firstRound(script: Script): Script {
  return (context) => {
    if (context.round > 0) return [];
    return typeof script === 'function' ? script(context) : script;
  };
}

export const spawn = (world: World, input: object): Promise<Answer> => callTool(world, 'sessions_spawn', input);

export function answerOf(output: { readonly text: string; readonly failed?: boolean } | undefined): Answer {
  const text = output?.text ?? '{}';
  return { text, failed: output?.failed === true, data: JSON.parse(text) };
}

/** What the next task turn of a run does; matched by the run's task. */
export function whenTold(world: World, task: string, script: Script): void {
  world.agent.once((session, text) => session.kind !== 'chat' && text.trim().endsWith(task), firstRound(script));
}

/** Everything a spawn leaves behind; a refused one leaves it as it was. */
export function traces(world: World): object {
  const { read } = world.engine.stores.database;
  const all = (text: string): readonly unknown[] => read.all(text);
  return {
    runs: all('SELECT id FROM runs'),
    children: all("SELECT key FROM keyv WHERE key LIKE '%:subagent:%' OR key LIKE '%:acp:%' OR key LIKE 'bindings%'"),
    sent: all("SELECT key FROM outbox WHERE key NOT LIKE 'reply:%' AND key NOT LIKE 'command:%'"),
    threads: [...world.channel.threads],
  };
}

/** Waits until the run has come to this status. */
export async function reaches(world: World, label: string, status: Run['state']['status']): Promise<Run> {
  const find = (): Run | undefined => world.runs().find((run) => run.label === label);
  await world.until(() => find()?.state.status === status, `${label} to be ${status}, not ${find()?.state.status}`);
  return world.run(label);
}

/** The text of a refusal as a chat shows it. */
export const refusalWords = ({ data }: Answer): string => `${data.message} ${data.fix}`;

export function expectAccepted(answer: Answer): void {
  expect(answer.data, answer.text).toMatchObject({ status: 'accepted' });
}
