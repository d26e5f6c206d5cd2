// @ts-check
// Linking a phone: the code to scan as it is now, and how far it is. Used by main.js.
import { button } from './ask.js';
import { el, fillCard, set } from './dom.js';
import { showLeft } from './time.js';

/** @typedef {import('../view.ts').LinkRow} LinkRow */

/** Accounts that were seen waiting: that those are linked now is news, of the others it is none. */
const waited = new Set();

/** @param {readonly LinkRow[]} rows */
export function showLinks(rows) {
  for (const { account, state } of rows) if (state !== 'linked' && state !== 'connecting') waited.add(account);
  const shown = rows.filter(
    ({ account, state }) => waited.has(account) || (state !== 'linked' && state !== 'connecting'),
  );
  fillCard('links', shown, ({ account }) => account, item);
}

/** @returns {import('./dom.js').Item<LinkRow>} */
function item() {
  let account = '';
  const [picture, code] = [qrPicture(), el('p', { class: 'code' })];
  const [title, text, left] = [el('p', { class: 'name' }), el('p'), el('b')];
  const until = el('p', { class: 'soft' }, 'This code is good for ', left, '; the next one follows by itself.');
  const again = button({ label: 'New code', action: 'link', of: title, body: () => ({ account }), look: 'main' });
  const words = el('div', {}, title, text, code, until, again);
  return {
    node: el('div', { class: 'link' }, picture.node, words),
    update(row) {
      account = row.account;
      set(title, { text: account === 'default' ? 'WhatsApp' : `WhatsApp, account ${account}` });
      set(text, { text: sentence(row) });
      picture.show(row.state === 'qr' ? row : undefined);
      set(until, { hidden: row.state !== 'qr' });
      showLeft(left, row.state === 'qr' ? row.until : undefined);
      set(code, { hidden: row.state !== 'code', text: row.state === 'code' ? row.code : '' });
      set(again, { hidden: row.state !== 'expired' && row.state !== 'ended' });
    },
  };
}

/**
 * @param {LinkRow} row
 * @returns {string}
 */
function sentence(row) {
  switch (row.state) {
    case 'connecting':
      return 'Connecting …';
    case 'qr':
      return 'On the phone: WhatsApp › Linked devices › Link a device, and scan this.';
    case 'code':
      return 'On the phone: WhatsApp › Linked devices › Link a device › Link with phone number instead, and type:';
    case 'scanned':
      return 'Scanned. Logging in …';
    case 'linked':
      return `Linked as ${row.number}.`;
    case 'expired':
      return 'Nobody scanned it in time.';
    case 'trouble':
    case 'ended':
      return row.what;
  }
}

function qrPicture() {
  const space = 'http://www.w3.org/2000/svg';
  const node = document.createElementNS(space, 'svg');
  const path = document.createElementNS(space, 'path');
  node.append(path);
  set(node, { class: 'qr', role: 'img', 'aria-label': 'QR code to scan with the phone' });
  return {
    node,
    /** @param {Extract<LinkRow, { state: 'qr' }> | undefined} qr */
    show(qr) {
      set(node, { hidden: qr === undefined, viewBox: qr === undefined ? '0 0 1 1' : `0 0 ${qr.size} ${qr.size}` });
      set(path, { d: qr?.path ?? '' });
    },
  };
}
