// Planted bugs in runs: their ends, announcements, stops, budgets, recovery. Used by list.ts.
import { type Mutant, mutant } from './mutant.ts';

const endRun = 'src/runs/end-run.ts';
const stop = 'src/runs/stop.ts';
const announce = 'src/runs/announce.ts';
const handover = 'src/runs/handover.ts';
const fates = 'src/runs/fates.ts';
const turnEnd = 'src/runs/turn-end.ts';
const budget = 'src/runs/budget.ts';

export const runMutants: readonly Mutant[] = [
  mutant(
    'the outcome is stored without what is owed for it',
    endRun,
    "delivery: end.delivery ?? { state: 'pending', attempts: 0 },",
    'delivery: end.delivery ?? run.delivery,',
  ),
  {
    name: 'an end is overwritten by a later one',
    edits: [
      {
        file: endRun,
        search: 'if (before === undefined || isTerminal(before.state.status)) return undefined;',
        replace: 'if (before === undefined) return undefined;',
      },
      {
        file: 'src/runs/registry.ts',
        search: 'if (isTerminal(before.state.status) && after.state.status !== before.state.status) {',
        replace: 'if (before.acceptedAt < 0) {',
      },
      {
        file: turnEnd,
        search: 'if (run === undefined || isTerminal(run.state.status)) return undefined;',
        replace: 'if (run === undefined) return undefined;',
      },
    ],
  },
  mutant(
    'a stop skips grandchildren',
    stop,
    'for (const run of this.#deps.registry.activeBelow(root.child)) all.set(run.id, run);',
    'for (const run of this.#deps.registry.activeChildren(root.child)) all.set(run.id, run);',
  ),
  mutant(
    'a run that fails leaves its children at work',
    turnEnd,
    "    if (ended.state.status !== 'succeeded') await this.#deps.stopBelow(ended.child);\n",
    '',
  ),
  mutant(
    'a stop leaves the waiting messages',
    stop,
    "    const removed = this.#deps.clear(session, 'dropped');\n",
    '    const removed: readonly MailItem[] = [];\n',
  ),
  mutant(
    'a stopped run goes on working',
    stop,
    '    const turns = runs.flatMap((run) => this.#deps.abort(run.child, ask.cause) ?? []);\n',
    '    const turns: readonly ActiveTurn[] = [];\n',
  ),
  {
    name: 'what was stopped is reported all the same',
    edits: [
      {
        file: stop,
        search: '        untold.push(...this.#dropOwed(sql, run.child));\n',
        replace: '',
      },
      { file: handover, search: "return end.why === 'stopped' ? 'stopped' : 'gone';", replace: "return 'gone';" },
      {
        file: handover,
        search: "if (cause === 'user' || cause === 'cascade') return 'stopped';",
        replace: "if (cause === 'user' || cause === 'cascade') return 'gone';",
      },
    ],
  },
  mutant(
    'a killed run stays bound',
    stop,
    '    for (const run of [...stopped, ...failed, ...alreadyFinished]) await this.#deps.unbind(run.child);\n',
    '    void [...stopped, ...failed, ...alreadyFinished];\n',
  ),
  mutant(
    'a bound session is archived',
    'src/bindings/bindings.ts',
    '      if ((await this.of(session)) !== undefined) return false;\n',
    '',
  ),
  mutant(
    'what a crash left half put away stays',
    'src/wiring/engine.ts',
    '    await stores.sessions.finishArchiving();\n',
    '',
  ),
  mutant(
    'a result is given to its requester again after it was told',
    handover,
    "    return state === 'pending' || state === 'handed';",
    "    return state !== 'none';",
  ),
  {
    name: 'the formatter posts what its requester tells',
    edits: [
      {
        file: announce,
        search: "if (direct || (await this.#handover.give(run)) === 'post') await this.#instead(run);",
        replace: 'await this.#handover.give(run);\n        await this.#post(run);',
      },
      {
        file: announce,
        search: "      if (state !== 'pending' && state !== 'handed') return false;",
        replace: "      if (state === 'none') return false;",
      },
      { file: announce, search: 'key: `announce:', replace: 'key: `posted:' },
    ],
  },
  mutant(
    'an answer that tells of a run is not its delivery',
    turnEnd,
    "    this.#mark(sql, told, route === undefined ? nowhere : { state: 'sending' });\n",
    '    void told;\n',
  ),
  mutant(
    'a result is given to its requester and forgotten',
    handover,
    "    await this.#deps.settle(run, { state: 'handed', attempts: attempt + 1 });",
    "    await this.#deps.settle(run, { state: 'delivered', attempts: attempt + 1 });",
  ),
  mutant(
    'failures are told nobody',
    'src/runs/announce-plan.ts',
    '  switch (silence(run)) {',
    "  if (outcome.kind === 'error') return quiet(run, 'skipped', 'it failed');\n  switch (silence(run)) {",
  ),
  mutant('nobody wakes a run whose children say nothing', announce, '    await this.#finishWaiting(run);\n', ''),
  mutant(
    'results owed before a crash are forgotten',
    'src/wiring/recovery.ts',
    '  for (const run of owed) engine.layer.announcer.owe(run, direct.has(run.id));\n',
    '',
  ),
  mutant(
    'children of a failed run go on after a crash',
    fates,
    "  if (owner !== undefined && isTerminal(owner.state.status) && owner.state.status !== 'succeeded')",
    "  if (owner?.state.status === 'queued' && isTerminal(owner.state.status))",
  ),
  mutant(
    'work that was cut off is resumed without limit',
    fates,
    'const tooOften = worked ? recentResumes(session, now).length >= mostResumes : turn.tries >= mostTries;',
    'const tooOften = false;',
  ),
  mutant(
    'a model call is charged twice',
    budget,
    '    this.#add(sql, spent);\n    return this.#crossed',
    '    this.#add(sql, spent);\n    this.#add(sql, spent);\n    return this.#crossed',
  ),
  mutant(
    'a budget stops nothing',
    budget,
    'limit.of > 0 && limit.spent >= limit.of',
    'limit.of > 0 && limit.spent >= limit.of * 100',
  ),
];
