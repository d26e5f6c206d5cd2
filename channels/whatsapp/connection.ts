// The linked device: connects, stays connected, and knows at any time how it stands. One loop makes all sockets, so there is
// never a second one. Made by adapter.ts, and by the wiring to link an account that is not switched on.
// 1 credentials, stored or new  2 a socket, until it is over  3 credentials on disk  4 at once, later, or when asked again
import type { WASocket } from '@whiskeysockets/baileys';
import type { ChannelHealth } from '../../src/core/channel.ts';
import { type AccountLink, type LinkAsk, type LinkView, maskedNumber, numberDigits } from '../../src/core/link.ts';
import { assertNever, ok, type Result, refuse } from '../../src/core/result.ts';
import { aborted } from './aborted.ts';
import type { ConnectionOptions, Round } from './connection-options.ts';
import type { Me } from './jid.ts';
import { LinkProgress } from './linking.ts';
import { pauseMs, qrRounds, type Step, steadyMs, stepOf } from './reconnect.ts';
import { endSocket, type Over, openSocket, watchSocket } from './socket.ts';
import { healthOf, type State } from './standing.ts';
import { type Words, wordsFor } from './words.ts';

/** The server asks for it once after a link; more often in a row something else is wrong. */
const mostAtOnce = 3;
/** For telling the phone that this device goes. */
const goodbyeMs = 10_000;

export class Connection implements AccountLink {
  readonly #options: ConnectionOptions;
  readonly #words: Words;
  readonly #progress: LinkProgress;
  readonly #end = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  /** Ends the socket there is, or the wait for the next one. */
  #turn = new AbortController();
  #state: State = { kind: 'new' };
  #running: Promise<void> | undefined;
  #generation = 0;
  #failures = 0;
  #atOnce = 0;
  #rounds = 0;
  /** Number a code was asked for; undefined: QR codes. */
  #phone: string | undefined;
  /** The identity is to be given up. */
  #leaving = false;
  #loggedOut = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#words = wordsFor(options.account);
    this.#progress = new LinkProgress(options.linkChanged, options.picture);
  }

  /** Resolves once connected, or once it is clear that it takes longer: it goes on by itself then. */
  start(): Promise<void> {
    if (this.#state.kind === 'new') {
      this.#state = { kind: 'connecting', since: this.#options.clock.now() };
      this.#running = this.#run().finally(() => this.#ready.resolve());
    }
    return this.#ready.promise;
  }

  /** Resolves with no socket left and the credentials on disk. */
  async stop(): Promise<void> {
    this.#end.abort();
    this.#turn.abort();
    await this.#running;
    this.#state = { kind: 'stopped' };
    const { kind } = this.view().state;
    if (kind === 'qr' || kind === 'code') this.#progress.set({ kind: 'ended', what: 'Stopped; no phone was linked.' });
  }

  /** Only while something can be sent. */
  socket(): WASocket | undefined {
    return this.#state.kind === 'open' && this.#state.socket.ws.isOpen ? this.#state.socket : undefined;
  }

  me(): Me | undefined {
    return this.#options.auth.me();
  }

  view(): LinkView {
    return this.#progress.view();
  }

  changed(after: number, signal?: AbortSignal): Promise<LinkView> {
    return this.#progress.changed(after, signal);
  }

  async begin({ phone, again }: LinkAsk): Promise<Result<LinkView>> {
    const digits = phone === undefined ? undefined : numberDigits(phone);
    if (phone !== undefined && digits === undefined)
      return refuse('bad_number', this.#words.badNumber, this.#words.numberFix);
    const me = this.me();
    if (me !== undefined && again !== true && !this.#leaving) {
      // A phone that has just agreed is followed to the end.
      if (this.view().state.kind !== 'scanned') this.#progress.set({ kind: 'linked', number: me.pn });
      if (this.#state.kind === 'conflict' || this.#state.kind === 'failed') this.#turn.abort();
      return ok(this.view());
    }
    if (again === true) await this.#giveUp();
    const same = this.#phone === digits && (this.#state.kind === 'scan' || this.#state.kind === 'connecting');
    this.#phone = digits;
    this.#rounds = 0;
    if (!same || again === true) {
      this.#progress.set({ kind: 'connecting' });
      this.#turn.abort();
    }
    void this.start();
    return ok(this.view());
  }

  health(): ChannelHealth {
    const { clock } = this.#options;
    const facts = { words: this.#words, number: this.me()?.pn, loggedOut: this.#loggedOut };
    return healthOf(this.#state, { now: clock.now(), ...facts });
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    const me = this.me();
    if (me !== undefined) this.#progress.set({ kind: 'linked', number: me.pn });
    while (!signal.aborted) {
      // Whatever is asked from here on ends this turn.
      this.#turn = new AbortController();
      const step = await this.#once(this.#turn.signal);
      if (!signal.aborted) await this.#follow(step, this.#turn.signal);
    }
  }

  /** One socket, from its making to what its end means. */
  async #once(turn: AbortSignal): Promise<Step> {
    const { auth, attach, clock, log } = this.#options;
    try {
      if (this.#leaving && !(await auth.forgotten('the link that is given up')))
        return { kind: 'later', what: 'The link that is given up could not be removed from the disk' };
      this.#leaving = false;
      const opened = await auth.open();
      if (opened.kind === 'unreadable') return { kind: 'failed', what: this.#words.unreadable };
      if (turn.aborted) return { kind: 'again' };
      const socket = openSocket(this.#options, opened.state);
      const round = { socket, turn, scanning: false };
      this.#generation += 1;
      attach(socket, this.#generation);
      const over = await this.#watch(round);
      const wasOpen = this.#state.kind === 'open' ? this.#state.since : undefined;
      if (wasOpen !== undefined && clock.now() - wasOpen >= steadyMs) this.#failures = 0;
      if (wasOpen !== undefined) this.#state = { kind: 'connecting', since: clock.now() };
      const closed = endSocket(socket, clock);
      if (this.#end.signal.aborted) await closed;
      // Of what changed from here back to its end nobody told.
      if (this.me() !== undefined) auth.save();
      await auth
        .flush()
        .catch((err: unknown) => log.error({ err, code: 'whatsapp_save' }, 'credentials were not stored yet'));
      return stepOf(over, round.scanning);
    } catch (err) {
      log.error({ err, code: 'whatsapp_bug' }, 'WhatsApp could not be connected to');
      return { kind: 'later', what: 'WhatsApp could not be connected to' };
    }
  }

  #watch(round: Round): Promise<Over> {
    const { auth, clock } = this.#options;
    const { socket, turn } = round;
    return watchSocket(socket, {
      ...{ clock, signal: turn },
      qr: (qr, lastsMs) => this.#offer(round, { qr, until: clock.now() + lastsMs }),
      scanned: () => {
        round.scanning = false;
        this.#state = { kind: 'connecting', since: clock.now() };
        this.#progress.set({ kind: 'scanned' });
      },
      opened: () => this.#opened(socket),
      save: () => auth.save(),
    });
  }

  /** A QR code came: it is shown, unless a code by number is wanted, which may be asked for from now on. */
  #offer(round: Round, code: { readonly qr: string; readonly until: number }): void {
    const { log } = this.#options;
    const first = !round.scanning;
    round.scanning = true;
    if (this.#state.kind !== 'scan')
      log.info({ code: 'whatsapp_unlinked' }, this.#loggedOut ? this.#words.loggedOut : this.#words.scan);
    this.#state = { kind: 'scan' };
    this.#ready.resolve();
    if (this.#phone === undefined) this.#progress.set({ kind: 'qr', ...code });
    else if (first) void this.#requestCode(round, this.#phone);
  }

  async #requestCode({ socket, turn }: Round, phone: string): Promise<void> {
    try {
      const code = await socket.requestPairingCode(phone);
      if (!turn.aborted) this.#progress.set({ kind: 'code', code });
    } catch {
      // The socket is over, which says why by itself.
      this.#options.log.warn({ code: 'whatsapp_code' }, 'a code for the phone could not be had; trying again');
    }
  }

  #opened(socket: WASocket): void {
    const { clock, log, connected } = this.#options;
    this.#state = { kind: 'open', since: clock.now(), socket };
    this.#atOnce = 0;
    this.#rounds = 0;
    this.#phone = undefined;
    this.#loggedOut = false;
    const number = this.me()?.pn ?? '';
    this.#progress.set({ kind: 'linked', number });
    log.info({ number: maskedNumber(number), code: 'whatsapp_connected' }, 'WhatsApp is connected');
    this.#ready.resolve();
    connected();
  }

  /** Does what the end of a socket asks for; resolves when the next one is due. */
  async #follow(step: Step, turn: AbortSignal): Promise<void> {
    if (step.kind !== 'again') this.#ready.resolve();
    if (turn.aborted || (this.#leaving && step.kind !== 'later')) return;
    switch (step.kind) {
      case 'again':
        this.#atOnce += 1;
        return this.#atOnce > mostAtOnce ? this.#pause('WhatsApp asks to connect anew', turn) : undefined;
      case 'later':
        return this.#pause(step.what, turn);
      case 'expired':
        this.#rounds += 1;
        if (this.#rounds < qrRounds) return undefined;
        this.#state = { kind: 'unlinked' };
        this.#progress.set({ kind: 'expired' });
        return aborted(turn);
      case 'logged-out':
        return this.#forget(turn);
      case 'conflict':
        return this.#stay({ kind: 'conflict' }, this.#words.conflict, turn);
      case 'failed':
        return this.#stay(step, step.what, turn);
      default:
        return assertNever(step);
    }
  }

  #pause(what: string, turn: AbortSignal): Promise<void> {
    const { clock, ids, log } = this.#options;
    this.#ready.resolve();
    const before = this.#state;
    this.#state = { kind: 'trouble', since: before.kind === 'trouble' ? before.since : clock.now(), what };
    if (this.view().state.kind !== 'linked') this.#progress.set({ kind: 'trouble', what: `${what}; trying again.` });
    const inMs = pauseMs(this.#failures, ids.random());
    this.#failures += 1;
    const fields = { inMs: Math.round(inMs), code: 'whatsapp_unreachable' };
    // One line per outage; the retries in between are for those who look closely.
    if (before.kind === 'trouble') log.debug(fields, `${what}; still trying`);
    else log.warn(fields, `${what}; trying again until it works`);
    return clock.sleep(inMs, turn);
  }

  /** The phone removed us: what we are is worth nothing any more, and a new code is offered. */
  async #forget(turn: AbortSignal): Promise<void> {
    const { auth, log, alarm, clock, account } = this.#options;
    const wasLinked = this.me() !== undefined;
    if (!(await auth.forgotten('the link that the phone has removed')))
      return this.#pause('The phone has removed this device, which could not be stored', turn);
    this.#rounds = 0;
    if (!wasLinked) return this.#pause('WhatsApp does not accept the attempt to link', turn);
    this.#loggedOut = true;
    this.#state = { kind: 'unlinked' };
    this.#progress.set({ kind: 'connecting' });
    log.warn({ code: 'whatsapp_logged_out' }, this.#words.loggedOut);
    alarm(`whatsapp:${account}:logged-out:${clock.now()}`, `WhatsApp: ${this.#words.loggedOut}`);
  }

  /** Nothing goes on before a person asks for it. */
  #stay(state: Extract<State, { kind: 'conflict' | 'failed' }>, what: string, turn: AbortSignal): Promise<void> {
    const { log, alarm, clock, account } = this.#options;
    const { kind } = state;
    this.#state = state;
    log.error({ code: `whatsapp_${kind}` }, what);
    this.#progress.set({ kind: 'ended', what });
    alarm(`whatsapp:${account}:${kind}:${clock.now()}`, `WhatsApp: ${what}`);
    return aborted(turn);
  }

  /** Tells the phone that this device goes, where that can be told, and forgets it with the next turn. */
  async #giveUp(): Promise<void> {
    const late = new AbortController();
    const patience = this.#options.clock.sleep(goodbyeMs, late.signal);
    this.#progress.leaving = true;
    this.#progress.set({ kind: 'connecting' });
    if (this.me() !== undefined) await Promise.race([this.start(), patience]);
    late.abort();
    const socket = this.socket();
    this.#leaving = true;
    try {
      await socket?.logout();
    } catch {
      this.#options.log.warn({ code: 'whatsapp_logout' }, 'the phone could not be told that this device is gone');
    }
    this.#progress.leaving = false;
  }
}
