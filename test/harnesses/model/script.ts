// What the model behind the real coding agents answers: the words in double brackets of what the person wrote last say it,
// whatever the agent puts around them and in whatever order. Pure; used by server.ts.

export interface Said {
  readonly by: 'person' | 'model';
  readonly text: string;
}

/** A request to the model, whatever its wire. */
export interface Asked {
  readonly said: readonly Said[];
  /** Without tools it is a side question: a title, a summary. */
  readonly tools: boolean;
}

export type Answer =
  | { readonly do: 'say'; readonly text: string }
  /** The agent's own tool for commands is asked to run this. */
  | { readonly do: 'run'; readonly command: string; readonly wish: string }
  /** Begins to answer and goes on once the test lets it. */
  | { readonly do: 'hold'; readonly text: string; readonly wish: string };

const marker = /\[\[(say|recall|run|hold)\b\s*([^\]]*)\]\]/g;

/** @param done wishes that were acted on: each is once, what comes after it is the end of its turn */
export function answerTo({ said, tools }: Asked, done: ReadonlySet<string>): Answer {
  const wishes = said.flatMap(({ by, text }) =>
    by === 'person' ? [...text.matchAll(marker)].map(([wish, verb = '', rest = '']) => ({ wish, verb, rest })) : [],
  );
  const last = wishes.at(-1);
  if (last === undefined || !tools) return { do: 'say', text: 'ok' };
  const { wish, verb, rest } = last;
  if (done.has(wish)) return { do: 'say', text: 'finished' };
  switch (verb) {
    case 'run':
      return { do: 'run', command: rest, wish };
    case 'hold':
      return { do: 'hold', text: 'working', wish };
    case 'recall': {
      const words = wishes.filter((each) => each.verb === 'say').map((each) => each.rest);
      return { do: 'say', text: `you said: ${[...new Set(words)].join(', ') || 'nothing'}` };
    }
    default:
      return { do: 'say', text: rest };
  }
}
