"""The lab's own traffic, sampled: packets that open a flow are followed, and each is sent with all its sightings when no more are seen.

Only such packets raise the trace flag or reach a tap: SYNs and their answers, echoes, UDP datagrams up to a rate. So a bulk transfer costs
its namespaces a few instructions a packet. Which packet a sighting is of, is known by what no NAT changes: TCP's sequence number, the start
of the payload. A datagram and the one in the other direction between the same ports are sent as one journey.
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
from topology.model.problems import Problem

Send = Callable[[Sighted | TraceEnded], None]

_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_SYN = 0x02
_PROTOCOLS = {"icmp": (_ICMP, _ICMP6), "tcp": (_TCP,), "udp": (_UDP,), None: (_ICMP, _ICMP6, _TCP, _UDP)}
_ECHOES = {_ICMP: (8, 0), _ICMP6: (128, 129)}
_PAYLOAD = 12
"""Bytes of payload that nftables reports: 20 from the transport header on (NFT_TRACETYPE_TRANSPORT_HSIZE)."""
_UDP_RATE = 50
"""Datagrams a second that are traced, in each namespace."""
SILENCE = 0.25
"""Seconds without a sighting after which a packet's journey has ended."""
AT_ONCE = 500
"""Packets that are followed at the same time: those that 1,000 flows a second have within `SILENCE`, twice."""
RETRANSMITTED = 130.0
"""Seconds in which a packet with the same key is the same again: a SYN is sent for 127 s (tcp_syn_retries of tcp(7))."""
TICK = 0.1
"""Seconds between two searches for packets whose journey has ended."""
MAX_LOOKUPS = 500
_BUDGET = 4000
"""Sightings a second that are read. The kernel drops what comes beyond that."""


def key(packet: bytes) -> str | None:
    """Which packet it is (from its IP header on): the same key before and after NAT, and for its answer. None: it opens no flow."""
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


class _Flow(NamedTuple):
    """Datagrams between two ports, in one direction, as they are seen in a namespace."""

    ns: str
    src: str
    sport: int
    dst: str
    dport: int

    @property
    def reply(self) -> "_Flow":
        """The other direction."""
        return _Flow(self.ns, self.dst, self.dport, self.src, self.sport)


def _flow(sighting: AnySighting) -> _Flow | None:
    """None: it is of no datagram."""
    if not isinstance(sighting, TappedFrame | HookPass) or (packet := sighting.packet).protocol != "udp":
        return None
    return _Flow(sighting.ns, packet.src, packet.sport, packet.dst, packet.dport)


def _is_sending(sighting: AnySighting) -> bool:
    """Whether the packet is seen being sent: one whose beginning was not traced (more datagrams than `_UDP_RATE`) is no whole journey."""
    return isinstance(sighting, HookPass) and (sighting.hook, sighting.passed) == ("output", "enter")


def _earlier_first(one: list[AnySighting], other: list[AnySighting]) -> list[AnySighting]:
    """The sightings of two packets, first those of the one that was seen first."""

    def begins(sightings: list[AnySighting]) -> float:
        return min((s.at for s in sightings if s.at is not None), default=float("inf"))

    return other + one if begins(other) < begins(one) else one + other


def _matches(request: WatchPackets) -> list[nft.Match]:
    """The rules of nftables for the packets that are asked for."""
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
    """The filter of the taps for the packets that are asked for."""
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
    """One sampling of the lab's traffic. `run` goes on until it is cancelled; then `ended` has to be called."""

    def __init__(self, namespaces: Namespaces, listeners: TraceListeners, request: WatchPackets, send: Send) -> None:
        self._request, self._send = request, send
        self._loop = asyncio.get_running_loop()
        self._skipped = 0
        wanted = Wanted(_program(request), _matches(request), key)
        self._session = Session(namespaces, listeners, request.namespaces, wanted, self._sink, request.wires)
        self._packets: dict[str, list[AnySighting]] = {}
        self._flows: dict[_Flow, list[str]] = {}
        """Datagrams in one direction between two ports, as seen in a namespace → the packets that they were, the oldest first."""
        self._last: dict[str, float] = {}
        self._left_out: dict[str, float] = {}
        self._done: dict[str, float] = {}
        """Packets that were told of, or skipped → when they were last seen. One that comes again is a retransmission."""
        self._lookups: dict[tuple[str, str, str], RouteLookup] = {}
        self._allowance = float(request.rate)
        self._read = 0
        self._listening: list[int] = []

    def _sink(self, sighting: AnySighting) -> None:
        if isinstance(sighting, RouteLookup):
            self._lookups[sighting.ns, sighting.dst, sighting.iif] = sighting
            return
        if not sighting.key:
            return
        self._read += 1
        if self._is_sent_again(sighting):
            return
        if self._is_followed(sighting.key):
            self._packets[sighting.key].append(sighting)
            self._last[sighting.key] = self._loop.time()
            if (flow := _flow(sighting)) is not None and sighting.key not in (keys := self._flows.setdefault(flow, [])):
                keys.append(sighting.key)

    def _is_sent_again(self, sighting: AnySighting) -> bool:
        """Whether it is of a packet that is done with: its sender, or one that asks again, has sent it once more. Only TCP's keys say so:
        two datagrams may be alike."""
        if sighting.key not in self._done or not sighting.key.startswith("tcp"):
            return False
        self._done[sighting.key] = self._loop.time()
        return True

    def _is_followed(self, packet: str) -> bool:
        """Whether its sightings are kept: a new packet is left out where too many are followed already."""
        if packet not in self._packets:
            if packet in self._left_out or len(self._packets) >= AT_ONCE:
                self._left_out[packet] = self._loop.time()
                return False
            self._packets[packet] = []
        return True

    def _answer(self, packet: str) -> str | None:
        """The datagram in the other direction between the same ports, if it was not sent yet. (With other protocols an answer has the
        key of what it answers.)"""
        for flow in filter(None, map(_flow, self._packets[packet])):
            for other in self._flows.get(flow.reply, ()):
                if other != packet:
                    return other
        return None

    def _take(self, packet: str) -> list[AnySighting]:
        """All sightings of a packet, which is no longer followed."""
        sightings = self._packets.pop(packet)
        self._done[packet] = self._last.pop(packet)
        for flow in {flow for flow in map(_flow, sightings) if flow is not None}:
            if packet in (keys := self._flows.get(flow, [])):
                keys.remove(packet)
            if not keys:
                self._flows.pop(flow, None)
        return sightings

    def _asked_for(self, sightings: list[AnySighting]) -> bool:
        """Whether it has one of the hosts, and the port, that were asked for: at any place, for NAT may change them."""
        packets = [s.packet for s in sightings if isinstance(s, TappedFrame | HookPass | RuleHit)]
        hosts = not self._request.hosts or any(p.src in self._request.hosts or p.dst in self._request.hosts for p in packets)
        port = self._request.port is None or any(self._request.port in (p.sport, p.dport) for p in packets)
        return hosts and port

    def _report_until(self, before: float) -> None:
        """Send the packets of which nothing was seen since `before` (the loop's seconds), as many as the rate allows."""
        for packet in [k for k, last in self._last.items() if last < before]:
            if packet not in self._packets:  # sent with the packet that it answers
                continue
            answer = self._answer(packet)
            if answer is None or self._last[answer] < before:
                self._send_packet(_earlier_first(self._take(packet), self._take(answer) if answer is not None else []))
        dropped = [k for k, last in self._left_out.items() if last < before]
        self._skipped += len(dropped)
        for packet in dropped:
            self._done[packet] = self._left_out.pop(packet)
        for packet in [k for k, last in self._done.items() if last < before - RETRANSMITTED]:
            del self._done[packet]

    def _send_packet(self, sightings: list[AnySighting]) -> None:
        if not self._asked_for(sightings):
            return
        if self._allowance < 1 or not any(map(_is_sending, sightings)):
            self._skipped += 1
            return
        self._allowance -= 1
        self._send(Sighted(id=self._request.id, sightings=(*sightings, *self._lookups.values()), skipped=self._skipped))

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _ready(self) -> None:
        self._session.read()
        if self._read > _BUDGET * TICK:
            self._pause()

    def _pause(self) -> None:
        """Read nothing until the next tick: the kernel drops what does not fit in the sockets."""
        for fd in self._listening:
            self._loop.remove_reader(fd)
        self._listening = []

    def _listen(self) -> None:
        if not self._listening:
            self._listening = self._session.filenos()
            for fd in self._listening:
                self._loop.add_reader(fd, self._ready)

    async def run(self) -> None:
        """Follow packets until it is cancelled; then everything that was set up is removed."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._session)
            stack.callback(self._pause)
            while True:
                self._read = 0
                self._listen()
                await asyncio.sleep(TICK)
                self._allowance = min(float(self._request.rate), self._allowance + self._request.rate * TICK)
                self._report_until(self._loop.time() - SILENCE)
                if not self._packets or len(self._lookups) > MAX_LOOKUPS:
                    self._lookups.clear()
                    self._session.forget_lookups()

    def ended(self, problem: Problem | None) -> None:
        """Send the packets that were still followed, and that it has ended. `problem`: what ended it."""
        self._report_until(float("inf"))
        self._send(TraceEnded(id=self._request.id, skipped=self._skipped, problem=problem))
