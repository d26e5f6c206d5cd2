// A tool an agent may call. Implemented in src/tools and src/runs/session-tools.ts; called by src/agents/native.ts.
import type { z } from 'zod';
import type { Run } from './run.ts';
import type { Session } from './session.ts';

export interface ToolContext {
  readonly session: Session;
  /** Turn that makes the call, and the model's id for the call: together an idempotency key. */
  readonly turn: string;
  readonly callId: string;
  readonly signal: AbortSignal;
}

export interface ToolOutput {
  /** What the model reads. JSON tools give JSON text. */
  readonly text: string;
  readonly failed?: boolean;
  /** End the turn after this call: the agent waits for its children. */
  readonly yields?: boolean;
}

/** `read` looks, `write` changes files, `exec` runs programs, `web` fetches, `session` starts or reaches runs, `mcp` is somebody else's. */
export type ToolGroup = 'read' | 'write' | 'exec' | 'web' | 'session' | 'mcp';

export interface Tool {
  readonly name: string;
  readonly group: ToolGroup;
  /** For the model. */
  readonly description: string;
  /** zod for our own tools; MCP servers bring JSON Schema. */
  readonly parameters:
    | { readonly kind: 'zod'; readonly schema: z.ZodType }
    | { readonly kind: 'json'; readonly schema: Record<string, unknown> };
  /** A correct minimal call, shown with a schema error. */
  readonly example: Record<string, unknown>;
  /** Never throws: a failure is an output with `failed`. `input` has passed `parameters` when they are zod. */
  run(input: unknown, context: ToolContext): Promise<ToolOutput>;
}

/** A finished run, for the code hook that closes what a run left open. */
export type OnRunEnded = (run: Run) => Promise<void>;
