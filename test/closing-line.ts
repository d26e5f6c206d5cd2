// The last line of every test run, `N passed, N failed`, plain for people and programs. Added to the reporters in vitest.config.ts.
import type { Reporter, TestModule } from 'vitest/node';

/** What fails outside of a test counts as one failure: a file that cannot be loaded, an error nobody caught. */
export const closingLine: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const passed = count(modules, 'passed');
    const failed = count(modules, 'failed') + modules.filter(isBroken).length + unhandledErrors.length;
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  },
};

function count(modules: readonly TestModule[], state: 'passed' | 'failed'): number {
  return modules.reduce((sum, module) => sum + [...module.children.allTests(state)].length, 0);
}

/** Failed, but by none of its tests. */
function isBroken(module: TestModule): boolean {
  return module.state() === 'failed' && count([module], 'failed') === 0;
}
