// Who is speaking and whether we listen: one pure decision per message, with a recorded reason for everything not heard.
// Called by receive.ts after the message is stored.
import type { GroupClosed } from '../core/channel.ts';
import { isCommandText } from '../core/command-text.ts';
import type { InboundMessage } from '../core/message.ts';
import { idsOf, names, samePerson } from '../core/person.ts';
import type { Route } from '../core/route.ts';
import type { Config } from '../infra/config.ts';
import type { AccountConfig } from '../infra/config-channels.ts';

/** Why a message is not heard; stored with it. */
export type DropReason =
  | 'channel_off'
  | 'direct_disabled'
  | 'sender_not_allowed'
  | 'command_not_allowed'
  | 'groups_disabled'
  | 'group_not_listed'
  | 'group_sender_not_allowed'
  | 'not_mentioned'
  | 'bot'
  | 'anonymous';

export type AccessDecision =
  | { readonly kind: 'owner' }
  | { readonly kind: 'allowed' }
  /**
   * `answer`: what this person gets. Silence, unless pairing is offered here, a native command needs an answer, or somebody
   * gave a command in the name of a group and has to be told to write as themselves.
   */
  | { readonly kind: 'stranger'; readonly reason: DropReason; readonly answer: Answer }
  /** Not meant for us, whoever wrote it. */
  | { readonly kind: 'ignored'; readonly reason: DropReason };

type Answer = 'none' | 'pairing' | 'not_allowed' | 'as_yourself';

export interface KnownPeople {
  /** `<channel>:<id>` of everybody paired. */
  readonly paired: ReadonlySet<string>;
  /** `<channel>:<id>` of the person whose own account we speak from: the linked WhatsApp number. */
  readonly accountOwner?: string | undefined;
  /** `<channel>:<id>` of the first pairing approved at the CLI, while `commands.ownerAllowFrom` is empty (`Pairing.owner`). */
  readonly linkedOwner?: string | undefined;
  /** A bound conversation, or a question waits for this person: text needs no mention. */
  readonly expected?: boolean | undefined;
  /** The id this group had before the platform gave it the one in the route; the config may still name that. */
  readonly formerChat?: string | undefined;
}

type AccessConfig = Pick<Config, 'channels' | 'commands'>;

/** Decides one message. Owner and command rules come from `config.commands`, the rest from the account's own settings. */
export function decideAccess(config: AccessConfig, message: InboundMessage, people: KnownPeople): AccessDecision {
  const { channel, account } = message.route;
  // Whoever sits at the terminal of the process already has every right on it.
  if (channel === 'console') return { kind: 'owner' };
  const rules = config.channels[channel].accounts[account];
  if (rules === undefined) return { kind: 'ignored', reason: 'channel_off' };
  const who: Speaker = { id: personOf(message), message, people, owner: isOwner(config, message, people), rules };
  const place = message.chat === 'group' ? decideGroup(who) : decideDirect(who);
  return isCommand(message) ? decideCommand(config, who, place) : place;
}

/** `<channel>:<id>`, the form of owner lists and pairings. */
export function personOf(message: InboundMessage): string {
  return `${message.route.channel}:${message.sender.id}`;
}

export function isCommand(message: InboundMessage): boolean {
  return message.native === true || isCommandText(message.text);
}

interface Speaker {
  readonly id: string;
  readonly message: InboundMessage;
  readonly people: KnownPeople;
  readonly owner: boolean;
  readonly rules: AccountConfig;
}

function isOwner(config: AccessConfig, message: InboundMessage, people: KnownPeople): boolean {
  const owners = [...config.commands.ownerAllowFrom, people.linkedOwner, people.accountOwner];
  const known = owners.filter((owner) => owner !== undefined);
  return names(known, message.route, message.sender);
}

function decideDirect(who: Speaker): AccessDecision {
  const { rules, message, people } = who;
  if (rules.dmPolicy === 'disabled') return { kind: 'ignored', reason: 'direct_disabled' };
  const nobody = decideNobody(message, rules.allowBots);
  if (nobody !== undefined) return nobody;
  if (who.owner) return { kind: 'owner' };
  if (isPaired(people, message) || lists(rules.allowFrom, message)) return { kind: 'allowed' };
  if (message.native === true) return stranger('sender_not_allowed', 'not_allowed');
  // Two bots that answer each other would never end.
  return stranger(
    'sender_not_allowed',
    rules.dmPolicy === 'pairing' && message.sender.bot !== true ? 'pairing' : 'none',
  );
}

function decideGroup(who: Speaker): AccessDecision {
  const { rules, message, people } = who;
  const group = listedGroup(rules, [message.route.chat, people.formerChat, message.space]);
  // The owner too: a group that is not listed must not see what the bot can do.
  const closed = whyClosed(rules, group);
  if (closed !== undefined) return { kind: 'ignored', reason: closed };
  const nobody = decideNobody(message, group?.allowBots ?? rules.allowBots);
  if (nobody !== undefined) return nobody;
  if (!who.owner && group?.allowFrom !== undefined && !lists(group.allowFrom, message)) {
    return stranger('group_sender_not_allowed', message.native === true ? 'not_allowed' : 'none');
  }
  const needsMention = group?.requireMention ?? rules.requireMention;
  const addressed = message.mentionsBot || people.expected === true || isCommand(message);
  if (needsMention && !addressed) return { kind: 'ignored', reason: 'not_mentioned' };
  return { kind: who.owner ? 'owner' : 'allowed' };
}

function listedGroup({ groups }: AccountConfig, names: readonly (string | undefined)[]) {
  return names.map((name) => (name === undefined ? undefined : groups[name])).find(Boolean);
}

function whyClosed({ groupPolicy }: AccountConfig, group: object | undefined): GroupClosed | undefined {
  if (groupPolicy === 'disabled') return 'groups_disabled';
  return group === undefined && groupPolicy === 'allowlist' ? 'group_not_listed' : undefined;
}

/**
 * Why nobody is heard in a group, whoever speaks; undefined: it is served.
 * @param formerChat the id it had before, which the config may still name
 */
export function closedGroup(
  { channels }: Pick<Config, 'channels'>,
  { channel, account, chat }: Route,
  formerChat: string,
): GroupClosed | undefined {
  const rules = channel === 'console' ? undefined : channels[channel].accounts[account];
  return rules === undefined ? undefined : whyClosed(rules, listedGroup(rules, [chat, formerChat]));
}

/** Who is no person at all has no rights, whatever lists say; undefined: a person, or a bot that is heard here. */
function decideNobody(message: InboundMessage, allowBots: boolean): AccessDecision | undefined {
  const { bot, anonymous } = message.sender;
  if (anonymous === true) {
    return isCommand(message) && !isForAnother(message)
      ? stranger('anonymous', 'as_yourself')
      : { kind: 'ignored', reason: 'anonymous' };
  }
  return bot === true && !allowBots ? { kind: 'ignored', reason: 'bot' } : undefined;
}

/** `/ban@other_bot`: everybody in the group sees it, one bot is meant. */
function isForAnother({ text, mentionsBot }: InboundMessage): boolean {
  return /^[^/]*\/[^\s@]*@/.test(text) && !mentionsBot;
}

/** `commands.allowFrom`, when set, alone decides commands; the owner cannot lock themselves out. */
function decideCommand(config: AccessConfig, who: Speaker, place: AccessDecision): AccessDecision {
  const { allowFrom } = config.commands;
  if (allowFrom === undefined || place.kind === 'owner' || place.kind === 'ignored') return place;
  if (who.message.sender.anonymous === true) return place;
  const { route, sender } = who.message;
  if (allowFrom.includes('*') || names(allowFrom, route, sender)) return { kind: 'allowed' };
  return stranger('command_not_allowed', who.message.native === true ? 'not_allowed' : 'none');
}

function isPaired({ paired }: KnownPeople, { route, sender }: InboundMessage): boolean {
  return idsOf(sender).some((id) => paired.has(`${route.channel}:${id}`));
}

/** A list of an account's own, with plain ids. */
function lists(list: readonly string[], { route, sender }: InboundMessage): boolean {
  return list.some((entry) => entry === '*' || idsOf(sender).some((id) => samePerson(route.channel, entry, id)));
}

function stranger(reason: DropReason, answer: Answer): AccessDecision {
  return { kind: 'stranger', reason, answer };
}
