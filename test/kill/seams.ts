// Stands between the parts of the real app and passes failpoints: before and after every transaction, every call to a platform,
// every step of a turn and every tool. Used by program.ts.
import { Socket } from 'node:net';
import type { AgentRuntime, TurnEvent } from '../../src/core/agent.ts';
import type { ChannelAdapter, ChannelEvents } from '../../src/core/channel.ts';
import type { Tool } from '../../src/core/tool.ts';
import type { Database, Sql } from '../../src/infra/database.ts';
import type { Seams } from '../../src/wiring/seams.ts';
import { statementName, transactionName } from './statements.ts';

export type Reached = (name: string) => void;

export function deadlySeams(reached: Reached): Seams {
  const calls = new CallsUnderWay();
  watchWire(reached, calls);
  return {
    database: (database) => watchedDatabase(database, reached),
    adapter: (adapter) => watchedAdapter(adapter, reached, calls),
    runtime: (runtime) => watchedRuntime(runtime, reached),
  };
}

/** Before: all is written, nothing committed. After: committed, and nobody has been told. */
function watchedDatabase(database: Database, reached: Reached): Database {
  return {
    read: database.read,
    onUnreadable: (listener) => database.onUnreadable(listener),
    close: () => database.close(),
    write: async <T>(work: (sql: Sql) => T): Promise<T> => {
      let name = '';
      const value = await database.write((sql) => {
        const names: string[] = [];
        const result = work(listening(sql, names));
        name = transactionName(names);
        if (name !== '') reached(`before ${name}`);
        return result;
      });
      if (name !== '') reached(`after ${name}`);
      return value;
    },
  };
}

function listening(sql: Sql, names: string[]): Sql {
  return {
    get: (text, ...values) => sql.get(text, ...values),
    all: (text, ...values) => sql.all(text, ...values),
    unreadable: (found, error) => sql.unreadable(found, error),
    run: (text, ...values) => {
      const name = statementName(text, values);
      if (name !== undefined) names.push(name);
      return sql.run(text, ...values);
    },
  };
}

/** What is asked of a platform at the moment. */
class CallsUnderWay {
  readonly #names: string[] = [];

  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#names.push(name);
    try {
      return await work();
    } finally {
      this.#names.splice(this.#names.indexOf(name), 1);
    }
  }

  get newest(): string | undefined {
    return this.#names.at(-1);
  }
}

/** Calls that people see something of. */
const watched: ReadonlyMap<PropertyKey, string> = new Map([
  ['deliver', 'send'],
  ['edit', 'edit'],
  ['openThread', 'thread'],
]);

function watchedAdapter(real: ChannelAdapter, reached: Reached, calls: CallsUnderWay): ChannelAdapter {
  return new Proxy(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const name = watched.get(key);
      if (key === 'start') return (events: ChannelEvents) => target.start(watchedEvents(events, reached));
      if (key === 'signal')
        return (...args: unknown[]) => {
          reached('before sign');
          Reflect.apply(value, target, args);
          reached('after sign');
        };
      if (name === undefined) return value.bind(target);
      return async (...args: unknown[]) => {
        reached(`before ${name}`);
        const result: unknown = await calls.during(name, () => Reflect.apply(value, target, args));
        reached(`after ${name}`);
        return result;
      };
    },
  });
}

/** A message is taken over from the platform; afterwards it is acknowledged there. */
function watchedEvents(events: ChannelEvents, reached: Reached): ChannelEvents {
  return {
    ...events,
    message: async (message) => {
      reached('before intake');
      await events.message(message);
      reached('after intake');
    },
  };
}

function watchedRuntime(runtime: AgentRuntime, reached: Reached): AgentRuntime {
  return {
    ...runtime,
    kind: runtime.kind,
    steer: (session, text) => runtime.steer(session, text),
    async *turn(session, prompt, tools, signal): AsyncIterable<TurnEvent> {
      reached('before turn');
      for await (const event of runtime.turn(
        session,
        prompt,
        tools.map((tool) => watchedTool(tool, reached)),
        signal,
      )) {
        const name =
          event.type === 'tool'
            ? `tool ${event.phase}`
            : event.type === 'entry'
              ? `entry ${event.entry.type}`
              : event.type;
        if (event.type !== 'text') reached(`before turn event ${name}`);
        yield event;
        if (event.type !== 'text') reached(`after turn event ${name}`);
      }
      reached('after turn');
    },
  };
}

function watchedTool(tool: Tool, reached: Reached): Tool {
  return {
    ...tool,
    run: async (input, context) => {
      reached(`before tool ${tool.name}`);
      const output = await tool.run(input, context);
      reached(`after tool ${tool.name}`);
      return output;
    },
  };
}

/** The bytes have left, an answer cannot have been read: a platform may have done what was asked, and nobody here knows. */
function watchWire(reached: Reached, calls: CallsUnderWay): void {
  const socket = Socket.prototype as unknown as Record<'_write' | '_writev', (...args: unknown[]) => unknown>;
  for (const key of ['_write', '_writev'] as const) {
    const real = socket[key];
    socket[key] = function (this: Socket, ...args: unknown[]) {
      const name = calls.newest;
      const result = Reflect.apply(real, this, args);
      // Nothing is read before the next turn of the event loop, and what fits into the kernel is there by now.
      if (name !== undefined) reached(`wire ${name}`);
      return result;
    };
  }
}
