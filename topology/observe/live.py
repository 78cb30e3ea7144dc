"""Live records: what the kernel says beyond the schema of the document. Shown, never planned.

They travel as diffs like all records; `topology.observe.observed.live` derives them from the facts.
"""

import msgspec

from topology.model.netfilter import Driver, Family, Table
from topology.observe.facts import CapturedInterface, ChainCounters, Connection, Counters, Listening, Process


class Live(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Base of the live records."""


class AddressLive(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    address: str
    scope: str = "global"
    flags: tuple[str, ...] = ()
    proto: str = ""


class LinkLive(Live, frozen=True, kw_only=True, tag="link"):
    """One interface as `ip -d link` and `ip address` show it. `type` is the kernel's kind, also one that documents do not know.

    `peer` and `parent` are `ns/name`. `modelled` is False where a document cannot hold it; `note` then says why.
    `port_state` is the STP state as a word.
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
    addresses: tuple[AddressLive, ...] = ()
    modelled: bool = True
    note: str = ""

    @property
    def id(self) -> str:
        return f"link:{self.namespace}/{self.name}"


class RouteRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    to: str
    via: str | None = None
    dev: str | None = None
    src: str | None = None
    metric: int = 0
    table: int = 254
    type: str = "unicast"
    protocol: str = ""
    scope: str = ""
    linkdown: bool = False
    record: str | None = None


class NeighbourRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    dev: str
    address: str
    mac: str = ""
    state: str = ""
    age: float = 0.0


class NamespaceLive(Live, frozen=True, kw_only=True, tag="netns"):
    """A namespace: `inode` as `lsns` shows it, all watched sysctls, the routing tables, the ARP and ND caches.

    `record` of a route is the id of the record that it realises, None for the kernel's own.
    """

    name: str
    inode: int
    nsid: int | None = None
    sysctls: dict[str, str] = {}
    routes: tuple[RouteRow, ...] = ()
    neighbours: tuple[NeighbourRow, ...] = ()

    @property
    def id(self) -> str:
        return f"netns:{self.name}"


class FdbRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    mac: str
    dev: str
    state: str
    vlan: int | None = None
    destination: str | None = None
    age: float = 0.0
    record: str | None = None


class FdbLive(Live, frozen=True, kw_only=True, tag="fdb-table"):
    """A bridge's MAC table (or a vxlan's). `age` was in s when the fact came: a viewer counts on from there."""

    namespace: str
    name: str
    rows: tuple[FdbRow, ...] = ()

    @property
    def id(self) -> str:
        return f"fdb-table:{self.namespace}/{self.name}"


class CountersLive(Live, frozen=True, kw_only=True, tag="counters"):
    """Counters of a namespace's interfaces by name, only while somebody looks at it. `at`: s on the lab's clock."""

    namespace: str
    at: float
    rows: dict[str, Counters]

    @property
    def id(self) -> str:
        return f"counters:{self.namespace}"


class ProcessesLive(Live, frozen=True, kw_only=True, tag="processes"):
    namespace: str
    rows: tuple[Process, ...] = ()
    sockets: tuple[Listening, ...] = ()

    @property
    def id(self) -> str:
        return f"processes:{self.namespace}"


class FilterLive(Live, frozen=True, kw_only=True, tag="filter"):
    """Netfilter in a namespace: the lab's driver, the tables that the kernel has there now, and what is in force beyond what the
    driver shows (tables of the other driver, tables of nft(8))."""

    namespace: str
    driver: Driver
    tables: dict[Family, tuple[Table, ...]] = {}
    foreign: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"filter:{self.namespace}"


class RuleCountersLive(Live, frozen=True, kw_only=True, tag="rule-counters"):
    """Counters of one table by chain, only while somebody looks. `at`: s on the lab's clock; no news means that nothing moved."""

    namespace: str
    family: Family
    table: Table
    at: float
    chains: dict[str, ChainCounters] = {}

    @property
    def id(self) -> str:
        return f"rule-counters:{self.namespace}/{self.family}/{self.table}"


class ConntrackLive(Live, frozen=True, kw_only=True, tag="conntrack"):
    """Connections of a namespace, only while somebody looks. `count` is how many there are, also where `rows` are cut off."""

    namespace: str
    at: float
    rows: tuple[Connection, ...] = ()
    count: int = 0

    @property
    def id(self) -> str:
        return f"conntrack:{self.namespace}"


class TerminalLive(Live, frozen=True, kw_only=True, tag="terminal"):
    """A shell of the lab, attached to by `viewers`. It may outlive the name of its namespace. `code`: it ended, with this exit code."""

    terminal: str
    namespace: str
    title: str = ""
    rows: int = 24
    columns: int = 80
    viewers: int = 0
    code: int | None = None

    @property
    def id(self) -> str:
        return f"terminal:{self.terminal}"


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
        return f"capture:{self.capture}"


AnyLive = (
    LinkLive | NamespaceLive | FdbLive | CountersLive | ProcessesLive | FilterLive | RuleCountersLive | ConntrackLive
    | TerminalLive | CaptureLive
)  # fmt: skip
LiveRecords = dict[str, AnyLive]
