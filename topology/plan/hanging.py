"""Which routes, neighbours and FDB entries of a namespace hang on an interface, found without a look at all of them: so a list of steps
costs as much as it touches."""

from bisect import bisect_left
from collections.abc import Iterable

from topology.model.base import Interface
from topology.model.records import Fdb, Neighbour, Route
from topology.model.subnets import BITS, parsed, subnet

_Ids = dict[str, None]
"""A set that keeps its order."""


class Hanging:
    """Of the entries that were added and not removed, all of one namespace."""

    def __init__(self) -> None:
        self._named: dict[str, _Ids] = {}
        """By `dev`."""
        self._vias: dict[str, str] = {}
        """Routes whose interface is told by the gateway alone, and that."""
        self._sorted: list[tuple[int, int, str]] | None = None
        """Version, number and route of each gateway, in order. Made when it is asked for; some may be gone."""

    def add(self, entry: Route | Neighbour | Fdb) -> None:
        """An entry that is not in it."""
        if entry.dev is not None:
            self._named.setdefault(entry.dev, {})[entry.id] = None
        elif isinstance(entry, Route) and entry.via is not None:
            self._vias[entry.id] = entry.via
            self._sorted = None

    def remove(self, entry: Route | Neighbour | Fdb) -> None:
        """One that is in it."""
        if entry.dev is not None:
            self._named.get(entry.dev, {}).pop(entry.id, None)
        else:
            self._vias.pop(entry.id, None)

    def on(self, interface: Interface) -> list[str]:
        """The ids of entries that name the interface, and of routes that name none and whose gateway lies in a subnet of it."""
        return [*self._named.get(interface.name, ()), *self._through(interface)]

    def _through(self, interface: Interface) -> _Ids:
        found: _Ids = {}
        for address in interface.addresses if self._vias else ():
            version, length, prefix = subnet(address)
            rest = BITS[version] - length
            ordered = self._in_order()
            for at in range(bisect_left(ordered, (version, prefix << rest, "")), len(ordered)):
                of_version, number, id = ordered[at]
                if of_version != version or number >> rest != prefix:
                    break
                if id in self._vias:
                    found[id] = None
        return found

    def _in_order(self) -> list[tuple[int, int, str]]:
        if self._sorted is None:
            self._sorted = sorted((*parsed(via), id) for id, via in self._vias.items())
        return self._sorted


def hanging(entries: Iterable[Route | Neighbour | Fdb]) -> Hanging:
    """Of all these."""
    made = Hanging()
    for entry in entries:
        made.add(entry)
    return made
