import { describe, expect, it } from 'vitest';
import { maskedNumber, numberDigits } from '../../src/core/link.ts';

describe('phone numbers', () => {
  it.each([
    ['4915112345617', '+49 151 … 17'],
    ['14155550199', '+1 415 … 99'],
    ['79161234567', '+7 916 … 67'],
    ['351912345678', '+351 912 … 78'],
    ['441632960961', '+44 163 … 61'],
  ])('are shown with most of them hidden: %s', (digits, shown) => {
    expect(maskedNumber(digits)).toBe(shown);
  });

  it.each([
    ['+49 151 123456-17', '4915112345617'],
    ['0049 (151) 12345617', '4915112345617'],
    ['4915112345617', '4915112345617'],
    ['0151 12345617', undefined],
    ['+49 151 12a45617', undefined],
    ['12', undefined],
    ['', undefined],
  ])('are read as people write them: %s', (text, digits) => {
    expect(numberDigits(text)).toBe(digits);
  });
});
