// /acp spawn and /acp resume: a coding agent starts, or goes on with a session made elsewhere.
import type { AcpSpawnAsk, AcpSpawned } from '../../src/core/acp.ts';
import type { Call, Flag, Param, Reply, Verb } from '../../src/core/command.ts';
import { placeWord } from '../binding-words.ts';
import { reply } from '../replies.ts';
import { acpRefused, nameOf, notSandboxed } from './words.ts';

const agent: Param = {
  name: 'agent',
  value: { kind: 'harness' },
  required: false,
  summary: 'Which coding agent, e.g. claude; default: acp.defaultAgent.',
};
const prompt: Param = {
  name: 'prompt',
  value: { kind: 'text' },
  required: false,
  summary: 'The first thing it is told.',
};
const place: readonly Flag[] = [
  { name: 'bind', value: { kind: 'choice', of: ['here', 'off'] }, summary: 'Messages in this place go to it.' },
  {
    name: 'thread',
    value: { kind: 'choice', of: ['auto', 'here', 'off'] },
    summary: 'It gets a thread or topic of its own, or the one this is.',
  },
  { name: 'cwd', value: { kind: 'word' }, summary: 'Absolute path of the folder it works in.' },
  { name: 'label', value: { kind: 'word' }, summary: 'What it is called.' },
];

export const spawn: Verb = {
  name: 'spawn',
  summary: 'Starts a coding agent; answers once it can be told something.',
  syntax:
    '/acp spawn [agent] [--mode persistent|oneshot] [--bind here|off] [--thread auto|here|off] [--cwd <path>] [--label <name>] [-- <first prompt>]',
  example: '/acp spawn claude --bind here --cwd /srv/shop',
  params: [agent, prompt],
  flags: [
    {
      name: 'mode',
      value: { kind: 'choice', of: ['persistent', 'oneshot'] },
      summary: 'oneshot: it is closed after its first answer.',
    },
    ...place,
  ],
  starts: true,
  run: (call) => start(call, call.args.prompt),
};

export const resume: Verb = {
  name: 'resume',
  summary: 'Goes on here with a session of the agent, made anywhere; /acp sessions --all lists them.',
  syntax: '/acp resume <id> [agent] [--bind here|off] [--thread auto|here|off] [--cwd <path>] [--label <name>]',
  example: '/acp resume 0199a2f4 claude --bind here --cwd /srv/shop',
  params: [{ name: 'id', value: { kind: 'word' }, required: true, summary: 'Id the agent gave the session.' }, agent],
  flags: place,
  starts: true,
  run: (call) => start(call, undefined),
};

async function start(call: Call, first: string | undefined): Promise<Reply> {
  const where = placeOf(call);
  if (where === undefined) return reply('⚠️ --bind here and --thread exclude each other. Give one of them.');
  if (where === 'no-thread')
    return reply('⚠️ This is no thread. Use --thread auto for a new one, or --bind here for this place.');
  const { agent: named, id } = call.args;
  const { mode, cwd, label } = call.flags;
  const spawned = await call.services.acp.spawn(call, {
    ...{ agent: named, place: where, cwd, label, prompt: first, resumeId: id },
    mode: mode === 'oneshot' ? 'oneshot' : 'persistent',
  });
  return spawned.ok ? reply(startedText(spawned.value, first !== undefined)) : acpRefused(spawned.refusal);
}

/** Undefined: both were given. */
function placeOf({ flags, route }: Call): AcpSpawnAsk['place'] | 'no-thread' | undefined {
  const { bind, thread } = flags;
  if (bind === 'here' && thread !== undefined && thread !== 'off') return undefined;
  if (bind === 'here') return 'here';
  if (thread === 'here') return route.thread === undefined ? 'no-thread' : 'here';
  return thread === 'auto' ? 'thread' : 'nowhere';
}

function startedText({ view, bound }: AcpSpawned, told: boolean): string {
  const about = [view.session, view.mode, view.cwd, view.permissions].join(', ');
  return [`✅ ${nameOf(view)} is ready (${about}). ${notSandboxed}`, plainText({ view, bound }, told)].join('\n');
}

function plainText({ view, bound }: AcpSpawned, told: boolean): string {
  if (bound === 'here') return 'Messages here go to it; /unfocus to leave.';
  if (bound === 'thread' && view.bound !== undefined) return `Messages in ${placeWord(view.bound)} go to it.`;
  const talk = `/acp steer --session ${view.label} <text> talks to it.`;
  const answer = told ? ' Its answer is sent here.' : '';
  return `It is not bound: with --bind here, or --thread auto where there are threads, plain messages go to it. ${talk}${answer}`;
}
