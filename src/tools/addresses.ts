// Which network addresses web_fetch may reach. Pure; called by http-get.ts with every address a name resolves to.
import ipaddr from 'ipaddr.js';

/** Ranges that become reachable with `tools.web.allowPrivateAddresses`. */
const privateRanges: Readonly<Record<string, string>> = {
  loopback: 'this machine',
  private: 'a private network',
  carrierGradeNat: 'a private network',
  uniqueLocal: 'a private network',
  deprecatedSiteLocal: 'a private network',
  // Test and documentation networks, also used inside companies.
  reserved: 'a reserved network',
};

/** Cloud hosts answer machine credentials here, on an address that looks public (Azure WireServer). */
const metadataAddresses = new Set(['168.63.129.16']);

/** All global unicast IPv6 addresses lie here (RFC 4291, IANA IPv6 Global Unicast Address Assignments). */
const globalIpv6 = ipaddr.parseCIDR('2000::/3');

/**
 * @param address a literal IPv4 or IPv6 address
 * @returns undefined when it may be reached, else what it is («this machine», «a link-local or metadata address»)
 */
export function refusedAddress(address: string, allowPrivate: boolean): string | undefined {
  if (!ipaddr.isValid(address)) return 'not an address';
  // IPv4 inside IPv6 (::ffff:10.0.0.1) is judged as the IPv4 address it reaches.
  const parsed = ipaddr.process(address);
  if (metadataAddresses.has(parsed.toString())) return 'a cloud metadata address';
  const range = parsed.range();
  if (range === 'linkLocal') return 'a link-local or cloud metadata address';
  const privately = privateRanges[range];
  if (privately !== undefined) return allowPrivate ? undefined : privately;
  if (range !== 'unicast') return `a special address (${range})`;
  if (parsed.kind() === 'ipv6' && !parsed.match(globalIpv6)) return 'a special address (not global)';
  return undefined;
}
