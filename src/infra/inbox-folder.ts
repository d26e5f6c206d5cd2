// Where the files that come in with messages are kept in a workspace: apart for every conversation, so that file tools can be
// kept out of what other people sent. Used by inbound/incoming-files.ts and wiring/models.ts.
import { createHash } from 'node:crypto';
import type { Session } from '../core/session.ts';

/** Holds the folders of all conversations. Relative to the workspace. */
export const inboxFolder = 'inbox';

/** The folder of the conversation a session belongs to, shared by its sub-agents. Relative to the workspace. */
export function inboxOf({ controlScope }: Pick<Session, 'controlScope'>): string {
  // Session keys name people and have characters that file names cannot have.
  return `${inboxFolder}/${createHash('sha256').update(controlScope).digest('hex').slice(0, 12)}`;
}
