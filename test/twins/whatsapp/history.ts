// What the phone tells a device that it linked: the key for settings, and the chats there were before. Sent by mail.ts when
// the device listens for the first time.
import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { type proto as Proto, proto } from '@whiskeysockets/baileys';
import { jidOf } from './jids.ts';
import type { Human, World } from './world.ts';

const kinds = proto.Message.ProtocolMessage.Type;
const dayMs = 86_400_000;

/** In order. */
export function firstWords(world: World): readonly Proto.IMessage[] {
  const syncType = proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP;
  const known = world.people.filter(({ chat, discreet }) => chat.opened && !discreet);
  const history = proto.HistorySync.encode({
    syncType,
    conversations: known.map((human) => conversation(world, human)),
    phoneNumberToLidMappings: known.map((human) => ({ pnJid: jidOf(human, 'pn'), lidJid: jidOf(human, 'lid') })),
  }).finish();
  const keyData = { keyData: randomBytes(32), fingerprint: {}, timestamp: world.clock.now() };
  return [
    share({
      type: kinds.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: { keys: [{ keyId: { keyId: randomBytes(6) }, keyData }] },
    }),
    share({
      type: kinds.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: {
        ...{ syncType, chunkOrder: 1, progress: 100 },
        initialHistBootstrapInlinePayload: deflateSync(history),
      },
    }),
  ];
}

const share = (protocolMessage: Proto.Message.IProtocolMessage): Proto.IMessage => ({ protocolMessage });

function conversation(world: World, human: Human): Proto.IConversation {
  const remoteJid = jidOf(human, human.form);
  const messageTimestamp = Math.floor((world.clock.now() - dayMs) / 1000);
  return {
    ...{ id: remoteJid, name: human.name, pnJid: jidOf(human, 'pn'), lidJid: jidOf(human, 'lid') },
    messages: human.wrote.map((text) => ({
      message: {
        key: { remoteJid, fromMe: false, id: world.messageId() },
        ...{ message: { conversation: text }, messageTimestamp, pushName: human.name },
      },
    })),
  };
}
