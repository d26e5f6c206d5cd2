// A model that answers by script over the wire: what it is asked, as a story tells it. Used by the stories of the platforms.
import { type OpenAiTwin, type TwinReply, type TwinRequest, text } from '../twins/openai.ts';

/** The last words said to it, and whether it is a sub-agent. */
export interface Asked {
  readonly last: string;
  readonly child: boolean;
  readonly request: TwinRequest;
}

/** Undefined: `started` after a tool call, else `ok`. */
export function scripted(model: OpenAiTwin, answer: (asked: Asked) => Promise<TwinReply | undefined>): void {
  model.always(async (request) => {
    const { messages } = request.body;
    const last = contentText(messages.at(-1)?.content);
    const child = contentText(messages[0]?.content).includes('You are a sub-agent');
    return (await answer({ last, child, request })) ?? text(messages.at(-1)?.role === 'tool' ? 'started' : 'ok');
  });
}

function contentText(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? '');
}

export const spawn = (label: string, more: object = {}) => ({
  id: label,
  name: 'sessions_spawn',
  arguments: { task: `work on ${label}`, label, ...more },
});
