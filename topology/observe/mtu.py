"""The MTU that the kernel gives an interface when nobody sets one: the kind's, that of its lower interface, the least of its ports'."""

from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import INTERFACES, AnyInterface
from topology.model.tracked import Index


def _bridge_of(interface: AnyInterface) -> str | None:
    return ids.join(interface.namespace, interface.master) if interface.master is not None else None


def _has_usual_mtu(interface: AnyInterface) -> bool:
    return interface.mtu is None and not interface.KIND.mtu.follows


_USUAL_MTUS = sorted({kind.KIND.mtu.default for kind in INTERFACES})
_PORTS_OF_USUAL_MTU = Index(
    INTERFACES, lambda i: (_bridge_of(i), i.KIND.mtu.default) if i.master is not None and _has_usual_mtu(i) else None
)
"""By bridge and MTU: a bridge with a thousand ports is asked for its own MTU without a look at each."""
_PORTS_OF_OWN_MTU = Index(INTERFACES, lambda i: _bridge_of(i) if not _has_usual_mtu(i) else None)


def default_mtu(graph: Graph, interface: AnyInterface) -> int:
    """The MTU in bytes that the kernel gives this interface if nobody sets one."""
    return _default_mtu(graph, interface, frozenset())


def effective_mtu(graph: Graph, interface: AnyInterface) -> int:
    """The MTU in bytes that it has."""
    return _effective_mtu(graph, interface, frozenset())


def _effective_mtu(graph: Graph, interface: AnyInterface, seen: frozenset[str]) -> int:
    return interface.mtu if interface.mtu is not None else _default_mtu(graph, interface, seen)


def _default_mtu(graph: Graph, interface: AnyInterface, seen: frozenset[str]) -> int:
    """`seen` ends a circle of lower interfaces, which only a broken document can have."""
    mtu = interface.KIND.mtu
    if not mtu.follows or interface.ref in seen:
        return mtu.default
    known = graph.default_mtus.get(interface.ref)
    if known is None or graph.interface(interface.ref) is not interface:
        known = graph.default_mtus[interface.ref] = _followed_mtu(graph, interface, seen | {interface.ref})
    return known


def _followed_mtu(graph: Graph, interface: AnyInterface, seen: frozenset[str]) -> int:
    mtu = interface.KIND.mtu
    if mtu.follows == "ports":
        usual = (usual for usual in _USUAL_MTUS if graph.has_any(_PORTS_OF_USUAL_MTU, (interface.ref, usual)))
        own = (_effective_mtu(graph, p, seen) for p in graph.group(_PORTS_OF_OWN_MTU, interface.ref))
        return min((*usual, *own), default=mtu.default)
    lower = graph.lower(interface)
    return mtu.default if lower is None else _effective_mtu(graph, lower, seen) - mtu.overhead(interface)
