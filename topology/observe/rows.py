"""Single facts as live records and as rows of them: what is shown beyond the document."""

from collections.abc import Callable

from topology.model.kinds import BY_WORD
from topology.model.records import Fdb
from topology.observe import facts as f
from topology.observe import raw
from topology.observe.live import (
    AddressLive,
    CountersLive,
    FdbRow,
    HopRow,
    LinkLive,
    NamespaceLive,
    NeighbourRow,
    ProcessesLive,
    ProxyRow,
    RouteRow,
)
from topology.observe.namespace import NamespaceFacts

PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
FLAGS = {
    0x1: "UP", 0x2: "BROADCAST", 0x8: "LOOPBACK", 0x10: "POINTOPOINT", 0x40: "RUNNING", 0x80: "NOARP", 0x100: "PROMISC",
    0x200: "ALLMULTI", 0x1000: "MULTICAST", 0x10000: "LOWER_UP", 0x20000: "DORMANT",
}  # fmt: skip
_LOOPBACK = 0x8


def namespace(known: NamespaceFacts, routes: tuple[RouteRow, ...], neighbours: tuple[NeighbourRow, ...]) -> NamespaceLive:
    """The namespace with its tables."""
    return NamespaceLive(
        name=known.name, inode=known.inode, nsid=known.nsid, sysctls=dict(sorted(known.sysctls.items())),
        routes=routes, neighbours=neighbours, rules=known.rules,
        proxies=tuple(
            ProxyRow(dev=link.name, address=row.address) for row in known.proxies if (link := known.links.facts.get(row.index)) is not None
        ),
    )  # fmt: skip


def link(known: NamespaceFacts, link: f.LinkFact, others: raw.OtherNamespaces) -> LinkLive:
    """An interface."""
    below = raw.below(known, link, others)
    paired = link.kind in BY_WORD and BY_WORD[link.kind].KIND.paired
    master = known.links.facts.get(link.master)
    note = raw.note(known, link, others)
    return LinkLive(
        namespace=known.name, name=link.name, index=link.index, type=link.kind, up=link.up, carrier=link.carrier,
        operstate=link.operstate, flags=tuple(word for bit, word in FLAGS.items() if link.flags & bit), mtu=link.mtu, mac=link.mac,
        master=master.name if master else None, peer=below if paired else None,
        peer_index=link.link if paired else None, parent=None if paired else below,
        driver="" if link.flags & _LOOPBACK else link.kind, txqlen=link.txqlen,
        port_state=PORT_STATES[link.port.state] if link.port and link.port.state < len(PORT_STATES) else None,
        port=link.port.others if link.port else (), conf=link.conf, qdisc=link.qdisc,
        early=(*((known.ingress[link.index],) if link.index in known.ingress else ()), *(("xdp",) if link.xdp else ())),
        others=link.others,
        addresses=tuple(
            AddressLive(address=a.address, scope=a.scope, flags=a.flags, proto=a.proto)
            for a in known.addresses.get(link.index, {}).values()
        ),
        modelled=not note, note=note,
    )  # fmt: skip


def route(r: f.RouteFact, name: Callable[[int], str | None], record: str | None) -> RouteRow:
    """A route. `name`: of an interface by its ifindex. `record`: the id of the record that it realises."""
    return RouteRow(
        to=r.to, via=r.via, dev=name(r.index), src=r.src, metric=r.metric, table=r.table, type=r.type, protocol=r.protocol,
        scope=r.scope, linkdown=r.linkdown, record=record, tos=r.tos, source=r.source, others=r.others,
        hops=tuple(HopRow(via=h.via, dev=name(h.index), weight=h.weight) for h in r.hops),
    )  # fmt: skip


def neighbour(n: f.NeighbourFact, dev: str) -> NeighbourRow:
    """An entry of the ARP or ND cache."""
    return NeighbourRow(dev=dev, address=n.address, mac=n.mac, state=n.state, age=n.age)


def fdb_id(ns: str, e: f.FdbFact, dev: str) -> str:
    """The id that a record of this entry would have."""
    return Fdb(namespace=ns, dev=dev, mac=e.mac, vlan=e.vlan, destination=e.destination).id


def fdb(e: f.FdbFact, dev: str, record: str | None) -> FdbRow:
    """An entry of an FDB."""
    return FdbRow(mac=e.mac, dev=dev, state=e.state, vlan=e.vlan, destination=e.destination, age=e.age, record=record)


def tables(known: NamespaceFacts, e: f.FdbFact) -> tuple[int, ...]:
    """The interfaces (ifindexes) in whose FDB an entry is shown."""
    links = known.links.facts
    link = links.get(e.index)
    if link is None:
        return ()
    kind, places = ("own", (e.index,)) if e.own else ("ports", (e.index, link.master))
    return tuple(index for index in places if index in links and raw.fdb_kind(links[index]) == kind)


def counters(known: NamespaceFacts, fact: f.CountersFact) -> CountersLive:
    """Counters by the names of the interfaces."""
    links = known.links.facts
    return CountersLive(namespace=known.name, at=fact.at, rows={links[i].name: c for i, c in fact.rows.items() if i in links})


def processes(known: NamespaceFacts, fact: f.ProcessesFact) -> ProcessesLive:
    """Processes and sockets."""
    return ProcessesLive(namespace=known.name, rows=fact.rows, sockets=fact.sockets)
