// What a person does with the status page, told in a real browser. Run by all.ts.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import QrCode from 'qrcode';
import { systemClock } from '../../src/infra/clock.ts';
import { say } from '../fakes/script.ts';
import { openPage } from '../fakes/status-page.ts';
import { until } from '../fakes/wait.ts';
import { openPeople } from '../flows/people.ts';
import { linkState, openWorld as openWhatsapp } from '../flows/whatsapp/world.ts';
import { openView, type View, type ViewOptions } from './browser.ts';
import { openStage, type Stage } from './stage.ts';

export interface Tools {
  readonly browser: Browser;
  /** Keeps a picture of the page as it is. */
  readonly picture: (view: View, name: string) => Promise<void>;
}

export interface Story {
  readonly name: string;
  tell(tools: Tools): Promise<void>;
}

type OnStage = (tools: Tools, stage: Stage, open: (options?: ViewOptions) => Promise<View>) => Promise<void>;

/** A story about a busy process; views that were opened must have had nothing to complain about. */
function onStage(name: string, tell: OnStage): Story {
  return {
    name,
    async tell(tools) {
      const stage = await openStage();
      const views: View[] = [];
      try {
        await tell(tools, stage, async (options) => {
          const view = await openView(tools.browser, options);
          views.push(view);
          await view.page.goto(await stage.page.link());
          await view.page.getByText('Healthy').waitFor();
          return view;
        });
        deepEqual(
          views.flatMap(({ complaints }) => complaints),
          [],
        );
      } finally {
        for (const view of views) await view.close();
        await stage.close();
      }
    },
  };
}

const run = (page: Page, label: string) =>
  page.locator('#work .run', { has: page.locator(`.name:text-is("${label}")`) }).last();

export const stories: readonly Story[] = [
  onStage('whoever is not signed in gets nothing, and a link works once', async ({ browser }, stage, open) => {
    const { origin } = stage.page;
    for (const path of [
      '/',
      '/page/main.js',
      '/page/base.css',
      '/api/live',
      '/metrics',
      '/nothing',
      '/enter?code=guess',
    ]) {
      const answer = await fetch(`${origin}${path}`);
      deepEqual([path, answer.status, await answer.text()], [path, 401, '']);
    }
    const link = await stage.page.link();
    const [first, second] = [await openView(browser), await openView(browser)];
    await first.page.goto(link);
    await first.page.getByText('Healthy').waitFor();
    equal(new URL(first.page.url()).pathname + new URL(first.page.url()).search, '/');
    equal((await first.page.evaluate('document.cookie')) as string, '');
    // An empty answer leaves the browser with an error page of its own.
    for (const address of [link, origin]) await rejects(second.page.goto(address), /ERR_HTTP_RESPONSE_CODE_FAILURE/);
    await Promise.all([first.close(), second.close()]);
    const view = await open();
    await view.page.getByRole('button', { name: 'Sign out' }).click();
    await view.page.getByText('You are signed out.').waitFor();
    equal((await view.page.locator('body').innerText()).trim().split('\n').length, 1);
    await rejects(view.page.goto(origin), /ERR_HTTP_RESPONSE_CODE_FAILURE/);
    // The browser says that this was refused, as it must.
    (view.complaints as string[]).length = 0;
  }),

  onStage('a tree of runs is shown as it grows and ends', async ({ picture }, stage, open) => {
    const view = await open();
    const { page } = view;
    await run(page, 'sources').getByText('waiting on 2 children').waitFor();
    // Below what started them.
    await run(page, 'sources').locator('.run .name', { hasText: 'archive' }).waitFor();
    equal(await run(page, 'prices').locator('.run').count(), 0);
    deepEqual(await run(page, 'archive').locator('.steps > li > span:first-child').allTextContents(), [
      ...['accepted', 'started', 'finished', 'delivered'],
    ]);
    equal(await run(page, 'archive').locator('.steps > li[data-done]').count(), 2);
    await page.locator('#lanes').getByText('3 of 4 at work').waitFor();
    equal(await page.locator('#lanes [data-taken]').count(), 3);
    await picture(view, 'tree');
    const before = await run(page, 'archive').locator('.figures').first().textContent();
    await until(
      async () => (await run(page, 'archive').locator('.figures').first().textContent()) !== before,
      'time that counts on',
    );
    stage.finish('archive');
    await run(page, 'archive').locator('.state', { hasText: 'done' }).waitFor();
    await run(page, 'sources').getByText('waiting on 1 child').waitFor();
    await page.locator('#said', { hasText: 'archive: done.' }).waitFor();
    stage.finish('forums');
    stage.finish('prices');
    await until(
      async () =>
        (await run(page, 'sources').locator('.steps > li[data-done]').last().textContent())?.startsWith('delivered') ===
        true,
      'the fourth fact',
    );
    await page.locator('#lanes').getByText('0 of 4 at work').last().waitFor();
    equal(await page.locator('#lanes [data-taken]').count(), 0);
    await picture(view, 'tree-ended');
  }),

  onStage('an agent that asks is answered by a click', async ({ picture }, stage, open) => {
    const view = await open({ size: 'phone' });
    const { page } = view;
    await stage.world.say('/acp spawn --label other -- run npm test');
    const question = page.locator('#questions li');
    await question.getByText('twin asks: run a command').waitFor();
    await page.locator('#said', { hasText: 'twin asks: run a command.' }).waitFor();
    match((await page.title()) ?? '', /^\(1\)/);
    equal(await question.locator('pre').textContent(), 'run a command (execute)\nnpm test');
    await picture(view, 'question-phone');
    await question.getByRole('button', { name: 'Allow once' }).click();
    await page.locator('#questions').waitFor({ state: 'hidden' });
    await stage.world.channel.next(/ran npm test/);
    ok(stage.world.channel.texts().some((text) => /allowed once by the owner, on the status page/.test(text)));
    await stage.world.say('/acp spawn --label third -- run rm -rf dist');
    await question.getByText('twin asks').waitFor();
    await question.getByRole('button', { name: 'Deny' }).click();
    await stage.world.channel.next(/was not allowed/);
  }),

  onStage('what did not arrive is sent again, or given up', async ({ picture }, stage, open) => {
    const view = await open();
    const { page } = view;
    const row = page.locator('#deliveries li', { hasText: 'weekly figures' });
    await row.getByText('undelivered').waitFor();
    await row.getByText('the chat is full').waitFor();
    await picture(view, 'delivery');
    await row.getByRole('button', { name: 'Send again' }).click();
    // Refused again.
    await until(
      () => stage.world.channel.attempts.filter(({ text }) => /weekly/.test(text)).length === 2,
      'the second try',
    );
    stage.mend();
    await row.getByText('undelivered').waitFor();
    await row.getByRole('button', { name: 'Send again' }).click();
    await row.locator('.state', { hasText: /^delivered$/ }).waitFor();
    equal(stage.world.channel.texts().filter((text) => /weekly figures/.test(text)).length, 1);
    equal(await row.getByRole('button').count(), 0);
  }),

  onStage('what agents and people write is text and nothing else', async (_tools, stage, open) => {
    const nasty = '<img src=x onerror=alert(1)><b>bold</b>';
    const { page } = await open();
    stage.world.agent.once(/^nasty/, [say(nasty)]);
    await stage.world.ask(`/subagents spawn main nasty ${nasty}`, /./);
    await page.locator('#work').getByText(nasty).first().waitFor();
    await page.locator('#deliveries').getByText(nasty).first().waitFor();
    equal(await page.locator('img, b:text-is("bold")').count(), 0);
  }),

  onStage('what cannot be taken back asks twice', async (_tools, stage, open) => {
    const { page } = await open();
    const stop = run(page, 'prices').getByRole('button');
    await stop.click();
    equal(await stop.textContent(), 'Stop: sure?');
    await page.getByRole('button', { name: 'Stop: sure? prices', exact: true }).waitFor();
    equal(stage.world.run('prices').state.status, 'running');
    await stop.click();
    await run(page, 'prices').locator('.state', { hasText: 'stopped' }).waitFor();
    equal(stage.world.run('prices').state.status, 'stopped');
  }),

  onStage('it connects again by itself, and says when it cannot', async (_tools, stage, open) => {
    const view = await open();
    const { page } = view;
    const port = Number(new URL(stage.page.origin).port);
    await stage.page.configure({ enabled: false });
    await page.getByText('Not connected').waitFor();
    await stage.page.configure({ port });
    await page.getByText('Healthy').waitFor();
    await page.locator('#said', { hasText: 'Connected again.' }).waitFor();
    equal(await page.locator('#log p', { hasText: 'started' }).count(), 1);
    // Another token signs everybody out.
    await stage.page.configure({ port, token: 'another-token-of-mine' });
    await page.getByText('You are signed out.').waitFor();
    (view.complaints as string[]).length = 0;
  }),

  onStage('it is used with the keyboard, and fits a phone in the dark', async ({ picture }, stage, open) => {
    await stage.world.say('/acp spawn --label other -- run npm test');
    for (const options of [
      {},
      { size: 'phone' },
      { size: 'phone', dark: true, still: true },
      { dark: true },
    ] as const) {
      const view = await open(options);
      const { page } = view;
      await page.locator('#questions li').waitFor();
      const [wide, screen] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [
        number,
        number,
      ];
      ok(wide <= screen, `${wide} px of content on a screen of ${screen} px`);
      const ground = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      equal(/^rgb\(1\d, /.test(ground), 'dark' in options, ground);
      if ('still' in options) equal(await page.evaluate('document.getAnimations().length'), 0);
      await picture(
        view,
        ['page', 'size' in options ? 'phone' : 'desktop', ...('dark' in options ? ['dark'] : [])].join('-'),
      );
    }
    const { page } = await open();
    await page.locator('#questions li').waitFor();
    const focused = 'document.activeElement?.textContent';
    await page.keyboard.press('Tab');
    equal(await page.evaluate(focused), 'Skip to the content');
    await page.keyboard.press('Enter');
    for (let presses = 0; (await page.evaluate(focused)) !== 'Deny' && presses < 10; presses += 1)
      await page.keyboard.press('Tab');
    match(String(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')), /solid/);
    await page.keyboard.press('Enter');
    await stage.world.channel.next(/was not allowed/);
  }),

  {
    name: 'a stranger is let in',
    async tell({ browser, picture }) {
      const world = await openPeople({ time: systemClock });
      const page = await openPage(world, { owner: () => undefined });
      const view = await openView(browser, { size: 'phone' });
      try {
        await view.page.goto(await page.link());
        await view.page.getByText('Healthy').waitFor();
        await world.say('hello?', { from: { id: 'zed', name: 'Zed' } });
        const row = view.page.locator('#people li', { hasText: 'Zed' });
        await row.getByText('whoever is let in first becomes it').waitFor();
        await picture(view, 'stranger-phone');
        await row.getByRole('button', { name: 'Let in' }).click();
        await row.getByRole('button', { name: 'Let in: sure?' }).click();
        await view.page.locator('#people').waitFor({ state: 'hidden' });
        await view.page.locator('#said', { hasText: 'Zed may write now.' }).waitFor();
        await world.channel.next(/You may talk to me now/);
        deepEqual(view.complaints, []);
      } finally {
        await view.close();
        await page.close();
        await world.close();
      }
    },
  },

  {
    name: 'a phone is linked by the code on the page',
    async tell({ browser, picture }) {
      const world = await openWhatsapp({ linked: false, config: { web: { enabled: true, port: 0 } } });
      const view = await openView(browser, { size: 'phone' });
      try {
        const { out } = await world.cli('web', '--json');
        await view.page.goto(String((JSON.parse(out) as { link: string }).link));
        const { qr } = await linkState(world.place, 'qr');
        const path = view.page.locator('#links svg path');
        await until(async () => (await path.getAttribute('d')) === drawn(qr), 'the code of this moment');
        await picture(view, 'qr-phone');
        await view.page.setViewportSize({ width: 1280, height: 900 });
        await picture(view, 'qr-desktop');
        await world.phone.scan(qr);
        await view.page
          .locator('#links')
          .getByText(/^Linked as \+49/)
          .waitFor();
        await view.page.locator('#channels').getByText('connected', { exact: true }).waitFor();
        ok(!world.place.log().includes(qr));
        deepEqual(view.complaints, []);
      } finally {
        await view.close();
        await world.close();
      }
    },
  },
];

/** As the page draws it, made in another way: read from the library's own picture. */
function drawn(qr: string): string {
  const { modules } = QrCode.create(qr, { errorCorrectionLevel: 'L' });
  let path = '';
  for (let y = 0; y < modules.size; y += 1)
    for (let x = 0; x < modules.size; x += 1) if (modules.get(y, x)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
  return path;
}
