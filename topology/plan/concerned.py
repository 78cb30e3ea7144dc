"""Which interfaces a plan has to look at: in a large lab almost none."""

from topology.model import ids
from topology.model.graph import Graph


def concerned(wanted: Graph, have: Graph) -> list[str]:
    """The ids of the interfaces that are not as wanted, or in a namespace that comes or goes, and of all that hang together with them:
    other ends, what they are made on and what is made on them, their bridges, the ports of bridges that differ. In the order of the
    records, those that are wanted first."""
    differing = [r for r in wanted.interfaces.values() if have.records.get(r.id) != r]
    differing += [r for r in have.interfaces.values() if r.id not in wanted.records]
    gone_or_new = wanted.namespaces.keys() ^ have.namespaces.keys()
    if gone_or_new:
        differing += [r for graph in (wanted, have) for r in graph.interfaces.values() if {r.namespace, r.made_in} & gone_or_new]
    todo = [r.ref for r in differing] + [port.ref for graph in (wanted, have) for r in differing for port in graph.ports(r.ref)]
    found: set[str] = set()
    while todo:
        ref = todo.pop()
        if ref not in found:
            found.add(ref)
            todo += _beside(wanted, ref) + _beside(have, ref)
    order = dict.fromkeys((*wanted.interfaces, *have.interfaces))
    return [ids.interface(ref) for ref in order if ref in found]


def _beside(graph: Graph, ref: str) -> list[str]:
    """`ns/name` of what hangs together with an interface."""
    interface = graph.interfaces.get(ref)
    if interface is None:
        return []
    master = graph.master(interface)
    refs = (interface.other_end, interface.lower, master.ref if master is not None else None, *(i.ref for i in graph.uppers(ref)))
    return [other for other in refs if other is not None]
