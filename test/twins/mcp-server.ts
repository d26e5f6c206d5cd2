// A small MCP server over stdio, written by hand, with tools that misbehave on request. Run with node by test/tools/mcp.test.ts.
// argv: `die` = print to stderr and end at once; `mute` = never answer; `chatty` = also print what is no JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Request {
  readonly id?: number;
  readonly method: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: Record<string, unknown>;
    readonly requestId?: number;
    readonly cursor?: string;
  };
}

const mode = process.argv[2];
const cancelled: number[] = [];

if (mode === 'die') {
  process.stderr.write('no licence found\n');
  process.exit(4);
}
if (mode === 'chatty') process.stdout.write('Welcome to the server!\n{"also": "noise"}\n');

const object = (properties: Record<string, unknown>, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
});
const tools = [
  {
    name: 'echo',
    description: 'Says it again.',
    inputSchema: object({ text: { type: 'string' }, times: { type: 'integer', minimum: 2 } }, ['text', 'times']),
  },
  { name: 'fail', inputSchema: object({}) },
  { name: 'refuse', inputSchema: object({}) },
  { name: 'env', inputSchema: object({}) },
  { name: 'big', inputSchema: object({}) },
  { name: 'picture', inputSchema: object({}) },
  { name: 'crash', inputSchema: object({}) },
  { name: 'never', inputSchema: object({}) },
  { name: 'cancelled', inputSchema: object({}) },
  { name: 'child', inputSchema: object({}) },
  { name: `a.very/long name ${'x'.repeat(80)}`, inputSchema: object({}) },
];

const text = (value: string, more: Record<string, unknown> = {}) => ({
  content: [{ type: 'text', text: value }],
  ...more,
});

type Reply = { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } };

/** Undefined: no answer at all. */
function call(name: string, args: Record<string, unknown>): Reply | undefined {
  switch (name) {
    case 'echo':
      return { result: text(Array.from({ length: Number(args.times) }, () => args.text).join(' ')) };
    case 'fail':
      return { result: text('it did not work', { isError: true }) };
    case 'refuse':
      return { error: { code: -32602, message: 'bad parameters' } };
    case 'env':
      return { result: text(JSON.stringify({ env: process.env, cwd: process.cwd() })) };
    case 'big':
      return { result: text('x'.repeat(200_000)) };
    case 'picture':
      return { result: { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }, ...text('see').content] } };
    case 'crash':
      process.stderr.write('segfault in module x\n');
      process.exit(3);
      break;
    case 'cancelled':
      return { result: text(JSON.stringify(cancelled)) };
    case 'child':
      return { result: text(String(spawn('sleep', ['1000'], { stdio: 'ignore' }).pid)) };
    case 'never':
      return undefined;
    default:
      return { result: text(`called ${name}`) };
  }
}

function answer({ method, params }: Request): Reply | undefined {
  switch (method) {
    case 'initialize': {
      const serverInfo = { name: 'twin', version: '1' };
      return { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } };
    }
    case 'tools/list':
      // Two pages, so that paging is exercised.
      return params?.cursor === undefined
        ? { result: { tools: tools.slice(0, 6), nextCursor: 'rest' } }
        : { result: { tools: tools.slice(6) } };
    case 'tools/call':
      return call(params?.name ?? '', params?.arguments ?? {});
    default:
      return { error: { code: -32601, message: `no method ${method}` } };
  }
}

function handle(request: Request): void {
  if (request.method === 'notifications/cancelled') cancelled.push(request.params?.requestId ?? -1);
  if (request.id === undefined || mode === 'mute') return;
  const reply = answer(request);
  if (reply !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: request.id, ...reply })}\n`);
}

createInterface({ input: process.stdin }).on('line', (line) => handle(JSON.parse(line)));
