"""What differs because of an edit, where somebody else changed things at the same time. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from topology.model import ids
from topology.model.diff import between
from topology.model.graph import Graph
from topology.model.records import AnyRecord, Interface, Records
from topology.plan import steps as s


def because_of(steps: Sequence[s.AnyStep], before: Mapping[str, AnyRecord], after: Mapping[str, AnyRecord]) -> Records:
    """`before`, with what differs in `after` because of the steps: in the tables that they write, in the namespaces where they change
    something, and where the other ends are of interfaces that they delete or take down."""
    graph = Graph({**after, **before})
    places = {place for step in steps for place in _places(step, graph)}
    gone = {step.name for step in steps if isinstance(step, s.DeleteNamespace)}

    def is_one(key: str) -> bool:
        namespace = ids.namespace_of(ids.subject_of(key))
        return namespace in gone or (_table(key) or namespace) in places

    return _with(before, after, filter(is_one, between(before, after).ids))


def _table(key: str) -> str:
    """That of a chain; empty for anything else."""
    return "/".join(ids.chain_parts(key)[:3]) if ids.kind_of(key) == "chain" else ""


def _places(step: s.AnyStep, graph: Graph) -> Iterable[str]:
    if isinstance(step, s.ChangeTable):
        return (f"{step.namespace}/{step.family}/{step.table}",)
    subject = ids.subject_of(step.subject)
    own = ids.namespace_of(subject)
    ends = [graph.interfaces.get(subject)] if ids.is_interface(step.subject) else []
    if isinstance(step, s.DeleteNamespace):
        ends += graph.inside(own)
    to = [step.to_namespace] if isinstance(step, s.MoveInterface) else []
    return (own, *to, *(place for end in ends if end is not None for place in _beside(end, graph)))


def _beside(end: Interface, graph: Graph) -> Iterable[str]:
    """The namespaces of its peer, and of what is made on it."""
    peer = graph.peer(end.ref)
    return (*([peer.namespace] if peer is not None else []), *(upper.namespace for upper in graph.uppers(end.ref)))


def _with(into: Mapping[str, AnyRecord], source: Mapping[str, AnyRecord], changed: Iterable[str]) -> Records:
    """`into`, with these as they are in `source`."""
    out = dict(into)
    for key in changed:
        if key in source:
            out[key] = source[key]
        else:
            out.pop(key, None)
    return out
