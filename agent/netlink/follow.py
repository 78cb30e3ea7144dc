"""Events of the kernel → facts to be told.

Most events say it all. What the kernel does without an event is read again, once for all the events that came together:

- IPv4 routes that go because a link went down or an address went (fib_flush notifies nobody), or were replaced;
- the other end of a link that went to another namespace;
- where a peer or a parent is: an event counts namespaces as the device's own namespace does, the watch namespace has other numbers;
- VLANs after a change of the bridge's default.
"""

from collections.abc import Callable, Iterable

import msgspec

from agent.netlink import decode, decode_ip
from agent.netlink.fact_cache import FactCache, Group
from agent.netlink.namespaces import RTM_DELNSID, RTM_NEWNSID, Namespaces, Netns
from agent.netlink.read import SETTLED, Reader, wanted
from agent.netlink.wire import NLM_F_REPLACE, as_s32, attributes
from topology.observe.facts import (
    AddressFact,
    AnyFact,
    FdbFact,
    LinkFact,
    NamespaceFact,
    NamespaceGone,
    NeighbourFact,
    Resync,
    RouteFact,
    VlansFact,
)

RTM_NEWNETCONF = 80
_NETCONFA_IFINDEX = 1
_ALL_AND_DEFAULT = (-1, -2)
_CARRIER_FLAGS = 0x1 | 0x40 | 0x10000  # IFF_UP, IFF_RUNNING, IFF_LOWER_UP
_ROUNDS = 8
"""How often links that turn out to concern other links are followed: a chain is two or three long."""
NETLINK_GROUPS: tuple[Group, ...] = (LinkFact, VlansFact, AddressFact, RouteFact, NeighbourFact, FdbFact)


class Follower:
    """Keeps what was told of every namespace, and collects in `out` what has to be told next."""

    def __init__(self, namespaces: Namespaces, reader: Reader) -> None:
        self._namespaces = namespaces
        self._reader = reader
        self.caches: dict[str, FactCache] = {}
        self.named: dict[str, NamespaceFact] = {}
        self.out: list[AnyFact] = []
        self.looked: set[str] = set()
        self.sysctls: set[str] = set()
        """Namespaces whose sysctls are to be read again."""
        self._routes: set[str] = set()
        self._vlans: set[str] = set()
        self._links: set[tuple[str, int]] = set()
        self._gone: set[tuple[str, int]] = set()
        self._unnamed = False
        self._ids = False
        self._handlers: dict[int, Callable[[Netns, FactCache, int, int, bytes], None]] = {
            decode.RTM_NEWLINK: self._link_event,
            decode.RTM_DELLINK: self._link_event,
            decode_ip.RTM_NEWADDR: self._address_event,
            decode_ip.RTM_DELADDR: self._address_event,
            decode_ip.RTM_NEWROUTE: self._route_event,
            decode_ip.RTM_DELROUTE: self._route_event,
            decode_ip.RTM_NEWNEIGH: self._neighbour_event,
            decode_ip.RTM_DELNEIGH: self._neighbour_event,
            decode.RTM_NEWVLAN: self._vlan_event,
            decode.RTM_DELVLAN: self._vlan_event,
            RTM_NEWNETCONF: self._netconf_event,
            RTM_NEWNSID: self._nsid_event,
            RTM_DELNSID: self._nsid_event,
        }

    # ---- namespaces --------------------------------------------------------------------------------------------------

    def added(self, places: Iterable[Netns]) -> None:
        """Tell these namespaces whole, without their sysctls; what was told of them is void."""
        ids = self._namespaces.ids_in(self._namespaces.host)
        for netns in places:
            cache = self.caches[netns.name] = FactCache()
            self.named[netns.name] = NamespaceFact(ns=netns.name, inode=netns.inode, nsid=ids.get(netns.nsid))
            self.out += [Resync(ns=netns.name), self.named[netns.name]]
            for fact in self._reader.whole(netns, dynamic=netns.name in self.looked):
                self.out += cache.put(fact)
        self._unnamed = True

    def removed(self, name: str) -> None:
        """The name is gone."""
        self.caches.pop(name, None)
        if self.named.pop(name, None):
            self.out.append(NamespaceGone(ns=name))
            self._links |= {(n, link.index) for n, cache in self.caches.items() for link in cache.links if link.link_ns == name}

    def reread(self, netns: Netns) -> None:
        """Read the namespace whole, without its sysctls, and tell what is not as it was told."""
        if cache := self.caches.get(netns.name):
            facts = self._reader.whole(netns, dynamic=netns.name in self.looked)
            self.out += cache.replace_all(facts, NETLINK_GROUPS)

    def again_links(self, names: Iterable[str]) -> None:
        """`reread` for links only."""
        for netns, cache in self._present(names):
            self.out += cache.replace(LinkFact, self._reader.links(netns))

    def look(self, names: set[str]) -> None:
        """From now on tell the learned neighbours and MAC table entries of these, and of no others."""
        before, self.looked = self.looked, names
        for name in before ^ names:
            netns, cache = self._namespaces.get(name), self.caches.get(name)
            if netns and cache is not None:
                facts = self._reader.neighbours(netns, dynamic=name in names)
                self.out += cache.replace_all(facts, (NeighbourFact, FdbFact))

    # ---- events ------------------------------------------------------------------------------------------------------

    def event(self, netns: Netns, kind: int, flags: int, body: bytes) -> None:
        """One message that netlink multicast in the namespace."""
        handler, cache = self._handlers.get(kind), self.caches.get(netns.name)
        if handler and cache is not None:
            handler(netns, cache, kind, flags, body)

    def _link_event(self, netns: Netns, cache: FactCache, kind: int, _flags: int, body: bytes) -> None:
        family, index, _ = decode.link_head(body)
        if family == decode.AF_BRIDGE:
            self._port_event(netns, cache, kind, index, body)
        elif family == 0 and kind == decode.RTM_DELLINK:
            self.out += cache.discard_link(index)
            self._gone.add((netns.name, index))
            self._routes.add(netns.name)
        elif family == 0:
            old = cache.link(index)
            fact = decode.link(netns.name, body, lambda _: (old and old.link_ns) or "?")
            # the first end of a new pair is told before there is a second one
            if fact.link_ns is not None or (fact.kind == "veth" and not fact.link):
                self._links.add((netns.name, index))
            self._link(cache, fact)

    def _link(self, cache: FactCache, fact: LinkFact) -> None:
        """It is so now; note what else that can have changed."""
        old = cache.link(fact.index)
        self.out += cache.put(fact)
        if old is None or (old.flags ^ fact.flags) & _CARRIER_FLAGS:
            self._routes.add(fact.ns)
        there = fact.link_ns or fact.ns
        peer = self._told_link(there, fact.link) if fact.kind == "veth" else None
        if peer and (peer.link, peer.link_ns or there) != (fact.index, fact.ns) and fact != old:
            self._links.add((there, fact.link))

    def _told_link(self, ns: str, index: int) -> LinkFact | None:
        cache = self.caches.get(ns)
        return cache.link(index) if cache else None

    def _port_event(self, netns: Netns, cache: FactCache, kind: int, index: int, body: bytes) -> None:
        if kind == decode.RTM_DELLINK:
            self.out += cache.discard(VlansFact, (index,))
            self.out += cache.discard_fdb(index)
            return
        _, master, port = decode.bridge_port(body)
        link = cache.link(index)
        if link and port and link.master == master:
            self.out += cache.put(msgspec.structs.replace(link, port=port))
        if vlans := decode.vlans(netns.name, body):
            self.out += cache.put(vlans)

    def _vlan_event(self, netns: Netns, _cache: FactCache, _kind: int, _flags: int, _body: bytes) -> None:
        self._vlans.add(netns.name)

    def _address_event(self, netns: Netns, cache: FactCache, kind: int, _flags: int, body: bytes) -> None:
        fact = decode_ip.address(netns.name, body)
        if kind == decode_ip.RTM_NEWADDR:
            self.out += cache.put(fact)
        else:
            self.out += cache.discard(AddressFact, (fact.index, fact.address))
            self._routes.add(netns.name)

    def _route_event(self, netns: Netns, cache: FactCache, kind: int, flags: int, body: bytes) -> None:
        fact = decode_ip.route(netns.name, body)
        if fact is None:
            return
        if kind == decode_ip.RTM_NEWROUTE:
            self.out += cache.put(fact)
            replaced = bool(flags & NLM_F_REPLACE)
        else:
            back = cache.discard(RouteFact, (fact.index, fact.to, fact.table, fact.metric, fact.via))
            self.out += back
            replaced = not back
        if replaced or fact.hops:
            self._routes.add(netns.name)

    def _neighbour_event(self, netns: Netns, cache: FactCache, kind: int, _flags: int, body: bytes) -> None:
        family, state = decode_ip.neighbour_head(body)
        looked = netns.name in self.looked
        if family == decode.AF_BRIDGE:
            self._fdb_event(netns, cache, kind, body)
            return
        tell = kind == decode_ip.RTM_NEWNEIGH and wanted(state, looked)
        if (tell or cache.any(NeighbourFact)) and (fact := decode_ip.neighbour(netns.name, body)):
            self.out += cache.put(fact) if tell else cache.discard(NeighbourFact, (fact.index, fact.address))

    def _fdb_event(self, netns: Netns, cache: FactCache, kind: int, body: bytes) -> None:
        fact = decode_ip.fdb(netns.name, body)
        if fact is None:
            return
        tell = kind == decode_ip.RTM_NEWNEIGH and (netns.name in self.looked or fact.state != "dynamic")
        gone = (fact.index, fact.mac, fact.vlan, fact.destination, fact.own)
        self.out += cache.put(fact) if tell else cache.discard(FdbFact, gone)

    def _netconf_event(self, netns: Netns, _cache: FactCache, _kind: int, _flags: int, body: bytes) -> None:
        index = attributes(body, 4).get(_NETCONFA_IFINDEX)
        if index and as_s32(index) in _ALL_AND_DEFAULT:
            self.sysctls.add(netns.name)

    def _nsid_event(self, netns: Netns, _cache: FactCache, _kind: int, _flags: int, _body: bytes) -> None:
        self._ids = self._ids or netns is self._namespaces.host

    # ---- what has to be read again -----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Read again what the events since the last call may have changed without saying it."""
        for _ in range(_ROUNDS):
            if not self._relations():
                break
        vlans, self._vlans = self._vlans, set()
        for netns, cache in self._present(vlans):
            self.out += cache.replace(VlansFact, self._reader.vlans(netns))
        routes, self._routes = self._routes, set()
        for netns, cache in self._present(routes):
            self.out += cache.replace(RouteFact, self._reader.routes(netns))
        if self._ids:
            self._ids = False
            self._tell_ids()

    def _present(self, names: Iterable[str]) -> list[tuple[Netns, FactCache]]:
        return [(netns, self.caches[name]) for name in sorted(names) if name in self.caches and (netns := self._namespaces.get(name))]

    def _relations(self) -> bool:
        """Ask again for the links whose relatives came, went or moved; whether there were any."""
        gone, self._gone = self._gone, set()
        unnamed, self._unnamed = self._unnamed, False
        if gone or unnamed:
            for ns, cache in self.caches.items():
                for link in cache.links:
                    if (unnamed and link.link_ns == "?") or (link.link and (link.link_ns or ns, link.link) in gone):
                        self._links.add((ns, link.index))
        links, self._links = self._links, set()
        return self._ask(links)

    def _ask(self, links: Iterable[tuple[str, int]]) -> bool:
        wanted = [(netns, index) for ns, index in sorted(links) if (netns := self._namespaces.get(ns)) and self._told_link(ns, index)]
        for fact in self._reader.some_links(wanted):
            self._link(self.caches[fact.ns], fact)
        return bool(wanted)

    def ready(self) -> None:
        """Ask for the links that have what it takes to be up and are not said to be so: the kernel would say it some
        milliseconds later, and until then drops what is sent over them."""
        for _ in range(_ROUNDS):
            before = len(self.out)
            if not self._ask([(ns, link.index) for ns, cache in self.caches.items() for link in cache.links if self._late(link)]):
                return
            if len(self.out) == before:
                return

    def _late(self, link: LinkFact) -> bool:
        if not link.up or link.operstate in SETTLED:
            return False
        peer = self._told_link(link.link_ns or link.ns, link.link) if link.kind == "veth" else None
        return link.carrier or bool(peer and peer.up)

    def _tell_ids(self) -> None:
        """The nsids that `host` gives."""
        ids = self._namespaces.ids_in(self._namespaces.host)
        for netns in self._namespaces:
            old = self.named.get(netns.name)
            if old and old.nsid != ids.get(netns.nsid):
                self.named[netns.name] = msgspec.structs.replace(old, nsid=ids.get(netns.nsid))
                self.out.append(self.named[netns.name])
