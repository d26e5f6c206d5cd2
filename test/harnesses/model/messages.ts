// Messages as Anthropic streams them, spoken by claude. Used by server.ts.
import type { Said } from './script.ts';
import { sendEvent, textIn, type Wire } from './wire.ts';

interface Part {
  readonly type?: string;
}

interface Body {
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Part[] }[];
  readonly tools?: readonly unknown[];
}

const usage = { input_tokens: 12, output_tokens: 7, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };

export const messagesWire: Wire = {
  answers: (path) => path.replace(/\?.*/, '').endsWith('/v1/messages'),
  read: (body) => {
    const { messages, tools = [] } = body as Body;
    const said = messages.flatMap(({ role, content }): readonly Said[] => {
      const by = role === 'user' ? 'person' : 'model';
      const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
      return parts.filter(({ type }) => type === 'text').map((part) => ({ by, text: textIn(part) }));
    });
    return { said, tools: tools.length > 0 };
  },
  open: (response) => {
    let index = -1;
    let open = false;
    let reason = 'end_turn';
    const send = (type: string, more: object = {}): void => sendEvent(response, { type, ...more }, type);
    const close = (): void => {
      if (open) send('content_block_stop', { index });
      open = false;
    };
    const begin = (block: object): void => {
      if (index === -1) {
        const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'twin', content: [] };
        send('message_start', { message: { ...head, stop_reason: null, stop_sequence: null, usage } });
      }
      close();
      index += 1;
      open = true;
      send('content_block_start', { index, content_block: block });
    };
    return {
      say: (text) => {
        if (!open) begin({ type: 'text', text: '' });
        send('content_block_delta', { index, delta: { type: 'text_delta', text } });
      },
      call: ({ name, input }) => {
        reason = 'tool_use';
        begin({ type: 'tool_use', id: `toolu_${Math.trunc(performance.now() * 1000)}`, name, input: {} });
        send('content_block_delta', {
          index,
          delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) },
        });
      },
      end: () => {
        close();
        send('message_delta', { delta: { stop_reason: reason, stop_sequence: null }, usage });
        send('message_stop');
        response.end();
      },
    };
  },
};
