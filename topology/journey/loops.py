"""Loops of bridges without STP."""

from collections.abc import Iterator

from topology.journey.same_segment import warning
from topology.model.base import Interface
from topology.model.graph import Graph
from topology.model.problems import Problem
from topology.model.records import is_bridge


def loops(graph: Graph) -> Iterator[Problem]:
    """Links that close a loop of bridges of which none has STP: a broadcast goes round in it for ever. One warning for each such link.

    Bridges that filter VLANs are left out: what one VLAN joins may be apart in each of them.
    """
    leader: dict[str, str] = {}

    def find(ref: str) -> str:
        while (above := leader.setdefault(ref, ref)) != ref:
            ref = above
        return ref

    for one, other in sorted(graph.links(), key=lambda pair: pair[0].ref):
        for near, far in _carried(graph, one, other):
            bridges = [graph.master(port) for port in (near, far)]
            refs = [bridge.ref for bridge in bridges if bridge is not None and bridge.up and not bridge.stp and not bridge.vlan_filtering]
            if len(refs) < 2:
                continue
            here, there = (find(ref) for ref in refs)
            if here != there:
                leader[here] = there
                continue
            names = " and ".join(dict.fromkeys(refs))
            message = f"it closes a loop of bridges without STP at {names}: a broadcast goes round in it for ever"
            yield warning(message, near.id, f"turn STP on at {refs[0]}, or set {near.ref} down")


def _carried(graph: Graph, one: Interface, other: Interface) -> Iterator[tuple[Interface, Interface]]:
    """The pairs of interfaces that hear one another over a link that is up: its ends, and the VLANs that both have."""
    if not (one.up and other.up):
        return
    yield one, other
    tagged = {upper.tag: upper for upper in graph.uppers(other.ref) if upper.tag and upper.up}
    for upper in graph.uppers(one.ref):
        if upper.tag and upper.up and (far := tagged.get(upper.tag)) is not None:
            yield upper, far


def closes(graph: Graph, one: Interface) -> bool:
    """Whether a loop may hang on the state of this interface."""
    far = graph.peer(one.ref)
    joins = one.master is not None and (far is None or far.master is not None)
    return is_bridge(one) or bool(one.tag) or joins or any(graph.uppers(end.ref) for end in (one, far) if end is not None)
