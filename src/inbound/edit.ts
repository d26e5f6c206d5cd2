// A message its sender changed: the new text counts while the message waits, and only for its agent. Called by receive.ts in
// the order of the conversation.
import type { MailItem } from '../agents/mailbox.ts';
import type { InboundMessage } from '../core/message.ts';
import { routeKey } from '../core/route.ts';
import type { Database } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { Inbox } from './inbox.ts';
import type { Pastes } from './paste.ts';
import { itemId } from './tickets.ts';
import { itemText } from './turn-item.ts';

export interface EditDeps {
  readonly database: Database;
  readonly inbox: Inbox;
  readonly log: Log;
  readonly isCommand: (text: string) => boolean;
  /** Whether a message waits in a session, and how it is changed there. */
  readonly waits: (id: string) => boolean;
  readonly replace: (id: string, change: (item: MailItem) => MailItem) => boolean;
}

export async function takeEdit(deps: EditDeps, pastes: Pastes, edited: InboundMessage): Promise<void> {
  const { database, inbox, log } = deps;
  const open = inbox.openOf(edited);
  const id = itemId(open?.ticket ?? 0);
  const place = routeKey(edited.route);
  const ignored = whyIgnored(deps, open, edited);
  const held = open !== undefined && ignored === undefined && pastes.rewrite(place, open.ticket, edited.text);
  if (open === undefined || ignored !== undefined || !(held || deps.waits(id))) {
    log.debug({ id: edited.id, place, code: ignored ?? 'edit_too_late' }, 'a change of a message was ignored');
    return;
  }
  const stored = await database.write((sql) =>
    inbox.change(sql, open.ticket, ({ message, notes }) => ({ message: { ...message, text: edited.text }, notes })),
  );
  if (stored !== undefined) deps.replace(id, (item) => ({ ...item, text: itemText(stored) }));
}

type Open = ReturnType<Inbox['openOf']>;

/** Why a change must not count although the message is open; undefined: it may. */
function whyIgnored({ isCommand }: EditDeps, open: Open, edited: InboundMessage): string | undefined {
  if (open === undefined) return undefined;
  if (open.message.sender.id !== edited.sender.id) return 'edit_of_another';
  // Never run again, and never run because somebody put a slash in front later.
  if (isCommand(open.message.text) || isCommand(edited.text)) return 'edit_of_command';
  // The platform cut a long text: the parts have become one, and only one of them was changed.
  return open.whole || open.message.album !== undefined ? undefined : 'edit_of_part';
}
