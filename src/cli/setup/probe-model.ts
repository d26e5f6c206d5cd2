// Does a model answer: one real call with the settings as they are about to be. Also which models a server has. Called by
// try-model.ts and ask-server.ts.
import { z } from 'zod';
import { callModel } from '../../agents/model-call.ts';
import { createModels } from '../../agents/models.ts';
import { refusalText } from '../../core/result.ts';
import type { Config } from '../../infra/config.ts';
import type { Env } from '../../infra/env.ts';
import type { Ids } from '../../infra/ids.ts';
import { getJson, type Net, type Probed } from './probe.ts';

export interface ModelAsked {
  /** `provider/model`. */
  readonly ref: string;
  /** As it would be in use. */
  readonly config: Config;
  readonly env: Pick<Env, 'providerKeys' | 'ollamaUrl'>;
  readonly agentId: string;
  readonly ids: Ids;
}

/** A model on this machine may have to be loaded first. */
const answerWithinMs = 60_000;

export async function probeModel({ clock, signal }: Omit<Net, 'fetch'>, asked: ModelAsked): Promise<Probed<null>> {
  const { ref, config, env, agentId, ids } = asked;
  const opened = await createModels({ config: () => config, env, clock }).open(ref, { agentId, thinking: 'off' });
  if (!opened.ok) return { kind: 'refused', what: refusalText(opened.refusal) };
  const late = new AbortController();
  const timer = clock.after(answerWithinMs, () => late.abort());
  const call = callModel({ clock, ids }, opened.value, {
    system: 'This is a test of the connection. Answer with the word ok.',
    messages: [{ role: 'user', content: 'ok?' }],
    tools: {},
    signal: AbortSignal.any([signal, late.signal]),
    retries: 0,
  });
  try {
    let step = await call.next();
    while (step.done !== true) step = await call.next();
    const reply = step.value;
    if (reply.kind === 'done') return { kind: 'works', value: null };
    if (reply.kind === 'aborted')
      return { kind: 'unreachable', what: `${ref} did not answer within ${answerWithinMs / 1_000} s.` };
    const known = reply.code === 'model_auth' || reply.code === 'model_bad_request';
    return { kind: known ? 'refused' : 'unreachable', what: reply.message };
  } finally {
    timer.cancel();
  }
}

const listed = z.object({ data: z.array(z.object({ id: z.string() })) });

/** GET /models of a server that speaks the OpenAI API; not every one has it. */
export async function serverModels(net: Net, baseUrl: string, key: string | undefined): Promise<readonly string[]> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await getJson(net, { url: `${baseUrl.replace(/\/+$/, '')}/models`, headers, who: baseUrl });
  const found = listed.safeParse(answer.kind === 'answered' ? answer.body : undefined);
  return found.success ? found.data.data.map(({ id }) => id) : [];
}
