// Written by script/generate from the message types in protocol/ and topology/. Do not edit.
// A field with `?` is left out on the wire where it has its default; `DEFAULTS` holds the defaults of records.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** Bytes, in base64. */
export type Base64 = string
/** What was added, updated (before, after) and removed, by record id, and what was changed inside records. */
export type Diff<T> = {
  added?: Record<string, T>
  updated?: Record<string, [T, T]>
  removed?: Record<string, T>
  spliced?: Record<string, Splice[]>
}

/** `ip address add` */
export type AddAddressStep = {
  step: "add-address"
  subject: string
  namespace: string
  dev: string
  address: string
}

/** `iptables -N`: add a user-defined chain. */
export type AddChain = {
  do: "add-chain"
  namespace: string
  family?: Family
  table?: Table
  name: string
}

/** `bridge fdb add` */
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

/** `ip neighbour add … nud permanent` */
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

/** `ip route add` */
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

/**
 * `iptables -A CHAIN RULE`, or `-I` where `at` is the number of the new rule. `rule` is what follows the chain on the command line.
 *
 * `before`: the rule that the client knows as number `at`. Where that one has another number now, the new rule comes in front of it all
 * the same; CONFLICT where it is not there, or several times.
 */
export type AddRule = {
  do: "add-rule"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  rule: string
  at?: number | null
  before?: string | null
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

/** Which rules of a namespace can never match, judged by their text. Answer: `Analysed`. */
export type Analyse = {
  type: "analyse"
  id: string
  lab: string
  namespace: string
}

/** The rules that can never match, chain by chain. */
export type Analysed = {
  result: "analysed"
  notes: RuleNote[]
}

/** Socket.IO event `answer` to request `id`: exactly one of `result` and `problem`. */
export type Answer = {
  id: string
  result?: AnyResult | null
  problem?: Problem | null
}

/**
 * Make the lab what this document says. A node that the document gives no place keeps the place of the lab's node with its name.
 *
 * `document`: as text, so that problems have line and column, or as a JSON value.
 */
export type ApplyDocument = {
  do: "apply-document"
  document: Record<string, Json> | string
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
 * The packet that somebody wants sent, or wants to know about. `topology.journey.options` says which values and combinations there are.
 *
 * `source`: a namespace, or an interface (`ns/name`: sent through it, SO_BINDTODEVICE). `target`: a namespace, an interface or an address.
 * `port`: the destination's; None: that of `PORTS`. `source_port` 0: the kernel picks one. `size`: bytes of payload of ICMP and UDP. `ttl`
 * None: the namespace's default. `dont_fragment`: IPv4's DF (IPv6 routers never fragment). `mark`: SO_MARK of the sending socket.
 * `source_address`: an address of the source namespace, bind(2). `tos`: IP_TOS, IPV6_TCLASS. `broadcast`: SO_BROADCAST. `request`: what is
 * asked; `name`: the name that DNS looks up (A, with IPv6 AAAA), the path that HTTP gets.
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
  source_address?: string
  tos?: number
  broadcast?: boolean
  request?: "" | "dns" | "http"
  name?: string
}

/**
 * See a terminal on `channel`, and type in it unless the token's role is `view`. Answer: `Done`.
 *
 * Frames: first SCREEN, then OUTPUT as it comes, and STATE whenever the state changes.
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

/**
 * All labs with their documents and histories, and the tokens of labs, as they are at one moment.
 *
 * The file, a tar of JSON, comes as `Output` items; then the answer `Done`.
 */
export type Backup = {
  type: "backup"
  id: string
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

/**
 * End the running request whose id is `target`, which is then answered. Answer: `Done`.
 *
 * An `exec` gets SIGTERM, a `ping` SIGINT, or both `signal` where it is given. `trace` and `watch` just end.
 */
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

/** `capture`: the id of the new capture. */
export type CaptureStarted = {
  result: "capture-started"
  capture: string
}

/**
 * Frames from number `first` on, as `pack` writes them. `first` is above `after` + 1 where the ring has dropped the frames between.
 *
 * `more`: there are further frames to read now. `running`: the capture goes on.
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
export type Cause = "delivered" | "running" | "dropped-by-rule" | "dropped-by-policy" | "rejected-by-rule" | "no-route" | "neighbour-silent" | "interface-down" | "no-carrier" | "no-wire" | "not-forwarded" | "reverse-path" | "ttl-exceeded" | "too-big" | "port-blocked" | "vlan-filtered" | "nobody-listens" | "no-answer" | "answer-not-taken" | "foreign-rules" | "refused" | "unknown"

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

/** One edit in the history. `number`: counts from 1. `undone`: undo has taken it back. `shell`: the equivalent commands. */
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
 * Each line is a command of iptables(8) without its table, as `-I INPUT 2 -s 10.0.1.0/24 -j DROP`. `expects`: chain → digest of the rules
 * by whose numbers the lines mean them (`topology.plan.table_plan.digest`): where they are others, nothing is done.
 */
export type ChangeTableStep = {
  step: "change-table"
  subject: string
  namespace: string
  family: Family
  table: Table
  lines: string[]
  expects?: Record<string, string>
}

/**
 * One thing that this kernel and system can or cannot do. `needed`: Vethboard does not work without it. `detail`: why not. `mend`: a
 * command that repairs it.
 */
export type Check = {
  name: string
  ok: boolean
  needed?: boolean
  detail?: string
  mend?: string
}

/** Whether the lab's iptables accepts this rule in this chain. Nothing is changed. Answer: `RuleChecked`. */
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

/** Get no more events of this lab. Answer: `Done`. */
export type Close = {
  type: "close"
  id: string
  lab: string
}

/** Hang up a terminal, if only its shell runs in it or with `force`. Answer: `TerminalClosed`. */
export type CloseTerminal = {
  type: "close-terminal"
  id: string
  lab: string
  terminal: string
  force?: boolean
}

/** The closed set of reasons. A client may switch on it; the words for people are in `Problem.message`. */
export type Code = "invalid" | "unknown" | "exists" | "conflict" | "refused" | "unsupported" | "limit" | "unavailable" | "storage" | "denied" | "version" | "internal"

/** Two documents, and what is between them. Answer: `Compared`. */
export type Compare = {
  type: "compare"
  id: string
  lab: string
  before?: Side
  after?: Side
}

/**
 * What differs: as `words`, a line for each record (English), as a `diff`, and as the texts of both documents. `shell`: the commands
 * that make the kernel the second out of the first.
 */
export type Compared = {
  result: "compared"
  words: string[]
  diff: Diff<AnyRecord>
  before: string
  after: string
  shell: string[]
}

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

/**
 * Who caused a change, and when (`at`: UTC, RFC 3339). `label`: what the history calls the change.
 *
 * `author`: what the token says: its name, or `admin`; or `terminal` (a command in a shell), `vethboard`. `name`: what that person calls
 * themself; empty: they have not said. `session`: the id of their connection, which tells two persons of one token apart. The server
 * knows all three of the connection: no request can state them.
 */
export type Context = {
  author: string
  name?: string
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

/** `conntrack -D`: delete one tracked connection, given as the live record shows it. Answer: `Done`. */
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
 * Socket.IO event `delta`: what changed in an open lab from `revision` - 1 to `revision`. After a gap in the numbers: open it again.
 *
 * `context`: who caused the change of `desired`. `shell`: the equivalent commands of that change. `info`, `drift`, `warnings`, `can_undo`,
 * `can_redo`, `undo_by` and `undo_session` are new values as in `Snapshot`; None: unchanged; the last four are empty where there is
 * nothing to undo or redo.
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
  undo_session?: string | null
  shell?: string[] | null
}

/** Stop a lab and delete its document, history and tokens. Answer: `Done`. */
export type DestroyLab = {
  type: "destroy"
  id: string
  lab: string
}

/** Leave a terminal, which runs on. One whose shell has exited is removed when a viewer that saw its end leaves. Answer: `Done`. */
export type DetachTerminal = {
  type: "detach-terminal"
  id: string
  channel: number
}

/** All checks, in the order in which they are shown. */
export type Diagnosis = {
  result: "diagnosis"
  checks: Check[]
}

/** Where what was seen is not what was predicted: the numbers of the two hops (from 0), None where there is no such hop. */
export type Difference = {
  predicted?: number | null
  observed?: number | null
}

/** What this kernel and system can do. Answer: `Diagnosis`. */
export type Doctor = {
  type: "doctor"
  id: string
}

/**
 * The request is carried out; an edit of a live lab is in the kernel, which was read back.
 *
 * `revision`: that of the lab now. `steps`: how many steps the kernel was asked for. `deploy_seconds`: from the arrival of the request
 * until the kernel was read back. `made`: ids of new records. `changed`: how many records of the document are others now.
 * `left_out`, of a start: what of the document the kernel refused; the lab runs without it.
 * `unheld`, of a stop: what a shell had made and documents do not hold; it is gone.
 */
export type Done = {
  result: "done"
  revision: number
  steps: number
  changed: number
  deploy_seconds: number | null
  made: string[]
  left_out: Problem[]
  unheld: Problem[]
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
 * Copy namespaces, bridges, areas and notes, with what is in them and the links among them. `by`: how far away, in canvas units.
 *
 * A link from a copied namespace to a bridge that is not copied is copied too, to a new port of that bridge.
 */
export type Duplicate = {
  do: "duplicate"
  ids: string[]
  by?: [number, number]
}

/**
 * One edit: commands that are applied together or not at all. `base`: the revision that its author saw (None: no check for conflicts).
 *
 * The answer `Done` comes after the kernel was read back; a `Problem` means that nothing was changed. `label`: what the history calls the
 * edit. `dry_run`: change nothing, answer `Planned`.
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

/** One end of a new link. `name` None: the first free `vethN`, as the kernel chooses (dev_alloc_name()). */
export type End = {
  namespace: string
  name?: string | null
  master?: string | null
  mac?: string | null
  mtu?: number | null
  addresses?: string[]
  up?: boolean
}

/** Send a signal to a process of the lab by kill(1). `pid`: in the lab's pid namespace. Answer: `Done`. */
export type EndProcess = {
  type: "end-process"
  id: string
  lab: string
  pid: number
  signal?: number
}

/** A document that comes with Vethboard, for `NewLab`. */
export type Example = {
  name: string
  description: string
  document: Record<string, Json>
}

/** The examples, in the order in which they are offered. */
export type Examples = {
  result: "examples"
  examples: Example[]
}

/**
 * Run a command in a namespace. Stream: `Output`; answer: `Exited`. `tty`: on a PTY of `rows` × `columns`. `env`: added to its
 * environment.
 */
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

/** The exit code as a shell reports it: 128 + n after signal n, 127 not found, 126 not executable. */
export type Exited = {
  result: "exited"
  code: number
}

/**
 * A lab as text. Answer: `Exported`. `observed`: the state of the kernel instead of the document. `format`: the document, or a script
 * of the equivalent commands. `ids`: only these namespaces, bridges, areas and notes, with their contents and the links among them (for
 * the command `paste`); None: everything.
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
 * What iptables-save(8) prints in a namespace, with `counters` as with `-c`. Of a lab that is not live it is made from the document.
 * Answer: `Exported`.
 */
export type ExportRules = {
  type: "export-rules"
  id: string
  lab: string
  namespace: string
  family?: Family
  counters?: boolean
}

/** The text of a document, of a script, or of iptables-save(8). `unheld`: what of a live lab documents do not hold. */
export type Exported = {
  result: "exported"
  text: string
  unheld: Problem[]
}

/**
 * A match (`-m name`) or a target (`-j name`). `tables`, `hooks`: it is only allowed there, as far as is known; empty: anywhere.
 *
 * `needs`: what else the rule needs, such as `-p tcp`. `help` is the text of `--help`.
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
 * An FDB entry that somebody added (bridge(8), `bridge fdb`): where frames to a MAC address go.
 *
 * On a bridge port: in the bridge's FDB, `static`, or `local` where frames to it belong to the bridge itself. On a vxlan:
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

/** `path` is relative to the home directory; `size` in bytes; `modified` in seconds since 1970. */
export type File = {
  path: string
  size: number
  modified: number
}

/** `home`: the path of the home directory. `more`: the list is cut, there are more files. */
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

/** `iptables -F`: delete all rules of the chain. `name` None: of all chains of the table. */
export type FlushChain = {
  do: "flush-chain"
  namespace: string
  family?: Family
  table?: Table
  name?: string | null
}

/** `conntrack -F`: delete all tracked connections of a namespace. Answer: `Done`. */
export type FlushConntrack = {
  type: "flush-conntrack"
  id: string
  lab: string
  namespace: string
}

/** `iptables -F` and `-X` on the whole table, and policy ACCEPT for its built-in chains. */
export type FlushTable = {
  do: "flush-table"
  namespace: string
  family?: Family
  table?: Table
}

/** A page of the edits of a lab: at most `limit` with numbers below `before` (None: the newest). Answer: `HistoryList`. */
export type History = {
  type: "history"
  id: string
  lab: string
  before?: number | null
  limit?: number
}

/** The edits, newest first. `more`: there are older ones; ask again with `before` the last number here. */
export type HistoryList = {
  result: "history"
  changes: Change[]
  more: boolean
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

/** One of several next hops of a route. `weight` is from 1. */
export type HopRow = {
  via?: string | null
  dev?: string | null
  weight?: number
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

/** `iptables-restore`: replace the tables that the text names; other tables stay. `keep`: add to their rules (`--noflush`). */
export type ImportRules = {
  do: "import-rules"
  namespace: string
  text: string
  family?: Family
  keep?: boolean
}

/** Bytes for the standard input of the running `exec` whose id is `target`. `eof`: close it after them. Answer: `Done`. */
export type Input = {
  type: "input"
  id: string
  target: string
  data?: Base64
  eof?: boolean
}

/**
 * `predicted`: worked out, and not seen; `assumptions`: what was taken for granted for that. `took`: µs from sending to the answer, 0
 * where none came. `notes`: what could not be looked at, in the kernel's words. `answer`: what the program at the other end answered to a
 * request (`Probe.request`): `HTTP/1.0 200 OK`, `10.0.0.9`, `NXDOMAIN`.
 */
export type Journey = {
  probe: Probe
  hops: Hop[]
  verdict: Verdict
  predicted?: boolean
  took?: number
  assumptions?: string[]
  notes?: string[]
  answer?: string
}

/**
 * The trace of packet `number` (from 1) as far as it is known. It replaces the item before with that number. `ended`: it is final.
 * `remedies`: then, what may help where it was lost. `skipped`: of a `watch`, packets that were left out so far.
 */
export type JourneyItem = {
  item: "journey"
  number: number
  journey: Journey
  ended?: boolean
  remedies?: Remedy[]
  skipped?: number
}

/** Take what the kernel has into the document, where the two differ (drift). `ids` None: all of it; else only these record ids. */
export type KeepDrift = {
  do: "keep-drift"
  ids?: string[] | null
}

/**
 * What belongs to the lab as a whole. Exactly one, `lab:`. The plan does not see it.
 *
 * `ipv6`: leave IPv6 on in all namespaces, however many they are (docs/adr/0004-ipv6-in-large-labs.md). `firewall`: whose iptables
 * the lab has; None: what the machine has, legacy before nft. `uplink`: `host` can reach the outside, where the server allows it.
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

/**
 * A lab in the list. `namespaces`, `viewers`: how many. `firewall`: its iptables variant (legacy or nft); None: not chosen yet.
 * `problem`: why it is not live, or what is wrong with its files. `silent_since`: since when its process does not answer (UTC, RFC 3339);
 * while it changes something the lab is still live then. `people`: the names of who has it open, each once, at most 50.
 */
export type LabInfo = {
  lab: string
  state: LabState
  policy: Policy
  namespaces: number
  viewers: number
  firewall: Driver | null
  problem: Problem | null
  silent_since: string | null
  people: string[]
}

/** `role`: what the client's token allows in these labs. */
export type Labs = {
  result: "labs"
  labs: LabInfo[]
  role: "admin" | "edit" | "view"
}

/** Socket.IO event `labs`: the list of labs has changed; this is the new one. */
export type LabsEvent = {
  labs: LabInfo[]
}

/**
 * One interface as `ip -d link` and `ip address` show it. `type` is the kernel's kind, also one that documents do not know.
 *
 * `index` is the ifindex, `peer_index` the peer's. `peer` and `parent` (the lower interface) are `ns/name`. `port_state` is the STP state
 * of a bridge port as a word; `port` what else of it is not as the kernel makes it and no document holds (`PortFact.others`). `conf` and
 * `qdisc` as in LinkFact; `early`: what may drop its frames before any rule sees them: `ingress` or `clsact` (filters of
 * tc(8)), `xdp`; `others` as in LinkFact. `modelled` is False where a document cannot hold the interface; `note` then says why.
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
  port?: string[]
  conf?: Record<string, number> | null
  qdisc?: string
  early?: string[]
  others?: string[]
  addresses?: AddressLive[]
  modelled?: boolean
  note?: string
}

/** The documents that come with Vethboard. Answer: `Examples`. */
export type ListExamples = {
  type: "examples"
  id: string
}

/** All files below the home directory of a namespace. Answer: `Files`. A file is downloaded from `/labs/LAB/files/NAMESPACE/PATH`. */
export type ListFiles = {
  type: "list-files"
  id: string
  lab: string
  namespace: string
}

/** The labs that the token may see. Answer: `Labs`; after it an event `labs` follows whenever the list changes. */
export type ListLabs = {
  type: "labs"
  id: string
}

/** The tokens of one lab, or of all. Answer: `Tokens`. */
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
 * Make a token for this lab alone. Answer: `TokenMade`, the only time that its secret is shown.
 *
 * `name`: what it is listed and revoked by; empty: the server chooses. `terminals`: whether a `view` token may see terminals (it can never
 * type in them).
 */
export type MakeToken = {
  type: "make-token"
  id: string
  lab: string
  role?: "edit" | "view"
  name?: string
  terminals?: boolean
}

/** `ip link set INTERFACE netns NAMESPACE [name NAME]`, or, in the same namespace, a rename. `interface` is `ns/name`. */
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

/**
 * Rule number `at`, which is `was`, becomes number `to` of `to_chain` in `to_table` (None: of the same). `to` None: the last.
 *
 * CONFLICT where that rule is no longer `was`. `before`: the rule that is number `to` without the moved one, as of `AddRule`.
 */
export type MoveRule = {
  do: "move-rule"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  at: number
  was: string
  to?: number | null
  before?: string | null
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

/**
 * A namespace: `inode` as `lsns` shows it, `nsid` in `host`, all watched sysctls, the routing tables, the ARP and ND caches.
 * `rules`: those of `ip rule`, none where they are what each namespace begins with. `proxies`: the addresses that it answers for.
 */
export type NamespaceLive = {
  kind: "netns"
  name: string
  inode: number
  nsid?: number | null
  sysctls?: Record<string, string>
  routes?: RouteRow[]
  neighbours?: NeighbourRow[]
  rules?: PolicyRule[]
  proxies?: ProxyRow[]
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

/** Run `ip netns QUERY [ARGUMENT]` in the namespace `host`: `identify PID`, `pids NAME`, `list`, `list-id`. Answer: `Text`. */
export type NetnsQuery = {
  type: "netns"
  id: string
  lab: string
  query: "identify" | "list" | "list-id" | "pids"
  argument?: string
}

/**
 * Make a lab and start it. Answer: `Done`. `firewall`: its iptables variant, instead of the one in the document.
 *
 * `document`: as text, so that problems have line and column, or as a JSON value. `dry_run`: make another one that nobody sees, and take
 * it away again; answer `Planned`, or the problem that the lab would not be made for.
 */
export type NewLab = {
  type: "new"
  id: string
  lab: string
  document?: Record<string, Json> | string | null
  firewall?: Driver | null
  dry_run?: boolean
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

/** Socket.IO event `notice`: a problem that concerns everybody who has the lab open. */
export type Notice = {
  lab: string
  level: "error" | "info" | "warning"
  problem: Problem
}

/** A rule by its number, and the text that the client knows it by. */
export type NumberedRule = {
  at: number
  was: string
}

/** Get the state of a lab and follow it. Answer: `Snapshot`; from its next revision on, every change is an event `delta`. */
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
 * An option of a match or target. `argument` is what its help calls the value; `choices` are the words that it may be.
 *
 * `negate`: `!` is allowed before it. `names` are all its spellings, the shortest first. `arity`: how many words follow it.
 */
export type Option = {
  names: string[]
  argument?: string
  value?: "address" | "choice" | "interface" | "mark" | "none" | "number" | "port" | "text" | "time"
  arity?: number
  choices?: string[]
  negate?: boolean
  help?: string
}

/** Output of a running command. `stream`: 1 standard output (or the PTY), 2 standard error. */
export type Output = {
  item: "output"
  stream: number
  data: Base64
}

/**
 * Headers of one packet. What it does not have keeps its default.
 *
 * `protocol`: `arp`, or the IP protocol by name (`icmp`, `icmpv6`, `tcp`, `udp`), else its number as text. `src`, `dst`: the IP
 * addresses; of an ARP packet those of its sender and its target. `tos`: TOS, or traffic class. `length`: bytes of the IP packet.
 * `id`: IPv4 identification. `flags`: TCP flags as tcpdump(1) writes them (`S`, `SA`, `R`). `type`, `code`: ICMP's; of ARP the operation
 * (1: request, 2: reply) is `type`. `seq`, `ack`: TCP's numbers; of an ICMP echo `echo` is the identifier, `seq` the sequence number.
 * `mtu`: what fits, as a "too big" says. `target`: the address that neighbour discovery asks for. `inner`: the packet that an ICMP error
 * is about.
 */
export type Packet = {
  protocol?: string
  src?: string
  dst?: string
  src_mac?: string
  dst_mac?: string
  vlan?: number | null
  ttl?: number
  tos?: number
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
 * Add what a document holds to the lab.
 *
 * Names that are taken get a number; addresses that are taken on their segment become the next free ones of the subnet. What is in the
 * document's `host` goes into the namespace `into`. `at`: the upper left corner of what is pasted, in canvas units.
 * `document`: as text or as a JSON value.
 */
export type Paste = {
  do: "paste"
  document: Record<string, Json> | string
  into?: string
  at?: [number, number] | null
}

/**
 * Run ping(8) in the namespace of `source`. Stream: `PingReply`, `PingNote`; answer: `PingDone`.
 *
 * `source`, `target`: a namespace, a bridge or an interface (`ns/name`); the target also an address. `count` 0: until `cancel`. `interval`
 * in seconds, `size` in bytes of payload. `ipv6`: choose an IPv6 address of the target.
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
 * `journey`: where not every reply came, that of one more such packet, which was followed; its verdict names the cause and the place.
 * (Where it could not be sent, `journey.predicted`: how it would fare.) None where all came, or where the source is gone. `remedies`: what
 * may help then. `ask`: the packet that was sent, for a `trace`.
 */
export type PingDone = {
  result: "ping-done"
  sent: number
  received: number
  journey: Journey | null
  remedies: Remedy[]
  ask: Ask | null
}

/** Any other line of ping(8). `error`: an ICMP error, a missing reply or a refusal of the kernel, not mere information. */
export type PingNote = {
  item: "note"
  text: string
  sequence?: number | null
  error?: boolean
}

/** An echo reply. `bytes`: of the ICMP message. `time_ms`: round trip in milliseconds. */
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

/** What an edit would do. `shell`: the commands for `steps`. `diff`: the change of the document. `made`: ids of new records. */
export type Planned = {
  result: "planned"
  steps: AnyStep[]
  shell: string[]
  diff: Diff<AnyRecord>
  made: string[]
}

/**
 * One rule of `ip rule`. `table` is what `lookup` looks in, `target` the priority that `goto` goes to. `mark` counts under `mask`.
 * `sport`, `dport`: first and last port. `suppress`: routes with a prefix of at most that length are not taken; -1: all are. `other`: it
 * has a condition that is not kept here (uidrange, l3mdev, tunnel id, …), by its word.
 */
export type PolicyRule = {
  family: Family
  priority: number
  action?: "blackhole" | "goto" | "lookup" | "nop" | "prohibit" | "unreachable"
  table?: number
  target?: number
  source?: string
  destination?: string
  iif?: string
  oif?: string
  mark?: number
  mask?: number
  tos?: number
  protocol?: number
  sport?: [number, number] | null
  dport?: [number, number] | null
  inverted?: boolean
  suppress?: number
  other?: string
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
 * The trace that a packet would have by the observed state; nothing is sent. Answer: `Predicted`.
 *
 * In a lab that is not live, and with `desired`, the document is taken instead of the observed state. `without`: ignore these rules.
 */
export type Predict = {
  type: "predict"
  id: string
  lab: string
  ask: Ask
  without?: RuleAt[]
  desired?: boolean
}

/** The trace that the packet would have. `remedies`: what may help where it would be lost. */
export type Predicted = {
  result: "predicted"
  journey: Journey
  remedies: Remedy[]
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
  source_address?: string
  tos?: number
  broadcast?: boolean
  request?: "" | "dns" | "http"
  name?: string
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
 * number of the rule (from 1), `span` where in its text the fault is: from, to, in characters. `at`: line and column in the text of a
 * document, both from 1.
 */
export type Problem = {
  code: Code
  message: string
  subject?: string | null
  hint?: string | null
  errno?: number | null
  rule?: number | null
  span?: [number, number] | null
  at?: [number, number] | null
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

/** An entry of `ip neighbour show proxy`. */
export type ProxyRow = {
  dev: string
  address: string
}

/** Add an area, or replace the one with its name. */
export type PutArea = {
  do: "put-area"
  area: Area
}

/** Add a note, or replace the one with its name. */
export type PutNote = {
  do: "put-note"
  note: Note
}

/** How a node is drawn. A style in which no field is set removes the node's style. */
export type PutStyle = {
  do: "put-style"
  style: Style
}

/** The frames with a number above `after`, up to about `CAPTURE_READ_BYTES`. Answer: `CapturedFrames`. */
export type ReadCapture = {
  type: "read-capture"
  id: string
  lab: string
  capture: string
  after?: number
}

/** Redo the edit that was undone last. */
export type Redo = {
  do: "redo"
}

/**
 * What may help against a loss. `commands`: an edit, after which the packet is sent again. `ask`: the packet, sent otherwise. `at`: the
 * namespace or interface (`ns/name`) that it is about; `what`, `chain`: what is set, added or removed, and in which chain.
 */
export type Remedy = {
  word: "accept" | "address" | "fragment" | "remove-route" | "remove-rule" | "route" | "smaller" | "sysctl" | "terminal" | "ttl" | "up"
  at?: string
  what?: string
  chain?: string
  commands?: AnyCommand[]
  ask?: Ask | null
}

/** Delete records by id, and with them what the kernel deletes too: the interfaces of a namespace, the peer of a veth, … */
export type Remove = {
  do: "remove"
  ids: string[]
}

/** End a capture and drop its frames. Answer: `Done`. */
export type RemoveCapture = {
  type: "remove-capture"
  id: string
  lab: string
  capture: string
}

/** `iptables -F` and `-X`: delete a user-defined chain with its rules. Refused while a rule jumps to it. */
export type RemoveChain = {
  do: "remove-chain"
  namespace: string
  family?: Family
  table?: Table
  name: string
}

/** `iptables -D` of several rules at once. CONFLICT where one of them is no longer `was`. */
export type RemoveRules = {
  do: "remove-rules"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  rules: NumberedRule[]
}

/** `iptables -E`: rename a user-defined chain. Rules that jump to it are changed too. */
export type RenameChain = {
  do: "rename-chain"
  namespace: string
  family?: Family
  table?: Table
  name: string
  to: string
}

/** The size that this viewer has room for. A terminal takes the size of the viewer that typed last. Answer: `Done`. */
export type ResizeTerminal = {
  type: "resize-terminal"
  id: string
  channel: number
  rows: number
  columns: number
}

/**
 * Take the labs of a backup over. The file comes by `Input` requests, until one with `eof`. Answer: `Restored`.
 *
 * `replace`: labs of the same names are stopped and replaced; without it nothing is done where there are any.
 */
export type Restore = {
  type: "restore"
  id: string
  replace?: boolean
}

/** `labs`: their names. */
export type Restored = {
  result: "restored"
  labs: string[]
}

/** Make the kernel what the document says, where the two differ (drift). `ids` None: all of it; else only these record ids. */
export type RevertDrift = {
  do: "revert-drift"
  ids?: string[] | null
}

/** Make a token invalid and disconnect the clients that use it. Answer: `Done`. */
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
 * `metric` None is the kernel's default, `table` the number of a routing table: see `topology.model.routing`.
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

/**
 * A route as `ip route` shows it. `record`: id of the record that it realises, None for the kernel's own. `hops`: where it has several
 * next hops. `tos`, `source`: for packets that have them alone. `others` as in RouteFact.
 */
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
  hops?: HopRow[]
  tos?: number
  source?: string
  others?: string[]
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

/** `text`: the accepted rule as iptables-save would print it. `problem`: why it is refused; its `span` says where in the text. */
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
 * A rule that can never match. `chain`: the record id. `rule`: its number from 1. `by`: the number of the rule that is the reason.
 *
 * `shadowed`: an earlier rule of the chain matches all its packets. `after-end`: an earlier rule without a match ends the chain.
 * `no-interface`: the `interface` that it names does not exist. `unused`: no rule jumps to the chain (`rule` is 0).
 */
export type RuleNote = {
  chain: string
  rule: number
  reason: "after-end" | "no-interface" | "shadowed" | "unused"
  by?: number | null
  interface?: string
}

/**
 * Change fields of the interface `ns/name`. `changes`: field of its record → new value, as JSON.
 *
 * `namespace` and `name` are changed by `MoveInterface`; `peer` cannot be changed.
 */
export type SetInterface = {
  do: "set-interface"
  interface: string
  changes: Record<string, Json>
}

/** Change settings of the lab itself. None: leave it as it is. */
export type SetLab = {
  do: "set-lab"
  description?: string | null
  policy?: Policy | null
  firewall?: Driver | null
  uplink?: boolean | null
}

/**
 * What the person at this connection wants to be called, in histories and to others. Answer: `Done`. A name can also be given when the
 * connection is made. `name`: 1 to 40 characters, nothing invisible, and not what looks like a part of Vethboard; empty: none.
 */
export type SetName = {
  type: "set-name"
  id: string
  name: string
}

/** `ip netns set`: the id by which `host` knows a namespace. Once given, the kernel does not change it. */
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

/** `iptables -P`: the policy of a built-in chain. */
export type SetPolicy = {
  do: "set-policy"
  namespace: string
  family?: Family
  table?: Table
  chain: string
  policy: ChainPolicy
}

/** `iptables -R`: replace rule number `at`. CONFLICT where that rule is no longer `was`. */
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

/** `sysctl -w key=value` in a namespace. `value` None: back to the value of a new namespace. */
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
 * Connect the namespace `host` of a lab to the machine's network by slirp4netns(1), or disconnect it. Answer: `Done`.
 *
 * Its DNS server goes into /etc/resolv.conf. The document keeps the setting; the connection ends when the lab stops.
 */
export type SetUplink = {
  type: "uplink"
  id: string
  lab: string
  on: boolean
}

/**
 * One side of a comparison: by default the lab's document as it is now. `document`: this text; `lab`: another lab's document;
 * `number`: the lab's document after this entry of its history (0: before the oldest one that is kept). At most one is given.
 */
export type Side = {
  document?: string | null
  lab?: string | null
  number?: number | null
}

/**
 * The state of a lab at `revision`. `drift`: ids of records that differ between `desired` and `observed`. `warnings`: problems that
 * stop nothing, such as an address that is used twice on a segment.
 *
 * `can_undo`, `can_redo`: the label of the edit that undo or redo would apply to; None: there is none. `undo_by`: who made the first, as
 * it is shown; `undo_session`: their session, empty for nobody's. `session`: that of who asks.
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
  undo_session: string | null
  session: string
}

/**
 * One change inside a record, as JSON. `path`: the names of fields and keys that lead to what changes.
 *
 * With `at`: in the list there, which has `length` items before, the items `removed`, from index `at` (from 0) on, become `added`.
 * Without: the value there changes; `removed` and `added` hold it, and nothing where it is left out (a default).
 */
export type Splice = {
  path: string[]
  at?: number | null
  length?: number
  removed?: Json[]
  added?: Json[]
}

/**
 * Capture on these interfaces (`ns/name`), in both directions. Answer: `CaptureStarted`.
 *
 * `filter`: a pcap-filter(7) expression. `snaplen`: bytes kept of each frame. `ring`: bytes of frames kept in all.
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

/** Start the lab's process and build its document in the kernel. Answer: `Done`. */
export type StartLab = {
  type: "start"
  id: string
  lab: string
}

/** End a capture; its frames can still be read. Answer: `Done`. */
export type StopCapture = {
  type: "stop-capture"
  id: string
  lab: string
  capture: string
}

/** End the lab's process and all that runs in it; the document stays. Answer: `Done`. */
export type StopLab = {
  type: "stop"
  id: string
  lab: string
}

/** Socket.IO event `stream`: one item of the stream of request `id`. */
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

/**
 * Which namespaces this client wants live records of; it replaces its previous subscription. Answer: `Done`.
 *
 * `namespaces`: interface counters, neighbours, learned FDB entries and processes. `filters`: counters of rules. `conntrack`:
 * connections. `traffic`: interface counters alone.
 */
export type Subscribe = {
  type: "subscribe"
  id: string
  lab: string
  namespaces?: string[]
  filters?: string[]
  conntrack?: string[]
  traffic?: string[]
}

/** `kept`: the commands that still run in the terminal; where there are any it was not closed. */
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

/** `terminal`: the id of the new terminal. */
export type TerminalOpened = {
  result: "terminal-opened"
  terminal: string
}

/**
 * The content of a STATE frame. `drives`: the terminal has this viewer's size, and this viewer answers the queries of programs.
 *
 * `code`: the shell has exited; its exit code, or 128 + n after signal n. `lost`: the connection to the lab was lost; attach again once
 * the lab is live.
 */
export type TerminalState = {
  rows?: number
  columns?: number
  drives?: boolean
  code?: number | null
  lost?: boolean
}

/** What a command printed on standard output. */
export type Text = {
  result: "text"
  text: string
}

/** A token without its secret. `made`: when, as UTC in RFC 3339. `terminals`: it may see terminals. */
export type TokenInfo = {
  lab: string
  name: string
  role: "edit" | "view"
  made: string
  terminals: boolean
}

/** `token`: the secret, to be kept by whoever asked; the server stores only a hash of it. */
export type TokenMade = {
  result: "token-made"
  token: string
  info: TokenInfo
}

/** The tokens, oldest first. */
export type Tokens = {
  result: "tokens"
  tokens: TokenInfo[]
}

/**
 * Send `count` packets from the source's namespace, one after the other, and trace each. Stream: `JourneyItem`; answer: `Traced`.
 *
 * `wait`: seconds to wait for a reply to each packet; `interval`: at least so many from the sending of one to that of the next. It ends
 * early by `cancel`, or when the client disconnects.
 */
export type Trace = {
  type: "trace"
  id: string
  lab: string
  ask: Ask
  count?: number
  wait?: number
  interval?: number
}

/**
 * The traces of the packets that were sent. `predicted`: the trace that was expected of the first one just before it was sent.
 * `differences`: where the first one differs from it.
 */
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

/** Undo the newest edit that is not undone. */
export type Undo = {
  do: "undo"
}

/**
 * How it ended, why, and where.
 *
 * `leg` `reply`: it arrived, the answer was lost. `hop`: number of the hop that it is about, from 0. `object`: id of the record to look
 * at. `rule`: of a drop or reject by rule or policy. `address`: the one without a route, the neighbour that is silent. `errno`: what the
 * kernel answered the sending program, where it refused. `inferred`: the loss was seen and its cause was not, which follows from how the
 * lab is set (`topology.journey.explain`).
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
  inferred?: boolean
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

/** All matches and targets (iptables-extensions(8)) of the lab's iptables, with their options. Answer: `VocabularyOf`. */
export type Vocabulary = {
  type: "vocabulary"
  id: string
  lab: string
  family?: Family
}

/** `version`: the output of `iptables --version`. `extensions`: the verdicts, then the others by name. */
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
 * Trace packets of the lab's own traffic, at most `rate` a second, until `cancel`. Stream: `JourneyItem`; answer: `Watched`.
 *
 * Only packets that open a flow count: a TCP SYN, a UDP datagram, an echo request. `hosts`: one of these addresses has to be the source or
 * the destination (empty: any). `port`: of either side.
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

/** `journeys`: how many traces were reported. `skipped`: packets that matched and were left out to keep to the rate. */
export type Watched = {
  result: "watched"
  journeys: number
  skipped: number
}

/** `iptables -Z`: zero the counters of a rule (a number from 1), of a chain, or of the whole table. Answer: `Done`. */
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

export type AnyRequest = Analyse | AttachTerminal | Backup | Cancel | CheckRule | Close | CloseTerminal | Compare | DeleteConnection | DestroyLab | DetachTerminal | Doctor | Edit | EndProcess | Exec | Export | ExportRules | FlushConntrack | History | Input | ListExamples | ListFiles | ListLabs | ListTokens | MakeToken | NetnsQuery | NewLab | Open | OpenTerminal | Ping | Predict | ReadCapture | RemoveCapture | ResizeTerminal | Restore | RevokeToken | SetName | SetUplink | StartCapture | StartLab | StopCapture | StopLab | Subscribe | Trace | Vocabulary | Watch | ZeroCounters

export type AnyResult = Analysed | CaptureStarted | CapturedFrames | Compared | Diagnosis | Done | Examples | Exited | Exported | Files | HistoryList | Labs | PingDone | Planned | Predicted | Restored | RuleChecked | Snapshot | TerminalClosed | TerminalOpened | Text | TokenMade | Tokens | Traced | VocabularyOf | Watched

export type AnyItem = JourneyItem | Output | PingNote | PingReply

export type Policy = "enforce" | "flag" | "follow"

export type LabState = "failed" | "live" | "silent" | "starting" | "stopped" | "stopping"

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
  "link": {"master": null, "peer": null, "peer_index": null, "parent": null, "driver": "", "txqlen": 0, "port_state": null, "port": [], "conf": null, "qdisc": "", "early": [], "others": [], "addresses": [], "modelled": true, "note": ""},
  "loopback": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null},
  "macvlan": {"up": true, "mac": null, "mtu": null, "master": null, "addresses": [], "port": {}, "vlans": null, "mode": "bridge"},
  "namespace": {"nsid": null, "sysctls": {}},
  "netns": {"nsid": null, "sysctls": {}, "routes": [], "neighbours": [], "rules": [], "proxies": []},
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
