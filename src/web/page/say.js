// @ts-check
// The one line that tells what happened, also to those who do not see it. Used by ask.js and main.js.
import { find, set } from './dom.js';

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * @param {string} text
 * @param {{ readonly stays?: boolean }} [how] `stays`: until something else is said
 */
export function say(text, { stays = false } = {}) {
  set(find('#said'), { text });
  clearTimeout(timer);
  if (!stays) timer = setTimeout(() => set(find('#said'), { text: '' }), 10_000);
}
