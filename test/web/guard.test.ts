import { describe, expect, it } from 'vitest';
import { configSchema } from '../../src/infra/config.ts';
import { isOurHost, isOwnPage } from '../../src/web/guard.ts';

const local = { host: '127.0.0.1', url: undefined };
const behindProxy = { host: '127.0.0.1', url: 'https://bot.example.org/' };

describe('a request is meant for us', () => {
  it.each(['127.0.0.1:8787', 'localhost:8787', 'LOCALHOST', '[::1]:8787', '192.168.1.7:8787', '[fd00::7]:8787'])(
    'when it was sent to an address or to this machine: %s',
    (host) => expect(isOurHost(host, local)).toBe(true),
  );

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8787',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'a b',
    '@',
  ])('not when a name that is not ours leads here: %s', (host) => expect(isOurHost(host, local)).toBe(false));

  it('when it was sent to a name the config gives us', () => {
    expect(isOurHost('bot.example.org', behindProxy)).toBe(true);
    expect(isOurHost('pi.home:8787', { host: 'pi.home', url: undefined })).toBe(true);
    expect(isOurHost('bot.example.com', behindProxy)).toBe(false);
  });
});

describe('a change is asked for by our own page', () => {
  const host = '127.0.0.1:8787';

  it.each([
    { host, origin: `http://${host}`, site: 'same-origin' },
    { host, origin: `http://${host}`, site: undefined },
    { host, origin: undefined, site: 'same-origin' },
  ])('when the browser says so: %o', (sender) => expect(isOwnPage(sender, local)).toBe(true));

  it.each([
    { host, origin: undefined, site: undefined },
    { host, origin: 'null', site: undefined },
    { host, origin: 'http://evil.example', site: undefined },
    { host, origin: 'http://127.0.0.1:9999', site: 'same-site' },
    { host, origin: `http://${host}`, site: 'cross-site' },
    { host: undefined, origin: `http://${host}`, site: undefined },
    { host, origin: undefined, site: 'none' },
  ])('not when it comes from elsewhere, or nothing is said: %o', (sender) =>
    expect(isOwnPage(sender, local)).toBe(false),
  );

  it('also behind a proxy that calls us by another name', () => {
    expect(isOwnPage({ host, origin: 'https://bot.example.org', site: 'same-origin' }, behindProxy)).toBe(true);
    expect(isOwnPage({ host, origin: 'http://bot.example.org', site: undefined }, behindProxy)).toBe(false);
  });
});

describe('the settings', () => {
  const faults = (web: object): readonly string[] =>
    configSchema.safeParse({ web }).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];

  it('keep the page off, and on this machine, unless told otherwise', () => {
    expect(configSchema.parse({}).web).toEqual({ enabled: false, host: '127.0.0.1', port: 8787 });
  });

  it('refuse to open it to the network without a token, and say how to go on', () => {
    const [fault] = faults({ enabled: true, host: '0.0.0.0' });
    expect(fault).toMatch(/^web\.token is needed .* open to the network at 0\.0\.0\.0: set web\.token/);
    expect(faults({ enabled: true, host: '0.0.0.0', token: 'a-token-of-sixteen' })).toEqual([]);
    expect(faults({ enabled: false, host: '0.0.0.0' })).toEqual([]);
    expect(faults({ enabled: true, host: '127.0.0.2' })).toEqual([]);
  });

  it.each([
    { token: 'short' },
    { token: 'with spaces in it, long' },
    { host: 'http://x' },
    { url: 'ftp://x' },
    { url: 'https://bot.example.org/status' },
    { port: 70_000 },
  ])('refuse %o', (web) => expect(faults(web)).toHaveLength(1));
});
