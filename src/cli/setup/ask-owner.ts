// Who the owner is: somebody by id, or the first person let in from this computer. Called by setup.ts.
import type { PlatformId } from '../../../channels/index.ts';
import { numberDigits } from '../../core/link.ts';
import { numberFault } from './ask-whatsapp.ts';
import type { Dialogue } from './dialogue.ts';
import type { Answers } from './plan.ts';

interface Way {
  readonly name: string;
  /** Where the id is to be found. */
  readonly how: string;
  /** The id in what was typed; undefined: there is none. */
  readonly read: (text: string) => string | undefined;
  readonly fault: string;
}

const matching =
  (form: RegExp) =>
  (text: string): string | undefined =>
    form.test(text) ? text : undefined;

const ways: Readonly<Record<PlatformId, Way>> = {
  telegram: {
    ...{ name: 'Telegram', how: '/whoami tells it' },
    ...{ read: matching(/^\d{1,20}$/), fault: 'A Telegram id is digits only, not the @name.' },
  },
  discord: {
    ...{ name: 'Discord', how: 'right click on your name › Copy User ID, with developer mode on' },
    ...{ read: matching(/^\d{17,20}$/), fault: 'A Discord id has 17 to 20 digits.' },
  },
  whatsapp: {
    ...{ name: 'WhatsApp', how: 'your number, with the country code' },
    ...{ read: numberDigits, fault: numberFault },
  },
};

export interface Reached {
  /** Channels that will be on. */
  readonly channels: readonly PlatformId[];
  /** The number on WhatsApp is not the owner's. */
  readonly botNumber: boolean;
}

export async function askOwner(dialogue: Dialogue, { channels, botNumber }: Reached): Promise<Pick<Answers, 'owners'>> {
  const { prompts, current } = dialogue;
  const now = current.config.commands.ownerAllowFrom;
  const ownNumber = channels.includes('whatsapp') && !botNumber;
  const asked = channels.filter((id) => id !== 'whatsapp' || botNumber);
  if (ownNumber) prompts.say('On WhatsApp the account that is linked is the owner.');
  if (asked.length === 0) return {};
  const how = await prompts.choose({
    message: 'Who is the owner? The owner lets others in and approves what agents ask.',
    options: [
      ...(now.length === 0 ? [] : [{ value: 'keep', label: `Keep ${now.join(', ')}` } as const]),
      { value: 'first', label: 'The first person I let in from here', hint: 'one command, after the start' },
      { value: 'id', label: 'I know my id' },
    ],
    initial: now.length === 0 ? 'first' : 'keep',
  });
  if (how === 'keep') return {};
  if (how === 'first') return now.length === 0 ? {} : { owners: [] };
  return { owners: await askIds(dialogue, asked) };
}

/** The first id of each channel is asked for and replaced where it stands; what nobody was asked about stays. */
async function askIds({ prompts, current }: Dialogue, asked: readonly PlatformId[]): Promise<readonly string[]> {
  let owners: readonly string[] = current.config.commands.ownerAllowFrom;
  for (const id of asked) {
    const { name, read, fault, how } = ways[id];
    const before = owners.find((one) => one.startsWith(`${id}:`));
    const answer = await prompts.line({
      message: `Your ${name} id (${how}; empty: none)`,
      initial: before?.slice(id.length + 1) ?? '',
      fault: (text) => (text === '' || read(text) !== undefined ? undefined : fault),
    });
    const own = read(answer);
    const said = own === undefined ? [] : [`${id}:${own}`];
    owners = before === undefined ? [...owners, ...said] : owners.flatMap((one) => (one === before ? said : [one]));
  }
  return owners;
}
