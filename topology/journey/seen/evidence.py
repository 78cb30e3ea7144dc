"""Sightings put in order, to be asked by place: what happened at a hook, which frame was seen where and when."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from topology.journey.hop import Leg
from topology.journey.packet import ECHO_REQUESTS, REDIRECTS, Packet, answers_for, asks_for, is_neighbour
from topology.journey.probe import Probe
from topology.journey.sighting import (
    AnySighting,
    FdbLookup,
    ForeignRules,
    Hook,
    HookPass,
    NeighbourLookup,
    PortLookup,
    RouteLookup,
    RuleHit,
    SocketResult,
    TappedFrame,
    TraceNote,
)

_LEGS: tuple[Leg, ...] = ("original", "reply")


class Passage(NamedTuple):
    """A packet's passage through one hook. `entry`: as it came, where that was seen. `exit` None: it did not come out."""

    hook: Hook
    entry: HookPass | None
    lines: tuple[RuleHit, ...]
    exit: HookPass | None

    @property
    def packet(self) -> Packet | None:
        """As it came to the hook."""
        first = self.entry or next(iter(self.lines), None) or self.exit
        return first.packet if first else None

    @property
    def iif(self) -> str:
        """The interface that it came in by."""
        return next((s.iif for s in (self.entry, *self.lines, self.exit) if s is not None and s.iif), "")

    @property
    def oif(self) -> str:
        """The interface that it is to leave by."""
        return next((s.oif for s in (self.exit, *self.lines, self.entry) if s is not None and s.oif), "")


class _Legs:
    """Which leg a packet belongs to."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._datagrams: set[tuple[tuple[str, int], tuple[str, int]]] = set()
        self._senders: set[tuple[str, int]] = set()

    def of(self, packet: Packet) -> Leg | None:
        """None: it is not the probe nor an answer to it."""
        if self.probe.protocol == "arp":
            return self._neighbour(packet)
        if is_neighbour(packet) or (packet.protocol, packet.type) in REDIRECTS:
            return None
        if packet.error:
            return None if self._is_about_answer(packet.inner) else "reply"
        if packet.protocol == "tcp":
            return "original" if "S" in packet.flags and "A" not in packet.flags else "reply"
        if packet.protocol == "udp":
            return self._datagram(packet)
        return "original" if (packet.protocol, packet.type) in ECHO_REQUESTS else "reply"

    def _is_about_answer(self, quoted: Packet | None) -> bool:
        """Whether an error is about the answer: it goes to who answered, and is of neither leg."""
        if quoted is None or (quoted.protocol == "tcp" and not quoted.flags):
            return False
        return self.of(quoted) == "reply"

    def _neighbour(self, packet: Packet) -> Leg | None:
        if asks_for(packet) == self.probe.address:
            return "original"
        return "reply" if answers_for(packet) == self.probe.address else None

    def _datagram(self, packet: Packet) -> Leg:
        """A reply goes to where an earlier datagram came from, though perhaps not from where that went. Each namespace sees the original
        first."""
        here, there = (packet.src, packet.sport), (packet.dst, packet.dport)
        if (here, there) not in self._datagrams and there in self._senders and here not in self._senders:
            return "reply"
        self._datagrams.add((here, there))
        self._senders.add(here)
        return "original"


class _Open(NamedTuple):
    """A packet that is in a hook: its buffer, its leg, and whether it is a copy."""

    skb: int
    leg: Leg
    copy: bool


class _Copies:
    """Tells the copies that TEE makes from the packet itself. A copy is sent (through OUTPUT and POSTROUTING) while the rule that makes it
    runs, so between two lines about the packet."""

    def __init__(self) -> None:
        self._open: dict[str, list[_Open]] = {}
        self._known: set[tuple[str, int]] = set()

    def is_copy(self, line: HookPass | RuleHit, leg: Leg) -> bool:
        """Of lines in order. The legacy trace does not number packets: its line is about the one that came to a hook last."""
        inside = self._open.setdefault(line.ns, [])
        if isinstance(line, RuleHit):
            found = next((o for o in reversed(inside) if o.leg == leg and line.skb in (0, o.skb)), None)
            return found is not None and found.copy
        if line.passed == "leave":
            return self._left(inside, line)
        copy = (line.ns, line.skb) in self._known or (line.hook == "output" and any(o.leg == leg for o in inside))
        if copy:
            self._known.add((line.ns, line.skb))
        inside.append(_Open(line.skb, leg, copy))
        return copy

    def are_in(self, ns: str) -> bool:
        """Whether there were any in this namespace."""
        return any(space == ns for space, _ in self._known)

    def _left(self, inside: list[_Open], line: HookPass) -> bool:
        number = next((i for i in reversed(range(len(inside))) if inside[i].skb == line.skb), None)
        return inside.pop(number).copy if number is not None else (line.ns, line.skb) in self._known


def _order(sighting: AnySighting) -> tuple[object, ...]:
    """Frames by their times, so that originals come before replies; then the other sightings of each namespace by their numbers."""
    tapped = isinstance(sighting, TappedFrame)
    return not tapped, (sighting.at or 0) if tapped else 0, sighting.ns, sighting.number


class Evidence:
    """All sightings of one probe. What is taken is not found again. `start`: when the packet was sent, in µs of the session."""

    def __init__(self, probe: Probe, sightings: Iterable[AnySighting]) -> None:
        self.lines: dict[tuple[str, Leg], deque[HookPass | RuleHit]] = {}
        self.taps: dict[Leg, list[TappedFrame]] = {"original": [], "reply": []}
        self.neighbour_frames: list[TappedFrame] = []
        self.routes: list[RouteLookup] = []
        self.neighbours: dict[tuple[str, str, str], NeighbourLookup] = {}
        self.fdb: dict[tuple[str, str], str] = {}
        self.socket_results: list[SocketResult] = []
        self.ports: dict[str, bool] = {}
        self.foreign: dict[str, tuple[str, ...]] = {}
        self.notes: list[TraceNote] = []
        self._legs, self._copies = _Legs(probe), _Copies()
        for sighting in sorted(sightings, key=_order):
            _FILED[type(sighting)](self, sighting)
        for taps in (*self.taps.values(), self.neighbour_frames):
            taps.sort(key=lambda t: t.at or 0)
        sent = next((t.at for t in self.taps["original"] if t.at is not None), None)
        self.start = sent if sent is not None else next((s.at for s in self.socket_results if s.at is not None), 0)

    @property
    def answered(self) -> bool:
        """Whether the socket that sent the packet got the answer; also where nobody asked it (traffic of the lab's own)."""
        return not self.socket_results or any(s.event in ("answered", "connected") for s in self.socket_results)

    # ---- filing ------------------------------------------------------------------------------------------------------

    def _file_line(self, line: HookPass | RuleHit) -> None:
        leg = self._legs.of(line.packet)
        if line.packet.error and self._goes_to_answerer(line):
            return
        if leg is not None and not self._copies.is_copy(line, leg):
            self.lines.setdefault((line.ns, leg), deque()).append(line)

    def _goes_to_answerer(self, line: HookPass | RuleHit) -> bool:
        """Whether an error is about the answer, of which nftables shows no quoted packet: it is sent to where the answer came from."""
        sources = {leg: {s.packet.src for s in self.lines.get((line.ns, leg), ()) if not s.packet.error} for leg in _LEGS}
        return line.packet.dst in sources["reply"] and line.packet.dst not in sources["original"]

    def _file_frame(self, tap: TappedFrame) -> None:
        leg = self._legs.of(tap.packet)
        if leg is not None:
            self.taps[leg].append(tap)
        elif is_neighbour(tap.packet):
            self.neighbour_frames.append(tap)

    def _file_neighbour(self, found: NeighbourLookup) -> None:
        self.neighbours[found.ns, found.dev, found.address] = found

    def _file_fdb(self, found: FdbLookup) -> None:
        self.fdb[found.ns, found.mac] = found.port

    # ---- hooks -------------------------------------------------------------------------------------------------------

    def next_hook(self, ns: str, leg: Leg) -> Hook | None:
        """The hook that the packet came to next in a namespace."""
        found = self._next_pass(ns, leg)
        return found.hook if found is not None else None

    def _next_pass(self, ns: str, leg: Leg) -> HookPass | None:
        return next((s for s in self.lines.get((ns, leg), ()) if isinstance(s, HookPass)), None)

    def next_packet(self, ns: str, leg: Leg) -> Packet | None:
        """The packet as it came to the next hook."""
        found = next(iter(self.lines.get((ns, leg), ())), None)
        return found.packet if found is not None else None

    def next_is_bridged(self, ns: str, leg: Leg, bridge: str) -> bool:
        """Whether the next hook was called for a frame that the bridge forwards, not for a packet that IP routes."""
        found = self._next_pass(ns, leg)
        if found is None:
            return False
        if found.hook == "forward":
            return found.iif == found.oif == bridge
        return (found.iif if found.hook == "prerouting" else found.oif) == bridge

    def take(self, ns: str, leg: Leg, hook: Hook) -> Passage | None:
        """The next passage, through this hook; None where the packet came to another hook next, or to none."""
        if self.next_hook(ns, leg) != hook:
            return None
        queue = self.lines[ns, leg]
        entry: HookPass | None = None
        lines: list[RuleHit] = []
        while queue:
            found = queue[0]
            if isinstance(found, HookPass) and (found.hook != hook or (found.passed == "enter" and entry is not None)):
                break
            queue.popleft()
            if isinstance(found, RuleHit):
                lines.append(found)
            elif found.passed == "leave":
                return Passage(hook, entry, tuple(lines), found)
            else:
                entry = found
        return Passage(hook, entry, tuple(lines), None)

    def senders(self, leg: Leg) -> Iterator[tuple[str, Packet]]:
        """Namespaces that have sent a packet of this leg, and the packet as they sent it."""
        for (ns, found), lines in self.lines.items():
            if found == leg:
                yield from ((ns, s.packet) for s in lines if isinstance(s, HookPass) and (s.hook, s.passed) == ("output", "enter"))

    # ---- frames ------------------------------------------------------------------------------------------------------

    def frames(self, leg: Leg, ns: str, direction: str, after: int = 0, dev: str | None = None) -> Iterator[TappedFrame]:
        """Frames of a namespace that are not taken yet, seen at `after` (µs) or later."""
        for tap in self.taps[leg]:
            if tap.ns == ns and tap.direction == direction and (tap.at or 0) >= after and dev in (None, tap.dev):
                yield tap

    def take_frame(
        self, leg: Leg, ns: str, direction: str, after: int = 0, dev: str | None = None, mac: str | None = None
    ) -> TappedFrame | None:
        """The first of these. `mac`: only one to this address."""
        found = self.frames(leg, ns, direction, after, dev)
        return self._taken(leg, (tap for tap in found if mac is None or tap.packet.dst_mac == mac))

    def take_any(self, leg: Leg, after: int, but: tuple[str, str]) -> TappedFrame | None:
        """The first frame at `after` or later at any interface but this one (namespace, name)."""
        return self._taken(leg, (t for t in self.taps[leg] if (t.at or 0) >= after and (t.ns, t.dev) != but))

    def _taken(self, leg: Leg, frames: Iterator[TappedFrame]) -> TappedFrame | None:
        found = next(frames, None)
        if found is not None:
            self.taps[leg].remove(found)
        return found

    # ---- answers of the kernel ---------------------------------------------------------------------------------------

    def route(self, ns: str, packet: Packet, iif: str) -> RouteLookup | None:
        """The routing decision for a packet: as it was asked with its source, else for its destination alone."""
        found = [s for s in self.routes if s.ns == ns and s.dst == packet.dst and s.iif == iif]
        return next((s for s in reversed(found) if s.src == packet.src), None) or next(iter(found), None)

    def route_out(self, ns: str, dev: str, dst: str) -> RouteLookup | None:
        """The routing decision that sends packets for `dst` out by `dev`."""
        return next((s for s in reversed(self.routes) if (s.ns, s.dev, s.dst) == (ns, dev, dst)), None)

    def mac_told_from_copies(self, ns: str, dev: str, address: str) -> str | None:
        """The MAC address of the next hop, where copies of the packet leave the namespace too (TEE): their frames may be for another. None:
        there are no copies, or it is not known."""
        entry = self.neighbours.get((ns, dev, address))
        return entry.mac if entry is not None and entry.state != "none" and self._copies.are_in(ns) else None

    def resolution(self, ns: str, dev: str, address: str) -> tuple[bool, str]:
        """Whether a request for this address left by `dev` (ARP, neighbour discovery), and the MAC in the reply; empty: none came."""
        frames = [t for t in self.neighbour_frames if (t.ns, t.dev) == (ns, dev)]
        asked = any(t.direction == "out" and asks_for(t.packet) == address for t in frames)
        mac = next((t.packet.src_mac for t in frames if t.direction == "in" and answers_for(t.packet) == address), "")
        return asked, mac

    def port_of(self, ns: str, mac: str) -> str:
        """The port at which a bridge of the namespace learned a MAC address; empty where that is not known."""
        frames = (*self.neighbour_frames, *self.taps["original"], *self.taps["reply"])
        seen = next((t.dev for t in frames if t.ns == ns and t.direction == "in" and t.packet.src_mac == mac), "")
        return self.fdb.get((ns, mac)) or seen

    def learned(self, ns: str, mac: str, before: int) -> bool:
        """Whether a bridge of the namespace knew the MAC at `before` (µs): when the session began, or from a frame that came in since."""
        if self.fdb.get((ns, mac)):
            return True
        frames = (*self.neighbour_frames, *self.taps["original"], *self.taps["reply"])
        return any(t.ns == ns and t.direction == "in" and t.packet.src_mac == mac and (t.at or 0) < before for t in frames)


_FILED: dict[type[AnySighting], Callable[..., None]] = {
    HookPass: Evidence._file_line,
    RuleHit: Evidence._file_line,
    TappedFrame: Evidence._file_frame,
    RouteLookup: lambda evidence, found: evidence.routes.append(found),
    NeighbourLookup: Evidence._file_neighbour,
    FdbLookup: Evidence._file_fdb,
    SocketResult: lambda evidence, found: evidence.socket_results.append(found),
    PortLookup: lambda evidence, found: evidence.ports.update({found.ns: found.listens}),
    ForeignRules: lambda evidence, found: evidence.foreign.update({found.ns: found.tables}),
    TraceNote: lambda evidence, found: evidence.notes.append(found),
}
"""Where each kind of sighting is kept."""
