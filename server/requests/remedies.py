"""What may help against a loss: ordinary edits, or the same packet sent otherwise. Pure: from the journey and the lab as it is."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping

import msgspec

from protocol.journeys import Remedy
from topology.edit.commands import AddRoute, AddRule, AnyCommand, NumberedRule, Remove, RemoveRules, SetInterface, SetSysctl
from topology.journey import words
from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Cause, Journey, RuleAt, Verdict
from topology.journey.packet import Packet
from topology.journey.probe import Ask
from topology.model import ids
from topology.model.graph import Graph
from topology.model.netfilter import TABLES
from topology.model.records import AnyInterface, AnyRecord, Route, is_bridge
from topology.observe.live import LiveRecords

_ANSWERS = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
_HEADERS = {"ipv4": 28, "ipv6": 48}
"""Bytes of IP and of ICMP, or UDP."""


class _Place:
    """A journey that was lost, and the lab in which it was."""

    def __init__(self, journey: Journey, records: Mapping[str, AnyRecord], live: LiveRecords) -> None:
        self.journey, self.verdict, self.probe = journey, journey.verdict, journey.probe
        self.view = ForwardingView(Graph(records), live)
        self.graph = self.view.graph

    @property
    def packet(self) -> Packet | None:
        """As it was where it was lost."""
        at = self.verdict.hop
        return self.journey.hops[at].packet if at is not None and at < len(self.journey.hops) else None

    def beside(self, ns: str, own: AnyInterface) -> Iterator[AnyInterface]:
        """The interfaces of other namespaces on the same segment that have, or might have, an address."""
        for ref in sorted(self.graph.segments.get(own.ref, ())):
            found = self.graph.interfaces[ref]
            if found.namespace != ns and found.master is None and (found.addresses or not is_bridge(found)):
                yield found


def remedies(journey: Journey, records: Mapping[str, AnyRecord], live: LiveRecords) -> tuple[Remedy, ...]:
    """The remedies, the likeliest first; none of a packet that arrived or is still on its way."""
    place = _Place(journey, records, live)
    if place.verdict.delivered or place.verdict.cause == Cause.RUNNING:
        return ()
    found = _BY_CAUSE.get(place.verdict.cause)
    terminal = [Remedy(word="terminal", at=place.verdict.namespace)] if place.verdict.namespace else []
    return (*(found(place) if found is not None else ()), *terminal)


def _edit(word: str, at: str, *commands: AnyCommand, **text: str) -> Remedy:
    return Remedy(word=word, at=at, commands=commands, **text)  # type: ignore[arg-type]  # the words are Remedy's


def _set(verdict: Verdict, key: str, value: str) -> Remedy:
    command = SetSysctl(namespace=verdict.namespace, key=key, value=value)
    return _edit("sysctl", verdict.namespace, command, what=f"{key} = {value}")


def _up(place: _Place, id: str) -> Iterator[Remedy]:
    """Set an interface up that is down."""
    interface = place.graph.interfaces.get(ids.subject_of(id)) if ids.is_interface(id) else None
    if interface is not None and not interface.up:
        yield _edit("up", interface.ref, SetInterface(interface=interface.ref, changes={"up": True}))


def _forwarding(place: _Place) -> Iterator[Remedy]:
    ipv6 = ":" in place.verdict.address or place.probe.family == "ipv6"
    yield _set(place.verdict, "net.ipv6.conf.all.forwarding" if ipv6 else "net.ipv4.ip_forward", "1")


# ---- routes and addresses --------------------------------------------------------------------------------------------


def _route(place: _Place) -> Iterator[Remedy]:
    verdict = place.verdict
    if ids.kind_of(verdict.object) == "route":
        yield _edit("remove-route", verdict.namespace, Remove(ids=(verdict.object,)), what=verdict.object)
        return
    if not verdict.address or not words.wants_route(verdict):
        return
    there = ipaddress.ip_address(verdict.address)
    via = next(_gateways(place, verdict.namespace, there), None)
    if via is not None:
        to = _prefix(place, verdict.namespace, there)
        command = AddRoute(route=Route(namespace=verdict.namespace, to=to, via=via))
        yield _edit("route", verdict.namespace, command, what=f"{to} via {via}")


def _gateways(place: _Place, ns: str, there: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterator[str]:
    """Addresses of routers on the segments of a namespace from which the address can be reached, those that forward first."""
    found: list[tuple[bool, str]] = []
    for own in (i for i in place.graph.inside(ns) if i.up):
        networks = [ipaddress.ip_interface(a).network for a in own.addresses]
        for other in place.beside(ns, own):
            for text in other.addresses:
                address = ipaddress.ip_interface(text).ip
                if address.version == there.version and any(address in network for network in networks) and _reaches(place, other, there):
                    forwards = place.view.is_forwarding(other.namespace, f"ipv{there.version}")
                    found.append((not forwards, str(address)))
    return (address for _, address in sorted(found))


def _reaches(place: _Place, other: AnyInterface, there: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it has a route to the address by another interface."""
    route = place.view.best(other.namespace, there)
    return route is not None and route.type == "unicast" and route.dev != other.name


def _prefix(place: _Place, ns: str, there: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The default where the namespace has none, else the subnet of the address, else the address alone."""
    default = "::/0" if there.version == 6 else "default"
    if not any(r.to == default for r in place.graph.routes(ns)):
        return default
    networks = [ipaddress.ip_interface(a).network for i in place.graph.interfaces.values() for a in i.addresses]
    holding = [n for n in networks if n.version == there.version and there in n]
    return str(min(holding, key=lambda n: -n.prefixlen)) if holding else f"{there}/{there.max_prefixlen}"


def _neighbour(place: _Place) -> Iterator[Remedy]:
    verdict, graph = place.verdict, place.graph
    own = graph.interfaces.get(ids.join(verdict.namespace, verdict.dev))
    if own is None or not verdict.address:
        return
    holders = place.view.holders(verdict.address)
    for holder in holders:
        yield from _up(place, holder.id)
    there = ipaddress.ip_address(verdict.address)
    network = next((n for n in (ipaddress.ip_interface(a).network for a in own.addresses) if there in n), None)
    strangers = [o for o in place.beside(verdict.namespace, own) if network is not None and not _in(o, network)]
    if network is not None and not holders and len(strangers) == 1:
        yield _address(strangers[0], f"{there}/{network.prefixlen}")


def _in(interface: AnyInterface, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return any(ipaddress.ip_interface(a).ip in network for a in interface.addresses)


def _address(interface: AnyInterface, address: str) -> Remedy:
    changes = {"addresses": [*interface.addresses, address]}
    return _edit("address", interface.ref, SetInterface(interface=interface.ref, changes=changes), what=address)


def _reverse_path(place: _Place) -> Iterator[Remedy]:
    key = "net.ipv4.conf.all.rp_filter"
    if place.view.sysctl(place.verdict.namespace, key) not in ("", "0"):
        yield _set(place.verdict, key, "0")


def _ignored(place: _Place) -> Iterator[Remedy]:
    key, _, value = place.verdict.note.partition(" is ")
    if key.startswith("net.") and value not in ("", "0"):
        yield _set(place.verdict, key, "0")


# ---- rules -----------------------------------------------------------------------------------------------------------


def _accept(place: _Place) -> Iterator[Remedy]:
    """Accept it before the rule, or instead of the policy; and without the rule."""
    rule = place.verdict.rule
    if rule is None or rule.table not in TABLES or (rule.number and not rule.text):
        return
    table = {"namespace": rule.namespace, "family": rule.family, "table": rule.table}
    accept = _ANSWERS if place.verdict.leg == "reply" and place.probe.protocol == "tcp" else _accepting(rule, place.packet)
    if accept and rule.table != "nat":
        command = msgspec.convert({"do": "add-rule", **table, "chain": rule.chain, "rule": accept, "at": rule.number or None}, AddRule)
        yield _edit("accept", rule.namespace, command, what=accept, chain=rule.place)
    if rule.number:
        rules = (NumberedRule(at=rule.number, was=rule.text),)
        remove = RemoveRules(namespace=rule.namespace, family=rule.family, table=rule.table, chain=rule.chain, rules=rules)
        yield _edit("remove-rule", rule.namespace, remove, what=rule.text, chain=rule.place)


def _accepting(rule: RuleAt, packet: Packet | None) -> str:
    """A rule that accepts such packets; empty where nothing is known of it."""
    if packet is None or not packet.src or not packet.dst or packet.protocol not in ("icmp", "icmpv6", "tcp", "udp"):
        return ""
    bits = 128 if rule.family == "ipv6" else 32
    protocol = "ipv6-icmp" if packet.protocol == "icmpv6" else packet.protocol
    words = [f"-s {packet.src}/{bits} -d {packet.dst}/{bits} -p {protocol}"]
    if packet.protocol in ("tcp", "udp"):
        # of an answer the port of the server is the one that stays the same
        side, port = ("sport", packet.sport) if packet.sport and packet.sport < packet.dport else ("dport", packet.dport)
        words.append(f"-m {packet.protocol} --{side} {port}")
    return " ".join([*words, "-j ACCEPT"])


# ---- the packet ------------------------------------------------------------------------------------------------------


def _ask(place: _Place, **changes: object) -> Ask:
    fields = {name: getattr(place.probe, name) for name in Ask.__struct_fields__}
    return Ask(**(fields | changes))


def _ttl(place: _Place) -> Iterator[Remedy]:
    if place.probe.ttl is not None:
        yield Remedy(word="ttl", ask=_ask(place, ttl=None))


def _size(place: _Place) -> Iterator[Remedy]:
    probe, mtu = place.probe, place.verdict.mtu
    fits = mtu - _HEADERS[probe.family]
    if probe.kind in ("icmp", "udp") and 0 < fits < probe.size:
        yield Remedy(word="smaller", what=str(fits), ask=_ask(place, size=fits))
    if probe.dont_fragment:
        yield Remedy(word="fragment", ask=_ask(place, dont_fragment=False))


_BY_CAUSE: dict[Cause, Callable[[_Place], Iterator[Remedy]]] = {
    Cause.NOT_FORWARDED: _forwarding,
    Cause.NO_ROUTE: _route,
    Cause.NEIGHBOUR_SILENT: _neighbour,
    Cause.INTERFACE_DOWN: lambda place: _up(place, place.verdict.object),
    Cause.NO_CARRIER: lambda place: _up(place, place.verdict.object),
    Cause.DROPPED_BY_RULE: _accept,
    Cause.DROPPED_BY_POLICY: _accept,
    Cause.REJECTED_BY_RULE: _accept,
    Cause.REVERSE_PATH: _reverse_path,
    Cause.NO_ANSWER: _ignored,
    Cause.TTL_EXCEEDED: _ttl,
    Cause.TOO_BIG: _size,
}
