// What can be set on a session of a harness: its modes, models and other options, as the harness listed them, and the
// request that sets one. Ids are opaque and differ from harness to harness. Pure; used by open.ts and session.ts.
import { z } from 'zod';
import { type AcpFault, acpFault } from './errors.ts';

export interface Choice {
  readonly id: string;
  readonly name: string;
}

export interface ConfigOption {
  readonly id: string;
  readonly name: string;
  /** `mode`, `model`, `thought_level` and others. */
  readonly category: string | undefined;
  readonly value: string | boolean;
  /** Empty for a yes-or-no option. */
  readonly choices: readonly Choice[];
}

export interface Controls {
  readonly modes: { readonly current: string; readonly choices: readonly Choice[] } | undefined;
  readonly options: readonly ConfigOption[];
}

export const noControls: Controls = { modes: undefined, options: [] };

/** A request without its session id, and the value as the harness calls it. */
export interface Setting {
  readonly method: 'session/set_mode' | 'session/set_config_option';
  readonly params: Readonly<Record<string, unknown>>;
  readonly value: string | boolean;
}

export type Found = { readonly ok: true; readonly setting: Setting } | { readonly ok: false; readonly fault: AcpFault };

const choice = z.looseObject({ value: z.string(), name: z.string().catch('') });
const group = z.looseObject({ options: z.array(choice).catch([]) });
const select = z.looseObject({
  type: z.literal('select'),
  currentValue: z.string().catch(''),
  options: z.array(z.union([choice, group])).catch([]),
});
const toggle = z.looseObject({ type: z.literal('boolean'), currentValue: z.boolean().catch(false) });
const named = z.looseObject({
  id: z.string(),
  name: z.string().catch(''),
  category: z.string().nullish().catch(undefined),
});
const optionsSchema = z.array(z.unknown());
const modesSchema = z.looseObject({
  modes: z
    .looseObject({
      currentModeId: z.string(),
      availableModes: z.array(z.looseObject({ id: z.string(), name: z.string().catch('') })),
    })
    .nullish()
    .catch(undefined),
  configOptions: z.unknown().optional(),
});

/** From the answer to session/new, resume or load. */
export function readControls(response: unknown): Controls {
  const found = modesSchema.safeParse(response).data;
  const modes = found?.modes;
  return {
    modes:
      modes === undefined || modes === null
        ? undefined
        : { current: modes.currentModeId, choices: modes.availableModes.map(({ id, name }) => ({ id, name })) },
    options: readOptions(found?.configOptions) ?? [],
  };
}

/** Undefined where the value is no list of options. */
export function readOptions(value: unknown): readonly ConfigOption[] | undefined {
  return optionsSchema.safeParse(value).data?.flatMap((each): readonly ConfigOption[] => {
    const base = named.safeParse(each).data;
    if (base === undefined) return [];
    const about = { id: base.id, name: base.name, category: base.category ?? undefined };
    const list = select.safeParse(each).data;
    if (list !== undefined) return [{ ...about, value: list.currentValue, choices: list.options.flatMap(choicesOf) }];
    const yesNo = toggle.safeParse(each).data;
    return yesNo === undefined ? [] : [{ ...about, value: yesNo.currentValue, choices: [] }];
  });
}

function choicesOf(entry: z.infer<typeof choice> | z.infer<typeof group>): readonly Choice[] {
  const list = choice.safeParse(entry).data;
  if (list !== undefined) return [{ id: list.value, name: list.name }];
  return (group.safeParse(entry).data?.options ?? []).map(({ value, name }) => ({ id: value, name }));
}

/** The mode now, and what can be chosen; undefined where the harness has no modes. */
export function modesOf(controls: Controls): Controls['modes'] {
  if (controls.modes !== undefined) return controls.modes;
  const option = controls.options.find(({ category }) => category === 'mode');
  return option === undefined ? undefined : { current: String(option.value), choices: option.choices };
}

export function modelOption(controls: Controls): ConfigOption | undefined {
  return controls.options.find(({ category }) => category === 'model');
}

export function findMode(harness: string, controls: Controls, wanted: string): Found {
  const modes = modesOf(controls);
  if (modes === undefined) return { ok: false, fault: acpFault.unsupported(harness, 'modes', has(controls)) };
  const found = choose(modes.choices, wanted);
  if (found === undefined) return bad(`mode of ${harness}`, wanted, modes.choices);
  if (controls.modes !== undefined) {
    const params = { modeId: found.id };
    return { ok: true, setting: { method: 'session/set_mode', params, value: found.id } };
  }
  const option = controls.options.find(({ category }) => category === 'mode');
  return { ok: true, setting: optionSetting(option?.id ?? 'mode', found.id) };
}

export function findModel(harness: string, controls: Controls, wanted: string): Found {
  const option = modelOption(controls);
  if (option === undefined)
    return { ok: false, fault: acpFault.unsupported(harness, 'choice of models', has(controls)) };
  const found = choose(option.choices, wanted);
  return found === undefined
    ? bad(`model of ${harness}`, wanted, option.choices)
    : { ok: true, setting: optionSetting(option.id, found.id) };
}

export function findOption(harness: string, controls: Controls, key: string, wanted: string | boolean): Found {
  const option = controls.options.find(({ id, name }) => id === key || same(name, key));
  if (option === undefined) return { ok: false, fault: acpFault.unsupported(harness, `option ${key}`, has(controls)) };
  if (typeof option.value === 'boolean') {
    const value = typeof wanted === 'boolean' ? wanted : yesOrNo(wanted);
    if (value === undefined)
      return bad(`value of ${key}`, String(wanted), [
        { id: 'on', name: '' },
        { id: 'off', name: '' },
      ]);
    const params = { configId: option.id, type: 'boolean', value };
    return { ok: true, setting: { method: 'session/set_config_option', params, value } };
  }
  const found = choose(option.choices, String(wanted));
  return found === undefined
    ? bad(`value of ${key}`, String(wanted), option.choices)
    : { ok: true, setting: optionSetting(option.id, found.id) };
}

/** Whether a mode's id or name is one of these. */
export function isOneOf(choices: readonly Choice[], id: string, names: readonly string[]): boolean {
  return names.some((name) => choose(choices, name)?.id === id || same(id, name));
}

function optionSetting(configId: string, value: string): Setting {
  return { method: 'session/set_config_option', params: { configId, value }, value };
}

/** By id, by the end of an id that is an address, or by name. */
function choose(choices: readonly Choice[], wanted: string): Choice | undefined {
  return (
    choices.find(({ id }) => id === wanted) ??
    choices.find(({ id }) => same(id, wanted)) ??
    choices.find(
      ({ id }) => /[#/]/.test(id) && same(id.slice(Math.max(id.lastIndexOf('#'), id.lastIndexOf('/')) + 1), wanted),
    ) ??
    choices.find(({ name }) => same(name, wanted))
  );
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function yesOrNo(text: string): boolean | undefined {
  if (/^(on|true|yes|1)$/i.test(text)) return true;
  return /^(off|false|no|0)$/i.test(text) ? false : undefined;
}

function bad(what: string, value: string, choices: readonly Choice[]): Found {
  return {
    ok: false,
    fault: acpFault.badValue(
      what,
      value,
      choices.map(({ id }) => id),
    ),
  };
}

function has(controls: Controls): readonly string[] {
  const modes = controls.modes === undefined ? [] : ['modes'];
  return [...modes, ...controls.options.map(({ id }) => id)];
}
