// Decisions about who may talk to us, together with the word to the person concerned. Used by services.ts (chat) and control.ts
// (command line).
import type { PairLink } from '../cli/engine-port.ts';
import type { ChannelHealth } from '../core/channel.ts';
import type { Approved, Approver, PairingRequest, Revoked } from '../core/pairing.ts';
import { pairingMs } from '../core/pairing.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import type { ChannelId, Route } from '../core/route.ts';
import { adapterFor } from '../delivery/account.ts';
import { admittedText, deniedText } from '../inbound/pairing-words.ts';
import type { Engine } from './engine.ts';

interface Which {
  readonly code: string;
  readonly channel?: ChannelId;
}

export async function approvePairing(engine: Engine, which: Which, by: Approver): Promise<Result<Approved>> {
  const approved = await engine.pairing.approve(which, by);
  if (approved.ok) {
    const { route, becameOwner } = approved.value;
    // The next newcomer may come before the owner's first word.
    if (becameOwner) await engine.delivery.owner.seen(route);
    await tell(engine, { key: keyOf(which, 'approved'), route, text: admittedText(becameOwner) });
  }
  return approved;
}

export async function denyPairing(engine: Engine, which: Which): Promise<Result<PairingRequest>> {
  const denied = await engine.pairing.deny(which);
  if (denied.ok) await tell(engine, { key: keyOf(which, 'denied'), route: denied.value.route, text: deniedText });
  return denied;
}

/** What only the owner gets must not go to somebody who was it. */
export async function revokePairing(engine: Engine, id: string): Promise<Result<Revoked>> {
  const revoked = await engine.pairing.revoke(id);
  if (revoked.ok && revoked.value.wasOwner) await engine.delivery.owner.forget(revoked.value.person.route);
  return revoked;
}

/**
 * A link that lets one person in.
 * @param account undefined: the account `default`
 * Refused: `channel_off`, `direct_disabled`, `not_connected`.
 */
export async function pairLink(
  engine: Engine,
  { channel, account = 'default' }: { readonly channel: 'telegram'; readonly account?: string | undefined },
): Promise<Result<PairLink>> {
  const { config, adapters, clock } = engine.parts;
  const settings = config().channels[channel].accounts[account];
  const adapter = adapterFor(adapters, { channel, account, chat: '' });
  if (settings === undefined || adapter === undefined) return noAdapter(channel, account, settings !== undefined);
  if (settings.dmPolicy === 'disabled') {
    const key = account === 'default' ? `channels.${channel}` : `channels.${channel}.accounts.${account}`;
    return refuse('direct_disabled', 'Direct chats are switched off there.', `Set ${key}.dmPolicy to "pairing".`);
  }
  // Asked before a token is made, so that none is stored that nobody ever gets.
  if (adapter.pairLink?.('') === undefined) return notConnected(channel, adapter.health());
  const token = await engine.pairing.link(channel, account);
  const link = adapter.pairLink(token);
  if (link === undefined) throw new Error('the name of a connected bot is gone');
  const owner = config().commands.ownerAllowFrom.length === 0 && engine.pairing.owner() === undefined;
  return ok({ link, expiresAt: clock.now() + pairingMs, owner });
}

/** An address that brings the bot into a server. Refused: `channel_off`, `not_connected`. */
export function pairInvite(
  { parts }: Engine,
  { channel, account = 'default' }: { readonly channel: 'discord'; readonly account?: string | undefined },
): Result<string> {
  const settings = parts.config().channels[channel].accounts[account];
  const adapter = adapterFor(parts.adapters, { channel, account, chat: '' });
  if (adapter === undefined) return noAdapter(channel, account, settings !== undefined);
  const link = adapter.inviteLink?.();
  return link === undefined ? notConnected(channel, adapter.health()) : ok(link);
}

const platforms = {
  telegram: { name: 'Telegram', variable: 'TELEGRAM_TOKEN', from: '@BotFather' },
  discord: { name: 'Discord', variable: 'DISCORD_TOKEN', from: 'the Bot page of the developer portal' },
} as const;

function noAdapter(channel: keyof typeof platforms, account: string, configured: boolean): Result<never> {
  const { name, variable, from } = platforms[channel];
  if (!configured) {
    const fix = `Leave --account out, or add it under channels.${channel}.accounts.`;
    return refuse('channel_off', `There is no ${name} account "${account}".`, fix);
  }
  const fix = `Set ${variable} (or channels.${channel}.token) to the token from ${from} and start again.`;
  return refuse('channel_off', `${name} is not switched on: it has no token.`, fix);
}

function notConnected(channel: ChannelId, { state, detail }: ChannelHealth): Result<never> {
  // The detail of a failed channel says what to change; that of any other one that it goes on by itself.
  if (state === 'failed') return refuse('not_connected', `The bot's name is not known: ${channel} has failed.`, detail);
  return refuse('not_connected', `The bot's name is not known yet: ${channel} is ${state}. ${detail}`, 'Try again.');
}

const keyOf = ({ code }: Which, end: 'approved' | 'denied'): string => `pairing:${code.trim().toUpperCase()}:${end}`;

/** The same key is sent once, so a decision that is repeated after a crash is told once. */
async function tell(
  engine: Engine,
  { key, route, text }: { readonly key: string; readonly route: Route; readonly text: string },
): Promise<void> {
  await engine.delivery.outbox.enqueueNow({ key, route, message: { text }, priority: 'reply' });
}
