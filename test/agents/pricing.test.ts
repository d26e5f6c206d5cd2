// What a call costs.
import { describe, expect, it } from 'vitest';
import { createPricing } from '../../src/agents/pricing.ts';
import { configSchema } from '../../src/infra/config.ts';

const providers = configSchema.parse({
  models: {
    providers: {
      ollama: {
        models: [
          { id: 'big', cost: { input: 2, output: 10 } },
          { id: 'free', cost: { input: 0, output: 0 } },
        ],
      },
    },
  },
}).models.providers;
const price = createPricing(() => providers);
const million = { input: 1_000_000, output: 100_000 };

describe('the price of a call', () => {
  it('is the configured one per million tokens', async () => {
    expect(await price('ollama/big', million)).toBe(3);
    expect(await price('ollama/free', million)).toBe(0);
  });

  it('comes from the table for known models', async () => {
    expect(await price('anthropic/claude-sonnet-4-5', { input: 1000, output: 100 })).toBeCloseTo(0.0045, 6);
  });

  it('counts cached tokens at their own rate', async () => {
    const cached = await price('anthropic/claude-sonnet-4-5', {
      input: 1000,
      output: 100,
      cacheRead: 900,
      cacheWrite: 0,
    });
    expect(cached).toBeLessThan(0.0045);
  });

  it.each(['demo/demo', 'ollama/qwen3', 'acme/x', 'anthropic/not-a-model-at-all', 'nonsense'])(
    'is unknown for %s',
    async (ref) => {
      expect(await price(ref, million)).toBeNull();
    },
  );

  it('is unknown rather than an error for impossible counts', async () => {
    expect(await price('anthropic/claude-sonnet-4-5', { input: 1, output: 1, cacheRead: 50 })).toBeNull();
  });
});
