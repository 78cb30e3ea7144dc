"""Where a packet would go: the same hops as those of a packet that was sent, from what is known of the lab alone. Pure.

It models what Vethboard shows: interfaces, bridges, routes of table main, forwarding, rp_filter, MTU, and the chains, with the matches
and targets of `matching` and `simulate`. What it does not know is an `unknown` hop, at which it stops, or one of the journey's
`assumptions`.
"""

import errno
import ipaddress
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from topology.journey.forwarding import ForwardingView, RouteEntry
from topology.journey.hop import Cause, Hop, Journey, Leg, RuleAt, Verdict
from topology.journey.packet import Packet
from topology.journey.probe import Probe
from topology.journey.sighting import Hook
from topology.journey.simulate import Place, Simulator
from topology.model.graph import Graph
from topology.model.problems import Problem
from topology.model.records import AnyInterface, AnyRecord, Bridge, Neighbour, is_bridge
from topology.observe.live import LinkLive, LiveRecords
from topology.observe.normal import owner

MAX_HOPS = 64
_REFUSALS = {"blackhole": errno.EINVAL, "unreachable": errno.EHOSTUNREACH, "prohibit": errno.EACCES, "throw": errno.ENETUNREACH}
_BRIDGED: tuple[Hook, ...] = ("prerouting", "forward", "postrouting")


def predict(probe: Probe, records: Mapping[str, AnyRecord], live: LiveRecords, without: Iterable[RuleAt] = ()) -> Journey:
    """The journey that the probe would make. `without`: as if these rules were not there."""
    left_out = frozenset((r.namespace, r.family, r.table, r.chain, r.number) for r in without)
    run = _Prediction(probe, ForwardingView(Graph(records), live), left_out)
    verdict = run.verdict()
    return Journey(probe=probe, hops=tuple(run.hops), verdict=verdict, predicted=True, assumptions=tuple(run.assumptions))


class _Translation(NamedTuple):
    """What a namespace's NAT made of the packet: conntrack undoes it for the answer."""

    before: Packet
    after: Packet


class _Ended(Exception):
    """The way ends here."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.cause)
        self.verdict = verdict


class _Prediction:
    """One packet and its answer."""

    def __init__(self, probe: Probe, view: ForwardingView, without: frozenset[tuple[str, str, str, str, int]]) -> None:
        self.probe, self.view = probe, view
        self.hops: list[Hop] = []
        self.assumptions: dict[str, None] = {}
        self.simulator = Simulator(view, without, self.hops, self.assumptions)
        self.leg: Leg = "there"
        self.mark = probe.mark
        self.translations: dict[str, _Translation] = {}
        self.ports = {"tcp": probe.to_port, "udp": probe.to_port}

    def verdict(self) -> Verdict:
        try:
            if self.probe.protocol == "arp":
                return self._ask()
            packet = self._packet()
            end, packet = self._way(self.probe.namespace, packet)
            answer = self._answer(end, packet)
            if answer is not None:
                self.leg, self.mark = "back", 0
                self._way(end, answer)
            self.leg = "there"
            return self._told(Cause.DELIVERED, end, object=f"namespace:{end}")
        except _Ended as ended:
            return ended.verdict

    # ---- telling -----------------------------------------------------------------------------------------------------

    def _hop(self, kind: str, ns: str, **fields: object) -> None:
        self.hops.append(msgspec.convert({"kind": kind, "namespace": ns, "leg": self.leg, **fields}, Hop))

    def _told(self, cause: Cause, ns: str, **fields: object) -> Verdict:
        return msgspec.convert({"cause": cause, "leg": self.leg, "namespace": ns, "hop": len(self.hops) - 1, **fields}, Verdict)

    def _end(self, cause: Cause, ns: str, **fields: object) -> "_Ended":
        return _Ended(self._told(cause, ns, **fields))

    # ---- the packet --------------------------------------------------------------------------------------------------

    def _packet(self) -> Packet:
        probe, six = self.probe, self.probe.family == "ipv6"
        ttl = probe.ttl or int(self.view.sysctl(probe.namespace, "net.ipv4.ip_default_ttl") or 0) or 64
        protocol = ("icmpv6" if six else "icmp") if probe.protocol == "icmp" else probe.protocol
        packet = Packet(protocol=protocol, dst=probe.address, ttl=ttl, df=probe.dont_fragment, sport=probe.source_port, dport=probe.to_port)
        change = msgspec.structs.replace
        if probe.protocol == "icmp":
            packet = change(packet, type=128 if six else 8)
        if probe.protocol == "tcp":
            return change(packet, flags="S", length=80 if six else 60, df=not six)
        return change(packet, length=max(probe.size, 8) + (48 if six else 28))

    def _answer(self, ns: str, packet: Packet) -> Packet | None:
        """What comes back; None: nothing has to."""
        probe, change = self.probe, msgspec.structs.replace
        if probe.protocol in ("tcp", "udp"):
            self.assumptions[f"something listens on {probe.protocol} port {packet.dport} in {ns}"] = None
        if probe.protocol == "udp":
            return None
        problem = next(self.view.ignores_echo(ns, ipaddress.ip_address(packet.dst)), None)
        if probe.protocol == "icmp" and problem is not None:
            raise self._end(Cause.NO_ANSWER, ns, object=f"namespace:{ns}", note=problem.message)
        answer = change(packet, src=packet.dst, dst=packet.src, sport=packet.dport, dport=packet.sport, ttl=64)
        if probe.protocol == "tcp":
            return change(answer, flags="SA")
        return change(answer, type=129 if packet.type == 128 else 0)

    # ---- the way -----------------------------------------------------------------------------------------------------

    def _way(self, here: str, packet: Packet) -> tuple[str, Packet]:
        """From the namespace that sends to the one that takes it: that one, and the packet as it took it."""
        packet, dev, via = self._send(here, packet)
        for _ in range(MAX_HOPS):
            came = self._cross(here, dev, via, packet)
            here, packet, local, onward = self._arrive(came, packet)
            if local:
                return here, packet
            assert onward is not None
            dev, via = onward
        raise self._end(Cause.UNKNOWN, here, note="the routes make a circle")

    def _send(self, here: str, packet: Packet) -> tuple[Packet, str, str]:
        route = self._lookup(here, packet, "send" if self.leg == "there" else "answer")
        if not packet.src:
            source = self.view.sender(here, route, ipaddress.ip_address(packet.dst))
            if source is None:
                raise self._end(Cause.REFUSED, here, errno=errno.EADDRNOTAVAIL, object=f"interface:{here}/{route.dev}")
            packet = msgspec.structs.replace(packet, src=str(source))
            self.hops[-2] = msgspec.structs.replace(self.hops[-2], packet=packet)
        dst = packet.dst
        packet = self._hook(here, "output", packet, oif=route.dev or "")
        if packet.dst != dst:
            route = self._lookup(here, packet)
        self._fits(here, packet, route.dev or "")
        packet = self._postroute(here, packet, route)
        return packet, route.dev or "", route.via or packet.dst

    def _postroute(self, here: str, packet: Packet, route: RouteEntry, iif: str = "") -> Packet:
        after = self._hook(here, "postrouting", packet, iif=iif, oif=route.dev or "")
        return self._undo(here, after, "postrouting")

    def _hook(self, ns: str, hook: Hook, packet: Packet, iif: str = "", oif: str = "") -> Packet:
        state = "NEW" if self.leg == "there" else "ESTABLISHED"
        done = self.simulator.through(Place(ns, hook, self.leg, iif, oif, self.mark, state), packet)
        self.mark = done.mark
        if done.end is not None:
            raise self._stopped(ns, done.end)
        if self.leg == "there" and _tuple(done.packet) != _tuple(packet):
            first = self.translations.get(ns)
            self.translations[ns] = _Translation(first.before if first is not None else packet, done.packet)
        return done.packet

    def _stopped(self, ns: str, hop: Hop) -> "_Ended":
        if hop.kind == "unknown" or hop.rule is None:
            return self._end(Cause.UNKNOWN, ns, object=hop.object, rule=hop.rule, note=hop.note)
        cause = (
            Cause.DROPPED_BY_POLICY if not hop.rule.number else Cause.REJECTED_BY_RULE if hop.outcome == "reject" else Cause.DROPPED_BY_RULE
        )
        return self._end(cause, ns, object=hop.object, rule=hop.rule)

    def _undo(self, ns: str, packet: Packet, hook: Hook) -> Packet:
        """An answer gets its addresses back: the destination before routing, the source after it."""
        known = self.translations.get(ns) if self.leg == "back" else None
        if known is None:
            return packet
        before, after, change = known.before, known.after, msgspec.structs.replace
        if hook == "prerouting" and (packet.dst, packet.dport) == (after.src, after.sport):
            done = change(packet, dst=before.src, dport=before.sport)
        elif hook == "postrouting" and (packet.src, packet.sport) == (after.dst, after.dport):
            done = change(packet, src=before.dst, sport=before.dport)
        else:
            return packet
        if done != packet:
            self._hop("nat", ns, object=f"namespace:{ns}", packet=packet, after=done, hook=hook)
        return done

    # ---- routing -----------------------------------------------------------------------------------------------------

    def _local(self, ns: str, address: str) -> bool:
        there = ipaddress.ip_address(address)
        mine = [i for i in self.view.owners.get(str(there), ()) if i.namespace == ns]
        return there.is_loopback or any(i.up for i in mine)

    def _lookup(self, ns: str, packet: Packet, first: str = "", after: Packet | None = None) -> RouteEntry:
        """The route, as a hop. `first`: the hop before it, told in any case."""
        if first:
            at = 0 if self.leg == "there" else None
            self._hop(first, ns, object=f"namespace:{ns}", packet=packet, at=at)
        there = ipaddress.ip_address(packet.dst)
        if self._local(ns, packet.dst):
            self._hop("route", ns, object=f"namespace:{ns}", packet=packet, route=str(there), dev="lo", note="local")
            return RouteEntry(ipaddress.ip_network(packet.dst), 0, "lo", None, packet.dst, "local", None)
        route = self.view.best(ns, there)
        if route is not None and self.probe.dev and ns == self.probe.namespace and self.leg == "there":
            route = route._replace(dev=self.probe.dev)
        if route is None or route.type not in ("unicast", "local") or route.dev is None:
            number = _REFUSALS.get(route.type, errno.ENETUNREACH) if route is not None else errno.ENETUNREACH
            self._hop("route", ns, object=f"namespace:{ns}", packet=packet, errno=number)
            raise self._unroutable(ns, packet, route, number)
        name = "default" if str(route.network) == "0.0.0.0/0" else str(route.network)
        self._hop(
            "route", ns, object=route.record or f"namespace:{ns}", packet=packet, after=after, route=name, via=route.via or "",
            dev=route.dev, table_id=254, note=route.type,
        )  # fmt: skip
        if self.mark:
            self.assumptions["policy routing (ip rule) does not look at marks"] = None
        return route

    def _unroutable(self, ns: str, packet: Packet, route: RouteEntry | None, number: int) -> "_Ended":
        there = ipaddress.ip_address(packet.dst)
        for interface in self.view.graph.inside(ns):
            if not interface.up and any(there in ipaddress.ip_interface(a).network for a in interface.addresses):
                return self._end(Cause.INTERFACE_DOWN, ns, errno=number, dev=interface.name, address=packet.dst, object=interface.id)
        for record in self.view.graph.routes(ns):
            dev = record.dev or (owner(self.view.graph, ns, record.via) if record.via else None)
            through = self.view.graph.interfaces.get(f"{ns}/{dev}") if dev else None
            if (
                through is not None
                and not through.up
                and there in ipaddress.ip_network("0.0.0.0/0" if record.to == "default" else record.to)
            ):
                return self._end(Cause.INTERFACE_DOWN, ns, errno=number, dev=through.name, address=packet.dst, object=through.id)
        record_id = route.record if route is not None else None
        return self._end(Cause.NO_ROUTE, ns, errno=number, address=packet.dst, object=record_id or f"namespace:{ns}")

    def _fits(self, ns: str, packet: Packet, dev: str) -> None:
        mtu = self.view.mtu(f"{ns}/{dev}") if dev != "lo" else 65536
        router = ns != self.probe.namespace or self.leg == "back"
        if packet.length > mtu and (packet.df or (packet.protocol != "arp" and packet.family == "ipv6" and router)):
            number = 0 if router else errno.EMSGSIZE
            raise self._end(Cause.TOO_BIG, ns, dev=dev, object=f"interface:{ns}/{dev}", mtu=mtu, errno=number)

    # ---- over the wire -----------------------------------------------------------------------------------------------

    def _passes(self, kind: str, ref: str, packet: Packet) -> None:
        ns, _, dev = ref.partition("/")
        self._hop(kind, ns, object=f"interface:{ref}", dev=dev, packet=packet)

    def _cross(self, ns: str, dev: str, via: str, packet: Packet) -> AnyInterface:
        """To the interface that has the address of the next hop."""
        ref = f"{ns}/{dev}"
        start = self.view.graph.interfaces.get(ref)
        if dev == "lo" and (start is None or not start.up):
            raise self._end(Cause.INTERFACE_DOWN, ns, dev="lo", object=f"interface:{ref}")
        if start is None:
            raise self._end(Cause.UNKNOWN, ns, dev=dev, object=f"interface:{ref}", note=f"{dev} is of a kind that is not modelled")
        if dev == "lo":
            self._passes("out", ref, packet)
            self._passes("in", ref, packet)
            return start
        found, wire = self._neighbour(ns, dev, via)
        self._along(wire, packet, self.view.mac(found.ref))
        return found

    def _neighbour(self, ns: str, dev: str, via: str) -> tuple[AnyInterface, list[str]]:
        """Who has the address on the segment, and the interfaces up to there."""
        graph, ref = self.view.graph, f"{ns}/{dev}"
        segment = graph.segments.get(ref, frozenset((ref,)))
        owners = [i for i in self.view.owners.get(via, ()) if i.ref in segment and i.ref != ref and i.master is None]
        for interface in owners:
            wire = self.view.wire(ref, interface.ref, free=True)
            if wire is not None:
                mac = self.view.mac(interface.ref)
                fixed = next((r for r in graph.using(ref) if isinstance(r, Neighbour) and r.address == via), None)
                self._hop(
                    "neighbour", ns, object=fixed.id if fixed else f"interface:{ref}", dev=dev, address=via, mac=fixed.mac if fixed else mac
                )
                if fixed is not None and mac and fixed.mac != mac:
                    note = f"a permanent neighbour entry says {fixed.mac}, {interface.ref} has {mac}"
                    raise self._end(Cause.UNKNOWN, ns, dev=dev, address=via, object=fixed.id, note=note)
                return interface, wire
        for interface in owners:
            wire = self.view.wire(ref, interface.ref, free=False) or []
            found = next((h for h in map(self.view.hindrance, wire) if h is not None), None)
            if found is not None:
                raise self._hindered(ns, dev, found)
        hindrance = self.view.hindrance(ref)
        if hindrance is not None:
            raise self._hindered(ns, dev, hindrance)
        self._hop("neighbour", ns, object=f"interface:{ref}", dev=dev, address=via, asked=True)
        raise self._end(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=via, object=f"interface:{ref}")

    def _hindered(self, ns: str, dev: str, problem: Problem) -> "_Ended":
        ref = (problem.subject or "").partition(":")[2]
        interface = self.view.graph.interfaces.get(ref)
        shown = self.view.live.get(f"link:{ref}")
        where, _, name = ref.partition("/")
        if interface is not None and not interface.up:
            cause = Cause.INTERFACE_DOWN if ref == f"{ns}/{dev}" else Cause.NO_CARRIER
            return self._end(cause, ns if cause == Cause.NO_CARRIER else where, dev=dev, object=f"interface:{ref}", note=problem.message)
        if isinstance(shown, LinkLive) and shown.port_state not in (None, "forwarding"):
            return self._end(Cause.PORT_BLOCKED, where, dev=name, object=f"interface:{ref}", note=shown.port_state)
        return self._end(Cause.NO_CARRIER, where or ns, dev=name or dev, object=f"interface:{ref}", note=problem.message)

    def _along(self, wire: list[str], packet: Packet, mac: str) -> None:
        """Out and in again, from end to end, through the bridges between."""
        self._passes("out", wire[0], packet)
        bridge_next = is_bridge(self.view.graph.interfaces[wire[0]])
        if bridge_next:
            self._bridge(wire[0], wire[1:2], mac)
        for at in range(1, len(wire)):
            record = self.view.graph.interfaces[wire[at]]
            before = self.view.graph.interfaces[wire[at - 1]]
            packet = _tagged(packet, before, record)
            if is_bridge(record) and before.master == record.name:
                following = wire[at + 1 : at + 2]
                self._bridged(record, packet, onward=bool(following))
                self._bridge(wire[at], following or [wire[at]], mac)
                if not following:
                    self._passes("in", wire[at], packet)
            elif (is_bridge(before) and record.master == before.name) or record.ref == before.lower:
                self._passes("out", wire[at], packet)
            else:
                self._passes("in", wire[at], packet)

    def _bridge(self, ref: str, ports: list[str], mac: str) -> None:
        ns, _, name = ref.partition("/")
        self._hop("bridge", ns, object=f"interface:{ref}", dev=name, mac=mac, ports=tuple(p.partition("/")[2] for p in ports))

    def _bridged(self, bridge: Bridge, packet: Packet, onward: bool) -> None:
        """iptables on the bridge, where br_netfilter calls it for what is handed on."""
        key = f"net.bridge.bridge-nf-call-{'ip6tables' if packet.family == 'ipv6' else 'iptables'}"
        if onward and self.view.sysctl(bridge.namespace, key) == "1":
            for hook in _BRIDGED:
                iif = bridge.name if hook != "postrouting" else ""
                self._hook(bridge.namespace, hook, packet, iif, bridge.name if hook != "prerouting" else "")

    # ---- into a namespace --------------------------------------------------------------------------------------------

    def _arrive(self, came: AnyInterface, packet: Packet) -> tuple[str, Packet, bool, tuple[str, str] | None]:
        """Namespace, packet, whether it stays; else the interface and the address of the next hop."""
        ns, iif = came.namespace, came.name
        packet = self._undo(ns, self._hook(ns, "prerouting", packet, iif=iif), "prerouting")
        if self._local(ns, packet.dst):
            self._reverse(ns, iif, packet)
            self._lookup(ns, packet)
            packet = self._hook(ns, "input", packet, iif=iif)
            self._hop("deliver" if self.leg == "there" else "receive", ns, object=f"namespace:{ns}", packet=packet)
            return ns, packet, True, None
        self._reverse(ns, iif, packet)
        if not self.view.is_forwarding(ns, packet.family):
            raise self._end(Cause.NOT_FORWARDED, ns, dev=iif, object=f"namespace:{ns}", address=packet.dst)
        less = msgspec.structs.replace(packet, ttl=packet.ttl - 1)
        route = self._lookup(ns, packet, after=less if packet.ttl > 1 else None)
        if packet.ttl <= 1:
            raise self._end(Cause.TTL_EXCEEDED, ns, dev=iif, object=f"namespace:{ns}")
        self._fits(ns, less, route.dev or "")
        packet = self._hook(ns, "forward", less, iif=iif, oif=route.dev or "")
        packet = self._postroute(ns, packet, route, iif)
        return ns, packet, False, (route.dev or "", route.via or packet.dst)

    def _reverse(self, ns: str, iif: str, packet: Packet) -> None:
        """rp_filter (ip-sysctl.rst): the greater of `all` and the interface's own, which is what `default` was when it was made."""
        if packet.family == "ipv6" or iif == "lo":
            return
        own = self.view.sysctl(ns, "net.ipv4.conf.default.rp_filter")
        every = self.view.sysctl(ns, "net.ipv4.conf.all.rp_filter")
        if own not in ("", "0"):
            self.assumptions[f"rp_filter of {ns}/{iif} is {own}, the namespace's default"] = None
        strict = max(own or "0", every or "0")
        back = self.view.best(ns, ipaddress.ip_address(packet.src))
        if (strict == "1" and (back is None or back.dev != iif)) or (strict == "2" and back is None):
            raise self._end(Cause.REVERSE_PATH, ns, dev=iif, object=f"namespace:{ns}", address=packet.src)

    # ---- ARP ---------------------------------------------------------------------------------------------------------

    def _ask(self) -> Verdict:
        """An ARP request, or a neighbour solicitation: out, over the segment, and back."""
        probe, graph = self.probe, self.view.graph
        ref = f"{probe.namespace}/{probe.dev}"
        packet = Packet(protocol="arp", src=probe.sender, dst=probe.address, type=1)
        self._hop("send", probe.namespace, object=f"namespace:{probe.namespace}", packet=packet, at=0)
        segment = graph.segments.get(ref, frozenset((ref,)))
        for interface in self.view.owners.get(probe.address, ()):
            wire = self.view.wire(ref, interface.ref, free=True) if interface.ref in segment and interface.master is None else None
            if wire is not None and interface.ref != ref:
                self._along(wire, packet, "")
                self._hop("deliver", interface.namespace, object=f"namespace:{interface.namespace}", packet=packet)
                return self._told(Cause.DELIVERED, interface.namespace, object=f"namespace:{interface.namespace}")
        return self._told(Cause.NEIGHBOUR_SILENT, probe.namespace, dev=probe.dev, address=probe.address, object=f"interface:{ref}")


def _tuple(packet: Packet) -> tuple[str, int, str, int]:
    return packet.src, packet.sport, packet.dst, packet.dport


def _tagged(packet: Packet, before: AnyInterface, record: AnyInterface) -> Packet:
    """The packet on the next interface: with the VLAN tag that it gets there, or without the one that is taken off."""
    if record.ref == before.lower and before.tag:
        return msgspec.structs.replace(packet, vlan=before.vlan)
    return msgspec.structs.replace(packet, vlan=None) if before.ref == record.lower and record.tag else packet
