// How a message of the bot looks in a terminal. Used by adapter.ts. Pure.

const first = 'bot: ';
const next = ' '.repeat(first.length);

/** `bot: ` before the first line, the others indented below it. Wrapping is left to the terminal. */
export function botText(text: string): string {
  const lines = printable(text).trimEnd().split('\n');
  return lines.map((line, index) => (index === 0 ? first : line === '' ? '' : next) + line).join('\n');
}

/** Without control characters: escape sequences in an answer could move the cursor or rename the window. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
