"""The routing decisions of a predicted packet: the lookup, the size that fits, whether its source may be where it came from."""

import errno
import ipaddress

from topology.journey.fib import REFUSALS, Decision, Flow, RouteEntry
from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Cause
from topology.journey.packet import Packet
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.probe import Probe
from topology.model import ids, routing

_LOOPBACK_MTU = 65536
NO_ADDRESS = "0.0.0.0"
"""The source of what a namespace without any IPv4 address sends."""
_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}


class Routing:
    """Decides as the namespaces of a lab would. What ends a packet is raised as `Ended`."""

    def __init__(self, view: ForwardingView, progress: Progress, probe: Probe) -> None:
        self._view, self._progress, self._probe = view, progress, probe

    def flow(self, ns: str, packet: Packet, iif: str = "lo", ports: bool = True) -> Flow:
        """What a lookup for this packet is about. `ports`: protocol and ports are filled in, as for all but what a rule has changed in
        OUTPUT (ip_route_me_harder())."""
        bound = iif == "lo" and ns == self._probe.namespace and self._progress.leg == "original"
        about = (_NUMBERS.get(packet.protocol, 0), packet.sport, packet.dport) if ports else (0, 0, 0)
        source = ipaddress.ip_address(packet.src) if packet.src else None
        oif = self._probe.dev if bound else ""
        return Flow(ipaddress.ip_address(packet.dst), source, iif, oif, self._progress.mark, packet.tos & ~3, *about)

    def decide(self, ns: str, flow: Flow) -> Decision:
        """The lookup. IPv4 sends what is bound to an interface by that one also without a route (ip_route_output_key_hash_rcu())."""
        found = self._view.lookup(ns, flow)
        if found.route is None and not found.unknown and flow.oif and flow.destination.version == 4:
            on_link = RouteEntry(ipaddress.ip_network(str(flow.destination)), 0, flow.oif, None, None, "unicast", None)
            return Decision(on_link)
        return found

    def lookup(self, ns: str, packet: Packet, flow: Flow, after: Packet | None = None) -> RouteEntry:
        """The route, as a hop; `after`: the packet as it goes on. Raises Ended where there is none."""
        return self.follow(ns, packet, self.decide(ns, flow), after)

    def follow(self, ns: str, packet: Packet, found: Decision, after: Packet | None = None) -> RouteEntry:
        """A decision as a hop. Raises Ended where there is no way."""
        route = found.route
        if found.unknown:
            raise self._unknown(ns, packet, found.unknown)
        if route is None or found.errno:
            raise self._unroutable(ns, packet, found)
        if route.type == "local":
            self._progress.hop("route", ns, packet=packet, route=packet.dst, dev="lo", note="local")
            return route._replace(dev="lo", via=None)
        if route.type != "unicast" or route.dev is None:
            raise self._unknown(ns, packet, f"the {route.type} route to {_name(route)} is not predicted")
        self._progress.hop(
            "route", ns, object=route.record or ids.namespace(ns), packet=packet, after=after, route=_name(route), via=route.via or "",
            dev=route.dev, table_id=route.table, note=route.type,
        )  # fmt: skip
        self._several(ns, route)
        return route

    def _several(self, ns: str, route: RouteEntry) -> None:
        if route.legs:
            others = ", ".join(f"{leg.via or 'on link'} dev {leg.dev}" for leg in route.legs[1:])
            self._progress.assume(
                f"of the next hops of {_name(route)} in {ns} the kernel's hash takes {route.via or 'on link'} dev {route.dev}, not {others}"
            )

    def _unknown(self, ns: str, packet: Packet, note: str) -> Ended:
        self._progress.hop("unknown", ns, packet=packet, note=note)
        return self._progress.ended(Cause.UNKNOWN, ns, note=note)

    def _unroutable(self, ns: str, packet: Packet, found: Decision) -> Ended:
        route, number = found.route, found.errno or errno.ENETUNREACH
        refuses = route is not None and route.type in REFUSALS
        fields = {"route": _name(route), "note": route.type} if route is not None and refuses else {}
        self._progress.hop("route", ns, packet=packet, errno=number, **fields)
        down = self._view.down_towards(ns, ipaddress.ip_address(packet.dst)) if route is None and found.rule is None else None
        if down is not None:
            return self._progress.ended(Cause.INTERFACE_DOWN, ns, errno=number, dev=down.name, address=packet.dst, object=down.id)
        record = route.record if route is not None else None
        note = f"a {route.type} route to {route.network}" if route is not None and refuses else ""
        if found.rule is not None:
            note = f"ip rule {found.rule.priority}: {found.rule.action}"
        return self._progress.ended(Cause.NO_ROUTE, ns, errno=number, address=packet.dst, object=record or ids.namespace(ns), note=note)

    # ---- size --------------------------------------------------------------------------------------------------------

    def fits(self, ns: str, packet: Packet, dev: str, router: bool) -> None:
        """Fragments the packet where that is allowed. Raises Ended where it, or a fragment, is larger than the MTU and must not be
        fragmented here. `router`: it was not sent here."""
        mtu = self._view.mtu(ids.join(ns, dev)) if dev != "lo" else _LOOPBACK_MTU
        progress = self._progress
        size = progress.piece or packet.length
        if size <= mtu:
            return
        if packet.df or (packet.family == "ipv6" and router):
            own = not router and progress.leg == "original"
            raise progress.ended(
                Cause.TOO_BIG, ns, dev=dev, object=ids.Ref(ns, dev).id, mtu=mtu, errno=errno.EMSGSIZE if own else 0
            )  # fmt: skip
        progress.piece = mtu
        progress.assume("rules treat all fragments of the packet as they treat the packet")

    # ---- the source --------------------------------------------------------------------------------------------------

    def refuses_source(self, ns: str, iif: str, address: str) -> bool:
        """Whether IPv4 drops what comes in at `iif` with this source: one of its own addresses, or one that rp_filter does not let in
        (fib_validate_source(); ip-sysctl.rst: the greater of `all` and the interface's own)."""
        view, ref, source = self._view, ids.join(ns, iif), ipaddress.ip_address(address)
        if source.version == 6 or iif == "lo" or address == NO_ADDRESS:
            return False
        mode = view.setting(ref, "rp_filter", "net.ipv4.conf.default.rp_filter")
        own = view.is_local(ns, source) and not view.setting(ref, "accept_local")
        if own or mode not in (1, 2):
            return own
        route = view.lookup(ns, Flow(source, iif=iif)).route
        if mode == 2 or route is None:
            return route is None or route.type != "unicast"
        return iif not in (route.dev, *(leg.dev for leg in route.legs))

    def check_source(self, ns: str, iif: str, packet: Packet) -> None:
        """Raises Ended where the packet's source cannot be, or would not be reached by the interface that it came in by."""
        if packet.family == "ipv6" or iif == "lo":
            return
        self._assume_settings(ns, iif)
        if self.refuses_source(ns, iif, packet.src):
            own = self._view.is_local(ns, ipaddress.ip_address(packet.src))
            note = f"{packet.src} is an address of {ns} itself (a martian source)" if own else ""
            raise self._progress.ended(Cause.REVERSE_PATH, ns, dev=iif, address=packet.src, note=note)

    def _assume_settings(self, ns: str, iif: str) -> None:
        """A document does not say how an interface was set when it was made."""
        default = self._view.sysctl(ns, "net.ipv4.conf.default.rp_filter")
        if default not in ("", "0") and not self._view.is_told(ids.join(ns, iif)):
            self._progress.assume(f"rp_filter of {ids.join(ns, iif)} is {default}, the namespace's default")

    def check_loopback(self, ns: str, packet: Packet, route: RouteEntry | None) -> None:
        """Raises Ended where what would leave for the wire has a loopback address for source (__mkroute_output())."""
        dev, source = route.dev if route is not None and route.type == "unicast" else "", packet.src
        if dev not in ("", "lo", None) and source.startswith("127.") and not self._view.setting(ids.join(ns, dev), "route_localnet"):
            note = f"{packet.src} cannot be the source of what leaves by {dev}: net.ipv4.conf.{dev}.route_localnet is 0"
            number = errno.EINVAL if self._progress.leg == "original" else 0
            raise self._progress.ended(Cause.NO_ROUTE, ns, dev=dev, address=packet.dst, errno=number, note=note)

    def check_martian(self, ns: str, iif: str, packet: Packet) -> None:
        """Raises Ended where addresses cannot be those of a packet on a wire (ip_route_input_slow(), ip6_rcv_core())."""
        if iif == "lo":
            return
        source, target = ipaddress.ip_address(packet.src), ipaddress.ip_address(packet.dst)
        localnet = packet.family == "ipv4" and bool(self._view.setting(ids.join(ns, iif), "route_localnet"))
        if packet.src == NO_ADDRESS or source.is_multicast or int(source) == 0xFFFFFFFF or (source.is_loopback and not localnet):
            note = f"{packet.src} is a martian source"
            if packet.src == NO_ADDRESS:
                note += ": the sender has no IPv4 address to send from"
            raise self._progress.ended(Cause.REVERSE_PATH, ns, dev=iif, address=packet.src, note=note)
        if target.is_loopback and not localnet:
            note = f"{packet.dst} is a martian destination for what comes in at {iif}: net.ipv4.conf.{iif}.route_localnet is 0"
            raise self._progress.ended(Cause.NO_ROUTE, ns, dev=iif, address=packet.dst, note=note)


def _name(route: RouteEntry | None) -> str:
    """`default`, or the prefix; empty for no route."""
    return "" if route is None else routing.destination_text(route.network)
