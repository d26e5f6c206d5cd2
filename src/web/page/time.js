// @ts-check
// Times of the server in words, and spans that count on by themselves. Used by the sections.
import { set } from './dom.js';

/** What the server's clock is ahead of this one, in milliseconds. */
let ahead = 0;

/** @param {number} serverNow Unix time in milliseconds */
export function setClock(serverNow) {
  ahead = serverNow - Date.now();
}

export function now() {
  return Date.now() + ahead;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

/**
 * The time of the day; with the date where that is another one.
 * @param {number} ms
 */
export function timeWords(ms) {
  const same = new Date(ms - ahead).toDateString() === new Date().toDateString();
  return (same ? clock : day).format(ms - ahead);
}

/**
 * `0.4s`, `42s`, `5m12s`, `2h03m`, `3d4h`: as in the chats.
 * @param {number} ms
 */
export function spanWords(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  if (ms < 10_000) return `${(Math.floor(Math.max(0, ms) / 100) / 10).toFixed(1)}s`;
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3600)}h`;
}

/**
 * A span from a moment until now, or until an end; counts on while there is no end.
 * @param {HTMLElement} node
 * @param {number | undefined} from
 * @param {number | undefined} [until]
 */
export function showSpan(node, from, until) {
  set(node, { 'data-since': until === undefined ? from : undefined, 'data-until': undefined });
  if (from === undefined) set(node, { text: '' });
  else set(node, { text: spanWords((until ?? now()) - from) });
}

/**
 * What is left until a moment; counts down.
 * @param {HTMLElement} node
 * @param {number | undefined} moment
 */
export function showLeft(node, moment) {
  set(node, { 'data-until': moment, 'data-since': undefined });
  set(node, { text: moment === undefined ? '' : leftWords(moment) });
}

/** @param {number} moment */
function leftWords(moment) {
  const left = moment - now();
  return left <= 0 ? 'any moment' : spanWords(Math.max(1000, left)).replace(/\.\ds$/, 's');
}

/** Lets all spans on the page count on. */
export function tick() {
  for (const node of document.querySelectorAll('[data-since]'))
    set(node, { text: spanWords(now() - Number(node.getAttribute('data-since'))) });
  for (const node of document.querySelectorAll('[data-until]'))
    set(node, { text: leftWords(Number(node.getAttribute('data-until'))) });
}
