"""The taps of a namespace, as few as see everything: a frame that goes into a veth is seen where it comes out, at the other end, and what
lo sends comes back to it. Only other interfaces need a tap for what goes out (see `agent.journey.taps` for what that costs)."""

import contextlib
import socket
from collections.abc import Iterable, Iterator

from agent.journey.bpf import Program
from agent.journey.taps import Frame, Tap

_MOST_ALONE = 8
"""With more interfaces that need a tap of their own, one tap sees both directions of all."""


class Ends:
    """`wires`: pairs of ends (`ns/name`) of which both are in a namespace that is looked into."""

    def __init__(self, wires: Iterable[tuple[str, str]]) -> None:
        self._other = {end: other for wire in wires for end, other in (wire, wire[::-1])}

    def other(self, ref: str) -> str | None:
        """Where that comes in which goes out here, and the other way round."""
        return ref if ref.endswith("/lo") else self._other.get(ref)


class Taps:
    """Made on a thread that is in the namespace `ns`. `only_in`: what goes out by a wire is not seen here."""

    def __init__(self, ns: str, program: Program, ends: Ends) -> None:
        alone = [index for index, name in socket.if_nameindex() if ends.other(f"{ns}/{name}") is None]
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
        """All that has come."""
        for tap in self._taps:
            yield from tap.read()
