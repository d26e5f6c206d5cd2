// @ts-check
// A state as a dot and a word, and figures with their names. Used by the sections.
import { el, set } from './dom.js';

/** @returns {{ readonly node: HTMLElement, readonly show: (tone: string, word: string) => void }} */
export function state() {
  const word = el('span');
  const node = el('span', { class: 'state' }, el('span', { class: 'dot' }), word);
  return {
    node,
    show: (tone, text) => {
      set(node, { 'data-tone': tone });
      // The dot breathes while something is at work.
      if (node.firstElementChild !== null) set(node.firstElementChild, { 'data-tone': tone });
      set(word, { text });
    },
  };
}

/**
 * `12.3k tokens`.
 * @param {string} unit
 * @returns {{ readonly node: HTMLElement, readonly value: HTMLElement }}
 */
export function figure(unit) {
  const value = el('b');
  return { node: el('span', {}, value, unit === '' ? '' : ` ${unit}`), value };
}
