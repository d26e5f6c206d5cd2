// How Discord says no: an HTTP status, a code of its own and a sentence, thrown by every part of the twin and put on the
// wire by server.ts. Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
import type { Wire } from './world.ts';

export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  readonly more: Wire;

  constructor(status: number, code: number, sentence: string, more: Wire = {}) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

const sentences = {
  10003: [404, 'Unknown Channel'],
  10004: [404, 'Unknown Guild'],
  10008: [404, 'Unknown Message'],
  10013: [404, 'Unknown User'],
  10014: [400, 'Unknown Emoji'],
  10015: [404, 'Unknown Webhook'],
  10062: [404, 'Unknown interaction'],
  10063: [404, 'Unknown application command'],
  30007: [400, 'Maximum number of webhooks reached (15)'],
  30034: [429, 'Max number of daily application command creates has been reached (200)'],
  40060: [400, 'Interaction has already been acknowledged.'],
  50001: [403, 'Missing Access'],
  50003: [403, 'Cannot execute action on a DM channel'],
  50005: [403, 'Cannot edit a message authored by another user'],
  50006: [400, 'Cannot send an empty message'],
  50007: [403, 'Cannot send messages to this user'],
  50008: [400, 'Cannot send messages in a non-text channel'],
  50013: [403, 'Missing Permissions'],
  50024: [400, 'Cannot execute action on this channel type'],
  50027: [401, 'Invalid Webhook Token'],
  50033: [400, 'Invalid Recipient(s)'],
  50083: [400, 'Thread is archived'],
  160002: [403, 'Cannot reply without permission to read message history'],
  160004: [400, 'A thread has already been created for this message'],
  160005: [400, 'Thread is locked'],
  160006: [400, 'Maximum number of active threads reached'],
} as const satisfies Readonly<Record<number, readonly [number, string]>>;

/** One of Discord's refusals by its code. */
export function refuse(code: keyof typeof sentences): Refusal {
  const [status, sentence] = sentences[code];
  return new Refusal(status, code, sentence);
}

/** Refusals without a code of their own: `401: Unauthorized`. */
export const plain = (status: number): Refusal => new Refusal(status, 0, `${status}: ${titles[status] ?? 'Error'}`);

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/**
 * A field with a wrong value.
 * @param path of the field, dots between its parts: `components.0.custom_id`
 */
export function invalid(path: string, code: string, message: string): Refusal {
  const leaf: Wire = { _errors: [{ code, message }] };
  const errors = path.split('.').reduceRight<Wire>((inner, part) => ({ [part]: inner }), leaf);
  return new Refusal(400, 50035, 'Invalid Form Body', { errors });
}

export const tooLong = (path: string, most: number): Refusal =>
  invalid(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${most} or fewer in length.`);

export const required = (path: string): Refusal => invalid(path, 'BASE_TYPE_REQUIRED', 'This field is required');

export const notWithin = (path: string, least: number, most: number): Refusal =>
  invalid(path, 'BASE_TYPE_BAD_LENGTH', `Must be between ${least} and ${most} in length.`);
