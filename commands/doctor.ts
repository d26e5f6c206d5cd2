// /doctor: what is wrong with the whole process and how to mend it; who may start whom; whether sub-agents really work.
import type { Call, Command, Flag, Reply } from '../src/core/command.ts';
import { doctorText, prelaunchText, spawnTestText, topologyText } from '../src/core/doctor.ts';
import { refused, reply } from './replies.ts';

const flags: readonly Flag[] = [
  { name: 'fix', summary: 'Puts right what is safe to put right, and says what that was.' },
  { name: 'prelaunch', summary: 'Whether the agent of this chat is ready to start others, with one live run.' },
  { name: 'topology', summary: 'Who may start whom, with models and tool limits.' },
  { name: 'spawn-test', summary: 'Three live runs: answer, follow an instruction, read a file.' },
];

export const doctor: Command = {
  name: 'doctor',
  summary: 'What is wrong, and how to mend it.',
  access: 'owner',
  verbs: [
    {
      name: '',
      summary: 'Findings, worst first, each with a fix. With a flag: one look closer.',
      syntax: '/doctor [--fix | --prelaunch | --topology | --spawn-test]',
      example: '/doctor',
      params: [],
      flags,
      view: true,
      run: examine,
    },
  ],
};

async function examine(call: Call): Promise<Reply> {
  const { doctor: at } = call.services;
  const given = flags.filter(({ name }) => call.flags[name] !== undefined).map(({ name }) => name);
  if (given.length > 1)
    return refused({ code: 'one_at_a_time', message: 'These do not go together.', fix: 'Give one flag at a time.' });
  // Coding agents are started for it, or runs: what is said meanwhile need not wait.
  call.acted?.();
  switch (given[0]) {
    case 'prelaunch': {
      const report = await at.prelaunch(call.chatSession.agentId);
      return report.ok ? reply(prelaunchText(report.value)) : refused(report.refusal);
    }
    case 'spawn-test': {
      const report = await at.spawnTest(call.chatSession.agentId);
      return report.ok ? reply(spawnTestText(report.value)) : refused(report.refusal);
    }
    case 'topology':
      return reply(topologyText(await at.topology()));
    default:
      return reply(doctorText(await at.check(given[0] === 'fix')));
  }
}
