// @ts-check
// Buttons that ask the server to do something. Used by the sections.
import { el, idOf, set } from './dom.js';
import { say } from './say.js';

/**
 * @param {string} action
 * @param {unknown} body
 * @returns {Promise<boolean>} whether it was done
 */
async function ask(action, body) {
  try {
    const answer = await fetch(`/api/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.status === 401) say('You are signed out. For a new link, run: npx switchyard web', { stays: true });
    else say(String((await answer.json()).text));
    return answer.ok;
  } catch {
    say('Switchyard did not answer. Try again once it is connected.');
    return false;
  }
}

/** Time to press a second time, in milliseconds. */
const armedMs = 4_000;

/**
 * @typedef {object} ButtonOptions
 * @property {string} label
 * @property {Element} of Names what it acts on, for those who hear the button without its row.
 * @property {string} action
 * @property {() => unknown} body Read when it is pressed.
 * @property {string} [look] Further classes.
 * @property {boolean} [twice] Cannot be taken back: a second press confirms it.
 */

/** @param {ButtonOptions} options */
export function button({ label, of, action, body, look = '', twice = false }) {
  const node = el('button', { type: 'button', class: look, text: label });
  set(node, { 'aria-labelledby': `${idOf(node)} ${idOf(of)}` });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const disarm = () => {
    clearTimeout(timer);
    set(node, { 'data-armed': undefined, text: label });
  };
  node.addEventListener('click', async () => {
    if (twice && !node.hasAttribute('data-armed')) {
      set(node, { 'data-armed': true, text: `${label}: sure?` });
      timer = setTimeout(disarm, armedMs);
      return;
    }
    disarm();
    set(node, { disabled: true });
    await ask(action, body());
    // What is shown next comes with the stream; pressed again before that, the server says what is so.
    set(node, { disabled: undefined });
  });
  return node;
}
