// @ts-check
// The head of the page and the small cards: health, lanes, channels, bound chats. Used by main.js.
import { el, fill, fillCard, find, set } from './dom.js';
import { showLeft, showSpan } from './time.js';
import { state } from './words.js';

/**
 * @typedef {import('../view.ts').ProcessView} ProcessView
 * @typedef {import('../view.ts').LaneRow} LaneRow
 * @typedef {import('../view.ts').ChannelRow} ChannelRow
 * @typedef {import('../view.ts').BindingRow} BindingRow
 */

/**
 * @param {string} tone
 * @param {string} text
 */
export function showHealth(tone, text) {
  set(find('#health'), { 'data-tone': tone });
  set(find('#health [data-text]'), { text });
}

/** @param {ProcessView} view */
export function showProcess(view) {
  const { troubles } = view;
  showHealth(troubles.length === 0 ? 'good' : 'bad', troubles.length === 0 ? 'Healthy' : 'Degraded');
  fill(
    find('#troubles'),
    troubles,
    (text) => text,
    () => {
      const node = el('li');
      return { node, update: (text) => set(node, { text }) };
    },
  );
  const facts = [
    { name: 'up', since: view.startedAt },
    { name: 'model', text: view.model },
    { name: 'today', text: `${view.today.tokens} tokens, ${view.today.cost === 'n/a' ? 'cost n/a' : view.today.cost}` },
    { name: 'version', text: view.version },
  ];
  fill(find('#facts'), facts, ({ name }) => name, fact);
}

/** @returns {import('./dom.js').Item<{ name: string, text?: string, since?: number }>} */
function fact() {
  const [name, value] = [el('dt'), el('dd')];
  return {
    node: el('div', {}, name, value),
    update: (shown) => {
      set(name, { text: shown.name });
      if (shown.since === undefined) set(value, { text: shown.text });
      else showSpan(value, shown.since);
    },
  };
}

/** @param {readonly LaneRow[]} rows */
export function showLanes(rows) {
  fillCard('lanes', rows, ({ name }) => name, lane);
}

/** One mark for each place, as far as they can be told apart. */
const mostMarks = 24;

/** @returns {import('./dom.js').Item<LaneRow>} */
function lane() {
  const [name, words, places] = [el('span', { class: 'name' }), el('span'), el('span', { class: 'places' })];
  set(places, { 'aria-hidden': 'true' });
  return {
    node: el('li', { class: 'row lane' }, name, words, places),
    update({ name: of, active, width, waiting }) {
      set(name, { text: of });
      set(words, { text: `${active} of ${width} at work${waiting === 0 ? '' : `, ${waiting} waiting`}` });
      const marks = Math.min(width, mostMarks);
      const taken = Math.ceil((Math.min(active, width) * marks) / width);
      const all = Array.from({ length: marks }, (_, index) => ({ index, isTaken: index < taken }));
      fill(places, all, ({ index }) => String(index), mark);
    },
  };
}

/** @returns {import('./dom.js').Item<{ index: number, isTaken: boolean }>} */
function mark() {
  const node = el('i');
  return { node, update: ({ isTaken }) => set(node, { 'data-taken': isTaken }) };
}

/** @param {readonly ChannelRow[]} rows */
export function showChannels(rows) {
  fillCard('channels', rows, ({ id }) => id, channel);
}

/** @returns {import('./dom.js').Item<ChannelRow>} */
function channel() {
  const [now, name, detail] = [state(), el('span', { class: 'name fill' }), el('p', { class: 'soft' })];
  return {
    node: el('li', { class: 'row' }, el('div', { class: 'line' }, name, now.node), detail),
    update(row) {
      const tone = row.state === 'connected' ? 'good' : row.state === 'connecting' ? 'busy' : 'bad';
      now.show(tone, row.state);
      set(name, { text: row.id });
      set(detail, { text: row.detail, hidden: row.detail === '' || row.detail === row.state });
    },
  };
}

/** @param {readonly BindingRow[]} rows */
export function showBindings(rows) {
  fillCard('bindings', rows, ({ place }) => place, binding);
}

/** @returns {import('./dom.js').Item<BindingRow>} */
function binding() {
  const [place, who, left] = [el('span', { class: 'fill' }), el('span', { class: 'name' }), el('b')];
  const by = el('span');
  const ends = el('span', {}, 'ends in ', left);
  return {
    node: el('li', { class: 'row' }, el('div', { class: 'line' }, place, who), el('p', { class: 'figures' }, by, ends)),
    update(row) {
      set(place, { text: row.place });
      set(who, { text: row.label });
      set(by, { text: `${row.agent} · bound by ${row.by}` });
      showLeft(left, row.endsAt);
      set(ends, { hidden: row.endsAt === undefined });
    },
  };
}
