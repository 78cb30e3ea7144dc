"""One session: what is set up in its namespaces, the sightings that come of it, and its end, at which nothing of it is left."""

import itertools
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple, TypeVar

import msgspec

from agent.filter.nft_tables import TRACES
from agent.journey import decode, lookup, nft
from agent.journey.bpf import Program
from agent.journey.clock import await_timestamps
from agent.journey.listeners import TraceListeners
from agent.journey.taps import Frame
from agent.journey.wires import Taps, Wires
from agent.netlink import sockets
from agent.netlink.namespaces import Namespaces, Netns
from topology.journey import packet as pk
from topology.journey.forwarding import takes
from topology.journey.packet import Packet, is_neighbour
from topology.journey.sighting import (
    AnySighting,
    FdbLookup,
    ForeignRules,
    Hook,
    HookPass,
    PortLookup,
    RouteLookup,
    RuleHit,
    TappedFrame,
    TraceNote,
)
from topology.model import ids
from topology.model.ids import Ref
from topology.model.netfilter import Family

ETHERNET = 14
"""Bytes of an Ethernet header."""
_numbers = itertools.count(1)
_MOST = 4096
"""Packets of which a namespace remembers where they were last seen."""
_K = TypeVar("_K")
_V = TypeVar("_V")


def _remember(memory: dict[_K, _V], key: _K, value: _V) -> None:
    """Put it last; with more than `_MOST` entries the first is dropped."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > _MOST:
        del memory[next(iter(memory))]


class Wanted(NamedTuple):
    """What a session follows: the filter of its taps, and the matches that set the trace flag. `key` says which packet these bytes are
    (from the IP header on), None: none of those that are followed. `family` None: of either."""

    program: Program
    matches: Sequence[nft.Match]
    key: Callable[[bytes], str | None]
    family: Family | None = None


class _Traced(NamedTuple):
    """A packet in the trace: the last line that had its headers, interfaces, mark and state, and which of those that are followed it is."""

    line: decode.Line
    key: str


_Way = tuple[object, ...]
"""A packet by its key, and which of those that have it: while a rule rejects or copies a packet, the error or the answer passes hooks of
its own. What tells them apart is not changed between prerouting, or output, and postrouting."""


def _way(key: str, data: bytes) -> _Way:
    packet = pk.ip(data) or Packet()
    return key, packet.error, packet.type, packet.flags, packet.src, packet.sport


def _whole(way: _Way) -> _Way:
    """Without its source, which SNAT changes in input."""
    return way[:4]


def _question(hooked: HookPass) -> RouteLookup:
    """The routing decision for a packet at a hook: all that a rule of ip-rule(8) can ask."""
    packet = hooked.packet
    return RouteLookup(
        ns=hooked.ns, dst=packet.dst, src=packet.src, iif=hooked.iif, mark=hooked.mark, protocol=packet.protocol, sport=packet.sport,
        dport=packet.dport, tos=packet.tos,
    )  # fmt: skip


class _Place:
    """What a session has in one namespace."""

    def __init__(self, netns: Netns) -> None:
        self.netns = netns
        self.taps: Taps | None = None
        self.count = 0
        self.traced: dict[int, _Traced] = {}
        """nftables' number of a packet that is followed → what it is."""
        self.flagged: dict[int, bool] = {}
        """Number of a packet → whether a rule of this session has matched it (or else another's); numbers come again with other packets."""
        self.fdb: dict[str, str] = {}
        """MAC address → port of a bridge, as the session began."""
        self.looked_up_macs: set[str] = set()
        self.last_hook: dict[_Way, HookPass] = {}
        """Packet → at which hook it was last; and packet with nftables' number of it, which a copy (TEE) does not share."""
        self.in_input: set[_Way] = set()
        """Packets that have entered input, and not left it: a copy that a rule makes (TEE) passes other hooks meanwhile."""
        self.left_prerouting: dict[_Way, HookPass] = {}
        """Packet → how it last left prerouting."""
        self.asked: set[tuple[object, ...]] = set()
        """Route lookups that were made."""
        self.next_hops: set[tuple[str, str]] = set()
        """Interface and address of the next hops that the routes lead to."""

    def number(self) -> int:
        """The number of the next sighting here, from 1."""
        self.count += 1
        return self.count

    def last(self, way: _Way, skb: int) -> HookPass | None:
        """At which hook a packet was last. Lines of the legacy trace have no number of it; on a bridge it gets another one."""
        return self.last_hook.get((*way, skb)) or self.last_hook.get(way)


class Session:
    """`with Session(…) as s`: packets are seen as long as this lasts. `s.read` passes each sighting to `sink`, in order; `filenos` are the
    descriptors to wait for. What cannot be set up in a namespace is passed as a `TraceNote`; the others are followed all the same.

    `wires`: pairs of interfaces (`ns/name`), the two ends of a veth each.
    """

    def __init__(
        self, namespaces: Namespaces, listeners: TraceListeners, places: Sequence[str], wanted: Wanted, sink: Callable[[AnySighting], None],
        wires: Iterable[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        self._namespaces, self._listeners, self._wanted, self._sink = namespaces, listeners, wanted, sink
        found = [netns for name in dict.fromkeys(places) if (netns := namespaces.get(name)) is not None]
        self._places = {netns.name: _Place(netns) for netns in found}
        self._wires = Wires(wire for wire in wires if all(ids.namespace_of(end) in self._places for end in wire))
        self.name = f"{TRACES}{next(_numbers)}"
        self._seen: dict[bytes, bool] = {}
        """Outlines of the packets that are followed."""
        self.started = 0
        """CLOCK_REALTIME in ns."""

    def __enter__(self) -> "Session":
        spaces = [place.netns for place in self._places.values()]
        try:
            self._namespaces.visit_all(spaces, self._tap)
            self._namespaces.visit(self._namespaces.watch, await_timestamps)
            problems = self._listeners.open(nft.Table(self.name, self._wanted.family), spaces, self._wanted.matches, self._on_line)
        except BaseException:
            self.close()
            raise
        for place in self._places.values():
            place.fdb = lookup.fdb(place.netns, self._devices(place))
        self.started = time.time_ns()
        for place in self._places.values():
            if tables := self._listeners.of(place.netns).foreign:
                self._sink(ForeignRules(ns=place.netns.name, tables=tables))
        for ns, text in problems:
            self._sink(TraceNote(ns=ns, text=text))
        return self

    def _tap(self, netns: Netns) -> None:
        self._places[netns.name].taps = Taps(netns.name, self._wanted.program, self._wires)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything that was set up."""
        sockets = self._listeners.close(self.name)
        for place in self._places.values():
            if place.taps is not None:
                sockets += place.taps.sockets
                place.taps = None
        # each waits for RCU, 10 to 20 ms: together as long as one
        with ThreadPoolExecutor(max(1, len(sockets)), "close") as pool:
            list(pool.map(socket.socket.close, sockets))

    def filenos(self) -> list[int]:
        """The descriptors that become readable when there is something to `read`."""
        taps = [socket.fileno() for place in self._places.values() if place.taps for socket in place.taps.sockets]
        return taps + self._listeners.filenos(self.name)

    def read(self) -> None:
        """Pass on all that was seen since the last call."""
        for place in self._places.values():
            for frame in place.taps.read() if place.taps else ():
                self._on_frame(place, frame)
        self._listeners.read(self.name)

    def _devices(self, place: _Place) -> dict[int, str]:
        """ifindex → name, as the session began."""
        return self._listeners.of(place.netns).devices

    # ---- frames ------------------------------------------------------------------------------------------------------

    def _on_frame(self, place: _Place, frame: Frame) -> None:
        packet = pk.ethernet(frame.data, frame.vlan)
        key = self._wanted.key(frame.data[ETHERNET:])
        if packet is None or (key is None and not is_neighbour(packet)):
            return
        tapped = TappedFrame(
            ns=place.netns.name, key=key or "", number=place.number(), at=(frame.at - self.started) // 1000, dev=frame.dev,
            direction=frame.direction, packet=packet,
        )  # fmt: skip
        if frame.direction == "in":
            self._sent_by_other_end(tapped)
        self._sink(tapped)
        if frame.direction == "in" and place.fdb and packet.dst_mac not in place.looked_up_macs:
            place.looked_up_macs.add(packet.dst_mac)
            self._sink(FdbLookup(ns=place.netns.name, mac=packet.dst_mac, port=place.fdb.get(packet.dst_mac, "")))

    def _sent_by_other_end(self, received: TappedFrame) -> None:
        """Report a frame that was received also where it was sent, if no tap sees it there."""
        sender = Ref.parse(self._wires.other_end(ids.join(received.ns, received.dev)) or "")
        place = self._places.get(sender.namespace)
        if place is not None and place.taps is not None and place.taps.only_in:
            self._sink(msgspec.structs.replace(received, ns=sender.namespace, number=place.number(), dev=sender.name, direction="out"))

    # ---- lines of a trace --------------------------------------------------------------------------------------------

    def _on_line(self, netns: Netns, line: decode.Line) -> None:
        place = self._places[netns.name]
        if line.id == 0:
            if (key := self._wanted.key(line.packet)) is not None:  # else another session's
                self._on_rule(place, line, _Traced(line, key), line.number)
        else:
            self._on_nft_line(place, line)

    def _on_nft_line(self, place: _Place, line: decode.Line) -> None:
        ours = line.table == self.name
        if line.type == "rule" and line.chain in nft.MATCHED_IN and line.table.startswith(TRACES):
            _remember(place.flagged, line.id, ours)
        if line.packet:  # once per base chain, with its first line
            self._identify(place, line)
        traced = place.traced.get(line.id)
        if traced is None:
            return
        if ours:
            if line.packet:
                self._on_trace_chain(place, traced.line, traced.key)
        elif not line.table.startswith(TRACES) and (line.type != "rule" or line.number):
            numbers = self._listeners.of(place.netns).numbers
            number = numbers.get((line.table, line.chain, line.number), 0) if line.type == "rule" else 0
            self._on_rule(place, line, traced, number)

    def _identify(self, place: _Place, line: decode.Line) -> None:
        """Whose packet this is: the flag may have been set by another session, or by a rule of the user's."""
        whole = line._replace(packet=decode.without_fragment_header(line.packet, lambda p: self._wanted.key(p) is not None))
        key = self._wanted.key(whole.packet)
        if key is not None:
            _remember(self._seen, decode.outline(whole.packet), True)
        if key is None and self._is_error_of_ours(place, line):
            key = ""
        if key is None:
            place.traced.pop(line.id, None)
        else:
            _remember(place.traced, line.id, _Traced(whole, key))

    def _is_error_of_ours(self, place: _Place, line: decode.Line) -> bool:
        """The packet in an ICMP error is cut off in a trace: known are its outline, and whose rule has matched it. On a bridge, the copies
        that it forwards have other numbers."""
        packet = pk.ip(line.packet)
        if packet is None or not packet.error or decode.outline_in_error(line.packet) not in self._seen:
            return False
        return place.flagged.get(line.id, self._listeners.of(place.netns).sessions == 1)

    def _on_trace_chain(self, place: _Place, line: decode.Line, key: str) -> None:
        """The packet is in a chain of the session's own table: at the beginning or the end of a hook."""
        name, _, passed = line.chain.partition("-")
        hook: Hook = name  # type: ignore[assignment]  # the chains of our own table are named after the hooks
        last = place.last(_way(key, line.packet), line.id)
        if (hook, passed) == ("postrouting", "enter"):
            self._before_postrouting(place, line, key, last)
        elif (hook, passed) == ("input", "leave") and _whole(_way(key, line.packet)) not in place.in_input:
            self._report_hook(place, line, key, hook, "enter")
        self._report_hook(place, line, key, hook, "enter" if passed == "enter" else "leave")

    def _before_postrouting(self, place: _Place, line: decode.Line, key: str, last: HookPass | None) -> None:
        """A packet at postrouting has left output or forward. That it entered forward, perhaps no line showed."""
        output = last is not None and last.hook == "output"
        forwarded = _way(key, line.packet) in place.left_prerouting
        if not output and forwarded and (last is None or last.hook != "forward"):
            self._report_hook(place, line, key, "forward", "enter")
        if output or forwarded:
            self._report_hook(place, line, key, "output" if output else "forward", "leave")

    def _report_hook(self, place: _Place, line: decode.Line, key: str, hook: Hook, passed: Literal["enter", "leave"]) -> None:
        devices = self._devices(place)
        iif, oif = devices.get(line.iif, ""), devices.get(line.oif, "")
        packet, way = pk.ip(line.packet) or Packet(), _way(key, line.packet)
        if hook == "forward" and not iif and way in place.left_prerouting:
            iif = place.left_prerouting[way].iif
        hooked = HookPass(
            ns=place.netns.name, key=key, number=place.number(), hook=hook, passed=passed, iif=iif, oif=oif, mark=line.mark,
            state=line.state, packet=packet, skb=line.id,
        )  # fmt: skip
        _remember(place.last_hook, way, hooked)
        _remember(place.last_hook, (*way, line.id), hooked)
        if hook == "input":
            (place.in_input.add if passed == "enter" else place.in_input.discard)(_whole(way))
        if (hook, passed) == ("prerouting", "leave"):
            _remember(place.left_prerouting, way, hooked)
        self._sink(hooked)
        # what a namespace sends to itself keeps the route that it was sent with
        if (hook, passed) in (("prerouting", "leave"), ("output", "enter"), ("output", "leave")) and iif != "lo":
            self._look_up(place, _question(hooked))

    def _on_rule(self, place: _Place, line: decode.Line, traced: _Traced, number: int) -> None:
        """`traced`: the packet, for nftables as an earlier line of the same chain had it."""
        headers, key = traced
        last = place.last(_way(key, headers.packet), line.id)
        if last is not None and (last.hook, last.passed) == ("prerouting", "leave"):  # so this is the first line of the next hook
            self._report_hook(place, headers._replace(id=last.skb), key, "forward" if headers.oif else "input", "enter")
        devices = self._devices(place)
        packet = pk.ip(headers.packet) or Packet()
        self._sink(
            RuleHit(
                ns=place.netns.name, key=key, number=place.number(), driver="nft" if line.id else "legacy",
                family=packet.family, table=line.table, chain=line.chain, type=line.type, rule_number=number,
                verdict=line.verdict, iif=devices.get(headers.iif, ""), oif=devices.get(headers.oif, ""), mark=headers.mark, packet=packet,
                skb=line.id,
            )
        )  # fmt: skip

    # ---- lookups -----------------------------------------------------------------------------------------------------

    def look_up_route(self, question: RouteLookup) -> None:
        """Report where the kernel routes a packet that a namespace itself sends."""
        self._look_up(self._places[question.ns], question)

    def _look_up(self, place: _Place, question: RouteLookup) -> None:
        """Report where the kernel routes such a packet, once for each question."""
        key = (question.dst, question.src, question.iif, question.mark, question.protocol, question.sport, question.dport, question.tos)
        if not question.dst or key in place.asked:
            return
        place.asked.add(key)
        found = lookup.route(place.netns, question, self._devices(place))
        if found.dev and (found.type == "unicast"):
            place.next_hops.add((found.dev, found.via or found.dst))
        self._sink(found)

    def look_up_port(self, ns: str, address: str, port: int) -> None:
        """Report whether a socket of the namespace waits for datagrams to this address and port."""
        found = any(takes(s, "udp", address, port) is not False for s in sockets.listening(self._namespaces, ns))
        self._sink(PortLookup(ns=ns, port=port, listens=found))

    def forget_lookups(self) -> None:
        """Look routes up again from now on: the answers may have changed."""
        for place in self._places.values():
            place.asked.clear()
            place.next_hops.clear()

    def look_up_neighbours(self) -> None:
        """Report the neighbour entries, as they are now, of all next hops that the routes led to."""
        for place in self._places.values():
            indices = {name: index for index, name in self._devices(place).items()}
            for dev, address in sorted(place.next_hops):
                if dev in indices:
                    self._sink(lookup.neighbour(place.netns, dev, indices[dev], address))
