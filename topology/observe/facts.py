"""Facts: each is one thing that the kernel reported. `topology.observe.observed` folds them into the observed state.

A namespace is named as in /run/netns (`host` for the lab's own). `index` is an ifindex. A fact replaces the one before with the same keys;
a `…Gone` removes it. `at` is CLOCK_MONOTONIC in the lab, in s.
"""

from typing import Literal

import msgspec

from topology.model.diff import Diff
from topology.model.netfilter import ChainPolicy, Driver, Family, Table
from topology.model.routing import MAIN_TABLE
from topology.model.splice import Splice
from topology.observe.policy import PolicyRule


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact"):
    """Base of all facts. `ns`: the namespace that it is about, or in which it happened."""

    ns: str


class Resync(Fact, frozen=True, kw_only=True, tag="resync"):
    """All facts of this namespace are void (events were lost, or it is new); those that hold now follow."""


class NamespaceFact(Fact, frozen=True, kw_only=True, tag="namespace"):
    """A namespace is in /run/netns. `inode` identifies it (nsfs); `nsid` is its id in `host`, if it has one."""

    inode: int
    nsid: int | None = None


class NamespaceGone(Fact, frozen=True, kw_only=True, tag="namespace-gone"):
    """The name is gone from /run/netns, and with it all facts of the namespace."""


class PortFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a bridge port adds to its link (IFLA_BRPORT_*). `state` is the STP state, 0..4 as in linux/if_bridge.h. `others`: what else of
    it is not as the kernel makes it, in the words of bridge(8): `bcast_flood off`, `locked on`, …"""

    state: int = 3
    cost: int = 2
    priority: int = 32
    hairpin: bool = False
    isolated: bool = False
    learning: bool = True
    flood: bool = True
    others: tuple[str, ...] = ()


class LinkFact(Fact, frozen=True, kw_only=True, tag="link"):
    """RTM_NEWLINK.

    `kind` is IFLA_INFO_KIND (`loopback` for lo, empty for none). `flags` are IFF_*, `operstate` is RFC 2863's as a word (`up`, `down`,
    `lowerlayerdown`, …). `master` is an ifindex, 0 for none. `link` is IFLA_LINK: the peer of a veth, the lower interface of a macvlan or
    vlan, in the namespace `link_ns` (None: this one; `?`: one without a name). `info` are the kind's own attributes by the names of the
    kind's record; among them `underlay`, the namespace in which the outer packets of a tunnel travel. `ipv6_addrgen` as ip-link(8).
    `conf`: its own values under /proc/sys/net/ipv4/conf and net/ipv6/conf that are not 0, of the keys of `topology.observe.policy`; None:
    not told. `qdisc`: the queueing discipline by its kind (tc(8)), where somebody chose one. `xdp`: an XDP program is attached.
    `others`: what else was set, as ip-link(8) is told (`alias x`).
    """

    index: int
    name: str
    kind: str
    flags: int = 0
    operstate: str = "unknown"
    carrier: bool = False
    mtu: int = 0
    mac: str = ""
    master: int = 0
    link: int = 0
    link_ns: str | None = None
    info: dict[str, str | int | bool | None] = {}
    port: PortFact | None = None
    txqlen: int = 0
    queues: int = 1
    promiscuity: int = 0
    ipv6_addrgen: str = "eui64"
    conf: dict[str, int] | None = None
    qdisc: str = ""
    xdp: bool = False
    others: tuple[str, ...] = ()

    @property
    def up(self) -> bool:
        """IFF_UP: it was set up. Whether it has a carrier is another question."""
        return bool(self.flags & 1)


class LinkGone(Fact, frozen=True, kw_only=True, tag="link-gone"):
    """RTM_DELLINK, or it was moved to another namespace."""

    index: int


class AddressFact(Fact, frozen=True, kw_only=True, tag="address"):
    """RTM_NEWADDR. `address` is `10.0.1.1/24`; `scope` and `flags` as ip-address(8) prints them, and `peer`, `brd`, `label`. `proto` is
    IFA_PROTO as a word (empty: none, `kernel_lo`, `kernel_ra`, `kernel_ll`). `valid`, `preferred`: lifetimes in s, None: forever."""

    index: int
    address: str
    scope: str = "global"
    flags: tuple[str, ...] = ()
    proto: str = ""
    valid: int | None = None
    preferred: int | None = None


class AddressGone(Fact, frozen=True, kw_only=True, tag="address-gone"):
    """RTM_DELADDR."""

    index: int
    address: str


class NextHop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of several next hops of a route (RTA_MULTIPATH). `weight` is from 1."""

    via: str | None = None
    index: int = 0
    weight: int = 1


class RouteFact(Fact, frozen=True, kw_only=True, tag="route"):
    """RTM_NEWROUTE, but for what the kernel itself has in table local. `to` and `type` as in `topology.model.records.Route`; `protocol` and
    `scope` as ip-route(8) prints them; `linkdown`: RTNH_F_LINKDOWN; `hops`: of a route with several next hops. `tos`,
    `source` (a prefix; IPv6): only packets that have them are routed so.
    `others`: what else was set, as ip-route(8) is told (`mtu 1300`)."""

    to: str
    via: str | None = None
    index: int = 0
    metric: int = 0
    table: int = MAIN_TABLE
    type: str = "unicast"
    protocol: str = "boot"
    scope: str = "global"
    src: str | None = None
    onlink: bool = False
    linkdown: bool = False
    hops: tuple[NextHop, ...] = ()
    tos: int = 0
    source: str = ""
    others: tuple[str, ...] = ()


class RouteGone(Fact, frozen=True, kw_only=True, tag="route-gone"):
    """RTM_DELROUTE: the route with the same `to`, `table`, `metric`, `index`, `via`, `tos`, `source`."""

    to: str
    via: str | None = None
    index: int = 0
    metric: int = 0
    table: int = MAIN_TABLE
    tos: int = 0
    source: str = ""


class PolicyRulesFact(Fact, frozen=True, kw_only=True, tag="policy-rules"):
    """All rules of a namespace (RTM_GETRULE) by their priority; none where they are those that each namespace begins with."""

    rows: tuple[PolicyRule, ...] = ()


class NeighbourFact(Fact, frozen=True, kw_only=True, tag="neighbour"):
    """RTM_NEWNEIGH, AF_INET and AF_INET6. `state` as ip-neighbour(8): `reachable`, `stale`, `permanent`, … `age`: s since it was last
    confirmed (NDA_CACHEINFO)."""

    index: int
    address: str
    mac: str = ""
    state: str = "none"
    router: bool = False
    age: float = 0.0


class Proxied(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of `ip neighbour show proxy`: requests for `address` that come in at the interface `index` are answered."""

    index: int
    address: str


class ProxiesFact(Fact, frozen=True, kw_only=True, tag="proxies"):
    """All proxy entries of a namespace. The kernel sends no event of them: they are read with the namespace, and every second or so while
    somebody looks at it."""

    rows: tuple[Proxied, ...] = ()


class IngressFact(Fact, frozen=True, kw_only=True, tag="ingress"):
    """All interfaces of a namespace, by ifindex, with a qdisc for what comes in, by its kind: `ingress` or `clsact`. Filters of tc(8) may
    drop frames there."""

    rows: dict[int, str] = {}


class NeighbourGone(Fact, frozen=True, kw_only=True, tag="neighbour-gone"):
    """RTM_DELNEIGH, AF_INET and AF_INET6."""

    index: int
    address: str


class FdbFact(Fact, frozen=True, kw_only=True, tag="fdb"):
    """RTM_NEWNEIGH, AF_BRIDGE: an entry of an FDB. `index` is the port (or the vxlan). `own`: of the device itself (NTF_SELF), else of its
    bridge. `destination`: the other end of a vxlan.

    `state`: `dynamic`, `static`, `local` (permanent). `age`: s since the last frame from this MAC.
    """

    index: int
    mac: str
    vlan: int | None = None
    destination: str | None = None
    own: bool = False
    state: str = "dynamic"
    age: float = 0.0


class FdbGone(Fact, frozen=True, kw_only=True, tag="fdb-gone"):
    """RTM_DELNEIGH, AF_BRIDGE."""

    index: int
    mac: str
    vlan: int | None = None
    destination: str | None = None
    own: bool = False


class VlanRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A VLAN of a bridge port. `pvid`: untagged frames that come in belong to it; `untagged`: its frames leave without a tag."""

    vid: int
    pvid: bool = False
    untagged: bool = False


class VlansFact(Fact, frozen=True, kw_only=True, tag="vlans"):
    """All VLANs of one bridge port (RTM_GETLINK, RTEXT_FILTER_BRVLAN)."""

    index: int
    vlans: tuple[VlanRow, ...] = ()


class SysctlFact(Fact, frozen=True, kw_only=True, tag="sysctl"):
    """A sysctl as /proc/sys shows it; several blanks are one."""

    key: str
    value: str


class Counters(msgspec.Struct, frozen=True):
    """The main counters of struct rtnl_link_stats64 (linux/if_link.h), since the interface was made."""

    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0
    multicast: int = 0


class CountersFact(Fact, frozen=True, kw_only=True, tag="counters"):
    """Counters of all interfaces of a namespace that somebody looks at, by ifindex."""

    at: float
    rows: dict[int, Counters]


class Process(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A process, by its pid in the lab. `user`: its uid there; `memory`: RSS in bytes."""

    pid: int
    command: str
    user: int = 0
    memory: int = 0


Protocol = Literal["tcp", "udp"]


class Listening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A listening socket, as `ss -ltun` lists them. `pid` None: no process of the namespace holds it (the kernel does)."""

    protocol: Protocol
    address: str
    port: int
    pid: int | None = None


class ProcessesFact(Fact, frozen=True, kw_only=True, tag="processes"):
    """The processes in a namespace that somebody looks at (`ip netns pids`), and its listening sockets."""

    rows: tuple[Process, ...] = ()
    sockets: tuple[Listening, ...] = ()


class ChainFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A chain as iptables-save prints it; `policy` None: a user-defined chain."""

    name: str
    policy: ChainPolicy | None = None
    rules: tuple[str, ...] = ()


class TableFact(Fact, frozen=True, kw_only=True, tag="table"):
    """All chains of one table of the lab's driver. None: the kernel does not have the table (any more)."""

    family: Family
    table: Table
    chains: tuple[ChainFact, ...] = ()


class TableChanged(Fact, frozen=True, kw_only=True, tag="table-changed"):
    """What differs from the `TableFact` before, by the names of the chains, which are the same ones in the same order."""

    family: Family
    table: Table
    chains: Diff[ChainFact]


class FilterFact(Fact, frozen=True, kw_only=True, tag="filter"):
    """The tables that the kernel has now, by family. `foreign`: in words, what is in force and the lab's driver cannot show."""

    driver: Driver
    tables: dict[Family, tuple[Table, ...]] = {}
    foreign: tuple[str, ...] = ()


class ChainCounters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Pairs of packets and bytes: those that met the chain's policy (None: a user-defined chain), and those that each rule matched."""

    policy: tuple[int, int] | None = None
    rules: tuple[tuple[int, int], ...] = ()


class RuleCountersFact(Fact, frozen=True, kw_only=True, tag="rule-counters"):
    """Counters of a table that somebody looks at, by chain. It comes when one of them has changed."""

    family: Family
    table: Table
    at: float
    chains: dict[str, ChainCounters]


class RuleCountersChanged(Fact, frozen=True, kw_only=True, tag="rule-counters-changed"):
    """What differs from the `RuleCountersFact` before."""

    family: Family
    table: Table
    changed: tuple[Splice, ...]


class RuleCountersGone(Fact, frozen=True, kw_only=True, tag="rule-counters-gone"):
    """Nobody looks at the namespace any more; with `table`: that table is gone."""

    family: Family | None = None
    table: Table | None = None


class Tuple(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One direction of a connection: addresses, and ports, or the ICMP type, code and id."""

    source: str
    destination: str
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    icmp_id: int | None = None


class Connection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the connection tracking table, as conntrack(8) shows it.

    `protocol` is a name, or the number where it has none. `timeout`: s until it is removed. `flags` are words for IPS_*
    (linux/netfilter/nf_conntrack_common.h): `seen-reply`, `assured`, `confirmed`, `snat`, `dnat`, `dying`, `offload`. `packets` and
    `bytes`, of the original and the reply direction, only where net.netfilter.nf_conntrack_acct is 1.
    """

    id: int
    family: Family
    protocol: str
    original: Tuple
    reply: Tuple
    state: str = ""
    timeout: int = 0
    mark: int = 0
    zone: int = 0
    flags: tuple[str, ...] = ()
    packets: tuple[int, int] | None = None
    bytes: tuple[int, int] | None = None


class ConntrackFact(Fact, frozen=True, kw_only=True, tag="conntrack"):
    """The connection tracking table of a namespace that somebody looks at; of a large one the first `rows`. `count`: of all entries."""

    at: float
    rows: tuple[Connection, ...] = ()
    count: int = 0


class ConntrackGone(Fact, frozen=True, kw_only=True, tag="conntrack-gone"):
    """Nobody looks at the namespace any more."""


class TerminalFact(Fact, frozen=True, kw_only=True, tag="terminal"):
    """A terminal of the lab whose shell was started in `ns`. `title`: as its programs set it. `viewers`: clients attached to it. `code`:
    the exit code of its shell, None while it runs."""

    terminal: str
    title: str = ""
    rows: int = 24
    columns: int = 80
    viewers: int = 0
    code: int | None = None


class TerminalGone(Fact, frozen=True, kw_only=True, tag="terminal-gone"):
    """The terminal was closed."""

    terminal: str


class CapturedInterface(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`interface` is `ns/name` as it was when the capture began. `problem`: why it is no longer captured."""

    interface: str
    problem: str = ""


class CaptureFact(Fact, frozen=True, kw_only=True, tag="capture"):
    """A capture of the lab, by its name. `filter`: as pcap-filter(7). `snaplen`: bytes kept of a frame, 0: all. `frames` were captured so
    far, with `bytes` on the wire; those from number `first` (from 1) on are kept.

    `dropped`: frames that the kernel dropped since tcpdump was too slow.
    """

    capture: str
    interfaces: tuple[CapturedInterface, ...]
    filter: str = ""
    snaplen: int = 0
    running: bool = True
    first: int = 1
    frames: int = 0
    bytes: int = 0
    dropped: int = 0


class CaptureGone(Fact, frozen=True, kw_only=True, tag="capture-gone"):
    """The capture was removed, and its frames with it."""

    capture: str


AnyFact = (
    Resync | NamespaceFact | NamespaceGone | LinkFact | LinkGone | AddressFact | AddressGone | RouteFact | RouteGone
    | PolicyRulesFact | ProxiesFact | IngressFact | NeighbourFact | NeighbourGone | FdbFact | FdbGone | VlansFact | SysctlFact
    | CountersFact | ProcessesFact
    | TableFact | TableChanged | FilterFact | RuleCountersFact | RuleCountersChanged | RuleCountersGone | ConntrackFact | ConntrackGone
    | TerminalFact | TerminalGone | CaptureFact | CaptureGone
)  # fmt: skip
