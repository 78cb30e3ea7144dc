"""Sightings put in order, to be asked by place: what was told at a hook, which frame was seen where and when."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from topology.journey.hop import Leg
from topology.journey.packet import ECHO_REQUESTS, Packet, asks_for, is_neighbour, tells_of
from topology.journey.probe import Probe
from topology.journey.sighting import (
    AnySighting,
    FdbLookup,
    Hook,
    HookPass,
    NeighbourLookup,
    RouteLookup,
    RuleHit,
    SocketResult,
    TappedFrame,
    TraceNote,
)


class Passage(NamedTuple):
    """One way through a hook. `left` None: it did not come out."""

    hook: Hook
    entered: HookPass | None
    lines: tuple[RuleHit, ...]
    left: HookPass | None

    @property
    def packet(self) -> Packet | None:
        """As it came to the hook."""
        first = self.entered or next(iter(self.lines), None)
        return first.packet if first else None

    @property
    def iif(self) -> str:
        return next((s.iif for s in (self.entered, *self.lines, self.left) if s is not None and s.iif), "")

    @property
    def oif(self) -> str:
        return next((s.oif for s in (self.left, *self.lines, self.entered) if s is not None and s.oif), "")


class _Legs:
    """Whether a packet goes there or comes back."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._there: set[tuple[str, int, str, int]] = set()

    def of(self, packet: Packet) -> Leg | None:
        """None: it is not the probe nor an answer to it."""
        if self.probe.protocol == "arp":
            return "original" if asks_for(packet) == self.probe.address else "reply" if tells_of(packet) == self.probe.address else None
        if is_neighbour(packet):
            return None
        if packet.error:
            return "reply"
        if packet.protocol == "tcp":
            return "original" if "S" in packet.flags and "A" not in packet.flags else "reply"
        if packet.protocol == "udp":
            return self._datagram(packet)
        return "original" if (packet.protocol, packet.type) in ECHO_REQUESTS else "reply"

    def _datagram(self, packet: Packet) -> Leg:
        """An answer has the addresses of what was seen before, the other way round; each namespace sees the question first."""
        if (packet.dst, packet.dport, packet.src, packet.sport) in self._there:
            return "reply"
        self._there.add((packet.src, packet.sport, packet.dst, packet.dport))
        return "original"


def _order(sighting: AnySighting) -> tuple[object, ...]:
    """Frames by their times, which say what was a question and what its answer; then what each namespace told, as it told it."""
    tapped = isinstance(sighting, TappedFrame)
    return not tapped, (sighting.at or 0) if tapped else 0, sighting.ns, sighting.number


class Evidence:
    """All sightings of one probe. What is taken is not found again."""

    def __init__(self, probe: Probe, sightings: Iterable[AnySighting]) -> None:
        self.lines: dict[tuple[str, Leg], deque[HookPass | RuleHit]] = {}
        self.taps: dict[Leg, list[TappedFrame]] = {"original": [], "reply": []}
        self.neighbours: list[TappedFrame] = []
        self.looked: list[RouteLookup] = []
        self.resolved: dict[tuple[str, str, str], NeighbourLookup] = {}
        self.fdb: dict[tuple[str, str], str] = {}
        self.told: list[SocketResult] = []
        self.notes: list[TraceNote] = []
        self._legs = _Legs(probe)
        for sighting in sorted(sightings, key=_order):
            self._file(sighting)
        for taps in (*self.taps.values(), self.neighbours):
            taps.sort(key=lambda t: t.at or 0)
        sent = next((t.at for t in self.taps["original"] if t.at is not None), None)
        self.start = sent if sent is not None else next((s.at for s in self.told if s.at is not None), 0)

    def _file(self, sighting: AnySighting) -> None:
        match sighting:
            case HookPass() | RuleHit():
                leg = self._legs.of(sighting.packet)
                if leg is not None:
                    self.lines.setdefault((sighting.ns, leg), deque()).append(sighting)
            case TappedFrame():
                leg = self._legs.of(sighting.packet)
                if leg is not None:
                    self.taps[leg].append(sighting)
                elif is_neighbour(sighting.packet):
                    self.neighbours.append(sighting)
            case RouteLookup():
                self.looked.append(sighting)
            case NeighbourLookup():
                self.resolved[sighting.ns, sighting.dev, sighting.address] = sighting
            case FdbLookup():
                self.fdb[sighting.ns, sighting.mac] = sighting.port
            case SocketResult():
                self.told.append(sighting)
            case TraceNote():
                self.notes.append(sighting)

    # ---- hooks -------------------------------------------------------------------------------------------------------

    def next_hook(self, ns: str, leg: Leg) -> Hook | None:
        """The hook that was come to next in a namespace."""
        found = next((s for s in self.lines.get((ns, leg), ()) if isinstance(s, HookPass)), None)
        return found.hook if found is not None else None

    def next_packet(self, ns: str, leg: Leg) -> Packet | None:
        """The packet as it came to the next hook."""
        found = next(iter(self.lines.get((ns, leg), ())), None)
        return found.packet if found is not None else None

    def next_is_bridged(self, ns: str, leg: Leg, bridge: str) -> bool:
        """Whether the next hook was called for a frame that the bridge hands on, not for a packet that IP routes."""
        found = next((s for s in self.lines.get((ns, leg), ()) if isinstance(s, HookPass)), None)
        if found is None:
            return False
        if found.hook == "forward":
            return found.iif == found.oif == bridge
        return (found.iif if found.hook == "prerouting" else found.oif) == bridge

    def take(self, ns: str, leg: Leg, hook: Hook) -> Passage | None:
        """The next way through this hook; None where another one came next, or none."""
        if self.next_hook(ns, leg) != hook:
            return None
        queue = self.lines[ns, leg]
        entered: HookPass | None = None
        lines: list[RuleHit] = []
        while queue:
            found = queue[0]
            if isinstance(found, HookPass) and (found.hook != hook or (found.passed == "enter" and entered is not None)):
                break
            queue.popleft()
            if isinstance(found, RuleHit):
                lines.append(found)
            elif found.passed == "leave":
                return Passage(hook, entered, tuple(lines), found)
            else:
                entered = found
        return Passage(hook, entered, tuple(lines), None)

    def starts(self, leg: Leg) -> Iterator[tuple[str, Packet]]:
        """Namespaces that have sent a packet of this leg, and the packet as they sent it."""
        for (ns, found), lines in self.lines.items():
            if found == leg:
                yield from ((ns, s.packet) for s in lines if isinstance(s, HookPass) and (s.hook, s.passed) == ("output", "enter"))

    # ---- frames ------------------------------------------------------------------------------------------------------

    def frames(self, leg: Leg, ns: str, direction: str, after: int = 0, dev: str | None = None) -> Iterator[TappedFrame]:
        """Frames of a namespace that are not taken yet, from a time on."""
        for tap in self.taps[leg]:
            if tap.ns == ns and tap.direction == direction and (tap.at or 0) >= after and dev in (None, tap.dev):
                yield tap

    def take_frame(self, leg: Leg, ns: str, direction: str, after: int = 0, dev: str | None = None) -> TappedFrame | None:
        """The first of these."""
        found = next(self.frames(leg, ns, direction, after, dev), None)
        if found is not None:
            self.taps[leg].remove(found)
        return found

    def take_any(self, leg: Leg, after: int, but: tuple[str, str]) -> TappedFrame | None:
        """The next frame anywhere, but at this interface."""
        found = next((t for t in self.taps[leg] if (t.at or 0) >= after and (t.ns, t.dev) != but), None)
        if found is not None:
            self.taps[leg].remove(found)
        return found

    # ---- answers of the kernel ---------------------------------------------------------------------------------------

    def route(self, ns: str, packet: Packet, iif: str) -> RouteLookup | None:
        """The routing decision for a packet: as it was asked with its source, else for its destination alone."""
        found = [s for s in self.looked if s.ns == ns and s.dst == packet.dst and s.iif == iif]
        return next((s for s in reversed(found) if s.src == packet.src), None) or next(iter(found), None)

    def next_hop(self, ns: str, dev: str, dst: str) -> RouteLookup | None:
        """The routing decision that sends packets for `dst` out by `dev`."""
        return next((s for s in reversed(self.looked) if (s.ns, s.dev, s.dst) == (ns, dev, dst)), None)

    def asked(self, ns: str, dev: str, address: str) -> tuple[bool, str]:
        """Whether the namespace asked the wire of `dev` for this address, and the MAC that it was told."""
        asked = any(t.direction == "out" and asks_for(t.packet) == address for t in self._on(ns, dev))
        told = next((t.packet.src_mac for t in self._on(ns, dev) if t.direction == "in" and tells_of(t.packet) == address), "")
        return asked, told

    def _on(self, ns: str, dev: str) -> Iterator[TappedFrame]:
        return (t for t in self.neighbours if (t.ns, t.dev) == (ns, dev))

    def learned(self, ns: str, mac: str, before: int) -> bool:
        """Whether a bridge of the namespace knew the MAC: from before, or from a frame that came in since."""
        if self.fdb.get((ns, mac)):
            return True
        frames = (*self.neighbours, *self.taps["original"], *self.taps["reply"])
        return any(t.ns == ns and t.direction == "in" and t.packet.src_mac == mac and (t.at or 0) < before for t in frames)
