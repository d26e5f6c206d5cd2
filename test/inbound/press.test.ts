import { expect, test } from 'vitest';
import type { Choice } from '../../src/inbound/choices.ts';
import { decidePress, type PressFacts } from '../../src/inbound/press.ts';

const choice: Choice = {
  ...{ id: 'x', group: 'g', place: 'telegram:default:1', to: { id: 'telegram:ann', name: 'Ann' } },
  ...{ command: '/status', once: true, asks: false, usedBy: undefined, expires: 1_000 },
};
const facts: PressFacts = { person: 'telegram:ann', owner: false, places: ['telegram:default:1'], now: 999 };

test.each<[string, Partial<Choice>, Partial<PressFacts>, string]>([
  ['whoever asked may press', {}, {}, 'run'],
  ['the owner may press for others', {}, { person: 'telegram:bo', owner: true }, 'run'],
  ['others may not', {}, { person: 'telegram:bo' }, 'not_theirs'],
  ['the owner alone may press what is for the owner', { to: 'owner' }, {}, 'not_theirs'],
  ['the owner may press it', { to: 'owner' }, { owner: true }, 'run'],
  ['it ends with its day', {}, { now: 1_000 }, 'out_of_date'],
  ['it works in its chat alone', {}, { places: ['telegram:default:2'] }, 'out_of_date'],
  ['it works in its chat after that moved', {}, { places: ['telegram:default:2', 'telegram:default:1'] }, 'run'],
  ['one press decides', { usedBy: 'telegram:ann' }, {}, 'decided'],
  ['others learn nothing of what was decided', { usedBy: 'telegram:ann' }, { person: 'telegram:bo' }, 'not_theirs'],
  ['what may be pressed again is not used up', { once: false, usedBy: 'telegram:ann' }, {}, 'run'],
])('%s', (_name, how, where, kind) => {
  expect(decidePress({ ...choice, ...how }, { ...facts, ...where }).kind).toBe(kind);
});

test('an id that means nothing is out of date', () => {
  expect(decidePress(undefined, { ...facts, owner: true }).kind).toBe('out_of_date');
});
