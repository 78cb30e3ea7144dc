"""Differences between the kernel and the document, and how to take over the records of one side into the other. Pure."""

from collections.abc import Iterable, Mapping

from topology.edit import layout
from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import AnyRecord, Chain, Interface, Lab, Namespace, Records
from topology.model.tracked import Tracked
from topology.observe.normal import comparable_one

FIRST_SECONDS, MOST_SECONDS = 1.0, 60.0
"""How long enforce waits before it tries again what did not succeed, at first and at most."""


def adopt(into: Mapping[str, AnyRecord], source: Mapping[str, AnyRecord], changed: Iterable[str]) -> Records:
    """`into` with the records `changed` as they are in `source`. New nodes get a placement; that of nodes that are gone is removed."""
    changed = list(changed)
    out = Tracked.of(into)
    for key in changed:
        found = comparable_one(key, source.get(key), into)
        if found is not None:
            if out.get(key) is not found:
                out[key] = found
        else:
            out.pop(key, None)
    _place(out, [key for key in changed if _is_node(into.get(key)) and not _is_node(out.get(key))], changed)
    return out


def with_needed(changed: Iterable[str], source: Mapping[str, AnyRecord], left: Iterable[str]) -> list[str]:
    """The records `changed`, and those of `left` without which they cannot be in a document: who works in a namespace, or on an interface,
    has made it theirs."""
    graph, left, out = Graph(source), set(left), dict.fromkeys(changed)
    waiting = list(out)
    while waiting:
        key = waiting.pop()
        more = [other for other in _needed(key, graph, source) & left if other not in out]
        out.update(dict.fromkeys(more))
        waiting += more
    return list(out)


def _needed(key: str, graph: Graph, source: Mapping[str, AnyRecord]) -> set[str]:
    record = source.get(key)
    if record is None or isinstance(record, Namespace | Lab):
        return set()
    namespace = ids.namespace_of(ids.subject_of(key))
    out = {ids.namespace(namespace)}
    if isinstance(record, Interface):
        others = (graph.peer(record.ref), graph.lower(record), graph.master(record))
        out |= {other.id for other in others if other is not None}
    elif isinstance(record, Chain):
        table = ids.chain_parts(key)[:3]
        out |= {other for other in source if ids.kind_of(other) == "chain" and ids.chain_parts(other)[:3] == table}
    elif (dev := getattr(record, "dev", None)) is not None:
        out.add(ids.interface(ids.join(namespace, dev)))
    return out


def _is_node(record: AnyRecord | None) -> bool:
    """Whether it is drawn as a node (`Graph.nodes`)."""
    return isinstance(record, Namespace) or (isinstance(record, Interface) and record.KIND.node)


def _place(out: Tracked[AnyRecord], gone: Iterable[str], changed: Iterable[str]) -> None:
    """Remove the places of nodes that are gone, and find one for each of the others that has none."""
    for node in map(ids.subject_of, gone):
        out.pop(ids.placement(node), None)
        out.pop(ids.style(node), None)
    new = [node for key in changed if _is_node(out.get(key)) and ids.placement(node := ids.subject_of(key)) not in out]
    if new and ids.LAB in out:
        for placement in layout.missing(out, new):
            out[placement.id] = placement


class Backoff:
    """How long enforce leaves a difference that it could not undo: 1, 2, 4 … 60 s, until there is none or another one."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._about: frozenset[str] = frozenset()

    def failed(self, differing: Iterable[str]) -> tuple[float, bool]:
        """The differences could not be undone: the seconds until the next attempt, and whether somebody should be told of it."""
        about = frozenset(differing)
        is_news = about != self._about
        self._seconds = FIRST_SECONDS if is_news else min(2 * self._seconds, MOST_SECONDS)
        self._about = about
        return self._seconds, is_news

    def reset(self) -> None:
        """There is no difference, or it was undone."""
        self._seconds, self._about = 0.0, frozenset()
