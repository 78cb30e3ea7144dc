"""The facts that were reported of a namespace and still hold: so only changes are reported, and what is gone is withdrawn by its key."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, cast

from topology.observe.facts import (
    AddressFact,
    AddressGone,
    AnyFact,
    FdbFact,
    FdbGone,
    IngressFact,
    LinkFact,
    LinkGone,
    NeighbourFact,
    NeighbourGone,
    PolicyRulesFact,
    ProxiesFact,
    RouteFact,
    RouteGone,
    SysctlFact,
    VlansFact,
)

SETTLED = ("up", "unknown", "testing", "notpresent")
"""Operational states that the kernel does not change to `up` by itself a moment later."""
Key = tuple[object, ...]
CachedFact = (
    LinkFact | AddressFact | RouteFact | PolicyRulesFact | ProxiesFact | IngressFact | NeighbourFact | FdbFact | VlansFact | SysctlFact
)  # fmt: skip
Group = (
    type[LinkFact] | type[AddressFact] | type[RouteFact] | type[PolicyRulesFact] | type[ProxiesFact] | type[IngressFact]
    | type[NeighbourFact] | type[FdbFact] | type[VlansFact] | type[SysctlFact]
)  # fmt: skip


class _Kind(NamedTuple):
    """`key`: what identifies a fact among those of its type in its namespace; it begins with an ifindex, but for sysctls and facts that
    tell all of a namespace. `gone`: the fact that withdraws it, None where there is none."""

    key: Callable[[Any], Key]
    gone: Callable[[Any], AnyFact | None]


_KINDS: dict[Group, _Kind] = {
    LinkFact: _Kind(lambda f: (f.index,), lambda f: LinkGone(ns=f.ns, index=f.index)),
    VlansFact: _Kind(lambda f: (f.index,), lambda f: VlansFact(ns=f.ns, index=f.index) if f.vlans else None),
    AddressFact: _Kind(lambda f: (f.index, f.address), lambda f: AddressGone(ns=f.ns, index=f.index, address=f.address)),
    RouteFact: _Kind(
        lambda f: (f.index, f.to, f.table, f.metric, f.via, f.tos, f.source),
        lambda f: RouteGone(ns=f.ns, to=f.to, via=f.via, index=f.index, metric=f.metric, table=f.table, tos=f.tos, source=f.source),
    ),
    PolicyRulesFact: _Kind(lambda _: (), lambda f: PolicyRulesFact(ns=f.ns)),
    ProxiesFact: _Kind(lambda _: (), lambda f: ProxiesFact(ns=f.ns)),
    IngressFact: _Kind(lambda _: (), lambda f: IngressFact(ns=f.ns)),
    NeighbourFact: _Kind(lambda f: (f.index, f.address), lambda f: NeighbourGone(ns=f.ns, index=f.index, address=f.address)),
    FdbFact: _Kind(
        lambda f: (f.index, f.mac, f.vlan, f.destination, f.own),
        lambda f: FdbGone(ns=f.ns, index=f.index, mac=f.mac, vlan=f.vlan, destination=f.destination, own=f.own),
    ),
    SysctlFact: _Kind(lambda f: (f.key,), lambda _: None),  # a key of /proc/sys stays
}
"""In the order in which a namespace is reported in full."""
GROUPS: tuple[Group, ...] = tuple(_KINDS)


def key(fact: CachedFact) -> Key:
    """What identifies it among the facts of its type in its namespace. See `_Kind`."""
    return _KINDS[type(fact)].key(fact)


class FactCache:
    """The facts of one namespace, by type and key. Each method that changes it returns the facts to report because of that."""

    def __init__(self) -> None:
        self._groups: dict[type, dict[Key, CachedFact]] = {group: {} for group in GROUPS}
        self._all: tuple[AnyFact, ...] | None = None
        self.unsettled: set[int] = set()
        """The links that are up and whose operational state may become `up` by itself."""
        self._down: set[int] = set()
        """The links that are not up."""

    def facts(self) -> tuple[AnyFact, ...]:
        """All, links first; the same tuple as long as none has changed."""
        if self._all is None:
            self._all = tuple(fact for group in self._groups.values() for fact in group.values())
        return self._all

    @property
    def links(self) -> Iterable[LinkFact]:
        """The links."""
        return cast("Iterable[LinkFact]", self._groups[LinkFact].values())

    @property
    def unsettled_links(self) -> Iterator[LinkFact]:
        """Those that are `unsettled`."""
        return (link for index in sorted(self.unsettled) if (link := self.link(index)) is not None)

    @property
    def down_links(self) -> Iterator[LinkFact]:
        """Those that are not up."""
        return (link for index in sorted(self._down) if (link := self.link(index)) is not None)

    def link(self, index: int) -> LinkFact | None:
        """The link with this ifindex."""
        return cast("LinkFact | None", self._groups[LinkFact].get((index,)))

    def has_any(self, group: Group) -> bool:
        """Whether there are facts of this type."""
        return bool(self._groups[group])

    def put(self, fact: CachedFact) -> list[AnyFact]:
        """The kernel has this now, in place of what had the same key."""
        group, k = self._groups[type(fact)], key(fact)
        if group.get(k) == fact:
            return []
        group[k] = fact
        self._changed(fact)
        return [fact]

    def _changed(self, fact: CachedFact, gone: bool = False) -> None:
        self._all = None
        if isinstance(fact, LinkFact):
            self.unsettled.discard(fact.index)
            self._down.discard(fact.index)
            if not gone and not fact.up:
                self._down.add(fact.index)
            elif not gone and fact.operstate not in SETTLED:
                self.unsettled.add(fact.index)

    def discard(self, group: Group, k: Key) -> list[AnyFact]:
        """The kernel no longer has the fact with this key. Nothing to report where it was not reported."""
        old = self._groups[group].pop(k, None)
        if old is not None:
            self._changed(old, gone=True)
        gone = _KINDS[group].gone(old) if old is not None else None
        return [gone] if gone is not None else []

    def discard_link(self, index: int) -> list[AnyFact]:
        """The kernel no longer has the link with this ifindex, nor its addresses, routes, neighbours and FDB entries."""
        if self.link(index) is None:
            return []
        out: list[AnyFact] = []
        for group in (RouteFact, AddressFact, NeighbourFact, FdbFact, LinkFact):
            for k in [k for k in self._groups[group] if k[0] == index]:
                out += self.discard(group, k)
        if (vlans := self._groups[VlansFact].pop((index,), None)) is not None:
            self._changed(vlans, gone=True)
        return out

    def discard_fdb(self, index: int) -> list[AnyFact]:
        """The interface is no longer a bridge port: the bridge has flushed the FDB entries of that port."""
        entries = cast("Iterable[FdbFact]", list(self._groups[FdbFact].values()))
        return [gone for fact in entries if fact.index == index and not fact.own for gone in self.discard(FdbFact, key(fact))]

    def replace(self, group: Group, facts: Iterable[CachedFact]) -> list[AnyFact]:
        """These are all facts of the type that the kernel has now. What is gone is reported first."""
        facts = list(facts)
        now = {key(fact) for fact in facts}
        out: list[AnyFact] = []
        for k in [k for k in self._groups[group] if k not in now]:
            out += self.discard(group, k)
        for fact in facts:
            out += self.put(fact)
        return out

    def replace_all(self, facts: Iterable[CachedFact], groups: Iterable[Group]) -> list[AnyFact]:
        """`replace` for each of these types."""
        by_group: dict[type, list[CachedFact]] = {group: [] for group in groups}
        for fact in facts:
            by_group[type(fact)].append(fact)
        out: list[AnyFact] = []
        for group in groups:
            out += self.replace(group, by_group[group])
        return out
