"""Which records hang on an interface, or lie in a namespace, found without a look at all of them: so a list of steps costs as much as it
touches."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from topology.model.base import Interface
from topology.model.records import AnyRecord, Fdb, Neighbour, Route
from topology.model.subnets import BITS, parsed, subnet

_Ids = dict[str, None]
"""A set that keeps its order."""


class Places:
    """Of the records that were added and not removed."""

    def __init__(self) -> None:
        self._inside: dict[str, _Ids] = {}
        """By namespace: everything in it."""
        self._on: dict[tuple[str, str], _Ids] = {}
        """By namespace and `dev`: routes, neighbours, FDB entries."""
        self._ports: dict[tuple[str, str], _Ids] = {}
        """By namespace and master."""
        self._uppers: dict[str, _Ids] = {}
        """By what they are made on."""
        self._vias: dict[str, dict[str, str]] = {}
        """By namespace: routes whose interface is told by the gateway alone, and that."""
        self._sorted: dict[str, list[tuple[int, int, str]]] = {}
        """By namespace: version, number and route of each gateway, in order. Made when it is asked for; some may be gone."""

    def add(self, record: AnyRecord) -> None:
        """A record that is not in it."""
        for kind, key in self._keys(record):
            kind.setdefault(key, {})[record.id] = None
        if isinstance(record, Route) and record.dev is None and record.via is not None:
            self._vias.setdefault(record.namespace, {})[record.id] = record.via
            self._sorted.pop(record.namespace, None)

    def remove(self, record: AnyRecord) -> None:
        """One that is in it."""
        for kind, key in self._keys(record):
            ids = kind.get(key)
            if ids is not None:
                ids.pop(record.id, None)
                if not ids:
                    del kind[key]
        if isinstance(record, Route):
            self._vias.get(record.namespace, {}).pop(record.id, None)

    def _keys(self, record: AnyRecord) -> Iterator[tuple[dict[object, _Ids], object]]:
        namespace = getattr(record, "namespace", None)
        if namespace is None:
            return
        yield self._inside, namespace  # type: ignore[misc]  # a dict of what its keys are
        if isinstance(record, Interface):
            if record.master is not None:
                yield self._ports, (namespace, record.master)  # type: ignore[misc]
            if record.lower is not None:
                yield self._uppers, record.lower  # type: ignore[misc]
        elif isinstance(record, Route | Neighbour | Fdb) and record.dev is not None:
            yield self._on, (namespace, record.dev)  # type: ignore[misc]

    def inside(self, namespace: str) -> list[str]:
        """The ids of all in a namespace."""
        return [*self._inside.get(namespace, ())]

    def ports(self, bridge: Interface) -> list[str]:
        """The ids of a bridge's ports."""
        return [*self._ports.get((bridge.namespace, bridge.name), ())]

    def uppers(self, lower: str) -> list[str]:
        """The ids of what is made on an interface."""
        return [*self._uppers.get(lower, ())]

    def on(self, interface: Interface) -> list[str]:
        """The ids of entries that name the interface."""
        return [*self._on.get((interface.namespace, interface.name), ())]

    def through(self, interface: Interface) -> list[str]:
        """The ids of routes whose gateway lies in a subnet of the interface, and which name none."""
        found: _Ids = {}
        vias = self._vias.get(interface.namespace)
        for address in interface.addresses if vias else ():
            version, length, prefix = subnet(address)
            rest = BITS[version] - length
            ordered = self._in_order(interface.namespace)
            for at in range(bisect_left(ordered, (version, prefix << rest, "")), len(ordered)):
                of_version, number, id = ordered[at]
                if of_version != version or number >> rest != prefix:
                    break
                if vias is not None and id in vias:
                    found[id] = None
        return [*found]

    def _in_order(self, namespace: str) -> list[tuple[int, int, str]]:
        ordered = self._sorted.get(namespace)
        if ordered is None:
            ordered = self._sorted[namespace] = sorted((*parsed(via), id) for id, via in self._vias[namespace].items())
        return ordered


def places(records: Mapping[str, AnyRecord]) -> Places:
    """Of all these."""
    made = Places()
    for record in records.values():
        made.add(record)
    return made
