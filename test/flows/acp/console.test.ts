// The whole program with a coding agent: a main agent without any key, the doctor, and a start from the terminal.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place, startApp } from '../real-app.ts';

const twinPath = join(import.meta.dirname, '..', '..', 'twins', 'acp-agent.ts');
let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => {
  place.remove();
});

const acp = (twin: object = {}) => {
  const env = { ACP_TWIN: JSON.stringify({ folder: join(place.folder, 'twin'), ...twin }) };
  const agents = { twin: { command: process.execPath, args: [twinPath], env } };
  return { enabled: true, defaultAgent: 'twin', agents };
};

test('checked, started, spoken to and closed from the terminal', async () => {
  place.config({ acp: acp() });
  const app = await startApp(place);
  expect(await app.ask('/acp doctor', /healthy/)).toMatch(/healthy: yes$/);
  expect(await app.ask('/acp spawn --bind here', /ready/)).toMatch(/^✅ twin is ready/);
  expect(await app.ask('say one', /one/)).toBe('one');
  expect(await app.ask('/acp close', /closed/)).toBe('✅ twin closed, its binding removed.');
  expect(await app.end()).toBe(0);
});

test('a main agent that lives in a coding agent needs no key, and ends with the program', async () => {
  place.config({ acp: acp(), agents: { list: [{ id: 'main', runtime: { type: 'acp', agent: 'twin' } }] } });
  const app = await startApp(place);
  expect(app.shown()).toContain('model: twin');
  expect(await app.ask('say hello', /hello/)).toBe('hello');
  expect(await app.ask('/status', /model/)).toMatch(/ACP: approve-reads/);
  expect(await app.end()).toBe(0);
});
