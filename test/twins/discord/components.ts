// Buttons and menus under a message and the fields of a modal: their limits, and what a person finds among them
// (https://discord.com/developers/docs/components/reference). Used by payload.ts, interactions and people.
import { invalid, notWithin, required, tooLong } from './refusal.ts';
import { list, number, text } from './request.ts';
import type { Wire } from './world.ts';

export const componentTypes = { row: 1, button: 2, select: 3, input: 4, label: 18 } as const;
const linkStyle = 5;

/** @throws Refusal 50035 for rows that Discord does not take */
export function checkComponents(rows: readonly Wire[], path = 'components'): void {
  if (rows.length > 5) throw notWithin(path, 1, 5);
  const seen = new Set<string>();
  for (const [row, one] of rows.entries()) {
    const at = `${path}.${row}`;
    if (number(one, 'type') !== componentTypes.row)
      throw invalid(`${at}.type`, 'UNION_TYPE_CHOICES', 'Value of field "type" must be one of (1,).');
    checkRow(list(one, 'components'), `${at}.components`);
    for (const [index, part] of list(one, 'components').entries()) checkUnique(seen, part, `${at}.components.${index}`);
  }
}

function checkUnique(seen: Set<string>, part: Wire, path: string): void {
  const id = text(part, 'custom_id');
  if (id === undefined) return;
  if (seen.has(id))
    throw invalid(`${path}.custom_id`, 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated');
  seen.add(id);
}

function checkRow(parts: readonly Wire[], path: string): void {
  const selects = parts.filter((one) => number(one, 'type') !== componentTypes.button);
  if (parts.length === 0 || parts.length > 5) throw notWithin(path, 1, 5);
  if (selects.length > 0 && parts.length > 1)
    throw invalid(path, 'COMPONENT_LAYOUT_WIDTH_EXCEEDED', 'The specified component exceeds the maximum width');
  for (const [index, part] of parts.entries()) checkPart(part, `${path}.${index}`);
}

function checkPart(part: Wire, path: string): void {
  const link = number(part, 'type') === componentTypes.button && number(part, 'style') === linkStyle;
  if (!link) checkId(part, path);
  if (number(part, 'type') === componentTypes.button) {
    const label = text(part, 'label') ?? '';
    if (label === '' && part.emoji === undefined) throw required(`${path}.label`);
    if (label.length > 80) throw tooLong(`${path}.label`, 80);
    return;
  }
  if (number(part, 'type') === componentTypes.select) checkOptions(part, path);
}

function checkOptions(select: Wire, path: string): void {
  const options = list(select, 'options');
  if (options.length < 1 || options.length > 25) throw notWithin(`${path}.options`, 1, 25);
  mustHint(select, path, 150);
  for (const [index, option] of options.entries())
    for (const field of ['label', 'value', 'description']) {
      const value = text(option, field);
      if (value === undefined && field !== 'description') throw required(`${path}.options.${index}.${field}`);
      if (value !== undefined && (value === '' || value.length > 100))
        throw notWithin(`${path}.options.${index}.${field}`, 1, 100);
    }
  const values = options.map((option) => text(option, 'value'));
  if (new Set(values).size < values.length)
    throw invalid(`${path}.options`, 'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED', 'Option values must be unique');
}

function checkId(part: Wire, path: string): void {
  const id = text(part, 'custom_id');
  if (id === undefined) throw required(`${path}.custom_id`);
  if (id === '' || id.length > 100) throw notWithin(`${path}.custom_id`, 1, 100);
}

/** The grey text in a menu or field nobody has used yet. */
function mustHint(part: Wire, path: string, most: number): void {
  const field = Object.keys(part).find((key) => key.startsWith('placeh'));
  if (field !== undefined && (text(part, field) ?? '').length > most) throw tooLong(`${path}.${field}`, most);
}

/** The fields of a modal, in rows or labels. */
export const inputsOf = (modal: Wire): readonly Wire[] =>
  list(modal, 'components').flatMap((row) => {
    const inner = row.component;
    return typeof inner === 'object' && inner !== null ? [inner as Wire] : list(row, 'components');
  });

/** @throws Refusal 50035 */
export function checkModal(modal: Wire): void {
  checkId(modal, 'data');
  const title = text(modal, 'title') ?? '';
  if (title === '' || title.length > 45) throw notWithin('data.title', 1, 45);
  const rows = list(modal, 'components');
  if (rows.length < 1 || rows.length > 5) throw notWithin('data.components', 1, 5);
  const seen = new Set<string>();
  for (const [index, input] of inputsOf(modal).entries()) {
    const path = `data.components.${index}.components.0`;
    checkId(input, path);
    checkUnique(seen, input, path);
    const label = text(input, 'label') ?? text(rows[index] ?? {}, 'label') ?? '';
    if (label === '' || label.length > 45) throw notWithin(`${path}.label`, 1, 45);
    mustHint(input, path, 100);
    if ((text(input, 'value') ?? '').length > 4000) throw tooLong(`${path}.value`, 4000);
  }
}

/** Everything that can be pressed or chosen from under a message. */
export const partsOf = (rows: readonly Wire[]): readonly Wire[] => rows.flatMap((row) => list(row, 'components'));

export const buttonsOf = (rows: readonly Wire[]): readonly Wire[] =>
  partsOf(rows).filter((part) => part.type === componentTypes.button);

export const selectsOf = (rows: readonly Wire[]): readonly Wire[] =>
  partsOf(rows).filter((part) => part.type === componentTypes.select);
