// What kind of answer a web server gave and in which encoding its text is. Pure; called by web.ts.

export interface ContentType {
  /** Lower case, without parameters; empty when the server named none. */
  readonly type: string;
  readonly charset: string | undefined;
}

export function parseContentType(header: string | undefined): ContentType {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim());
  const charset = parameters.map((parameter) => /^charset="?([^"]+)"?$/i.exec(parameter)?.[1]).find((found) => found);
  return { type: type.toLowerCase(), charset };
}

export type Reading = 'html' | 'text' | 'unknown' | 'refused';

/** How a type is read. `unknown`: no type given, look at the bytes. */
export function readingOf(type: string): Reading {
  if (type === '') return 'unknown';
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (type.startsWith('text/') || /[+/](json|xml|yaml|javascript)$/.test(type)) return 'text';
  const alsoText = ['x-yaml', 'x-javascript', 'ecmascript', 'x-ndjson', 'ndjson', 'jsonl', 'toml', 'sql', 'graphql'];
  return alsoText.includes(type.replace(/^application\//, '')) ? 'text' : 'refused';
}

/** Text of a body, in the encoding the header names, else the one a page names itself, else UTF-8. */
export function decodeBody(body: Uint8Array, charset: string | undefined): string {
  const inside = /<meta[^>]{0,100}charset\s*=\s*["']?([\w-]+)/i.exec(
    Buffer.from(body.subarray(0, 2048)).toString('latin1'),
  );
  for (const name of [charset, inside?.[1]]) {
    if (name === undefined) continue;
    try {
      return new TextDecoder(name).decode(body);
    } catch {
      // A name nobody knows: the next guess.
    }
  }
  return new TextDecoder().decode(body);
}
