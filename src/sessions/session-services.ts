// What commands can do with sessions: reset, read back, queue settings. Implements SessionServices of src/core/services.ts.
import type { CommandPlace } from '../core/command.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import type { ChannelId } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import type { SessionServices, StopReport } from '../core/services.ts';
import type { QueueSettings, Session, SessionKey } from '../core/session.ts';
import type { Config } from '../infra/config.ts';
import { cleanEntries } from './history.ts';
import type { Sessions } from './sessions.ts';
import type { Transcripts } from './transcript.ts';

export interface SessionServicesDeps {
  readonly sessions: Sessions;
  readonly transcripts: Transcripts;
  readonly config: () => Config;
  readonly stop: (session: SessionKey) => Promise<StopReport>;
  readonly waiting: (session: SessionKey) => number;
  readonly contextTokens: (model: string) => number;
}

/** Queue settings of a session: its own, over those of its channel, over the general ones. */
export function queueSettings(config: Config, session: Session): QueueSettings {
  const { byChannel, ...general } = config.messages.queue;
  const channel = session.lastChannel as ChannelId | undefined;
  const ofChannel = channel === undefined ? undefined : byChannel[channel];
  return { ...general, ...(ofChannel === undefined ? {} : { mode: ofChannel }), ...defined(session.queue) };
}

function defined(settings: Session['queue']): Partial<QueueSettings> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));
}

export function sessionServices(deps: SessionServicesDeps): SessionServices {
  return {
    async reset(place: CommandPlace) {
      const report = await deps.stop(place.session.key);
      if (report.failed.length > 0) {
        const names = report.failed.map((run) => run.label).join(', ');
        return refuse(
          'not_stopped',
          `Not reset: ${names} did not stop.`,
          'They are being forced; try /new again in ten seconds.',
        );
      }
      await deps.sessions.reset(place.session.key);
      return ok({ stopped: report.stopped.length });
    },
    log: (key, limit, tools) => readLog(deps, key, { limit, tools }),
    transcriptPath: async (run: Run) => deps.transcripts.path(run.childSessionId),
    contextTokens: (_agentId, model) => deps.contextTokens(model),
    queue: (session) => ({
      settings: queueSettings(deps.config(), session),
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

/** Cleaned lines of a session's transcript, newest last. */
export async function readLog(
  deps: Pick<SessionServicesDeps, 'sessions' | 'transcripts'>,
  key: SessionKey,
  options: { readonly limit: number; readonly tools: boolean },
): Promise<Result<ReturnType<typeof cleanEntries>>> {
  const session = await deps.sessions.get(key);
  if (session === undefined)
    return refuse('archived', 'This session is archived.', 'Its transcript is kept in the state folder.');
  return ok(cleanEntries(await deps.transcripts.read(session.id), options));
}
