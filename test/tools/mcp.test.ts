// MCP tools against a real stdio server and a loopback HTTP server.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Tool, ToolOutput } from '../../src/core/tool.ts';
import { type Clock, systemClock } from '../../src/infra/clock.ts';
import { systemIds } from '../../src/infra/ids.ts';
import { McpTools } from '../../src/tools/mcp.ts';
import { exampleFor, mcpResultText, mcpToolName } from '../../src/tools/mcp-names.ts';
import type { McpServerConfig } from '../../src/tools/mcp-server.ts';
import { ProcessGroups } from '../../src/tools/process-groups.ts';
import { markedProcesses } from '../../src/tools/process-table.ts';
import { fastClock } from '../fakes/fast-clock.ts';
import { toolContext } from '../fakes/tool-context.ts';
import { until } from '../fakes/wait.ts';

const script = fileURLToPath(new URL('../twins/mcp-server.ts', import.meta.url));
const twin = (...args: string[]): McpServerConfig => ({ command: process.execPath, args: [script, ...args] });

let instance: string;
let groups: ProcessGroups;
let mcp: McpTools;
let cwd: string;
let problems: string[];

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-')));
  instance = `test-${systemIds.uuid()}`;
  problems = [];
  groups = new ProcessGroups({ clock: systemClock, ids: systemIds, instance });
  mcp = make();
});
afterEach(async () => {
  await mcp.close();
  expect(markedProcesses(instance)).toEqual([]);
  rmSync(cwd, { recursive: true, force: true });
});

function make(callTimeoutMs = 10_000, clock: Clock = systemClock): McpTools {
  return new McpTools({
    clock,
    groups,
    cwd,
    callTimeoutMs,
    childEnv: () => ({ PATH: process.env.PATH ?? '' }),
    onProblem: (_server, sentence) => problems.push(sentence),
  });
}

async function tool(name: string): Promise<Tool> {
  const found = (await mcp.tools()).find((each) => each.name === name);
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
}
async function call(name: string, input: unknown = {}, signal?: AbortSignal): Promise<ToolOutput> {
  return (await tool(name)).run(input, toolContext(signal));
}

describe('a local server', () => {
  test('is started on first need and offers its tools, all pages of them', async () => {
    await mcp.configure({ twin: twin() });
    expect(markedProcesses(instance)).toEqual([]);
    expect(mcp.status()).toEqual([
      { name: 'twin', state: 'idle', detail: 'It is started when an agent first needs it.' },
    ]);
    const tools = await mcp.tools();
    expect(tools).toHaveLength(11);
    const [echo] = tools;
    expect(echo?.name).toBe('mcp__twin__echo');
    expect(echo?.group).toBe('mcp');
    expect(echo?.description).toBe('Says it again.');
    expect(echo?.example).toEqual({ text: '...', times: 2 });
    expect(echo?.parameters.kind === 'json' && echo.parameters.schema).toMatchObject({
      type: 'object',
      required: ['text', 'times'],
    });
    expect(mcp.status()[0]).toEqual({ name: 'twin', state: 'ready', detail: '11 tools.' });
    expect(groups.live()).toHaveLength(1);
  });

  test('is called and answers; its errors are failures', async () => {
    await mcp.configure({ twin: twin() });
    expect(await call('mcp__twin__echo', { text: 'hi', times: 2 })).toEqual({ text: 'hi hi' });
    expect(await call('mcp__twin__fail')).toEqual({ text: 'it did not work', failed: true });
    expect(await call('mcp__twin__refuse')).toEqual({
      text: 'twin refused: bad parameters. Check the parameters.',
      failed: true,
    });
    expect((await call('mcp__twin__echo', 'text')).failed).toBe(true);
    expect(await call('mcp__twin__picture')).toEqual({ text: '[image image/png, 3 B, not shown]\nsee' });
  });

  test('a tool with a long, odd name gets a safe short one and is still called by its own', async () => {
    await mcp.configure({ twin: twin() });
    const odd = (await mcp.tools()).find((each) => each.name.startsWith('mcp__twin__a_very'));
    expect(odd?.name).toMatch(/^[\w-]{64}$/);
    expect((await odd?.run({}, toolContext()))?.text).toBe(`called a.very/long name ${'x'.repeat(80)}`);
  });

  test('gets the allowed environment and its own variables, and starts in the given folder', async () => {
    await mcp.configure({ twin: { ...twin(), env: { TOKEN: 'theirs' } } });
    const { env, cwd: where } = JSON.parse((await call('mcp__twin__env')).text);
    expect(Object.keys(env).toSorted()).toEqual(['PATH', 'SWITCHYARD_GROUP', 'TOKEN']);
    expect(where).toBe(cwd);
  });

  test('a large result is cut in the middle', async () => {
    await mcp.configure({ twin: twin() });
    const { text } = await call('mcp__twin__big');
    expect(text.length).toBeLessThan(50_100);
    expect(text).toContain('150000 characters cut');
  });

  test('output that is no message does no harm', async () => {
    await mcp.configure({ twin: twin('chatty') });
    expect((await call('mcp__twin__echo', { text: 'hi', times: 1 })).text).toBe('hi');
  });

  test('that crashes in a call says why; the next call starts it again', async () => {
    await mcp.configure({ twin: twin() });
    const crashed = await call('mcp__twin__crash');
    expect(crashed.failed).toBe(true);
    expect(crashed.text).toContain(
      'broke off while running crash: it ended with exit code 3; its last words: segfault in module x',
    );
    expect(problems).toHaveLength(1);
    expect(mcp.status()[0]?.state).toBe('failed');
    const at = performance.now();
    expect((await call('mcp__twin__echo', { text: 'back', times: 1 })).text).toBe('back');
    expect(performance.now() - at).toBeGreaterThan(500);
    expect(mcp.status()[0]?.state).toBe('ready');
  });

  test('an aborted call ends at once and is cancelled at the server', async () => {
    await mcp.configure({ twin: twin() });
    const never = await tool('mcp__twin__never');
    const controller = new AbortController();
    const pending = never.run({}, toolContext(controller.signal));
    setImmediate(() => controller.abort());
    expect(await pending).toEqual({ text: 'The call was stopped.', failed: true });
    await until(async () => JSON.parse((await call('mcp__twin__cancelled')).text).length === 1, 'the cancel notice');
  });

  test('a call that takes too long is given up, and the server stays', async () => {
    mcp = make(150);
    await mcp.configure({ twin: twin() });
    const output = await call('mcp__twin__never');
    expect(output.text).toMatch(/^twin took too long running never/);
    expect((await call('mcp__twin__echo', { text: 'hi', times: 1 })).text).toBe('hi');
  });

  test('closing ends it and what it started', async () => {
    await mcp.configure({ twin: twin() });
    await call('mcp__twin__child');
    expect(markedProcesses(instance)).toHaveLength(2);
    await mcp.close();
    expect(markedProcesses(instance)).toEqual([]);
    expect(await mcp.tools()).toEqual([]);
  });
});

describe('servers that do not work', () => {
  test('are left out, the others are offered, and the reason is known', async () => {
    await mcp.configure({ dead: twin('die'), none: { command: '/no/such/program' }, twin: twin() });
    const tools = await mcp.tools();
    expect(tools.every((each) => each.name.startsWith('mcp__twin__'))).toBe(true);
    expect(tools).toHaveLength(11);
    const detail = (name: string) => mcp.status().find((each) => each.name === name)?.detail;
    expect(detail('dead')).toBe(
      'The MCP server dead could not be started: it ended with exit code 4; its last words: no licence found.',
    );
    expect(detail('none')).toContain('ENOENT');
    expect(problems).toHaveLength(2);
  });

  test('wait longer after each failure instead of being started again and again', async () => {
    mcp = make(10_000, fastClock(10));
    await mcp.configure({ dead: twin('die') });
    for (let round = 0; round < 4; round += 1) await mcp.tools();
    // 1 s and 2 s are waited for, 4 s are not: that round answers without a start.
    expect(problems).toHaveLength(3);
  });

  test('one that is closed while it starts leaves nothing', async () => {
    await mcp.configure({ mute: twin('mute') });
    const pending = mcp.tools();
    await until(() => markedProcesses(instance).length === 1, 'the process');
    await mcp.close();
    expect(await pending).toEqual([]);
  });
});

describe('a changed config', () => {
  test('closes what is gone or different and keeps what is the same', async () => {
    await mcp.configure({ a: twin(), b: twin() });
    await mcp.tools();
    const [first] = groups.live();
    await mcp.configure({ a: twin(), b: { ...twin(), env: { NEW: '1' } } });
    expect(groups.live()).toEqual([first]);
    expect((await mcp.tools()).length).toBe(22);
  });
});

describe('a remote server', () => {
  let server: Server;
  let url: string;
  let sessions: number;
  let headers: (string | undefined)[];

  beforeEach(async () => {
    sessions = 0;
    headers = [];
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      headers.push(request.headers.authorization);
      if (request.method !== 'POST') return response.writeHead(405).end();
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString());
      if (id === undefined) return response.writeHead(202).end();
      const session = request.headers['mcp-session-id'];
      if (method.startsWith('tools/') && session !== `s${sessions}`) return response.writeHead(404).end();
      if (method === 'initialize') sessions += 1;
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': `s${sessions}` });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer(method, params) }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function answer(method: string, params: { readonly name?: string; readonly arguments?: { readonly text?: string } }) {
    const inputSchema = { type: 'object', properties: { text: { type: 'string' } } };
    switch (method) {
      case 'initialize': {
        const serverInfo = { name: 'remote', version: '1' };
        return { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } };
      }
      case 'tools/list':
        return {
          result: {
            tools: [
              { name: 'echo', inputSchema },
              { name: 'huge', inputSchema },
            ],
          },
        };
      case 'tools/call': {
        const text = params.name === 'huge' ? 'x'.repeat(11_000_000) : params.arguments?.text;
        return { result: { content: [{ type: 'text', text }] } };
      }
      default:
        return { error: { code: -32601, message: 'no such method' } };
    }
  }

  test('is listed and called, with the configured headers', async () => {
    await mcp.configure({ remote: { url, headers: { authorization: 'Bearer abc' } } });
    expect(await call('mcp__remote__echo', { text: 'far' })).toEqual({ text: 'far' });
    expect(new Set(headers)).toEqual(new Set(['Bearer abc']));
  });

  test('whose session has expired gets a new one', async () => {
    await mcp.configure({ remote: { url } });
    const echo = await tool('mcp__remote__echo');
    sessions += 1;
    const expired = await echo.run({ text: 'a' }, toolContext());
    expect(expired.failed).toBe(true);
    expect(expired.text).toContain('session expired');
    expect(await echo.run({ text: 'b' }, toolContext())).toEqual({ text: 'b' });
  });

  test('an answer of more than 10 MB is not taken in', async () => {
    await mcp.configure({ remote: { url } });
    expect((await call('mcp__remote__huge')).text).toContain('larger than 10 MB');
  });

  test('that is not there has a sentence with the cause', async () => {
    await new Promise((resolve) => server.close(resolve));
    await mcp.configure({ remote: { url } });
    expect(await mcp.tools()).toEqual([]);
    expect(mcp.status()[0]?.detail).toMatch(/^The MCP server remote could not be started: .*ECONNREFUSED/);
  });
});

describe('names, examples and results', () => {
  test('names that had to be changed never collide', () => {
    expect(mcpToolName('files', 'read')).toBe('mcp__files__read');
    expect(mcpToolName('a.b', 'read')).not.toBe(mcpToolName('a_b', 'read'));
    expect(mcpToolName('s', 'x'.repeat(90))).not.toBe(mcpToolName('s', `${'x'.repeat(89)}y`));
  });

  test('an example has a value of the right kind for everything required', () => {
    const schema = {
      type: 'object',
      required: ['a', 'b', 'c', 'd', 'e', 'f'],
      properties: {
        a: { type: 'boolean' },
        b: { enum: ['x', 'y'] },
        c: { type: 'array' },
        d: { type: 'object', required: ['z'], properties: { z: { type: ['integer', 'null'] } } },
        e: { type: 'string', default: 'e' },
        optional: { type: 'string' },
      },
    };
    expect(exampleFor(schema)).toEqual({ a: false, b: 'x', c: [], d: { z: 1 }, e: 'e', f: '...' });
    expect(exampleFor({})).toEqual({});
  });

  test('every kind of content has a text', () => {
    const content = [
      { type: 'resource', resource: { uri: 'file:///a', text: 'inside' } },
      { type: 'resource', resource: { uri: 'file:///b', blob: 'AAAA' } },
      { type: 'resource_link', uri: 'file:///c', name: 'C' },
      { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
    ];
    expect(mcpResultText({ content })).toBe(
      'file:///a\ninside\n[file file:///b, 3 B, not shown]\n[link file:///c C]\n[audio audio/wav, 3 B, not shown]',
    );
    expect(mcpResultText({ content: [], structuredContent: { a: 1 } })).toBe('{"a":1}');
    expect(mcpResultText({})).toBe('(empty result)');
  });
});
