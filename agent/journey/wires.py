"""The taps of a namespace, no more than necessary: a frame sent into a veth is seen where it arrives, at the other end, and what lo sends
it receives itself. Only other interfaces need a tap for what they send (see `agent.journey.taps` for what that costs)."""

import contextlib
import socket
from collections.abc import Iterable, Iterator

from agent.journey.bpf import Program
from agent.journey.taps import Frame, Tap
from topology.model import ids

_MOST_ALONE = 8
"""With more interfaces that need a tap of their own, one tap sees both directions of all."""


class Wires:
    """`wires`: the pairs of interfaces (`ns/name`) that are the two ends of a veth, both in namespaces of this session."""

    def __init__(self, wires: Iterable[tuple[str, str]]) -> None:
        self._other_end = {end: other for wire in wires for end, other in (wire, wire[::-1])}

    def other_end(self, ref: str) -> str | None:
        """The interface that receives what this one sends, and the other way round."""
        return ref if ids.name_of(ref) == "lo" else self._other_end.get(ref)


class Taps:
    """Made on a thread that is in the namespace `ns`. `only_in`: what an interface with a known other end sends is not seen here."""

    def __init__(self, ns: str, program: Program, wires: Wires) -> None:
        alone = [index for index, name in socket.if_nameindex() if wires.other_end(ids.join(ns, name)) is None]
        self.only_in = len(alone) <= _MOST_ALONE
        with contextlib.ExitStack() as opened:
            self._taps = [Tap(program, outgoing=not self.only_in)]
            opened.callback(self._taps[0].socket.close)
            for index in alone if self.only_in else ():
                self._taps.append(Tap(program, index))
                opened.callback(self._taps[-1].socket.close)
            opened.pop_all()
        self.sockets = [tap.socket for tap in self._taps]

    def read(self) -> Iterator[Frame]:
        """All frames that are in the sockets."""
        for tap in self._taps:
            yield from tap.read()
