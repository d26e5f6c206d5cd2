// The person in front of the setup dialogue: answers by script, presses enter where the script says nothing, and keeps what
// was asked and shown. Refuses what the dialogue itself would refuse.
import { Cancelled, type Prompts } from '../../src/cli/setup/prompts.ts';

/** `esc` ends the dialogue at that question. */
export type Reply = string | boolean | readonly string[] | typeof esc;
export const esc = Symbol('esc');

export interface Person {
  readonly prompts: Prompts;
  /** Questions, and what was said between them, in order. */
  readonly seen: readonly string[];
  /** Replies that no question took. */
  readonly unused: () => readonly string[];
}

/** @param script which question gets which reply; each is used once, in order */
export function person(...script: readonly (readonly [RegExp, Reply])[]): Person {
  const seen: string[] = [];
  const open = [...script];
  const reply = (message: string): Reply | undefined => {
    seen.push(`? ${message}`);
    const index = open.findIndex(([question]) => question.test(message));
    const [found] = index === -1 ? [] : open.splice(index, 1);
    if (found?.[1] === esc) throw new Cancelled();
    return found?.[1];
  };
  const typed = (message: string, given: Reply | undefined, fault?: (text: string) => string | undefined): string => {
    if (typeof given !== 'string') throw new Error(`nothing to type at: ${message}`);
    const wrong = fault?.(given);
    if (wrong !== undefined) throw new Error(`${message} does not take ${given}: ${wrong}`);
    return given;
  };
  const prompts: Prompts = {
    title: (text) => seen.push(text),
    say: (text) => seen.push(text),
    warn: (text) => seen.push(`! ${text}`),
    choose: async ({ message, options, initial }) => {
      const given = reply(message) ?? initial;
      const option = options.find(({ value }) => value === given);
      if (option === undefined) throw new Error(`${message} has no ${String(given)}`);
      return option.value;
    },
    pick: async ({ message, options, initial }) => {
      const given = reply(message) ?? initial;
      if (!Array.isArray(given)) throw new Error(`${message} takes a list`);
      return options.filter(({ value }) => given.includes(value)).map(({ value }) => value);
    },
    confirm: async (message, initial) => (reply(message) ?? initial) === true,
    line: async ({ message, initial, fault }) => typed(message, reply(message) ?? initial ?? '', fault),
    secret: async ({ message, fault }) => typed(message, reply(message), fault),
    during: async (what, work) => {
      seen.push(`… ${what}`);
      return work(new AbortController().signal);
    },
  };
  return { prompts, seen, unused: () => open.map(([question]) => String(question)) };
}
