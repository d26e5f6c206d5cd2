// Checks of models and of what bounds their work: providers and keys, rates, time, prices, budgets. Pure. Called by checks.ts.
import type { Finding } from '../core/doctor.ts';
import { elapsed, usd } from '../core/format.ts';
import type { ModelFact, RateFact, SettingFacts } from './facts.ts';
import { finding, orPass } from './finding.ts';

const demo = 'demo/demo';

/** Check 5: each model that will be used has a provider and a key, and is not held to a trickle. */
export function models({ models: used, rates, limits }: SettingFacts): readonly Finding[] {
  const found = [
    ...used.flatMap(unusable),
    ...rates.filter((rate) => isNarrow(rate, used, limits.turnsAtOnce)).map((rate) => narrow(rate, limits.turnsAtOnce)),
  ];
  const refs = [...new Set(used.map(({ ref }) => ref))];
  const stand = refs.includes(demo)
    ? {
        fact: `${demo} answers: a scripted stand-in, no AI.`,
        fix: 'For a real model use `switchyard setup`, or put a key in .env (ANTHROPIC_API_KEY, OPENAI_API_KEY, …), or run Ollama; then start again.',
      }
    : {
        fact: refs.length === 0 ? 'only coding agents answer, with models of their own.' : `${refs.join(', ')}: ready.`,
      };
  return orPass(found, 'models', stand);
}

function unusable({ ref, usedBy, need, state }: ModelFact): readonly Finding[] {
  if (state.kind === 'ok') return [];
  const instead = need === 'optional' && state.kind === 'unknown' ? ' The default model stands in.' : '';
  const status = instead === '' ? 'fail' : 'warn';
  return [
    finding('models', status, {
      fact: `${usedBy} cannot use ${ref}: ${state.message}${instead}`,
      fix: state.fix,
    }),
  ];
}

/** A turn makes several calls; with fewer than one a minute for each turn that may run, turns stand in line for calls. */
function isNarrow({ provider, rpm }: RateFact, used: readonly ModelFact[], turnsAtOnce: number): boolean {
  return rpm < turnsAtOnce && used.some(({ ref }) => ref.startsWith(`${provider}/`));
}

function narrow({ provider, rpm }: RateFact, turnsAtOnce: number): Finding {
  return finding('models', 'warn', {
    fact: `models.providers.${provider}.rpm allows ${rpm} calls a minute, and ${turnsAtOnce} turns may run at once: they will wait for each other.`,
    fix: `Raise models.providers.${provider}.rpm to what the provider allows, or lower agents.defaults.maxConcurrent and agents.defaults.subagents.maxConcurrent.`,
  });
}

/** Check 8: something ends work that goes wrong: time, money, tokens. */
export function limits({ limits: set, models: used }: SettingFacts): readonly Finding[] {
  const { runTimeoutSeconds, stallAbortSeconds, tree, day } = set;
  const timeless = runTimeoutSeconds === 0 && stallAbortSeconds === 0 && tree.seconds === 0;
  const boundless = tree.tokens === 0 && tree.costUsd === 0 && day.tokens === 0 && day.costUsd === 0;
  const money = tree.costUsd > 0 || day.costUsd > 0;
  const unpriced = money ? [...new Set(used.filter(({ price }) => price === 'unknown').map(({ ref }) => ref))] : [];
  const found = [
    ...(timeless
      ? [
          finding('limits', 'warn', {
            fact: 'nothing ends a run that hangs: no time limit, and silence is never ended.',
            fix: 'Set agents.defaults.subagents.runTimeoutSeconds (900, for example), or agents.defaults.stall.abortSeconds.',
          }),
        ]
      : []),
    ...(boundless
      ? [
          finding('limits', 'warn', {
            fact: 'no budget is set: work that goes in circles costs without end.',
            fix: 'Set budgets.tree.tokens or budgets.tree.costUsd, and budgets.day.costUsd.',
          }),
        ]
      : []),
    ...unpriced.map(noPrice),
  ];
  return orPass(found, 'limits', {
    fact: `a run ${timeWords(runTimeoutSeconds, stallAbortSeconds)}; a tree may use ${treeWords(tree)}.`,
    ...(runTimeoutSeconds === 0
      ? { fix: 'For a time limit set agents.defaults.subagents.runTimeoutSeconds (900, for example).' }
      : {}),
  });
}

function noPrice(ref: string): Finding {
  const [provider = '', ...rest] = ref.split('/');
  return finding('limits', 'warn', {
    fact: `no price is known for ${ref}, so budgets in US dollars do not see it. Tokens count.`,
    fix: `Set models.providers.${provider}.models: [{id: "${rest.join('/')}", cost: {input: <USD per million tokens>, output: <…>}}].`,
  });
}

function timeWords(runTimeoutSeconds: number, stallAbortSeconds: number): string {
  if (runTimeoutSeconds > 0) return `has ${elapsed(runTimeoutSeconds * 1000)}`;
  if (stallAbortSeconds === 0) return 'has no time limit';
  return `has no time limit, and is ended after ${elapsed(stallAbortSeconds * 1000)} of silence`;
}

function treeWords({ tokens, costUsd, seconds }: SettingFacts['limits']['tree']): string {
  const parts = [
    ...(tokens === 0 ? [] : [`${tokens.toLocaleString('en-US')} tokens`]),
    ...(costUsd === 0 ? [] : [usd(costUsd)]),
    ...(seconds === 0 ? [] : [elapsed(seconds * 1000)]),
  ];
  return parts.length === 0 ? 'what the day has left' : parts.join(', ');
}
