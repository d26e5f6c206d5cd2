// Who the owner is: somebody by id, or the first person let in from this computer. Called by setup.ts.
import type { PlatformId } from '../../../channels/index.ts';
import type { Dialogue } from './dialogue.ts';
import type { Answers } from './plan.ts';

const ways = {
  telegram: {
    name: 'Telegram',
    form: /^\d{1,20}$/,
    fault: 'A Telegram id is digits only, not the @name.',
    how: '/whoami tells it',
  },
  discord: {
    name: 'Discord',
    form: /^\d{17,20}$/,
    fault: 'A Discord id has 17 to 20 digits.',
    how: 'right click on your name › Copy User ID, with developer mode on',
  },
} as const;
type WithIds = keyof typeof ways;

/** @param channels that will be on */
export async function askOwner(dialogue: Dialogue, channels: readonly PlatformId[]): Promise<Pick<Answers, 'owners'>> {
  const { prompts, current } = dialogue;
  const now = current.config.commands.ownerAllowFrom;
  const asked = (Object.keys(ways) as readonly WithIds[]).filter((id) => channels.includes(id));
  if (channels.includes('whatsapp')) prompts.say('On WhatsApp the account that is linked is the owner.');
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
  const given: string[] = [];
  for (const id of asked) {
    const { name, form, fault, how: where } = ways[id];
    const initial = now.find((one) => one.startsWith(`${id}:`))?.slice(id.length + 1) ?? '';
    const answer = await prompts.line({
      message: `Your ${name} id (${where}; empty: none)`,
      initial,
      fault: (text) => (text === '' || form.test(text) ? undefined : fault),
    });
    if (answer !== '') given.push(`${id}:${answer}`);
  }
  const others = now.filter((one) => !asked.some((id) => one.startsWith(`${id}:`)));
  return { owners: [...others, ...given] };
}
