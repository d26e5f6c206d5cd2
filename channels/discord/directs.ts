// Direct chats by person: their channel can vanish, and Discord then gives out another one. Used by adapter.ts.
import { type APIDMChannel, Routes } from 'discord.js';
import type { DiscordApi } from './api.ts';

/** @returns id of the direct chat with a person; undefined when none can be had now */
export async function openDirect(api: DiscordApi, person: string): Promise<string | undefined> {
  try {
    const body = { recipient_id: person };
    const chat = await api.call<APIDMChannel>((rest, signal) => rest.post(Routes.userChannels(), { body, signal }));
    return chat.id;
  } catch {
    return undefined;
  }
}
