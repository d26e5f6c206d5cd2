// @ts-check
// The newest lines of the log. It follows them as long as one looks at its end. Used by main.js.
import { el, find } from './dom.js';

/** @typedef {import('../view.ts').LogRow} LogRow */

const most = 300;

/** @param {readonly LogRow[]} rows */
export function addLog(rows) {
  const list = find('#log [data-list]');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
  list.append(...rows.map(({ level, text }) => el('p', { 'data-level': level, text })));
  while (list.childElementCount > most) list.firstElementChild?.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

export function clearLog() {
  find('#log [data-list]').replaceChildren();
}
