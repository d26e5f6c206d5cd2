// Why Discord does not let us in, in words that name the switch. Pure; used by connection.ts.
// docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes

export const tokenWords =
  'Discord does not accept the token. Check channels.discord.token (or DISCORD_TOKEN); the Developer Portal makes a new one under Bot, «Reset Token».';

const words: ReadonlyMap<number, string> = new Map([
  [4004, tokenWords],
  [4010, 'Discord refuses the shard (4010). Update this program, or report it.'],
  [4011, 'The bot is in too many servers for one connection (4011). Remove it from some of them.'],
  [4012, 'Discord no longer speaks this version of its protocol (4012). Update this program.'],
  [4013, 'Discord does not know what we ask it to tell (4013). Update this program.'],
  [
    4014,
    'Discord does not let the bot read messages. In the Developer Portal, under Bot, switch on «Message Content Intent», then start the channel again.',
  ],
]);

/** For close codes after which no attempt helps; undefined for all others. */
export function fatalWords(code: number): string | undefined {
  return words.get(code);
}
