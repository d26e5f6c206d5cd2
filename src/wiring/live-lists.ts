// Lists of runs that keep themselves up to date, with what they ask of the other rooms. Part of the delivery layer.
import { shownChoices, showsMenus } from '../core/channel.ts';
import type { CommandPlace, Reply } from '../core/command.ts';
import { type Adapters, adapterFor } from '../delivery/account.ts';
import { LiveLists } from '../delivery/live-lists.ts';
import { readRow } from '../delivery/outbox-row.ts';
import type { Updates } from '../delivery/updates.ts';
import { replyKey } from '../inbound/tickets.ts';
import type { EngineParts } from './parts.ts';
import type { Stores } from './stores.ts';

export function wireLiveLists(
  parts: Pick<EngineParts, 'clock' | 'log' | 'runCommand'>,
  { database, choices, registry }: Pick<Stores, 'database' | 'choices' | 'registry'>,
  { adapters, updates }: { readonly adapters: Adapters; readonly updates: Updates },
): LiveLists {
  const { clock, log, runCommand } = parts;
  const lists = new LiveLists({
    ...{ clock, log, updates },
    editable: (route) => {
      const adapter = adapterFor(adapters, route);
      return adapter?.edit !== undefined && adapter.can.edits ? adapter.can.maxText : undefined;
    },
    stored: (key) => readRow(database.read, { key })?.message,
    again: runCommand,
    shown: (route, reply) => shownChoices(adapterFor(adapters, route)?.can, reply),
    offer: (fresh, { route, caller }, below) => {
      const menu = showsMenus(adapterFor(adapters, route)?.can) ? { below: below?.id } : undefined;
      const to = { id: caller.id, name: caller.name };
      return database.write((sql) => choices.offer(sql, fresh, { route, to, menu }));
    },
  });
  registry.watch(() => lists.changed());
  return lists;
}

/** Runs commands; what is under way in their answers is kept up to date from its delivery on. */
export function watchedCommands(
  { runCommand }: Pick<EngineParts, 'runCommand'>,
  lists: LiveLists,
): EngineParts['runCommand'] {
  return async (text: string, place: CommandPlace): Promise<Reply | undefined> => {
    const reply = await runCommand(text, place);
    if (reply?.live === true) lists.answered(replyKey(place.commandId), { command: text, place, reply });
    return reply;
  };
}
