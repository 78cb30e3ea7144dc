"""Events of the kernel → facts to report.

Most events say all that changed. What the kernel does without an event is read again, once for all the events that came together:

- IPv4 routes that are deleted because a link was set down or an address deleted (fib_flush sends no events), or that were replaced;
- the other end of a link that was moved to another namespace;
- the namespace of a peer or a lower device: an event counts namespaces as the device's own namespace does, and only a reply to the watch
  namespace uses its numbers;
- VLANs after a change of the bridge's default.
"""

from collections.abc import Callable, Iterable

import msgspec

from agent.netlink import conf, decode, decode_ip
from agent.netlink.fact_cache import FactCache, Group, key
from agent.netlink.namespaces import RTM_DELNSID, RTM_NEWNSID, Namespaces, Netns
from agent.netlink.read import Reader, wanted
from agent.netlink.wire import NLM_F_REPLACE
from topology.model.kinds import BY_WORD
from topology.observe.facts import (
    AddressFact,
    AnyFact,
    FdbFact,
    IngressFact,
    LinkFact,
    NamespaceFact,
    NamespaceGone,
    NeighbourFact,
    PolicyRulesFact,
    ProxiesFact,
    Resync,
    RouteFact,
    VlansFact,
)

RTM_NEWNETCONF = 80
RTM_NEWQDISC, RTM_DELQDISC = 36, 37
_ALL_AND_DEFAULT = (-1, -2)
_CARRIER_FLAGS = 0x1 | 0x40 | 0x10000  # IFF_UP, IFF_RUNNING, IFF_LOWER_UP
_ROUNDS = 8
"""How often links are read again that turn out to concern other links: a chain of them is two or three long."""
NETLINK_GROUPS: tuple[Group, ...] = (
    LinkFact, VlansFact, AddressFact, RouteFact, PolicyRulesFact, ProxiesFact, IngressFact, NeighbourFact, FdbFact,
)  # fmt: skip


Handler = Callable[[Netns, FactCache, int, int, bytes], None]
"""Takes one message: where it happened and what is known of that namespace; type, flags and body of the message."""


class Follower:
    """Keeps what was reported of every namespace (`caches`, and `named` for the namespaces themselves), and collects in `out` what has to
    be reported next."""

    def __init__(self, namespaces: Namespaces, reader: Reader) -> None:
        self._namespaces = namespaces
        self._reader = reader
        self.caches: dict[str, FactCache] = {}
        self.named: dict[str, NamespaceFact] = {}
        self.out: list[AnyFact] = []
        self.subscribed: set[str] = set()
        """Namespaces of which learned neighbours and FDB entries are reported."""
        self.sysctls: set[str] = set()
        """Namespaces whose sysctls have to be read again."""
        self._routes: set[str] = set()
        self._rules: set[str] = set()
        self._ingress: set[str] = set()
        self._vlans: set[str] = set()
        self._links: set[tuple[str, int]] = set()
        self._gone: set[tuple[str, int]] = set()
        self._any_added = False
        self._ids_changed = False
        self._handlers = self._table()

    def _table(self) -> dict[int, Handler]:
        """What takes each type of message."""
        return {
            **dict.fromkeys((decode.RTM_NEWLINK, decode.RTM_DELLINK), self._link_event),
            **dict.fromkeys((decode_ip.RTM_NEWADDR, decode_ip.RTM_DELADDR), self._address_event),
            **dict.fromkeys((decode_ip.RTM_NEWROUTE, decode_ip.RTM_DELROUTE), self._route_event),
            **dict.fromkeys((decode_ip.RTM_NEWRULE, decode_ip.RTM_DELRULE), self._rule_event),
            **dict.fromkeys((decode_ip.RTM_NEWNEIGH, decode_ip.RTM_DELNEIGH), self._neighbour_event),
            **dict.fromkeys((decode.RTM_NEWVLAN, decode.RTM_DELVLAN), self._vlan_event),
            **dict.fromkeys((RTM_NEWNSID, RTM_DELNSID), self._nsid_event),
            RTM_NEWNETCONF: self._netconf_event,
            **dict.fromkeys((RTM_NEWQDISC, RTM_DELQDISC), self._qdisc_event),
        }

    # ---- namespaces --------------------------------------------------------------------------------------------------

    def added(self, places: Iterable[Netns]) -> None:
        """Report these namespaces in full, without their sysctls; what was reported of them before no longer counts."""
        ids = self._namespaces.ids_in(self._namespaces.host)
        for netns in places:
            cache = self.caches[netns.name] = FactCache()
            self.named[netns.name] = NamespaceFact(ns=netns.name, inode=netns.inode, nsid=ids.get(netns.nsid))
            self.out += [Resync(ns=netns.name), self.named[netns.name]]
            for fact in self._reader.whole(netns, dynamic=netns.name in self.subscribed):
                self.out += cache.put(fact)
        self._any_added = True

    def removed(self, name: str) -> None:
        """There is no namespace of this name any more."""
        self.caches.pop(name, None)
        if self.named.pop(name, None):
            self.out.append(NamespaceGone(ns=name))
            self._links |= {(n, link.index) for n, cache in self.caches.items() for link in cache.links if link.link_ns == name}

    def reread(self, netns: Netns) -> None:
        """Read the namespace in full, without its sysctls, and report what is not as reported before."""
        if cache := self.caches.get(netns.name):
            facts = self._reader.whole(netns, dynamic=netns.name in self.subscribed)
            self.out += cache.replace_all(facts, NETLINK_GROUPS)

    def reread_links(self, names: Iterable[str]) -> None:
        """`reread` for links only."""
        for netns, cache in self._present(names):
            self.out += cache.replace(LinkFact, self._reader.links(netns))

    def reread_proxies(self) -> None:
        """Read again the proxy entries of the namespaces that somebody looks at: there is no event of them."""
        for netns, cache in self._present(self.subscribed):
            self.out += cache.replace(ProxiesFact, self._reader.proxies(netns))

    def subscribe(self, names: set[str]) -> None:
        """From now on report the learned neighbours and FDB entries of these namespaces, and of no others."""
        before, self.subscribed = self.subscribed, names
        for name in before ^ names:
            netns, cache = self._namespaces.get(name), self.caches.get(name)
            if netns and cache is not None:
                facts = [*self._reader.neighbours(netns, dynamic=name in names), *self._reader.proxies(netns)]
                self.out += cache.replace_all(facts, (NeighbourFact, FdbFact, ProxiesFact))

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
            if cache.has_any(IngressFact):
                self._ingress.add(netns.name)
        elif family == 0:
            old = cache.link(index)
            fact = decode.link(netns.name, body, lambda _: (old and old.link_ns) or "?")
            # the event of the first end of a new pair comes before there is a second one
            if fact.link_ns is not None or (_paired(fact) and not fact.link):
                self._links.add((netns.name, index))
            self._link(cache, fact)

    def _link(self, cache: FactCache, fact: LinkFact) -> None:
        """Take in a link as it is now, and mark what else may have changed with it."""
        old = cache.link(fact.index)
        self.out += cache.put(fact)
        if old is None or (old.flags ^ fact.flags) & _CARRIER_FLAGS:
            self._routes.add(fact.ns)
        peer_ns = fact.link_ns or fact.ns
        peer = self._reported_link(peer_ns, fact.link) if _paired(fact) else None
        if peer and (peer.link, peer.link_ns or peer_ns) != (fact.index, fact.ns) and fact != old:
            self._links.add((peer_ns, fact.link))

    def _reported_link(self, ns: str, index: int) -> LinkFact | None:
        """The link as last reported."""
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
            self.out += cache.discard(AddressFact, key(fact))
            self._routes.add(netns.name)

    def _route_event(self, netns: Netns, cache: FactCache, kind: int, flags: int, body: bytes) -> None:
        fact = decode_ip.route(netns.name, body)
        if fact is None:
            return
        if kind == decode_ip.RTM_NEWROUTE:
            self.out += cache.put(fact)
            replaced = bool(flags & NLM_F_REPLACE)
        else:
            withdrawn = cache.discard(RouteFact, key(fact))
            self.out += withdrawn
            replaced = not withdrawn
        if replaced or fact.hops:
            self._routes.add(netns.name)

    def _rule_event(self, netns: Netns, _cache: FactCache, _kind: int, _flags: int, _body: bytes) -> None:
        self._rules.add(netns.name)

    def _neighbour_event(self, netns: Netns, cache: FactCache, kind: int, _flags: int, body: bytes) -> None:
        family, state = decode_ip.neighbour_head(body)
        if family == decode.AF_BRIDGE:
            self._fdb_event(netns, cache, kind, body)
            return
        reported = kind == decode_ip.RTM_NEWNEIGH and wanted(state, netns.name in self.subscribed)
        if (reported or cache.has_any(NeighbourFact)) and (fact := decode_ip.neighbour(netns.name, body)):
            self.out += cache.put(fact) if reported else cache.discard(NeighbourFact, key(fact))

    def _fdb_event(self, netns: Netns, cache: FactCache, kind: int, body: bytes) -> None:
        fact = decode_ip.fdb(netns.name, body)
        if fact is None:
            return
        reported = kind == decode_ip.RTM_NEWNEIGH and (netns.name in self.subscribed or fact.state != "dynamic")
        self.out += cache.put(fact) if reported else cache.discard(FdbFact, key(fact))

    def _netconf_event(self, netns: Netns, cache: FactCache, _kind: int, _flags: int, body: bytes) -> None:
        found = conf.changed(body)
        if found is None:
            return
        index, values = found
        if index in _ALL_AND_DEFAULT:
            self.sysctls.add(netns.name)
        elif not values:  # of some keys the event does not tell the value
            self._links.add((netns.name, index))
        elif (link := cache.link(index)) is not None and link.conf is not None:
            self.out += cache.put(msgspec.structs.replace(link, conf=conf.merged(link.conf, values)))

    def _qdisc_event(self, netns: Netns, cache: FactCache, _kind: int, _flags: int, body: bytes) -> None:
        self._links.add((netns.name, decode.qdisc_head(body)))
        if cache.has_any(IngressFact) or decode.ingress(body) is not None:
            self._ingress.add(netns.name)

    def _nsid_event(self, netns: Netns, _cache: FactCache, _kind: int, _flags: int, _body: bytes) -> None:
        self._ids_changed = self._ids_changed or netns is self._namespaces.host

    # ---- what has to be read again -----------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Read again what the events since the last call may have changed without an event of its own."""
        for _ in range(_ROUNDS):
            if not self._relations():
                break
        vlans, self._vlans = self._vlans, set()
        for netns, cache in self._present(vlans):
            self.out += cache.replace(VlansFact, self._reader.vlans(netns))
        routes, self._routes = self._routes, set()
        for netns, cache in self._present(routes):
            self.out += cache.replace(RouteFact, self._reader.routes(netns))
        rules, self._rules = self._rules, set()
        for netns, cache in self._present(rules):
            self.out += cache.replace(PolicyRulesFact, self._reader.policy_rules(netns))
        ingress, self._ingress = self._ingress, set()
        for netns, cache in self._present(ingress):
            self.out += cache.replace(IngressFact, self._reader.ingress(netns))
        if self._ids_changed:
            self._ids_changed = False
            self._report_ids()

    def _present(self, names: Iterable[str]) -> list[tuple[Netns, FactCache]]:
        """Those of these namespaces that are in the list and were reported."""
        return [(netns, self.caches[name]) for name in sorted(names) if name in self.caches and (netns := self._namespaces.get(name))]

    def _relations(self) -> bool:
        """Read again the links whose peer or lower device was added, removed or moved; whether there were any."""
        gone, self._gone = self._gone, set()
        any_added, self._any_added = self._any_added, False
        if gone or any_added:
            for ns, cache in self.caches.items():
                for link in cache.links:
                    if (any_added and link.link_ns == "?") or (link.link and (link.link_ns or ns, link.link) in gone):
                        self._links.add((ns, link.index))
        links, self._links = self._links, set()
        return self._ask(links)

    def _ask(self, links: Iterable[tuple[str, int]]) -> bool:
        """Read these links (namespace, ifindex) again; whether any of them is there."""
        wanted = [(netns, index) for ns, index in sorted(links) if (netns := self._namespaces.get(ns)) and self._reported_link(ns, index)]
        for fact in self._reader.some_links(wanted):
            self._link(self.caches[fact.ns], fact)
        return bool(wanted)

    def ready(self) -> None:
        """Read again the links that have a carrier and whose operational state is not yet up. Asked, the kernel brings it up to date at
        once; else it would some milliseconds later, and drop what is sent over the link until then."""
        for _ in range(_ROUNDS):
            before = len(self.out)
            unsettled = [link for cache in self.caches.values() if cache.unsettled for link in cache.unsettled_links]
            if not self._ask([(link.ns, link.index) for link in unsettled if self._is_late(link)]):
                return
            if len(self.out) == before:
                return

    def _is_late(self, link: LinkFact) -> bool:
        """Whether the operational state of an unsettled link lags behind its carrier."""
        peer = self._reported_link(link.link_ns or link.ns, link.link) if _paired(link) else None
        return link.carrier or bool(peer and peer.up)

    def _report_ids(self) -> None:
        """Report the nsids that the namespaces have in `host`, where they changed."""
        ids = self._namespaces.ids_in(self._namespaces.host)
        for netns in self._namespaces:
            old = self.named.get(netns.name)
            if old and old.nsid != ids.get(netns.nsid):
                self.named[netns.name] = msgspec.structs.replace(old, nsid=ids.get(netns.nsid))
                self.out.append(self.named[netns.name])


def _paired(link: LinkFact) -> bool:
    """Whether IFLA_LINK is the other end of a pair."""
    return link.kind in BY_WORD and BY_WORD[link.kind].KIND.paired
