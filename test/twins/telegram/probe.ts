// What tests that talk to the twin through grammY's own `Api` need: a twin that is closed at the end, and calls turned into
// the sentence or code they end with.
import { Api, GrammyError, HttpError } from 'grammy';
import type { Message, Update } from 'grammy/types';
import { afterEach } from 'vitest';
import type { Person } from './people.ts';
import { type TelegramTwin, type TelegramTwinOptions, telegramTwin } from './twin.ts';

export interface Probe {
  readonly twin: TelegramTwin;
  readonly api: Api;
  /** Person 7. */
  readonly ann: Person;
  /** What is not confirmed, with reactions from now on. */
  updates(): Promise<Update[]>;
}

/** Gives a file of tests its twins, each closed after the test that made it. */
export function probes(): (options?: TelegramTwinOptions) => Promise<Probe> {
  const open: TelegramTwin[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((twin) => twin.close()));
  });
  return async (options = {}) => {
    const twin = await telegramTwin(options);
    open.push(twin);
    const api = new Api(twin.token, { apiRoot: twin.url });
    return { twin, api, ann: twin.person(7, 'Ann'), updates: () => api.getUpdates({ allowed_updates: kinds }) };
  };
}

const kinds = [
  ...(['message', 'edited_message', 'callback_query', 'my_chat_member'] as const),
  ...(['message_reaction', 'channel_post'] as const),
];

/** What Telegram answers: `400 Bad Request: ...`, or `ok`. */
export const verdict = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) => (error instanceof GrammyError ? `${error.error_code} ${error.description}` : String(error)),
  );

/** The code of a failure below HTTP, or `ok`. */
export const broken = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) => {
      const cause = error instanceof HttpError ? (error.error as { code?: string; type?: string }) : {};
      return cause.code ?? cause.type ?? String(error);
    },
  );

export const messagesIn = (updates: readonly Update[]): Message[] => updates.flatMap(({ message }) => message ?? []);
