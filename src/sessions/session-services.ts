// What commands can do with sessions: reset, read back, queue settings. Implements SessionServices of src/core/services.ts.
import type { CommandPlace } from '../core/command.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import type { ChannelId } from '../core/route.ts';
import type { SessionServices, StopReport } from '../core/services.ts';
import type { QueueSettings, Session, SessionKey } from '../core/session.ts';
import type { Config } from '../infra/config.ts';
import { cleanEntries } from './history.ts';
import type { Sessions } from './sessions.ts';
import type { TranscriptStore } from './transcript.ts';

export interface SessionServicesDeps {
  readonly sessions: Sessions;
  readonly transcripts: TranscriptStore;
  readonly config: () => Config;
  readonly stop: (session: SessionKey) => Promise<StopReport>;
  /** Does the work while no turn of the session runs. */
  readonly between: (session: SessionKey, work: () => Promise<void>) => Promise<void>;
  readonly waiting: (session: SessionKey) => number;
  readonly contextTokens: (model: string) => number;
}

/** Queue settings of a session: its own, over those of the channel a message comes from, over the general ones. */
export function queueSettings(config: Config, session: Session, from?: ChannelId): QueueSettings {
  const { byChannel, ...general } = config.messages.queue;
  const channel = from ?? (session.lastChannel as ChannelId | undefined);
  const ofChannel = channel === undefined ? undefined : byChannel[channel];
  return { ...general, ...(ofChannel === undefined ? {} : { mode: ofChannel }), ...defined(session.queue) };
}

function defined(settings: Session['queue']): Partial<QueueSettings> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));
}

export function sessionServices(deps: SessionServicesDeps): SessionServices {
  return {
    async reset(place: CommandPlace) {
      const { key } = place.session;
      const stopped = deps.stop(key);
      // In line right behind what is stopped: what is said from now on comes after it.
      const done = deps.between(key, async () => {
        if (leftBy(await stopped).length === 0) await deps.sessions.reset(key);
      });
      // What does not stop keeps its place for a while. That is said at once, and nothing is done then: nobody waits for it.
      done.catch(() => undefined);
      const report = await stopped;
      const left = leftBy(report);
      if (left.length > 0) {
        const fix = `${left.length === 1 ? 'It is' : 'They are'} being forced; try /new again in ten seconds.`;
        return refuse('not_stopped', `Nothing was reset: ${left.join(', ')} did not stop.`, fix);
      }
      await done;
      return ok(report);
    },
    log: (key, limit, tools) => readLog(deps, key, { limit, tools }),
    async files(run) {
      const session = await deps.sessions.get(run.child);
      const sessionId = session?.id ?? run.childSessionId;
      const path = deps.transcripts.path(sessionId);
      return { sessionId, transcript: session === undefined ? `${path}.deleted.*` : path };
    },
    contextTokens: (_agentId, model) => deps.contextTokens(model),
    queue: (session, from) => ({
      settings: queueSettings(deps.config(), session, from),
      waiting: deps.waiting(session.key),
      overridden: session.queue !== undefined,
    }),
    async setQueue(key, change) {
      const changed = await deps.sessions.update(key, ({ queue, ...session }) =>
        change === 'default' ? session : { ...session, queue: { ...queue, ...change } },
      );
      if (changed === undefined) throw new Error(`session ${key} is gone`);
      return changed;
    },
  };
}

/** What did not stop, in words. */
function leftBy({ wedged, failed }: StopReport): readonly string[] {
  return [...(wedged ? ['the turn here'] : []), ...failed.map((run) => run.label)];
}

/** Cleaned lines of a session's transcript, newest last. */
export async function readLog(
  deps: Pick<SessionServicesDeps, 'sessions' | 'transcripts'>,
  key: SessionKey,
  options: { readonly limit: number; readonly tools: boolean },
): Promise<Result<ReturnType<typeof cleanEntries>>> {
  const session = await deps.sessions.get(key);
  if (session === undefined)
    return refuse(
      'archived',
      'This session is archived; its messages are no longer shown.',
      'The transcript is kept in the state folder, renamed to *.deleted.*',
    );
  return ok(cleanEntries(await deps.transcripts.read(session.id), options));
}
