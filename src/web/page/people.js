// @ts-check
// Strangers who wrote and wait to be let in. Used by main.js.
import { button } from './ask.js';
import { el, fillCard, set } from './dom.js';
import { showLeft } from './time.js';

/** @typedef {import('../view.ts').PersonRow} PersonRow */

/** @param {readonly PersonRow[]} rows */
export function showPeople(rows) {
  fillCard('people', rows, ({ id, code }) => `${id} ${code}`, item);
}

/** @returns {import('./dom.js').Item<PersonRow>} */
function item() {
  /** @type {PersonRow | undefined} */
  let shown;
  const [who, where, left, owner] = [el('span', { class: 'name' }), el('span', { class: 'soft' }), el('b'), el('p')];
  const body = () => ({ channel: shown?.channel, code: shown?.code });
  const admit = button({ label: 'Let in', action: 'admit', of: who, body, look: 'main', twice: true });
  const refuse = button({ label: 'Send away', action: 'refuse', of: who, body });
  const time = el('span', { class: 'figures' }, el('span', {}, left, ' left'));
  set(owner, { text: 'There is no owner yet: whoever is let in first becomes it, and may do everything.' });
  return {
    node: el(
      'li',
      { class: 'row' },
      el('div', { class: 'line' }, el('span', { class: 'grow' }, who, ' ', where), time),
      owner,
      el('div', { class: 'buttons' }, admit, refuse),
    ),
    update(row) {
      shown = row;
      set(who, { text: row.name });
      set(where, { text: `${row.id} · was told the code ${row.code}` });
      set(owner, { hidden: !row.becomesOwner });
      showLeft(left, row.expires);
    },
  };
}
