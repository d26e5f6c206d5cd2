// The process: real streams, real time, the engine loaded only by the verb that needs it. Started by cli/launch.mjs.
import { MessageChannel } from 'node:worker_threads';
import type { Cli } from './cli/cli.ts';
import { runCli } from './cli/program.ts';
import { systemClock } from './infra/clock.ts';
import { loadEnv } from './infra/env.ts';

const workingDirectory = process.cwd();
const env = loadEnv(workingDirectory);

const parts: Omit<Cli, 'finish'> = {
  env,
  workingDirectory,
  clock: systemClock,
  stdin: process.stdin,
  stdout: process.stdout,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  signals: {
    on: (name, fn) => process.on(name, fn),
    off: (name, fn) => process.off(name, fn),
  },
  kill: (code) => process.exit(code),
  onCrash: (fn) => process.on('uncaughtExceptionMonitor', fn),
  createApp: async (options) => (await import('./app.ts')).createApp(options),
  openStore: async () => (await import('./cli/offline-store.ts')).openOfflineStore(env.home, systemClock.now),
  openLinks: async (now = env) => (await import('./cli/offline-links.ts')).openOfflineLinks(now, workingDirectory),
  reconcile: async (forget) => (await import('./cli/offline-care.ts')).reconcileOffline(env, workingDirectory, forget),
  call: async (verb, params) => (await import('./cli/control-client.ts')).callControl(env.home, verb, params),
};

// `switchyard logs --follow | head` closes the pipe early; that is no failure. A started process goes on whatever becomes of
// its output: a full disk under the log must not end the chats.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (process.argv[2] !== 'start') process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.stderr.on('error', () => undefined);
// Our timers do not keep a process alive. A verb that only waits, such as `logs --follow`, needs something that does.
new MessageChannel().port1.on('message', () => undefined);
if (env.warning !== undefined) parts.err(env.warning);
process.exit(await runCli(process.argv.slice(2), parts));
