// /stop: ends everything at work in this conversation's session.
import type { Call, Command, Reply } from '../src/core/command.ts';
import type { Run } from '../src/core/run.ts';
import type { StopReport } from '../src/core/services.ts';
import { count, reply } from './replies.ts';
import { forcedLine, untoldWords } from './run-words.ts';

export const stop: Command = {
  name: 'stop',
  summary: 'Stop everything running here.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary:
        'Stops the running turn, all sub-agents below it and waiting messages. In a bound chat: only the bound session.',
      syntax: '/stop',
      example: '/stop',
      params: [],
      flags: [],
      acts: true,
      run: stopHere,
    },
  ],
};

async function stopHere(call: Call): Promise<Reply> {
  const report = await call.services.runs.stop(call);
  const bound = call.bound ? ((await call.services.bindings.at(call.route))?.label ?? call.session.key) : undefined;
  const untold = await Promise.all(report.untold.map((run) => call.services.runs.number(call, run)));
  const lines = [
    headline(report, { nested: await nestedWords(call, report), bound, untold: untoldWords(untold) }),
    ...(report.wedged ? ['⚠️ the turn here did not stop within 1 s and was forced'] : []),
    ...report.failed.map(forcedLine),
  ];
  if (bound !== undefined) lines.push(scopeLine(report, bound));
  return reply(lines.join('\n'));
}

function scopeLine(report: StopReport, bound: string): string {
  const idle = !disobeyed(report) && report.turns + report.stopped.length + report.messages === 0;
  return `ℹ️ Only the bound session ${bound} and what it started ${idle ? 'would be stopped here' : 'were stopped'}.`;
}

interface Words {
  readonly nested: string;
  readonly bound: string | undefined;
  readonly untold: string;
}

function headline(report: StopReport, { nested, bound, untold }: Words): string {
  const parts = [
    ...(report.turns === 0 ? [] : [`${count(report.turns, 'turn')} here`]),
    ...(report.stopped.length === 0 ? [] : [`${count(report.stopped.length, 'sub-agent')}${nested}`]),
    ...(report.messages === 0 ? [] : [`${count(report.messages, 'waiting message')}`]),
  ];
  const lost = untold === '' ? '' : ` ${untold}`;
  if (parts.length === 0) {
    const none = disobeyed(report) ? '⚠️ stopped: nothing in time' : 'ℹ️ nothing was running';
    return lost === '' ? none : `${none}.${lost}`;
  }
  const mark = disobeyed(report) ? '⚠️' : '✅';
  const rest = lost === '' && bound === undefined && !disobeyed(report) ? ' Nothing else was running.' : lost;
  return `${mark} stopped: ${parts.join(', ')}.${rest}`;
}

/** Something did not obey. */
function disobeyed(report: StopReport): boolean {
  return report.wedged || report.failed.length > 0;
}

/** ` (2 of them children of #2)`: which of the stopped runs were below another one. */
async function nestedWords(call: Call, report: StopReport): Promise<string> {
  const parents = new Map<Run, number>();
  for (const run of report.stopped) {
    const parent = report.stopped.find((other) => other.id === run.parent);
    if (parent !== undefined) parents.set(parent, (parents.get(parent) ?? 0) + 1);
  }
  const words: string[] = [];
  for (const [parent, children] of parents) {
    const whose = `of #${await call.services.runs.number(call, parent)}`;
    const first = `${children} of them ${children === 1 ? 'a child' : 'children'} ${whose}`;
    words.push(words.length === 0 ? first : `${children} ${whose}`);
  }
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}
