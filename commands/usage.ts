// /usage: tokens and cost, and what is left of the budgets.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { titled, tokens, usd } from '../src/core/format.ts';
import type { UsageView } from '../src/core/services.ts';
import type { Usage } from '../src/core/session.ts';
import { reply } from './replies.ts';
import { costWords, tokenSplit } from './run-words.ts';
import { durationWords } from './values.ts';

export const usage: Command = {
  name: 'usage',
  summary: 'Tokens, cost and what is left of the budgets.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Tokens and cost of this session, of its tree and of today; budget left; for the owner also per agent.',
      syntax: '/usage',
      example: '/usage',
      params: [],
      flags: [],
      view: true,
      run: showUsage,
    },
  ],
};

async function showUsage(call: Call): Promise<Reply> {
  const view = await call.services.usage(call);
  const blocks = [
    titled('Tokens and cost:', [
      `session: ${words(view.session)}`,
      `tree: ${words(view.tree)}`,
      `today: ${words(view.today)}`,
      ...(view.left.length === 0 ? ['budget left: no budget set'] : view.left.map(leftLine)),
    ]),
  ];
  if (call.caller.class === 'owner') {
    const perAgent = view.agents.map((agent) => `${agent.id}: ${words(agent.usage)}`);
    blocks.push(titled('By agent:', perAgent));
  }
  return reply(blocks.join('\n'));
}

function words(usage: Usage): string {
  return usage.reported ? `${tokenSplit(usage)} · ${costWords(usage)}` : 'n/a';
}

function leftLine(budget: UsageView['left'][number]): string {
  return `budget left, ${budget.name}: ${amount(budget.name, budget.left)} of ${amount(budget.name, budget.of)}`;
}

/** A budget's unit is the end of its key: `budgets.tree.costUsd`, `.seconds`, `.tokens`. */
function amount(name: string, value: number): string {
  if (/usd$/i.test(name)) return usd(value);
  if (/seconds$/i.test(name)) return durationWords(value * 1000);
  return tokens(value);
}
