import { describe, expect, test } from 'vitest';
import { about, aModel, problems, someFacts, someSettings } from './facts.ts';

const of = (change: Parameters<typeof someSettings>[0]) => someFacts({ settings: someSettings(change) });
const bounds = someSettings().limits;

describe('models', () => {
  test('are ready', () => {
    expect(about('models', someFacts())).toEqual(['pass models: openai/gpt-5.4-mini: ready.']);
  });

  test('are only the demo: that is no fault, and the way to a real one is named', () => {
    const found = about('models', of({ models: [aModel({ ref: 'demo/demo', price: 'free' })] }));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(
      'pass models: demo/demo answers: a scripted stand-in, no AI.\nFor a real model use `switchyard setup`',
    );
  });

  test('without a key fail with the place to set it', () => {
    const state = { kind: 'unavailable', message: 'x/y needs a credential for x.', fix: 'Set X_API_KEY.' } as const;
    expect(problems(of({ models: [aModel({ ref: 'x/y', state })] }))).toEqual([
      'fail models: main cannot use x/y: x/y needs a credential for x.\nSet X_API_KEY.',
    ]);
  });

  test('that are unknown fail where they answer, and only warn where the default stands in', () => {
    const state = { kind: 'unknown', message: 'unknown model x/y.', fix: 'Name another.' } as const;
    expect(problems(of({ models: [aModel({ ref: 'x/y', state })] }))[0]).toMatch(/^fail models: main cannot use x\/y/);
    const below = aModel({ ref: 'x/y', usedBy: 'sub-agents run by main', need: 'optional', state });
    expect(problems(of({ models: [aModel(), below] }))[0]).toBe(
      'warn models: sub-agents run by main cannot use x/y: unknown model x/y. The default model stands in.\nName another.',
    );
  });

  test('held to fewer calls a minute than turns may run at once are a warning; a wide enough rate is none', () => {
    expect(problems(of({ rates: [{ provider: 'openai', rpm: 11 }] }))[0]).toContain(
      'warn models: models.providers.openai.rpm allows 11 calls a minute, and 12 turns may run at once',
    );
    expect(problems(of({ rates: [{ provider: 'openai', rpm: 12 }] }))).toEqual([]);
    expect(problems(of({ rates: [{ provider: 'nobody', rpm: 1 }] }))).toEqual([]);
  });
});

describe('limits', () => {
  test('are set', () => {
    expect(about('limits', someFacts())).toEqual([
      'pass limits: a run has 15m00s; a tree may use 2,000,000 tokens, $5.00.',
    ]);
  });

  test('without a time limit, silence still ends a run: no fault, and the key is named', () => {
    const found = about('limits', of({ limits: { ...bounds, runTimeoutSeconds: 0 } }));
    expect(found[0]).toContain('pass limits: a run has no time limit, and is ended after 30m00s of silence');
    expect(found[0]).toContain('agents.defaults.subagents.runTimeoutSeconds');
  });

  test('where nothing ends a run that hangs, that is a warning', () => {
    const limits = { ...bounds, runTimeoutSeconds: 0, stallAbortSeconds: 0 };
    expect(problems(of({ limits }))[0]).toContain('warn limits: nothing ends a run that hangs');
    expect(problems(of({ limits: { ...limits, tree: { ...bounds.tree, seconds: 60 } } }))).toEqual([]);
  });

  test('without any budget are a warning; one of the day is enough', () => {
    const none = { ...bounds, tree: { tokens: 0, costUsd: 0, seconds: 0 } };
    expect(problems(of({ limits: none }))[0]).toContain('warn limits: no budget is set');
    expect(problems(of({ limits: { ...none, day: { tokens: 0, costUsd: 1 } } }))).toEqual([]);
  });

  test('in money do not see a model without a price; one on this machine costs nothing', () => {
    const models = [aModel({ ref: 'acme/large/v2', price: 'unknown' })];
    expect(problems(of({ models }))).toEqual([
      'warn limits: no price is known for acme/large/v2, so budgets in US dollars do not see it. Tokens count.\nSet models.providers.acme.models: [{id: "large/v2", cost: {input: <USD per million tokens>, output: <…>}}].',
    ]);
    expect(problems(of({ models: [aModel({ ref: 'ollama/qwen3', price: 'free' })] }))).toEqual([]);
    const tokensOnly = { ...bounds, tree: { ...bounds.tree, costUsd: 0 } };
    expect(problems(of({ models, limits: tokensOnly }))).toEqual([]);
  });
});
