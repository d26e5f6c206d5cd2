// Generated content as Google streams it, spoken by gemini. Used by server.ts.
import type { Said } from './script.ts';
import { sendEvent, textIn, type Wire } from './wire.ts';

interface Body {
  readonly contents: readonly { readonly role?: string; readonly parts: readonly unknown[] }[];
  readonly tools?: readonly unknown[];
}

export const generateWire: Wire = {
  answers: (path) => /:(stream)?generateContent/i.test(path),
  read: (body) => {
    const { contents, tools = [] } = body as Body;
    const said = contents.flatMap(({ role, parts }) =>
      parts.map((part): Said => ({ by: role === 'model' ? 'model' : 'person', text: textIn(part) })),
    );
    return { said, tools: tools.length > 0 };
  },
  open: (response) => {
    const send = (parts: readonly object[], more: object = {}): void =>
      sendEvent(response, {
        candidates: [{ index: 0, content: { role: 'model', parts }, ...more }],
        usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 7, totalTokenCount: 19 },
      });
    return {
      say: (text) => send([{ text }]),
      call: ({ name, input }) => send([{ functionCall: { name, args: input } }]),
      end: () => {
        send([{ text: '' }], { finishReason: 'STOP' });
        response.end();
      },
    };
  },
};
