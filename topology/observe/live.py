"""Live records: what the kernel says beyond the schema of the document. Shown, never planned.

They travel as diffs like all records; `topology.observe.observed` derives them from the facts. `at`: s of the lab's CLOCK_MONOTONIC.
"""

from collections.abc import Mapping

import msgspec

from topology.model import ids
from topology.model.netfilter import Driver, Family, Table
from topology.model.routing import MAIN_TABLE
from topology.observe.facts import CapturedInterface, ChainCounters, Connection, Counters, Listening, Process
from topology.observe.policy import PolicyRule


class Live(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Base of the live records."""


class AddressLive(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An address of an interface, also one that the kernel made: see `topology.observe.facts.AddressFact`."""

    address: str
    scope: str = "global"
    flags: tuple[str, ...] = ()
    proto: str = ""


class LinkLive(Live, frozen=True, kw_only=True, tag="link"):
    """One interface as `ip -d link` and `ip address` show it. `type` is the kernel's kind, also one that documents do not know.

    `index` is the ifindex, `peer_index` the peer's. `peer` and `parent` (the lower interface) are `ns/name`. `port_state` is the STP state
    of a bridge port as a word; `port` what else of it is not as the kernel makes it and no document holds (`PortFact.others`). `conf` and
    `qdisc` as in LinkFact; `early`: what may drop its frames before any rule sees them: `ingress` or `clsact` (filters of
    tc(8)), `xdp`; `others` as in LinkFact. `modelled` is False where a document cannot hold the interface; `note` then says why.
    """

    namespace: str
    name: str
    index: int
    type: str
    up: bool
    carrier: bool
    operstate: str
    flags: tuple[str, ...]
    mtu: int
    mac: str
    master: str | None = None
    peer: str | None = None
    peer_index: int | None = None
    parent: str | None = None
    driver: str = ""
    txqlen: int = 0
    port_state: str | None = None
    port: tuple[str, ...] = ()
    conf: dict[str, int] | None = None
    qdisc: str = ""
    early: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    addresses: tuple[AddressLive, ...] = ()
    modelled: bool = True
    note: str = ""

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.link_live(ids.join(self.namespace, self.name))


class HopRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of several next hops of a route. `weight` is from 1."""

    via: str | None = None
    dev: str | None = None
    weight: int = 1


class RouteRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A route as `ip route` shows it. `record`: id of the record that it realises, None for the kernel's own. `hops`: where it has several
    next hops. `tos`, `source`: for packets that have them alone. `others` as in RouteFact."""

    to: str
    via: str | None = None
    dev: str | None = None
    src: str | None = None
    metric: int = 0
    table: int = MAIN_TABLE
    type: str = "unicast"
    protocol: str = ""
    scope: str = ""
    linkdown: bool = False
    record: str | None = None
    hops: tuple[HopRow, ...] = ()
    tos: int = 0
    source: str = ""
    others: tuple[str, ...] = ()


class NeighbourRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the ARP or ND cache as `ip neighbour` shows it. `age` was in s when the fact came."""

    dev: str
    address: str
    mac: str = ""
    state: str = ""
    age: float = 0.0


class ProxyRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of `ip neighbour show proxy`."""

    dev: str
    address: str


class NamespaceLive(Live, frozen=True, kw_only=True, tag="netns"):
    """A namespace: `inode` as `lsns` shows it, `nsid` in `host`, all watched sysctls, the routing tables, the ARP and ND caches.
    `rules`: those of `ip rule`, none where they are what each namespace begins with. `proxies`: the addresses that it answers for."""

    name: str
    inode: int
    nsid: int | None = None
    sysctls: dict[str, str] = {}
    routes: tuple[RouteRow, ...] = ()
    neighbours: tuple[NeighbourRow, ...] = ()
    rules: tuple[PolicyRule, ...] = ()
    proxies: tuple[ProxyRow, ...] = ()

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.namespace_live(self.name)


class FdbRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry as `bridge fdb` shows it: see `topology.observe.facts.FdbFact`. `record`: id of the record that it realises."""

    mac: str
    dev: str
    state: str
    vlan: int | None = None
    destination: str | None = None
    age: float = 0.0
    record: str | None = None


class FdbLive(Live, frozen=True, kw_only=True, tag="fdb-table"):
    """The FDB of a bridge or a vxlan. `age` was in s when the fact came: a viewer counts on from there."""

    namespace: str
    name: str
    rows: tuple[FdbRow, ...] = ()

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.live("fdb-table", ids.join(self.namespace, self.name))


class CountersLive(Live, frozen=True, kw_only=True, tag="counters"):
    """Counters of a namespace's interfaces by name, only while somebody looks at it."""

    namespace: str
    at: float
    rows: dict[str, Counters]

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.live("counters", self.namespace)


class ProcessesLive(Live, frozen=True, kw_only=True, tag="processes"):
    """The processes in a namespace and its listening sockets, only while somebody looks at it."""

    namespace: str
    rows: tuple[Process, ...] = ()
    sockets: tuple[Listening, ...] = ()

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.live("processes", self.namespace)


class FilterLive(Live, frozen=True, kw_only=True, tag="filter"):
    """Netfilter in a namespace: the lab's driver and the tables that the kernel has there now. `foreign`: in words, what is in force and
    the driver cannot show (tables of the other driver, tables of nft(8))."""

    namespace: str
    driver: Driver
    tables: dict[Family, tuple[Table, ...]] = {}
    foreign: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.live("filter", self.namespace)


class RuleCountersLive(Live, frozen=True, kw_only=True, tag="rule-counters"):
    """Counters of one table by chain, only while somebody looks. They are as of `at` until the next: none has changed since."""

    namespace: str
    family: Family
    table: Table
    at: float
    chains: dict[str, ChainCounters] = {}

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.live("rule-counters", f"{self.namespace}/{self.family}/{self.table}")


class ConntrackLive(Live, frozen=True, kw_only=True, tag="conntrack"):
    """Connections of a namespace, only while somebody looks. `count`: of all; of many only the first are in `rows`."""

    namespace: str
    at: float
    rows: tuple[Connection, ...] = ()
    count: int = 0

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.live("conntrack", self.namespace)


class TerminalLive(Live, frozen=True, kw_only=True, tag="terminal"):
    """A terminal: see `topology.observe.facts.TerminalFact`. It may outlive the name of its namespace."""

    terminal: str
    namespace: str
    title: str = ""
    rows: int = 24
    columns: int = 80
    viewers: int = 0
    code: int | None = None

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.terminal(self.terminal)


class CaptureLive(Live, frozen=True, kw_only=True, tag="capture"):
    """A capture: see `topology.observe.facts.CaptureFact`."""

    capture: str
    interfaces: tuple[CapturedInterface, ...]
    filter: str = ""
    snaplen: int = 0
    running: bool = True
    first: int = 1
    frames: int = 0
    bytes: int = 0
    dropped: int = 0

    @property
    def id(self) -> str:
        """Its key among the live records."""
        return ids.capture(self.capture)


AnyLive = (
    LinkLive | NamespaceLive | FdbLive | CountersLive | ProcessesLive | FilterLive | RuleCountersLive | ConntrackLive
    | TerminalLive | CaptureLive
)  # fmt: skip
LiveRecords = Mapping[str, AnyLive]
