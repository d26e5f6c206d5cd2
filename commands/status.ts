// /status: is everything up, what is this session, how full are the lanes. The owner also sees the machine room.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { age, elapsed, timestamp, titled } from '../src/core/format.ts';
import { isTerminal, shortId } from '../src/core/run.ts';
import type { LaneView, StatusView } from '../src/core/services.ts';
import { idleWords, maxAgeWords } from './binding-words.ts';
import { reply } from './replies.ts';
import { statusWord } from './run-words.ts';

export const status: Command = {
  name: 'status',
  summary: 'This session and the lanes; for the owner the whole process.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary:
        'Session, agent, model, queue mode, run, binding and lanes; for the owner also version, config, channels, outbox.',
      syntax: '/status',
      example: '/status',
      params: [],
      flags: [],
      view: true,
      run: showStatus,
    },
  ],
};

async function showStatus(call: Call): Promise<Reply> {
  const view = await call.services.status();
  const own = [...(await sessionLines(call)), `lanes: ${view.lanes.map(laneWords).join(', ')}`];
  const now = call.services.now();
  const lines = call.caller.class === 'owner' ? [...processLines(view, now), ...own, ...outsideLines(view)] : own;
  return reply(titled('Status:', lines));
}

/** `main 2/4 (+1)`: active, width, and how many wait. */
function laneWords(lane: LaneView): string {
  return `${lane.name} ${lane.active}/${lane.width}${lane.waiting === 0 ? '' : ` (+${lane.waiting})`}`;
}

function processLines(view: StatusView, now: number): readonly string[] {
  const { config } = view;
  const newer = config.fileChangedAt !== undefined && config.fileChangedAt > config.loadedAt;
  return [
    `version: ${view.version}, up ${elapsed(view.uptimeMs)}, generation ${view.generation}`,
    ...(view.draining ? ['⏳ restarting: no new work is taken'] : []),
    `config: ${configWords(config, now)}`,
    ...(newer && config.fileChangedAt !== undefined
      ? [
          `⚠️ config file is newer: changed ${timestamp(config.fileChangedAt, now)}, not loaded; a new chat does not reload it`,
        ]
      : []),
    ...(config.error === undefined ? [] : [`⚠️ config: ${config.error}`]),
  ];
}

/** Where the settings in use come from. */
export function configWords(config: StatusView['config'], now: number): string {
  if (!config.exists) return `defaults, there is no file ${config.path}`;
  return `${config.path}, loaded ${timestamp(config.loadedAt, now)}`;
}

async function sessionLines(call: Call): Promise<readonly string[]> {
  const { session, services } = call;
  const now = services.now();
  const model = session.model ?? services.agents().find((agent) => agent.id === session.agentId)?.model ?? 'n/a';
  const queue = services.sessions.queue(session);
  const binding = await services.bindings.at(call.route);
  return [
    `session: ${session.key}`,
    `agent: ${session.agentId}`,
    `model: ${model}`,
    `queue: ${queue.settings.mode}, ${queue.waiting} waiting`,
    `run: ${await runWords(call)}`,
    ...questionLines(call),
    binding === undefined
      ? 'binding: none'
      : `binding: ${binding.label}${call.gone === undefined ? '' : ' (its session is gone: /unfocus)'}; idle ${idleWords(binding, now)}; max age ${maxAgeWords(binding, now)}`,
  ];
}

/** Questions this person may answer, those of this conversation first. */
function questionLines({ services, ...place }: Call): readonly string[] {
  const now = services.now();
  return services.approvals
    .open(place)
    .toSorted((a, b) => Number(b.here) - Number(a.here))
    .map(({ code, asker, title, expires }) => {
      const left = expires === undefined ? '' : `, ${age(expires - now)} left`;
      return `❓ ${asker} asks: ${title} (/approve ${code}, /deny ${code}${left})`;
    });
}

async function runWords(call: Call): Promise<string> {
  const { run: view, busy, awaited } = await call.services.runs.current(call);
  const turn = awaited ? 'awaiting approval' : busy ? 'a turn is under way' : 'none';
  if (view === undefined) return turn;
  const ended = isTerminal(view.run.state.status);
  const now = call.services.now();
  return `${shortId(view.run.id)} ${statusWord(view, now)}${ended && busy ? `, ${turn}` : ''}`;
}

/** How one channel stands, in sentences: `telegram:default: failed. Telegram does not accept the token.` */
export function channelWords({ id, state, detail }: StatusView['channels'][number]): string {
  return `${id}: ${state}. ${detail}`;
}

/** Not a fault of ours, but the reason why somebody gets nothing. */
export function closedWords({ chat, reason }: StatusView['closed'][number]): string {
  return `ℹ️ nothing can be sent to ${chat}: ${reason}`;
}

function outsideLines(view: StatusView): readonly string[] {
  return [
    ...(view.channels.length === 0 ? ['channels: (none)'] : view.channels.map((one) => `channel ${channelWords(one)}`)),
    `ACP: ${view.acp.enabled ? view.acp.mode : 'off'}`,
    `outbox: ${view.outbox.pending} pending, ${view.outbox.undelivered} undelivered`,
    ...view.closed.map(closedWords),
  ];
}
