"""What was told of a namespace and not taken back: only what is new is told, and what is gone is taken back by name."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from topology.observe.facts import (
    AddressFact,
    AddressGone,
    AnyFact,
    FdbFact,
    FdbGone,
    LinkFact,
    LinkGone,
    NeighbourFact,
    NeighbourGone,
    RouteFact,
    RouteGone,
    SysctlFact,
    VlansFact,
)

Key = tuple[object, ...]
Group = type[LinkFact] | type[AddressFact] | type[RouteFact] | type[NeighbourFact] | type[FdbFact] | type[VlansFact] | type[SysctlFact]
GROUPS: tuple[Group, ...] = (LinkFact, VlansFact, AddressFact, RouteFact, NeighbourFact, FdbFact, SysctlFact)
"""In the order in which a namespace is told whole."""

CachedFact = LinkFact | AddressFact | RouteFact | NeighbourFact | FdbFact | VlansFact | SysctlFact

_KEYS: dict[type, Callable[[Any], Key]] = {
    LinkFact: lambda f: (f.index,),
    VlansFact: lambda f: (f.index,),
    AddressFact: lambda f: (f.index, f.address),
    RouteFact: lambda f: (f.index, f.to, f.table, f.metric, f.via),
    NeighbourFact: lambda f: (f.index, f.address),
    FdbFact: lambda f: (f.index, f.mac, f.vlan, f.destination, f.own),
    SysctlFact: lambda f: (f.key,),
}


def key(fact: CachedFact) -> Key:
    """What identifies it among those of its kind in its namespace. For all but sysctls it begins with an ifindex."""
    return _KEYS[type(fact)](fact)


def gone(fact: CachedFact) -> AnyFact | None:
    """The fact that takes it back; None where there is none (a key of /proc/sys stays)."""
    match fact:
        case LinkFact():
            return LinkGone(ns=fact.ns, index=fact.index)
        case AddressFact():
            return AddressGone(ns=fact.ns, index=fact.index, address=fact.address)
        case RouteFact():
            return RouteGone(ns=fact.ns, to=fact.to, via=fact.via, index=fact.index, metric=fact.metric, table=fact.table)
        case NeighbourFact():
            return NeighbourGone(ns=fact.ns, index=fact.index, address=fact.address)
        case FdbFact():
            return FdbGone(ns=fact.ns, index=fact.index, mac=fact.mac, vlan=fact.vlan, destination=fact.destination, own=fact.own)
        case VlansFact():
            return VlansFact(ns=fact.ns, index=fact.index) if fact.vlans else None
        case SysctlFact():
            return None


class FactCache:
    """The facts of one namespace by kind and key. Each method returns the facts that have to be told now."""

    def __init__(self) -> None:
        self._groups: dict[type, dict[Key, CachedFact]] = {group: {} for group in GROUPS}

    def __iter__(self) -> Iterator[AnyFact]:
        """All, links first."""
        return (fact for group in self._groups.values() for fact in group.values())

    @property
    def links(self) -> Iterable[LinkFact]:
        return cast("Iterable[LinkFact]", self._groups[LinkFact].values())

    def link(self, index: int) -> LinkFact | None:
        return cast("LinkFact | None", self._groups[LinkFact].get((index,)))

    def any(self, group: Group) -> bool:
        return bool(self._groups[group])

    def put(self, fact: CachedFact) -> list[AnyFact]:
        """It is so now."""
        group, k = self._groups[type(fact)], key(fact)
        if group.get(k) == fact:
            return []
        group[k] = fact
        return [fact]

    def discard(self, group: Group, k: Key) -> list[AnyFact]:
        """It is no more."""
        old = self._groups[group].pop(k, None)
        back = gone(old) if old is not None else None
        return [back] if back is not None else []

    def discard_link(self, index: int) -> list[AnyFact]:
        """The link is no more, and with it all that was on it."""
        if self.link(index) is None:
            return []
        out: list[AnyFact] = []
        for group in (RouteFact, AddressFact, NeighbourFact, FdbFact, LinkFact):
            for k in [k for k in self._groups[group] if k[0] == index]:
                out += self.discard(group, k)
        self._groups[VlansFact].pop((index,), None)
        return out

    def discard_fdb(self, index: int) -> list[AnyFact]:
        """The interface is no port any more: what the bridge's table had of it is gone."""
        entries = cast("Iterable[FdbFact]", list(self._groups[FdbFact].values()))
        return [back for fact in entries if fact.index == index and not fact.own for back in self.discard(FdbFact, key(fact))]

    def replace(self, group: Group, facts: Iterable[CachedFact]) -> list[AnyFact]:
        """These, and no others, are all of the kind. What went is told first."""
        facts = list(facts)
        now = {key(fact) for fact in facts}
        out: list[AnyFact] = []
        for k in [k for k in self._groups[group] if k not in now]:
            out += self.discard(group, k)
        for fact in facts:
            out += self.put(fact)
        return out

    def replace_all(self, facts: Iterable[CachedFact], groups: Iterable[Group]) -> list[AnyFact]:
        """`replace` for each of these kinds."""
        by_group: dict[type, list[CachedFact]] = {group: [] for group in groups}
        for fact in facts:
            by_group[type(fact)].append(fact)
        out: list[AnyFact] = []
        for group in groups:
            out += self.replace(group, by_group[group])
        return out
