import { expect, test } from 'vitest';
import { isLoopback } from '../../src/core/loopback.ts';

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['LocalHost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.256', false],
  ['127.0.0.1.example', false],
  ['localhost.example', false],
  ['[::1', false],
  ['192.168.1.7', false],
])('whether %s leads to this machine alone: %s', (host, alone) => expect(isLoopback(host)).toBe(alone));
