// A QR code as text, two squares of it to a character. Used by pair.ts and link-words.ts.

/** A screen is neither torn nor stained: the smaller code is the better one. */
const low = { errorCorrectionLevel: 'L' } as const;

/** @param coloured a terminal, where the code gets its own colours: a camera needs dark squares on a light ground */
export async function drawQr(text: string, coloured: boolean): Promise<string> {
  const { toString: draw } = await import('qrcode');
  const picture = await draw(text, coloured ? { type: 'terminal', small: true, ...low } : { type: 'utf8', ...low });
  return picture.trimEnd();
}
