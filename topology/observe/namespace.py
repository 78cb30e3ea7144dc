"""The facts of one namespace that hold now, and which of them were touched since they were last derived from."""

from collections.abc import Callable, Mapping

from topology.model.records import HOST
from topology.observe import facts as f
from topology.observe.filters import Filters
from topology.observe.kept import Index, Kept
from topology.observe.policy import PolicyRule

NO_MAC = "00:00:00:00:00:00"
"""What a bridge without ports has."""
FORMER_PORTS = 2048
"""So many MACs of ports are remembered of a bridge, which has at most 1,023 at a time."""
RouteKey = tuple[str, int, int, int, str | None, int, str]
"""`to`, table, metric, ifindex, `via`, TOS, source."""
NeighbourKey = tuple[int, str]
"""Ifindex, address."""
FdbKey = tuple[int, str, int | None, str | None, bool]
"""Ifindex, MAC, VLAN, destination, whether it is the device's own."""


class NamespaceFacts:
    """All facts of one namespace that hold now. `exists`: it is in /run/netns; `host` always is."""

    def __init__(self, name: str, baseline: Mapping[str, str]) -> None:
        self.name = name
        self.baseline = baseline
        self.exists = name == HOST
        self.inode = 0
        self.nsid: int | None = None
        self.links: Kept[int, f.LinkFact] = Kept(lambda index: index)
        self.addresses: dict[int, dict[str, f.AddressFact]] = {}
        self.routes: Kept[RouteKey, f.RouteFact] = Kept(lambda key: key[3])
        self.neighbours: Kept[NeighbourKey, f.NeighbourFact] = Kept(lambda key: key[0])
        self.fdb: Kept[FdbKey, f.FdbFact] = Kept(lambda key: key[0])
        self.ports: Index[int, int] = Index()
        """The interfaces whose master it is, by ifindex."""
        self.named: Index[str, int] = Index()
        """Interfaces by name: while two swap their names, both have the same for a moment."""
        self.with_mac: Index[str, FdbKey] = Index()
        """The entries of FDBs by MAC."""
        self.initial_macs: dict[int, str] = {}
        """The MACs that interfaces had when they were first seen, by ifindex."""
        self.port_macs: dict[int, dict[str, None]] = {}
        """The MACs that ports of a bridge have or had, by its ifindex, the newest last: it takes one of them for its own."""
        self.void = True
        """No fact has come since it was gone, or ever."""
        self._forget()

    def _forget(self) -> None:
        self.vlans: dict[int, tuple[f.VlanRow, ...]] = {}
        self.sysctls: dict[str, str] = dict(self.baseline)
        self.rules: tuple[PolicyRule, ...] = ()
        self.proxies: tuple[f.Proxied, ...] = ()
        self.ingress: dict[int, str] = {}
        self.counters: f.CountersFact | None = None
        self.processes: f.ProcessesFact | None = None
        self.filters = Filters(self.name)
        self.touched_links: dict[int, None] = {}
        """Interfaces of which an address, the VLANs or the qdisc for what comes in were touched."""
        self.itself_touched = self.filters_touched = self.others_touched = True
        """The namespace or its sysctls; chains; what only somebody who looks gets."""

    def clear(self) -> None:
        """Forget all facts of what is inside: they follow anew."""
        for index in tuple(self.links.facts):
            self._forget_link(index)
        for kept in (self.routes, self.neighbours, self.fdb):
            kept.clear()
        self.addresses = {}
        self.with_mac = Index()
        self._forget()

    def gone(self) -> None:
        """The name is gone, and all facts with it."""
        self.clear()
        self.initial_macs, self.port_macs = {}, {}
        self.exists, self.inode, self.nsid, self.void = False, 0, None, True

    def fold(self, fact: f.AnyFact) -> None:
        """One more fact of this namespace. TypeError for one that is about no namespace."""
        self.void = False
        self.exists |= self.name == HOST
        keep = _KEPT.get(type(fact))
        if keep is not None:
            keep(self, fact)
        else:
            self.filters.fold(fact)
            self.filters_touched |= isinstance(fact, f.TableFact | f.TableChanged)
            self.others_touched |= not isinstance(fact, f.TableFact | f.TableChanged)

    def _resync(self, _: f.Resync) -> None:
        self.clear()

    def _namespace(self, fact: f.NamespaceFact) -> None:
        self.exists, self.inode, self.nsid = True, fact.inode, fact.nsid
        self.itself_touched = True

    def _link_added(self, fact: f.LinkFact) -> None:
        self._unlist(fact.index)
        self.links.put(fact.index, fact)
        self.ports.add(fact.master, fact.index)
        self.named.add(fact.name, fact.index)
        self.initial_macs.setdefault(fact.index, fact.mac)
        if fact.master:
            self._port_added(fact.master, fact.mac)

    def _port_added(self, bridge: int, mac: str) -> None:
        macs = self.port_macs.setdefault(bridge, {})
        macs.pop(mac, None)
        macs[mac] = None
        if len(macs) > FORMER_PORTS:
            del macs[next(iter(macs))]

    def _unlist(self, index: int) -> None:
        old = self.links.facts.get(index)
        if old is not None:
            self.ports.remove(old.master, index)
            self.named.remove(old.name, index)

    def _link_gone(self, fact: f.LinkGone) -> None:
        self._forget_link(fact.index)
        self.initial_macs.pop(fact.index, None)
        self.port_macs.pop(fact.index, None)

    def _forget_link(self, index: int) -> None:
        """What was on the interface is gone too, whether the kernel says so one by one or not."""
        self._unlist(index)
        self.links.drop(index)
        self.addresses.pop(index, None)
        self.vlans.pop(index, None)
        self.routes.drop_on(index)
        self.neighbours.drop_on(index)
        for key in tuple(self.fdb.on(index)):
            self._fdb_dropped(key)

    def _address(self, fact: f.AddressFact) -> None:
        self.addresses.setdefault(fact.index, {})[fact.address] = fact
        self.touched_links[fact.index] = None

    def _address_gone(self, fact: f.AddressGone) -> None:
        self.addresses.get(fact.index, {}).pop(fact.address, None)
        self.touched_links[fact.index] = None

    def _route_added(self, fact: f.RouteFact) -> None:
        self.routes.put(_route_key(fact), fact)

    def _route_gone(self, fact: f.RouteGone) -> None:
        self.routes.drop(_route_key(fact))

    def _neighbour(self, fact: f.NeighbourFact) -> None:
        self.neighbours.put((fact.index, fact.address), fact)

    def _neighbour_gone(self, fact: f.NeighbourGone) -> None:
        self.neighbours.drop((fact.index, fact.address))

    def _fdb(self, fact: f.FdbFact) -> None:
        key = _fdb_key(fact)
        self.fdb.put(key, fact)
        self.with_mac.add(fact.mac, key)

    def _fdb_gone(self, fact: f.FdbGone) -> None:
        self._fdb_dropped(_fdb_key(fact))

    def _fdb_dropped(self, key: FdbKey) -> None:
        self.fdb.drop(key)
        self.with_mac.remove(key[1], key)

    def _vlans(self, fact: f.VlansFact) -> None:
        self.vlans[fact.index] = fact.vlans
        self.touched_links[fact.index] = None

    def _sysctl(self, fact: f.SysctlFact) -> None:
        self.sysctls[fact.key] = fact.value
        self.itself_touched = True

    def _policy_rules(self, fact: f.PolicyRulesFact) -> None:
        self.rules, self.itself_touched = fact.rows, True

    def _proxies(self, fact: f.ProxiesFact) -> None:
        self.proxies, self.itself_touched = fact.rows, True

    def _ingress(self, fact: f.IngressFact) -> None:
        self.touched_links.update(dict.fromkeys((*self.ingress, *fact.rows)))
        self.ingress = fact.rows

    def _counters(self, fact: f.CountersFact) -> None:
        self.counters, self.others_touched = fact, True

    def _processes(self, fact: f.ProcessesFact) -> None:
        self.processes, self.others_touched = fact, True


_KEPT: dict[type[f.Fact], Callable[..., None]] = {
    f.Resync: NamespaceFacts._resync, f.NamespaceFact: NamespaceFacts._namespace,
    f.LinkFact: NamespaceFacts._link_added, f.LinkGone: NamespaceFacts._link_gone,
    f.AddressFact: NamespaceFacts._address, f.AddressGone: NamespaceFacts._address_gone,
    f.RouteFact: NamespaceFacts._route_added, f.RouteGone: NamespaceFacts._route_gone,
    f.NeighbourFact: NamespaceFacts._neighbour, f.NeighbourGone: NamespaceFacts._neighbour_gone,
    f.FdbFact: NamespaceFacts._fdb, f.FdbGone: NamespaceFacts._fdb_gone,
    f.VlansFact: NamespaceFacts._vlans, f.SysctlFact: NamespaceFacts._sysctl,
    f.PolicyRulesFact: NamespaceFacts._policy_rules, f.ProxiesFact: NamespaceFacts._proxies, f.IngressFact: NamespaceFacts._ingress,
    f.CountersFact: NamespaceFacts._counters, f.ProcessesFact: NamespaceFacts._processes,
}  # fmt: skip
"""Where each fact is kept; the others are about netfilter."""


def _route_key(fact: f.RouteFact | f.RouteGone) -> RouteKey:
    return fact.to, fact.table, fact.metric, fact.index, fact.via, fact.tos, fact.source


def _fdb_key(fact: f.FdbFact | f.FdbGone) -> FdbKey:
    return fact.index, fact.mac, fact.vlan, fact.destination, fact.own
