// What makes a text a command. Access rules (src/inbound) and the parser (commands/) must agree on it, or one lets through
// what the other runs.

/** Direction marks and zero-width characters some clients put before a text. */
export const commandStart = /^[\s\u200B-\u200F\u202A-\u202E\u2060\uFEFF]*\//;

/** True when a text is a command by its first visible character. */
export function isCommandText(text: string): boolean {
  return commandStart.test(text);
}
