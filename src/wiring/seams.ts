// Where whoever embeds the app may step between its parts, to watch or to break off at a named place. Nothing stands there in
// production. The parts come in with AppOptions and EngineParts.
import type { AgentRuntime } from '../core/agent.ts';
import type { ChannelAdapter } from '../core/channel.ts';
import type { Database } from '../infra/database.ts';

/** Each gets the real part and gives what is used in its place. */
export interface Seams {
  /** Every transaction and every read. */
  readonly database?: (database: Database) => Database;
  /** Every account of a platform, once it is opened. */
  readonly adapter?: (adapter: ChannelAdapter) => ChannelAdapter;
  /** Asked for every turn, native or of a coding agent. */
  readonly runtime?: (runtime: AgentRuntime) => AgentRuntime;
}
