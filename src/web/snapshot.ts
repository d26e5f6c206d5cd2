// Everything the status page shows, looked up now. Called by server.ts, once a second at most and only while somebody looks.

import { nothing } from '../../commands/run-words.ts';
import { expiryOf } from '../bindings/expiry.ts';
import { pairingMs } from '../core/pairing.ts';
import type { StatusView } from '../core/services.ts';
import type { Engine } from '../wiring/engine.ts';
import { deliveryRows } from './deliveries.ts';
import { type AccountLinkView, linkRows } from './links.ts';
import type { BindingRow, ChannelRow, PersonRow, QuestionRow, Sections } from './view.ts';
import { placeWords, spentWords } from './words.ts';
import { workRows } from './work.ts';

export interface SnapshotParts {
  readonly engine: Engine;
  readonly status: () => Promise<StatusView>;
  /** Why the process is not healthy, one sentence each. */
  readonly troubles: (status: StatusView) => readonly string[];
  readonly links: () => readonly AccountLinkView[];
  /** `<channel>:<id>` of the owner; undefined: nobody is yet, and whoever holds the token acts for the machine. */
  readonly owner: () => string | undefined;
}

export async function snapshot(parts: SnapshotParts): Promise<Sections> {
  const { engine } = parts;
  const now = engine.parts.clock.now();
  const status = await parts.status();
  const today = engine.stores.budgets.today();
  return {
    process: {
      version: status.version,
      startedAt: engine.startedAt,
      generation: status.generation,
      model: status.model,
      troubles: parts.troubles(status).map(withoutSpans),
      today: spentWords(today.reported ? today : nothing),
    },
    lanes: status.lanes,
    channels: status.channels.map(channelRow),
    links: await linkRows(parts.links(), async () => (await import('qrcode')).default),
    people: personRows(parts, now),
    questions: questionRows(engine),
    work: await workRows(engine, now),
    deliveries: deliveryRows(engine),
    bindings: await bindingRows(engine),
  };
}

/** How long something lasts changes every second, and is no news. */
function withoutSpans(text: string): string {
  return text.replace(/ ?\b[Ff]or (?:\d+(?:\.\d+)?[smhd])+:?/g, '').trim();
}

function channelRow({ id, state, detail }: StatusView['channels'][number]): ChannelRow {
  return { id: id.replace(/:default$/, ''), state, detail: withoutSpans(detail) };
}

function personRows({ engine, owner }: SnapshotParts, now: number): readonly PersonRow[] {
  const becomesOwner = owner() === undefined;
  return engine.pairing.pending(now).map(({ route, code, name, id, at }) => {
    return { channel: route.channel, code, name, id, expires: at + pairingMs, becomesOwner };
  });
}

function questionRows({ approvals }: Engine): readonly QuestionRow[] {
  return approvals.openFor({ id: '', class: 'owner' }).map((row) => ({
    id: row.id,
    code: row.code,
    asker: row.asker,
    title: row.title,
    preview: row.preview,
    place: placeWords(row.route),
    at: row.at,
    expires: row.expires,
    sessionOffered: row.sessionOffered,
  }));
}

async function bindingRows({ delivery }: Engine): Promise<readonly BindingRow[]> {
  const all = await delivery.bindings.all();
  return all
    .map((binding) => ({
      place: placeWords(binding.route),
      label: binding.label,
      agent: binding.agentId,
      by: binding.boundBy,
      endsAt: expiryOf(binding)?.at,
    }))
    .sort((a, b) => a.place.localeCompare(b.place));
}
