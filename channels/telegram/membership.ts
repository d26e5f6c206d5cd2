// What the log says when the bot comes into a group or goes: with it, what is needed to be served there. Pure; used by adapter.ts.
import type { GroupClosed } from '../../src/core/channel.ts';

export const removedWords = 'the bot was blocked or removed here';

/** @param closed why nobody is heard there; undefined: the group is served */
export function addedWords(account: string, closed: GroupClosed | undefined): string {
  const path = account === 'default' ? 'channels.telegram' : `channels.telegram.accounts.${account}`;
  const here = 'the bot is in this group now';
  switch (closed) {
    case undefined:
      return here;
    case 'group_not_listed':
      return `${here}; to be served it must be listed in ${path}.groups`;
    case 'groups_disabled':
      return `${here}; it is not served, since ${path}.groupPolicy is "disabled"`;
  }
}

export const privacyWords = 'privacy mode is on: in groups the bot sees commands, mentions and replies to it only';
