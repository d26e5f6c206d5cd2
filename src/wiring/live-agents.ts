// The agents of the config in use and the model of those that name none: chosen at start, and again when the config changes.
// Used by app.ts.
import { type ChosenModel, chooseDefault, probeOllama } from '../agents/default-model.ts';
import { type AgentRegistry, agentRegistry } from '../agents/registry.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { ConfigFile } from '../infra/config-file.ts';
import type { Env } from '../infra/env.ts';

export interface LiveAgents {
  readonly agents: () => AgentRegistry;
  readonly chosen: () => ChosenModel;
}

export interface LiveAgentsParts {
  readonly configFile: Pick<ConfigFile, 'current' | 'onChange'>;
  readonly env: Env;
  readonly clock: Clock;
  /** Absolute; where relative workspaces start. */
  readonly workingDirectory: string;
}

export async function liveAgents(parts: LiveAgentsParts): Promise<LiveAgents> {
  const { configFile, env, clock, workingDirectory } = parts;
  let asked: Promise<string | undefined> | undefined;
  const ollama = (): Promise<string | undefined> => {
    asked ??= probeOllama(env.ollamaUrl, clock);
    return asked;
  };
  const choose = (config: Config): Promise<ChosenModel> => chooseDefault(env, config, ollama);
  const make = (config: Config): AgentRegistry =>
    agentRegistry(config, { fallbackModel: chosen.ref, workingDirectory });
  let chosen = await choose(configFile.current);
  let current = make(configFile.current);
  configFile.onChange((config) => {
    // Limits and lists hold at once; only the choice of a model may have to ask an Ollama first.
    current = make(config);
    void choose(config).then((model) => {
      if (configFile.current !== config) return;
      chosen = model;
      current = make(config);
    });
  });
  return { agents: () => current, chosen: () => chosen };
}
