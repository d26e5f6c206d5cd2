// Markdown code fences, read line by line (CommonMark 4.5). Used where text is split, cut or cleaned.

export interface Fence {
  readonly indent: string;
  /** Three or more backticks or tildes. */
  readonly marker: string;
  /** What follows the marker, usually a language. */
  readonly info: string;
}

const opening = /^([ \t]*)(`{3,}|~{3,})([^\r\n]*)/;

/** The fence this line opens, if it does. Any indent counts: lists indent their code. */
export function openingFence(line: string): Fence | undefined {
  const match = opening.exec(line);
  if (match === null) return undefined;
  const [, indent = '', marker = '', info = ''] = match;
  if (marker.startsWith('`') && info.includes('`')) return undefined;
  return { indent, marker, info: info.trimEnd() };
}

export function closesFence(line: string, fence: Fence): boolean {
  const bare = line.trim();
  return bare.length >= fence.marker.length && bare === fence.marker.charAt(0).repeat(bare.length);
}

/** The fence that is still open at the end of the text. */
export function fenceLeftOpen(text: string): Fence | undefined {
  let fence: Fence | undefined;
  for (const line of linesOf(text)) {
    if (fence === undefined) fence = openingFence(line);
    else if (closesFence(line, fence)) fence = undefined;
  }
  return fence;
}

/** Lines with their line feeds: joined again they are the text. */
export function* linesOf(text: string): Generator<string> {
  let at = 0;
  while (at < text.length) {
    const feed = text.indexOf('\n', at);
    const end = feed === -1 ? text.length : feed + 1;
    yield text.slice(at, end);
    at = end;
  }
}
