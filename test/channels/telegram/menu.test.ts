import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/telegram/people.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
let ann: Person;
beforeEach(async () => {
  rig = await openRig();
  ann = rig.twin.person(7, 'Ann', { started: true });
});
afterEach(() => rig.close());

const names = (person: Person): readonly string[] => rig.twin.menu(person).map(({ command }) => command);

describe('the command menu', () => {
  const commands = [
    { name: 'help', summary: 'What can be typed here.', access: 'anyone' },
    { name: 'pair', summary: 'Who may talk.', access: 'owner' },
    { name: 'max-age', summary: 'Not a name for Telegram.', access: 'anyone' },
  ] as const;

  it('is longer for the owner, leaves out what Telegram cannot name, and is set only when it differs', async () => {
    for (let start = 0; start < 2; start += 1) {
      const adapter = rig.another({ commands, owners: () => ['7'] });
      await adapter.start(rig.events);
      await until(() => rig.twin.menu(ann).length === 2, 'the menu');
      await adapter.stop();
    }
    expect(rig.twin.menu(ann).map(({ command }) => command)).toEqual(['help', 'pair']);
    expect(rig.twin.menu(rig.twin.person(8, 'Bob')).map(({ command }) => command)).toEqual(['help']);
    expect(rig.twin.calls.filter(({ method }) => method === 'setMyCommands')).toHaveLength(2);
  });

  it('of an owner who opens the bot later comes when they write', async () => {
    const adapter = rig.another({ commands, owners: () => ['7', '8'] });
    await adapter.start(rig.events);
    await until(() => rig.log.lines.some(({ fields }) => fields.code === 'telegram_menu'), 'the line');
    const bob = rig.twin.person(8, 'Bob');
    expect([names(ann), names(bob)]).toEqual([['help', 'pair'], ['help']]);
    await bob.says('/start');
    await until(() => names(bob).length === 2, 'the menu of the owner');
  });

  it('follows when somebody becomes the owner', async () => {
    let owners: readonly string[] = [];
    const adapter = rig.another({ commands, owners: () => owners });
    await adapter.start(rig.events);
    await until(() => rig.twin.menu(ann).length === 1, 'the menu for everybody');
    owners = ['7'];
    adapter.refresh();
    await until(() => rig.twin.menu(ann).length === 2, 'the menu of the owner');
  });

  it('of whoever is the owner no more is that of everybody again', async () => {
    const bob = rig.twin.person(8, 'Bob', { started: true });
    let owners: readonly string[] = ['7'];
    const adapter = rig.another({ commands, owners: () => owners });
    await adapter.start(rig.events);
    await until(() => names(ann).length === 2, 'the menu of the owner');
    owners = ['8'];
    adapter.refresh();
    await until(() => names(bob).length === 2, 'the menu of the new owner');
    await until(() => names(ann).length === 1, 'the menu to be taken back');
    expect(names(ann)).toEqual(['help']);
  });

  it('of one owner whose chat Telegram does not know keeps no other menu away, and is told to the log', async () => {
    const adapter = rig.another({ commands, owners: () => ['4711', '7'] });
    await adapter.start(rig.events);
    await until(() => names(ann).length === 2, 'the menu of the owner');
    await until(() => names(rig.twin.person(8, 'Bob')).length === 1, 'the menu for everybody');
    await until(() => rig.log.lines.some(({ fields }) => fields.code === 'telegram_menu'), 'the line');
  });
});
