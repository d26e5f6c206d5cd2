// The status page's life: opened where it is switched on, opened anew when its settings change, closed at the end. Made by
// app.ts. The server and what it needs are loaded only when it opens.
import { isDeepStrictEqual } from 'node:util';
import type { PageLink } from '../cli/engine-port.ts';
import { ok, type Result, refusalText, refuse } from '../core/result.ts';
import type { StatusView } from '../core/services.ts';
import type { Config } from '../infra/config.ts';
import type { Log } from '../infra/log.ts';
import type { ServerParts, WebServer } from '../web/server.ts';

export interface StatusPageParts extends Omit<ServerParts, 'settings'> {
  readonly config: () => Pick<Config, 'web'>;
  readonly log: Log;
}

export class StatusPage {
  readonly #parts: StatusPageParts;
  #settings: Config['web'] | undefined;
  #server: WebServer | undefined;
  #trouble: string | undefined;
  #closed = false;
  /** One change after another. */
  #tail: Promise<void> = Promise.resolve();

  constructor(parts: StatusPageParts) {
    this.#parts = parts;
  }

  /** Does what the settings in use say. Never rejects: a page that cannot be served must not keep the rest from working. */
  configure(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#configure());
    return this.#tail;
  }

  /** For the status; undefined: it is off. */
  view(): StatusView['page'] {
    if (this.#trouble !== undefined) return { trouble: this.#trouble };
    return this.#server === undefined ? undefined : { url: this.#server.origin };
  }

  /**
   * Waits for a change under way, and tries once more to open a page that could not be: whoever asks may have mended the cause.
   * Refused: `page_off`, `page_failed`, `not_ready`.
   */
  async link(): Promise<Result<PageLink>> {
    await this.#tail;
    if (this.#trouble !== undefined) await this.configure();
    if (this.#server !== undefined) return ok(this.#server.invite());
    if (this.#trouble !== undefined)
      return refuse('page_failed', `The status page is not served. ${this.#trouble}`, '');
    if (this.#parts.config().web.enabled)
      return refuse('not_ready', 'The status page is being opened.', 'Try again in a few seconds.');
    const fix = 'Switch it on: npx switchyard config set web.enabled true';
    return refuse('page_off', 'The status page is off.', fix);
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.configure();
  }

  async #configure(): Promise<void> {
    const { web } = this.#parts.config();
    const settings = web.enabled && !this.#closed ? web : undefined;
    if (isDeepStrictEqual(settings, this.#settings) && this.#trouble === undefined) return;
    await this.#server?.close();
    this.#server = undefined;
    this.#trouble = undefined;
    this.#settings = settings;
    if (settings !== undefined) await this.#open(settings);
  }

  async #open(settings: Config['web']): Promise<void> {
    const { log } = this.#parts;
    try {
      const { openServer } = await import('../web/server.ts');
      const opened = await openServer({ ...this.#parts, settings });
      if (opened.ok) {
        this.#server = opened.value;
        log.info({ url: opened.value.origin }, 'the status page is served; `switchyard web` prints a link to it');
        return;
      }
      this.#trouble = refusalText(opened.refusal);
      log.error({ code: opened.refusal.code }, this.#trouble);
    } catch (err) {
      this.#trouble = err instanceof Error ? err.message : String(err);
      log.error({ err, code: 'web_failed' }, 'the status page could not be served');
    }
  }
}
