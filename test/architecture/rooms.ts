// Which room of the code may load which: the table the architecture test enforces. Rooms are folders; packages have owners.
import type { Import, Source } from './source.ts';

const base = ['src/core', 'src/infra'];

/** Value imports allowed from room to room, next to its own files. A room that is not here may load nothing of ours. */
const table: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/infra': ['src/core'],
  'src/lanes': base,
  'src/sessions': base,
  'src/bindings': base,
  'src/delivery': [...base, 'src/sessions', 'src/bindings'],
  'src/approvals': [...base, 'src/sessions', 'src/bindings'],
  'src/tools': base,
  'src/acp': base,
  'src/agents': [...base, 'src/lanes', 'src/sessions', 'src/delivery'],
  'src/runs': [...base, 'src/sessions', 'src/bindings', 'src/delivery'],
  'src/inbound': [...base, 'src/sessions', 'src/bindings'],
  'src/doctor': base,
  commands: ['src/core'],
  'channels/shared': ['src/core'],
};

/** These put the parts together and may load everything. */
const assemblers = ['src/wiring', 'src/web', 'src/cli', 'src/app.ts', 'src/main.ts', 'channels/index.ts'];

/** Packages that only their owners load. What is not here is free for all but the core. */
const owners: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(ai|@ai-sdk\/(anthropic|google|openai|openai-compatible))(\/|$)/, ['src/agents']],
  [/^@ai-sdk\/mcp(\/|$)/, ['src/tools']],
  [/^@agentclientprotocol\//, ['src/acp']],
  [/^(grammy|@grammyjs\/.*)$/, ['channels/telegram']],
  [/^(discord\.js|@discordjs\/.*|discord-api-types\/.*)$/, ['channels/discord']],
  [/^(@whiskeysockets\/.*|baileys)$/, ['channels/whatsapp']],
  [/^(commander|@clack\/.*)$/, ['src/cli']],
  [/^node:sqlite$/, ['src/infra', 'src/cli']],
];

/** The folder that stands for a file, or the file itself where it stands alone. */
function roomOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  if (top === 'commands') return top;
  return `${top}/${second}`;
}

/** Why this import is not allowed, or undefined. Types may cross everywhere: they are gone at run time. */
export function refusal(source: Pick<Source, 'path'>, { kind, file, specifier }: Import): string | undefined {
  if (kind === 'type') return undefined;
  const room = roomOf(source.path);
  if (file === undefined) return packageRefusal(room, specifier);
  const to = roomOf(file);
  if (to === room || assemblers.includes(room)) return undefined;
  const allowed = table[room] ?? (room.startsWith('channels/') ? ['src/core', 'channels/shared'] : []);
  return allowed.includes(to) ? undefined : `${room} may not load ${to}`;
}

function packageRefusal(room: string, specifier: string): string | undefined {
  if (room === 'src/core') return specifier === 'zod' ? undefined : `src/core may not load ${specifier}`;
  const rule = owners.find(([name]) => name.test(specifier));
  return rule === undefined || rule[1].includes(room) ? undefined : `${room} may not load ${specifier}`;
}
