// Sets one variable in the text of a `.env` file and leaves every other character alone. Pure; called by cli/setup/apply.ts.
import { isDeepStrictEqual, parseEnv } from 'node:util';
import type { Edited } from './config-edit.ts';

const header = '# Tokens and keys. Keep this file to yourself. What the environment sets already wins over it.\n';

/** What Node reads in a `.env` file; nothing for a file that is not there. */
export function readEnvText(text: string | undefined): Readonly<Record<string, string | undefined>> {
  return parseEnv(text ?? '');
}

/**
 * @param text content of the file; undefined when there is none
 * @returns the text in which `name` has this value, or why no such text can be written
 */
export function setEnvText(text: string | undefined, name: string, value: string): Edited {
  const before = readEnvText(text);
  if (text !== undefined && before[name] === value) return { ok: true, text };
  const written = quoted(name, value);
  if (written === undefined) return { ok: false, fault: `the value of ${name} cannot be written into a .env file` };
  const source = text ?? header;
  const expected = { ...before, [name]: value };
  const found = candidates(source, name, written).find((after) => isDeepStrictEqual(parse(after), expected));
  return found === undefined
    ? { ok: false, fault: `${name} could not be set without touching the rest of .env; please edit it by hand` }
    : { ok: true, text: found };
}

/** In an object with a prototype, as the expected one has. */
const parse = (text: string): Record<string, string | undefined> => ({ ...parseEnv(text) });

/** The value in the first spelling that is read back as it was. */
function quoted(name: string, value: string): string | undefined {
  const bare = /^[\w.:/@+=~,-]*$/.test(value) ? [value] : [];
  return [...bare, `'${value}'`, `"${value}"`, `\`${value}\``].find(
    (spelling) => parseEnv(`${name}=${spelling}`)[name] === value,
  );
}

/** Where the variable stands, from its last place, the one that counts, upwards; then a place of its own. */
function candidates(source: string, name: string, written: string): readonly string[] {
  const there = new RegExp(
    `^([ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*)("[^"]*"|'[^']*'|\`[^\`]*\`|[^#\\r\\n]*?)(?=[ \\t]*(?:#|\\r?$))`,
    'gm',
  );
  const replaced = [...source.matchAll(there)].reverse().map((match) => {
    const start = match.index + (match[1] ?? '').length;
    return source.slice(0, start) + written + source.slice(start + (match[2] ?? '').length);
  });
  return [...replaced, ...added(source, `${name}=${written}`, name)];
}

/** Below the line that shows it commented out, as in `.env.example`; else at the end. */
function added(source: string, line: string, name: string): readonly string[] {
  const newline = source.includes('\r\n') ? '\r\n' : '\n';
  const ended = source === '' || source.endsWith('\n') ? source : `${source}${newline}`;
  const shown = [...ended.matchAll(new RegExp(`^#[ \\t]*${name}=[^\\n]*\\n`, 'gm'))].at(-1);
  const end = `${ended}${line}${newline}`;
  if (shown === undefined) return [end];
  const at = shown.index + shown[0].length;
  return [`${ended.slice(0, at)}${line}${newline}${ended.slice(at)}`, end];
}
