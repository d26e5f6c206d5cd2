import { describe, expect, test } from 'vitest';
import { commandTable } from '../../commands/index.ts';
import { runCommand } from '../../commands/run.ts';
import type { Command } from '../../src/core/command.ts';
import { aCodingView, aPlace, aRun } from '../fakes/builders.ts';
import { aWorld, fakeServices } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const guest = aPlace({ caller: { id: 'telegram:7', name: 'Bo', class: 'allowed' } });

describe('a typed line', () => {
  test('that is no command, or for another bot, gets no answer', async () => {
    expect(await typed('hello')).toBeUndefined();
    expect(await typed('/stop@other_bot')).toBeUndefined();
  });

  test('with an unknown name is answered with the nearest one', async () => {
    expect(await typed('/sotp')).toBe('⚠️ There is no command /sotp. Did you mean /stop? /help lists the commands.');
    expect(await typed('/usr/bin/node')).toBe('⚠️ There is no command /usr/bin/node. /help lists the commands.');
  });

  test("with an unknown sub-word is answered with that command's help", async () => {
    expect(await typed('/session forever')).toBe(`⚠️ /session has no "forever".\n${await typed('/help session')}`);
  });

  test.each([
    ['/subagents info ', ''],
    ['/', ''],
    ['/session ', ''],
    ['/stop ', ''],
    ['/queue cap:', ''],
    ['/subagents spawn main --', ' task'],
    ['/subagents spawn main task --thinking ', ''],
    ['/session idle ', ''],
    ['/help ', ''],
    ['/focus ', ''],
  ])('beginning with %s and going on for pages is answered in a few lines', async (before, after) => {
    const answer = await typed(`${before}${'x'.repeat(100_000)}${after}`);
    expect(answer?.length).toBeLessThan(3_000);
  });

  test('with a mistake names it and shows the syntax', async () => {
    expect(await typed('/subagents kill')).toBe('Usage: /subagents kill <target|all>');
    expect(await typed('/stop now')).toBe(
      lines('⚠️ Surplus argument "now". A name with spaces goes in quotes.', 'Usage: /stop'),
    );
  });

  test('that starts work is refused while draining; looking and stopping are not', async () => {
    const world = aWorld({ draining: true, runs: [aRun()] });
    const refusal = '⚠️ Switchyard is restarting and takes no new work. Resend in a moment.';
    for (const line of [
      '/subagents spawn main x',
      '/subagents send 1 x',
      '/subagents steer 1 x',
      '/steer x',
      '/tell x',
    ]) {
      expect(await typed(line, world), line).toBe(refusal);
    }
    expect(world.asked).toEqual([]);
    expect(await typed('/stop', world)).toBe('ℹ️ nothing was running');
  });

  test('that hits a bug is answered and the bug is reported', async () => {
    const world = aWorld({ bug: new Error('disk full') });
    expect(await typed('/stop', world)).toBe(
      '⚠️ /stop failed by an internal error and may be done in part. The log has the details.',
    );
    expect(world.asked).toEqual(['stop', 'bug in stop: disk full']);
  });
});

describe('an owner command', () => {
  const ledger: Command = {
    name: 'ledger',
    summary: 'Findings.',
    access: 'owner',
    verbs: [
      {
        name: '',
        summary: '',
        syntax: '/ledger',
        example: '',
        params: [],
        flags: [],
        run: async () => ({ text: 'ok' }),
      },
    ],
  };
  const table = [...commandTable(), ledger];
  const run = async (line: string, place = guest) => {
    const world = aWorld({ commands: table });
    const reply = await runCommand(line, place, {
      services: fakeServices(world),
      table,
      botName: undefined,
      onBug: (error) => {
        throw error;
      },
    });
    return reply?.text;
  };

  test('answers only the owner, whatever is wrong with the line', async () => {
    expect(await run('/ledger', aPlace())).toBe('ok');
    expect(await run('/ledger')).toBe('⚠️ only the owner may use /ledger');
    expect(await run('/ledger now')).toBe('⚠️ only the owner may use /ledger');
  });

  test('is neither listed nor suggested to others', async () => {
    expect(await run('/help')).not.toContain('ledger');
    expect(await run('/help', aPlace())).toContain('/ledger - Findings.');
    expect(await run('/help ledger')).toBe('⚠️ There is no command /ledger. /help lists the commands.');
    expect(await run('/ledegr')).toBe('⚠️ There is no command /ledegr. /help lists the commands.');
  });
});

describe('every command of the table', () => {
  const verbs = commandTable().flatMap((command) => command.verbs.map((verb) => ({ command, verb })));

  test('has a name of its own', () => {
    const names = commandTable().flatMap((command) => [command.name, ...(command.aliases ?? [])]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('shows an example that works, and syntax that begins with its name', async () => {
    const label = 'research';
    for (const { command, verb } of verbs) {
      const world = aWorld({ runs: [aRun(), aRun({ id: 'b0000000-0', label })], coding: [aCodingView()] });
      const text = await typed(verb.example, world);
      expect(text, verb.example).not.toMatch(/Usage:|There is no|internal error|has no "/);
      expect(verb.syntax.startsWith(`/${command.name}`), verb.syntax).toBe(true);
    }
  });

  test('can be registered on a phone: short lower-case names and summaries', () => {
    for (const command of commandTable()) {
      expect(command.name).toMatch(/^[a-z]{1,32}$/);
      expect(command.summary.length).toBeLessThanOrEqual(100);
      for (const { name } of command.verbs) expect(name).toMatch(/^[a-z-]{0,32}$/);
    }
  });
});
