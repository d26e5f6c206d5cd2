import { expect, test } from 'vitest';
import { restartText } from '../../src/wiring/restart-text.ts';

const run = (label: string) => ({ id: '4f1c2a90-0000', label });
const none = { resumed: [], ended: [], answers: { resumed: 0, ended: 0 }, setAside: [] };

test('nothing is said where nothing was cut off', () => {
  expect(restartText(none)).toBeUndefined();
});

test('what goes on and what ended are told apart, runs by name, a few of them', () => {
  const many = Array.from({ length: 7 }, (_, index) => run(`r${index}`));
  expect(restartText({ ...none, resumed: many, ended: [run('a\nb')], answers: { resumed: 1, ended: 2 } })).toBe(
    [
      'ℹ️ Switchyard was restarted in the middle of work.',
      `Goes on, told to check what was done in part: ${many
        .slice(0, 5)
        .map(({ label }) => `${label} (run 4f1c2a90)`)
        .join(', ')}, 2 more runs, an answer in a chat.`,
      'Ended, check what it may have done in part: a b (run 4f1c2a90), 2 answers in chats.',
      '/tasks shows the runs.',
    ].join('\n'),
  );
});

test('damaged records are named with the reason, a few of them, also where nothing was cut off', () => {
  const setAside = Array.from({ length: 6 }, (_, seq) => ({
    ...{ seq, name: `runs r${seq}`, reason: 'it is no JSON', at: 0, told: false },
  }));
  expect(restartText({ ...none, setAside: setAside.slice(0, 1) })).toBe(
    [
      '⚠️ 1 stored record was damaged and set aside; everything else works.',
      '- runs r0: it is no JSON',
      'On the machine, `switchyard tasks maintenance` shows what to do.',
    ].join('\n'),
  );
  expect(restartText({ ...none, setAside })).toMatch(
    /^⚠️ 6 stored records were .*\n(?:- runs r\d: it is no JSON\n){5}- 1 more\n/,
  );
});
