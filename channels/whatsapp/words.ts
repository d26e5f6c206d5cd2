// What people are told about the link and the connection: each sentence names the cause and what to do. Used by connection.ts.

export interface Words {
  readonly unlinked: string;
  readonly scan: string;
  readonly loggedOut: string;
  readonly conflict: string;
  readonly unreadable: string;
  readonly badNumber: string;
  readonly numberFix: string;
}

/** @param account its name in the config; commands name it where it is not the only one */
export function wordsFor(account: string): Words {
  const pair = `npx switchyard pair whatsapp${account === 'default' ? '' : ` --account ${account}`}`;
  return {
    unlinked: `No phone is linked. Link one: ${pair}`,
    scan: `No phone is linked; a code waits to be scanned. Show it: ${pair}`,
    loggedOut: `The phone has removed this device, so nothing can be received or sent. Link it again: ${pair}`,
    conflict: `Another program uses this link, so this one has stopped. Stop the other one, then: ${pair} (or restart).`,
    unreadable: `The stored link cannot be read and was left as it is. Put a backup of the state folder back, or link anew: ${pair} --again`,
    badNumber: 'That is no phone number in the international form.',
    numberFix: `Write it with its country code, for example: ${pair} --phone +4915112345617`,
  };
}
