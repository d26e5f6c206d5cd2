// Checks one harness for real: program, start, greeting, a session in an empty folder. No prompt is sent and no process is
// left. Also lists what a harness can continue. Called by /acp doctor and the doctor through the wiring.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Abilities } from './abilities.ts';
import type { Hooks } from './connection.ts';
import { type Controls, findMode, readControls } from './controls.ts';
import { AcpError, type AcpFault, acpFault, faultOf } from './errors.ts';
import { findHarness, type Harness, harnessIds } from './harnesses.ts';
import { initFault, introduce, locate, type OpenDeps } from './open.ts';
import type { Program } from './resolve.ts';

export interface Health {
  readonly id: string;
  readonly program: Program | undefined;
  readonly abilities: Abilities | undefined;
  /** How it is made to ask, or why it cannot be. */
  readonly asks: string;
  /** Steps that worked, with the milliseconds each took. */
  readonly steps: readonly { readonly name: 'initialize' | 'session'; readonly ms: number }[];
  /** Absent: all of it works. */
  readonly fault: AcpFault | undefined;
}

const sessionMs = 60_000;
/** Nothing is prompted, so nothing is told and nothing is asked. */
const deaf: Hooks = { update: () => undefined, ask: async () => null };

/** Never throws: what fails is the result. */
export async function probeHarness(deps: OpenDeps, name: string): Promise<Health> {
  const harness = findHarness(name, deps.settings().agents);
  const nothing = { id: harness?.id ?? name, program: undefined, abilities: undefined, asks: 'n/a', steps: [] };
  if (harness === undefined)
    return { ...nothing, fault: acpFault.harnessUnknown(name, harnessIds(deps.settings().agents)) };
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-doctor-'));
  try {
    const { program } = locate(deps, name);
    return await probe(deps, { ...nothing, harness, program, folder });
  } catch (error) {
    return { ...nothing, fault: faultOf(error, (message) => acpFault.unhealthy(harness.id, message)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Probe {
  readonly id: string;
  readonly harness: Harness;
  readonly program: Program;
  readonly folder: string;
}

async function probe(deps: OpenDeps, { id, harness, program, folder }: Probe): Promise<Health> {
  const { clock } = deps;
  const startedAt = clock.now();
  const known = { id, program, asks: 'n/a' };
  const greeting = introduce(deps, { harness, program, cwd: folder, permissionMode: 'approve-reads', hooks: deaf });
  const greeted = await greeting.then(
    (value) => ({ ok: true as const, value }),
    (error: unknown) => ({ ok: false as const, fault: unavailable(harness, error) }),
  );
  if (!greeted.ok) return { ...known, abilities: undefined, steps: [], fault: greeted.fault };
  const { connection, abilities } = greeted.value;
  const greetedAt = clock.now();
  const steps = [{ name: 'initialize' as const, ms: greetedAt - startedAt }];
  try {
    const answer = await connection.request('session/new', { cwd: folder, mcpServers: [] }, sessionMs);
    const session = { name: 'session' as const, ms: clock.now() - greetedAt };
    const { asks, fault } = howItAsks(harness, readControls(answer));
    return { ...known, abilities, asks, steps: [...steps, session], fault };
  } catch (error) {
    return { ...known, abilities, steps, fault: initFault(harness, error, connection) };
  } finally {
    await connection.stop();
  }
}

/** It is there and does not come up: what is wrong with it, in the words of a check. */
function unavailable(harness: Harness, error: unknown): AcpFault {
  const fault = faultOf(error, (message) => acpFault.unhealthy(harness.id, message));
  return fault.code === 'ACP_SESSION_INIT_FAILED' ? acpFault.unhealthy(harness.id, fault.message) : fault;
}

function howItAsks(
  harness: Harness,
  controls: Controls,
): { readonly asks: string; readonly fault: AcpFault | undefined } {
  const { asking } = harness;
  switch (asking.how) {
    case 'env':
      return { asks: 'by its settings', fault: undefined };
    case 'never':
      return { asks: 'never: it needs the permissions approve-all', fault: undefined };
    case 'unknown':
      return { asks: 'unknown: nobody has checked whether it asks', fault: undefined };
    case 'mode': {
      const found = findMode(harness.id, controls, asking.mode);
      if (found.ok) return { asks: `mode ${asking.mode}`, fault: undefined };
      return { asks: 'cannot be set', fault: acpFault.askingNotSet(harness.id, found.fault.message) };
    }
  }
}

/** A session the harness could continue here. */
export interface ListedSession {
  readonly id: string;
  readonly cwd: string;
  readonly title: string | undefined;
  /** As the harness writes it. */
  readonly updatedAt: string | undefined;
}

const maxListed = 100;
const pageSchema = z.looseObject({
  sessions: z.array(
    z.looseObject({
      sessionId: z.string(),
      cwd: z.string().catch(''),
      title: z.string().nullish().catch(undefined),
      updatedAt: z.string().nullish().catch(undefined),
    }),
  ),
  nextCursor: z.string().nullish().catch(undefined),
});

/** What the harness can continue, made anywhere. Throws an `AcpError`. */
export async function listSessions(deps: OpenDeps, name: string, cwd: string): Promise<readonly ListedSession[]> {
  const { harness, program } = locate(deps, name);
  const permissionMode = 'approve-reads';
  const { connection, abilities } = await introduce(deps, { harness, program, cwd, permissionMode, hooks: deaf });
  try {
    if (!abilities.list) throw new AcpError(acpFault.noList(harness.id));
    const found: ListedSession[] = [];
    let cursor: string | undefined;
    do {
      const params = cursor === undefined ? {} : { cursor };
      const page = pageSchema.parse(await connection.request('session/list', params, sessionMs));
      for (const { sessionId, cwd: place, title, updatedAt } of page.sessions)
        found.push({ id: sessionId, cwd: place, title: title ?? undefined, updatedAt: updatedAt ?? undefined });
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && found.length < maxListed);
    return found.slice(0, maxListed);
  } catch (error) {
    throw new AcpError(initFault(harness, error, connection), error);
  } finally {
    await connection.stop();
  }
}

/** What to type to get a harness working, for `/acp install`. Throws an `AcpError` for a name nobody knows. */
export function installSteps(deps: Pick<OpenDeps, 'settings'>, name: string): readonly string[] {
  const { agents } = deps.settings();
  const harness = findHarness(name, agents);
  if (harness === undefined) throw new AcpError(acpFault.harnessUnknown(name, harnessIds(agents)));
  return [...harness.install, ...(harness.login === undefined ? [] : [harness.login]), `/acp doctor ${harness.id}`];
}
