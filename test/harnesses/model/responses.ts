// Responses as OpenAI streams them, spoken by codex. Used by server.ts.
import type { Said } from './script.ts';
import { sendEvent, textIn, type Wire } from './wire.ts';

interface Item {
  readonly role?: string;
  readonly content?: unknown;
}

interface Body {
  readonly input: readonly Item[];
  readonly tools?: readonly unknown[];
}

export const responsesWire: Wire = {
  answers: (path) => path.endsWith('/responses'),
  read: (body) => {
    const { input, tools = [] } = body as Body;
    const said = input.flatMap(({ role, content }): readonly Said[] => {
      if (role === 'user') return [{ by: 'person', text: textIn(content) }];
      return role === 'assistant' ? [{ by: 'model', text: textIn(content) }] : [];
    });
    return { said, tools: tools.length > 0 };
  },
  open: (response) => {
    const stamp = Math.trunc(performance.now() * 1000);
    const message = (text: string) => ({
      ...{ type: 'message', id: `msg_${stamp}`, role: 'assistant' },
      content: [{ type: 'output_text', text }],
    });
    let begun = false;
    let text = '';
    const send = (type: string, more: object): void => sendEvent(response, { type, ...more }, type);
    const begin = (): void => {
      if (!begun) send('response.created', { response: { id: `resp_${stamp}` } });
      begun = true;
    };
    return {
      say: (delta) => {
        begin();
        if (text === '') send('response.output_item.added', { output_index: 0, item: { ...message(''), content: [] } });
        text += delta;
        const place = { item_id: `msg_${stamp}`, output_index: 0, content_index: 0 };
        send('response.output_text.delta', { ...place, delta });
      },
      call: ({ name, input }) => {
        begin();
        const item = { type: 'function_call', id: `fc_${stamp}`, call_id: `call_${stamp}`, name };
        send('response.output_item.done', { output_index: 0, item: { ...item, arguments: JSON.stringify(input) } });
      },
      end: () => {
        if (text !== '') send('response.output_item.done', { output_index: 0, item: message(text) });
        const details = { input_tokens_details: null, output_tokens_details: null };
        const usage = { input_tokens: 12, output_tokens: 7, total_tokens: 19, ...details };
        send('response.completed', { response: { id: `resp_${stamp}`, usage } });
        response.end();
      },
    };
  },
};
