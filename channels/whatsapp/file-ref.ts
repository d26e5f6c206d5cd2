// A file somebody sent, as it is described to the rest: what it is, and what it takes to get it from WhatsApp's file servers.
// Pure; used by content.ts and media.ts.
import type { proto } from '@whiskeysockets/baileys';
import { z } from 'zod';
import type { RemoteFile } from '../../src/core/message.ts';

/** As the library calls them: each kind has keys of its own. */
const mediaTypes = ['image', 'video', 'audio', 'document'] as const;

const refSchema = z.object({
  type: z.enum(mediaTypes),
  /** On the file servers; the host a message names is not asked, for its sender can name any. */
  path: z.string().regex(/^\/[^/\\]/),
  /** Base64. */
  key: z.string().min(1),
  /** SHA-256 of the file as it is sent, base64. */
  sha256: z.string().optional(),
});
export type FileRef = z.infer<typeof refSchema>;

export function readRef(ref: string): FileRef | undefined {
  try {
    return refSchema.safeParse(JSON.parse(ref)).data;
  } catch {
    return undefined;
  }
}

type Media = Pick<
  proto.Message.IDocumentMessage,
  'directPath' | 'mediaKey' | 'fileEncSha256' | 'fileLength' | 'mimetype'
>;

interface Described {
  readonly kind: RemoteFile['kind'];
  readonly type: FileRef['type'];
  readonly name: string;
  readonly mediaType: string;
}

/** The file of a message, without its wrappers; undefined where there is none. */
export function fileOf(message: proto.IMessage, id: string): RemoteFile | undefined {
  const { imageMessage: image, documentMessage: document, audioMessage: audio } = message;
  const video = message.videoMessage ?? message.ptvMessage;
  if (image) return file(image, { kind: 'image', type: 'image', name: `photo-${id}.jpg`, mediaType: 'image/jpeg' });
  if (video) return file(video, { kind: 'video', type: 'video', name: `video-${id}.mp4`, mediaType: 'video/mp4' });
  if (audio) {
    const name = audio.ptt === true ? `voice-${id}.ogg` : `audio-${id}.mp3`;
    return file(audio, {
      kind: 'audio',
      type: 'audio',
      name,
      mediaType: audio.ptt === true ? 'audio/ogg' : 'audio/mpeg',
    });
  }
  if (!document) return undefined;
  const mediaType = plainType(document.mimetype) ?? 'application/octet-stream';
  const name = document.fileName || `file-${id}`;
  return file(document, { kind: kindOf(mediaType), type: 'document', name, mediaType });
}

function file(media: Media, { kind, type, name, mediaType }: Described): RemoteFile {
  const ref = {
    type,
    path: media.directPath ?? '',
    key: base64(media.mediaKey),
    ...(media.fileEncSha256?.length ? { sha256: base64(media.fileEncSha256) } : {}),
  };
  const bytes = Number(media.fileLength ?? Number.NaN);
  return {
    kind,
    ref: JSON.stringify(ref),
    name,
    mediaType: plainType(media.mimetype) ?? mediaType,
    ...(Number.isSafeInteger(bytes) && bytes >= 0 ? { bytes } : {}),
  };
}

function base64(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64');
}

/** `audio/ogg; codecs=opus` is `audio/ogg`. */
function plainType(mimetype: string | null | undefined): string | undefined {
  const type = mimetype?.split(';', 1)[0]?.trim();
  return type === undefined || type === '' ? undefined : type;
}

function kindOf(mediaType: string): RemoteFile['kind'] {
  const family = mediaType.split('/', 1)[0];
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}
