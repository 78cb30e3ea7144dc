"""The routing decisions of a predicted packet: the lookup, the size that fits, the reverse-path filter."""

import errno
import ipaddress
from collections.abc import Iterator

from topology.journey.forwarding import REFUSALS, Address, ForwardingView, RouteEntry
from topology.journey.hop import Cause
from topology.journey.packet import Packet
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.probe import Probe
from topology.model import ids, routing
from topology.model.records import AnyInterface
from topology.observe.normal import owner

_LOOPBACK_MTU = 65536


class Routing:
    """Decides as the namespaces of a lab would. What ends a packet is raised as `Ended`."""

    def __init__(self, view: ForwardingView, progress: Progress, probe: Probe) -> None:
        self._view, self._progress, self._probe = view, progress, probe

    def is_local(self, ns: str, address: str) -> bool:
        """Whether the namespace takes packets for this address itself."""
        return ipaddress.ip_address(address).is_loopback or any(i.up and i.namespace == ns for i in self._view.holders(address))

    def lookup(self, ns: str, packet: Packet, after: Packet | None = None) -> RouteEntry:
        """The route, as a hop; `after`: the packet as it goes on. Raises Ended where there is none."""
        if self.is_local(ns, packet.dst):
            self._progress.hop("route", ns, packet=packet, route=packet.dst, dev="lo", note="local")
            return RouteEntry(ipaddress.ip_network(packet.dst), 0, "lo", None, packet.dst, "local", None)
        route = self._view.best(ns, ipaddress.ip_address(packet.dst))
        if route is not None and self._probe.dev and ns == self._probe.namespace and self._progress.leg == "original":
            route = route._replace(dev=self._probe.dev)
        if route is None or route.type not in ("unicast", "local") or route.dev is None:
            raise self._unroutable(ns, packet, route)
        self._progress.hop(
            "route", ns, object=route.record or ids.namespace(ns), packet=packet, after=after, route=_name(route), via=route.via or "",
            dev=route.dev, table_id=routing.MAIN_TABLE, note=route.type,
        )  # fmt: skip
        if self._progress.mark:
            self._progress.assume("policy routing (ip rule) does not look at marks")
        return route

    def _unroutable(self, ns: str, packet: Packet, route: RouteEntry | None) -> Ended:
        refuses = route is not None and route.type in REFUSALS
        number = REFUSALS[route.type] if route is not None and refuses else errno.ENETUNREACH
        fields = {"route": _name(route), "note": route.type} if route is not None and refuses else {}
        self._progress.hop("route", ns, packet=packet, errno=number, **fields)
        down = next(self._down_towards(ns, ipaddress.ip_address(packet.dst)), None) if not refuses else None
        if down is not None:
            return self._progress.ended(Cause.INTERFACE_DOWN, ns, errno=number, dev=down.name, address=packet.dst, object=down.id)
        record = route.record if route is not None else None
        note = f"a {route.type} route to {route.network}" if route is not None and refuses else ""
        return self._progress.ended(Cause.NO_ROUTE, ns, errno=number, address=packet.dst, object=record or ids.namespace(ns), note=note)

    def _down_towards(self, ns: str, target: Address) -> Iterator[AnyInterface]:
        """Interfaces that are down, and that would have a route to the address if they were up."""
        graph = self._view.graph
        for interface in graph.inside(ns):
            if not interface.up and any(target in ipaddress.ip_interface(a).network for a in interface.addresses):
                yield interface
        for route in graph.routes(ns):
            dev = route.dev or (owner(graph, ns, route.via) if route.via else None)
            through = graph.interfaces.get(ids.join(ns, dev)) if dev else None
            if through is not None and not through.up and target in routing.network(route.to):
                yield through

    def fits(self, ns: str, packet: Packet, dev: str) -> None:
        """Raises Ended where the packet is larger than the MTU and must not be fragmented here."""
        mtu = self._view.mtu(ids.join(ns, dev)) if dev != "lo" else _LOOPBACK_MTU
        router = ns != self._probe.namespace or self._progress.leg == "reply"
        unfragmented = packet.df or (packet.protocol != "arp" and packet.family == "ipv6" and router)
        if packet.length > mtu and unfragmented:
            number = 0 if router else errno.EMSGSIZE
            raise self._progress.ended(Cause.TOO_BIG, ns, dev=dev, object=ids.Ref(ns, dev).id, mtu=mtu, errno=number)

    def check_reverse_path(self, ns: str, iif: str, packet: Packet) -> None:
        """rp_filter (ip-sysctl.rst): the greater of `all` and the interface's own, which is what `default` was when it was made."""
        if packet.family == "ipv6" or iif == "lo":
            return
        own = self._view.sysctl(ns, "net.ipv4.conf.default.rp_filter")
        every = self._view.sysctl(ns, "net.ipv4.conf.all.rp_filter")
        if own not in ("", "0"):
            self._progress.assume(f"rp_filter of {ids.join(ns, iif)} is {own}, the namespace's default")
        mode = max(own or "0", every or "0")
        route = self._view.best(ns, ipaddress.ip_address(packet.src))
        if (mode == "1" and (route is None or route.dev != iif)) or (mode == "2" and route is None):
            raise self._progress.ended(Cause.REVERSE_PATH, ns, dev=iif, address=packet.src)


def _name(route: RouteEntry | None) -> str:
    """`default`, or the prefix; empty for no route."""
    return "" if route is None else routing.destination_text(route.network)
