// Whose number WhatsApp is linked with, and how. Called by ask-channels.ts.
import { numberDigits } from '../../core/link.ts';
import type { Dialogue } from './dialogue.ts';
import type { Answers } from './plan.ts';

/** By scanning a code, or by typing one on the phone with this number. */
export type Linking = { readonly by: 'qr' } | { readonly by: 'phone'; readonly phone: string };

/** Columns the code needs; a terminal on a phone has fewer. */
const qrColumns = 64;

export async function askWhatsapp(
  dialogue: Dialogue,
): Promise<Pick<Answers, 'whatsapp'> & { readonly link?: Linking }> {
  const { prompts, current, columns } = dialogue;
  const known = current.on.includes('whatsapp');
  if (!known) prompts.warn(risk);
  const policy = current.config.channels.whatsapp.dmPolicy;
  const asksPolicy = policy === 'allowlist' || policy === 'pairing';
  const dmPolicy = asksPolicy ? await askPolicy(dialogue, policy) : undefined;
  const by = await prompts.choose({
    message: 'Link the phone when the settings are written?',
    options: [
      {
        value: 'qr',
        label: 'Scan a QR code',
        hint: columns < qrColumns ? `needs ${qrColumns} columns` : 'with the phone',
      },
      { value: 'phone', label: 'Type a code on the phone', hint: 'no camera needed' },
      { value: 'later', label: known ? 'Leave the link as it is' : 'Later', hint: 'npx switchyard pair whatsapp' },
    ],
    initial: known ? 'later' : columns < qrColumns ? 'phone' : 'qr',
  });
  const link =
    by === 'later' ? undefined : by === 'qr' ? ({ by } as const) : ({ by, phone: await askNumber(dialogue) } as const);
  return {
    ...(dmPolicy === undefined || dmPolicy === policy ? {} : { whatsapp: { dmPolicy } }),
    ...(link === undefined ? {} : { link }),
  };
}

const risk =
  'WhatsApp offers no interface for bots. This links as a further device, as WhatsApp Web does, which is against its terms: accounts have been banned. Use a spare number.';

function askPolicy({ prompts }: Dialogue, initial: 'allowlist' | 'pairing'): Promise<'allowlist' | 'pairing'> {
  return prompts.choose({
    message: 'Whose number is it?',
    options: [
      { value: 'allowlist', label: 'Mine', hint: 'only I, in the chat with myself' },
      { value: 'pairing', label: "The bot's own", hint: 'people write to it, and I let them in' },
    ],
    initial,
  });
}

/** What is wrong with a number that cannot be dialled from everywhere. */
export const numberFault = 'Write it with its country code, as +49 151 23456789.';

function askNumber({ prompts }: Dialogue): Promise<string> {
  return prompts.line({
    message: 'Its number, with the country code (+49 151 23456789)',
    fault: (text) => (numberDigits(text) === undefined ? numberFault : undefined),
  });
}
