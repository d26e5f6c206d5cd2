import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeCli } from '../fakes/cli.ts';
import { virtualClock } from '../fakes/clock.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'web-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function web(origin: string, terminal: boolean) {
  const clock = virtualClock();
  const stdout = Object.assign(new PassThrough(), { isTTY: terminal }) as unknown as NodeJS.WriteStream;
  const cli = fakeCli(home, { clock, stdout });
  const value = { link: `${origin}/enter?code=ABC`, expiresAt: clock.now() + 3_600_000 };
  cli.answers['page.link'] = { kind: 'answered', value };
  return cli;
}

test('a page that a phone can reach comes with a code to scan', async () => {
  const cli = web('http://192.168.1.7:8787', true);
  expect(await cli.run('web')).toBe(0);
  expect(cli.out[0]).toMatch(/█[\s\S]*\nStatus page: http:\/\/192\.168\.1\.7:8787\/enter\?code=ABC\n/);
});

test.each([
  ['http://127.0.0.1:8787', true],
  ['http://192.168.1.7:8787', false],
])('a page at %s is a link alone where a terminal is there: %s', async (origin, terminal) => {
  const cli = web(origin, terminal);
  expect(await cli.run('web')).toBe(0);
  expect(cli.out).toEqual([
    `Status page: ${origin}/enter?code=ABC\nThe link opens it once, within 60 minutes; \`npx switchyard web\` prints another one.`,
  ]);
});
