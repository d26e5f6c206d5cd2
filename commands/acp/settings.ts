// What can be set on a session in a coding agent. Each reply shows the value that holds now.
import type { AcpSetting, AcpView } from '../../src/core/acp.ts';
import type { Call, Param, Reply, ValueKind, Verb } from '../../src/core/command.ts';
import { reply } from '../replies.ts';
import { durationWords } from '../values.ts';
import { sessionFlag, withTarget } from './target.ts';
import { acpRefused, nameOf, optionWords } from './words.ts';

const word: ValueKind = { kind: 'word' };

interface Setter {
  readonly name: string;
  readonly summary: string;
  readonly example: string;
  readonly param: Pick<Param, 'name' | 'value' | 'summary'>;
  readonly setting: AcpSetting;
}

function setter({ name, summary, example, param, setting }: Setter): Verb {
  return {
    ...{ name, summary, syntax: `/acp ${name} <${param.name}> [--session <target>]`, example },
    params: [{ ...param, required: true }],
    flags: [sessionFlag],
    run: (call) => apply(call, setting, call.args[param.name] ?? ''),
  };
}

export const setMode = setter({
  name: 'set-mode',
  summary: 'Mode of the agent; /acp status lists those it has.',
  example: '/acp set-mode plan',
  param: { name: 'mode', value: word, summary: 'As the agent calls it.' },
  setting: { kind: 'mode' },
});

export const model = setter({
  name: 'model',
  summary: 'Model of the agent; /acp status lists those it has.',
  example: '/acp model large',
  param: { name: 'model', value: word, summary: 'As the agent calls it.' },
  setting: { kind: 'model' },
});

export const cwd = setter({
  name: 'cwd',
  summary: 'Folder it works in, from its next start.',
  example: '/acp cwd /srv/shop',
  param: { name: 'path', value: word, summary: 'Absolute path.' },
  setting: { kind: 'cwd' },
});

export const permissions = setter({
  name: 'permissions',
  summary: 'What it may do unasked: reads inside its folder, everything, or nothing.',
  example: '/acp permissions approve-reads',
  param: {
    name: 'mode',
    value: { kind: 'choice', of: ['approve-reads', 'approve-all', 'deny-all'] },
    summary: 'What it may do unasked.',
  },
  setting: { kind: 'permissions' },
});

export const timeout = setter({
  name: 'timeout',
  summary: 'Seconds one turn may take; 0: no limit.',
  example: '/acp timeout 600',
  param: { name: 'seconds', value: { kind: 'number', min: 0, max: 604_800 }, summary: '0: no limit.' },
  setting: { kind: 'timeout' },
});

export const set: Verb = {
  name: 'set',
  summary: 'An option of the agent, or how much is shown while it works: /acp set progress off|brief|full.',
  syntax: '/acp set <option> <value> [--session <target>]',
  example: '/acp set progress full',
  params: [
    { name: 'option', value: word, required: true, summary: 'progress, or as the agent calls it.' },
    { name: 'value', value: word, required: true, summary: 'Its new value.' },
  ],
  flags: [sessionFlag],
  run: (call) => apply(call, { kind: 'option', name: call.args.option ?? '' }, call.args.value ?? ''),
};

export const resetOptions: Verb = {
  name: 'reset-options',
  summary: 'Takes back what was set on a session; the defaults hold again.',
  syntax: '/acp reset-options [--session <target>]',
  example: '/acp reset-options',
  params: [],
  flags: [sessionFlag],
  run: (call) => withTarget(call, (view) => reset(call, view)),
};

function apply(call: Call, setting: AcpSetting, value: string): Promise<Reply> {
  return withTarget(call, async (view) => {
    const done = await call.services.acp.set(call, view, setting, value);
    return done.ok ? reply(`✅ ${nameOf(view)}: ${settingWords(setting, done.value)}`) : acpRefused(done.refusal);
  });
}

function settingWords(setting: AcpSetting, value: string): string {
  switch (setting.kind) {
    case 'option':
      return `${setting.name} ${value}`;
    case 'timeout':
      return value === '0' ? 'no time limit' : `time limit ${durationWords(Number(value) * 1000)}`;
    default:
      return `${setting.kind} ${value}`;
  }
}

async function reset(call: Call, view: AcpView): Promise<Reply> {
  const done = await call.services.acp.resetOptions(call, view);
  if (!done.ok) return acpRefused(done.refusal);
  const { permissions: mode, options } = done.value;
  const now = [`permissions=${mode}`, ...options.map(optionWords)].join('; ');
  return reply(`✅ ${nameOf(view)}: defaults again (${now})`);
}
