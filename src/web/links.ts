// How far linking phones to accounts has come, with the QR code drawn. Called by snapshot.ts.
import type QrLibrary from 'qrcode';
import { type LinkView, maskedNumber } from '../core/link.ts';
import type { LinkRow } from './view.ts';

export interface AccountLinkView {
  readonly account: string;
  readonly view: LinkView;
}

/** Modules of light ground a camera needs around the code (ISO/IEC 18004). */
const quiet = 4;

/** @param draw the QR library, loaded only once there is a code to draw */
export async function linkRows(
  links: readonly AccountLinkView[],
  draw: () => Promise<Pick<typeof QrLibrary, 'create'>>,
): Promise<readonly LinkRow[]> {
  return Promise.all(
    links.map(async ({ account, view: { state } }): Promise<LinkRow> => {
      switch (state.kind) {
        case 'qr':
          return { account, state: 'qr', ...squares(await draw(), state.qr), until: state.until };
        case 'code':
          return { account, state: 'code', code: state.code };
        case 'linked':
          return { account, state: 'linked', number: maskedNumber(state.number) };
        case 'trouble':
        case 'ended':
          return { account, state: state.kind, what: state.what };
        case 'connecting':
        case 'scanned':
        case 'expired':
          return { account, state: state.kind };
      }
    }),
  );
}

function squares({ create }: Pick<typeof QrLibrary, 'create'>, text: string): { size: number; path: string } {
  const { modules } = create(text, { errorCorrectionLevel: 'L' });
  const { size, data } = modules;
  const path = Array.from(data, (dark, index) =>
    dark === 0 ? '' : `M${(index % size) + quiet} ${Math.floor(index / size) + quiet}h1v1h-1z`,
  ).join('');
  return { size: size + 2 * quiet, path };
}
