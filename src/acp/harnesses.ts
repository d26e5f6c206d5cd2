// The coding agents known by name: how each is started, installed, logged in and made to ask. Pure; used by resolve.ts,
// open.ts and doctor.ts. The facts were measured on the versions current in November 2026.
import type { Config } from '../infra/config.ts';

/** How a harness is brought to ask before it acts. */
export type Asking =
  /** A mode of its sessions, and where needed an option too. */
  | { readonly how: 'mode'; readonly mode: string; readonly option?: { readonly id: string; readonly value: string } }
  | { readonly how: 'env'; readonly variables: Readonly<Record<string, string>> }
  | { readonly how: 'never' }
  /** Nobody has checked: it is taken at its word. */
  | { readonly how: 'unknown' };

export interface Harness {
  readonly id: string;
  readonly aliases: readonly string[];
  /** Installed program and its arguments. */
  readonly argv: readonly string[];
  /** What follows `npx -y`; absent: it cannot be run so. */
  readonly npx: readonly string[] | undefined;
  /** Programs that must be on the PATH beside it. */
  readonly needs: readonly string[];
  /** Steps that install it. */
  readonly install: readonly string[];
  readonly login: string | undefined;
  /** Variables of its own that it may see, `*` at the end allowed. */
  readonly envNames: readonly string[];
  readonly asking: Asking;
  /** Modes in which it acts without asking. */
  readonly unasked: readonly string[];
  /** A load within the clock minute of the session's birth destroys it. */
  readonly loadsNextMinute: boolean;
  /** The text of a cancelled prompt is not in its memory. */
  readonly forgetsCancelled: boolean;
  /** Set where the config names its program. */
  readonly configured: { readonly argv: readonly string[]; readonly key: string } | undefined;
  readonly env: Readonly<Record<string, string>>;
}

type Row = Pick<Harness, 'id' | 'argv' | 'asking'> & Partial<Harness>;

/** Harnesses that work with the models of several providers. */
const anyProvider = ['ANTHROPIC_*', 'OPENAI_*', 'GEMINI_*', 'GOOGLE_*', 'OPENROUTER_*', 'DEEPSEEK_*'];
const npm = (...packages: readonly string[]): readonly string[] => [`npm i -g ${packages.join(' ')}`];
const byNpx = (name: string, args: readonly string[] = []) => ({ npx: [name, ...args], install: npm(name) });

const rows: readonly Row[] = [
  {
    ...{
      id: 'claude',
      aliases: ['claude-code'],
      argv: ['claude-agent-acp'],
      login: 'claude login, or set ANTHROPIC_API_KEY',
    },
    ...byNpx('@agentclientprotocol/claude-agent-acp'),
    envNames: ['ANTHROPIC_*', 'CLAUDE_*'],
    asking: { how: 'mode', mode: 'default' },
    unasked: ['bypassPermissions', 'acceptEdits', 'dontAsk', 'auto'],
  },
  {
    ...{ id: 'codex', argv: ['codex-acp'], login: 'codex login, or set OPENAI_API_KEY' },
    ...byNpx('@agentclientprotocol/codex-acp'),
    envNames: ['OPENAI_*', 'CODEX_*'],
    // Its other modes write in the working folder unasked.
    asking: { how: 'mode', mode: 'read-only' },
    unasked: ['agent', 'auto', 'workspace-write', 'full-access', 'agent-full-access'],
  },
  {
    ...{ id: 'gemini', argv: ['gemini', '--acp'], login: 'set GEMINI_API_KEY' },
    ...byNpx('@google/gemini-cli', ['--acp']),
    envNames: ['GEMINI_*', 'GOOGLE_*'],
    asking: { how: 'mode', mode: 'default' },
    unasked: ['yolo', 'autoEdit', 'auto_edit'],
    loadsNextMinute: true,
    forgetsCancelled: true,
  },
  {
    ...{ id: 'opencode', argv: ['opencode', 'acp'], login: 'opencode auth login' },
    ...byNpx('opencode-ai', ['acp']),
    envNames: ['OPENCODE_*', ...anyProvider],
    asking: {
      how: 'env',
      variables: {
        OPENCODE_CONFIG_CONTENT: '{"permission":{"edit":"ask","bash":"ask","external_directory":"ask"}}',
      },
    },
  },
  {
    ...{ id: 'copilot', argv: ['copilot', '--acp', '--stdio'], login: 'copilot login' },
    ...byNpx('@github/copilot', ['--acp', '--stdio']),
    envNames: ['COPILOT_*', 'GH_HOST'],
    asking: { how: 'mode', mode: 'agent', option: { id: 'allow_all', value: 'off' } },
    unasked: ['autopilot'],
  },
  {
    ...{ id: 'qwen', argv: ['qwen', '--acp'], login: 'set OPENAI_API_KEY' },
    ...byNpx('@qwen-code/qwen-code', ['--acp']),
    envNames: ['OPENAI_*', 'QWEN_*', 'DASHSCOPE_*'],
    asking: { how: 'mode', mode: 'default' },
    unasked: ['auto', 'yolo', 'auto-edit'],
  },
  {
    ...{ id: 'droid', aliases: ['factory-droid', 'factorydroid'], argv: ['droid', 'exec', '--output-format', 'acp'] },
    ...{ ...byNpx('droid', ['exec', '--output-format', 'acp']), login: 'set FACTORY_API_KEY' },
    envNames: ['FACTORY_*'],
    asking: { how: 'mode', mode: 'normal' },
  },
  {
    ...{ id: 'pi', argv: ['pi-acp'], needs: ['pi'], npx: ['pi-acp'] },
    install: npm('pi-acp', '@earendil-works/pi-coding-agent'),
    envNames: ['PI_*', ...anyProvider],
    asking: { how: 'never' },
  },
  {
    ...{ id: 'auggie', argv: ['auggie', '--acp'], login: 'auggie login' },
    ...byNpx('@augmentcode/auggie', ['--acp']),
    envNames: ['AUGMENT_*'],
    asking: { how: 'unknown' },
  },
  { id: 'cursor', argv: ['cursor-agent', 'acp'], envNames: ['CURSOR_*'], asking: { how: 'unknown' } },
  { id: 'kilocode', argv: ['kilo', 'acp'], envNames: ['KILO_*', ...anyProvider], asking: { how: 'unknown' } },
  { id: 'kimi', argv: ['kimi', 'acp'], envNames: ['KIMI_*', 'MOONSHOT_*'], asking: { how: 'unknown' } },
  { id: 'goose', argv: ['goose', 'acp'], envNames: ['GOOSE_*', ...anyProvider], asking: { how: 'unknown' } },
];

const plain: Omit<Harness, 'id' | 'argv' | 'asking'> = {
  ...{ aliases: [], npx: undefined, needs: [], install: [], login: undefined, envNames: [], unasked: [] },
  ...{ loadsNextMinute: false, forgetsCancelled: false, configured: undefined, env: {} },
};

const builtIn: readonly Harness[] = rows.map((row) => ({
  ...plain,
  install: [`install ${row.argv[0]} and put it on the PATH`],
  ...row,
}));

type Overrides = Config['acp']['agents'];

/** Ids of all harnesses, those of the config included. */
export function harnessIds(overrides: Overrides): readonly string[] {
  const added = Object.keys(overrides).filter((id) => canonical(id) === id && !builtIn.some((each) => each.id === id));
  return [...builtIn.map((each) => each.id), ...added];
}

/** The id behind a name or alias; other names stay as they are. */
export function canonical(name: string): string {
  const wanted = name.toLowerCase();
  return builtIn.find((each) => each.id === wanted || each.aliases.includes(wanted))?.id ?? name;
}

/** The harness of this name or alias, as the config changes it. */
export function findHarness(name: string, overrides: Overrides): Harness | undefined {
  const id = canonical(name);
  const known = builtIn.find((each) => each.id === id);
  const entry = Object.entries(overrides).find(([key]) => key === name || canonical(key) === id);
  if (entry === undefined) return known;
  const [key, { command, args, env }] = entry;
  if (known === undefined && command === undefined) return undefined;
  const [program = '', ...own] = known?.argv ?? [];
  const argv = [command ?? program, ...(args ?? (command === undefined ? own : []))];
  const changed = command !== undefined || args !== undefined;
  const base: Harness = known ?? {
    ...plain,
    ...{ id, argv, asking: { how: 'unknown' }, envNames: anyProvider, install: [`correct acp.agents.${key}.command`] },
  };
  return { ...base, env, configured: changed ? { argv, key: `acp.agents.${key}.command` } : undefined };
}
