// The real app with failpoints between its parts, started as `switchyard start` is. SWITCHYARD_KILL_AT=<name>:<nth> arms one from
// the start; the parent process arms others by a message. Run by process.ts.
// 1 what the parent asks  2 the command line of main.ts, with seams
import { runCli } from '../../src/cli/program.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { loadEnv } from '../../src/infra/env.ts';
import { Failpoints, type Point, readPoint } from './failpoints.ts';
import { deadlySeams } from './seams.ts';

/** What the parent may say. */
export interface Ask {
  /** Counts anew from here; deadly at this point, if there is one. */
  readonly arm?: Point | 'none';
  /** Asks for what was passed since. */
  readonly passed?: true;
}

export interface Told {
  /** Its first place was passed: it has the database open. */
  readonly begun?: true;
  /** Channels are connected, or connect by themselves. */
  readonly started?: true;
  readonly armed?: true;
  readonly passed?: readonly Point[];
}

const failpoints = new Failpoints(() => process.kill(process.pid, 'SIGKILL'));
const first = readPoint(process.env.SWITCHYARD_KILL_AT ?? '');
if (first !== undefined) failpoints.arm(first);

// 1
const tell = (told: Told): void => void process.send?.(told);
process.on('message', ({ arm, passed }: Ask) => {
  if (arm !== undefined) {
    failpoints.arm(arm === 'none' ? undefined : arm);
    tell({ armed: true });
  }
  if (passed === true) tell({ passed: failpoints.passed });
});

// 2
const workingDirectory = process.cwd();
const env = loadEnv(workingDirectory);
const absent = (): never => {
  throw new Error('kill: only `start` is here');
};
process.exit(
  await runCli(['start'], {
    ...{ env, workingDirectory, clock: systemClock, stdin: process.stdin, stdout: process.stdout },
    out: () => undefined,
    err: () => undefined,
    signals: { on: (name, fn) => process.on(name, fn), off: (name, fn) => process.off(name, fn) },
    kill: (code) => process.exit(code),
    onCrash: (fn) => process.on('uncaughtExceptionMonitor', fn),
    createApp: async (options) => {
      const { createApp } = await import('../../src/app.ts');
      const seams = deadlySeams((name) => {
        if (failpoints.passed.length === 0) tell({ begun: true });
        failpoints.reached(name);
      });
      const created = await createApp({ ...options, seams });
      if (!created.ok) return created;
      const start = async (): Promise<void> => {
        await created.value.start();
        tell({ started: true });
      };
      return { ...created, value: { ...created.value, start } };
    },
    openStore: absent,
    ...{ openLinks: absent, reconcile: absent },
    call: absent,
  }),
);
