// Asks a model that was chosen whether it answers, with the settings as they would be. Called by ask-model.ts and
// ask-server.ts.
import { readEnv } from '../../infra/env.ts';
import { applyEdits } from './apply.ts';
import { mainAgent, readCurrent } from './current.ts';
import type { Dialogue } from './dialogue.ts';
import { type ModelAnswer, planEdits } from './plan.ts';
import type { Probed } from './probe.ts';
import { probeModel } from './probe-model.ts';

type Asked = Extract<ModelAnswer, { readonly model: string }>;

/** @returns undefined: the person wants another one */
export async function tryModel(dialogue: Dialogue, answer: Asked): Promise<ModelAnswer | undefined> {
  const { prompts } = dialogue;
  const ref = `${answer.kind === 'ollama' ? 'ollama' : answer.provider}/${answer.model}`;
  for (;;) {
    const probed = await prompts.during(`Asking ${ref} …`, (signal) => probe(dialogue, answer, { ref, signal }));
    if (probed.kind === 'works') {
      prompts.say(`${ref} answers.`);
      return answer;
    }
    prompts.warn(probed.what);
    const next = await prompts.choose({
      message: 'What now?',
      options: [
        { value: 'other', label: 'Choose again' },
        { value: 'retry', label: 'Ask again' },
        { value: 'untested', label: 'Take it as it is' },
      ],
      initial: probed.kind === 'unreachable' ? 'retry' : 'other',
    });
    if (next === 'other') return undefined;
    if (next === 'untested') return answer;
  }
}

async function probe(
  dialogue: Dialogue,
  answer: ModelAnswer,
  { ref, signal }: { readonly ref: string; readonly signal: AbortSignal },
): Promise<Probed<null>> {
  const { current, env, workingDirectory, clock, ids } = dialogue;
  const edits = planEdits(current, { model: answer });
  const after = await applyEdits(current.texts, edits);
  if (!after.ok) return { kind: 'refused', what: after.refusal.message };
  // What is asked is the key just given, also where the environment hides it.
  const given = Object.fromEntries(edits.env.map(({ name, value }) => [name, value]));
  const next = readEnv({ ...env.variables, ...given }, workingDirectory);
  const read = readCurrent(after.value, next);
  if (!read.ok) return { kind: 'refused', what: read.refusal.message };
  const { config } = read.value;
  return probeModel({ clock, signal }, { ref, config, env: next, agentId: mainAgent(config)?.agent.id ?? 'main', ids });
}
