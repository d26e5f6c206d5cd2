// Names of incoming files as they are stored: chosen by strangers, used as paths. Pure; called by incoming-files.ts.

const maxChars = 100;
/** Of the part before the ending. */
const maxBytes = 180;
/** Longest part after the last dot that is kept as the ending. */
const maxEnding = 16;

/**
 * One path segment made of the name its sender gave: no separators, no leading dots, no control or direction characters, at
 * most 100 UTF-16 units with its ending kept; `file` where nothing is left.
 */
export function safeFileName(name: string): string {
  const clean = name
    .normalize('NFC')
    .toWellFormed()
    // Separators of every platform, what Windows forbids, and what shells and markup take for themselves.
    .replace(/[\\/:*?"<>|`$[\]]/g, '_')
    .replace(/[\p{C}\p{Zl}\p{Zp}\uFFFD]/gu, '')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  return clean === '' ? 'file' : shortened(clean);
}

/** `report.pdf`, `report-2.pdf`, `report-3.pdf`: the name for the n-th try, from 1. */
export function numberedName(name: string, n: number): string {
  if (n === 1) return name;
  const { stem, ending } = split(name);
  const mark = `-${n}`;
  return `${cut(stem, maxChars - ending.length - mark.length)}${mark}${ending}`;
}

function shortened(name: string): string {
  const { stem, ending } = split(name);
  return cut(stem, maxChars - ending.length) + ending;
}

function split(name: string): { readonly stem: string; readonly ending: string } {
  const dot = name.lastIndexOf('.');
  const ends = dot > 0 && name.length - dot <= maxEnding;
  return ends ? { stem: name.slice(0, dot), ending: name.slice(dot) } : { stem: name, ending: '' };
}

/** Never ends in half a character. At most `max` UTF-16 units and `maxBytes`, for file systems count the latter (255). */
function cut(text: string, max: number): string {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (kept.length + character.length > max || bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}
