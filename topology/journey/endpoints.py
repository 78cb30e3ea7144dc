"""The two ends of a packet by the names that people give them: a namespace, an interface, an address."""

import ipaddress
from collections.abc import Mapping

from topology.model import ids
from topology.model.graph import Graph
from topology.model.problems import unknown
from topology.model.records import AnyInterface, AnyRecord


def source_namespace(observed: Mapping[str, AnyRecord], source: str) -> str:
    """The namespace that `ns0` or `ns0/veth0` is or is in. Raises `ProblemError` (UNKNOWN) where it is not there."""
    graph = Graph(observed)
    namespace = ids.namespace_of(source)
    if namespace not in graph.namespaces or ("/" in source and source not in graph.interfaces):
        raise unknown(f'Cannot open network namespace "{source}": No such file or directory', source, "name a namespace of the lab")
    return namespace


def target_address(observed: Mapping[str, AnyRecord], target: str, ipv6: bool = False, source: str | None = None) -> str:
    """The address that `target` means: an address itself, that of an interface (`ns/if`), or of a namespace.

    Of several one on a segment of the namespace `source` is taken, of those one of an interface that is up. Raises ProblemError (UNKNOWN).
    """
    try:
        return str(ipaddress.ip_address(target))
    except ValueError:
        pass
    graph = Graph(observed)
    on_segment = {ref for own in graph.inside(source or "") for ref in graph.segments.get(own.ref, ())}
    candidates = sorted(_meant(graph, target), key=lambda i: (i.KIND.builtin, i.ref not in on_segment, not i.up))
    for interface in candidates:
        for text in interface.addresses:
            if (":" in text) == ipv6:
                return ids.ip_of(text)
    if target == source or ids.name_of(target) == "lo":
        return "::1" if ipv6 else "127.0.0.1"
    example = "2001:db8::1/64" if ipv6 else "10.0.1.1/24"
    subject = ids.interface(target) if target in graph.interfaces else ids.namespace(target)
    raise unknown(f"{target} has no {'IPv6' if ipv6 else 'IPv4'} address", subject, f"give {target} an address, as in {example}")


def _meant(graph: Graph, target: str) -> list[AnyInterface]:
    """The interfaces whose addresses are meant."""
    if target in graph.interfaces:
        return [graph.interfaces[target]]
    if target in graph.namespaces:
        return graph.inside(target)
    raise unknown(f"{target}: Name or service not known", target, "name a namespace, an interface (ns0/veth0) or an address")
