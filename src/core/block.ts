// The two lines around a completion block. Completions write them; cleaning removes whatever stands between them.

export const blockBegin = '[switchyard completion]';
export const blockEnd = '[end of switchyard completion]';

/** Takes the meaning from block lines inside somebody else's text, so that nobody can end or forge a block. */
export function defuseBlockLines(text: string): string {
  return text.replace(/\[(?=[ \t]{0,4}(?:end[ \t]{1,4}of[ \t]{1,4})?switchyard[ \t]{1,4}completion)/gi, '(');
}
