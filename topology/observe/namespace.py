"""The facts of one namespace, and what they are as records and as live records. `Observed` has one `NamespaceFacts` for each."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec

from topology.model import routing
from topology.model.kind import Field
from topology.model.kinds import BY_WORD, KINDS
from topology.model.records import (
    HOST,
    AnyInterface,
    AnyRecord,
    Fdb,
    Interface,
    Namespace,
    Neighbour,
    Port,
    PortVlan,
    Route,
)
from topology.observe import facts as f
from topology.observe.filters import Filters
from topology.observe.live import (
    AddressLive,
    AnyLive,
    CountersLive,
    FdbLive,
    FdbRow,
    LinkLive,
    NamespaceLive,
    NeighbourRow,
    ProcessesLive,
    RouteRow,
)

UNNAMED = "?"
"""The `link_ns` of a fact about a namespace without a name."""

PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
FLAGS = {
    0x1: "UP", 0x2: "BROADCAST", 0x8: "LOOPBACK", 0x10: "POINTOPOINT", 0x40: "RUNNING", 0x80: "NOARP", 0x100: "PROMISC",
    0x200: "ALLMULTI", 0x1000: "MULTICAST", 0x10000: "LOWER_UP", 0x20000: "DORMANT",
}  # fmt: skip
_LOOPBACK = 0x8
_ROUTE_TYPES = ("unicast", "blackhole", "unreachable", "prohibit", "throw", "local")
_KERNELS_ROUTES = ("kernel", "ra", "redirect")
_NO_MAC = "00:00:00:00:00:00"
_LINK_LOCAL = ipaddress.IPv6Network("fe80::/64")


class OtherNamespaces(Protocol):
    """What a namespace has to know of the other ones."""

    def ref(self, ns: str, index: int) -> str | None:
        """`ns/name` of an interface by its ifindex."""

    def mac(self, ns: str, link: f.LinkFact) -> str | None:
        """The MAC that a record has to state: None where it is the kernel's own choice."""


class NamespaceFacts:
    """All facts of one namespace that hold now. `exists`: it is in /run/netns; `host` always is."""

    def __init__(self, name: str, baseline: Mapping[str, str]) -> None:
        self.name = name
        self.baseline = baseline
        self.exists = name == HOST
        self.inode = 0
        self.nsid: int | None = None
        self.clear()

    def clear(self) -> None:
        """Forget all facts of what is inside: they follow anew."""
        self.links: dict[int, f.LinkFact] = {}
        self.addresses: dict[int, dict[str, f.AddressFact]] = {}
        self.routes: dict[tuple[object, ...], f.RouteFact] = {}
        self.neighbours: dict[tuple[int, str], f.NeighbourFact] = {}
        self.fdb: dict[tuple[object, ...], f.FdbFact] = {}
        self.vlans: dict[int, tuple[f.VlanRow, ...]] = {}
        self.sysctls: dict[str, str] = dict(self.baseline)
        self.counters: f.CountersFact | None = None
        self.processes: f.ProcessesFact | None = None
        self.filters = Filters(self.name)

    # ---- facts in ----------------------------------------------------------------------------------------------------

    def fold(self, fact: f.AnyFact) -> None:
        """One more fact of this namespace. TypeError for one that is about no namespace."""
        keep = _KEPT.get(type(fact))
        if keep is not None:
            keep(self, fact)
        else:
            self.filters.fold(fact)

    def _resync(self, _: f.Resync) -> None:
        self.clear()

    def _namespace(self, fact: f.NamespaceFact) -> None:
        self.exists, self.inode, self.nsid = True, fact.inode, fact.nsid

    def _link_added(self, fact: f.LinkFact) -> None:
        self.links[fact.index] = fact

    def _link_gone(self, fact: f.LinkGone) -> None:
        """What was on the interface is gone too, whether the kernel says so one by one or not."""
        self.links.pop(fact.index, None)
        self.addresses.pop(fact.index, None)
        self.vlans.pop(fact.index, None)
        self.routes = {k: r for k, r in self.routes.items() if r.index != fact.index}
        self.neighbours = {k: n for k, n in self.neighbours.items() if n.index != fact.index}
        self.fdb = {k: e for k, e in self.fdb.items() if e.index != fact.index}

    def _address(self, fact: f.AddressFact) -> None:
        self.addresses.setdefault(fact.index, {})[fact.address] = fact

    def _address_gone(self, fact: f.AddressGone) -> None:
        self.addresses.get(fact.index, {}).pop(fact.address, None)

    def _route_added(self, fact: f.RouteFact) -> None:
        self.routes[_route_key(fact)] = fact

    def _route_gone(self, fact: f.RouteGone) -> None:
        self.routes.pop(_route_key(fact), None)

    def _neighbour(self, fact: f.NeighbourFact) -> None:
        self.neighbours[fact.index, fact.address] = fact

    def _neighbour_gone(self, fact: f.NeighbourGone) -> None:
        self.neighbours.pop((fact.index, fact.address), None)

    def _fdb(self, fact: f.FdbFact) -> None:
        self.fdb[_fdb_key(fact)] = fact

    def _fdb_gone(self, fact: f.FdbGone) -> None:
        self.fdb.pop(_fdb_key(fact), None)

    def _vlans(self, fact: f.VlansFact) -> None:
        self.vlans[fact.index] = fact.vlans

    def _sysctl(self, fact: f.SysctlFact) -> None:
        self.sysctls[fact.key] = fact.value

    def _counters(self, fact: f.CountersFact) -> None:
        self.counters = fact

    def _processes(self, fact: f.ProcessesFact) -> None:
        self.processes = fact

    # ---- records out -------------------------------------------------------------------------------------------------

    def records(self, others: OtherNamespaces) -> Iterator[AnyRecord]:
        """What a document can hold of it, not yet in normal form."""
        yield Namespace(name=self.name, nsid=None if self.name == HOST else self.nsid, sysctls=self.sysctls)
        found = {index: i for index, link in self.links.items() if (i := self._interface(link, others)) is not None}
        yield from found.values()
        names = {index: i.name for index, i in found.items()}
        yield from self._routes(names)
        for n in self.neighbours.values():
            if n.state == "permanent" and n.index in names and n.mac:
                yield Neighbour(namespace=self.name, dev=names[n.index], address=n.address, mac=n.mac)
        for e in self.fdb.values():
            if (entry := self._static(e, found)) is not None:
                yield entry
        yield from self.filters.records()

    def note(self, link: f.LinkFact, others: OtherNamespaces) -> str:
        """Why a document cannot hold this interface; nothing where it can."""
        kind = BY_WORD.get(link.kind)
        if kind is None:
            return f"{link.kind or 'this kind of interface'} is shown, but not kept in documents"
        if kind.KIND.paired and self._below(link, others) is None:
            return "its peer is in a namespace without a name"
        if kind.KIND.underlay and link.info.get("underlay") == UNNAMED:
            return "its underlay is in a namespace without a name"
        if kind.KIND.lower is not None and kind.KIND.lower.required and self._below(link, others) is None:
            return "its parent is in a namespace without a name"
        return next((f"a {link.kind} with {f.name} {v}" for f, v in _own(kind, link) if not _can_hold(kind, f, v)), "")

    def _below(self, link: f.LinkFact, others: OtherNamespaces) -> str | None:
        """The interface that IFLA_LINK names: the other end of a pair, or the lower one."""
        return others.ref(link.link_ns or self.name, link.link) if link.link else None

    def _interface(self, link: f.LinkFact, others: OtherNamespaces) -> AnyInterface | None:
        if self.note(link, others):
            return None
        master = self.links.get(link.master)
        is_port = master is not None and _fdb_kind(master) == "ports" and link.port is not None
        values: dict[str, object] = {
            **link.info,
            "namespace": self.name,
            "name": link.name,
            "up": link.up,
            "mac": others.mac(self.name, link),
            "mtu": link.mtu,
            "addresses": self._addresses(link),
            "master": master.name if is_port and master else None,
        }
        if is_port and link.port:
            values["port"] = _port(link.port)
            rows = self.vlans.get(link.index)
            values["vlans"] = tuple(PortVlan(vid=r.vid, pvid=r.pvid, untagged=r.untagged) for r in rows) if rows is not None else None
        kind, below = BY_WORD[link.kind], self._below(link, others)
        values |= {f.name: below for f in kind.KIND.fields if f.role in ("peer", "lower")}
        if kind.KIND.mac == "none":
            values["mac"] = None
        return msgspec.convert(values, kind)

    def _addresses(self, link: f.LinkFact) -> tuple[str, ...]:
        return tuple(a.address for a in self.addresses.get(link.index, {}).values() if not _kernels_address(a, link.mac))

    def _routes(self, names: Mapping[int, str]) -> Iterator[Route]:
        seen: set[str] = set()
        for r in self.routes.values():
            record = self._route(r, names)
            if record is not None and record.id not in seen:
                seen.add(record.id)
                yield record

    def _route(self, r: f.RouteFact, names: Mapping[int, str]) -> Route | None:
        if r.protocol in _KERNELS_ROUTES or r.type not in _ROUTE_TYPES or r.hops or r.table == 255:
            return None
        dev = names.get(r.index)
        if r.type in ("unicast", "local") and dev is None:
            return None
        metric = routing.stated_metric(r.to, r.metric)
        return Route(
            namespace=self.name, to=r.to, via=r.via, dev=dev, src=r.src, metric=metric, table=r.table,
            type=msgspec.convert(r.type, _RouteType), onlink=r.onlink,
        )  # fmt: skip

    def _static(self, e: f.FdbFact, found: Mapping[int, AnyInterface]) -> Fdb | None:
        interface, link = found.get(e.index), self.links.get(e.index)
        if interface is None or link is None or e.state == "dynamic":
            return None
        if e.own:
            if interface.KIND.fdb != "own":
                return None
            return Fdb(namespace=self.name, dev=interface.name, mac=e.mac, vlan=e.vlan, destination=e.destination)
        local = e.state == "local"
        if interface.master is None or (local and self._is_initial(e, link)):
            return None
        return Fdb(namespace=self.name, dev=interface.name, mac=e.mac, vlan=e.vlan, local=local)

    def _is_initial(self, e: f.FdbFact, link: f.LinkFact) -> bool:
        """The bridge enters the addresses of its ports, and its own, by itself (br_fdb_change_mac_address())."""
        bridge = self.links.get(link.master)
        return e.mac == link.mac or (bridge is not None and e.mac == bridge.mac)

    # ---- live records out --------------------------------------------------------------------------------------------

    def live(self, others: OtherNamespaces, records: Mapping[str, AnyRecord]) -> Iterator[AnyLive]:
        """What is shown beyond the document. `records` are the observed ones, in normal form."""
        if not self.exists:
            return
        yield NamespaceLive(
            name=self.name, inode=self.inode, nsid=self.nsid, sysctls=dict(sorted(self.sysctls.items())),
            routes=tuple(self._route_rows(records)), neighbours=tuple(self._neighbour_rows()),
        )  # fmt: skip
        for link in self.links.values():
            yield self._link(link, others)
            if _fdb_kind(link):
                yield FdbLive(namespace=self.name, name=link.name, rows=tuple(self._fdb_rows(link, records)))
        if self.counters is not None:
            rows = {self.links[i].name: c for i, c in self.counters.rows.items() if i in self.links}
            yield CountersLive(namespace=self.name, at=self.counters.at, rows=rows)
        if self.processes is not None:
            yield ProcessesLive(namespace=self.name, rows=self.processes.rows, sockets=self.processes.sockets)
        yield from self.filters.live()

    def _link(self, link: f.LinkFact, others: OtherNamespaces) -> LinkLive:
        below = self._below(link, others)
        paired = link.kind in BY_WORD and BY_WORD[link.kind].KIND.paired
        master = self.links.get(link.master)
        note = self.note(link, others)
        return LinkLive(
            namespace=self.name, name=link.name, index=link.index, type=link.kind, up=link.up, carrier=link.carrier,
            operstate=link.operstate, flags=tuple(word for bit, word in FLAGS.items() if link.flags & bit), mtu=link.mtu, mac=link.mac,
            master=master.name if master else None, peer=below if paired else None,
            peer_index=link.link if paired else None, parent=None if paired else below,
            driver="" if link.flags & _LOOPBACK else link.kind, txqlen=link.txqlen,
            port_state=PORT_STATES[link.port.state] if link.port and link.port.state < len(PORT_STATES) else None,
            addresses=tuple(
                AddressLive(address=a.address, scope=a.scope, flags=a.flags, proto=a.proto)
                for a in self.addresses.get(link.index, {}).values()
            ),
            modelled=not note, note=note,
        )  # fmt: skip

    def _name(self, index: int) -> str | None:
        return self.links[index].name if index in self.links else None

    def _route_rows(self, records: Mapping[str, AnyRecord]) -> Iterator[RouteRow]:
        names = {index: link.name for index, link in self.links.items()}
        for r in self.routes.values():
            record = self._route(r, names)
            yield RouteRow(
                to=r.to, via=r.via, dev=self._name(r.index), src=r.src, metric=r.metric, table=r.table, type=r.type, protocol=r.protocol,
                scope=r.scope, linkdown=r.linkdown, record=record.id if record is not None and record.id in records else None,
            )  # fmt: skip

    def _neighbour_rows(self) -> Iterator[NeighbourRow]:
        for n in self.neighbours.values():
            if n.index in self.links:
                yield NeighbourRow(dev=self.links[n.index].name, address=n.address, mac=n.mac, state=n.state, age=n.age)

    def _fdb_rows(self, table: f.LinkFact, records: Mapping[str, AnyRecord]) -> Iterator[FdbRow]:
        for e in self.fdb.values():
            link = self.links.get(e.index)
            if link is None:
                continue
            mine = e.own and e.index == table.index if _fdb_kind(table) == "own" else not e.own and table.index in (e.index, link.master)
            if mine:
                entry = Fdb(namespace=self.name, dev=link.name, mac=e.mac, vlan=e.vlan, destination=e.destination)
                record = entry.id if entry.id in records else None
                yield FdbRow(mac=e.mac, dev=link.name, state=e.state, vlan=e.vlan, destination=e.destination, age=e.age, record=record)


_KEPT: dict[type[f.Fact], Callable[..., None]] = {
    f.Resync: NamespaceFacts._resync, f.NamespaceFact: NamespaceFacts._namespace,
    f.LinkFact: NamespaceFacts._link_added, f.LinkGone: NamespaceFacts._link_gone,
    f.AddressFact: NamespaceFacts._address, f.AddressGone: NamespaceFacts._address_gone,
    f.RouteFact: NamespaceFacts._route_added, f.RouteGone: NamespaceFacts._route_gone,
    f.NeighbourFact: NamespaceFacts._neighbour, f.NeighbourGone: NamespaceFacts._neighbour_gone,
    f.FdbFact: NamespaceFacts._fdb, f.FdbGone: NamespaceFacts._fdb_gone,
    f.VlansFact: NamespaceFacts._vlans, f.SysctlFact: NamespaceFacts._sysctl,
    f.CountersFact: NamespaceFacts._counters, f.ProcessesFact: NamespaceFacts._processes,
}  # fmt: skip
"""Where each fact is kept; the others are about netfilter."""
_RouteType = Route.__annotations__["type"]


def _route_key(fact: f.RouteFact | f.RouteGone) -> tuple[object, ...]:
    return fact.to, fact.table, fact.metric, fact.index, fact.via


def _fdb_key(fact: f.FdbFact | f.FdbGone) -> tuple[object, ...]:
    return fact.index, fact.mac, fact.vlan, fact.destination, fact.own


def _fdb_kind(link: f.LinkFact) -> str:
    """Whose MAC addresses its table has: "ports", its "own", "": it has none."""
    return BY_WORD[link.kind].KIND.fdb if link.kind in BY_WORD else ""


def _own(kind: type[Interface], link: f.LinkFact) -> Iterator[tuple[Field, object]]:
    """The kind's own fields that the kernel named, with their values."""
    return ((field, link.info[field.name]) for field in kind.KIND.fields if field.name in link.info)


_types: dict[type[Interface], dict[str, object]] = {kind: {f.name: f.type for f in msgspec.structs.fields(kind)} for kind in KINDS}


def _can_hold(kind: type[Interface], field: Field, value: object) -> bool:
    """Whether a record can say this: it has the type and the range of its field."""
    try:
        return not any(field.faults(msgspec.convert(value, _types[kind][field.name])))
    except msgspec.ValidationError:
        return False


def _port(fact: f.PortFact) -> Port:
    return Port(
        cost=fact.cost, priority=fact.priority, hairpin=fact.hairpin, isolated=fact.isolated, learning=fact.learning, flood=fact.flood
    )


def _kernels_address(a: f.AddressFact, mac: str) -> bool:
    """Addresses that the kernel makes: link-local, from a router advertisement, lo's. Before Linux 6.3 it does not say so itself."""
    if a.proto.startswith("kernel") or "dynamic" in a.flags or "mngtmpaddr" in a.flags:
        return True
    if ":" not in a.address:
        return False
    value = ipaddress.IPv6Interface(a.address)
    return value in _LINK_LOCAL and value.ip.packed[8:] == _eui64(mac)


def _eui64(mac: str) -> bytes:
    """The modified EUI-64 of a MAC (RFC 4291, appendix A)."""
    raw = bytes.fromhex((mac or _NO_MAC).replace(":", ""))
    return bytes([raw[0] ^ 2]) + raw[1:3] + b"\xff\xfe" + raw[3:6]
