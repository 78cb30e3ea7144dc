"""Which interfaces a plan has to look at: in a large lab almost none."""

from collections.abc import Collection, Iterable, Mapping

from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import AnyRecord, Interface, Namespace


def concerned(wanted: Graph, have: Graph, ids_differing: Collection[str]) -> list[str]:
    """The ids of the interfaces that are not as wanted, or in a namespace that comes or goes, and of all that hang together with them:
    other ends, what they are made on and what is made on them, their bridges, the ports of bridges that differ. In the order of the
    records, those that are wanted first. `ids_differing`: the ids of all records that are not as wanted."""
    found_in = (wanted.records.get, have.records.get)
    differing = [r for get in found_in for r in map(get, ids_differing) if isinstance(r, Interface)]
    spaces = [r for get in found_in for r in map(get, ids_differing) if isinstance(r, Namespace)]
    gone_or_new = {r.name for r in spaces if (r.id in wanted.records) != (r.id in have.records)}
    if gone_or_new:
        differing += [r for graph in (wanted, have) for ns in sorted(gone_or_new) for r in (*graph.inside(ns), *graph.made_in(ns))]
    todo = [r.ref for r in differing] + [port.ref for graph in (wanted, have) for r in differing for port in graph.ports(r.ref)]
    found: set[str] = set()
    while todo:
        ref = todo.pop()
        if ref not in found:
            found.add(ref)
            todo += _beside(wanted, ref) + _beside(have, ref)
    return in_order({ids.interface(ref) for ref in found}, wanted, have)


def in_order(keys: Collection[str], wanted: Graph, have: Graph) -> list[str]:
    """These ids in the order of the records, those that are wanted first."""
    return [*wanted.in_order(keys), *have.in_order([key for key in keys if key not in wanted.records])]


def _beside(graph: Graph, ref: str) -> list[str]:
    """`ns/name` of what hangs together with an interface."""
    interface = graph.interface(ref)
    if interface is None:
        return []
    master = graph.master(interface)
    refs = (interface.other_end, interface.lower, master.ref if master is not None else None, *(i.ref for i in graph.uppers(ref)))
    return [other for other in refs if other is not None]


def inferred(wanted: Mapping[str, AnyRecord], have: Mapping[str, AnyRecord], differing: Iterable[str]) -> dict[str, str]:
    """Of a pair whose one end stayed where it was, and whose other end is elsewhere now, that one was moved."""
    out: dict[str, str] = {}
    for key in differing:
        new, old = wanted.get(key), have.get(key)
        if not isinstance(new, Interface) or not isinstance(old, Interface) or new.word != old.word:
            continue
        there, before = new.other_end, old.other_end
        if there is None or before is None or there == before:
            continue
        free = ids.interface(there) not in have and ids.interface(before) not in wanted
        if free and ids.interface(before) in have and ids.interface(there) in wanted:
            out[before] = there
    return out
