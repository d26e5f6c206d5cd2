// How the tests run: everything under test/, no network beyond loopback, no shared state between files.
import { defineConfig } from 'vitest/config';
import { closingLine } from './test/closing-line.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Half of the time goes into waiting for servers and clocks, so no core is kept free.
    maxWorkers: '100%',
    reporters: ['default', closingLine],
  },
});
