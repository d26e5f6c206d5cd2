// What must hold of everything that was sent. Used by all.ts.
import type { Evidence, Invariant, OutboxFact } from '../evidence.ts';

/** No part of a message is seen twice, on any platform: where a repeat would show, an unknown outcome is not repeated. */
export const atMostOneCopy: Invariant = ({ shown }) => {
  const seen = new Map<string, string>();
  // A note that work goes on is written anew by each process.
  const owed = shown.filter(({ key }) => !key.startsWith('progress:'));
  return owed.flatMap(({ key, platform, place }) => {
    const before = seen.get(`${platform} ${key}`);
    seen.set(`${platform} ${key}`, place);
    return before === undefined ? [] : [`${key} is seen twice on ${platform}: in ${before} and in ${place}`];
  });
};

/** A message that counts as delivered is seen, whole. One that does not says why. */
export const deliveredIsSeen: Invariant = (evidence) =>
  evidence.outbox.flatMap((row) => {
    switch (row.state) {
      case 'delivered': {
        const parts = partsOf(evidence, row);
        if (parts.length < row.chunks)
          return [`${row.key} is delivered in ${row.chunks} parts, ${parts.length} are seen`];
        const text = parts.map((each) => each.text).join(' ');
        const lost = (row.message.text.match(/(?:re|got|end):[\w.]+/g) ?? []).filter((token) => !text.includes(token));
        return lost.length === 0 ? [] : [`${row.key} is delivered without ${lost.join(', ')}`];
      }
      case 'ambiguous':
      case 'undelivered':
      case 'skipped':
        return (row.reason ?? '') === '' ? [`${row.key} is ${row.state} without a reason`] : [];
      default:
        return [`${row.key} is still ${row.state}`];
    }
  });

/** Where the platform knows a repeat, no outcome stays unknown. */
export const doubtOnlyWithoutKeys: Invariant = ({ outbox }) =>
  outbox
    .filter((row) => row.state === 'ambiguous' && row.platform !== 'telegram')
    .map((row) => `${row.key} is ambiguous on ${row.platform}: ${row.reason}`);

/** What waits for one place is seen in the order in which it was written, as far as it is equally urgent. */
export const orderPerPlace: Invariant = (evidence) => {
  const { outbox } = evidence;
  const lines = Map.groupBy(
    outbox.filter((row) => row.gone.length === 0 && row.message.placed !== true),
    (row) => `${row.platform} ${row.place} ${row.priority}`,
  );
  return [...lines].flatMap(([line, rows]) => {
    const seen = rows.flatMap((row) => {
      const first = partsOf(evidence, row)[0];
      return first === undefined ? [] : [{ row, at: evidence.shown.indexOf(first) }];
    });
    return seen.flatMap(({ row, at }, index) => {
      const before = seen[index - 1];
      return before !== undefined && before.at > at && before.row.state === 'delivered'
        ? [`${row.key} is seen before ${before.row.key} (${line})`]
        : [];
    });
  });
};

/** Its parts as seen; after a move to another place, those there. */
function partsOf({ shown }: Evidence, row: OutboxFact) {
  const hop = row.gone.length === 0 ? '' : `~${row.gone.length}`;
  const prefix = `${row.key}${hop}:`;
  return shown.filter((each) => each.platform === row.platform && isPart(each.key, prefix));
}

function isPart(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && /^\d+$/.test(key.slice(prefix.length));
}
