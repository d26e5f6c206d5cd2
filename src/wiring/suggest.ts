// What may be typed next at a place: runs of the conversation, agents, models. One source for the console's tab key and for
// platforms that ask for suggestions. Called by app.ts.
import { type Candidates, valueSuggestions } from '../../commands/complete.ts';
import { statusWord } from '../../commands/run-words.ts';
import type { AgentRegistry } from '../agents/registry.ts';
import type { SuggestAsk, Suggestion } from '../core/channel.ts';
import type { Command, ValueKind } from '../core/command.ts';
import { clip, oneLine } from '../core/format.ts';
import type { InboundMessage } from '../core/message.ts';
import { assertNever } from '../core/result.ts';
import { type Run, shortId } from '../core/run.ts';
import { chatKey } from '../inbound/router.ts';
import { resolveTarget, type TargetScope } from '../runs/targets.ts';
import { codingAgents, codingSessions } from './acp/suggest.ts';
import type { Engine } from './engine.ts';
import { routing } from './receiver.ts';

export interface SuggestParts {
  readonly engine: Engine;
  readonly agents: () => Pick<AgentRegistry, 'list'>;
  readonly table: readonly Command[];
}

/** Whose conversation is asked about. */
export type Asker = Pick<SuggestAsk, 'route' | 'sender' | 'chat' | 'space'>;

/** Runs offered; whoever looks for an older one types its label or id. */
const mostRuns = 50;
const labelChars = 50;
/** A label that is longer is no word anybody types. */
const longestLabel = 100;

export function candidatesAt(parts: SuggestParts, asker: Asker): Candidates {
  return async (kind) => {
    switch (kind) {
      case 'target':
        return runsAt(parts.engine, asker);
      case 'agent':
        return parts
          .agents()
          .list()
          .map(({ id, name }) => ({ value: id, label: name === id ? id : `${id} (${name})` }));
      case 'harness':
        return codingAgents(parts.engine);
      case 'acp':
        return codingSessions(parts.engine, asker);
      case 'approval':
        return questionsFor(parts.engine, asker);
      case 'model':
        return models(parts).map((ref) => ({ value: ref, label: ref }));
      default:
        return assertNever(kind);
    }
  };
}

/** Nothing for people who are not heard here, and nothing of commands they may not use. */
export async function suggest(parts: SuggestParts, ask: SuggestAsk): Promise<readonly Suggestion[]> {
  const command = parts.table.find(({ name }) => name === ask.command);
  const kind = command === undefined ? undefined : kindOf(command, ask);
  if (command === undefined || kind === undefined) return [];
  const standing = parts.engine.receiver.standing(messageOf(ask, `/${command.name}`));
  if (standing === 'stranger' || (command.access === 'owner' && standing !== 'owner')) return [];
  const offered = await valueSuggestions(kind, candidatesAt(parts, ask));
  return offered.filter((each) => fits(each, ask.text)).slice(0, ask.limit);
}

function kindOf(command: Command, { verb, param }: SuggestAsk): ValueKind | undefined {
  const { params = [], flags = [] } = command.verbs.find(({ name }) => name === verb) ?? {};
  return [...params, ...flags].find(({ name }) => name === param)?.value;
}

/** What is asked for is part of a command that is being written. */
function messageOf({ route, sender, chat, space }: Asker, command: string): InboundMessage {
  return {
    ...{ id: 'suggest', route, sender, chat, text: command, native: true, mentionsBot: true },
    ...{ attachments: [], sentAt: 0 },
    ...(space === undefined ? {} : { space }),
  };
}

/** By the beginning of the whole or of any word in it. */
function fits({ label, value }: Suggestion, typed: string): boolean {
  const text = typed.trim().toLowerCase();
  const names = [label.toLowerCase(), value.toLowerCase()];
  return names.some(
    (name) => name.startsWith(text) || name.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(text)),
  );
}

/** Open questions this person may answer. */
function questionsFor(engine: Engine, asker: Asker): readonly Suggestion[] {
  const standing = engine.receiver.standing(messageOf(asker, '/approve'));
  if (standing === 'stranger') return [];
  const id = `${asker.route.channel}:${asker.sender.id}`;
  return engine.approvals
    .openFor({ id, class: standing })
    .map(({ code, asker: by, title }) => ({ value: code, label: clip(oneLine(`${code} ${by}: ${title}`), 80) }));
}

async function runsAt(engine: Engine, asker: Asker): Promise<readonly Suggestion[]> {
  const { stores, delivery, parts } = engine;
  const { registry, numbers } = stores;
  const bound = (await delivery.bindings.at(asker.route))?.session;
  const session = bound ?? chatKey(routing(parts, stores), asker).key;
  const own = bound === undefined ? undefined : registry.byChild(bound);
  // What is under way may be older than many that have ended.
  const found = [...registry.activeBelow(session).toReversed(), ...registry.newestBelow(session, mostRuns)];
  const runs = [...new Map([...(own === undefined ? [] : [own]), ...found].map((run) => [run.id, run])).values()];
  const scope: TargetScope = { runs, numbers: await numbers.list(asker.route) };
  const now = parts.clock.now();
  return runs.map((run) => ({
    value: nameOf(run, scope),
    label: runLine(run, {
      ...{ scope, now, activeChildren: registry.activeChildren(run.child).length },
      awaited: engine.approvals.awaited(run.child),
    }),
  }));
}

/** The label where it means this run alone; else the id. */
function nameOf(run: Run, scope: TargetScope): string {
  const meant = resolveTarget(run.label, scope);
  return meant.ok && meant.value.id === run.id && run.label.length <= longestLabel ? run.label : run.id;
}

function runLine(
  run: Run,
  at: {
    readonly scope: TargetScope;
    readonly now: number;
    readonly activeChildren: number;
    readonly awaited: boolean;
  },
): string {
  const number = at.scope.numbers.find(({ runId }) => runId === run.id)?.number;
  const status = statusWord({ run, activeChildren: at.activeChildren, awaited: at.awaited }, at.now);
  const name = clip(oneLine(run.label), labelChars);
  return `${number === undefined ? '' : `#${number} `}${name} (${status}, ${shortId(run.id)})`;
}

/** Models in use, and those the config describes. */
function models({ engine, agents }: SuggestParts): readonly string[] {
  const providers = Object.entries(engine.parts.config().models.providers);
  const known = providers.flatMap(([id, provider]) => provider.models.map((model) => `${id}/${model.id}`));
  return [
    ...new Set([
      ...agents()
        .list()
        .map((agent) => agent.model),
      ...known,
    ]),
  ];
}
