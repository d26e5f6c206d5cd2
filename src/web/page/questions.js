// @ts-check
// Questions of agents whether they may do something, answered as the owner. Used by main.js.
import { button } from './ask.js';
import { el, fillCard, set } from './dom.js';
import { showLeft } from './time.js';

/** @typedef {import('../view.ts').QuestionRow} QuestionRow */

/** @param {readonly QuestionRow[]} rows */
export function showQuestions(rows) {
  fillCard('questions', rows, ({ id }) => id, item);
}

/** @returns {import('./dom.js').Item<QuestionRow>} */
function item() {
  let id = '';
  const [who, where, left] = [el('span', { class: 'name' }), el('span', { class: 'soft' }), el('b')];
  const time = el('span', { class: 'figures' }, el('span', {}, left, ' left'));
  const preview = el('pre', { class: 'preview', tabindex: 0 });
  const answer = (/** @type {string} */ label, /** @type {string} */ verdict, look = '') =>
    button({ label, action: 'answer', of: who, body: () => ({ id, verdict }), look });
  const forSession = answer('Allow for this session', 'session');
  const buttons = [answer('Allow once', 'once', 'main'), forSession, answer('Deny', 'deny')];
  return {
    node: el(
      'li',
      { class: 'row' },
      el('div', { class: 'line' }, el('span', { class: 'grow' }, who, ' ', where), time),
      preview,
      el('div', { class: 'buttons' }, ...buttons),
    ),
    update(row) {
      id = row.id;
      set(who, { text: `${row.asker} asks: ${row.title}` });
      set(where, { text: `${row.place} · code ${row.code}` });
      showLeft(left, row.expires);
      set(time, { hidden: row.expires === undefined });
      set(preview, { text: row.preview, 'aria-label': `What ${row.asker} wants to do` });
      set(forSession, { hidden: !row.sessionOffered });
    },
  };
}
