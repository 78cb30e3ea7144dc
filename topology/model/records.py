"""The records of a lab: one schema for what is wanted (*desired*) and for what the kernel says (*observed*).

A lab is a flat map from record id to record. Relations are names, never objects, so that a record is a plain value; links
are derived from the two ends that name each other.
"""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, Union, cast

import msgspec

from topology.model import ids
from topology.model.base import HOST, Interface, Port, PortVlan, Record
from topology.model.drawing import Area, Note, Placement, Style
from topology.model.kinds import KINDS
from topology.model.kinds.bridge import Bridge, is_bridge
from topology.model.kinds.loopback import Loopback
from topology.model.kinds.macvlan import Macvlan
from topology.model.kinds.veth import Veth
from topology.model.kinds.vxlan import Vxlan
from topology.model.netfilter import ChainPolicy, Driver, Family, Table
from topology.model.routing import MAIN_TABLE

__all__ = [
    "HOST", "INTERFACES", "AnyInterface",
    "AnyRecord", "Area", "Bridge", "Chain", "Fdb", "Interface", "Lab", "Loopback", "Macvlan", "Namespace",
    "Neighbour", "Note", "Placement", "Policy", "Port", "PortVlan", "Record", "Records", "Route", "Style", "Veth", "Vxlan",
    "is_bridge",
]  # fmt: skip

Policy = Literal["follow", "flag", "enforce"]
"""What happens with a change that the kernel shows and the document does not: it becomes an edit, or is flagged as
drift, or is put back."""


class Lab(Record, frozen=True, kw_only=True, tag="lab"):
    """What belongs to the lab as a whole. Exactly one, `lab:`. The plan does not see it.

    `ipv6`: leave IPv6 on in all namespaces, however many they are (docs/adr/0004-ipv6-in-large-labs.md). `firewall`: whose iptables
    the lab has; None: what the machine has, legacy before nft. `uplink`: `host` can reach the outside, where the server allows it.
    """

    name: str = ""
    description: str = ""
    policy: Policy = "follow"
    ipv6: bool = False
    firewall: Driver | None = None
    uplink: bool = False

    @property
    def id(self) -> str:
        """The record id: there is one."""
        return ids.LAB


class Namespace(Record, frozen=True, kw_only=True, tag="namespace"):
    """A network namespace (ip-netns(8)); `host` is the lab's own stack.

    `nsid` is the id that `host` knows it by; None: whatever the kernel gives. `sysctls` holds `net.…` keys with values
    that differ from a fresh namespace's, always as text, as the kernel prints them.
    """

    name: str
    nsid: int | None = None
    sysctls: dict[str, str] = {}

    @property
    def id(self) -> str:
        """The record id."""
        return ids.namespace(self.name)


class Route(Record, frozen=True, kw_only=True, tag="route"):
    """A route that somebody added (ip-route(8)); the kernel's own connected routes are not records.

    `to` is `default` (IPv4), `::/0` (IPv6 default) or a prefix. `dev` is an interface name, left out where `via` decides it.
    `metric` None is the kernel's default, `table` the number of a routing table: see `topology.model.routing`.
    """

    namespace: str
    to: str
    via: str | None = None
    dev: str | None = None
    src: str | None = None
    metric: int | None = None
    table: int = MAIN_TABLE
    type: Literal["unicast", "blackhole", "unreachable", "prohibit", "throw", "local"] = "unicast"
    onlink: bool = False

    @property
    def id(self) -> str:
        """The record id: the kernel has one route to a prefix for each table and metric."""
        table = [f"table {self.table}"] if self.table != MAIN_TABLE else []
        metric = [f"metric {self.metric}"] if self.metric else []
        return ids.route(self.namespace, self.to, *table, *metric)


class Neighbour(Record, frozen=True, kw_only=True, tag="neighbour"):
    """A permanent neighbour entry (ip-neighbour(8)): `address` has `mac` on `dev`."""

    namespace: str
    dev: str
    address: str
    mac: str

    @property
    def id(self) -> str:
        """The record id."""
        return ids.neighbour(self.namespace, self.dev, self.address)


class Fdb(Record, frozen=True, kw_only=True, tag="fdb"):
    """An FDB entry that somebody added (bridge(8), `bridge fdb`): where frames to a MAC address go.

    On a bridge port: in the bridge's FDB, `static`, or `local` where frames to it belong to the bridge itself. On a vxlan:
    `destination` is the remote tunnel end.
    """

    namespace: str
    dev: str
    mac: str
    vlan: int | None = None
    destination: str | None = None
    local: bool = False

    @property
    def id(self) -> str:
        """The record id: a MAC address can have an entry for each VLAN, and on a vxlan one for each destination."""
        vlan = [f"vlan {self.vlan}"] if self.vlan is not None else []
        destination = [f"dst {self.destination}"] if self.destination else []
        return ids.fdb(self.namespace, self.dev, self.mac, *vlan, *destination)


class Chain(Record, frozen=True, kw_only=True, tag="chain"):
    """A chain of iptables(8) and its rules, each as iptables-save prints it after `-A NAME `, without counters.

    `policy` is a built-in chain's, None for a user-defined one. A built-in chain with policy ACCEPT and no rules has no record, a
    user-defined one always has.
    """

    namespace: str
    family: Family
    table: Table
    name: str
    policy: ChainPolicy | None = None
    rules: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The record id."""
        return ids.chain(self.namespace, self.family, self.table, self.name)


if TYPE_CHECKING:
    AnyInterface: TypeAlias = Interface
else:
    AnyInterface = Union[KINDS]  # noqa: UP007 - made of the kinds that there are, for msgspec
INTERFACES: tuple[type[Interface], ...] = KINDS
"""All kinds of interfaces."""

AnyRecord = Lab | Namespace | AnyInterface | Route | Neighbour | Fdb | Chain | Placement | Style | Area | Note
Records = dict[str, AnyRecord]
"""The state of a lab: record id → record. Treated as immutable: a change makes a new dict."""


def as_records(*records: AnyRecord) -> Records:
    """The map of these records by id."""
    return {r.id: r for r in records}


def lab_of(records: Mapping[str, AnyRecord]) -> Lab:
    """The lab's own record, or one with all defaults."""
    lab = records.get(ids.LAB)
    return lab if isinstance(lab, Lab) else Lab()


R = TypeVar("R", bound=Record)


def of_type(records: Mapping[str, AnyRecord], *types: type[R]) -> "list[R]":
    """The records of these types, in their order: without a step of Python for each of the others."""
    values = records.values()
    return cast("list[R]", list(compress(values, map(_among(types), map(type, values)))))


@cache
def _among(types: tuple[type, ...]) -> Callable[[type], bool]:
    return frozenset(types).__contains__


def entries_of(records: Mapping[str, AnyRecord]) -> "list[Route | Neighbour | Fdb]":
    """The routes, neighbours and FDB entries, in their order."""
    return cast("list[Route | Neighbour | Fdb]", of_type(records, Route, Neighbour, Fdb))


def interfaces_of(records: Mapping[str, AnyRecord]) -> list[AnyInterface]:
    """The interfaces, of all kinds, in their order."""
    return of_type(records, *INTERFACES)


def replace(record: R, **changes: object) -> R:
    """A copy of the record with these fields changed."""
    return msgspec.structs.replace(record, **changes)
