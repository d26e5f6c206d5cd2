// Which addresses lead to this machine alone: what goes there may be unencrypted, and nobody else comes in there. Pure. Used by the
// config, the status page, model providers, the setup and the Discord channel.

const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|\\d?\\d)';
const own = new RegExp(`^(localhost|127(\\.${octet}){3}|::1|\\[::1\\])$`, 'i');

/** @param host a name or an address; IPv6 with brackets, as in a URL, or without */
export function isLoopback(host: string): boolean {
  return own.test(host);
}
