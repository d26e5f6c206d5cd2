// Which file names a search includes: an extension or a simple pattern. Pure; called by the search thread.

/**
 * @param include `.ts`, `ts`, `*.test.ts`, `*.{ts,tsx}`, or several separated by commas; folders in it are ignored
 * @returns a test for a file name (without folders)
 */
export function nameFilter(include: string | undefined): (name: string) => boolean {
  const patterns = separate(include ?? '').flatMap(expand);
  if (patterns.length === 0) return () => true;
  return (name) => patterns.some((pattern) => matches(pattern, name));
}

/** Splits at commas outside braces. */
function separate(include: string): readonly string[] {
  return include
    .split(/,(?![^{]*\})/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `*.{ts,tsx}` -> `*.ts`, `*.tsx`; a bare extension -> `*.ext`. */
function expand(pattern: string): readonly string[] {
  const braces = /^(.*)\{([^{}]*)\}(.*)$/.exec(pattern);
  if (braces !== null)
    return (braces[2] ?? '').split(',').flatMap((middle) => expand(`${braces[1]}${middle.trim()}${braces[3]}`));
  const name = pattern.slice(pattern.lastIndexOf('/') + 1);
  if (/^\.?[\w-]{1,10}$/.test(name) && !/^[A-Z]/.test(name)) return [`*.${name.replace(/^\./, '')}`, name];
  return [name === '**' ? '*' : name];
}

/** `*` any characters, `?` one. Written as a loop because a pattern like `*a*a*a*` makes a regular expression explode. */
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let retry = 0;
  while (at < name.length) {
    if (pattern[p] === '*') {
      star = p;
      p += 1;
      retry = at;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[at])) {
      p += 1;
      at += 1;
    } else if (star !== -1) {
      retry += 1;
      at = retry;
      p = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
