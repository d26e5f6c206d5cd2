// `switchyard pair …`: letting people in from the computer the process runs on. The first one let in here becomes the owner.
import { Argument, type Command } from 'commander';
import { printable } from '../../channels/console/format.ts';
import { approverWords, listedInConfig, personName, revokedWords } from '../../commands/pair-words.ts';
import { age, timestamp } from '../core/format.ts';
import type { PairingView } from '../core/pairing.ts';
import { type ChannelId, channelIds } from '../core/route.ts';
import { ConfigFile } from '../infra/config-file.ts';
import { type AddVerb, ask, type Cli, look, printJson } from './cli.ts';
import type { PairLink } from './engine-port.ts';
import type { WhatsappOptions } from './pair-whatsapp.ts';
import { drawQr } from './qr.ts';
import { table } from './table.ts';

interface LinkOptions {
  readonly account?: string;
  readonly json?: boolean;
}

interface WhatsappWords extends Omit<WhatsappOptions, 'phone'> {
  readonly phone?: readonly string[];
}

export const addPair: AddVerb = (program, cli) => {
  const pair = program
    .command('pair')
    .description(
      'who may talk to the bot: telegram (a link that lets one person in), discord (a link into a server), whatsapp (links your phone), list, approve, deny, revoke',
    );
  pair
    .command('telegram')
    .description('a link, also as a QR code, that lets the first person who opens it in; the first of all is the owner')
    .option('--account <name>', 'the Telegram account, where there are several')
    .option('--json', 'print JSON')
    .action((options: LinkOptions) => telegram(cli, options));
  pair
    .command('discord')
    .description('the address that brings the bot into a server of yours, with the rights it needs')
    .option('--account <name>', 'the Discord account, where there are several')
    .option('--json', 'print JSON')
    .action((options: LinkOptions) => discord(cli, options));
  pair
    .command('whatsapp')
    .description('link a WhatsApp account: shows a QR code to scan with the phone')
    .option('--phone <number...>', 'link by a code that is typed on the phone with this number, with its country code')
    .option('--account <name>', 'the WhatsApp account, where there are several')
    .option('--again', 'give up the link there is, and make a new one')
    .option('--json', 'print one line of JSON per step')
    .action(async ({ phone, ...options }: WhatsappWords) => {
      const { pairWhatsapp } = await import('./pair-whatsapp.ts');
      // Numbers are written with gaps, and seldom in quotes.
      await pairWhatsapp(cli, { ...options, ...(phone === undefined ? {} : { phone: phone.join(' ') }) });
    });
  pair
    .command('list')
    .description('who waits to be let in, and who was')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => list(cli, options.json === true));
  addDecisions(pair, cli);
};

function addDecisions(pair: Command, cli: Cli): void {
  const channel = (): Argument =>
    new Argument('<channel>', 'where they wrote').choices(channelIds.filter((id) => id !== 'console'));
  const code = (): Argument => new Argument('<code>', 'the code they were given');
  pair
    .command('approve')
    .description('let the person with this code in')
    .addArgument(channel())
    .addArgument(code())
    .action((where: ChannelId, said: string) => approve(cli, where, said));
  pair
    .command('deny')
    .description('send them away')
    .addArgument(channel())
    .addArgument(code())
    .action((where: ChannelId, said: string) =>
      ask(cli, 'pair.deny', { channel: where, code: said }, (one) => cli.out(`${personName(one)} was sent away.`)),
    );
  pair
    .command('revoke <person>')
    .description('take access away, at once; the person as <channel>:<id>')
    .action((id: string) => ask(cli, 'pair.revoke', { id }, (revoked) => cli.out(revokedWords(revoked))));
}

async function telegram(cli: Cli, { account, json }: LinkOptions): Promise<void> {
  const params = { channel: 'telegram', ...(account === undefined ? {} : { account }) } as const;
  const made = await ask(cli, 'pair.link', params, (link) => link);
  if (made === undefined) return;
  if (json === true) printJson(cli, { link: made.link, expiresAt: made.expiresAt });
  else cli.out(await linkText(made, cli.stdout.isTTY === true));
}

async function discord(cli: Cli, { account, json }: LinkOptions): Promise<void> {
  const params = { channel: 'discord', ...(account === undefined ? {} : { account }) } as const;
  await ask(cli, 'pair.invite', params, (link) => {
    if (json === true) printJson(cli, { link });
    else cli.out([link, '', ...inviteSteps].join('\n'));
  });
}

const inviteSteps = [
  'Open it in a browser and choose your server. Then, in Discord:',
  '1. Leave «Message Content Intent» switched on (developer portal, Bot page): without it Discord does not let the bot connect.',
  '2. Write to the bot directly. It answers with a code; `npx switchyard pair approve discord <code>` makes you its owner.',
  '3. List the server so that it is served there: `npx switchyard config set "channels.discord.groups.<server id>" "{}"`.',
];

async function linkText({ link, owner }: PairLink, coloured: boolean): Promise<string> {
  const picture = await drawQr(link, coloured);
  const who = owner
    ? 'Whoever opens it first may talk to the bot, and becomes its owner.'
    : 'Whoever opens it first may talk to the bot.';
  const how = 'Open it on your phone, or point its camera at the code, and press Start.';
  return [picture, '', link, '', `${how} ${who}`, 'It works once, within 1 h.'].join('\n');
}

async function approve(cli: Cli, channel: ChannelId, code: string): Promise<void> {
  await ask(cli, 'pair.approve', { channel, code }, ({ person, becameOwner }) => {
    const owner = becameOwner ? ', and is the owner' : '';
    cli.out(`${personName(person)} may talk to the bot now${owner}.`);
  });
}

async function list(cli: Cli, json: boolean): Promise<void> {
  const view = await look(cli, 'pair.list', {}, async (store) => store.pairing(await namesNoOwner(cli)));
  if (view === undefined) return;
  if (json) printJson(cli, view);
  else cli.out(printable(listText(view, cli.clock.now())));
}

async function namesNoOwner({ env, clock, workingDirectory }: Cli): Promise<boolean> {
  const file = new ConfigFile({ env, clock, workingDirectory });
  await file.load();
  return file.current.commands.ownerAllowFrom.length === 0;
}

function listText({ pending, people }: PairingView, now: number): string {
  const waiting = pending.map((one) => [one.code, one.id, `${age(now - one.at)} ago`, one.name]);
  const known = people.map((one) => [
    one.id,
    one.owner ? 'owner' : 'allowed',
    timestamp(one.since, now),
    approverWords(one.by),
    one.name,
  ]);
  return [
    'Waiting',
    table(['CODE', 'PERSON', 'ASKED', 'NAME'], waiting),
    '',
    'May talk to the bot',
    table(['PERSON', 'AS', 'SINCE', 'LET IN BY', 'NAME'], known),
    listedInConfig,
  ].join('\n');
}
