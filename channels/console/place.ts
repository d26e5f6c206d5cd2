// The one chat of the console and its person, who is the owner. Used by adapter.ts and by app.ts for the tab key.
import type { InboundMessage } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';

export const consoleRoute: Route = { channel: 'console', account: 'default', chat: 'local' };

/** A person's name for themselves where the platform gives none. */
export const consoleSender: InboundMessage['sender'] = { id: 'local', name: 'you' };
