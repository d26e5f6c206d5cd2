// @ts-check
// Outgoing messages and owed results, with what can be done about those that did not arrive. Used by main.js.
import { button } from './ask.js';
import { el, fillCard, find, set } from './dom.js';
import { showLeft, timeWords } from './time.js';
import { state } from './words.js';

/** @typedef {import('../view.ts').DeliveryRow} DeliveryRow */

/** @param {readonly DeliveryRow[]} rows */
export function showDeliveries(rows) {
  fillCard('deliveries', rows, ({ key, run }) => key ?? `run ${run}`, item);
  const open = rows.filter((row) => row.open).length;
  set(find('#deliveries [data-count]'), { text: open === 0 ? '' : `${open} open` });
}

/** @returns {import('./dom.js').Item<DeliveryRow>} */
function item() {
  /** @type {DeliveryRow | undefined} */
  let shown;
  const [now, what, place] = [state(), el('span'), el('span', { class: 'soft' })];
  const [at, tries, left] = [el('span'), el('span'), el('b')];
  const next = el('span', {}, 'again in ', left);
  const reason = el('p', { class: 'bad' });
  const body = () => (shown?.key === undefined ? { run: shown?.run ?? '' } : { key: shown.key });
  const buttons = el(
    'span',
    { class: 'buttons' },
    button({ label: 'Send again', action: 'retry', of: what, body, look: 'small' }),
    button({ label: 'Dismiss', action: 'dismiss', of: what, body, look: 'small', twice: true }),
  );
  const figures = el('span', { class: 'figures' }, at, tries, next);
  const head = el('div', { class: 'line' }, now.node, el('span', { class: 'grow' }, what), place, figures, buttons);
  return {
    node: el('li', { class: 'row' }, head, reason),
    update(row) {
      shown = row;
      now.show(row.tone, words[row.state] ?? row.state);
      set(what, { text: row.what === '' ? '(no text)' : row.what });
      set(place, { text: row.place });
      set(at, { text: timeWords(row.at) });
      set(tries, { text: `${row.attempts} tries`, hidden: row.attempts < 2 });
      showLeft(left, row.nextAt);
      set(next, { hidden: row.nextAt === undefined });
      set(reason, { text: row.reason, hidden: row.reason === undefined });
      set(buttons, { hidden: !row.open });
    },
  };
}

/** @type {Readonly<Record<string, string>>} */
const words = { pending: 'waits', handed: 'with its requester', ambiguous: 'perhaps arrived', skipped: 'given up' };
