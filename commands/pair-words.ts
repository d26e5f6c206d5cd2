// How people who were let in, and those who wait, look. Used by pair.ts and the command line.
import type { Approver, PairingRequest, Revoked } from '../src/core/pairing.ts';
import { assertNever } from '../src/core/result.ts';

/** Who is meant, by name and by the id that lists take. */
export function personName({ name, id }: Pick<PairingRequest, 'name' | 'id'>): string {
  return `${name} (${id})`;
}

export function approverWords(by: Approver): string {
  switch (by.via) {
    case 'cli':
      return 'the command line';
    case 'link':
      return 'a link';
    case 'chat':
      return by.person;
    default:
      return assertNever(by);
  }
}

/** What a revocation comes to. */
export function revokedWords({ person, wasOwner, asksAgain, still }: Revoked): string {
  const owner = 'They were the owner: the next person approved on the command line (switchyard pair) is.';
  const access =
    still === undefined
      ? [`${personName(person)} has no access any more.`, askingWords[asksAgain]]
      : [
          `${personName(person)} is not paired any more, but ${still} of the config lets them in: change it to end that.`,
        ];
  const sentences = [...access, wasOwner ? owner : ''];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

const askingWords: Readonly<Record<Revoked['asksAgain'], string>> = {
  now: 'They can ask again.',
  later: 'They can ask again an hour after they asked.',
  never: '',
};

export const listedInConfig = 'People in allowFrom and commands.ownerAllowFrom of the config may too.';
