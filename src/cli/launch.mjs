#!/usr/bin/env node
// The program's entry. Plain JavaScript that old versions of Node understand, because the rest needs Node 24 to load at all:
// continues in the Node that npm installed beside us where the running one is older, or says what to do.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, readFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

const needed = 24;
const major = (version) => Number(version.replace(/^v/, '').split('.')[0]);

if (major(process.versions.node) >= needed) await run();
else relaunch(bundledNode());

async function run() {
  // Compiled code is kept beside the packages: a later start takes half the time and a fifth less memory. What a start throws
  // away would otherwise stay as room for young objects, another 10 MB.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  module.enableCompileCache(join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/switchyard'));
  // Node prints these for parts of itself we use on purpose; the person at the terminal can do nothing about them.
  const warn = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const kind = typeof rest[0] === 'string' ? rest[0] : rest[0]?.type;
    if (kind !== 'ExperimentalWarning') warn.call(process, warning, ...rest);
  };
  await import('../main.ts');
}

/** The `node` program of the optional dependency node-<platform>-<arch>, if it is there and new enough. */
function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/package.json`);
    if (major(JSON.parse(readFileSync(manifest, 'utf8')).version) < needed) return undefined;
    const program = join(dirname(manifest), 'bin', 'node');
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

function relaunch(program) {
  if (program === undefined) {
    process.stderr.write(
      `Switchyard needs Node ${needed} or newer; this is ${process.version}. Install it from https://nodejs.org, or run \`npm ci\` without --omit=optional.\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(program, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well; twice would end it by force.
      if (signal !== 'SIGINT' || process.stdin.isTTY !== true) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`Switchyard could not start ${program}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
    // Older Nodes restore the terminal when they end, as the child has done, and abort where its window was closed.
    for (const fd of [0, 1, 2]) release(fd);
  });
}

function release(fd) {
  try {
    closeSync(fd);
  } catch {
    // Closed from the start.
  }
}
