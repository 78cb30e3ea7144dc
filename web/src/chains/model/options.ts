/** What this page knows of iptables(8) and iptables-extensions(8) by itself. The installed tools know more: `grammar.ts`. */

/** Short and other names of the options that need no match, each to the one long name used here. */
export const BASE: Readonly<Record<string, string>> = {
  '-p': 'protocol',
  '--protocol': 'protocol',
  '--proto': 'protocol',
  '-s': 'source',
  '--source': 'source',
  '--src': 'source',
  '-d': 'destination',
  '--destination': 'destination',
  '--dst': 'destination',
  '-i': 'in-interface',
  '--in-interface': 'in-interface',
  '-o': 'out-interface',
  '--out-interface': 'out-interface',
  '-f': 'fragment',
  '--fragment': 'fragment',
  '-m': 'match',
  '--match': 'match',
  '-j': 'jump',
  '--jump': 'jump',
  '-g': 'goto',
  '--goto': 'goto',
  '-4': 'ipv4',
  '--ipv4': 'ipv4',
  '-6': 'ipv6',
  '--ipv6': 'ipv6',
  '-c': 'set-counters',
  '--set-counters': 'set-counters',
}

/** How `iptables-save` writes them. */
export const SHORT: Readonly<Record<string, string>> = {
  protocol: '-p',
  source: '-s',
  destination: '-d',
  'in-interface': '-i',
  'out-interface': '-o',
  fragment: '-f',
  match: '-m',
  jump: '-j',
  goto: '-g',
}

/** Other names of options of matches. */
export const ALIASES: Readonly<Record<string, string>> = {
  '--destination-port': 'dport',
  '--source-port': 'sport',
  '--destination-ports': 'dports',
  '--source-ports': 'sports',
}

/** How many words follow, where it is not one. */
export const ARITY: Readonly<Record<string, number>> = {
  fragment: 0,
  ipv4: 0,
  ipv6: 0,
  'set-counters': 2,
  'tcp-flags': 2,
  'match-set': 2,
  'add-set': 2,
  'del-set': 2,
  syn: 0,
  notrack: 0,
  random: 0,
  'random-fully': 0,
  persistent: 0,
  'clamp-mss-to-pmtu': 0,
  set: 0,
  rcheck: 0,
  update: 0,
  remove: 0,
  rsource: 0,
  rdest: 0,
  rttl: 0,
  reap: 0,
  transparent: 0,
  nowildcard: 0,
  'restore-skmark': 0,
  loose: 0,
  validmark: 0,
  'accept-local': 0,
  invert: 0,
  'limit-iface-in': 0,
  'limit-iface-out': 0,
  'connlimit-saddr': 0,
  'connlimit-daddr': 0,
  icase: 0,
  kerneltz: 0,
  contiguous: 0,
  'log-tcp-sequence': 0,
  'log-tcp-options': 0,
  'log-ip-options': 0,
  'log-uid': 0,
  'log-macdecode': 0,
  'physdev-is-in': 0,
  'physdev-is-out': 0,
  'physdev-is-bridged': 0,
  'save-mark': 0,
  'restore-mark': 0,
  strict: 0,
  next: 0,
  'checksum-fill': 0,
  'zone-orig': 1,
  soft: 0,
  header: 1,
  'ecn-tcp-cwr': 0,
  'ecn-tcp-ece': 0,
  'ecn-tcp-remove': 0,
  'queue-bypass': 0,
  'queue-cpu-fanout': 0,
}

/** Protocols whose own match comes with `-p` (iptables loads it by itself). */
export const PORTED: readonly string[] = ['tcp', 'udp', 'udplite', 'sctp', 'dccp']

/** Names for `-p`; numbers and `all` go too. */
export const PROTOCOLS: readonly string[] = [
  'tcp', 'udp', 'icmp', 'ipv6-icmp', 'sctp', 'dccp', 'udplite', 'gre', 'esp', 'ah', 'igmp', 'ospf', 'all',
] // biome-ignore format: one list

export const CTSTATES: readonly string[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT']
export const TCP_FLAGS: readonly string[] = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH']
export const LIMIT_UNITS: readonly string[] = ['second', 'minute', 'hour', 'day']

/** Which match an option belongs to, for the options that the form has fields for. */
export const HOME: Readonly<Record<string, string>> = {
  ctstate: 'conntrack',
  ctproto: 'conntrack',
  state: 'state',
  limit: 'limit',
  'limit-burst': 'limit',
  comment: 'comment',
  mark: 'mark',
  sports: 'multiport',
  dports: 'multiport',
  'mac-source': 'mac',
  'icmp-type': 'icmp',
  'icmpv6-type': 'icmp6',
}

/** Targets that need no chain of their own. */
export const VERDICTS: readonly string[] = ['ACCEPT', 'DROP', 'RETURN']
