"""Why a routing decision refuses: the rule, the route or the address that does, by the rules and tables of a namespace."""

import errno
import ipaddress
from typing import Any

from topology.journey.fib import REFUSALS, Decision, Flow
from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Cause
from topology.journey.packet import PROTOCOLS, Packet
from topology.journey.sighting import RouteLookup
from topology.model import ids

_NUMBERS = {name: number for number, name in PROTOCOLS.items()}
_ECN = 3
"""Bits of the TOS that routing does not look at."""


def decision(view: ForwardingView, ns: str, packet: Packet, iif: str = "lo", oif: str = "", mark: int = 0) -> Decision:
    """What the tables of a namespace say of a packet; `iif` `lo`: that it sends itself."""
    source = ipaddress.ip_address(packet.src) if packet.src else None
    about = (_NUMBERS.get(packet.protocol, 0), packet.sport, packet.dport)
    return view.lookup(ns, Flow(ipaddress.ip_address(packet.dst), source, iif, oif, mark, packet.tos & ~_ECN, *about))


def refusal(view: ForwardingView, ns: str, packet: Packet, found: RouteLookup | None, iif: str = "lo", oif: str = "") -> dict[str, Any]:
    """`note` and `object` of a verdict, where a rule of ip-rule(8) or a typed route refuses; else empty."""
    said = decision(view, ns, packet, iif, oif, found.mark if found is not None else 0)
    if said.rule is not None:
        return {"note": f"ip rule {said.rule.priority}: {said.rule.action}", "object": ids.namespace(ns)}
    if said.route is not None and said.route.type in REFUSALS:
        note = f"a {said.route.type} route to {said.route.network}"
        return {"note": note, "object": said.route.record or ids.namespace(ns)}
    return {}


def no_way_back(view: ForwardingView, ns: str, packet: Packet) -> dict[str, Any] | None:
    """Why a namespace cannot answer a packet, as fields of a verdict; None where it can."""
    answer = Packet(
        protocol=packet.protocol, src=packet.dst, dst=packet.src, sport=packet.dport, dport=packet.sport, tos=packet.tos,
    )  # fmt: skip
    said = decision(view, ns, answer)
    if said.unknown or (said.route is not None and not said.errno):
        return None
    about = {"address": packet.src, "errno": said.errno or errno.ENETUNREACH}
    refused = refusal(view, ns, answer, None)
    down = view.down_towards(ns, ipaddress.ip_address(answer.dst)) if not refused else None
    if down is not None:
        return {"cause": Cause.INTERFACE_DOWN, "dev": down.name, "object": down.id, **about}
    return {"cause": Cause.NO_ROUTE, "object": ids.namespace(ns), **about, **refused}
