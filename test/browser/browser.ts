// The browser of this machine, driven by playwright-core. Used by all.ts and the stories.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export const viewports = { phone: { width: 360, height: 780 }, desktop: { width: 1280, height: 900 } } as const;

export interface View {
  readonly page: Page;
  /** Everything the browser complained about: errors of scripts, refused loads, warnings of the policy. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const programs = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** @param path the value of PATH */
export function findBrowser(path: string): string | undefined {
  const places = path.split(delimiter).flatMap((folder) => programs.map((program) => join(folder, program)));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function launch(executablePath: string): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', ...quiet];
  return chromium.launch({ executablePath, headless: true, args });
}

export interface ViewOptions {
  readonly size?: keyof typeof viewports;
  readonly dark?: boolean;
  readonly still?: boolean;
}

/** A browser nobody is signed in with. */
export async function openView(browser: Browser, { size = 'desktop', dark, still }: ViewOptions = {}): Promise<View> {
  const context: BrowserContext = await browser.newContext({
    ...{ viewport: viewports[size], colorScheme: dark === true ? 'dark' : 'light' },
    ...{ reducedMotion: still === true ? 'reduce' : 'no-preference', locale: 'en-GB' },
    ...(size === 'phone' ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}),
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== '127.0.0.1') complaints.push(`asked another place: ${request.url()}`);
  });
  return { page, complaints, close: () => context.close() };
}
