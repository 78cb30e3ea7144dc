"""What is most likely not meant among the interfaces of one segment: the same address or MAC twice, MTUs that do not fit. Kept up to date
interface by interface, so that a change in a segment of thousands costs the interfaces that it touches."""

from collections import Counter
from collections.abc import Iterable, Iterator

from topology.model import ids
from topology.model.graph import Graph
from topology.model.problems import Code, Problem
from topology.model.records import AnyInterface
from topology.observe.mtu import effective_mtu


def warning(message: str, subject: str, hint: str) -> Problem:
    """A problem that is shown beside the canvas."""
    return Problem(code=Code.INVALID, message=message, subject=subject, hint=hint)


class _Shared:
    """Who has a value (an address, a MAC), and how often; and which values several have."""

    def __init__(self) -> None:
        self._by: dict[str, Counter[str]] = {}
        self._several: set[str] = set()

    def change(self, ref: str, gone: Iterable[str], new: Iterable[str]) -> None:
        """An interface has these values no more, and has those."""
        for value in gone:
            by = self._by[value]
            by[ref] -= 1
            if not by[ref]:
                del by[ref]
            self._note(value, by)
        for value in new:
            by = self._by.setdefault(value, Counter())
            by[ref] += 1
            self._note(value, by)

    def _note(self, value: str, by: Counter[str]) -> None:
        if len(by) > 1:
            self._several.add(value)
        else:
            self._several.discard(value)
        if not by:
            del self._by[value]

    def twice(self) -> Iterator[tuple[str, str, str]]:
        """Each value that several have, with the first of these and each other one."""
        for value in self._several:
            by = self._by[value]
            first = min(by)
            yield from ((value, first, ref) for ref in by.elements() if ref != first)


class Segment:
    """The interfaces of one broadcast domain, by `ns/name`."""

    def __init__(self, graph: Graph, members: Iterable[str]) -> None:
        self._graph = graph
        self.members = sorted(members)
        self._seen: dict[str, AnyInterface] = {}
        self._mtus: dict[str, int] = {}
        self._addresses, self._macs = _Shared(), _Shared()
        self.look(graph, self.members)

    def look(self, graph: Graph, refs: Iterable[str]) -> None:
        """These members, or what they are made of, are others now."""
        self._graph = graph
        for ref in refs:
            old, new = self._seen.get(ref), graph.interface(ref)
            assert new is not None  # segments are made anew where one is gone
            self._addresses.change(ref, _ips(old), _ips(new))
            self._macs.change(ref, _mac(old), _mac(new))
            self._seen[ref] = new
            self._mtus[ref] = effective_mtu(graph, new)

    def problems(self) -> Iterator[Problem]:
        """What there is to say now, in no order."""
        for ip, first, ref in self._addresses.twice():
            yield warning(f"{ip} is on {first} too, on the same segment", ids.interface(ref), "give one of the two another address")
        for mac, first, ref in self._macs.twice():
            yield warning(f"{first} has the MAC {mac} too, on the same segment", ids.interface(ref), "give one another MAC")
        yield from self._mtu()

    def _mtu(self) -> Iterator[Problem]:
        least = min(self._mtus.values())
        if least == max(self._mtus.values()):
            return
        narrow = next(ref for ref in self.members if self._mtus[ref] == least)
        for ref in self.members:
            interface, mtu = self._seen[ref], self._mtus[ref]
            if interface.addresses and interface.master is None and mtu > least:
                message = f"its MTU is {mtu}, that of {narrow} on the same segment {least}: larger packets are lost"
                yield warning(message, interface.id, f"set the MTU to {least}")
                return


def _ips(interface: AnyInterface | None) -> list[str]:
    return [ids.ip_of(text) for text in interface.addresses] if interface is not None else []


def _mac(interface: AnyInterface | None) -> list[str]:
    return [interface.mac] if interface is not None and interface.mac is not None and interface.master is None else []
