// The gateway: HELLO, IDENTIFY, heartbeats, events, RESUME, and everything that happens to a connection
// (https://discord.com/developers/docs/events/gateway). Made by twin.ts; tests steer it.
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { closes, type Frame, frameIn, type Line, ops } from './frames.ts';
import { asksTooMuch, isNonsense, type Privileged } from './intents.ts';
import { applicationOf } from './routes.ts';
import { Session } from './sessions.ts';
import { wholeGuild, wireUser } from './wire.ts';
import type { Occasion, Wire, World } from './world.ts';

const sendsPerMinute = 120;

export interface GatewayOptions {
  readonly token: string;
  readonly privileged: Privileged;
  /** Milliseconds between heartbeats, in real time: the client counts them. */
  readonly heartbeatMs: number;
  /** Milliseconds between two IDENTIFYs. */
  readonly identifyMs: number;
  /** Milliseconds a session can be resumed after its connection is gone. */
  readonly sessionMs: number;
}

/** A socket and what became of it. */
interface Wired extends Line {
  readonly socket: WebSocket;
  session?: Session;
  /** Nothing goes out any more, not even to a heartbeat. */
  deaf: boolean;
  frames: number[];
}

export class Gateway {
  readonly sessions: Session[] = [];
  /** Times of all IDENTIFYs. */
  readonly identifies: number[] = [];
  /** Heartbeats that were answered. */
  heartbeats = 0;
  token: string;
  readonly privileged: Privileged;
  /** What `/gateway/bot` says is left of the day's session starts. */
  startsLeft = 1000;
  /** Milliseconds until it says they are whole again. */
  startsResetMs = 14_400_000;
  readonly #world: World;
  readonly #options: GatewayOptions;
  readonly #lines = new Set<Wired>();
  #server: WebSocketServer | undefined;
  #port = 0;
  #stalls = 0;
  /** The last session was ended by the client, as when a process stops in order. */
  #leftInOrder = true;

  constructor(world: World, options: GatewayOptions) {
    this.#world = world;
    this.#options = options;
    this.token = options.token;
    this.privileged = options.privileged;
  }

  /** GET /gateway/bot */
  describe(): Wire {
    return {
      ...{ url: this.#url, shards: 1 },
      session_start_limit: {
        total: 1000,
        remaining: this.startsLeft,
        reset_after: this.startsResetMs,
        max_concurrency: 1,
      },
    };
  }

  tell(occasion: Occasion): void {
    for (const session of this.sessions) if (!session.ended) session.hear(occasion);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#lines.size;
  }

  /** Ends every connection with a close code, or with none (1006) as a broken cable does. */
  drop(code = 1006): void {
    for (const line of [...this.#lines]) this.#end(line, code);
  }

  /** Connections break and new ones are refused, for a while of the clock or until `up`. */
  async outage(ms?: number): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    this.drop();
    await closed;
    if (ms !== undefined) this.#world.clock.after(ms, () => void this.up());
  }

  /** Listens on loopback; from the second time on at the same port. */
  async up(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = new WebSocketServer({ host: '127.0.0.1', port: this.#port });
    this.#server = server;
    server.on('connection', (socket) => this.#welcome(socket));
    await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject));
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Asks every client to reconnect and resume. */
  op7(): void {
    for (const line of this.#lines) line.send({ op: ops.reconnect, d: null });
  }

  /** Says that the session is invalid; where it is not resumable, it is gone. */
  op9(resumable = false): void {
    for (const line of this.#lines) {
      if (!resumable && line.session !== undefined) line.session.ended = true;
      line.session?.detach(line);
      delete line.session;
      line.send({ op: ops.invalidSession, d: resumable });
    }
  }

  /** Asks for a heartbeat at once. */
  op1(): void {
    for (const line of this.#lines) line.send({ op: ops.heartbeat, d: null });
  }

  /** Open connections get nothing any more and their heartbeats no answer; new ones work. */
  deaf(): void {
    for (const line of this.#lines) line.deaf = true;
  }

  /** The next RESUMEs get neither events nor RESUMED, though heartbeats are answered. */
  stallsResumes(times = 1): void {
    this.#stalls = times;
  }

  /** No session can be resumed any more. */
  forgetsSessions(): void {
    for (const session of this.sessions) session.ended = true;
  }

  get #url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  #welcome(socket: WebSocket): void {
    const line: Wired = {
      ...{ socket, deaf: false, frames: [] },
      send: (frame) => {
        if (line.deaf || socket.readyState !== socket.OPEN) return false;
        socket.send(JSON.stringify(frame));
        return true;
      },
    };
    this.#lines.add(line);
    socket.on('close', (code) => this.#left(line, code));
    socket.on('error', () => {});
    socket.on('message', (data) => this.#read(line, data as Buffer));
    line.send({ op: ops.hello, d: { heartbeat_interval: this.#options.heartbeatMs } });
  }

  #left(line: Wired, code: number): void {
    this.#lines.delete(line);
    line.session?.detach(line);
    // A client that says goodbye cannot come back to its session.
    if (![1000, 1001].includes(code)) return;
    this.#leftInOrder = true;
    if (line.session !== undefined) line.session.ended = true;
  }

  #end(line: Wired, code: number): void {
    this.#lines.delete(line);
    line.session?.detach(line);
    if (code === 1006) line.socket.terminate();
    else line.socket.close(code);
  }

  #read(line: Wired, data: Buffer): void {
    const code = this.#tooFast(line) ? closes.tooFast : this.#hear(line, frameIn(data));
    if (code !== undefined) this.#end(line, code);
  }

  /** Does what the frame asks for. @returns the close code for one that has no place here */
  #hear(line: Wired, frame: Frame | undefined): number | undefined {
    switch (frame?.op) {
      case undefined:
        return closes.decode;
      case ops.heartbeat:
        this.heartbeats += 1;
        line.send({ op: ops.ack });
        return undefined;
      case ops.identify:
        return this.#identify(line, frame.d as Wire);
      case ops.resume:
        return this.#resume(line, frame.d as Wire);
      case ops.presence:
      case ops.voice:
      case ops.members:
        return line.session === undefined ? closes.notAuthenticated : undefined;
      default:
        return closes.unknownOp;
    }
  }

  #identify(line: Wired, { token, intents }: Wire): number | undefined {
    if (line.session !== undefined) return closes.alreadyAuthenticated;
    if (token !== this.token) return closes.token;
    if (isNonsense(intents)) return closes.nonsense;
    if (asksTooMuch(Number(intents), this.privileged)) return closes.disallowed;
    if (this.#isTooSoon()) line.send({ op: ops.invalidSession, d: false });
    else this.#begin(line, Number(intents));
    return undefined;
  }

  #begin(line: Wired, intents: number): void {
    const session = new Session(this.#world, { id: `session-${this.sessions.length + 1}`, intents });
    this.sessions.push(session);
    this.startsLeft -= 1;
    line.session = session;
    session.attach(line);
    const guilds = [...this.#world.guilds.values()].filter(({ present }) => present);
    session.dispatch('READY', {
      ...{ v: 10, user: wireUser(this.#world.bot), session_id: session.id, resume_gateway_url: this.#url },
      ...{ guilds: guilds.map(({ id }) => ({ id, unavailable: true })), shard: [0, 1] },
      application: applicationOf(this.#world),
    });
    for (const guild of guilds)
      if (!guild.unavailable) session.dispatch('GUILD_CREATE', wholeGuild(this.#world, guild));
  }

  #resume(line: Wired, { token, session_id: id, seq }: Wire): number | undefined {
    if (line.session !== undefined) return closes.alreadyAuthenticated;
    if (token !== this.token) return closes.token;
    const session = this.sessions.find((one) => one.id === id);
    if (session === undefined || !this.#resumable(session)) {
      line.send({ op: ops.invalidSession, d: false });
      return undefined;
    }
    if (typeof seq !== 'number' || seq > session.last) return closes.badSeq;
    line.session = session;
    if (this.#stalls > 0) {
      this.#stalls -= 1;
      return undefined;
    }
    session.attach(line);
    session.replay(seq);
    line.send({ op: ops.dispatch, t: 'RESUMED', s: session.last, d: {} });
    return undefined;
  }

  #resumable({ ended, detachedAt }: Session): boolean {
    return !ended && (detachedAt === undefined || this.#world.clock.now() - detachedAt < this.#options.sessionMs);
  }

  /** A process that stopped in order and is started again is no offence; a loop of IDENTIFYs is one. */
  #isTooSoon(): boolean {
    const now = this.#world.clock.now();
    const last = this.identifies.at(-1);
    const { identifyMs } = this.#options;
    const soon = last !== undefined && now - last < identifyMs && !this.#leftInOrder;
    this.identifies.push(now);
    this.#leftInOrder = false;
    if (soon) this.#world.violations.note('identify too soon', `${now - last} ms after the last one`);
    return soon;
  }

  #tooFast(line: Wired): boolean {
    const now = this.#world.clock.now();
    line.frames = [...line.frames.filter((at) => at > now - 60_000), now];
    if (line.frames.length <= sendsPerMinute) return false;
    this.#world.violations.note('too many gateway sends', `${line.frames.length} in a minute`);
    return true;
  }
}
