// The link that brings the bot into a server, with the rights it needs and no more. Pure; used by adapter.ts.
import { OAuth2Scopes, PermissionFlagsBits } from 'discord.js';

/** docs.discord.com/developers/topics/permissions; the names people see in the server settings. */
const needed = [
  PermissionFlagsBits.ViewChannel,
  PermissionFlagsBits.SendMessages,
  PermissionFlagsBits.SendMessagesInThreads,
  PermissionFlagsBits.CreatePublicThreads,
  PermissionFlagsBits.ManageThreads,
  PermissionFlagsBits.ReadMessageHistory,
  PermissionFlagsBits.EmbedLinks,
  PermissionFlagsBits.AttachFiles,
  PermissionFlagsBits.AddReactions,
] as const;

/** @param personas sub-agents speak under their own names */
export function inviteLink(applicationId: string, personas: boolean): string {
  const rights = personas ? [...needed, PermissionFlagsBits.ManageWebhooks] : needed;
  const permissions = rights.reduce((all, one) => all | one, 0n);
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: [OAuth2Scopes.Bot, OAuth2Scopes.ApplicationsCommands].join(' '),
    permissions: String(permissions),
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}
