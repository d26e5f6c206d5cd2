// Changed messages in what the library hands on at once after being away. It puts the changed words into the message they are for,
// and in a group goes by the id alone: anybody there could put words into somebody else's mouth. Pure; used by intake.ts.
import type { WAMessage } from '@whiskeysockets/baileys';
import { unwrapped } from './content.ts';
import { isGroupJid } from './jid.ts';

/** Of a batch, ids of messages that hold words their author has not been seen to write. */
export function putWords(batch: readonly WAMessage[]): ReadonlySet<string> {
  const changed = batch.filter(isChanged);
  if (changed.length === 0) return new Set();
  const edits = batch.flatMap(editOf);
  return new Set(
    changed
      .filter(({ key }) => {
        const own = edits.filter(({ id, chat }) => id === key.id && chat === key.remoteJid);
        return own.length === 0 || own.some(({ author }) => author !== key.participant);
      })
      .map(({ key }) => key.id ?? ''),
  );
}

function isChanged({ key, message }: WAMessage): boolean {
  return isGroupJid(key.remoteJid ?? '') && !!message?.editedMessage && !unwrapped(message)?.protocolMessage;
}

function editOf({ key, message }: WAMessage) {
  const id = unwrapped(message)?.protocolMessage?.key?.id;
  return id ? [{ id, chat: key.remoteJid, author: key.participant }] : [];
}
