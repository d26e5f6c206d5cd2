// The only reader of process.env. main.ts calls loadEnv once; whoever starts a child process calls childEnv.
import { join, resolve } from 'node:path';

/** What the environment says, as plain values; unset variables are absent. */
export interface Env {
  /** SWITCHYARD_CONFIG, absolute; absent: switchyard.json5 in the working directory. */
  readonly configPath?: string;
  /** SWITCHYARD_HOME, absolute: the state folder. */
  readonly home: string;
  readonly channels: ChannelEnv;
  /** SWITCHYARD_WEB_TOKEN: what opens the status page. */
  readonly webToken?: string;
  /** Keys by provider id. */
  readonly providerKeys: Readonly<Partial<Record<ProviderId, string>>>;
  /** OLLAMA_HOST as a base address without a path, e.g. http://127.0.0.1:11434. */
  readonly ollamaUrl: string;
  /** Everything, for `${NAME}` in the config. Never logged, never handed to children. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Why a `.env` file that exists could not be read. */
  readonly warning?: string;
}

export interface ChannelEnv {
  readonly discord: { readonly token?: string; readonly apiUrl?: string };
  readonly telegram: { readonly token?: string; readonly apiRoot?: string };
  readonly whatsapp: { readonly wsUrl?: string };
}

export type ProviderId = 'anthropic' | 'openai' | 'google' | 'openrouter' | 'deepseek';

/** In the order in which a key decides about the model of a machine that configured none. */
const providerVariables: readonly (readonly [ProviderId, readonly string[]])[] = [
  ['anthropic', ['ANTHROPIC_API_KEY']],
  ['openai', ['OPENAI_API_KEY']],
  ['google', ['GOOGLE_GENERATIVE_AI_API_KEY', 'GEMINI_API_KEY']],
  ['openrouter', ['OPENROUTER_API_KEY']],
  ['deepseek', ['DEEPSEEK_API_KEY']],
];

/** Ends a fault of the config that a variable would mend, which may have been set since the start. */
export const readAtStart = '(.env is read at start: restart Switchyard after a change there)';

/** The variable to name when a provider's key is missing. */
export function keyVariable(provider: string): string | undefined {
  return providerVariables.find(([id]) => id === provider)?.[1][0];
}

/** Loads `.env` of the working directory into the process (set variables win), then reads the environment. */
export function loadEnv(workingDirectory = process.cwd()): Env {
  const warning = loadEnvFile(join(workingDirectory, '.env'));
  return { ...readEnv(process.env, workingDirectory), ...(warning === undefined ? {} : { warning }) };
}

/**
 * The typed view of a set of variables. Empty ones count as unset.
 * @param workingDirectory absolute; relative paths start there
 */
export function readEnv(variables: Readonly<Record<string, string | undefined>>, workingDirectory: string): Env {
  const read = (name: string): string | undefined => variables[name]?.trim() || undefined;
  const field = <K extends string>(key: K, name: string): { readonly [P in K]?: string } => {
    const value = read(name);
    return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
  };
  const configPath = read('SWITCHYARD_CONFIG');
  const keys = providerVariables.flatMap(([id, names]) => {
    const value = names.map(read).find((text) => text !== undefined);
    return value === undefined ? [] : [[id, value] as const];
  });
  return {
    ...(configPath === undefined ? {} : { configPath: resolve(workingDirectory, configPath) }),
    home: resolve(workingDirectory, read('SWITCHYARD_HOME') ?? '.switchyard'),
    channels: {
      discord: { ...field('token', 'DISCORD_TOKEN'), ...field('apiUrl', 'DISCORD_API_URL') },
      telegram: { ...field('token', 'TELEGRAM_TOKEN'), ...field('apiRoot', 'TELEGRAM_API_ROOT') },
      whatsapp: field('wsUrl', 'WHATSAPP_WS_URL'),
    },
    ...field('webToken', 'SWITCHYARD_WEB_TOKEN'),
    providerKeys: Object.fromEntries(keys),
    ollamaUrl: ollamaUrl(read('OLLAMA_HOST')),
    variables,
  };
}

/** Ollama's own rule for OLLAMA_HOST: scheme and port may be missing, and 0.0.0.0 is where it listens, not where to connect. */
function ollamaUrl(host: string | undefined): string {
  if (host === undefined) return 'http://127.0.0.1:11434';
  const text = host.includes('://') ? host : `http://${host}`;
  const url = URL.canParse(text) ? new URL(text) : new URL('http://127.0.0.1:11434');
  const explicitPort = /:\d+(\/|$)/.test(text.slice(text.indexOf('://') + 3));
  const port = url.port !== '' ? `:${url.port}` : host.includes('://') || explicitPort ? '' : ':11434';
  const name = url.hostname === '0.0.0.0' ? '127.0.0.1' : url.hostname;
  return `${url.protocol}//${name}${port}`;
}

function loadEnvFile(path: string): string | undefined {
  try {
    process.loadEnvFile(path);
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return `${path} could not be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const childNames = [
  ...[
    'PATH',
    'HOME',
    'USER',
    'LOGNAME',
    'SHELL',
    'LANG',
    'LANGUAGE',
    'LC_*',
    'TERM',
    'COLORTERM',
    'TMPDIR',
    'TEMP',
    'TMP',
    'TZ',
    'PWD',
  ],
  ...[
    'XDG_*',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'ALL_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'all_proxy',
  ],
  ...[
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'NODE_EXTRA_CA_CERTS',
    'SYSTEMROOT',
    'COMSPEC',
    'PATHEXT',
    'APPDATA',
    'LOCALAPPDATA',
    'USERPROFILE',
  ],
];
/** Ours alone: no list of names lets these through. */
const neverNames = ['DISCORD_TOKEN', 'TELEGRAM_TOKEN', 'SWITCHYARD_WEB_TOKEN'];

/**
 * The environment of a child process: an allowlist, so that no token or key of ours leaks into tools and agents.
 * @param more further names to let through, `*` at the end allowed (a harness needs its own key); bot tokens never pass
 * @param add variables set on top, from the config
 */
export function childEnv(
  more: readonly string[] = [],
  add: Readonly<Record<string, string>> = {},
  from: Env['variables'] = process.env,
): Record<string, string> {
  const names = [...childNames, ...more];
  const passes = (name: string): boolean =>
    !neverNames.includes(name) &&
    names.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
  const kept = Object.entries(from).flatMap(([name, value]) =>
    value !== undefined && passes(name) ? [[name, value] as const] : [],
  );
  return { ...Object.fromEntries(kept), ...add };
}
