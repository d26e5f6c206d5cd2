// Makes a Tool out of a schema and a function, and phrases failures. Used by every native tool in this folder.
import { z } from 'zod';
import type { Tool, ToolContext, ToolGroup, ToolOutput } from '../core/tool.ts';

export interface ToolDefinition<S extends z.ZodType> {
  readonly name: string;
  readonly group: ToolGroup;
  readonly description: string;
  readonly schema: S;
  readonly example: Record<string, unknown>;
  run(args: z.output<S>, context: ToolContext): Promise<ToolOutput>;
}

/** The returned tool never throws: bad input and unexpected errors become failed outputs. */
export function defineTool<S extends z.ZodType>(definition: ToolDefinition<S>): Tool {
  const { name, group, description, schema, example } = definition;
  return {
    name,
    group,
    description,
    parameters: { kind: 'zod', schema },
    example,
    async run(input, context) {
      const parsed = schema.safeParse(input);
      if (!parsed.success) {
        return failure(
          `${name}: schema validation error. ${z.prettifyError(parsed.error)} Example: ${JSON.stringify(example)}`,
        );
      }
      try {
        return await definition.run(parsed.data, context);
      } catch (error) {
        return failure(`${name} failed: ${errorText(error)}`);
      }
    },
  };
}

export function failure(text: string): ToolOutput {
  return { text, failed: true };
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node error (`ENOENT`, `ECONNREFUSED`), or an empty string. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
