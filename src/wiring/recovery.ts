// What a start does with all the last process left, in this order. Called by engine.ts before channels take messages in.
// 1 which turns were cut off, and what becomes of each; who sleeps  2 runs and what is owed  3 what is given up, told  4 open messages
// 5 cut-off turns that nothing else brings back  6 one line for the log, one message for the owner
import { wakeId } from '../agents/open-turns.ts';
import { givenUpNote } from '../agents/resume.ts';
import { clip, oneLine } from '../core/format.ts';
import { type Route, routeKey } from '../core/route.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import type { InboxRow, InternalItem, StoredMessage } from '../inbound/inbox.ts';
import { itemId, ticketsOf } from '../inbound/tickets.ts';
import { type CutTurn, turnFate, wasInterrupted, wasSpokenTo } from '../runs/fates.ts';
import { type RecoveredRuns, recoverRuns } from '../runs/recovery.ts';
import { completionRun } from '../runs/turn-end.ts';
import { unmarked } from '../sessions/sessions.ts';
import type { Engine } from './engine.ts';
import { originOf } from './origin.ts';
import { restartText } from './restart-text.ts';
import { tellOf, untold } from './set-aside.ts';
import { sleepOn } from './sleep.ts';
import { isWork } from './turns.ts';

/** What was done before, for the one line in the log. */
export interface Before {
  /** Programs of the last process that were still running. */
  readonly orphans: number;
  /** Questions to people that nobody waits for any more. */
  readonly questions: number;
}

type Parts = Pick<Engine, 'parts' | 'stores' | 'delivery' | 'acp' | 'layer' | 'receiver' | 'generation'>;

export async function takeUp(engine: Parts, found: Before): Promise<void> {
  const cut = await cutTurns(engine);
  const open = engine.stores.inbox.open();
  const before = engine.stores.registry.owed();
  await sleepOn(engine);
  const runs = await takeUpRuns(engine, cut, open);
  // What was stopped here takes along what nobody was told yet.
  const owed = before.filter(({ id }) => engine.stores.registry.get(id)?.delivery.state !== 'skipped');
  const given = cut.filter(({ fate }) => fate === 'given up');
  const direct = new Set(given.flatMap(({ items }) => items.filter(isCompletion).map(completionRun)));
  const handed = await handedOver(engine, owed, direct);
  for (const run of owed) engine.layer.announcer.owe(run, direct.has(run.id));
  const judged = cut.map((turn) => ({ ...turn, fate: fateAfter(engine, turn) }));
  const left = await closeTurns(engine, judged, open);
  await resumeMail(engine, left, cut);
  const again = judged.filter(({ fate }) => fate === 'again');
  for (const turn of again) await wake(engine, turn, { open: left, handed });
  const counts = {
    ...{ started: runs.started.length, resumed: again.length, ended: runs.ended.length, givenUp: given.length },
    ...{ owed: owed.length, messages: left.length, ...found },
  };
  if (Object.values(counts).some((count) => count > 0))
    engine.parts.log.info({ generation: engine.generation, ...counts }, 'took up what the last process left');
  const chats = (turns: readonly CutTurn[]): number => turns.filter((each) => !isRun(engine, each.session)).length;
  await tellOwner(engine, runs, { resumed: chats(again.filter(({ worked }) => worked)), ended: chats(given) });
}

async function cutTurns(engine: Parts): Promise<readonly CutTurn[]> {
  const { stores, parts } = engine;
  const now = parts.clock.now();
  return Promise.all(
    stores.openTurns.all().map(async (turn): Promise<CutTurn> => {
      const session = await stores.sessions.get(turn.session);
      const worked = await isWork(engine, turn);
      const fate = turnFate(turn, { session, run: stores.registry.byChild(turn.session), worked, now });
      if (fate !== 'over') await stores.sessions.update(turn.session, (each) => ({ ...each, abortedLastRun: true }));
      return { ...turn, fate, worked };
    }),
  );
}

/** Runs whose result comes to whoever waits for it once more. Others are posted, or nobody is told any more. */
async function handedOver(
  { layer }: Parts,
  owed: readonly Run[],
  direct: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const plans = await Promise.all(
    owed.map(async (run) => ({ id: run.id, plan: direct.has(run.id) ? undefined : await layer.announcer.plan(run) })),
  );
  return new Set(plans.filter(({ plan }) => plan?.kind === 'handover').map(({ id }) => id));
}

/** Its run may have ended for another reason. */
function fateAfter({ stores }: Parts, turn: CutTurn): CutTurn['fate'] {
  return turn.fate === 'again' && ended(stores.registry.byChild(turn.session)) && !wasSpokenTo(turn)
    ? 'over'
    : turn.fate;
}

async function takeUpRuns(engine: Parts, cut: readonly CutTurn[], open: readonly InboxRow[]): Promise<RecoveredRuns> {
  const { stores, layer, parts } = engine;
  return recoverRuns({
    ...{ database: stores.database, registry: stores.registry, sessions: stores.sessions },
    ...{ clock: parts.clock, log: parts.log },
    archiveMinutes: () => parts.config().agents.defaults.subagents.archiveAfterMinutes,
    turns: new Map(cut.map((turn) => [turn.session, turn])),
    mail: await addressed(engine, open),
    start: (run, requester) => layer.spawner.begin(run, requester),
    resume: (run, session) => {
      const { id, task, tree } = run;
      const item = {
        id: `task:${id}`,
        kind: 'task',
        text: task,
        at: parts.clock.now(),
        tree,
        steerable: false,
      } as const;
      layer.turns.offer(session, item);
    },
    finish: (run) => layer.announcer.finish(run),
    ended: (run) => {
      // Nobody is left there to be woken by what the ends of its children bring.
      layer.turns.clear(run.child);
      layer.ended(run);
    },
  });
}

/** Sessions for which messages are stored, as far as that is known before they are routed. */
async function addressed({ delivery }: Parts, open: readonly InboxRow[]): Promise<ReadonlySet<SessionKey>> {
  const sessions = open.map(async (row) =>
    row.kind === 'message' ? (await delivery.bindings.at(row.message.route))?.session : row.session,
  );
  return new Set((await Promise.all(sessions)).filter((key) => key !== undefined));
}

/** Ends for good what does not go on, and says so where it was asked for. Returns the messages that are still open. */
async function closeTurns(
  engine: Parts,
  cut: readonly CutTurn[],
  open: readonly InboxRow[],
): Promise<readonly InboxRow[]> {
  const { stores, delivery, parts } = engine;
  const closed = new Set<number>();
  for (const given of cut) {
    const { session, turn, items, fate } = given;
    if (fate === 'again') continue;
    const tickets = fate === 'given up' ? ticketsOf(items) : [];
    const rows = open.filter(({ ticket }) => tickets.includes(ticket));
    for (const { ticket } of rows) closed.add(ticket);
    const said = placesOf(rows);
    const places: readonly { readonly route: Route; readonly text?: string }[] =
      said.length > 0 || fate !== 'given up' ? said : await placeOf(engine, given);
    await stores.database.write((sql) => {
      stores.inbox.dropIn(sql, tickets, 'interrupted');
      stores.openTurns.ended(sql, session, turn);
      for (const { route, text } of places) {
        const key = `interrupted:${turn}:${routeKey(route)}`;
        delivery.enqueue(sql, { key, route, message: { text: givenUp(text) }, priority: 'reply', session });
      }
    });
    const run = stores.registry.byChild(session);
    const keepsMark = run !== undefined && wasInterrupted(run);
    if (fate === 'over' && !keepsMark) await stores.sessions.update(session, unmarked);
    const record = fate === 'given up' ? await stores.sessions.get(session) : undefined;
    if (record === undefined) continue;
    const note = { type: 'note', at: parts.clock.now(), turn, text: givenUpNote } as const;
    await stores.transcripts.append(record.id, note);
  }
  return open.filter(({ ticket }) => !closed.has(ticket));
}

/** Each place once, with what was said there last. */
function placesOf(rows: readonly InboxRow[]): readonly { readonly route: Route; readonly text: string }[] {
  const said = rows.flatMap((row) => {
    const { route, text } = row.kind === 'message' ? row.message : row.item;
    return route === undefined ? [] : [[routeKey(route), { route, text }] as const];
  });
  return [...new Map(said).values()];
}

/** Of a chat's turn that nothing else tells of: what it began with was neither said by anybody nor a result. */
async function placeOf({ stores }: Parts, { session, items }: CutTurn): Promise<readonly { readonly route: Route }[]> {
  const record = await stores.sessions.get(session);
  const route = record?.kind === 'chat' && !items.some(isCompletion) ? originOf(stores, record) : undefined;
  return route === undefined ? [] : [{ route }];
}

function givenUp(text: string | undefined): string {
  const what = text === undefined ? 'what the agent was doing here' : `«${clip(oneLine(text), 80)}»`;
  return `⚠️ restarts cut this off again and again, and it was given up: ${what}. Check what it may have done already, then say it again.`;
}

/** Open messages in the order they came in: each has its place before a note of a command or an agent gets one. */
async function resumeMail(engine: Parts, open: readonly InboxRow[], cut: readonly CutTurn[]): Promise<void> {
  const begun = new Map(cut.flatMap(({ items, session, tree }) => items.map((id) => [id, { session, tree }] as const)));
  let taken: Promise<void>[] = [];
  for (const row of open) {
    const { ticket, at } = row;
    if (row.kind === 'message')
      taken.push(engine.receiver.take(ticket, asKnown(engine, row), { at, begun: begun.get(itemId(ticket)) }));
    else if (row.session !== undefined) {
      await Promise.all(taken);
      taken = [];
      await resumeNote(engine, row, row.session, row.item);
    }
  }
  await Promise.all(taken);
}

/** Its sender may have another id by now. */
function asKnown({ stores }: Parts, { message, notes }: StoredMessage): StoredMessage {
  const sender = stores.persons.whole(message.route.channel, message.sender);
  return { message: { ...message, sender }, notes };
}

/** A message that a command or an agent had put into a session before the restart. */
async function resumeNote(
  { stores, layer }: Parts,
  { ticket, at }: Pick<InboxRow, 'ticket' | 'at'>,
  key: string,
  item: Omit<InternalItem, 'session' | 'kind'>,
): Promise<void> {
  const target = await stores.sessions.get(key);
  const { steer = true, from = 'someone', text, route, inPlace = false } = item;
  const id = itemId(ticket);
  if (target !== undefined) layer.messages.resume({ target, text, from, route, inPlace, key: item.key }, { id, steer });
  else layer.unprocessed.add(key, [{ id, kind: 'note', text, from, route, at, tree: '', steerable: false }], 'gone');
}

/**
 * A turn begun by something that was in memory only is brought back by a line of ours.
 * `open` and `handed` as they were at the start: some of that may have been answered by now.
 */
async function wake(
  { stores, layer, parts }: Parts,
  turn: CutTurn,
  { open, handed }: { readonly open: readonly InboxRow[]; readonly handed: ReadonlySet<string> },
): Promise<void> {
  const { registry } = stores;
  const session = await stores.sessions.get(turn.session);
  const run = registry.byChild(turn.session);
  const comes = turn.items.some((id) => {
    if (id.startsWith('task:')) return run !== undefined;
    if (isCompletion(id)) return handed.has(completionRun(id));
    return open.some(({ ticket }) => itemId(ticket) === id);
  });
  if (session === undefined || comes || ended(run)) return;
  const route = session.kind === 'chat' ? originOf(stores, session) : undefined;
  layer.turns.offer(session, {
    ...{ id: wakeId(turn.turn), kind: 'wake', text: '[Go on with what you were doing.]', at: parts.clock.now() },
    ...{ tree: turn.tree, steerable: false },
    ...(route === undefined ? {} : { route }),
  });
}

function ended(run: Run | undefined): boolean {
  return run !== undefined && isTerminal(run.state.status);
}

function isCompletion(itemId: string): boolean {
  return itemId.startsWith('announce:');
}

function isRun({ stores }: Parts, session: SessionKey): boolean {
  return stores.registry.byChild(session) !== undefined;
}

/** Once per start, in the chat the owner last wrote from; nothing where nothing was cut off or set aside. */
async function tellOwner(
  engine: Parts,
  { resumed, ended }: RecoveredRuns,
  answers: { readonly resumed: number; readonly ended: number },
): Promise<void> {
  const { delivery, stores, generation, parts } = engine;
  const setAside = untold(stores);
  const text = restartText({ resumed, ended, answers, setAside });
  const route = text === undefined ? undefined : await delivery.owner.get();
  if (text === undefined || route === undefined) return;
  parts.log.debug({ generation }, 'the owner is told of the restart');
  await tellOf(engine, { key: `restart:${generation}`, route, text }, setAside);
}
