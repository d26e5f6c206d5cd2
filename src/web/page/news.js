// @ts-check
// What is worth saying aloud of what changed: questions, ends of runs, deliveries that failed. Used by main.js.

/** @typedef {Partial<import('../view.ts').Sections>} Sections */

/** @type {Map<string, boolean> | undefined} By run: whether it is active. */
let runs;
/** @type {Set<string> | undefined} */
let questions;
/** @type {Set<string> | undefined} */
let people;

/**
 * One sentence, or undefined. What was there when the page was opened is no news.
 * @param {Sections} sections
 * @returns {string | undefined}
 */
export function newsOf(sections) {
  const said = [...questionNews(sections), ...peopleNews(sections), ...runNews(sections)];
  return said.length === 0 ? undefined : said.join(' ');
}

/** @param {Sections} sections */
function questionNews({ questions: rows }) {
  if (rows === undefined) return [];
  const before = questions;
  questions = new Set(rows.map(({ id }) => id));
  const fresh = before === undefined ? [] : rows.filter(({ id }) => !before.has(id));
  return fresh.map(({ asker, title }) => `${asker} asks: ${title}.`);
}

/** @param {Sections} sections */
function peopleNews({ people: rows }) {
  if (rows === undefined) return [];
  const before = people;
  people = new Set(rows.map(({ code }) => code));
  const fresh = before === undefined ? [] : rows.filter(({ code }) => !before.has(code));
  return fresh.map(({ name }) => `${name} asks to be let in.`);
}

/** @param {Sections} sections */
function runNews({ work }) {
  if (work === undefined) return [];
  const all = work.flatMap((session) => session.runs);
  const before = runs;
  runs = new Map(all.map((run) => [run.id, run.active]));
  const ended = all.filter((run) => !run.active && before?.get(run.id) === true);
  return ended.map(({ label, state }) => `${label}: ${state}.`);
}
