// What is read out of a failed model call.
import { describe, expect, it } from 'vitest';
import { failureText, readFailure, retryAfterMs } from '../../src/agents/model-errors.ts';

const now = Date.UTC(2026, 0, 1);

describe('retryAfterMs', () => {
  it.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'Retry-After': '0.5' }, 500],
    [{ 'retry-after-ms': '150', 'retry-after': '9' }, 150],
    [{ 'retry-after': new Date(now + 5000).toUTCString() }, 5000],
    [{ 'retry-after': new Date(now - 5000).toUTCString() }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('reads %o as %s ms', (headers, ms) => {
    expect(retryAfterMs(headers as Record<string, string>, now)).toBe(ms);
  });
});

describe('readFailure', () => {
  it.each([
    [{ name: 'AI_APICallError', statusCode: 529, message: 'overloaded' }, 'model_error', true],
    [{ name: 'AI_APICallError', statusCode: 403, message: 'no' }, 'model_auth', false],
    [{ name: 'AI_APICallError', statusCode: 413, message: 'too big' }, 'model_bad_request', false],
    [{ name: 'AI_APICallError', message: 'connect refused' }, 'model_unreachable', true],
    [{ name: 'AI_StreamProviderError', message: 'overloaded', isRetryable: true }, 'model_error', true],
    [{ name: 'AI_StreamProviderError', message: 'bad', isRetryable: false }, 'model_error', false],
    [new TypeError('terminated'), 'model_unreachable', true],
    [new Error('a bug'), 'model_error', false],
    ['just a text', 'model_error', false],
    [undefined, 'model_error', false],
  ])('reads %o as %s, retryable %s', (error, code, retryable) => {
    expect(readFailure(error, now)).toMatchObject({ code, retryable });
  });

  it('keeps the sentence on one line and within bounds', () => {
    const failure = readFailure(new Error(`line one\n${'x'.repeat(5000)}`), now);
    const text = failureText(failure, { provider: 'acme', keyHint: '', secrets: [''] }, 1);
    expect(text.length).toBeLessThan(400);
    expect(text).not.toContain('\n');
  });
});
