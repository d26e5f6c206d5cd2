// web_fetch against a loopback server, and everything it must refuse to reach.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ToolOutput } from '../../src/core/tool.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { refusedAddress } from '../../src/tools/addresses.ts';
import type { Resolve } from '../../src/tools/http-get.ts';
import { type WebOptions, webFetchTool } from '../../src/tools/web.ts';
import { toolContext } from '../fakes/tool-context.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let port: number;
const pages = new Map<string, Handler>();
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    const handler = pages.get(request.url ?? '');
    if (handler === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here');
    else handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const send =
  (type: string, body: string | Buffer, more: Record<string, string> = {}): Handler =>
  (_request, response) => {
    response.writeHead(200, { ...(type === '' ? {} : { 'content-type': type }), ...more }).end(body);
  };
const to =
  (location: string, status = 302): Handler =>
  (_request, response) => {
    response.writeHead(status, { location }).end();
  };

function fetched(
  url: string,
  options: Partial<WebOptions> & { readonly signal?: AbortSignal; readonly offset?: number } = {},
): Promise<ToolOutput> {
  const { signal, offset, ...rest } = options;
  const tool = webFetchTool({ clock: systemClock, allowPrivate: () => true, ...rest });
  return tool.run({ url, ...(offset === undefined ? {} : { offset }) }, toolContext(signal));
}
const at = (path: string): string => `http://127.0.0.1:${port}${path}`;

describe('content', () => {
  test('a page becomes text with title, headings, lists, tables and absolute links, without menus and scripts', async () => {
    const html = `<!doctype html><title>News &amp; more</title><body><nav>Menu</nav><script>alert(1)</script>
      <h1>Big</h1><p>See <a href="/next">this</a>.</p><ul><li>one</li></ul>
      <table><tr><th>k</th><th>v</th></tr><tr><td>a</td><td>1</td></tr></table><pre>x\n  y</pre></body>`;
    pages.set('/page', send('text/html; charset=utf-8', html));
    const output = await fetched(at('/page'));
    expect(output.failed).toBeUndefined();
    const head = `${at('/page')} (200, text/html, ${html.length} B)`;
    expect(output.text).toBe(
      `${head}\n\nTitle: News & more\n\nBig\n\nSee this [${at('/next')}].\n\n * one\n\nk   v\na   1\n\nx\n  y`,
    );
  });

  test('where a page marks its main part only that is shown', async () => {
    pages.set(
      '/main',
      send(
        'text/html',
        `<body><div>cookie banner</div><main>${'real words '.repeat(30)}</main><footer>legal</footer></body>`,
      ),
    );
    const { text } = await fetched(at('/main'));
    expect(text).toContain('real words');
    expect(text).not.toMatch(/cookie|legal/);
  });

  test('JSON and plain text come as they are, in their own encoding', async () => {
    pages.set('/json', send('application/vnd.api+json', '{"a": [1]}'));
    pages.set('/latin', send('text/plain; charset=iso-8859-1', Buffer.from('café', 'latin1')));
    pages.set('/meta', send('text/html', Buffer.from('<meta charset="windows-1252"><p>café', 'latin1')));
    expect((await fetched(at('/json'))).text).toMatch(/\n\n\{"a": \[1\]\}$/);
    expect((await fetched(at('/latin'))).text).toMatch(/café$/);
    expect((await fetched(at('/meta'))).text).toMatch(/café$/);
  });

  test('without a type the bytes decide', async () => {
    pages.set('/bare', send('', 'plain'));
    pages.set('/barehtml', send('', '<html><p>para'));
    pages.set('/barebin', send('', Buffer.from([0, 1, 2])));
    expect((await fetched(at('/bare'))).text).toMatch(/plain$/);
    expect((await fetched(at('/barehtml'))).text).toMatch(/\n\npara$/);
    expect((await fetched(at('/barebin'))).failed).toBe(true);
  });

  test('other types are refused with type and size', async () => {
    pages.set('/png', send('image/png', Buffer.alloc(1234), { 'content-length': '1234' }));
    expect((await fetched(at('/png'))).text).toBe(
      `${at('/png')} is not text: image/png, 1.2 kB. Look for a page or an API address with text.`,
    );
  });

  test('an HTTP error is a failure that shows what the server said', async () => {
    expect(await fetched(at('/none'))).toEqual({
      text: `${at('/none')} answered 404 Not Found.\nnothing here`,
      failed: true,
    });
  });

  test('a long text is cut and can be continued', async () => {
    pages.set('/long', send('text/plain', `${'a'.repeat(50_000)}${'b'.repeat(100)}`));
    expect((await fetched(at('/long'))).text).toMatch(/a\n\[100 more characters; continue with offset 50000\]$/);
    expect((await fetched(at('/long'), { offset: 50_000 })).text).toMatch(/\n\nb{100}$/);
    expect((await fetched(at('/long'), { offset: 50_100 })).failed).toBe(true);
  });
});

describe('packed answers', () => {
  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ])('%s is unpacked', async (encoding, pack) => {
    pages.set('/packed', send('text/plain', pack('hello '.repeat(1000)), { 'content-encoding': encoding }));
    expect((await fetched(at('/packed'))).text).toContain('(200, text/plain, 6.0 kB)\n\nhello hello');
  });

  test('a bomb is cut at 2 MB', async () => {
    pages.set('/bomb', send('text/plain', gzipSync(Buffer.alloc(100_000_000, 'x')), { 'content-encoding': 'gzip' }));
    const { text } = await fetched(at('/bomb'));
    expect(text).toContain('(200, text/plain, 2.0 MB)');
    expect(text).toContain('longer than 2.0 MB; the rest was not read');
  });

  test('an endless answer is cut at 2 MB', async () => {
    let closed = false;
    pages.set('/endless', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const more = (): void => {
        while (!closed && response.write('x'.repeat(60_000)));
      };
      response.on('drain', more).on('close', () => {
        closed = true;
      });
      more();
    });
    expect((await fetched(at('/endless'))).text).toContain('2.0 MB; the rest was not read');
  });

  test('broken and unknown packing are failures', async () => {
    pages.set('/broken', send('text/plain', 'not gzip', { 'content-encoding': 'gzip' }));
    pages.set('/odd', send('text/plain', 'x', { 'content-encoding': 'compress' }));
    expect((await fetched(at('/broken'))).text).toContain('broke off');
    expect((await fetched(at('/odd'))).text).toContain('packed as compress');
  });
});

describe('redirects', () => {
  test('are followed, relative ones too, and the final address is shown', async () => {
    pages.set('/a', to('/b'));
    pages.set('/b', to(at('/end'), 308));
    pages.set('/end', send('text/plain', 'arrived'));
    expect((await fetched(at('/a'))).text).toMatch(new RegExp(`^${at('/end')} [\\s\\S]*arrived$`));
  });

  test('more than five are refused', async () => {
    pages.set('/circle', to('/circle'));
    asked.length = 0;
    expect((await fetched(at('/circle'))).text).toContain('redirects more than 5 times');
    expect(asked).toHaveLength(6);
  });

  test('every hop is checked: an allowed page cannot lead to a forbidden address or another protocol', async () => {
    pages.set('/inner', to('http://169.254.169.254/latest/meta-data/'));
    pages.set('/file', to('file:///etc/passwd'));
    expect((await fetched(at('/inner'))).text).toContain('169.254.169.254 is a link-local or cloud metadata address');
    expect((await fetched(at('/file'))).text).toContain('Only http and https');
  });
});

describe('addresses', () => {
  test('private ones are refused before anything is sent', async () => {
    asked.length = 0;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0x7f.1', '2130706433', '0.0.0.0']) {
      const output = await fetched(`http://${host}:${port}/page`, { allowPrivate: () => false });
      expect(output.failed, host).toBe(true);
      expect(output.text, host).toMatch(/ is (this machine|a special address)/);
    }
    expect(asked).toEqual([]);
  });

  test('a public name that points to a private address is refused, also if only one of several does', async () => {
    const resolve: Resolve = async () => [
      { address: '93.184.215.14', family: 4 },
      { address: '10.0.0.5', family: 4 },
    ];
    const output = await fetched('http://rebind.example/', { allowPrivate: () => false, resolve });
    expect(output.text).toMatch(/^rebind\.example \(10\.0\.0\.5\) is a private network\. .*allowPrivateAddresses/);
  });

  test('the connection goes to the address that was checked; the name is looked up once', async () => {
    let lookups = 0;
    const resolve: Resolve = async () => {
      lookups += 1;
      return [{ address: lookups === 1 ? '127.0.0.1' : '192.0.2.1', family: 4 }];
    };
    pages.set('/pinned', send('text/plain', 'here'));
    asked.length = 0;
    expect((await fetched(`http://no-such-name.invalid:${port}/pinned`, { resolve })).text).toMatch(/here$/);
    expect(lookups).toBe(1);
    expect(asked).toEqual([`no-such-name.invalid:${port} /pinned`]);
  });

  test.each([
    ['8.8.8.8', undefined, undefined],
    ['2606:4700:4700::1111', undefined, undefined],
    ['10.1.2.3', 'a private network', undefined],
    ['172.31.0.1', 'a private network', undefined],
    ['192.168.1.1', 'a private network', undefined],
    ['100.100.100.200', 'a private network', undefined],
    ['127.8.8.8', 'this machine', undefined],
    ['::1', 'this machine', undefined],
    ['::ffff:10.0.0.1', 'a private network', undefined],
    ['fd00:ec2::254', 'a private network', undefined],
    ['169.254.169.254', 'a link-local or cloud metadata address', 'a link-local or cloud metadata address'],
    ['::ffff:169.254.169.254', 'a link-local or cloud metadata address', 'a link-local or cloud metadata address'],
    ['fe80::1', 'a link-local or cloud metadata address', 'a link-local or cloud metadata address'],
    ['168.63.129.16', 'a cloud metadata address', 'a cloud metadata address'],
    ['224.0.0.1', 'a special address (multicast)', 'a special address (multicast)'],
    ['255.255.255.255', 'a special address (broadcast)', 'a special address (broadcast)'],
    ['0.0.0.0', 'a special address (unspecified)', 'a special address (unspecified)'],
    ['64:ff9b::a00:1', 'a special address (rfc6052)', 'a special address (rfc6052)'],
    ['2002:7f00:1::', 'a special address (6to4)', 'a special address (6to4)'],
    ['::7f00:1', 'a special address (not global)', 'a special address (not global)'],
  ])('%s is judged %s, and %s when private ones are allowed', (address, strict, allowed) => {
    expect(refusedAddress(address, false)).toBe(strict);
    expect(refusedAddress(address, true)).toBe(allowed);
  });
});

describe('failures', () => {
  test('wrong addresses, unknown hosts and closed ports have a sentence', async () => {
    const nowhere: Resolve = async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
    expect((await fetched('example.com')).text).toContain('is not a web address');
    expect((await fetched('ftp://example.com')).text).toContain('Only http and https');
    expect((await fetched('http://me:secret@example.com/')).text).toContain('user name or password');
    expect((await fetched('http://x.example/', { resolve: nowhere })).text).toContain('there is no such host');
    expect((await fetched('http://127.0.0.1:1/')).text).toContain('nothing answers there');
  });

  test('a server that never answers, or stops in the middle, ends at the deadline', async () => {
    pages.set('/silent', () => undefined);
    pages.set('/half', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('half');
    });
    for (const path of ['/silent', '/half']) {
      expect((await fetched(at(path), { timeoutMs: 150 })).text).toContain('took longer than 0.15 s');
    }
  });

  test('a name lookup that never ends also ends at the deadline', async () => {
    const never: Resolve = () => new Promise(() => undefined);
    expect((await fetched('http://x.example/', { resolve: never, timeoutMs: 50 })).text).toContain('took longer');
  });

  test('a connection that breaks is a failure', async () => {
    pages.set('/break', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
      response.write('part', () => response.destroy());
    });
    expect((await fetched(at('/break'))).text).toContain('broke off');
  });

  test('an abort ends the fetch', async () => {
    const controller = new AbortController();
    pages.set('/hang', () => controller.abort());
    expect(await fetched(at('/hang'), { signal: controller.signal })).toEqual({
      text: 'The fetch was stopped.',
      failed: true,
    });
  });
});
