// Opens the status page in a browser of this machine and uses it. Run: npm run test:browser -- [--browser=<program>] [word ...]
// Words choose the stories whose name holds one of them. Pictures of the page are kept in a folder that is named at the end.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser, launch } from './browser.ts';
import { type Story, stories, type Tools } from './stories.ts';

const args = process.argv.slice(2);
const given = args.find((arg) => arg.startsWith('--browser='))?.slice('--browser='.length);
const words = args.filter((arg) => !arg.startsWith('--'));
const program = given ?? findBrowser(process.env.PATH ?? '');
if (program === undefined) {
  console.error(
    'No browser was found: install Chromium (Debian: apt install chromium) or Chrome, or name one with -- --browser=<program>.',
  );
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'switchyard-browser-'));
const browser = await launch(program);
const tools: Tools = {
  browser,
  picture: async ({ page }, name) => {
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  },
};
let failed = 0;
for (const story of stories.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))) {
  if (!(await tell(story))) failed += 1;
}
await browser.close();
console.log(`${failed === 0 ? 'all stories hold' : `${failed} failed`}; pictures: ${folder}`);
process.exit(failed === 0 ? 0 : 1);

async function tell(story: Story): Promise<boolean> {
  try {
    await story.tell(tools);
    console.log(`ok      ${story.name}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${story.name}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return false;
  }
}
