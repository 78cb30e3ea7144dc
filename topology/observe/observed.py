"""The observed state: facts folded into records (in normal form) and live records.

A fold derives anew what the facts touch and what depends on that, never the whole: what else there is costs nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import Diff, replaced
from topology.model.kinds import BY_WORD
from topology.model.records import AnyRecord, Interface, Namespace, of_type
from topology.observe import raw
from topology.observe.facts import (
    AddressGone,
    AnyFact,
    CaptureFact,
    CaptureGone,
    ConntrackGone,
    FdbGone,
    LinkFact,
    LinkGone,
    NamespaceGone,
    NeighbourGone,
    RouteGone,
    RuleCountersGone,
    TerminalFact,
    TerminalGone,
)
from topology.observe.inside import Inside, Out
from topology.observe.kept import Index
from topology.observe.layers import OF_LAB, Differences, Layers, Part
from topology.observe.live import AnyLive, CaptureLive, TerminalLive
from topology.observe.namespace import NO_MAC, NamespaceFacts
from topology.observe.neighbourhood import Link, Neighbourhood
from topology.observe.normal import of_interface

_OfLab = TerminalFact | TerminalGone | CaptureFact | CaptureGone
"""Facts about the lab: they outlive the namespace where a terminal or a capture was started, and nothing else depends on them."""


_TAKES_AWAY = (ConntrackGone, RuleCountersGone, LinkGone, AddressGone, RouteGone, NeighbourGone, FdbGone)
"""Of a namespace of which nothing is known they mean nothing, and it would be kept for ever because of them."""


class Changed(NamedTuple):
    """What a fold changed."""

    records: Diff[AnyRecord]
    live: Diff[AnyLive]


class Observed:
    """What the kernel says of one lab. `baseline`: the watched sysctls of a fresh namespace.

    `records` and `live` are snapshots: they may be kept and be read in any thread. All else is for one thread. Where `fold` raises (on a
    fact that no kernel tells), begin anew with another one.
    """

    def __init__(self, baseline: Mapping[str, str], like: Mapping[str, AnyRecord] | None = None) -> None:
        self._baseline = dict(baseline)
        self._like: Mapping[str, AnyRecord] = like or {}
        self._stated_sysctls = _stated_sysctls(self._like)
        self._facts: dict[str, NamespaceFacts] = {}
        self._touched: dict[str, None] = {}
        """Namespaces of which a fact was taken in."""
        self._order: dict[str, None] = {}
        """The namespaces that exist, in the order in which they came."""
        self._came_again: set[str] = set()
        self._shown: set[str] = set()
        self._around = Neighbourhood(self._facts)
        self._inside: dict[str, Inside] = {}
        self._made_on: Index[Link, Link] = Index()
        """Interfaces by what their IFLA_LINK names: the other end of a pair, the lower one."""
        self._relike: dict[Link, None] = {}
        self._of_lab: Part[str, AnyLive] = Part()
        self.derived = 0
        """How many interfaces were derived so far: what a fold costs, for tests."""
        self.records: Layers[AnyRecord] = Layers({})
        self.live: Layers[AnyLive] = Layers({})

    @property
    def like(self) -> Mapping[str, AnyRecord]:
        """The desired state: a MAC that it states and that the kernel has is stated here too, where otherwise nobody could tell it from one
        that the kernel chose, and so is a sysctl that it states. What a new one changes shows after the next fold."""
        return self._like

    @like.setter
    def like(self, like: Mapping[str, AnyRecord]) -> None:
        if like is self._like:
            return
        for key in replaced(self._like, like):
            old, new = self._like.get(key), like.get(key)
            if _stated_mac(old) != _stated_mac(new):
                self._relike.update(dict.fromkeys(self._links_named(ids.Ref.parse(ids.subject_of(key)))))
            if isinstance(old, Namespace) or isinstance(new, Namespace):
                self._restate(ids.subject_of(key), new.sysctls if isinstance(new, Namespace) else {})
        self._like = like

    def _restate(self, name: str, stated: Mapping[str, str]) -> None:
        """A namespace states these sysctls now: derive it anew where that are others."""
        if self._stated_sysctls.get(name, {}) == stated:
            return
        self._stated_sysctls[name] = dict(stated)
        if name in self._facts:
            self._inside[name].stated_sysctls = dict(stated)
            self._facts[name].itself_touched = True
            self._touched[name] = None

    def fold(self, facts: Iterable[AnyFact]) -> Changed:
        """Take these facts in. The new state is in `records` and `live`, the difference to the one before in the answer."""
        for fact in facts:
            if isinstance(fact, _OfLab):
                self._take_of_lab(fact)
            else:
                self._take(fact)
        return self._derive()

    # ---- facts in ----------------------------------------------------------------------------------------------------

    def _take_of_lab(self, fact: _OfLab) -> None:
        match fact:
            case TerminalGone():
                self._of_lab.drop(ids.terminal(fact.terminal))
            case CaptureGone():
                self._of_lab.drop(ids.capture(fact.capture))
            case TerminalFact() | CaptureFact():
                live = _terminal(fact) if isinstance(fact, TerminalFact) else _capture(fact)
                self._of_lab.put(live.id, live.id, live)

    def _take(self, fact: AnyFact) -> None:
        """Keep a fact of a namespace."""
        ns = fact.ns
        known = self._facts.get(ns)
        if known is None:
            if isinstance(fact, _TAKES_AWAY):
                return
            known = self._facts[ns] = NamespaceFacts(ns, self._baseline)
            self._inside[ns] = Inside(known, self._around)
            self._inside[ns].stated_sysctls = self._stated_sysctls.get(ns, {})
        self._touched[ns] = None
        if isinstance(fact, NamespaceGone):
            self._forget(known)
            return
        known.fold(fact)
        if known.exists and ns not in self._order:
            self._order[ns] = None

    def _forget(self, known: NamespaceFacts) -> None:
        known.gone()
        self._order.pop(known.name, None)
        self._came_again.add(known.name)

    def _links_named(self, ref: ids.Ref) -> Iterator[Link]:
        known = self._facts.get(ref.namespace)
        if known is not None:
            yield from (Link(ref.namespace, index) for index in known.named.of(ref.name))

    # ---- records out -------------------------------------------------------------------------------------------------

    def _derive(self) -> Changed:
        """Derive anew what was touched, and what depends on it."""
        out = Out(Differences(), Differences())
        dirty = self._dirty()
        normals = self._derive_interfaces(dirty)
        self._derive_normal_forms(normals)
        concerned = dict.fromkeys((*self._touched, *(link.ns for link in dirty), *(link.ns for link in normals)))
        for ns in concerned:
            self._derive_inside(self._inside[ns], out)
        of_lab, before = bool(self._of_lab.flush(out.live)), self.records
        changed = Changed(out.records.diff(), out.live.diff())
        self._hand_out(concerned, of_lab)
        self.records.follow(before, changed.records)
        self._touched, self._came_again = {}, set()
        return changed

    def _dirty(self) -> dict[Link, None]:
        """The interfaces to derive anew: first those that were touched, new ones in their order, then those that depend on their facts."""
        dirty: dict[Link, None] = {}
        others, self._relike = self._relike, {}
        for ns in self._touched:
            known, inside = self._facts[ns], self._inside[ns]
            before, dropped = known.links.take()
            inside.drop(dropped)
            for index, old in before.items():
                dirty[Link(ns, index)] = None
                others.update(dict.fromkeys(self._dependents(inside, index, old, known.links.facts.get(index))))
            dirty.update((Link(ns, index), None) for index in known.touched_links)
            known.touched_links = {}
            if (ns in self._shown) != (ns in self._order):
                others.update((link, None) for index in known.links.facts for link in self._made_on.of(Link(ns, index)))
        return {link: None for link in dirty | others if link.ns in self._facts}

    def _dependents(self, inside: Inside, index: int, old: LinkFact | None, new: LinkFact | None) -> Iterator[Link]:
        """The interfaces that depend on the fact of another one. Notes what else in its namespace does."""
        before, now = _aspects(old), _aspects(new)
        if before == now:
            return
        ns, known = inside.facts.name, inside.facts
        inside.stale[index] = None
        for fact, change in ((old, self._made_on.remove), (new, self._made_on.add)):
            if fact is not None:
                change(Link(fact.link_ns or ns, fact.link), Link(ns, index))
                inside.stale_macs |= {fact.mac} if raw.fdb_kind(fact) == "ports" else set()
                yield Link(ns, fact.master)
        yield from self._made_on.of(Link(ns, index))
        if before is None or now is None or before.to_ports != now.to_ports:
            inside.stale.update(dict.fromkeys(known.ports.of(index)))
            yield from (Link(ns, port) for port in known.ports.of(index))

    def _derive_interfaces(self, dirty: Iterable[Link]) -> dict[Link, None]:
        """Their records, not yet in normal form, and live records. The answer: those whose normal form may be another now."""
        normals: dict[Link, None] = {}
        for link in dirty:
            inside, old = self._inside[link.ns], self._around.interfaces.get(link)
            fact = inside.facts.links.facts.get(link.ifindex)
            new = raw.interface(inside.facts, fact, self) if fact is not None else None
            if fact is not None:
                self.derived += 1
                inside.show(fact, self)
            if old == new and (fact is None or link.ifindex in inside.interfaces):
                continue
            normals[link] = None
            normals.update(dict.fromkeys(self._around.put(link, new)))
            if old is None or new is None or old.master != new.master:
                inside.stale[link.ifindex] = None
        return normals

    def _derive_normal_forms(self, links: Iterable[Link]) -> None:
        for link in links:
            inside, stated = self._inside[link.ns], self._around.interfaces.get(link)
            if link.ifindex not in inside.facts.links.facts:
                continue
            counting = self._around.named(stated.ref) if stated is not None else None
            normal = of_interface(self._around, counting) if counting is not None else None
            inside.interfaces.put(link.ifindex, normal.id if normal is not None else "", normal)

    def _derive_inside(self, inside: Inside, out: Out) -> None:
        """The rest of a namespace. Facts of one that does not exist (yet) are known, but not shown."""
        was, now = inside.facts.name in self._shown, inside.facts.name in self._order
        if was and now:
            inside.derive(out)
            return
        records, live = (inside.records(), inside.live()) if was else ((), ())
        inside.derive(Out(Differences(), Differences()))
        out.records.between_parts(records, inside.records() if now else ())
        out.live.between_parts(live, inside.live() if now else ())

    def _hand_out(self, concerned: Iterable[str], of_lab: bool) -> None:
        """New snapshots."""
        records: dict[str, tuple[Mapping[str, AnyRecord], ...] | None] = {}
        live: dict[str, tuple[Mapping[str, AnyLive], ...] | None] = {OF_LAB: (self._of_lab.map,)} if of_lab else {}
        for ns in self._in_order(concerned):
            shown = ns in self._order
            records[ns] = self._inside[ns].records() if shown else None
            live[ns] = self._inside[ns].live() if shown else None
            (self._shown.add if shown else self._shown.discard)(ns)
            if self._facts[ns].void:
                del self._facts[ns], self._inside[ns]
        self.records = self.records.with_layers(records, self._came_again)
        self.live = self.live.with_layers(live, self._came_again)

    def _in_order(self, concerned: Iterable[str]) -> list[str]:
        """New namespaces last, in the order in which they came."""
        new = {ns for ns in concerned if ns in self._order and (ns not in self._shown or ns in self._came_again)}
        return [ns for ns in concerned if ns not in new] + ([ns for ns in self._order if ns in new] if new else [])

    # ---- what namespaces have to know of each other ------------------------------------------------------------------

    def ref(self, ns: str, index: int) -> str | None:
        """`ns/name` of an interface by its ifindex."""
        known = self._facts.get(ns)
        link = known.links.facts.get(index) if known is not None and known.exists else None
        return ids.join(ns, link.name) if link is not None else None

    def mac(self, ns: str, link: LinkFact) -> str | None:
        """The MAC that a record has to state: None where it is the kernel's own choice."""
        wanted = self.like.get(ids.Ref(ns, link.name).id)
        if isinstance(wanted, Interface) and wanted.mac == link.mac:
            return link.mac
        known = self._facts[ns]
        origin = BY_WORD[link.kind].KIND.mac if link.kind in BY_WORD else ""
        if origin == "port" and (link.mac == NO_MAC or link.mac in known.port_macs.get(link.index, ())):
            return None
        if origin == "lower":
            below = self._facts.get(link.link_ns or ns)
            lower = below.links.facts.get(link.link) if below is not None else None
            return None if lower is not None and lower.mac == link.mac else link.mac
        return None if known.initial_macs.get(link.index) == link.mac else link.mac

    def initial_mac(self, ref: str) -> str | None:
        """The MAC that the kernel gave an interface (`ns/name`) when it was made, where that is known."""
        for link in self._links_named(ids.Ref.parse(ref)):
            return self._facts[link.ns].initial_macs.get(link.ifindex)
        return None

    def namespaces(self) -> list[NamespaceFacts]:
        """The facts of the namespaces that exist, `host` first, the others as they came. Not to be changed."""
        return [self._facts[ns] for ns in sorted(self._order, key=lambda ns: ns != HOST)]

    @property
    def baseline(self) -> Mapping[str, str]:
        """The watched sysctls of a fresh namespace."""
        return self._baseline


class _Aspects(NamedTuple):
    """What of the fact of an interface others depend on. `to_ports`: of those whose master it is."""

    to_ports: tuple[object, ...]
    others: tuple[object, ...]


def _aspects(link: LinkFact | None) -> _Aspects | None:
    if link is None:
        return None
    return _Aspects((link.name, link.kind), (link.mac, link.mtu, link.master, link.link, link.link_ns, link.port is None, link.info))


def _stated_mac(record: AnyRecord | None) -> str | None:
    return record.mac if isinstance(record, Interface) else None


def _stated_sysctls(records: Mapping[str, AnyRecord]) -> dict[str, dict[str, str]]:
    """By the names of namespaces."""
    return {r.name: r.sysctls for r in of_type(records, Namespace) if r.sysctls}


def _terminal(fact: TerminalFact) -> TerminalLive:
    return TerminalLive(
        terminal=fact.terminal, namespace=fact.ns, title=fact.title, rows=fact.rows, columns=fact.columns, viewers=fact.viewers,
        code=fact.code,
    )  # fmt: skip


def _capture(fact: CaptureFact) -> CaptureLive:
    return CaptureLive(
        capture=fact.capture, interfaces=fact.interfaces, filter=fact.filter, snaplen=fact.snaplen, running=fact.running,
        first=fact.first, frames=fact.frames, bytes=fact.bytes, dropped=fact.dropped,
    )  # fmt: skip
