"""One session: what is set up in the namespaces concerned, what is seen there, and its end, at which nothing of it is left."""

import itertools
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple, TypeVar

import msgspec

from agent.journey import decode, lookup, nft
from agent.journey.bpf import Program
from agent.journey.clock import await_timestamps
from agent.journey.ends import Ends, Taps
from agent.journey.listeners import TraceListeners
from agent.journey.taps import Frame
from agent.netlink.namespaces import Namespaces, Netns
from topology.journey import packet as pk
from topology.journey.packet import Packet, is_neighbour
from topology.journey.sighting import AnySighting, FdbLookup, Hook, HookPass, RouteLookup, RuleHit, TappedFrame, TraceNote
from topology.model.netfilter import Family

ETHERNET = 14
"""Bytes of an Ethernet header."""
NAME = "vethboard-"
"""Our tables in nftables begin so."""
_numbers = itertools.count(1)
_MOST = 4096
"""Packets of which a place knows where they were last."""
_K = TypeVar("_K")
_V = TypeVar("_V")


def _keep(kept: dict[_K, _V], key: _K, value: _V) -> None:
    """As the newest; the oldest is forgotten where there are too many."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > _MOST:
        del kept[next(iter(kept))]


class Wanted(NamedTuple):
    """What a session follows: the filter of its taps, the rules that set the trace flag; `key` tells of a packet at hand (from its IP
    header on) which one it is, None: none of them. `family` None: it may be of either."""

    program: Program
    matches: Sequence[nft.Match]
    key: Callable[[bytes], str | None]
    family: Family | None = None


class _Place:
    """What a session has in one namespace."""

    def __init__(self, netns: Netns) -> None:
        self.netns = netns
        self.taps: Taps | None = None
        self.count = 0
        self.told: dict[int, decode.Line] = {}
        """nftables' number of a packet → the line that last told its headers, interfaces, mark and state."""
        self.fdb: dict[str, str] = {}
        """MAC → port of a bridge, as the session began."""
        self.macs: set[str] = set()
        self.last: dict[str, HookPass] = {}
        """Packet → at which hook it was last."""
        self.came: dict[str, HookPass] = {}
        """Packet → how it last left prerouting."""
        self.asked: set[tuple[object, ...]] = set()
        self.next: set[tuple[str, str]] = set()
        """Interface and address of the next hops that were looked up."""

    def number(self) -> int:
        self.count += 1
        return self.count


class Session:
    """`with Session(…) as s`: then packets are seen. `sink` is told of each sighting, in order, from `s.read`, which reads what is ready.

    `filenos` are the descriptors to wait for. What cannot be set up in a namespace is told as `TraceNote`; the others are followed all the
    same. `wires`: pairs of interfaces (`ns/name`), each the other's end.
    """

    def __init__(
        self, namespaces: Namespaces, listeners: TraceListeners, places: Sequence[str], wanted: Wanted, sink: Callable[[AnySighting], None],
        wires: Iterable[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        self._namespaces, self._ears, self._wanted, self._sink = namespaces, listeners, wanted, sink
        found = [netns for name in dict.fromkeys(places) if (netns := namespaces.get(name)) is not None]
        self._places = {netns.name: _Place(netns) for netns in found}
        self._ends = Ends(wire for wire in wires if all(end.partition("/")[0] in self._places for end in wire))
        self.name = f"{NAME}{next(_numbers)}"
        self.started = 0

    def __enter__(self) -> "Session":
        spaces = [place.netns for place in self._places.values()]
        try:
            self._namespaces.visit_all(spaces, self._tap)
            self._namespaces.visit(self._namespaces.watch, await_timestamps)
            problems = self._ears.open(nft.Table(self.name, self._wanted.family), spaces, self._wanted.matches, self._hear)
        except BaseException:
            self.close()
            raise
        for place in self._places.values():
            place.fdb = lookup.fdb(place.netns, self._ears.of(place.netns).devices)
        self.started = time.time_ns()
        for ns, words in problems:
            self._sink(TraceNote(ns=ns, text=words))
        return self

    def _tap(self, netns: Netns) -> None:
        self._places[netns.name].taps = Taps(netns.name, self._wanted.program, self._ends)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take everything away."""
        sockets = self._ears.close(self.name)
        for place in self._places.values():
            if place.taps is not None:
                sockets += place.taps.sockets
                place.taps = None
        # each waits for RCU, 10 to 20 ms: together as long as one
        with ThreadPoolExecutor(max(1, len(sockets)), "close") as pool:
            list(pool.map(socket.socket.close, sockets))

    def filenos(self) -> list[int]:
        taps = [socket.fileno() for place in self._places.values() if place.taps for socket in place.taps.sockets]
        return taps + self._ears.filenos(self.name)

    def read(self) -> None:
        """Tell all that was seen since."""
        for place in self._places.values():
            for frame in place.taps.read() if place.taps else ():
                self._framed(place, frame)
        self._ears.read(self.name)

    def now(self) -> int:
        """µs since the start."""
        return (time.time_ns() - self.started) // 1000

    # ---- frames ------------------------------------------------------------------------------------------------------

    def _framed(self, place: _Place, frame: Frame) -> None:
        packet = pk.ethernet(frame.data, frame.vlan)
        key = self._wanted.key(frame.data[ETHERNET:])
        if packet is None or (key is None and not is_neighbour(packet)):
            return
        tapped = TappedFrame(
            ns=place.netns.name, key=key or "", number=place.number(), at=(frame.at - self.started) // 1000, dev=frame.dev,
            direction=frame.direction, packet=packet,
        )  # fmt: skip
        if frame.direction == "in":
            self._went_out(tapped)
        self._sink(tapped)
        if frame.direction == "in" and place.fdb and packet.dst_mac not in place.macs:
            place.macs.add(packet.dst_mac)
            self._sink(FdbLookup(ns=place.netns.name, mac=packet.dst_mac, port=place.fdb.get(packet.dst_mac, "")))

    def _went_out(self, came: TappedFrame) -> None:
        """At the other end of the wire by which a frame came in."""
        ns, _, dev = (self._ends.other(f"{came.ns}/{came.dev}") or "").partition("/")
        place = self._places.get(ns)
        if place is not None and place.taps is not None and place.taps.only_in:
            self._sink(msgspec.structs.replace(came, ns=ns, number=place.number(), dev=dev, direction="out"))

    # ---- lines of a trace --------------------------------------------------------------------------------------------

    def _hear(self, netns: Netns, line: decode.Line) -> None:
        place = self._places[netns.name]
        if line.id == 0:
            if (key := self._wanted.key(line.packet)) is not None:  # else another session's
                self._ruled(place, line, line, line.number, key)
            return
        ours = line.table == self.name
        if line.packet and (ours or line.id in place.told):
            _keep(place.told, line.id, line)
        told = place.told.get(line.id)
        key = self._wanted.key(told.packet) if told is not None else None
        if told is None:
            return
        if ours:
            if line.packet:  # once per chain, with its first line
                self._hooked(place, line, key or "")
        elif not line.table.startswith(NAME) and (line.type != "rule" or line.number):
            numbers = self._ears.of(netns).numbers
            self._ruled(place, line, told, numbers.get((line.table, line.chain, line.number), 0) if line.type == "rule" else 0, key or "")

    def _hooked(self, place: _Place, line: decode.Line, key: str) -> None:
        name, _, passed = line.chain.partition("-")
        hook: Hook = name  # type: ignore[assignment]  # the chains of our own table are named after the hooks
        last = place.last.get(key)
        if (hook, passed) == ("postrouting", "enter"):
            self._came_out(place, line, key, last)
        elif (hook, passed) == ("input", "leave") and (last is None or last.hook != hook):
            self._tell_hook(place, line, key, hook, "enter")
        self._tell_hook(place, line, key, hook, "enter" if passed == "enter" else "leave")

    def _came_out(self, place: _Place, line: decode.Line, key: str, last: HookPass | None) -> None:
        """At postrouting: of output, or of forward, into which no line need have told that it went."""
        output = last is not None and last.hook == "output"
        if not output and key in place.came and (last is None or last.hook != "forward"):
            self._tell_hook(place, line, key, "forward", "enter")
        if output or key in place.came:
            self._tell_hook(place, line, key, "output" if output else "forward", "leave")

    def _tell_hook(self, place: _Place, line: decode.Line, key: str, hook: Hook, passed: Literal["enter", "leave"]) -> None:
        devices = self._ears.of(place.netns).devices
        iif, oif = devices.get(line.iif, ""), devices.get(line.oif, "")
        if hook == "forward" and not iif and key in place.came:
            iif = place.came[key].iif
        packet = pk.ip(line.packet) or Packet()
        hooked = HookPass(
            ns=place.netns.name, key=key, number=place.number(), hook=hook, passed=passed, iif=iif, oif=oif, mark=line.mark,
            state=line.state, packet=packet,
        )  # fmt: skip
        _keep(place.last, key, hooked)
        if (hook, passed) == ("prerouting", "leave"):
            _keep(place.came, key, hooked)
        self._sink(hooked)
        if (hook, passed) in (("prerouting", "leave"), ("output", "enter"), ("output", "leave")):
            self._look(place, RouteLookup(ns=hooked.ns, dst=packet.dst, src=packet.src, iif=iif, mark=line.mark))

    def _ruled(self, place: _Place, line: decode.Line, told: decode.Line, number: int, key: str) -> None:
        """`told`: the line that has the headers, which is an earlier one of the same chain where nftables speaks."""
        last = place.last.get(key)
        if last is not None and (last.hook, last.passed) == ("prerouting", "leave"):  # so this is the first line of the next hook
            self._tell_hook(place, told, key, "forward" if told.oif else "input", "enter")
        devices = self._ears.of(place.netns).devices
        packet = pk.ip(told.packet) or Packet()
        self._sink(
            RuleHit(
                ns=place.netns.name, key=key, number=place.number(), driver="nft" if line.id else "legacy",
                family=packet.family, table=line.table, chain=line.chain, type=line.type, rule_number=number,
                verdict=line.verdict, iif=devices.get(told.iif, ""), oif=devices.get(told.oif, ""), mark=told.mark, packet=packet,
            )
        )  # fmt: skip

    # ---- questions ---------------------------------------------------------------------------------------------------

    def look(self, ns: str, dst: str, mark: int) -> None:
        """Tell where the kernel sends a packet of this namespace's own."""
        self._look(self._places[ns], RouteLookup(ns=ns, dst=dst, mark=mark))

    def _look(self, place: _Place, question: RouteLookup) -> None:
        """Ask the kernel where it sends such a packet, once for each."""
        key = (question.dst, question.src, question.iif, question.mark)
        if not question.dst or key in place.asked:
            return
        place.asked.add(key)
        found = lookup.route(place.netns, question, self._ears.of(place.netns).devices)
        if found.dev and (found.type == "unicast"):
            place.next.add((found.dev, found.via or found.dst))
        self._sink(found)

    def forget(self) -> None:
        """Ask the routing questions anew: the answers may be others by now."""
        for place in self._places.values():
            place.asked.clear()
            place.next.clear()

    def resolve(self) -> None:
        """Tell what is known now of all next hops that the routes led to."""
        for place in self._places.values():
            indices = {name: index for index, name in self._ears.of(place.netns).devices.items()}
            for dev, address in sorted(place.next):
                if dev in indices:
                    self._sink(lookup.neighbour(place.netns, dev, indices[dev], address))
