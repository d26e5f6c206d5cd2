// The native loop passes the runtime contract, through the real AI SDK over HTTP and with the demo model.
import { createModels } from '../../src/agents/models.ts';
import { type NativeDeps, nativeRuntime } from '../../src/agents/native.ts';
import { configSchema } from '../../src/infra/config.ts';
import { runtimeContract } from '../contracts/runtime.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { until } from '../fakes/wait.ts';
import { openAiTwin, status, text } from '../twins/openai.ts';

const env = { providerKeys: {}, ollamaUrl: 'http://127.0.0.1:11434' };

function deps(config = configSchema.parse({})): NativeDeps {
  const clock = virtualClock();
  return {
    ...{ clock, ids: seededIds() },
    models: createModels({ config: () => config, env, clock }),
    price: async () => null,
    missingTool: () => undefined,
  };
}

runtimeContract('the native loop over HTTP', async () => {
  const twin = await openAiTwin();
  const config = configSchema.parse({ models: { providers: { openai: { baseUrl: twin.url } } } });
  return {
    runtime: nativeRuntime(deps(config)),
    model: 'openai/test',
    toSay: (value) => {
      twin.queue(text(value));
      return 'go';
    },
    toHang: () => {
      twin.queue({ kind: 'hang', text: 'thinking ' });
      return 'go';
    },
    toFail: () => {
      twin.queue(status(400));
      return 'go';
    },
    reached: () => until(() => twin.requests.length === 1, 'the request'),
    close: () => twin.close(),
  };
});

runtimeContract('the native loop with the demo model', async () => {
  const own = deps();
  return {
    runtime: nativeRuntime(own),
    model: 'demo/demo',
    toSay: (value) => `say ${value}`,
    toHang: () => 'wait 1000 seconds and say never',
    toFail: () => 'fail',
    reached: () => until(() => (own.clock as ReturnType<typeof virtualClock>).pending() > 0, 'the wait'),
    close: async () => undefined,
  };
});
