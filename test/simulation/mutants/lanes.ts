// Planted bugs in lanes, queues and turns. Used by list.ts.
import { type Mutant, mutant } from './mutant.ts';

const scheduler = 'src/lanes/scheduler.ts';
const mailbox = 'src/agents/mailbox.ts';
const turn = 'src/agents/turn.ts';
const turnEnd = 'src/runs/turn-end.ts';

export const laneMutants: readonly Mutant[] = [
  mutant(
    'the main lane is one too wide',
    scheduler,
    'new Lane(widths.main, generation)',
    'new Lane(widths.main + 1, generation)',
  ),
  mutant(
    'the subagent lane is one too wide',
    scheduler,
    'new Lane(widths.subagent, generation)',
    'new Lane(widths.subagent + 1, generation)',
  ),
  mutant(
    'a session runs two turns at once',
    scheduler,
    'new Lane(1, this.#options.generation)',
    'new Lane(2, this.#options.generation)',
  ),
  mutant(
    'slots of a turn that does not obey are never freed',
    'src/lanes/job.ts',
    'deadline = clock.after(abortGraceMs, ',
    'deadline = clock.after(abortGraceMs * 1e6, ',
  ),
  {
    name: 'a drain does not wait for turns',
    edits: [
      { file: scheduler, search: '    await all;\n', replace: '' },
      { file: 'src/agents/room.ts', search: '    await this.#active?.turn.ended;\n', replace: '' },
    ],
  },
  mutant(
    'a drain waits for ever',
    'src/wiring/engine.ts',
    '    await layer.turns.close();\n',
    '    await layer.turns.close();\n    await new Promise(() => undefined);\n',
  ),
  mutant(
    'what a turn did not read goes to the end of the queue',
    mailbox,
    'this.#waiting.unshift(...this.takeInjections());',
    'this.#waiting.push(...this.takeInjections());',
  ),
  mutant(
    'a message is steered past an older one that waits',
    mailbox,
    '          !this.#messageWaits(item.route)\n',
    '          true\n',
  ),
  mutant(
    'what a turn did not read is forgotten',
    mailbox,
    'this.#waiting.unshift(...this.takeInjections());',
    'this.takeInjections();',
  ),
  mutant(
    'messages over the cap are dropped without a word',
    'src/wiring/turns.ts',
    'dropped: (session, items, why) => circle.unprocessed.add(session, items, why),',
    'dropped: () => undefined,',
  ),
  mutant(
    'a message is closed before its answer is stored',
    turnEnd,
    'const { ended, events } = await this.#deps.database.write((sql) => this.#record(sql, result, facts));',
    `await this.#deps.database.write((sql) =>
      this.#deps.inboxDone(sql, result.items.map((item) => item.id), result.outcome.kind),
    );
    const { ended, events } = await this.#deps.database.write((sql) => this.#record(sql, result, facts));`,
  ),
  mutant(
    'an answer is stored and a message stays open',
    turnEnd,
    '    this.#deps.inboxDone(\n      sql,\n',
    '    ((..._none: unknown[]) => undefined)(\n      sql,\n',
  ),
  mutant(
    'nothing is sent after a turn',
    turnEnd,
    '    this.#deps.sent();\n    this.#deps.spent(events);',
    '    this.#deps.spent(events);',
  ),
  mutant(
    'an aborted turn ends as it likes',
    turn,
    "    case 'interrupt':\n      return { kind: 'stopped', by: 'user' };",
    "    case 'interrupt':\n      return said ?? { kind: 'stopped', by: 'user' };",
  ),
  mutant(
    'a call begins before it is on the disk',
    turn,
    "      if (event.phase === 'start') await progress.writes;\n",
    '',
  ),
  mutant(
    'a call begins before the result of the one before it is on the disk',
    turn,
    "      if (event.phase === 'start') await",
    "      if (event.phase === 'start' && progress.entries.at(-1)?.type === 'assistant') await",
  ),
  mutant('a turn ends before what it said is on the disk', turn, '    await progress.writes;\n  } catch', '  } catch'),
];
