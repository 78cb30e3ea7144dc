"""Why a packet would or would not arrive, from what the kernel said: routes, forwarding, addresses, links. A small evaluator, not a
simulator: it knows no filter rules, no policy routing, no proxy ARP. What it says in the way is in the way."""

import errno
import ipaddress
import os
from collections.abc import Mapping
from typing import NamedTuple

from topology.journey.forwarding import Address, ForwardingView, RouteEntry, reason
from topology.model.graph import Graph
from topology.model.problems import Problem, unknown
from topology.model.records import AnyRecord
from topology.observe.live import LiveRecords

MAX_HOPS = 64
"""The default TTL (net.ipv4.ip_default_ttl)."""

_REFUSALS = {"blackhole": errno.EINVAL, "unreachable": errno.EHOSTUNREACH, "prohibit": errno.EACCES, "throw": errno.ENETUNREACH}
"""What a sender is told of a route of this type (ip-route(8))."""


class Explanation(NamedTuple):
    """`path`: ids of the namespaces and interfaces that the packet passes, as far as it comes. No `reasons` where it `reaches`."""

    reaches: bool
    path: tuple[str, ...]
    reasons: tuple[Problem, ...]


def explain(observed: Mapping[str, AnyRecord], live: LiveRecords, source: str, target: str, ipv6: bool = False) -> Explanation:
    """Whether an echo request from `source` (a namespace or `ns/if`) reaches `target` (as for `target_address`), and the reply comes back.

    Raises `ProblemError` (UNKNOWN) where one of the two is not there.
    """
    view = ForwardingView(Graph(observed), live)
    start = source_namespace(observed, source)
    there = ipaddress.ip_address(target_address(observed, target, ipv6, start))
    way = _walk(view, start, there)
    reasons = list(way.reasons)
    if way.end is not None and way.end != start:
        reasons += view.ignores_echo(way.end, there)
        if way.sender is None:
            hint = f"{start} has no address that it could send from: give {way.dev} one"
            reasons.append(reason(f"interface:{start}/{way.dev}", os.strerror(errno.EADDRNOTAVAIL), hint, errno.EADDRNOTAVAIL))
        else:
            back = _walk(view, way.end, way.sender)
            reasons += [_on_the_way_back(r, way.sender) for r in back.reasons]
    unique = {(r.subject, r.message): r for r in reversed(reasons)}
    return Explanation(not reasons, tuple(way.path), tuple(reversed(unique.values())))


def source_namespace(observed: Mapping[str, AnyRecord], source: str) -> str:
    """The namespace of a node or interface: of `ns0` or `ns0/veth0`."""
    graph = Graph(observed)
    namespace = source.partition("/")[0]
    if namespace not in graph.namespaces or ("/" in source and source not in graph.interfaces):
        raise unknown(f'Cannot open network namespace "{source}": No such file or directory', source, "name a namespace of the lab")
    return namespace


def target_address(observed: Mapping[str, AnyRecord], target: str, ipv6: bool = False, source: str | None = None) -> str:
    """The address that `target` means: an address itself, that of an interface (`ns/if`), or of a namespace.

    Of several that of a segment on which the namespace `source` has an interface is taken. Raises `ProblemError` (UNKNOWN).
    """
    try:
        return str(ipaddress.ip_address(target))
    except ValueError:
        pass
    graph = Graph(observed)
    family = "IPv6" if ipv6 else "IPv4"
    if target in graph.interfaces:
        candidates, subject = [graph.interfaces[target]], f"interface:{target}"
    elif target in graph.namespaces:
        candidates, subject = graph.inside(target), f"namespace:{target}"
    else:
        raise unknown(f"{target}: Name or service not known", target, "name a namespace, an interface (ns0/veth0) or an address")
    own = [i.ref for i in graph.inside(source)] if source is not None else []
    near = {ref for one in own for ref in graph.segments.get(one, ())}
    candidates = sorted(candidates, key=lambda i: (i.KIND.builtin, i.ref not in near, not i.up))
    for interface in candidates:
        for text in interface.addresses:
            if (":" in text) == ipv6:
                return text.partition("/")[0]
    if target.endswith("/lo") or target == source:
        return "::1" if ipv6 else "127.0.0.1"
    example = "2001:db8::1/64" if ipv6 else "10.0.1.1/24"
    raise unknown(f"{target} has no {family} address", subject, f"give {target} an address, as in {example}")


def _on_the_way_back(reason: Problem, sender: Address) -> Problem:
    hint = f"the reply to {sender} finds no way back: {reason.hint}"
    return Problem(code=reason.code, message=reason.message, subject=reason.subject, hint=hint, errno=reason.errno)


class _Way:
    """How far a packet came: `end` is the namespace that took it, `sender` the address that its sender has for it."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.reasons: list[Problem] = []
        self.end: str | None = None
        self.sender: Address | None = None
        self.dev: str | None = None


def _walk(view: ForwardingView, start: str, there: Address) -> _Way:
    """The way of a packet from a namespace to an address, hop by hop."""
    way = _Way()
    here = start
    seen: set[str] = set()
    while here not in seen and len(seen) < MAX_HOPS:
        seen.add(here)
        way.path.append(f"namespace:{here}")
        if _taken(view, way, start, here, there):
            return way
        if here != start:
            way.reasons += view.forwards(here, there)
        hop = view.best(here, there)
        if hop is None or hop.type not in ("unicast", "local") or hop.dev is None:
            way.reasons.append(_no_route(view, here, there, hop))
            return way
        if here == start:
            way.dev, way.sender = hop.dev, view.sender(here, hop, there)
        following = _cross(view, way, f"{here}/{hop.dev}", hop.via or str(there))
        if following is None:
            return way
        here = following
    way.reasons.append(reason(f"namespace:{here}", "Time to live exceeded", "the routes make a circle"))
    return way


def _taken(view: ForwardingView, way: _Way, start: str, here: str, there: Address) -> bool:
    """Whether the packet ends in this namespace, for good or bad."""
    graph = view.graph
    lo = graph.interfaces.get(f"{here}/lo")
    lo_up = lo is not None and lo.up
    mine = [i for i in view.owners.get(str(there), ()) if i.namespace == here]
    if not there.is_loopback and not mine:
        return False
    if here == start and not lo_up and (there.is_loopback or any(i.up for i in mine)):
        hint = f"lo is down in {here}, and a namespace reaches its own addresses through it: set it up"
        way.reasons.append(reason(f"interface:{here}/lo", os.strerror(errno.ENETUNREACH), hint, errno.ENETUNREACH))
    elif mine and not any(i.up for i in mine):
        hint = f"set {mine[0].name} up in {here}"
        way.reasons.append(reason(mine[0].id, f"{mine[0].ref}, which has {there}, is down", hint, errno.ENETDOWN))
    else:
        way.end = here
        if here == start:
            way.sender = there
    return True


def _no_route(view: ForwardingView, here: str, there: Address, hop: RouteEntry | None) -> Problem:
    if hop is not None and hop.type in _REFUSALS:
        number = _REFUSALS[hop.type]
        return reason(hop.record or f"namespace:{here}", os.strerror(number), f"{here} has a {hop.type} route to {hop.network}", number)
    words = os.strerror(errno.ENETUNREACH)
    for interface in view.graph.inside(here):
        if not interface.up and any(there in ipaddress.ip_interface(a).network for a in interface.addresses):
            hint = f"{interface.name} is down, so {here} has no route to {there}: set it up"
            return reason(interface.id, words, hint, errno.ENETUNREACH)
    hint = f"{here} has no route to {there}: add one, for instance a default route"
    return reason(f"namespace:{here}", words, hint, errno.ENETUNREACH)


def _cross(view: ForwardingView, way: _Way, dev: str, following: str) -> str | None:
    """Over the wire from `dev` to whoever has the address `following`: the namespace that it is in; None, with the reason, if none."""
    graph = view.graph
    if dev not in graph.interfaces:
        way.reasons.append(reason(f"interface:{dev}", f"{dev} is not of a kind that is known here", "follow the packet with tcpdump"))
        return None
    way.path.append(f"interface:{dev}")
    segment = graph.segments.get(dev, frozenset((dev,)))
    owners = [i for i in view.owners.get(following, ()) if i.ref in segment and i.ref != dev]
    for interface in owners:
        wire = view.wire(dev, interface.ref, free=True)
        if wire is not None and interface.master is None:
            way.path += [f"interface:{ref}" for ref in wire if ref != dev]
            return interface.namespace
    for interface in owners:
        wire = view.wire(dev, interface.ref, free=False) or []
        found = {h.subject: h for h in map(view.hindrance, reversed(wire)) if h is not None}
        way.reasons += reversed(found.values())
        if interface.master is not None:
            hint = f"give {following} to {interface.master} instead"
            way.reasons.append(reason(interface.id, f"{interface.ref} is a port of {interface.master}: what comes in goes there", hint))
    if not owners:
        way.reasons.append(_nobody(view, dev, following))
    return None


def _nobody(view: ForwardingView, dev: str, following: str) -> Problem:
    hindrance = view.hindrance(dev)
    if hindrance is not None:
        return hindrance
    elsewhere = next((i.ref for i in view.owners.get(following, ()) if i.ref != dev), None)
    peer = view.graph.peer(dev)
    hint = f"nobody on the segment of {dev} has {following}"
    if elsewhere is not None:
        hint += f"; {elsewhere} has it, on another segment"
    elif peer is not None and not peer.addresses and peer.master is None:
        hint += f"; its peer {peer.ref} has no address"
    return reason(f"interface:{dev}", "Destination Host Unreachable", hint, errno.EHOSTUNREACH)
