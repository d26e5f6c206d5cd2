// What follows when a platform tells that two ids are one person: what is theirs under the other id is theirs under the present
// one, and their two direct sessions are one. Used by channel-events.ts.
// 1 what names the person: pairings, bindings, choices, questions  2 which session goes on  3 remember  4 join the other one to it
import pLimit from 'p-limit';
import type { InboundMessage } from '../core/message.ts';
import type { ChannelId } from '../core/route.ts';
import { directKey, type SessionKey } from '../core/session.ts';
import type { Engine } from './engine.ts';
import { joinSessions } from './join-sessions.ts';

export type Who = Pick<InboundMessage, 'route' | 'sender'>;
type Parts = Pick<Engine, 'parts' | 'stores' | 'delivery' | 'pairing' | 'layer' | 'approvals'>;

/** Resolves once it is done; before that nothing the person says may be taken up. */
export type Meet = (who: Who) => Promise<void>;

export function meeting(engine: Parts): Meet {
  // Two messages of one person must not both find two sessions.
  const alone = pLimit(1);
  return (who) => alone(() => meet(engine, who));
}

async function meet(engine: Parts, { route, sender }: Who): Promise<void> {
  const { persons } = engine.stores;
  const { channel } = route;
  const { id, aka = [] } = sender;
  if (persons.settled(channel, sender)) return;
  const known = persons.of(channel, id);
  const news = aka.filter((other) => known?.aka.includes(other) !== true);
  for (const other of news) await rename(engine, channel, { from: other, to: id });
  // A number may pass to somebody else: what was said by whoever had it before is not theirs, and that may lie under the number.
  const passedOn = known !== undefined && !known.aka.some((other) => aka.includes(other));
  const before = passedOn ? [] : [known?.home ?? id];
  const { home, left } =
    news.length === 0 && known !== undefined
      ? { home: known.home, left: known.left }
      : await choose(engine, route, [...before, ...news]);
  await persons.set(channel, { id, aka: [...aka], home, ...(left === undefined ? {} : { left }) });
  if (left !== undefined && (await join(engine, route, { left, home })))
    await persons.set(channel, { id, aka: [...aka], home });
}

async function rename(
  { stores, delivery, pairing, approvals }: Parts,
  channel: ChannelId,
  ids: { readonly from: string; readonly to: string },
): Promise<void> {
  const [from, to] = [`${channel}:${ids.from}`, `${channel}:${ids.to}`];
  await stores.choices.rename(from, to);
  await approvals.rename(from, to);
  await pairing.rename(from, to);
  await delivery.bindings.rename(from, to);
}

/** The session spoken to last goes on. */
async function choose(
  engine: Parts,
  route: Who['route'],
  ids: readonly string[],
): Promise<{ readonly home: string; readonly left: string | undefined }> {
  const found: { readonly id: string; readonly at: number }[] = [];
  for (const id of ids) {
    for (const key of keysOf(engine, route, id)) {
      const session = await engine.stores.sessions.get(key);
      if (session !== undefined) found.push({ id, at: session.updatedAt });
    }
  }
  const [latest] = found.toSorted((a, b) => b.at - a.at);
  const home = latest?.id ?? ids[0] ?? '';
  return { home, left: found.find((each) => each.id !== home)?.id };
}

/** Whether nothing is left of it. */
async function join(
  engine: Parts,
  route: Who['route'],
  { left, home }: { readonly left: string; readonly home: string },
): Promise<boolean> {
  const from = keysOf(engine, route, left);
  const to = keysOf(engine, route, home);
  let whole = true;
  for (const [index, key] of from.entries()) whole = (await joinSessions(engine, key, to[index] ?? key)) && whole;
  return whole;
}

/** A person has one direct session with each agent they ever spoke to. */
function keysOf({ parts }: Parts, route: Who['route'], id: string): readonly SessionKey[] {
  const { dmScope } = parts.config().session;
  return parts
    .agents()
    .list()
    .map((agent) => directKey(agent.id, route, id, dmScope));
}
