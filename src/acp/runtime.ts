// Runs turns in external coding agents: the AgentRuntime of harness sessions. Made by the wiring.
import type { AgentRuntime, TurnEvent, TurnPrompt } from '../core/agent.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Tool } from '../core/tool.ts';
import { acpErrorText, acpFault, faultOf } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import type { HarnessSessions, NewSession } from './sessions.ts';
import type { AcpStats } from './stats.ts';
import type { SteerOutcome } from './steer.ts';
import { HarnessTurn } from './turn.ts';
import type { TurnDeps } from './turn-input.ts';

export interface AcpRuntimeDeps extends Omit<TurnDeps, 'sessions'> {
  readonly sessions: Pick<HarnessSessions, 'acquire' | 'release' | 'obtain'>;
  readonly stats: Pick<AcpStats, 'begin'>;
  /** Harness and folder of a session that has none yet. Throws an `AcpError` where it may have none. */
  readonly describe: (session: Session) => Omit<NewSession, 'key' | 'memory'>;
}

export class AcpRuntime implements AgentRuntime {
  readonly kind = 'acp';
  readonly #deps: AcpRuntimeDeps;
  readonly #turns = new Map<SessionKey, HarnessTurn>();

  constructor(deps: AcpRuntimeDeps) {
    this.#deps = deps;
  }

  async *turn(
    session: Session,
    prompt: TurnPrompt,
    _tools: readonly Tool[],
    signal: AbortSignal,
  ): AsyncGenerator<TurnEvent> {
    const { clock, stats, sessions } = this.#deps;
    const ended = stats.begin();
    const startedAt = clock.now();
    const abandoned = new AbortController();
    const events = new EventQueue<TurnEvent>();
    try {
      const harness = await sessions.obtain({
        ...this.#deps.describe(session),
        ...{ key: session.key, memory: session.id },
      });
      const turn = new HarnessTurn(this.#deps, {
        ...{ session, harness, prompt, emit: (event) => events.push(event) },
        signal: AbortSignal.any([signal, abandoned.signal]),
      });
      this.#turns.set(session.key, turn);
      const played = turn.run().then(({ outcome, fault, notice }) => {
        if (this.#turns.get(session.key) === turn) this.#turns.delete(session.key);
        ended(clock.now() - startedAt, fault?.code);
        if (notice !== undefined) events.push({ type: 'notice', text: notice });
        events.push({ type: 'settled', outcome });
        events.end();
      });
      played.catch((error: unknown) => events.fail(error));
      yield* events;
    } catch (error) {
      const fault = faultOf(error, (message) => acpFault.initFailed(session.agentId, message));
      ended(clock.now() - startedAt, fault.code);
      yield { type: 'settled', outcome: { kind: 'error', code: fault.code, message: acpErrorText(fault) } };
    } finally {
      // The consumer walked away: nothing may go on running for it.
      abandoned.abort();
    }
  }

  async steer(session: SessionKey, text: string): Promise<'injected' | 'no-turn'> {
    return (await this.steerNow(session, text)) === 'no-turn' ? 'no-turn' : 'injected';
  }

  /** As `steer`, and says what became of the text: `queued` while the harness gets ready. */
  async steerNow(session: SessionKey, text: string): Promise<SteerOutcome> {
    return (await this.#turns.get(session)?.push(text)) ?? 'no-turn';
  }

  /** The engine holds messages for the running turn of this session: they go in now. */
  nudge(session: SessionKey): void {
    this.#turns.get(session)?.nudge();
  }
}
