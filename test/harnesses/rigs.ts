// The real coding agents the stories are told with: package and version, how each finds the model on loopback, and how its
// tool for commands is called. Used by all.ts, install.ts and world.ts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ShellCall } from './model/wire.ts';

export interface Rig {
  /** As in src/acp/harnesses.ts. */
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly shell: (command: string) => ShellCall;
  /** Writes its settings into an empty home folder; answers what else it needs in its environment. */
  readonly settle: (home: string, url: string) => Readonly<Record<string, string>>;
}

const described = (command: string) => ({ command, description: 'Runs the command' });

export const rigs: readonly Rig[] = [
  {
    ...{ id: 'opencode', package: 'opencode-ai', version: '1.18.33' },
    shell: (command) => ({ name: 'bash', input: described(command) }),
    settle: (home, url) => {
      const provider = {
        ...{ npm: '@ai-sdk/openai-compatible', name: 'Twin', models: { twin: { name: 'Twin' } } },
        options: { baseURL: `${url}/v1`, apiKey: 'none' },
      };
      const path = join(home, 'opencode.json');
      write(path, { model: 'twin/twin', autoupdate: false, share: 'disabled', provider: { twin: provider } });
      return { OPENCODE_CONFIG: path, OPENCODE_DISABLE_AUTOUPDATE: '1' };
    },
  },
  {
    ...{ id: 'qwen', package: '@qwen-code/qwen-code', version: '0.24.4' },
    shell: (command) => ({ name: 'run_shell_command', input: { ...described(command), is_background: false } }),
    settle: (home, url) => {
      write(join(home, '.qwen/settings.json'), {
        ...{ security: { auth: { selectedType: 'openai' } }, privacy: { usageStatisticsEnabled: false } },
        ...{ general: { disableAutoUpdate: true }, telemetry: { enabled: false } },
      });
      return { OPENAI_API_KEY: 'none', OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: 'twin' };
    },
  },
  {
    ...{ id: 'claude', package: '@agentclientprotocol/claude-agent-acp', version: '0.100.0' },
    shell: (command) => ({ name: 'Bash', input: described(command) }),
    settle: (_home, url) => ({
      ...{ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'none', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    }),
  },
  {
    ...{ id: 'codex', package: '@agentclientprotocol/codex-acp', version: '2.6.0' },
    // It asks only for what goes beyond its sandbox.
    shell: (cmd) => ({
      name: 'exec_command',
      input: { cmd, sandbox_permissions: 'require_escalated', justification: 'The test wants it' },
    }),
    settle: (home, url) => {
      const provider = [
        `name = "Twin"`,
        `base_url = "${url}/v1"`,
        `wire_api = "responses"`,
        `env_key = "OPENAI_API_KEY"`,
      ];
      const lines = [`model = "twin"`, `model_provider = "twin"`, `[model_providers.twin]`, ...provider];
      writeText(join(home, '.codex/config.toml'), `${lines.join('\n')}\n`);
      return { CODEX_HOME: join(home, '.codex'), OPENAI_API_KEY: 'none' };
    },
  },
  {
    ...{ id: 'gemini', package: '@google/gemini-cli', version: '0.61.0' },
    shell: (command) => ({ name: 'run_shell_command', input: described(command) }),
    settle: (home, url) => {
      write(join(home, '.gemini/settings.json'), {
        ...{ security: { auth: { selectedType: 'gemini-api-key' } }, privacy: { usageStatisticsEnabled: false } },
        ...{ general: { enableAutoUpdate: false }, model: { name: 'gemini-2.5-flash' } },
      });
      return { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: url };
    },
  },
];

function write(path: string, settings: object): void {
  writeText(path, JSON.stringify(settings));
}

function writeText(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
