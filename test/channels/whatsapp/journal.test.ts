// What WhatsApp has handed over is stored in the end, wherever the process was cut off, and nothing stays aside for it.
import { expect, test } from 'vitest';
import type { AuthMemory } from '../../../channels/whatsapp/auth.ts';
import { until } from '../../fakes/wait.ts';
import { openMessageRig } from './message-rig.ts';

/** What lies aside now. */
const aside = (memory: AuthMemory | undefined): number =>
  [...(memory?.all('stanza:') ?? []), ...(memory?.all('opened:') ?? [])].length;

test('a message that was confirmed and could not be stored before the end is taken by the next start', async () => {
  let memory: AuthMemory | undefined;
  const rig = await openMessageRig({}, (auth) => {
    memory = auth;
    return auth;
  });
  const ann = rig.twin.person('Ann');
  const stored = rig.events.message;
  Object.assign(rig.events, { message: () => Promise.reject(new Error('disk full')) });
  const { id } = await ann.says('one');
  await until(() => rig.twin.receipts.some((receipt) => receipt.id === id), 'the confirmation');
  await rig.stop();
  expect(aside(memory)).toBeGreaterThan(0);
  Object.assign(rig.events, { message: stored });
  await rig.start();
  await rig.hears('one');
  await until(() => aside(memory) === 0, 'nothing to lie aside');
});

test('a message whose key was used up when the process died, and that was not confirmed, is read all the same', async () => {
  let dies = false;
  let deaths = 0;
  let memory: AuthMemory | undefined;
  const rig = await openMessageRig({}, (auth) => {
    memory = auth;
    let dead = false;
    const never = (): Promise<never> => new Promise(() => undefined);
    return {
      ...auth,
      write: async (changes) => {
        if (dead) return never();
        await auth.write(changes);
        dead = dies && [...changes].some(([key, value]) => key.startsWith('opened:') && value !== undefined);
        if (!dead) return undefined;
        deaths += 1;
        return never();
      },
    };
  });
  const ann = rig.twin.person('Ann');
  await ann.says('before');
  await rig.hears('before');
  await until(() => aside(memory) === 0, 'nothing to lie aside');
  dies = true;
  await ann.says('one');
  await until(() => deaths === 1, 'the end');
  dies = false;
  // A dead process does not get to the end of that.
  void rig.stop();
  await until(() => rig.twin.connections === 0, 'the end of the connection');
  await rig.start();
  await rig.hears('one');
  await until(() => aside(memory) === 0, 'nothing to lie aside');
  expect(rig.taken.filter(({ text }) => text === 'one')).toHaveLength(1);
});
