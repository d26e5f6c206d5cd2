// How a message of the bot looks in a terminal. Used by adapter.ts and terminal.ts. Pure.

const first = 'bot: ';
const next = ' '.repeat(first.length);

/** `bot: ` before the first line, the others indented below it. */
export function botText(text: string): string {
  const lines = printable(text).trimEnd().split('\n');
  return lines.map((line, index) => (index === 0 ? first : line === '' ? '' : next) + line).join('\n');
}

/**
 * Breaks lines wider than the terminal between words and indents what follows like the line. Longer words, and lines of a
 * terminal too narrow for that, are left to the terminal, which breaks them at its edge.
 */
export function wrapped(text: string, columns: number): string {
  if (columns < 4 * first.length) return text;
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, columns))
    .join('\n');
}

function wrapLine(line: string, columns: number): readonly string[] {
  if (width(line) <= columns) return [line];
  const indent = line.startsWith(first) ? next : (/^ */.exec(line)?.[0] ?? '');
  const lines: string[] = [];
  let open = '';
  for (const word of line.split(/(?<=\S)(?= )/)) {
    const fits = width(open) + width(word) <= columns;
    const fitsBelow = width(indent) + width(word.trimStart()) <= columns;
    if (fits || !fitsBelow) open += word;
    else {
      lines.push(open);
      open = indent + word.trimStart();
    }
  }
  return [...lines, open];
}

/** Columns a text takes, near enough: East Asian characters and emoji take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += (character.codePointAt(0) ?? 0) >= 0x1100 && wide.test(character) ? 2 : 1;
  return columns;
}

const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

/** Without control characters: escape sequences in an answer could move the cursor or rename the window. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
