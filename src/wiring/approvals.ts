// The broker of approvals with everything it asks of the other rooms: who is asked and where, and the messages that ask.
// Made by engine.ts.
import { type Audience, asksApproval, Broker, type BrokerDeps, type QuestionMessage } from '../approvals/broker.ts';
import { shownChoices, showsMenus } from '../core/channel.ts';
import type { Route } from '../core/route.ts';
import { lastRoute, type SessionKey } from '../core/session.ts';
import { tagged } from '../core/tag.ts';
import { adapterFor } from '../delivery/account.ts';
import { readRow, updateOpen } from '../delivery/outbox-row.ts';
import { closeMenu } from '../inbound/menus.ts';
import type { Sql } from '../infra/database.ts';
import type { AcpLayer } from './acp/layer.ts';
import type { DeliveryLayer } from './delivery.ts';
import type { EngineParts } from './parts.ts';
import type { RunsLayer } from './runs.ts';
import { starterOf } from './starter.ts';
import type { Stores } from './stores.ts';

export interface ApprovalParts {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly delivery: DeliveryLayer;
  readonly layer: RunsLayer;
  readonly acp: Pick<AcpLayer, 'sessions'>;
  readonly draining: () => boolean;
}

export function wireApprovals(below: ApprovalParts): Broker {
  const { parts, stores, delivery, draining } = below;
  const { clock, ids, log } = parts;
  return new Broker({
    ...{ database: stores.database, clock, ids, log, draining },
    limitSeconds: () => parts.config().acp.permissionTimeoutSeconds,
    audience: (session) => audience(below, session),
    post: (sql, message) => post(below, sql, message),
    replace,
    show: shower(below),
    sent: () => delivery.outbox.kick(),
    changed: () => delivery.lists.changed(),
  });
}

/** What follows for a question from the end of its message. */
export function questionEnded(
  broker: Pick<Broker, 'delivered' | 'undelivered'>,
  { key, state }: { readonly key: string; readonly state: string },
): void {
  if (!asksApproval(key)) return;
  if (state === 'delivered') broker.delivered(key);
  else if (state === 'undelivered') broker.undelivered(key);
}

/** The first place that takes messages: bound, where the work was asked for, last spoken to, the owner's chat. */
async function audience(below: ApprovalParts, key: SessionKey): Promise<Audience | undefined> {
  const { stores, delivery, layer } = below;
  const { sessions, registry } = stores;
  const [session, run] = [await sessions.get(key), registry.byChild(key)];
  const bound = (await delivery.bindings.of(key))?.route;
  const asked = run === undefined ? undefined : await delivery.routeFor(run);
  const places = [
    bound,
    layer.turns.active(key)?.items.find((item) => item.route !== undefined)?.route,
    asked !== undefined && 'channel' in asked ? asked : undefined,
    session === undefined ? undefined : lastRoute(session),
    await delivery.owner.get(),
  ];
  const route = places.find((place) => place !== undefined && reachable(below, place));
  if (route === undefined) return undefined;
  if (run !== undefined) await delivery.tags.prepare(route, key);
  return { route, approver: await starterOf(below, key), run: run?.id };
}

function reachable({ delivery }: Pick<ApprovalParts, 'delivery'>, route: Route): boolean {
  return adapterFor(delivery.adapters, route) !== undefined && delivery.closed.reason(route) === undefined;
}

function post({ parts, stores, delivery }: ApprovalParts, sql: Sql, question: QuestionMessage): void {
  const { key, route, session, text, choices, to } = question;
  const can = adapterFor(parts.adapters, route)?.can;
  const shown = shownChoices(can, { text, choices });
  const menu = showsMenus(can) ? {} : undefined;
  const offered = shown.length === 0 ? {} : { choices: stores.choices.offer(sql, shown, { route, to, menu }) };
  delivery.enqueue(sql, { key, route, message: { text, ...offered }, priority: 'approval', session });
}

/** One that is on its way already is changed when it has arrived, see `questionEnded`. */
const replace: BrokerDeps['replace'] = (sql, key, text) => {
  const row = readRow(sql, { key });
  if (row === undefined) return;
  const { choices, ...message } = row.message;
  if (choices?.[0] !== undefined) closeMenu(sql, choices[0].id);
  updateOpen(sql, row, { message: { ...message, text } });
};

function shower({ parts, stores, delivery }: ApprovalParts): BrokerDeps['show'] {
  return (key, text, notice) => {
    const row = readRow(stores.database.read, { key });
    if (row === undefined || (row.state !== 'delivered' && row.state !== 'ambiguous')) return;
    const { route, messageIds } = row;
    const { choices: _over, replyTo: _once, tag, ...rest } = row.message;
    const [messageId] = messageIds;
    const message = { ...rest, text: tag === undefined ? text : tagged(tag, text) };
    if (adapterFor(delivery.adapters, route)?.can.edits === true && messageId !== undefined) {
      const live = `ended:${key}`;
      delivery.updates.adopt(live, route, { messageId, message: row.message, everyMs: 0 });
      delivery.updates.finish(live, message);
    } else if (notice !== undefined) {
      delivery.outbox
        .enqueueNow({ key: `${key}:end`, route, message: { text: notice }, priority: 'approval' })
        .catch((err: unknown) => parts.log.error({ err, key }, 'the end of a question was not told'));
    }
  };
}
