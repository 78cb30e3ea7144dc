"""Loops of bridges without STP."""

from collections.abc import Iterator

from topology.journey.same_segment import warning
from topology.model.base import Interface
from topology.model.graph import Graph
from topology.model.kinds.vlan import Vlan
from topology.model.problems import Problem


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
    vlans = {(upper.vid, upper.protocol): upper for upper in graph.uppers(other.ref) if isinstance(upper, Vlan) and upper.up}
    for upper in graph.uppers(one.ref):
        if isinstance(upper, Vlan) and upper.up and (far := vlans.get((upper.vid, upper.protocol))) is not None:
            yield upper, far
