// What goes over a connection to the gateway: opcodes, close codes, frames
// (https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway). Used by gateway.ts and sessions.ts.

/** A frame of the gateway. */
export interface Frame {
  readonly op: number;
  readonly d?: unknown;
  readonly s?: number;
  readonly t?: string;
}

/** What a session speaks through while it is connected. */
export interface Line {
  send(frame: Frame): boolean;
}

export const ops = {
  ...{ dispatch: 0, heartbeat: 1, identify: 2, presence: 3, voice: 4, resume: 6, reconnect: 7, members: 8 },
  ...{ invalidSession: 9, hello: 10, ack: 11 },
} as const;

/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes */
export const closes = {
  ...{ unknownOp: 4001, decode: 4002, notAuthenticated: 4003, token: 4004, alreadyAuthenticated: 4005 },
  ...{ badSeq: 4007, tooFast: 4008, nonsense: 4013, disallowed: 4014 },
} as const;

const largestFrame = 4096;

/** What a client sent, undefined for what is no frame. */
export function frameIn(data: Buffer): Frame | undefined {
  if (data.byteLength > largestFrame) return undefined;
  try {
    return JSON.parse(data.toString('utf8')) as Frame;
  } catch {
    return undefined;
  }
}
