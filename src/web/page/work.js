// @ts-check
// Sessions, the runs below them, and the four facts of each run. Used by main.js.
import { button } from './ask.js';
import { el, fill, fillCard, set } from './dom.js';
import { showSpan, timeWords } from './time.js';
import { figure, state } from './words.js';

/**
 * @typedef {import('../view.ts').SessionRow} SessionRow
 * @typedef {import('../view.ts').RunRow} RunRow
 * @typedef {RunRow & { readonly children: readonly Branch[] }} Branch
 */

/** @param {readonly SessionRow[]} sessions */
export function showWork(sessions) {
  fillCard('work', sessions, ({ key }) => key, sessionItem);
}

/**
 * Runs of runs below what started them.
 * @param {readonly RunRow[]} runs
 * @returns {readonly Branch[]}
 */
function branches(runs) {
  const below = Map.groupBy(runs, ({ parent }) => parent ?? '');
  /** @type {(parent: string) => readonly Branch[]} */
  const of = (parent) => (below.get(parent) ?? []).map((run) => ({ ...run, children: of(run.id) }));
  return of('');
}

/** @returns {import('./dom.js').Item<SessionRow>} */
function sessionItem() {
  const [now, place, agent] = [state(), el('span', { class: 'name' }), el('span', { class: 'soft' })];
  const [span, waiting, tokens, cost] = [figure(''), figure('waiting'), figure('tokens'), figure('')];
  const runs = el('ul', { class: 'runs plain' });
  const figures = el('span', { class: 'figures' }, span.node, waiting.node, tokens.node, cost.node);
  const head = el('div', { class: 'line' }, now.node, el('span', { class: 'grow' }, place, ' ', agent), figures);
  return {
    node: el('li', { class: 'row' }, head, runs),
    update(session) {
      const { turn } = session;
      if (turn === undefined) now.show('idle', session.runs.some((run) => run.active) ? 'waits' : 'idle');
      else now.show(turn.asks ? 'asks' : 'busy', turn.asks ? 'asks' : 'answers');
      set(place, { text: session.place, title: session.key });
      set(agent, { text: session.label === undefined ? session.agent : `${session.label} · ${session.agent}` });
      showSpan(span.value, turn?.startedAt);
      set(span.node, { hidden: turn === undefined });
      set(waiting.node, { hidden: session.waiting === 0 });
      set(waiting.value, { text: session.waiting });
      set(tokens.value, { text: session.spent.tokens });
      set(cost.value, { text: session.spent.cost === 'n/a' ? 'cost n/a' : session.spent.cost });
      fill(runs, branches(session.runs), ({ id }) => id, runItem);
    },
  };
}

/** @returns {import('./dom.js').Item<Branch>} */
function runItem() {
  /** @type {Branch | undefined} */
  let shown;
  const [now, name, agent] = [state(), el('span', { class: 'name' }), el('span', { class: 'soft' })];
  const [span, tokens, cost] = [figure(''), figure('tokens'), figure('')];
  const stop = button({
    ...{ label: 'Stop', action: 'stop', of: name, look: 'small', twice: true },
    body: () => ({ id: shown?.id ?? '' }),
  });
  const figures = el('span', { class: 'figures' }, span.node, tokens.node, cost.node);
  const head = el('div', { class: 'line' }, now.node, el('span', { class: 'grow' }, name, ' ', agent), figures, stop);
  const [task, error] = [el('p', { class: 'soft' }), el('p', { class: 'bad' })];
  const [steps, children] = [facts(), el('ul', { class: 'runs plain' })];
  return {
    node: el('li', { class: 'run' }, head, task, error, steps.node, children),
    update(run) {
      shown = run;
      now.show(run.tone, run.state);
      set(name, { text: run.label });
      set(agent, { text: `${run.agent} · ${run.model}` });
      showSpan(span.value, run.startedAt ?? run.acceptedAt, run.endedAt);
      set(tokens.value, { text: run.spent.tokens });
      set(cost.value, { text: run.spent.cost === 'n/a' ? 'cost n/a' : run.spent.cost });
      set(stop, { hidden: !run.active });
      set(task, { text: run.task === run.label ? '' : run.task, hidden: run.task === run.label });
      set(error, { text: run.error, hidden: run.error === undefined });
      steps.show(run);
      fill(children, run.children, ({ id }) => id, runItem);
    },
  };
}

/** Accepted, started, finished, delivered: each with its time, or with why it has none. */
function facts() {
  const names = ['accepted', 'started', 'finished', 'delivered'];
  const parts = names.map((name) => {
    const time = el('span', { 'data-time': true });
    return { node: el('li', {}, el('span', { text: name }), time), time };
  });
  const node = el('ol', { class: 'steps' }, ...parts.map((part) => part.node));
  return {
    node,
    /** @param {RunRow} run */
    show(run) {
      const times = [run.acceptedAt, run.startedAt, run.endedAt, run.deliveredAt];
      const missing = ['', run.active ? 'not yet' : 'never', 'not yet', deliveryWords(run)];
      set(node, { 'aria-label': `Facts of ${run.label}` });
      parts.forEach((part, index) => {
        const at = times[index];
        const failed = index === 3 && (run.delivery === 'undelivered' || run.delivery === 'ambiguous');
        set(part.node, { 'data-done': at !== undefined, 'data-tone': failed ? 'bad' : undefined });
        set(part.time, { text: at === undefined ? missing[index] : timeWords(at) });
      });
    },
  };
}

/** @type {Readonly<Record<string, string>>} */
const owed = {
  pending: 'owed',
  handed: 'with its requester',
  sending: 'being sent',
  skipped: 'given up',
  silent: 'not wanted',
  ambiguous: 'perhaps',
  undelivered: 'undelivered',
};

/** @param {RunRow} run */
function deliveryWords({ delivery }) {
  return delivery === undefined ? 'not yet' : (owed[delivery] ?? delivery);
}
