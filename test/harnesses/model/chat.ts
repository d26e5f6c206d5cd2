// Chat completions as OpenAI streams them, spoken by most coding agents. Used by server.ts.
import type { Said } from './script.ts';
import { sendEvent, textIn, type Wire } from './wire.ts';

interface Body {
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
  readonly tools?: readonly unknown[];
}

const speakers: Readonly<Record<string, Said['by']>> = { user: 'person', assistant: 'model' };

export const chatWire: Wire = {
  answers: (path) => path.endsWith('/chat/completions'),
  read: (body) => {
    const { messages, tools = [] } = body as Body;
    const said = messages.flatMap(({ role, content }): readonly Said[] => {
      const by = speakers[role];
      return by === undefined ? [] : [{ by, text: textIn(content) }];
    });
    return { said, tools: tools.length > 0 };
  },
  open: (response) => {
    let reason = 'stop';
    const send = (part: object): void =>
      sendEvent(response, { id: 'chat-1', object: 'chat.completion.chunk', created: 1, model: 'twin', ...part });
    const choice = (delta: object, finish: string | null = null): void =>
      send({ choices: [{ index: 0, delta, finish_reason: finish }] });
    return {
      say: (content) => choice({ role: 'assistant', content }),
      call: ({ name, input }) => {
        reason = 'tool_calls';
        const call = { name, arguments: JSON.stringify(input) };
        choice({
          tool_calls: [
            { index: 0, id: `call_${Math.trunc(performance.now() * 1000)}`, type: 'function', function: call },
          ],
        });
      },
      end: () => {
        choice({}, reason);
        send({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 } });
        sendEvent(response, '[DONE]');
        response.end();
      },
    };
  },
};
