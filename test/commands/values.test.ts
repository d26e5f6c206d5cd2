import { expect, test } from 'vitest';
import { checkValue, parseDuration } from '../../commands/values.ts';

test('a bare number is hours, units are milliseconds to days, and they join', () => {
  const cases: Record<string, number> = {
    '2': 7_200_000,
    '0.5': 1_800_000,
    '250ms': 250,
    '90s': 90_000,
    '15m': 900_000,
    '24h': 86_400_000,
    '7D': 604_800_000,
    '1h30m': 5_400_000,
  };
  for (const [text, ms] of Object.entries(cases)) expect(parseDuration(text), text).toBe(ms);
});

test('every word for off is zero', () => {
  for (const word of ['off', 'disable', 'disabled', 'none', '0', 'OFF']) expect(parseDuration(word), word).toBe(0);
});

test('anything else is no duration', () => {
  for (const text of ['', 'soon', '-1h', '1h30', '1w', 'in 5m', '1e9', '99999d', 'Infinity', 'NaN']) {
    expect(parseDuration(text), text).toBeUndefined();
  }
});

test('a choice is found in any case, and a bad one lists the good ones', () => {
  const choice = { kind: 'choice', of: ['here', 'off'] } as const;
  expect(checkValue(choice, '--bind', 'HERE')).toEqual({ ok: true, value: 'here' });
  expect(checkValue(choice, '--bind', 'there')).toEqual({
    ok: false,
    message: '--bind cannot be "there". Choose: here, off.',
  });
});

test('a number above the maximum means the maximum, anything else is explained', () => {
  const range = { kind: 'number', min: 1, max: 200 } as const;
  expect(checkValue(range, 'limit', '500')).toEqual({ ok: true, value: '200' });
  for (const text of ['0', '-3', 'ten', '1.5']) {
    expect(checkValue(range, 'limit', text)).toEqual({
      ok: false,
      message: `limit must be a whole number from 1 to 200, not "${text}".`,
    });
  }
});
