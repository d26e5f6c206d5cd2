// Loads the AI SDK on first use: it costs start time and memory that an idle process does not pay. Used inside src/agents.

type Sdk = typeof import('ai');

/** The SDK prints warnings to the console by itself unless told not to. */
export function loadSdk(): Promise<Sdk> {
  globalThis.AI_SDK_LOG_WARNINGS = false;
  return import('ai');
}
