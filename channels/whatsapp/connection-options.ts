// What a connection is made of and whom it tells. Used by connection.ts and whoever makes one.
import type { WASocket } from '@whiskeysockets/baileys';
import type { LinkView } from '../../src/core/link.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { Log } from '../../src/infra/log.ts';
import type { Auth } from './auth.ts';
import type { SocketSettings } from './socket.ts';

export interface ConnectionOptions extends Omit<SocketSettings, 'log'> {
  /** Account name from the config. */
  readonly account: string;
  readonly auth: Auth;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly log: Log;
  /** A socket that has not connected yet: whoever wants to hear it starts to listen. Never throws. */
  readonly attach: (socket: WASocket, generation: number) => void;
  /** Connected, for the first time or again. */
  readonly connected: () => void;
  /** Linking has gone a step further. */
  readonly linkChanged: (view: LinkView) => void;
  /** Where whoever hears of that puts a QR code as a picture. */
  readonly picture?: string | undefined;
  /** The owner should know, wherever they can be reached. `key`: the same is told once. */
  readonly alarm: (key: string, text: string) => void;
}
