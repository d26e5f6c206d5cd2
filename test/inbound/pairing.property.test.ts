// Random hours of strangers, codes, links, decisions and restarts.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PairingRequest } from '../../src/core/pairing.ts';
import { hour, openPairing, type World, wrote } from './pairing-world.ts';

type Act =
  | { readonly kind: 'write'; readonly person: number; readonly account: 'default' | 'work' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'approve' | 'deny'; readonly nth: number; readonly cli: boolean }
  | { readonly kind: 'revoke'; readonly person: number }
  | { readonly kind: 'link' }
  | { readonly kind: 'claim'; readonly person: number; readonly nth: number }
  | { readonly kind: 'sweep' };

const person = fc.nat(7);
const nth = fc.nat(5);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      person,
      account: fc.constantFrom('default' as const, 'work' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, hour / 3, hour - 1, hour, 25 * hour),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('approve' as const, 'deny' as const), nth, cli: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), person }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'link' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('claim' as const), person, nth }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
);

/** What happened so far, for the acts that refer to it. */
interface Past {
  readonly requests: PairingRequest[];
  readonly links: { readonly token: string; readonly at: number }[];
}

async function perform(
  world: World,
  past: Past,
  { act, id }: { readonly act: Act; readonly id: string },
): Promise<unknown> {
  const { pairing, clock } = world;
  switch (act.kind) {
    case 'write': {
      const name = `p${act.person}`;
      const route = { channel: 'telegram', account: act.account, chat: name } as const;
      const asked = pairing.paired().has(`telegram:${name}`)
        ? undefined
        : await pairing.ask(wrote(name, 'hi', { id, route }));
      if (asked?.kind === 'ask') past.requests.push(asked.request);
      return asked;
    }
    case 'wait':
      return clock.advance(act.ms);
    case 'approve':
    case 'deny': {
      const code = past.requests.at(-1 - act.nth)?.code ?? 'NONE';
      if (act.kind === 'deny') return pairing.deny({ code });
      return pairing.approve({ code }, act.cli ? { via: 'cli' } : { via: 'chat', person: 'telegram:o' });
    }
    case 'revoke':
      return pairing.revoke(`telegram:p${act.person}`);
    case 'link':
      past.links.push({ token: await pairing.link('telegram', 'default'), at: clock.now() });
      return past.links.at(-1);
    case 'claim': {
      const token = past.links.at(-1 - act.nth)?.token ?? 'NONE';
      return pairing.claim(wrote(`p${act.person}`, `/start ${token}`, { id }));
    }
    case 'sweep':
      return pairing.sweep(clock.now());
  }
}

/** The rules, by what was answered and not by how it is kept. */
function check(
  world: World,
  { requests }: Past,
  { act, answer }: { readonly act: Act; readonly answer: unknown },
): void {
  const now = world.clock.now();
  const pending = world.pairing.pending(now);
  for (const account of ['default', 'work'])
    expect(pending.filter((one) => one.route.account === account).length).toBeLessThanOrEqual(3);
  for (const one of pending) expect(now - one.at).toBeLessThan(hour);
  for (const [index, one] of requests.entries()) {
    const before = requests.slice(0, index).findLast((other) => other.id === one.id);
    if (before !== undefined) expect(one.at - before.at).toBeGreaterThanOrEqual(hour);
  }
  const owner = world.pairing.owner();
  if (owner !== undefined) expect(world.pairing.paired().has(owner)).toBe(true);
  if (act.kind !== 'approve' && act.kind !== 'deny') return;
  const request = requests.at(-1 - act.nth);
  const late = request === undefined || now - request.at >= hour;
  // A decision made in time is repeated, never a new one made late.
  if (late && act.kind === 'approve' && (answer as { ok: boolean }).ok)
    expect(world.pairing.people().find((one) => one.id === request?.id)?.since).toBeLessThan((request?.at ?? 0) + hour);
}

it('never has more than three waiting, answers a sender once an hour, and is the same after any restart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const [steady, restarted] = [await openPairing(), await openPairing()];
      const pasts: readonly [Past, Past] = [
        { requests: [], links: [] },
        { requests: [], links: [] },
      ];
      for (const [index, each] of acts.entries()) {
        await restarted.reopen();
        const step = { act: each, id: `m${index}` };
        const answer = await perform(steady, pasts[0], step);
        expect(await perform(restarted, pasts[1], step)).toEqual(answer);
        expect(restarted.pairing.view()).toEqual(steady.pairing.view());
        expect([...restarted.pairing.paired()]).toEqual(steady.pairing.people().map((one) => one.id));
        check(steady, pasts[0], { act: each, answer });
      }
      await Promise.all([steady.database.close(), restarted.database.close()]);
    }),
    { numRuns: 300 },
  );
});
