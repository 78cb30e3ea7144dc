"""Why a packet would or would not arrive, from what the kernel said: routes, forwarding, addresses, links. A small evaluator, not a
simulator: it knows no filter rules, no policy routing, no proxy ARP. What it says in the way is in the way."""

import errno
import ipaddress
import os
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from topology.graph import Graph, wire_ref
from topology.live import LinkLive, LiveRecords, NamespaceLive
from topology.normal import owner
from topology.problems import Code, Problem, unknown
from topology.records import AnyInterface, AnyRecord, Bridge, Loopback, Route, Veth

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
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
    world = _World(Graph(observed), live)
    start = source_namespace(observed, source)
    there = ipaddress.ip_address(target_address(observed, target, ipv6, start))
    way = _walk(world, start, there)
    reasons = list(way.reasons)
    if way.end is not None and way.end != start:
        reasons += world.ignores_echo(way.end, there)
        if way.sender is None:
            hint = f"{start} has no address that it could send from: give {way.dev} one"
            reasons.append(_reason(f"interface:{start}/{way.dev}", os.strerror(errno.EADDRNOTAVAIL), hint, errno.EADDRNOTAVAIL))
        else:
            back = _walk(world, way.end, way.sender)
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
    candidates = sorted(candidates, key=lambda i: (isinstance(i, Loopback), i.ref not in near, not i.up))
    for interface in candidates:
        for text in interface.addresses:
            if (":" in text) == ipv6:
                return text.partition("/")[0]
    if target.endswith("/lo") or target == source:
        return "::1" if ipv6 else "127.0.0.1"
    example = "2001:db8::1/64" if ipv6 else "10.0.1.1/24"
    raise unknown(f"{target} has no {family} address", subject, f"give {target} an address, as in {example}")


def _reason(subject: str, message: str, hint: str, number: int | None = None) -> Problem:
    return Problem(code=Code.REFUSED, message=message, subject=subject, hint=hint, errno=number)


def _on_the_way_back(reason: Problem, sender: Address) -> Problem:
    hint = f"the reply to {sender} finds no way back: {reason.hint}"
    return Problem(code=reason.code, message=reason.message, subject=reason.subject, hint=hint, errno=reason.errno)


class _Hop(NamedTuple):
    """A route as the walk needs it."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    metric: int
    dev: str | None
    via: str | None
    src: str | None
    type: str
    record: str | None


class _Way:
    """How far a packet came: `end` is the namespace that took it, `sender` the address that its sender has for it."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.reasons: list[Problem] = []
        self.end: str | None = None
        self.sender: Address | None = None
        self.dev: str | None = None


class _World:
    """The observed state, asked as a packet would."""

    def __init__(self, graph: Graph, live: LiveRecords) -> None:
        self.graph = graph
        self.live = live
        self.owners: dict[str, list[AnyInterface]] = {}
        for interface in graph.interfaces.values():
            for text in interface.addresses:
                self.owners.setdefault(text.partition("/")[0], []).append(interface)

    def sysctl(self, namespace: str, key: str) -> str:
        """Its value, 0 where nobody said one."""
        record = self.graph.namespaces.get(namespace)
        shown = self.live.get(f"netns:{namespace}")
        if record is not None and key in record.sysctls:
            return record.sysctls[key]
        return shown.sysctls.get(key, "0") if isinstance(shown, NamespaceLive) else "0"

    def ignores_echo(self, namespace: str, there: Address) -> Iterator[Problem]:
        key = "net.ipv6.icmp.echo_ignore_all" if there.version == 6 else "net.ipv4.icmp_echo_ignore_all"
        if self.sysctl(namespace, key) not in ("", "0"):
            hint = f"set {key} to 0 in {namespace}"
            yield _reason(f"namespace:{namespace}", f"{namespace}: {key} is 1: it does not answer", hint)

    def forwards(self, namespace: str, there: Address) -> Iterator[Problem]:
        key = "net.ipv6.conf.all.forwarding" if there.version == 6 else "net.ipv4.ip_forward"
        if self.sysctl(namespace, key) == "0":
            yield _reason(f"namespace:{namespace}", f"{namespace}: {key} is 0: it does not forward", f"set {key} to 1 in {namespace}")

    def hindrance(self, ref: str) -> Problem | None:
        """Why no frame passes this interface, if none does."""
        interface = self.graph.interfaces[ref]
        if not interface.up:
            return _reason(interface.id, f"{ref} is down", f"set {interface.name} up in {interface.namespace}", errno.ENETDOWN)
        shown = self.live.get(f"link:{ref}")
        if isinstance(shown, LinkLive) and shown.port_state not in (None, "forwarding"):
            return _reason(interface.id, f"{ref} is {shown.port_state}", "wait for STP, or look for a loop: it lets no frame pass")
        peer = self.graph.peer(ref)
        if peer is not None and not peer.up:
            return _reason(peer.id, f"{ref} has no carrier: its peer {peer.ref} is down", f"set {peer.name} up in {peer.namespace}")
        if isinstance(shown, LinkLive) and not shown.carrier:
            hint = "plug in a port that is up" if isinstance(interface, Bridge) else "set what it stands on up"
            return _reason(interface.id, f"{ref} has no carrier", hint)
        return None

    def best(self, namespace: str, there: Address) -> _Hop | None:
        """The route that fib_lookup() would find in table main: longest prefix, then least metric."""
        fitting = [h for h in self._hops(namespace) if h.network.version == there.version and there in h.network]
        return min(fitting, key=lambda h: (-h.network.prefixlen, h.metric), default=None)

    def _hops(self, namespace: str) -> Iterator[_Hop]:
        shown = self.live.get(f"netns:{namespace}")
        if isinstance(shown, NamespaceLive) and shown.routes:
            for row in shown.routes:
                if row.table == 254:
                    yield _Hop(_network(row.to), row.metric, row.dev, row.via, row.src, row.type, row.record)
            return
        for interface in self.graph.inside(namespace):
            for text in interface.addresses if interface.up else ():
                connected = ipaddress.ip_interface(text)
                yield _Hop(connected.network, 0, interface.name, None, str(connected.ip), "unicast", None)
        for route in self.graph.routes(namespace):
            hop = self._of_record(route)
            through = self.graph.interfaces.get(f"{namespace}/{hop.dev}")
            if route.table == 254 and (through is None or through.up):
                yield hop

    def _of_record(self, route: Route) -> _Hop:
        dev = route.dev or (owner(self.graph, route.namespace, route.via) if route.via else None)
        metric = route.metric if route.metric is not None else (1024 if ":" in route.to else 0)
        return _Hop(_network(route.to), metric, dev, route.via, route.src, route.type, route.id)

    def wire(self, start: str, end: str, free: bool) -> list[str] | None:
        """The interfaces from one to the other on their segment, by the shortest way; `free`: only past what lets frames pass."""
        first, last = self.graph.wire_key(start), self.graph.wire_key(end)
        came: dict[str, str] = {first: first}
        todo = deque([first])
        while todo and last not in came:
            here = todo.popleft()
            for key in self.graph.wires.get(here, ()):
                if key not in came and not (free and self.hindrance(wire_ref(key))):
                    came[key] = here
                    todo.append(key)
        if last not in came or (free and self.hindrance(start)):
            return None
        out = [last]
        while out[-1] != first:
            out.append(came[out[-1]])
        return list(dict.fromkeys(wire_ref(key) for key in reversed(out)))


def _network(to: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network("0.0.0.0/0" if to == "default" else to)


def _walk(world: _World, start: str, there: Address) -> _Way:
    """The way of a packet from a namespace to an address, hop by hop."""
    way = _Way()
    here = start
    seen: set[str] = set()
    while here not in seen and len(seen) < MAX_HOPS:
        seen.add(here)
        way.path.append(f"namespace:{here}")
        if _taken(world, way, start, here, there):
            return way
        if here != start:
            way.reasons += world.forwards(here, there)
        hop = world.best(here, there)
        if hop is None or hop.type not in ("unicast", "local") or hop.dev is None:
            way.reasons.append(_no_route(world, here, there, hop))
            return way
        if here == start:
            way.dev, way.sender = hop.dev, _sender(world, here, hop, there)
        following = _cross(world, way, f"{here}/{hop.dev}", hop.via or str(there))
        if following is None:
            return way
        here = following
    way.reasons.append(_reason(f"namespace:{here}", "Time to live exceeded", "the routes make a circle"))
    return way


def _taken(world: _World, way: _Way, start: str, here: str, there: Address) -> bool:
    """Whether the packet ends in this namespace, for good or bad."""
    graph = world.graph
    lo = graph.interfaces.get(f"{here}/lo")
    lo_up = lo is not None and lo.up
    mine = [i for i in world.owners.get(str(there), ()) if i.namespace == here]
    if not there.is_loopback and not mine:
        return False
    if here == start and not lo_up and (there.is_loopback or any(i.up for i in mine)):
        hint = f"lo is down in {here}, and a namespace reaches its own addresses through it: set it up"
        way.reasons.append(_reason(f"interface:{here}/lo", os.strerror(errno.ENETUNREACH), hint, errno.ENETUNREACH))
    elif mine and not any(i.up for i in mine):
        hint = f"set {mine[0].name} up in {here}"
        way.reasons.append(_reason(mine[0].id, f"{mine[0].ref}, which has {there}, is down", hint, errno.ENETDOWN))
    else:
        way.end = here
        if here == start:
            way.sender = there
    return True


def _no_route(world: _World, here: str, there: Address, hop: _Hop | None) -> Problem:
    if hop is not None and hop.type in _REFUSALS:
        number = _REFUSALS[hop.type]
        return _reason(hop.record or f"namespace:{here}", os.strerror(number), f"{here} has a {hop.type} route to {hop.network}", number)
    words = os.strerror(errno.ENETUNREACH)
    for interface in world.graph.inside(here):
        if not interface.up and any(there in ipaddress.ip_interface(a).network for a in interface.addresses):
            hint = f"{interface.name} is down, so {here} has no route to {there}: set it up"
            return _reason(interface.id, words, hint, errno.ENETUNREACH)
    hint = f"{here} has no route to {there}: add one, for instance a default route"
    return _reason(f"namespace:{here}", words, hint, errno.ENETUNREACH)


def _sender(world: _World, here: str, hop: _Hop, there: Address) -> Address | None:
    """The address that the kernel takes as source: the route's, one of the subnet of the next hop, one of the interface, any."""
    if hop.src is not None:
        return ipaddress.ip_address(hop.src)
    following = ipaddress.ip_address(hop.via) if hop.via else there
    found: list[tuple[bool, bool, Address]] = []
    for interface in world.graph.inside(here):
        for text in interface.addresses:
            own = ipaddress.ip_interface(text)
            if own.version == there.version and interface.up:
                found.append((following not in own.network, interface.name != hop.dev, own.ip))
    return min(found, key=lambda f: f[:2])[2] if found else None


def _cross(world: _World, way: _Way, dev: str, following: str) -> str | None:
    """Over the wire from `dev` to whoever has the address `following`: the namespace that it is in; None, with the reason, if none."""
    graph = world.graph
    if dev not in graph.interfaces:
        way.reasons.append(_reason(f"interface:{dev}", f"{dev} is not of a kind that is known here", "follow the packet with tcpdump"))
        return None
    way.path.append(f"interface:{dev}")
    segment = graph.segments.get(dev, frozenset((dev,)))
    owners = [i for i in world.owners.get(following, ()) if i.ref in segment and i.ref != dev]
    for interface in owners:
        wire = world.wire(dev, interface.ref, free=True)
        if wire is not None and interface.master is None:
            way.path += [f"interface:{ref}" for ref in wire if ref != dev]
            return interface.namespace
    for interface in owners:
        wire = world.wire(dev, interface.ref, free=False) or []
        found = {h.subject: h for h in map(world.hindrance, reversed(wire)) if h is not None}
        way.reasons += reversed(found.values())
        if interface.master is not None:
            hint = f"give {following} to {interface.master} instead"
            way.reasons.append(_reason(interface.id, f"{interface.ref} is a port of {interface.master}: what comes in goes there", hint))
    if not owners:
        way.reasons.append(_nobody(world, dev, following))
    return None


def _nobody(world: _World, dev: str, following: str) -> Problem:
    hindrance = world.hindrance(dev)
    if hindrance is not None:
        return hindrance
    elsewhere = next((i.ref for i in world.owners.get(following, ()) if i.ref != dev), None)
    peer = world.graph.peer(dev)
    hint = f"nobody on the segment of {dev} has {following}"
    if elsewhere is not None:
        hint += f"; {elsewhere} has it, on another segment"
    elif isinstance(peer, Veth) and not peer.addresses and peer.master is None:
        hint += f"; its peer {peer.ref} has no address"
    return _reason(f"interface:{dev}", "Destination Host Unreachable", hint, errno.EHOSTUNREACH)
