"""The lab's own traffic, sampled: packets that open a flow are followed, each told as a whole when nothing more is seen of it.

Only such packets raise the trace flag or reach a tap: SYNs and their answers, echoes, UDP datagrams up to a rate. So a bulk transfer
costs its namespaces a few instructions a packet. Which packet a sighting is of is told by what no NAT changes: TCP's sequence number, the
start of the payload. A datagram and the one that goes back between the same ports are told as one journey.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from typing import NamedTuple

from agent.journey import nft
from agent.journey.bpf import Program, Test
from agent.journey.listeners import TraceListeners
from agent.journey.session import Session, Wanted
from agent.netlink.namespaces import Namespaces
from protocol.private import Sighted, TraceEnded, WatchPackets
from topology.journey.sighting import AnySighting, HookPass, RouteLookup, RuleHit, TappedFrame

Tell = Callable[[Sighted | TraceEnded], None]

_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_SYN = 0x02
_PROTOCOLS = {"icmp": (_ICMP, _ICMP6), "tcp": (_TCP,), "udp": (_UDP,), None: (_ICMP, _ICMP6, _TCP, _UDP)}
_ECHOES = {_ICMP: (8, 0), _ICMP6: (128, 129)}
_PAYLOAD = 12
"""Bytes of payload that nftables still tells: 20 from the transport header on (NFT_TRACETYPE_TRANSPORT_HSIZE)."""
_UDP_RATE = 50
"""Datagrams a second that are looked at, in each namespace."""
SILENCE = 0.25
"""s after which a packet's journey has ended."""
AT_ONCE = 4
"""Packets that are followed at the same time: this many times the rate."""
TICK = 0.1
"""s between two looks at which packets have ended."""
MAX_LOOKUPS = 500
_BUDGET = 4000
"""Sightings a second that are read; what comes beyond is left to the kernel to drop."""


def key(packet: bytes) -> str | None:
    """Which packet it is: the same before and after NAT, and for the answer. None: it opens no flow."""
    if len(packet) < 28:
        return None
    version6 = packet[0] >> 4 == 6
    at, protocol = (40, packet[6]) if version6 else ((packet[0] & 15) * 4, packet[9])
    head = packet[at : at + 8 + _PAYLOAD]
    if protocol == _TCP and len(head) >= 14 and head[13] & _SYN:
        answer = head[13] & 0x10
        number = int.from_bytes(head[8:12], "big") - 1 if answer else int.from_bytes(head[4:8], "big")
        return f"tcp{number & 0xFFFFFFFF:08x}"
    if protocol in _ECHOES and head[0] in _ECHOES[protocol]:
        return "icmp" + hashlib.blake2s(head[6:], digest_size=8).hexdigest()
    if protocol == _UDP and len(head) >= 8:
        return "udp" + hashlib.blake2s(head[4:6] + head[8:], digest_size=8).hexdigest()
    return None


class _Way(NamedTuple):
    ns: str
    src: str
    sport: int
    dst: str
    dport: int

    @property
    def back(self) -> "_Way":
        return _Way(self.ns, self.dst, self.dport, self.src, self.sport)


def _way(sighting: AnySighting) -> _Way | None:
    """None: no datagram."""
    if not isinstance(sighting, TappedFrame | HookPass) or (packet := sighting.packet).protocol != "udp":
        return None
    return _Way(sighting.ns, packet.src, packet.sport, packet.dst, packet.dport)


def _question_first(one: list[AnySighting], other: list[AnySighting]) -> list[AnySighting]:
    def begins(sightings: list[AnySighting]) -> float:
        return min((s.at for s in sightings if s.at is not None), default=float("inf"))

    return other + one if begins(other) < begins(one) else one + other


def _matches(request: WatchPackets) -> list[nft.Match]:
    out = []
    for protocol in _PROTOCOLS[request.protocol]:
        if protocol == _TCP:
            out.append(nft.Match(_TCP, (nft.Bytes(13, bytes([_SYN]), some=True),)))
        elif protocol == _UDP:
            out.append(nft.Match(_UDP, (), rate=_UDP_RATE))
        else:
            out += [nft.Match(protocol, (nft.Bytes(0, bytes([kind])),)) for kind in _ECHOES[protocol]]
    return out


def _program(request: WatchPackets) -> Program:
    out: list[list[Test]] = []
    for protocol in _PROTOCOLS[request.protocol]:
        four = [Test(12, 2, 0x0800), Test(23, 1, protocol)]
        six = [Test(12, 2, 0x86DD), Test(20, 1, protocol)]
        if protocol == _TCP:
            out += [[*four, Test(13, 1, _SYN, some=True, after_ip4=True)], [*six, Test(54 + 13, 1, _SYN, some=True)]]
        elif protocol == _UDP:
            out += [four, six]
        else:
            base, where = (six, 54) if protocol == _ICMP6 else (four, 0)
            out += [[*base, Test(where, 1, kind, after_ip4=protocol == _ICMP)] for kind in _ECHOES[protocol]]
    return out


class Watching:
    """One watch. `run` goes on until it is cancelled, and leaves nothing set up; then `ended` tells the rest."""

    def __init__(self, namespaces: Namespaces, listeners: TraceListeners, request: WatchPackets, tell: Tell) -> None:
        self.request, self.tell = request, tell
        self.loop = asyncio.get_running_loop()
        self.skipped = 0
        wanted = Wanted(_program(request), _matches(request), key)
        self.session = Session(namespaces, listeners, request.namespaces, wanted, self.sink, request.wires)
        self._packets: dict[str, list[AnySighting]] = {}
        self._flows: dict[_Way, list[str]] = {}
        """Where a datagram was seen, with its addresses and ports there → the packets that were, the oldest first."""
        self._last: dict[str, float] = {}
        self._left_out: dict[str, float] = {}
        self._lookups: dict[tuple[str, str, str], RouteLookup] = {}
        self._allowance = float(request.rate)
        self._read = 0
        self._listening: list[int] = []

    def sink(self, sighting: AnySighting) -> None:
        if isinstance(sighting, RouteLookup):
            self._lookups[sighting.ns, sighting.dst, sighting.iif] = sighting
            return
        if not sighting.key:
            return
        self._read += 1
        now = self.loop.time()
        if sighting.key not in self._packets:
            if sighting.key in self._left_out or len(self._packets) >= AT_ONCE * self.request.rate:
                self._left_out[sighting.key] = now
                return
            self._packets[sighting.key] = []
        self._packets[sighting.key].append(sighting)
        self._last[sighting.key] = now
        if (way := _way(sighting)) is not None:
            there = self._flows.setdefault(way, [])
            if sighting.key not in there:
                there.append(sighting.key)

    def _answer(self, name: str) -> str | None:
        """The datagram that goes the other way between the same ports, and is not told yet. (Of other protocols an answer has the key of
        what it answers.)"""
        for way in filter(None, map(_way, self._packets[name])):
            for other in self._flows.get(way.back, ()):
                if other != name:
                    return other
        return None

    def _take(self, name: str) -> list[AnySighting]:
        """All that was seen of it; it is not followed any more."""
        sightings = self._packets.pop(name)
        del self._last[name]
        for way in {way for way in map(_way, sightings) if way is not None}:
            if name in (there := self._flows.get(way, [])):
                there.remove(name)
            if not there:
                self._flows.pop(way, None)
        return sightings

    def _asked_for(self, sightings: list[AnySighting]) -> bool:
        """Whether somewhere on its way it has one of the hosts, and the port."""
        packets = [s.packet for s in sightings if isinstance(s, TappedFrame | HookPass | RuleHit)]
        hosts = not self.request.hosts or any(p.src in self.request.hosts or p.dst in self.request.hosts for p in packets)
        port = self.request.port is None or any(self.request.port in (p.sport, p.dport) for p in packets)
        return hosts and port

    def settle(self, before: float) -> None:
        """Tell the packets that were seen last before this time, as many as the rate lets."""
        for name in [k for k, last in self._last.items() if last < before]:
            if name not in self._packets:  # told with what it answered
                continue
            answer = self._answer(name)
            if answer is not None and self._last[answer] >= before:
                continue
            sightings = _question_first(self._take(name), self._take(answer) if answer is not None else [])
            if not self._asked_for(sightings):
                continue
            if self._allowance < 1:
                self.skipped += 1
                continue
            self._allowance -= 1
            self.tell(Sighted(id=self.request.id, sightings=(*sightings, *self._lookups.values())))
        gone = [k for k, last in self._left_out.items() if last < before]
        self.skipped += len(gone)
        for name in gone:
            del self._left_out[name]

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _ready(self) -> None:
        self.session.read()
        if self._read > _BUDGET * TICK:
            self._pause()

    def _pause(self) -> None:
        """Leave it to the kernel to drop what comes: until the next tick."""
        for fd in self._listening:
            self.loop.remove_reader(fd)
        self._listening = []

    def _listen(self) -> None:
        if not self._listening:
            self._listening = self.session.filenos()
            for fd in self._listening:
                self.loop.add_reader(fd, self._ready)

    async def run(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.session)
            stack.callback(self._pause)
            while True:
                self._read = 0
                self._listen()
                await asyncio.sleep(TICK)
                self._allowance = min(float(self.request.rate), self._allowance + self.request.rate * TICK)
                self.settle(self.loop.time() - SILENCE)
                if not self._packets or len(self._lookups) > MAX_LOOKUPS:
                    self._lookups.clear()
                    self.session.forget()

    def ended(self) -> None:
        self.settle(float("inf"))
        self.tell(TraceEnded(id=self.request.id, skipped=self.skipped))
