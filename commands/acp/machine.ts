// /acp install and /acp doctor: what coding agents need on this machine, and whether it works.
import type { Call, Param, Reply, Verb } from '../../src/core/command.ts';
import { titled } from '../../src/core/format.ts';
import { reply } from '../replies.ts';
import { acpRefused } from './words.ts';

const agent: Param = {
  name: 'agent',
  value: { kind: 'harness' },
  required: false,
  summary: 'Which coding agent; default: acp.defaultAgent.',
};

export const install: Verb = {
  name: 'install',
  summary: 'Shows the steps that install a coding agent. They are run on the machine, not by this bot.',
  syntax: '/acp install [agent]',
  example: '/acp install codex',
  params: [agent],
  flags: [],
  view: true,
  run: installSteps,
};

async function installSteps(call: Call): Promise<Reply> {
  const found = call.services.acp.install(call.args.agent);
  if (!found.ok) return acpRefused(found.refusal);
  const { harness, steps } = found.value;
  return reply(
    titled(
      `Install ${harness}`,
      steps.map((step, index) => `${index + 1}. ${step}`),
    ),
  );
}

export const doctor: Verb = {
  name: 'doctor',
  summary: 'Checks the settings and really starts each coding agent once, without a prompt.',
  syntax: '/acp doctor [agent]',
  example: '/acp doctor claude',
  params: [{ ...agent, summary: 'Which one is checked; default: those in use.' }],
  flags: [],
  view: true,
  run: check,
};

async function check(call: Call): Promise<Reply> {
  // It takes as long as the agents take to start; what is said meanwhile need not wait.
  call.acted?.();
  return reply((await call.services.acp.doctor(call.args.agent)).join('\n'));
}
