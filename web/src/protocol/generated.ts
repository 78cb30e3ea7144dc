// Written by script/generate from the message types in protocol/ and topology/. Do not edit.
// A field with `?` is left out on the wire where it has its default; `DEFAULTS` holds the defaults of records.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** Bytes, in base64. */
export type Base64 = string
/** What was added, updated (before, after) and removed, by record id. */
export type Diff<T> = {
  added?: Record<string, T>
  updated?: Record<string, [T, T]>
  removed?: Record<string, T>
}

/** `ip address add` */
export type AddAddressStep = {
  step: "add-address"
  subject: string
  namespace: string
  dev: string
  address: string
}

/** `iptables -N` */
export type AddChain = {
  do: "add-chain"
  namespace: string
  family?: Family
  table?: Table
  name: string
}

export type AddFdb = {
  do: "add-fdb"
  fdb: Fdb
}

/** `bridge fdb replace` */
export type AddFdbStep = {
  step: "add-fdb"
  subject: string
  fdb: Fdb
}

/** A new interface of any kind but veth and loopback. A bridge is drawn at `at`, relative to its namespace. */
export type AddInterface = {
  do: "add-interface"
  interface: AnyInterface
  at?: [number, number] | null
}

/**
 * `ip link add`: down, with kind, MAC, MTU and attributes; master, addresses and up are steps of their own.
 *
 * For one end of a pair, `peer` is the other end, made by the same message.
 */
export type AddInterfaceStep = {
  step: "add-interface"
  subject: string
  interface: AnyInterface
  peer?: AnyInterface | null
}

/** A new veth pair. */
export type AddLink = {
  do: "add-link"
  a: End
  b: End
}

/** A new namespace, drawn at `at`, in canvas units. */
export type AddNamespace = {
  do: "add-namespace"
  name: string
  nsid?: number | null
  at?: [number, number] | null
}

/** `ip netns add` */
export type AddNamespaceStep = {
  step: "add-namespace"
  subject: string
  name: string
}

export type AddNeighbour = {
  do: "add-neighbour"
  neighbour: Neighbour
}

/** `ip neighbour replace … nud permanent` */
export type AddNeighbourStep = {
  step: "add-neighbour"
  subject: string
  neighbour: Neighbour
}

export type AddRoute = {
  do: "add-route"
  route: Route
}

/** `ip route add` */
export type AddRouteStep = {
  step: "add-route"
  subject: string
  route: Route
}

/** `iptables -A CHAIN RULE`, or `-I` where `at` says which number it shall have. `rule` is what one types after the chain's name. */
export type AddRule = {
  do: "add-rule"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  rule: string
  at?: number | null
}

/** `bridge vlan add` */
export type AddVlanStep = {
  step: "add-vlan"
  subject: string
  namespace: string
  dev: string
  vlan: PortVlan
}

/** An address of an interface, also one that the kernel made: see `topology.observe.facts.AddressFact`. */
export type AddressLive = {
  address: string
  scope?: string
  flags?: string[]
  proto?: string
}

/** Which rules of a namespace can never match, as far as their text tells. Answer: `Analysed`. */
export type Analyse = {
  type: "analyse"
  id: string
  lab: string
  namespace: string
}

export type Analysed = {
  result: "analysed"
  notes: RuleNote[]
}

/** Socket.IO event `answer`: exactly one of `result` and `problem`. */
export type Answer = {
  id: string
  result?: AnyResult | null
  problem?: Problem | null
}

/** Make the lab what this document says. A document without a layout keeps the lab's where nodes have the same name. */
export type ApplyDocument = {
  do: "apply-document"
  document: Record<string, Json>
}

/** A labelled area behind the nodes: a subnet, a rack, a host of containers. `label` empty: its name is shown. */
export type Area = {
  kind: "area"
  name: string
  x: number
  y: number
  w: number
  h: number
  locked?: boolean
  label?: string
  colour?: "blue" | "gray" | "green" | "orange" | "pink" | "red" | "teal" | "violet" | "yellow"
}

/**
 * The packet that somebody wants sent, or wants to know about.
 *
 * `source`: a namespace, or an interface (`ns/name`: sent through it). `target`: a namespace, an interface or an address. `port`: the
 * destination's; None: `UDP_PORT`, `TCP_PORT`. `source_port` 0: the kernel picks one. `size`: bytes of payload of ICMP and UDP. `ttl`
 * None: the namespace's default. `dont_fragment`: IPv4's DF (IPv6 routers never fragment). `mark`: SO_MARK of the sending socket.
 */
export type Ask = {
  source: string
  target: string
  protocol?: "arp" | "icmp" | "tcp" | "udp"
  ipv6?: boolean
  port?: number | null
  source_port?: number
  size?: number
  ttl?: number | null
  dont_fragment?: boolean
  mark?: number
}

/**
 * Look at it and type in it, on `channel`; with a token to view only look. Frames: SCREEN, then OUTPUT as it
 * comes, STATE whenever that is another. Answer: `Done`.
 */
export type AttachTerminal = {
  type: "attach-terminal"
  id: string
  lab: string
  terminal: string
  channel: number
  rows: number
  columns: number
}

/** A bridge. Times are in seconds; the defaults are the kernel's. */
export type Bridge = {
  kind: "bridge"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
  stp?: boolean
  priority?: number
  forward_delay?: number
  hello_time?: number
  max_age?: number
  ageing_time?: number
  vlan_filtering?: boolean
  vlan_default_pvid?: number
  mcast_snooping?: boolean
}

/** End the running request `target`: an `exec` gets SIGTERM (or `signal`), a `ping` SIGINT. */
export type Cancel = {
  type: "cancel"
  id: string
  target: string
  signal?: number | null
}

/** A capture: see `topology.observe.facts.CaptureFact`. */
export type CaptureLive = {
  kind: "capture"
  capture: string
  interfaces: CapturedInterface[]
  filter?: string
  snaplen?: number
  running?: boolean
  first?: number
  frames?: number
  bytes?: number
  dropped?: number
}

export type CaptureStarted = {
  result: "capture-started"
  capture: string
}

/**
 * Frame number `first` and those that follow it, as `pack` writes them. `more`: there are others already. `running`: others may come.
 *
 * `first` is above `after` + 1 where the ring has forgotten what was between.
 */
export type CapturedFrames = {
  result: "captured-frames"
  first: number
  data: Base64
  more: boolean
  running: boolean
}

/** `interface` is `ns/name` as it was when the capture began. `problem`: why it is no longer captured. */
export type CapturedInterface = {
  interface: string
  problem?: string
}

/** The closed set of how a journey ends. */
export type Cause = "delivered" | "running" | "dropped-by-rule" | "dropped-by-policy" | "rejected-by-rule" | "no-route" | "neighbour-silent" | "interface-down" | "no-carrier" | "not-forwarded" | "reverse-path" | "ttl-exceeded" | "too-big" | "port-blocked" | "vlan-filtered" | "nobody-listens" | "no-answer" | "refused" | "unknown"

/**
 * A chain of iptables(8) and its rules, each as iptables-save prints it after `-A NAME `, without counters.
 *
 * `policy` is a built-in chain's, None for a user-defined one. A built-in chain with policy ACCEPT and no rules has no record, a
 * user-defined one always has.
 */
export type Chain = {
  kind: "chain"
  namespace: string
  family: Family
  table: Table
  name: string
  policy?: ChainPolicy | null
  rules?: string[]
}

/** Pairs of packets and bytes: those that met the chain's policy (None: a user-defined chain), and those that each rule matched. */
export type ChainCounters = {
  policy?: [number, number] | null
  rules?: [number, number][]
}

/** One entry of the history. `shell`: the commands that do the same. */
export type Change = {
  number: number
  context: Context
  diff: Diff<AnyRecord>
  undone?: boolean
  shell?: string[]
}

/**
 * `ip link set`: `fields` of `after` are what is to be set (never `up`, `addresses`, `vlans`, `name`).
 *
 * `master` in `fields` with `after.master` None is `nomaster`. A field whose value in `after` is None goes back to what the
 * kernel would have chosen; `values` holds what that is, where it is known.
 */
export type ChangeInterfaceStep = {
  step: "change-interface"
  subject: string
  after: AnyInterface
  fields: string[]
  values?: Record<string, boolean | number | string | null>
}

/**
 * `iptables-restore --noflush`: these lines of one table, all of them or none. What they do not name keeps its counters.
 *
 * Each line is a command of iptables(8) without its table, as `-I INPUT 2 -s 10.0.1.0/24 -j DROP`.
 */
export type ChangeTableStep = {
  step: "change-table"
  subject: string
  namespace: string
  family: Family
  table: Table
  lines: string[]
}

/** One thing that this kernel and system can or cannot do. `detail` says why, `mend` the command that mends it. */
export type Check = {
  name: string
  ok: boolean
  needed?: boolean
  detail?: string
  mend?: string
}

/** Would the lab's iptables take this rule for this chain? Nothing is changed. Answer: `RuleChecked`. */
export type CheckRule = {
  type: "check-rule"
  id: string
  lab: string
  namespace: string
  family?: Family
  table?: Table
  chain: string
  rule: string
}

export type Close = {
  type: "close"
  id: string
  lab: string
}

/** End it, if nothing but the shell runs in it or if it is to be ended `anyway`. Answer: `TerminalClosed`. */
export type CloseTerminal = {
  type: "close-terminal"
  id: string
  lab: string
  terminal: string
  anyway?: boolean
}

/** The closed set of reasons. A client may switch on it; the words for people are in `Problem.message`. */
export type Code = "invalid" | "unknown" | "exists" | "conflict" | "refused" | "unsupported" | "limit" | "unavailable" | "denied" | "version" | "internal"

/**
 * An entry of the connection tracking table, as conntrack(8) shows it.
 *
 * `protocol` is a name, or the number where it has none. `timeout`: s until it is removed. `flags` are words for IPS_*
 * (linux/netfilter/nf_conntrack_common.h): `seen-reply`, `assured`, `confirmed`, `snat`, `dnat`, `dying`, `offload`. `packets` and
 * `bytes`, of the original and the reply direction, only where net.netfilter.nf_conntrack_acct is 1.
 */
export type Connection = {
  id: number
  family: Family
  protocol: string
  original: Tuple
  reply: Tuple
  state?: string
  timeout?: number
  mark?: number
  zone?: number
  flags?: string[]
  packets?: [number, number] | null
  bytes?: [number, number] | null
}

/** Connections of a namespace, only while somebody looks. `count`: of all; of many only the first are in `rows`. */
export type ConntrackLive = {
  kind: "conntrack"
  namespace: string
  at: number
  rows?: Connection[]
  count?: number
}

/** Who caused a change: `author` is a browser's name for itself, `cli`, `terminal` (somebody in a shell) or `vethboard`. */
export type Context = {
  author: string
  session?: string
  label?: string
  at?: string
}

/** The main counters of struct rtnl_link_stats64 (linux/if_link.h), since the interface was made. */
export type Counters = {
  rx_bytes: number
  rx_packets: number
  rx_errors: number
  rx_dropped: number
  tx_bytes: number
  tx_packets: number
  tx_errors: number
  tx_dropped: number
  multicast: number
}

/** Counters of a namespace's interfaces by name, only while somebody looks at it. */
export type CountersLive = {
  kind: "counters"
  namespace: string
  at: number
  rows: Record<string, Counters>
}

/** `ip address delete` */
export type DeleteAddressStep = {
  step: "delete-address"
  subject: string
  namespace: string
  dev: string
  address: string
}

/** `conntrack -D` of one entry, as it was shown. Answer: `Done`. */
export type DeleteConnection = {
  type: "delete-connection"
  id: string
  lab: string
  namespace: string
  connection: Connection
}

/** `bridge fdb delete` */
export type DeleteFdbStep = {
  step: "delete-fdb"
  subject: string
  fdb: Fdb
}

/** `ip link delete`. The peer of a veth goes with it. */
export type DeleteInterfaceStep = {
  step: "delete-interface"
  subject: string
  namespace: string
  name: string
}

/** `ip netns delete`. What is inside goes with it, and so does the peer of a veth that is inside. */
export type DeleteNamespaceStep = {
  step: "delete-namespace"
  subject: string
  name: string
}

/** `ip neighbour delete` */
export type DeleteNeighbourStep = {
  step: "delete-neighbour"
  subject: string
  neighbour: Neighbour
}

/** `ip route delete` */
export type DeleteRouteStep = {
  step: "delete-route"
  subject: string
  route: Route
}

/** `bridge vlan delete` */
export type DeleteVlanStep = {
  step: "delete-vlan"
  subject: string
  namespace: string
  dev: string
  vid: number
}

/**
 * Socket.IO event `delta`: what changed from `revision` - 1 to `revision`. A gap in the numbers means: open again.
 *
 * `context` says who caused the change of `desired`. The last six are whole new values, None: unchanged; the undo labels and
 * `undo_by`, the author of the edit that undo would take back, are empty text where there is nothing to undo.
 */
export type Delta = {
  lab: string
  revision: number
  desired?: Diff<AnyRecord> | null
  observed?: Diff<AnyRecord> | null
  live?: Diff<AnyLive> | null
  context?: Context | null
  info?: LabInfo | null
  drift?: string[] | null
  warnings?: Problem[] | null
  can_undo?: string | null
  can_redo?: string | null
  undo_by?: string | null
  shell?: string[] | null
}

/** Stop it and delete its document and history. */
export type DestroyLab = {
  type: "destroy"
  id: string
  lab: string
}

/** No longer look at it. It goes on; one that has ended is forgotten when its end was seen. */
export type DetachTerminal = {
  type: "detach-terminal"
  id: string
  channel: number
}

export type Diagnosis = {
  result: "diagnosis"
  checks: Check[]
}

/** Where what was seen is not what was predicted: the numbers of the two hops (from 0), None where there is no such hop. */
export type Difference = {
  predicted?: number | null
  observed?: number | null
}

/** Answer: `Diagnosis`. */
export type Doctor = {
  type: "doctor"
  id: string
}

/** It is so in the kernel (where there is one). `deploy_seconds`: from the document being here to the kernel read back. */
export type Done = {
  result: "done"
  revision: number
  steps: number
  deploy_seconds: number | null
  made: string[]
}

/** An interface without a wire. Its addresses answer; frames that leave through it are dropped. */
export type Dummy = {
  kind: "dummy"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
}

/**
 * The same again, `by` canvas units away: namespaces, bridges, areas and notes, with what is in them and the links among them.
 * A link to a bridge that stays alone is drawn again to it.
 */
export type Duplicate = {
  do: "duplicate"
  ids: string[]
  by?: [number, number]
}

/**
 * One edit, made of commands that happen together or not at all. `base`: the revision that its author saw (None: any).
 *
 * The answer `Done` comes when the kernel was read back; a `Problem` means that nothing was changed. `dry_run`: do not touch the
 * kernel, answer `Planned`.
 */
export type Edit = {
  type: "edit"
  id: string
  lab: string
  commands: AnyCommand[]
  base?: number | null
  label?: string
  dry_run?: boolean
}

/** One end of a link that is to be made. `name` None: the next free `vethN`, as the kernel would. */
export type End = {
  namespace: string
  name?: string | null
  master?: string | null
  mac?: string | null
  mtu?: number | null
  addresses?: string[]
  up?: boolean
}

/** Send a signal to a process of the lab, by the pid that the lab sees. */
export type EndProcess = {
  type: "end-process"
  id: string
  lab: string
  pid: number
  signal?: number
}

/** A document that comes with Vethboard, ready to be made into a lab (`NewLab`). */
export type Example = {
  name: string
  description: string
  document: Record<string, Json>
}

export type Examples = {
  result: "examples"
  examples: Example[]
}

/** Run a command in a namespace. Stream: `Output`; answer: `Exited`. `tty`: on a PTY of `rows` × `columns`. */
export type Exec = {
  type: "exec"
  id: string
  lab: string
  namespace: string
  argv: string[]
  tty?: boolean
  rows?: number
  columns?: number
  env?: Record<string, string>
}

/** `code` as a shell has it: 128 + n after signal n, 127 not found, 126 not executable. */
export type Exited = {
  result: "exited"
  code: number
}

/**
 * Answer: `Exported`. `observed`: what the kernel is, instead of what the document says. `ids`: a document of only these
 * namespaces, bridges, areas and notes, with what is in them and the links among them (`Paste` takes it).
 */
export type Export = {
  type: "export"
  id: string
  lab: string
  observed?: boolean
  format?: "json" | "shell"
  ids?: string[] | null
}

/**
 * What `iptables-save` prints there (with `counters`, `iptables-save -c`); of a lab that does not run, what it would. Answer:
 * `Exported`.
 */
export type ExportRules = {
  type: "export-rules"
  id: string
  lab: string
  namespace: string
  family?: Family
  counters?: boolean
}

export type Exported = {
  result: "exported"
  text: string
}

/**
 * A match (`-m name`) or a target (`-j name`). `tables`, `hooks`: where alone it may stand, as far as is known; empty: anywhere.
 *
 * `needs`: what the rule needs besides, as `-p tcp`. `help` is the program's own `--help`.
 */
export type Extension = {
  name: string
  kind: "match" | "target"
  summary?: string
  options?: Option[]
  tables?: Table[]
  hooks?: string[]
  needs?: string
  help?: string
}

/**
 * An FDB entry that somebody added (bridge(8), `bridge fdb`).
 *
 * On a bridge port: in the bridge's table, `static`, or `local` where frames to it belong to the bridge itself. On a vxlan:
 * `destination` is the remote tunnel end.
 */
export type Fdb = {
  kind: "fdb"
  namespace: string
  dev: string
  mac: string
  vlan?: number | null
  destination?: string | null
  local?: boolean
}

/** The FDB of a bridge or a vxlan. `age` was in s when the fact came: a viewer counts on from there. */
export type FdbLive = {
  kind: "fdb-table"
  namespace: string
  name: string
  rows?: FdbRow[]
}

/** An entry as `bridge fdb` shows it: see `topology.observe.facts.FdbFact`. `record`: id of the record that it realises. */
export type FdbRow = {
  mac: string
  dev: string
  state: string
  vlan?: number | null
  destination?: string | null
  age?: number
  record?: string | null
}

/** `path` below the home; `size` in bytes; `modified` in s since 1970. */
export type File = {
  path: string
  size: number
  modified: number
}

/** `more`: there are others that are not listed. */
export type Files = {
  result: "files"
  home: string
  files: File[]
  more: boolean
}

/**
 * Netfilter in a namespace: the lab's driver and the tables that the kernel has there now. `foreign`: in words, what is in force and
 * the driver cannot show (tables of the other driver, tables of nft(8)).
 */
export type FilterLive = {
  kind: "filter"
  namespace: string
  driver: Driver
  tables?: Record<string, Table[]>
  foreign?: string[]
}

/** `iptables -F`: no rules in the chain; None: in no chain of the table. */
export type FlushChain = {
  do: "flush-chain"
  namespace: string
  family?: Family
  table?: Table
  name?: string | null
}

/** `conntrack -F`. Answer: `Done`. */
export type FlushConntrack = {
  type: "flush-conntrack"
  id: string
  lab: string
  namespace: string
}

/** Leave nothing of the table: `iptables -F`, `-X`, and policy ACCEPT. */
export type FlushTable = {
  do: "flush-table"
  namespace: string
  family?: Family
  table?: Table
}

export type History = {
  type: "history"
  id: string
  lab: string
}

export type HistoryList = {
  result: "history"
  changes: Change[]
}

/**
 * One step. `kind` says which of the fields mean something.
 *
 * `at`: µs since the packet was sent; None: between the hops around it. `object`: id of the record that did it (`namespace:…`,
 * `interface:…`, `route:…`, `chain:…`). `packet`: as it came; `after`: as it went on, where something of it was changed. route: `route`
 * (a prefix; empty: none), `via`, `dev`, `table_id`; `note`, the route's type; `errno`, where the kernel refuses. chain: `hook`, `rule`
 * (the one that matched, or the policy), `outcome`, `passed` (the rules before it that did not match), `target` (the rule's; of a jump the
 * chain), `state` (conntrack's), `mark`. neighbour: `address`, `mac`, `asked` (it was asked on the wire; else it was known). bridge:
 * `ports`, `flooded`. unknown: `note`.
 */
export type Hop = {
  kind: "answer" | "bridge" | "chain" | "deliver" | "error" | "in" | "nat" | "neighbour" | "out" | "receive" | "route" | "send" | "unknown"
  namespace: string
  leg?: "original" | "reply"
  at?: number | null
  object?: string
  dev?: string
  packet?: Packet | null
  after?: Packet | null
  route?: string
  via?: string
  table_id?: number
  errno?: number
  hook?: "forward" | "input" | "output" | "postrouting" | "prerouting" | null
  rule?: RuleAt | null
  outcome?: "accept" | "continue" | "drop" | "jump" | "reject" | "return" | "stolen" | null
  passed?: RuleAt[]
  target?: string
  state?: string
  mark?: number
  address?: string
  mac?: string
  asked?: boolean
  ports?: string[]
  flooded?: boolean
  note?: string
}

/** A queue for packets that a filter redirects to it; they go on where they were going when they have passed it. */
export type Ifb = {
  kind: "ifb"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
}

/** Make the tables that an iptables-save text names what it says; other tables stay. `keep`: add to what is there (`--noflush`). */
export type ImportRules = {
  do: "import-rules"
  namespace: string
  text: string
  family?: Family
  keep?: boolean
}

/** Bytes for the standard input of the running `exec` with id `target`. `eof` closes it after them. */
export type Input = {
  type: "input"
  id: string
  target: string
  data?: Base64
  eof?: boolean
}

/**
 * `predicted`: worked out, and not seen; `assumptions`: what was taken for granted for that. `took`: µs from sending to the answer, 0
 * where none came. `notes`: what could not be looked at, in the kernel's words.
 */
export type Journey = {
  probe: Probe
  hops: Hop[]
  verdict: Verdict
  predicted?: boolean
  took?: number
  assumptions?: string[]
  notes?: string[]
}

/**
 * The journey of packet `number` (from 1) as far as it is known: it replaces the one before with that number. `ended`: it will not
 * change.
 */
export type JourneyItem = {
  item: "journey"
  number: number
  journey: Journey
  ended?: boolean
}

/** Make the document say what the kernel shows. None: all drift; else only these record ids. */
export type KeepDrift = {
  do: "keep-drift"
  ids?: string[] | null
}

/**
 * What belongs to the lab as a whole. Exactly one, `lab:`. The plan does not see it.
 *
 * `ipv6`: leave IPv6 on in all namespaces, however many they are (docs/adr/0004-ipv6-in-large-labs.md). `firewall`: whose iptables
 * the lab has; None: what the machine has, legacy before nft. `uplink`: `host` has the outside, where the server allows it.
 */
export type Lab = {
  kind: "lab"
  name?: string
  description?: string
  policy?: Policy
  ipv6?: boolean
  firewall?: Driver | null
  uplink?: boolean
}

/** A lab in the list. `firewall`: whose iptables it has; None: not chosen yet. */
export type LabInfo = {
  lab: string
  state: LabState
  policy: Policy
  namespaces: number
  viewers: number
  firewall: Driver | null
  problem: Problem | null
}

/** `role`: what the caller's token allows, in these labs. */
export type Labs = {
  result: "labs"
  labs: LabInfo[]
  role: "admin" | "edit" | "view"
}

/** Socket.IO event `labs`. */
export type LabsEvent = {
  labs: LabInfo[]
}

/**
 * One interface as `ip -d link` and `ip address` show it. `type` is the kernel's kind, also one that documents do not know.
 *
 * `index` is the ifindex, `peer_index` the peer's. `peer` and `parent` (the lower interface) are `ns/name`. `port_state` is the STP state
 * of a bridge port as a word. `modelled` is False where a document cannot hold the interface; `note` then says why.
 */
export type LinkLive = {
  kind: "link"
  namespace: string
  name: string
  index: number
  type: string
  up: boolean
  carrier: boolean
  operstate: string
  flags: string[]
  mtu: number
  mac: string
  master?: string | null
  peer?: string | null
  peer_index?: number | null
  parent?: string | null
  driver?: string
  txqlen?: number
  port_state?: string | null
  addresses?: AddressLive[]
  modelled?: boolean
  note?: string
}

/** Answer: `Examples`. */
export type ListExamples = {
  type: "examples"
  id: string
}

/** The files of a namespace's home, folders and all. Answer: `Files`. They are fetched from `/labs/LAB/files/NAMESPACE/PATH`. */
export type ListFiles = {
  type: "list-files"
  id: string
  lab: string
  namespace: string
}

/** Answer: `Labs`. From then on `labs` events say each change of the list. */
export type ListLabs = {
  type: "labs"
  id: string
}

/** Answer: `Tokens`, of one lab or of all. */
export type ListTokens = {
  type: "tokens"
  id: string
  lab?: string | null
}

/** A listening socket, as `ss -ltun` lists them. `pid` None: no process of the namespace holds it (the kernel does). */
export type Listening = {
  protocol: "tcp" | "udp"
  address: string
  port: number
  pid?: number | null
}

/**
 * Which namespaces this client shows in an inspector: counters, neighbours, learned FDB entries, processes come for those.
 *
 * `filters`: of which it shows the rules, so that their counters come; `conntrack`: of which the connections. `traffic`: of which it
 * shows the rates on links: only the counters of their interfaces come.
 */
export type Look = {
  type: "look"
  id: string
  lab: string
  namespaces?: string[]
  filters?: string[]
  conntrack?: string[]
  traffic?: string[]
}

/** `lo`. A namespace starts with it down; 127.0.0.1/8 and ::1/128 come with it when it goes up. */
export type Loopback = {
  kind: "loopback"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
}

/** An interface on top of `parent` (`ns/name`), which may be in another namespace. */
export type Macvlan = {
  kind: "macvlan"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
  parent: string
  mode?: "bridge" | "passthru" | "private" | "vepa"
}

/**
 * A token for this lab alone. Answer: `TokenMade`; it is shown this once. `name`: what it is listed and revoked by.
 * `terminals`: whether one to view may also watch the terminals, in which it can never type.
 */
export type MakeToken = {
  type: "make-token"
  id: string
  lab: string
  role?: "edit" | "view"
  name?: string
  terminals?: boolean
}

/** `ip link set INTERFACE netns NAMESPACE [name NAME]`, or a rename. `interface` is `ns/name`. */
export type MoveInterface = {
  do: "move-interface"
  interface: string
  namespace: string
  name?: string | null
}

/**
 * `ip link set … netns … name …`: the kernel takes it down and its addresses and routes go. A rename where the
 * namespaces are the same keeps them.
 */
export type MoveInterfaceStep = {
  step: "move-interface"
  subject: string
  namespace: string
  name: string
  to_namespace: string
  to_name: string
}

/** Rule number `at`, which is `was`, becomes number `to` of `to_chain` in `to_table` (None: the same ones); `to` None: the last. */
export type MoveRule = {
  do: "move-rule"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  at: number
  was: string
  to?: number | null
  to_chain?: string | null
  to_table?: Table | null
}

/**
 * A network namespace (ip-netns(8)); `host` is the lab's own stack.
 *
 * `nsid` is the id that `host` knows it by; None: whatever the kernel gives. `sysctls` holds `net.…` keys with values
 * that differ from a fresh namespace's, always as text, as the kernel prints them.
 */
export type Namespace = {
  kind: "namespace"
  name: string
  nsid?: number | null
  sysctls?: Record<string, string>
}

/** A namespace: `inode` as `lsns` shows it, `nsid` in `host`, all watched sysctls, the routing tables, the ARP and ND caches. */
export type NamespaceLive = {
  kind: "netns"
  name: string
  inode: number
  nsid?: number | null
  sysctls?: Record<string, string>
  routes?: RouteRow[]
  neighbours?: NeighbourRow[]
}

/** A permanent neighbour entry (ip-neighbour(8)): `address` has `mac` on `dev`. */
export type Neighbour = {
  kind: "neighbour"
  namespace: string
  dev: string
  address: string
  mac: string
}

/** An entry of the ARP or ND cache as `ip neighbour` shows it. `age` was in s when the fact came. */
export type NeighbourRow = {
  dev: string
  address: string
  mac?: string
  state?: string
  age?: number
}

/** `ip netns identify PID`, `pids NAME`, `list-id`: what `ip netns` prints, as `Text`. */
export type NetnsQuery = {
  type: "netns"
  id: string
  lab: string
  query: "identify" | "list" | "list-id" | "pids"
  argument?: string
}

/** Make a lab (and start it). Answer: `Done`. `firewall`: whose iptables it has, also where the document says another. */
export type NewLab = {
  type: "new"
  id: string
  lab: string
  document?: Record<string, Json> | null
  firewall?: Driver | null
}

/** A note in Markdown. */
export type Note = {
  kind: "note"
  name: string
  x: number
  y: number
  w: number
  h: number
  locked?: boolean
  text?: string
  colour?: "blue" | "gray" | "green" | "orange" | "pink" | "red" | "teal" | "violet" | "yellow"
}

/** Socket.IO event `notice`: something that everybody in the lab should know; `level` `info`, `warning` or `error`. */
export type Notice = {
  lab: string
  level: "error" | "info" | "warning"
  problem: Problem
}

/** A rule by its number, and the text that it has. */
export type NumberedRule = {
  at: number
  was: string
}

/** Answer: `Snapshot`; from the very next revision on, `delta` events follow without a gap. */
export type Open = {
  type: "open"
  id: string
  lab: string
}

/** Start a shell in a namespace. Answer: `TerminalOpened`. */
export type OpenTerminal = {
  type: "open-terminal"
  id: string
  lab: string
  namespace: string
  rows?: number
  columns?: number
}

/**
 * An option of a match or target. `argument` is what its help calls the value; `choices` the words that it may be.
 *
 * `negate`: a `!` may stand before it. `names` are all its spellings, the one that iptables-save prints first where that is known.
 */
export type Option = {
  names: string[]
  argument?: string
  value?: "address" | "choice" | "interface" | "mark" | "none" | "number" | "port" | "text" | "time"
  choices?: string[]
  negate?: boolean
  help?: string
}

/** Bytes of a running command; `stream` 1 is standard output (and a PTY), 2 standard error. */
export type Output = {
  item: "output"
  stream: number
  data: Base64
}

/**
 * Headers of one packet. What it does not have keeps its default.
 *
 * `protocol`: `arp`, or the IP protocol by name (`icmp`, `icmpv6`, `tcp`, `udp`), else its number as text. `src`, `dst`: the IP
 * addresses; of an ARP packet those that it asks or tells about (sender, target). `length`: bytes of the IP packet. `id`: IPv4
 * identification. `flags`: TCP flags as tcpdump(1) writes them (`S`, `SA`, `R`). `type`, `code`: ICMP's; of ARP the operation (1 asks, 2
 * tells) is `type`. `seq`, `ack`: TCP's numbers; of an ICMP echo `echo` is the identifier, `seq` the sequence number. `mtu`: what a "too
 * big" says fits. `target`: the address that neighbour discovery asks for. `inner`: the packet that an ICMP error is about.
 */
export type Packet = {
  protocol?: string
  src?: string
  dst?: string
  src_mac?: string
  dst_mac?: string
  vlan?: number | null
  ttl?: number
  length?: number
  id?: number
  df?: boolean
  fragment?: boolean
  sport?: number
  dport?: number
  flags?: string
  seq?: number
  ack?: number
  type?: number
  code?: number
  mtu?: number
  echo?: number
  target?: string
  inner?: Packet | null
}

/**
 * What a document holds, beside what is there. Names that are taken become others, addresses that are taken on their segment the
 * next free ones. What stands in the document's `host` goes into `into`. `at`: the corner of all that is pasted, in canvas units.
 */
export type Paste = {
  do: "paste"
  document: Record<string, Json>
  into?: string
  at?: [number, number] | null
}

/**
 * Stream: `PingReply`, `PingNote`; answer: `PingDone`. `target` is a node, an interface (`ns/name`) or an address.
 *
 * `count` 0: until `cancel`.
 */
export type Ping = {
  type: "ping"
  id: string
  lab: string
  source: string
  target: string
  count?: number
  interval?: number
  size?: number
  ttl?: number | null
  ipv6?: boolean
}

/**
 * `predicted`: where not every reply came, how this packet would fare as far as the observed state tells; its verdict names the cause
 * and the place. None where all came, or where the source is gone.
 */
export type PingDone = {
  result: "ping-done"
  sent: number
  received: number
  predicted: Journey | null
}

/** Anything else that ping says: an ICMP error, no answer yet, the kernel's refusal. `error`: it is one. */
export type PingNote = {
  item: "note"
  text: string
  sequence?: number | null
  error?: boolean
}

/** An echo reply; `time_ms` is the round trip in milliseconds. */
export type PingReply = {
  item: "reply"
  sequence: number
  source: string
  bytes: number
  ttl: number
  time_ms: number
}

/** Where nodes are drawn: node → (x, y). `shapes`: the same for areas and notes, by record id (`area:dmz`). */
export type Place = {
  do: "place"
  positions?: Record<string, [number, number]>
  shapes?: Record<string, [number, number]>
}

/**
 * Where a node is drawn. `node` is a namespace (`ns0`) or a bridge (`host/br0`).
 *
 * Canvas units, origin top left; a bridge's place is relative to its namespace's. Never reaches the agent.
 */
export type Placement = {
  kind: "placement"
  node: string
  x: number
  y: number
}

/** What an edit would do. `shell`: the steps as commands; `diff`: the change of the document; `made`: ids of what would be new. */
export type Planned = {
  result: "planned"
  steps: AnyStep[]
  shell: string[]
  diff: Diff<AnyRecord>
  made: string[]
}

/** What `bridge link set` can change of a bridge port (bridge(8)); the defaults are the kernel's. */
export type Port = {
  cost?: number
  priority?: number
  hairpin?: boolean
  isolated?: boolean
  learning?: boolean
  flood?: boolean
}

/** One VLAN of a bridge port, as `bridge vlan` shows it (bridge(8)). */
export type PortVlan = {
  vid: number
  pvid?: boolean
  untagged?: boolean
}

/**
 * Would this packet pass? Nothing is sent. In a lab that is stopped, or with `desired`, the document is asked instead of the kernel.
 *
 * `without`: as if these rules were not there ("what if"). Answer: `Predicted`.
 */
export type Predict = {
  type: "predict"
  id: string
  lab: string
  ask: Ask
  without?: RuleAt[]
  desired?: boolean
}

export type Predicted = {
  result: "predicted"
  journey: Journey
}

/**
 * An `Ask` with its names resolved, ready to be sent.
 *
 * `namespace` sends it, `sender` is the source address in an ARP request, `dev` the interface that it has to leave by (SO_BINDTODEVICE),
 * `address` the destination. `nonce` identifies this packet among all others: 8 bytes as hex, at the start of the payload; of TCP the
 * first four are the initial sequence number.
 */
export type Probe = {
  source: string
  target: string
  protocol?: "arp" | "icmp" | "tcp" | "udp"
  ipv6?: boolean
  port?: number | null
  source_port?: number
  size?: number
  ttl?: number | null
  dont_fragment?: boolean
  mark?: number
  namespace: string
  address: string
  dev?: string
  sender?: string
  nonce?: string
}

/**
 * What happened, where, and what to do next.
 *
 * `subject` is a record id (`interface:ns0/veth0`) or, for a document, the JSON path (`$.namespaces.ns0.foo`).
 * `message` is in the kernel's own words where there are any. `errno` is the positive number of errno(3). Of a chain, `rule` is the
 * number of the rule (from 1), `span` where in its text the fault is: from, to, in characters.
 */
export type Problem = {
  code: Code
  message: string
  subject?: string | null
  hint?: string | null
  errno?: number | null
  rule?: number | null
  span?: [number, number] | null
  causes?: Problem[]
}

/** A process, by its pid in the lab. `user`: its uid there; `memory`: RSS in bytes. */
export type Process = {
  pid: number
  command: string
  user?: number
  memory?: number
}

/** The processes in a namespace and its listening sockets, only while somebody looks at it. */
export type ProcessesLive = {
  kind: "processes"
  namespace: string
  rows?: Process[]
  sockets?: Listening[]
}

/** A new area, or another one of the same name. */
export type PutArea = {
  do: "put-area"
  area: Area
}

/** A new note, or another one of the same name. */
export type PutNote = {
  do: "put-note"
  note: Note
}

/** How a node is drawn, from now on; a style that says nothing takes away what was said. */
export type PutStyle = {
  do: "put-style"
  style: Style
}

/** The frames with a number above `after`, as many as fit. Answer: `CapturedFrames`. */
export type ReadCapture = {
  type: "read-capture"
  id: string
  lab: string
  capture: string
  after?: number
}

/** Do again what was taken back last. */
export type Redo = {
  do: "redo"
}

/** Delete records by id, with all that cannot be without them (a namespace's interfaces, a veth's peer, …). */
export type Remove = {
  do: "remove"
  ids: string[]
}

/** Stop it, and forget its frames. Answer: `Done`. */
export type RemoveCapture = {
  type: "remove-capture"
  id: string
  lab: string
  capture: string
}

/** `iptables -F` and `-X`. A chain that a rule jumps to is refused. */
export type RemoveChain = {
  do: "remove-chain"
  namespace: string
  family?: Family
  table?: Table
  name: string
}

/** `iptables -D`, all together. CONFLICT where one of them is another rule by now. */
export type RemoveRules = {
  do: "remove-rules"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  rules: NumberedRule[]
}

/** `iptables -E`: rules that jump to it follow. */
export type RenameChain = {
  do: "rename-chain"
  namespace: string
  family?: Family
  table?: Table
  name: string
  to: string
}

/** What this viewer has room for. The terminal has the size of the viewer that drives it: the one who typed last. */
export type ResizeTerminal = {
  type: "resize-terminal"
  id: string
  channel: number
  rows: number
  columns: number
}

/** Make the kernel be what the document says. */
export type RevertDrift = {
  do: "revert-drift"
  ids?: string[] | null
}

/** It no longer lets anyone in, and who is in by it is cut off. Answer: `Done`. */
export type RevokeToken = {
  type: "revoke-token"
  id: string
  lab: string
  name: string
}

/**
 * A route that somebody added (ip-route(8)); the kernel's own connected routes are not records.
 *
 * `to` is `default` (IPv4), `::/0` (IPv6 default) or a prefix. `dev` is an interface name, left out where `via` decides it.
 * `metric` None is the kernel's default (0 for IPv4, 1024 for IPv6). `table` 254 is main.
 */
export type Route = {
  kind: "route"
  namespace: string
  to: string
  via?: string | null
  dev?: string | null
  src?: string | null
  metric?: number | null
  table?: number
  type?: "blackhole" | "local" | "prohibit" | "throw" | "unicast" | "unreachable"
  onlink?: boolean
}

/** A route as `ip route` shows it. `record`: id of the record that it realises, None for the kernel's own. */
export type RouteRow = {
  to: string
  via?: string | null
  dev?: string | null
  src?: string | null
  metric?: number
  table?: number
  type?: string
  protocol?: string
  scope?: string
  linkdown?: boolean
  record?: string | null
}

/**
 * A rule by its number from 1, or with `number` 0 a chain's policy. `text`: the rule as iptables-save(8) writes it after `-A CHAIN`, or
 * the policy's target.
 */
export type RuleAt = {
  namespace: string
  family: Family
  table: string
  chain: string
  number?: number
  text?: string
}

/** `text`: the rule as iptables-save would print it, where it is taken; `problem` says why it is not, and `span` where in the text. */
export type RuleChecked = {
  result: "rule-checked"
  text: string | null
  problem: Problem | null
}

/** Counters of one table by chain, only while somebody looks. They are as of `at` until the next: none has changed since. */
export type RuleCountersLive = {
  kind: "rule-counters"
  namespace: string
  family: Family
  table: Table
  at: number
  chains?: Record<string, ChainCounters>
}

/**
 * A rule that can never match. `chain` is a record's id, `rule` a number from 1; `by` the number of the rule that shadows it.
 *
 * `shadowed`: an earlier rule of the chain takes all its packets. `after-end`: an earlier rule without conditions ends the chain.
 * `no-interface`: the interface that it names does not exist. `unused`: no rule jumps to the chain (`rule` 0).
 */
export type RuleNote = {
  chain: string
  rule: number
  reason: "after-end" | "no-interface" | "shadowed" | "unused"
  by?: number | null
  interface?: string
}

/** Change fields of an interface; `changes` are fields of its record by name, as JSON values. Not `namespace`, `name`, `peer`. */
export type SetInterface = {
  do: "set-interface"
  interface: string
  changes: Record<string, Json>
}

/** The lab's own settings; None: as it is. */
export type SetLab = {
  do: "set-lab"
  description?: string | null
  policy?: Policy | null
  firewall?: Driver | null
  uplink?: boolean | null
}

/** `ip netns set` */
export type SetNsid = {
  do: "set-nsid"
  namespace: string
  nsid: number
}

/** `ip netns set`, once: the kernel does not change an id that is set. */
export type SetNsidStep = {
  step: "set-nsid"
  subject: string
  name: string
  nsid: number
}

/** `iptables -P` */
export type SetPolicy = {
  do: "set-policy"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  policy: ChainPolicy
}

/** `iptables -R`. CONFLICT where rule number `at` is not `was` any more. */
export type SetRule = {
  do: "set-rule"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  at: number
  was: string
  rule: string
}

/** `sysctl -w key=value` in a namespace; None: back to a fresh namespace's value. */
export type SetSysctl = {
  do: "set-sysctl"
  namespace: string
  key: string
  value: string | null
}

/** `sysctl -w`, in the namespace. */
export type SetSysctlStep = {
  step: "set-sysctl"
  subject: string
  namespace: string
  key: string
  value: string
}

/** `ip link set … up` or `down`. */
export type SetUpStep = {
  step: "set-up"
  subject: string
  namespace: string
  name: string
  up: boolean
}

/**
 * Give the lab's host the outside, or take it away: user-mode networking, its DNS server in /etc/resolv.conf. It ends with the lab.
 *
 * Answer: `Done`.
 */
export type SetUplink = {
  type: "uplink"
  id: string
  lab: string
  on: boolean
}

/**
 * A whole lab at `revision`. `warnings` are problems that do not stop anything (the same address twice on a segment).
 *
 * `undo_by` is the author of the edit that undo would take back.
 */
export type Snapshot = {
  result: "snapshot"
  info: LabInfo
  revision: number
  desired: Record<string, AnyRecord>
  observed: Record<string, AnyRecord>
  live: Record<string, AnyLive>
  drift: string[]
  warnings: Problem[]
  can_undo: string | null
  can_redo: string | null
  undo_by: string | null
}

/**
 * Begin to capture on these interfaces (`ns/name`), both directions. Answer: `CaptureStarted`.
 *
 * `filter` is in the language of pcap-filter(7), `snaplen` the bytes kept of each frame, `ring` those kept in all.
 */
export type StartCapture = {
  type: "start-capture"
  id: string
  lab: string
  interfaces: string[]
  filter?: string
  snaplen?: number
  ring?: number
}

export type StartLab = {
  type: "start"
  id: string
  lab: string
}

/** Capture no more; what was captured stays to be read. Answer: `Done`. */
export type StopCapture = {
  type: "stop-capture"
  id: string
  lab: string
  capture: string
}

/** Take the lab out of the kernel; the document stays. */
export type StopLab = {
  type: "stop"
  id: string
  lab: string
}

/** Socket.IO event `stream`. */
export type StreamItem = {
  id: string
  item: AnyItem
}

/** How a node is drawn. `locked`: it is neither moved nor deleted on the canvas. A style that says nothing is no record. */
export type Style = {
  kind: "style"
  node: string
  colour?: "blue" | "gray" | "green" | "orange" | "pink" | "red" | "teal" | "violet" | "yellow" | null
  icon?: "client" | "cloud" | "container" | "database" | "firewall" | "globe" | "phone" | "router" | "server" | "switch" | null
  locked?: boolean
}

/** `kept`: it was not ended, because of these commands that run in it. */
export type TerminalClosed = {
  result: "terminal-closed"
  kept: string[]
}

/** A terminal: see `topology.observe.facts.TerminalFact`. It may outlive the name of its namespace. */
export type TerminalLive = {
  kind: "terminal"
  terminal: string
  namespace: string
  title?: string
  rows?: number
  columns?: number
  viewers?: number
  code?: number | null
}

export type TerminalOpened = {
  result: "terminal-opened"
  terminal: string
}

/**
 * What a STATE frame says. `drives`: this viewer's size counts, and it answers what programs ask the terminal.
 *
 * `code`: it ended, with this exit code as a shell has it. `lost`: the lab, or the way to it, is gone; attach again when it is there.
 */
export type TerminalState = {
  rows?: number
  columns?: number
  drives?: boolean
  code?: number | null
  lost?: boolean
}

export type Text = {
  result: "text"
  text: string
}

/** A token without its secret. `made`: UTC, RFC 3339. `terminals`: it may watch them. */
export type TokenInfo = {
  lab: string
  name: string
  role: "edit" | "view"
  made: string
  terminals: boolean
}

export type TokenMade = {
  result: "token-made"
  token: string
  info: TokenInfo
}

export type Tokens = {
  result: "tokens"
  tokens: TokenInfo[]
}

/**
 * Send the packet from inside the source's namespace and follow it; `count` of them, one after the other.
 *
 * Stream: `JourneyItem`, the journey as far as it is known, again and again, the first time within moments. Answer: `Traced`. `wait`: s
 * until an answer that does not come is given up. Ended by `cancel`, and when the client leaves.
 */
export type Trace = {
  type: "trace"
  id: string
  lab: string
  ask: Ask
  count?: number
  wait?: number
}

/** `differences`: where the first of the journeys is not what was predicted just before. */
export type Traced = {
  result: "traced"
  journeys: Journey[]
  predicted: Journey | null
  differences: Difference[]
}

/** One direction of a connection: addresses, and ports, or the ICMP type, code and id. */
export type Tuple = {
  source: string
  destination: string
  source_port?: number | null
  destination_port?: number | null
  icmp_type?: number | null
  icmp_code?: number | null
  icmp_id?: number | null
}

/** Take back the newest edit that is not taken back. */
export type Undo = {
  do: "undo"
}

/**
 * How it ended, why, and where.
 *
 * `leg` `reply`: it arrived, the answer was lost. `hop`: number of the hop that it is about, from 0. `object`: id of the record to look
 * at. `rule`: of a drop or reject by rule or policy. `address`: the one without a route, the neighbour that is silent. `errno`: what the
 * kernel answered the sending program, where it refused.
 */
export type Verdict = {
  cause: Cause
  leg?: "original" | "reply"
  namespace?: string
  hop?: number | null
  object?: string
  dev?: string
  rule?: RuleAt | null
  address?: string
  mtu?: number
  errno?: number
  note?: string
}

/** One end of a pair. `peer` names the other (`ns0/veth0`), whose own `peer` names this one. */
export type Veth = {
  kind: "veth"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
  peer: string
}

/**
 * The VLAN `vid` of `parent` (`ns/name`), which may be in another namespace. What leaves through it gets a tag there.
 *
 * `reorder_hdr`: the tag is taken off before anybody sees the frame. `loose_binding`: it does not go up and down with `parent`.
 * `gvrp`, `mvrp`: `parent` registers the VLAN with its switch by these protocols.
 */
export type Vlan = {
  kind: "vlan"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
  parent: string
  vid: number
  protocol?: "802.1Q" | "802.1ad"
  reorder_hdr?: boolean
  gvrp?: boolean
  mvrp?: boolean
  loose_binding?: boolean
}

/** Every match and target that the lab's iptables has. Answer: `VocabularyOf`. */
export type Vocabulary = {
  type: "vocabulary"
  id: string
  lab: string
  family?: Family
}

/** `version` is what `iptables --version` says. */
export type VocabularyOf = {
  result: "vocabulary"
  version: string
  extensions: Extension[]
}

/**
 * A VXLAN tunnel end.
 *
 * `vni` 0..16777215. `remote` is a unicast address or a multicast group; a group needs `parent`. `parent` is the
 * underlay interface (`ns/name`). `underlay` is the namespace in which the UDP socket lives, when it is not this one
 * (made there, then moved: what an overlay network of containers does). `dstport` is the UDP destination port.
 */
export type Vxlan = {
  kind: "vxlan"
  namespace: string
  name: string
  up?: boolean
  mac?: string | null
  mtu?: number | null
  master?: string | null
  addresses?: string[]
  port?: Port
  vlans?: PortVlan[] | null
  vni: number
  local?: string | null
  remote?: string | null
  parent?: string | null
  underlay?: string | null
  dstport?: number
  learning?: boolean
  ttl?: number
}

/**
 * Pick packets out of the lab's own traffic, at most `rate` journeys a second. Stream: `JourneyItem`s; answer, after `cancel`:
 * `Watched`.
 *
 * Only new flows are seen: the first packet of a connection, a UDP datagram, an echo request. `hosts`: addresses of which one has to be
 * its source or destination (none: all); `port` of either side.
 */
export type Watch = {
  type: "watch"
  id: string
  lab: string
  hosts?: string[]
  port?: number | null
  protocol?: "icmp" | "tcp" | "udp" | null
  rate?: number
}

/** `journeys` that were told; `skipped`: packets that matched and were left out to keep to the rate. */
export type Watched = {
  result: "watched"
  journeys: number
  skipped: number
}

/** `iptables -Z`: of a rule, of a chain, of the whole table. Answer: `Done`. */
export type ZeroCounters = {
  type: "zero-counters"
  id: string
  lab: string
  namespace: string
  family?: Family
  table?: Table
  chain?: string | null
  rule?: number | null
}

export type AnyRecord = Area | Bridge | Chain | Dummy | Fdb | Ifb | Lab | Loopback | Macvlan | Namespace | Neighbour | Note | Placement | Route | Style | Veth | Vlan | Vxlan

export type AnyInterface = Bridge | Dummy | Ifb | Loopback | Macvlan | Veth | Vlan | Vxlan

export type AnyLive = CaptureLive | ConntrackLive | CountersLive | FdbLive | FilterLive | LinkLive | NamespaceLive | ProcessesLive | RuleCountersLive | TerminalLive

export type AnyCommand = AddChain | AddFdb | AddInterface | AddLink | AddNamespace | AddNeighbour | AddRoute | AddRule | ApplyDocument | Duplicate | FlushChain | FlushTable | ImportRules | KeepDrift | MoveInterface | MoveRule | Paste | Place | PutArea | PutNote | PutStyle | Redo | Remove | RemoveChain | RemoveRules | RenameChain | RevertDrift | SetInterface | SetLab | SetNsid | SetPolicy | SetRule | SetSysctl | Undo

export type AnyStep = AddAddressStep | AddFdbStep | AddInterfaceStep | AddNamespaceStep | AddNeighbourStep | AddRouteStep | AddVlanStep | ChangeInterfaceStep | ChangeTableStep | DeleteAddressStep | DeleteFdbStep | DeleteInterfaceStep | DeleteNamespaceStep | DeleteNeighbourStep | DeleteRouteStep | DeleteVlanStep | MoveInterfaceStep | SetNsidStep | SetSysctlStep | SetUpStep

export type AnyRequest = Analyse | AttachTerminal | Cancel | CheckRule | Close | CloseTerminal | DeleteConnection | DestroyLab | DetachTerminal | Doctor | Edit | EndProcess | Exec | Export | ExportRules | FlushConntrack | History | Input | ListExamples | ListFiles | ListLabs | ListTokens | Look | MakeToken | NetnsQuery | NewLab | Open | OpenTerminal | Ping | Predict | ReadCapture | RemoveCapture | ResizeTerminal | RevokeToken | SetUplink | StartCapture | StartLab | StopCapture | StopLab | Trace | Vocabulary | Watch | ZeroCounters

export type AnyResult = Analysed | CaptureStarted | CapturedFrames | Diagnosis | Done | Examples | Exited | Exported | Files | HistoryList | Labs | PingDone | Planned | Predicted | RuleChecked | Snapshot | TerminalClosed | TerminalOpened | Text | TokenMade | Tokens | Traced | VocabularyOf | Watched

export type AnyItem = JourneyItem | Output | PingNote | PingReply

export type Policy = "enforce" | "flag" | "follow"

export type LabState = "failed" | "live" | "starting" | "stopped" | "stopping"

export type Driver = "legacy" | "nft"

export type Family = "ipv4" | "ipv6"

export type Table = "filter" | "mangle" | "nat" | "raw" | "security"

export type ChainPolicy = "ACCEPT" | "DROP"

export const DEFAULTS = {
  "area": {"locked": false, "label": "", "colour": "blue"},
  "bridge": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null, "stp": false, "priority": 32768, "forward_delay": 15, "hello_time": 2, "max_age": 20, "ageing_time": 300, "vlan_filtering": false, "vlan_default_pvid": 1, "mcast_snooping": true},
  "capture": {"filter": "", "snaplen": 0, "running": true, "first": 1, "frames": 0, "bytes": 0, "dropped": 0},
  "chain": {"policy": null, "rules": []},
  "conntrack": {"rows": [], "count": 0},
  "counters": {},
  "dummy": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null},
  "fdb": {"vlan": null, "destination": null, "local": false},
  "fdb-table": {"rows": []},
  "filter": {"tables": {}, "foreign": []},
  "ifb": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null},
  "lab": {"name": "", "description": "", "policy": "follow", "ipv6": false, "firewall": null, "uplink": false},
  "link": {"master": null, "peer": null, "peer_index": null, "parent": null, "driver": "", "txqlen": 0, "port_state": null, "addresses": [], "modelled": true, "note": ""},
  "loopback": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null},
  "macvlan": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null, "mode": "bridge"},
  "namespace": {"nsid": null, "sysctls": {}},
  "netns": {"nsid": null, "sysctls": {}, "routes": [], "neighbours": []},
  "neighbour": {},
  "note": {"locked": false, "text": "", "colour": "yellow"},
  "placement": {},
  "Port": {"cost": 2, "priority": 32, "hairpin": false, "isolated": false, "learning": true, "flood": true},
  "PortVlan": {"pvid": false, "untagged": false},
  "processes": {"rows": [], "sockets": []},
  "route": {"via": null, "dev": null, "src": null, "metric": null, "table": 254, "type": "unicast", "onlink": false},
  "rule-counters": {"chains": {}},
  "style": {"colour": null, "icon": null, "locked": false},
  "terminal": {"title": "", "rows": 24, "columns": 80, "viewers": 0, "code": null},
  "veth": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null},
  "vlan": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null, "protocol": "802.1Q", "reorder_hdr": true, "gvrp": false, "mvrp": false, "loose_binding": false},
  "vxlan": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null, "local": null, "remote": null, "parent": null, "underlay": null, "dstport": 4789, "learning": true, "ttl": 0},
} as const
