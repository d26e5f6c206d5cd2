// However people answer, on whichever surface and at the same moment: one decision each, by somebody who may, and the harness
// hears that one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ApprovalAnswer } from '../../src/acp/asking.ts';
import { approval } from '../../src/approvals/rows.ts';
import { type ApprovalWorld, aRequest, bo, cy, openApprovalWorld, owner, place, starter } from './world.ts';

const surfaces = ['button', 'thumb', 'typed'] as const;
const people = ['ann', 'bo', 'cy', 'eve'] as const;
const mayAnswer = ['ann', 'bo'] as const;

interface Answer {
  readonly surface: (typeof surfaces)[number];
  readonly who: (typeof people)[number];
  /** 0 once, 1 session, 2 deny. */
  readonly choice: number;
}

interface Race {
  readonly channel: 'telegram' | 'whatsapp';
  readonly answers: readonly Answer[];
  /** What else happens in the same moment. */
  readonly lapse: 'none' | 'abort' | 'undelivered';
}

const [racesAtOnce, rounds] = [100, 100];

const answer = fc.record<Answer>({
  surface: fc.constantFrom(...surfaces),
  who: fc.constantFrom(...people),
  choice: fc.nat({ max: 2 }),
});
const race = fc.record<Race>({
  channel: fc.constantFrom('telegram', 'whatsapp'),
  answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
  lapse: fc.constantFrom('none', 'none', 'none', 'none', 'abort', 'undelivered'),
});
/** Everything of a batch happens at once; in some, the time of all questions is over a few steps later. */
const batch = fc.record({
  races: fc.array(race, { minLength: racesAtOnce, maxLength: racesAtOnce }),
  timeUp: fc.constantFrom(undefined, undefined, undefined, 0, 1, 2, 3, 4, 5),
});

const verdicts = ['once', 'session', 'deny'] as const;

async function answered(world: ApprovalWorld, id: string, { surface, who, choice }: Answer): Promise<void> {
  const { ids, messageId, route } = world.question(id);
  switch (surface) {
    case 'button':
      await world.press(ids[choice] ?? '', who, route);
      return;
    case 'thumb':
      await world.react(choice === 2 ? '👎' : '👍', messageId, who, route);
      return;
    case 'typed': {
      // A stranger's command is not heard at all.
      if (who === 'eve') return;
      const caller = { ann: owner, bo: { ...bo, id: `${route.channel}:bo` }, cy }[who];
      const line = choice === 2 ? `/deny ${id}` : `/approve ${id} ${verdicts[choice]}`;
      await world.type(line, { caller, route });
    }
  }
}

const step = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Started {
  readonly id: string;
  readonly race: Race;
  readonly work: AbortController;
  readonly heard: Promise<ApprovalAnswer>;
}

async function started(world: ApprovalWorld, id: string, race: Race): Promise<Started> {
  const work = new AbortController();
  world.audience = { route: place(race.channel, id), approver: starter(race.channel), run: undefined };
  const heard = world.broker.ask(aRequest({ id, session: `agent:claude:acp:${id}` }), work.signal);
  while (approval(world.database.read, id) === undefined) await step();
  return { id, race, work, heard };
}

/** Plays one race; gives what the harness heard. */
async function played(
  world: ApprovalWorld,
  { id, race, work, heard }: Started,
  ends: boolean,
): Promise<ApprovalAnswer> {
  const all = race.answers.map((each) => answered(world, id, each));
  if (race.lapse === 'abort') work.abort();
  if (race.lapse === 'undelivered') world.broker.undelivered(`approval:${id}`);
  await Promise.all(all);
  // Nobody who may has answered, and its time is not over: the end of the work ends it.
  if (ends && world.how(id) === undefined) work.abort();
  return await heard;
}

test('10,000 questions answered on three surfaces at once are decided once each', { timeout: 240_000 }, async () => {
  let count = 0;
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(batch, async ({ races, timeUp }) => {
      const world = openApprovalWorld();
      const asked = await Promise.all(races.map((each, n) => started(world, `race-${n}`, each)));
      await step();
      const playing = asked.map((each) => played(world, each, timeUp === undefined));
      for (let n = 0; n < (timeUp ?? 0); n += 1) await step();
      if (timeUp !== undefined) await world.clock.advance(300_000);
      const heard = await Promise.all(playing);
      for (const [n, { id, race: each }] of asked.entries()) {
        const said = heard[n];
        const row = approval(world.database.read, id);
        const how = row?.end?.how;
        const by = row?.end?.by?.id.split(':')[1];
        const decided = verdicts.some((verdict) => verdict === how);
        expect(said, JSON.stringify(each)).toBe(decided ? how : how === 'unreached' ? 'nobody' : 'expired');
        if (decided) {
          // By one of those who answered so, and may.
          expect(mayAnswer).toContain(by);
          const same = ({ who, surface, choice }: Answer): boolean =>
            who === by && (surface === 'thumb' ? (choice === 2 ? 'deny' : 'once') : verdicts[choice]) === how;
          expect(each.answers.some(same)).toBe(true);
        }
        expect(world.question(id).shown).toBeDefined();
        expect(world.question(id).shown).toBe(world.question(id).replaced);
        seen.add(how ?? 'open');
        count += 1;
      }
      // Each question has one answer that was taken, however many were given.
      const taken = world.replies.filter((reply) => reply.startsWith('✅')).length;
      const wanted = asked.filter(({ id }) => verdicts.some((verdict) => verdict === world.how(id))).length;
      expect(taken).toBe(wanted);
      await world.close();
    }),
    { numRuns: rounds },
  );
  expect(count).toBe(racesAtOnce * rounds);
  expect([...seen].sort()).toEqual(['cancelled', 'deny', 'expired', 'once', 'session', 'unreached']);
});
