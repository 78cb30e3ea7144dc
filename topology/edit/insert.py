"""Adding copied records to a lab: moved on the canvas, with free addresses, without what can be there only once. Pure."""

import ipaddress
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from topology.edit import layout
from topology.edit.draft import Draft
from topology.model import ids
from topology.model.drawing import SHAPES
from topology.model.graph import Graph
from topology.model.names import free_name_like
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Area,
    Chain,
    Namespace,
    Note,
    Placement,
    Record,
    Style,
    replace,
)

Offset = tuple[float, float]
"""Right and down, in canvas units."""

STEP = 40.0
"""How far a copy is moved, right and down, where it would cover exactly what it is a copy of; canvas units."""


def insert(draft: Draft, new: Sequence[AnyRecord], by: Offset | None) -> None:
    """Add the records, moved by `by`. Their names are free in the lab, or those of a namespace that they are added to."""
    insertion = _Insertion(draft, _free_offset(draft.records, new, by))
    for record in new:
        _INSERT.get(type(record), _Insertion.entry)(insertion, record)
    _readdress(draft, [r.ref for r in new if isinstance(r, INTERFACES) and not r.KIND.builtin])
    for placement in layout.missing(draft.records, insertion.nodes):
        draft.put(placement)


class _Insertion:
    """Adds one record after the other. `nodes`: the namespaces and interfaces that were added."""

    def __init__(self, draft: Draft, offset: Offset) -> None:
        before = Graph(draft.records)
        self._draft, (self._dx, self._dy) = draft, offset
        self._nsids = {n.nsid for n in before.namespaces.values()}
        self._macs = {i.mac for i in before.interfaces.values()}
        self.nodes: set[str] = set()

    def namespace(self, record: Namespace) -> None:
        """One that is pasted into keeps its own sysctls and gets the others."""
        if record.id in self._draft.records:
            there = self._draft.namespace(record.name)
            self._draft.put(replace(there, sysctls={**record.sysctls, **there.sysctls}))
            return
        self.nodes.add(record.name)
        self._draft.put(replace(record, nsid=None if record.nsid in self._nsids else record.nsid), made=True)

    def placement(self, record: Placement) -> None:
        """A bridge's place is relative to its namespace, which is moved itself."""
        moved = record if ids.is_ref(record.node) else replace(record, x=record.x + self._dx, y=record.y + self._dy)
        self._draft.put(moved)

    def style(self, record: Style) -> None:
        """A copy is not locked."""
        unlocked = replace(record, locked=False)
        if not unlocked.plain:
            self._draft.put(unlocked)

    def shape(self, record: Area | Note) -> None:
        """An area or a note, under a free name."""
        name = free_name_like(record.name, {r.name for r in self._draft.records.values() if type(r) is type(record)})
        self._draft.put(replace(record, name=name, x=record.x + self._dx, y=record.y + self._dy, locked=False), made=True)

    def chain(self, record: Chain) -> None:
        """In a namespace that is pasted into, after the rules that the chain has there."""
        there = self._draft.records.get(record.id)
        if isinstance(there, Chain):
            record = replace(there, rules=(*there.rules, *(r for r in record.rules if r not in there.rules)))
        self._draft.put(record)

    def interface(self, record: AnyInterface) -> None:
        """Without a MAC address that another interface has; an `lo` that is there stays as it is."""
        if not record.KIND.builtin or record.id not in self._draft.records:
            self._draft.put(replace(record, mac=None if record.mac in self._macs else record.mac), made=record.KIND.node)
            self.nodes.add(record.ref)

    def entry(self, record: AnyRecord) -> None:
        """A route, neighbour or FDB entry; one that is there stays as it is."""
        if record.id not in self._draft.records:
            self._draft.put(record)


_INSERT: Final[dict[type[Record], Callable[[_Insertion, Any], None]]] = {
    Namespace: _Insertion.namespace,
    Placement: _Insertion.placement,
    Style: _Insertion.style,
    Chain: _Insertion.chain,
    **dict.fromkeys(SHAPES, _Insertion.shape),
    **dict.fromkeys(INTERFACES, _Insertion.interface),
}


# ---- on the canvas ---------------------------------------------------------------------------------------------------


def upper_left(records: Iterable[AnyRecord]) -> Offset | None:
    """The upper left corner of what is drawn on the canvas itself and not in a namespace; None where nothing is."""
    at = _places(records)
    return (min(x for x, _ in at), min(y for _, y in at)) if at else None


def _places(records: Iterable[AnyRecord]) -> list[Offset]:
    return [(r.x, r.y) for r in records if isinstance(r, SHAPES) or (isinstance(r, Placement) and not ids.is_ref(r.node))]


def _free_offset(before: Mapping[str, AnyRecord], new: Sequence[AnyRecord], by: Offset | None) -> Offset:
    """`by`, and further where a copy would cover exactly something that is there."""
    dx, dy = by if by is not None else (0.0, 0.0)
    there = set(_places(before.values()))
    while any((x + dx, y + dy) in there for x, y in _places(new)):
        dx, dy = dx + STEP, dy + STEP
    return dx, dy


# ---- addresses -------------------------------------------------------------------------------------------------------

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _readdress(draft: Draft, refs: Sequence[str]) -> None:
    """Give each of these new interfaces addresses that are free.

    One that another interface on its segment has becomes the next free one of its subnet. One that an interface of its namespace has on
    another segment is left out.
    """
    graph = Graph(draft.records)
    waiting = set(refs)
    for ref in refs:
        waiting.discard(ref)
        interface = draft.interface(ref)
        if interface.addresses:
            segment = graph.segments.get(ref, frozenset()) - {ref}
            here = {i.ref for i in graph.inside(interface.namespace)} - segment - {ref}
            shared, held, elsewhere = (_addresses(draft, some) for some in (segment, segment - waiting, here - waiting))
            draft.put(replace(interface, addresses=tuple(_free(interface.addresses, shared, held, elsewhere))))


def _free(addresses: Iterable[str], shared: set[Address], held: Collection[Address], elsewhere: Collection[Address]) -> Iterable[str]:
    """The addresses, free ones for those that are `held`. `shared`: what is taken on the segment, and grows; `elsewhere`: left out."""
    for text in addresses:
        value = ipaddress.ip_interface(text)
        if value.ip not in held:
            if value.ip not in elsewhere:
                yield text
            continue
        free = next((ip for ip in value.network.hosts() if ip not in shared), None)
        shared.add(free or value.ip)
        if free is not None and value.ip not in elsewhere:
            yield f"{free}/{value.network.prefixlen}"


def _addresses(draft: Draft, refs: Iterable[str]) -> set[Address]:
    """The addresses of these interfaces."""
    return {ipaddress.ip_interface(a).ip for ref in refs for a in draft.interface(ref).addresses}
