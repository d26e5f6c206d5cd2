// The workspace is the working directory unless somebody sets one, so tokens and other people's words lie in it: no agent gets them.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place, type RealApp, startApp } from './real-app.ts';

let place: Place;
let app: RealApp;
beforeEach(async () => {
  place = new Place();
  place.write('.env', 'TELEGRAM_TOKEN=the-token\n');
  place.config({ logging: { level: 'debug' } });
  place.write('notes.txt', 'one two three\n');
  app = await startApp(place);
});
afterEach(async () => {
  await app.end();
  place.remove();
});

test('an agent reads the files of the workspace, but not those of Switchyard itself', async () => {
  expect(await app.ask('read notes.txt')).toContain('one two three');
  for (const name of ['.env', 'switchyard.json5', '.switchyard/switchyard.log']) {
    expect(await app.ask(`read ${name}`), name).toBe('NOT FOUND');
  }
});
