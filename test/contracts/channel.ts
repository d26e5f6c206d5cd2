// What every channel adapter owes to the rest, as one suite. Each adapter's tests call it with a rig of their own platform.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelAdapter, Sign } from '../../src/core/channel.ts';
import { type InboundMessage, inboundSchema, type Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { hears } from '../fakes/channel-events.ts';
import { until } from '../fakes/wait.ts';

/** An adapter that is not started yet, and its platform as the test sees it. */
export interface ChannelRig {
  readonly adapter: ChannelAdapter;
  /** A place where the person below can be answered. */
  readonly route: Route;
  /** The person writes; resolves when the platform has taken it. */
  say(text: string): Promise<void>;
  /** Texts the platform shows from us, oldest first. */
  shown(): readonly string[];
  /** A repeated key shows the message once within one process. False where the platform offers no way. */
  readonly repeatsOnce: boolean;
  /** Cuts the connection for good, if that can be done here. */
  cut?(): Promise<void>;
  close(): Promise<void>;
}

const signs: readonly Sign[] = ['typing', 'idle', 'seen', 'working', 'done'];
const nowhere: Route = { channel: 'console', account: 'nobody', chat: 'nowhere' };

/** @param make a fresh rig for each test */
export function channelContract(name: string, make: () => Promise<ChannelRig>): void {
  describe(`${name} keeps the channel contract`, () => {
    let rig: ChannelRig;
    beforeEach(async () => {
      rig = await make();
    });
    afterEach(async () => {
      await rig.adapter.stop();
      await rig.close();
    });

    const started = async (): Promise<InboundMessage[]> => {
      const taken: InboundMessage[] = [];
      await rig.adapter.start(
        hears(async (message) => {
          taken.push(message);
        }),
      );
      return taken;
    };

    it('is connected between start and stop, and says so in a sentence', async () => {
      expect(rig.adapter.health().state).not.toBe('connected');
      await started();
      expect(rig.adapter.health()).toMatchObject({ state: 'connected', detail: expect.stringMatching(/./) });
      await rig.adapter.stop();
      expect(rig.adapter.health()).toMatchObject({ state: 'stopped', detail: expect.stringMatching(/./) });
    });

    it('says that it is connected, once, although it was started twice', async () => {
      const events = hears();
      await rig.adapter.start(events);
      await rig.adapter.start(events);
      expect(events.connects).toBe(1);
    });

    it('may be stopped before it started, and twice', async () => {
      await rig.adapter.stop();
      await rig.adapter.stop();
      expect(rig.adapter.health().state).not.toBe('connected');
    });

    it('hands a message in once, although it was started twice', async () => {
      const taken = await started();
      await started();
      await rig.say('hello');
      await until(() => taken.length > 0, 'the message');
      await rig.say('again');
      await until(() => taken.length > 1, 'the second message');
      expect(taken.map((message) => message.text)).toEqual(['hello', 'again']);
    });

    it('hands messages in in the order they were written, complete and with ids of their own', async () => {
      const taken = await started();
      const texts = Array.from({ length: 8 }, (_, index) => `message ${index}`);
      for (const text of texts) await rig.say(text);
      await until(() => taken.length === texts.length, 'all messages');
      expect(taken.map((message) => message.text)).toEqual(texts);
      for (const message of taken) {
        expect(inboundSchema.parse(message)).toEqual(message);
        expect(message.route).toMatchObject({ channel: rig.adapter.id, account: rig.adapter.account });
      }
      expect(new Set(taken.map((message) => message.id)).size).toBe(texts.length);
    });

    it('goes on after a message could not be stored', async () => {
      const taken: string[] = [];
      let full = true;
      await rig.adapter.start(
        hears(async (message) => {
          // A platform that keeps what was not stored gives it once more; one that does not says so to the person.
          if (message.text === 'first' && full) {
            full = false;
            throw new Error('disk full');
          }
          taken.push(message.text);
        }),
      );
      await rig.say('first');
      await rig.say('second');
      await until(() => taken.includes('second'), 'the second message');
    });

    it('shows what it reports as sent, in order', async () => {
      await started();
      const receipts: Receipt[] = [];
      for (const text of ['one', 'two']) receipts.push(await rig.adapter.deliver(rig.route, { text }, `key:${text}`));
      for (const receipt of receipts) {
        expect(receipt).toMatchObject({ status: 'sent' });
        expect(receipt.status === 'sent' && receipt.messageIds.length).toBeGreaterThan(0);
      }
      expect(rig.shown()).toEqual(['one', 'two']);
    });

    it('shows a repeated key once, also when the repetition comes early', async () => {
      if (!rig.repeatsOnce) return;
      await started();
      const both = await Promise.all([
        rig.adapter.deliver(rig.route, { text: 'once' }, 'same'),
        rig.adapter.deliver(rig.route, { text: 'once' }, 'same'),
      ]);
      await rig.adapter.deliver(rig.route, { text: 'once' }, 'same');
      expect(both.map((receipt) => receipt.status)).toEqual(['sent', 'sent']);
      expect(rig.shown()).toEqual(['once']);
    });

    it('answers every delivery with a receipt, never an exception', async () => {
      const deliver = (route: Route, key: string): Promise<Receipt> => rig.adapter.deliver(route, { text: 'x' }, key);
      expect((await deliver(rig.route, 'early')).status).not.toBe('sent');
      await started();
      expect((await deliver(nowhere, 'nowhere')).status).not.toBe('sent');
      if (rig.cut !== undefined) {
        await rig.cut();
        expect((await deliver(rig.route, 'cut')).status).not.toBe('sent');
        expect(rig.adapter.health().state).not.toBe('connected');
      }
      await rig.adapter.stop();
      expect((await deliver(rig.route, 'late')).status).not.toBe('sent');
    });

    it('takes every sign at any time', async () => {
      const all = (): void => {
        for (const sign of signs) rig.adapter.signal?.(rig.route, sign);
      };
      all();
      await started();
      all();
      await rig.adapter.stop();
      all();
    });

    it('offers edits exactly where it says so', () => {
      expect(rig.adapter.edit !== undefined).toBe(rig.adapter.can.edits);
      expect(rig.adapter.openThread !== undefined).toBe(rig.adapter.can.threads);
    });
  });
}
