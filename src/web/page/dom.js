// @ts-check
// The few helpers that build and keep elements. Text only ever goes in as text. Used by all the other files here.

/**
 * An element with attributes and children. `text` is its text; `undefined` and `false` leave an attribute out.
 * @param {string} tag
 * @param {Readonly<Record<string, string | number | boolean | undefined>>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  set(node, attributes);
  node.append(...children);
  return node;
}

/**
 * Changes only what is different, so that nothing flickers and focus stays where it is.
 * @param {Element} node
 * @param {Readonly<Record<string, string | number | boolean | undefined>>} attributes
 */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'text') {
      const text = String(value ?? '');
      if (node.textContent !== text) node.textContent = text;
    } else if (value === undefined || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value === true ? '' : value))
      node.setAttribute(name, String(value === true ? '' : value));
  }
}

let made = 0;

/**
 * An id for an element that others refer to.
 * @param {Element} node
 */
export function idOf(node) {
  if (node.id === '') {
    made += 1;
    node.id = `e${made}`;
  }
  return node.id;
}

/**
 * @param {string} selector
 * @param {ParentNode} [inside]
 * @returns {HTMLElement}
 */
export function find(selector, inside = document) {
  const found = inside.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`nothing matches ${selector}`);
  return found;
}

/**
 * What shows one item.
 * @template T
 * @typedef {{ readonly node: HTMLElement, readonly update: (item: T) => void }} Item
 */

/** @type {WeakMap<Element, Map<string, Item<any>>>} */
const known = new WeakMap();

/**
 * Makes a list show these items. What is there already is updated and moved, not made anew: a button keeps its focus.
 * @template T
 * @param {Element} list
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {() => Item<T>} make
 */
export function fill(list, items, keyOf, make) {
  const before = known.get(list) ?? new Map();
  /** @type {Map<string, Item<T>>} */
  const after = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (after.has(key)) continue;
    const shown = before.get(key) ?? make();
    shown.update(item);
    after.set(key, shown);
  }
  for (const [key, { node }] of before) if (!after.has(key)) node.remove();
  let at = list.firstElementChild;
  for (const { node } of after.values()) {
    if (node === at) at = at.nextElementSibling;
    else list.insertBefore(node, at);
  }
  known.set(list, after);
}

/**
 * Fills the list of a card and says how many there are, or that there is nothing.
 * @template T
 * @param {string} id
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {() => Item<T>} make
 */
export function fillCard(id, items, keyOf, make) {
  const card = find(`#${id}`);
  fill(find('[data-list]', card), items, keyOf, make);
  const [count, none] = [card.querySelector('[data-count]'), card.querySelector('[data-none]')];
  if (count !== null) set(count, { text: items.length === 0 ? '' : items.length });
  if (none !== null) set(none, { hidden: items.length > 0 });
  if (card.classList.contains('attention')) set(card, { hidden: items.length === 0 });
}
