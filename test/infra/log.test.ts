import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, silentLog } from '../../src/infra/log.ts';
import { parseLogLine, readableLogLine } from '../../src/infra/log-line.ts';
import { redactFields, redactText } from '../../src/infra/redact.ts';
import { virtualClock } from '../fakes/clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  lines(): unknown[] {
    return this.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
}

const clock = virtualClock(Date.UTC(2026, 0, 2, 3, 4, 5));

describe('the log', () => {
  it('writes one JSON line per event, with the ids of its run', () => {
    const sink = new Sink();
    const { log } = createLog({ level: 'info', clock, destination: sink });
    log.child({ run: 'r1', session: 's1' }).info({ ms: 5 }, 'done');
    expect(sink.lines()).toEqual([{ level: 'info', time: clock.now(), run: 'r1', session: 's1', ms: 5, msg: 'done' }]);
  });

  it('leaves out what is below its level, and follows a change of level in children made before', () => {
    const sink = new Sink();
    const { log, setLevel } = createLog({ level: 'warn', clock, destination: sink });
    const child = log.child({ run: 'r1' });
    child.info('no');
    setLevel('debug');
    child.debug('yes');
    expect(sink.lines()).toMatchObject([{ msg: 'yes' }]);
  });

  it('keeps a JSON copy only its owner may read, also while the stream gets readable text or nothing', () => {
    const sink = new Sink();
    const file = join(folder, 'a.log');
    const pretty = createLog({ level: 'info', clock, destination: sink, pretty: true, file });
    pretty.log.warn({ lane: 'main' }, 'slow');
    pretty.close();
    const quiet = createLog({ level: 'info', clock, file });
    quiet.log.info('second');
    quiet.close();
    expect(sink.text).toMatch(/^2026-01-02T03:04:05.000Z .*warn .* slow lane=main\n$/);
    expect(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).msg),
    ).toEqual(['slow', 'second']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('turns the copy over once by size and loses no line', () => {
    const file = join(folder, 'a.log');
    const { log, close } = createLog({ level: 'info', clock, file, maxFileBytes: 300 });
    for (let n = 0; n < 7; n += 1) log.info({ n }, 'line');
    close();
    const numbers = [`${file}.1`, file]
      .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n'))
      .map((line) => JSON.parse(line).n);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(statSync(file).size).toBeLessThanOrEqual(300);
    expect(existsSync(`${file}.2`)).toBe(false);
  });

  it('goes on when its file cannot be written and when its stream is closed', () => {
    const sink = new Sink();
    const { log } = createLog({ level: 'info', clock, destination: sink, file: join(folder, 'missing', 'a.log') });
    log.info('one');
    sink.destroy();
    log.info('two');
    silentLog.child({}).error('three');
    expect(sink.lines()).toHaveLength(1);
  });

  it('takes secrets out by name anywhere inside, and by their look in texts and errors', () => {
    const sink = new Sink();
    const file = join(folder, 'a.log');
    const { log } = createLog({ level: 'info', clock, destination: sink, file });
    const token = '1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0';
    const err = new Error(`GET https://api.telegram.org/bot${token}/getMe failed`, {
      cause: new Error(`again ${token}`),
    });
    log.child({ apiKey: 'k-1', session: 's' }).error(
      {
        err,
        a: [{ botToken: 'abc' }],
        creds: { noise: 'xyz' },
        headers: { Authorization: 'Bearer qqq' },
        tokens: 12,
      },
      `with ${token}`,
    );
    expect(sink.text).not.toMatch(/AAHdqTcv|k-1|abc|xyz|qqq/);
    expect(readFileSync(file, 'utf8')).toBe(sink.text);
    expect(sink.lines()).toMatchObject([
      {
        session: 's',
        apiKey: '[redacted]',
        a: [{ botToken: '[redacted]' }],
        tokens: 12,
        err: { type: 'Error', cause: { type: 'Error' } },
      },
    ]);
  });
});

describe('redactText', () => {
  it.each([
    ['Authorization: Bearer abcdefghijklmnopqrstuvwxyz', 'abcdefghijklmnop'],
    [`key sk-${'a1'.repeat(12)} used`, 'a1a1'],
    ['url?api_key=abcd1234efgh&x=1', 'abcd1234efgh'],
    ['password: hunter2hunter2', 'hunter2'],
    ['https://user:pa55word@host/x', 'pa55word'],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'ghp_'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----', 'abc'],
  ])('hides the secret in %s', (text, secret) => {
    expect(redactText(text)).not.toContain(secret);
    expect(redactText(text)).toContain('[redacted]');
  });

  it.each([
    'unknown token: research, see /subagents list',
    'run 4f1c2a90-0000-4000-a000-000000000000 used 210 tokens',
    'agent:main:telegram:direct:123456789',
    'the basic configuration of the bot',
    'http://127.0.0.1:11434/v1 answered at 10:20:30',
  ])('leaves alone: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe('redactFields', () => {
  it('survives loops, depth and odd values', () => {
    const loop: Record<string, unknown> = {
      n: 1n,
      when: new Date(0),
      bytes: new Uint8Array(3),
      set: new Set(['a']),
      gone: undefined,
      token: '',
    };
    loop.self = loop;
    expect(redactFields(loop)).toEqual({
      n: '1',
      when: '1970-01-01T00:00:00.000Z',
      bytes: '[3 bytes]',
      set: ['a'],
      gone: undefined,
      token: '',
      self: '[circular]',
    });
  });
});

describe('a readable log line', () => {
  it('shows the stack of an error and its cause below, and nothing a terminal would obey', () => {
    const record = parseLogLine(
      JSON.stringify({
        level: 'error',
        time: 0,
        msg: 'bad \u001b[2Jthing',
        run: 'r',
        text: 'a b',
        err: { message: 'm', stack: 'Error: m\n    at x', cause: { message: 'why' } },
      }),
    );
    expect(record === undefined ? '' : readableLogLine(record, false)).toBe(
      '1970-01-01T00:00:00.000Z error bad \ufffd[2Jthing run=r text="a b"\n    Error: m\n    at x\n    why',
    );
  });

  it('is not made of what is no log line', () => {
    expect(parseLogLine('plain text')).toBeUndefined();
    expect(parseLogLine('[1]')).toBeUndefined();
  });
});

it('a text made to be slow is redacted as fast as any other', () => {
  redactText('token='.repeat(200_000));
  redactText('://a:'.repeat(200_000));
});
