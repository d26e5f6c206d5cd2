// Mail items and commands made from inbox rows carry the row's ticket in their id. Used by turn-item.ts, finish.ts,
// unprocessed.ts and the wiring.

export function itemId(ticket: number): string {
  return `inbox:${ticket}`;
}

/** Outbox key of the reply to a command, by the command's own key, which is its item id. */
export function replyKey(commandId: string): string {
  return `command:${commandId.slice('inbox:'.length)}`;
}

/** The inbox rows behind item ids; ids of other items are skipped. */
export function ticketsOf(itemIds: readonly string[]): readonly number[] {
  return itemIds.flatMap((id) => {
    const ticket = /^inbox:(\d+)$/.exec(id)?.[1];
    return ticket === undefined ? [] : [Number(ticket)];
  });
}
