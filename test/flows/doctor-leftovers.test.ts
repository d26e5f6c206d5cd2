// What a crash left in the store, found and put right by `switchyard doctor`, beside a running process and without one.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sessionSchema } from '../../src/core/session.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { statePaths } from '../../src/infra/state-paths.ts';
import { aSession } from '../fakes/builders.ts';
import { cli, Place, startApp } from './real-app.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

const key = 'agent:main:console:direct:ghost';

/** A chat whose work was given up after restarts still carries the mark of it. */
async function leaveTombstone(): Promise<void> {
  const app = await startApp(place);
  await app.ask('say hi', /^hi$/);
  await app.end();
  const database = openDatabase(statePaths(place.home).database);
  const sessions = keyedStores(database, systemClock)('sessions', sessionSchema);
  await sessions.set(key, aSession({ key, controlScope: key, abortedLastRun: true }));
  await database.close();
}

const found = /^⚠️ warn: store: Session agent:main:console:direct:ghost: .*\n {2}fix: doctor --fix clears the mark\.$/m;
const mended = /^✅ Session agent:main:console:direct:ghost: .* Put right: clears the mark\.$/m;

it('is put right while nothing runs', async () => {
  await leaveTombstone();
  expect(await cli(place, 'doctor')).toMatchObject({ code: 1, out: expect.stringMatching(found) });
  expect(await cli(place, 'doctor', '--fix')).toMatchObject({ code: 0, out: expect.stringMatching(mended) });
  expect((await cli(place, 'doctor')).code).toBe(0);
});

it('is put right by the running process', async () => {
  await leaveTombstone();
  const app = await startApp(place);
  expect(await cli(place, 'doctor')).toMatchObject({ code: 1, out: expect.stringMatching(found) });
  expect(await cli(place, 'doctor', '--fix')).toMatchObject({ code: 0, out: expect.stringMatching(mended) });
  await app.end();
});

/** A chat that was written to, and whose record is damaged. */
async function damageSession(): Promise<void> {
  const app = await startApp(place);
  await app.ask('say hi', /^hi$/);
  await app.end();
  const database = openDatabase(statePaths(place.home).database);
  await database.write((sql) => sql.run("UPDATE keyv SET value = '{' WHERE key LIKE 'sessions::%'"));
  await database.close();
}

it('a damaged record is shown before and after a start sets it aside, and goes for good only when that is asked for', async () => {
  await damageSession();
  const damaged = /^⚠️ warn: store: Record keyv sessions::\S+: it is no JSON/m;
  expect((await cli(place, 'doctor', '--fix')).out).toMatch(damaged);
  const app = await startApp(place);
  await app.ask('say ho', /^ho$/);
  const running = (await cli(place, 'doctor', '--fix')).out;
  expect(running).toMatch(damaged);
  expect(running).toContain('\n  fix: tasks maintenance --apply: deletes what is kept of it.');
  await app.end();
  expect((await cli(place, 'doctor', '--fix')).out).toMatch(damaged);
  expect((await cli(place, 'tasks', 'maintenance', '--apply')).out).toMatch(
    /^unreadable +reconciled +deletes what is kept/m,
  );
  expect((await cli(place, 'doctor')).code).toBe(0);
});
