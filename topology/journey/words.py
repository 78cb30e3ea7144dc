"""Journeys in English, for the command line. The browser says the same in its own languages (`web/src/journey/words.ts`)."""

import errno
import os
from collections.abc import Callable, Iterator

from topology.journey.fib import REFUSALS
from topology.journey.hop import Cause, Hop, HopKind, Journey, RuleAt, Verdict
from topology.journey.packet import Packet
from topology.model import ids

_CAUSES = {
    Cause.DELIVERED: "delivered",
    Cause.RUNNING: "on its way",
    Cause.DROPPED_BY_RULE: "dropped by rule {rule}",
    Cause.DROPPED_BY_POLICY: "dropped by the policy of {rule}",
    Cause.REJECTED_BY_RULE: "rejected by rule {rule}",
    Cause.NO_ROUTE: "no route to {address}",
    Cause.NEIGHBOUR_SILENT: "neighbour {address} did not answer on {dev}",
    Cause.INTERFACE_DOWN: "interface {dev} is down",
    Cause.NO_CARRIER: "interface {dev} has no carrier",
    Cause.NO_WIRE: "interface {dev} leads nowhere and drops what is sent through it",
    Cause.NOT_FORWARDED: "not forwarded: {forwarding} is 0",
    Cause.REVERSE_PATH: "dropped by the reverse-path filter: {address} would not be reached by {dev}",
    Cause.TTL_EXCEEDED: "its TTL was used up",
    Cause.TOO_BIG: "too big for {dev} (MTU {mtu}), and it must not be fragmented",
    Cause.PORT_BLOCKED: "bridge port {dev} lets nothing pass",
    Cause.VLAN_FILTERED: "dropped by the VLAN filter at bridge port {dev}",
    Cause.NOBODY_LISTENS: "nobody listens there",
    Cause.NO_ANSWER: "it arrived, and there was no answer",
    Cause.ANSWER_NOT_TAKEN: "the socket that asked did not get it",
    Cause.FOREIGN_RULES: "dropped by rules that are not traced (nftables' families bridge and arp, ebtables, arptables)",
    Cause.REFUSED: "the kernel refused to send it: {error}",
    Cause.UNKNOWN: "it was not seen any further",
}

_REMEDIES = {
    Cause.DROPPED_BY_RULE: "change or delete rule {rule}, or accept it by a rule before that one",
    Cause.DROPPED_BY_POLICY: "add a rule to {rule} that accepts it",
    Cause.REJECTED_BY_RULE: "change or delete rule {rule}, or accept it by a rule before that one",
    Cause.NO_ROUTE: "add a route to {address} in {namespace}, for instance a default route",
    Cause.NEIGHBOUR_SILENT: "an interface on the segment of {dev} has to have the address {address}, and be up",
    Cause.INTERFACE_DOWN: "set {dev} up in {namespace}",
    Cause.NO_CARRIER: "set up what is at the other end of {dev}",
    Cause.NO_WIRE: "send it by another interface: change the route to {address} in {namespace}",
    Cause.NOT_FORWARDED: "set {forwarding} to 1 in {namespace}",
    Cause.REVERSE_PATH: "add a route to {address} by {dev}, or set rp_filter to 0 in {namespace}",
    Cause.TTL_EXCEEDED: "send it with a larger TTL, or look for a routing loop",
    Cause.TOO_BIG: "send less at once, or raise the MTU of {dev}",
    Cause.PORT_BLOCKED: "wait for STP, or find out why the bridge port does not forward",
    Cause.VLAN_FILTERED: "let {dev} carry the VLAN of the frame",
    Cause.FOREIGN_RULES: "look at them in a terminal: nft list ruleset",
    Cause.NOBODY_LISTENS: "start a program in {namespace} that listens there",
}
_NO_ADDRESS = "give {dev} an address"
_NO_SOURCE, _NO_SOURCE_REMEDY = "0.0.0.0", "give the sender an IPv4 address"
_REFUSING_ROUTE, _REFUSING_RULE = "delete that route", "delete or change what refuses it"
_REFUSING_ROUTE_WORDS = "the routing of {namespace} refuses {address}"
_SYSCTL_IS_SET = "set that sysctl to 0"
_NEVER_ROUTED = ("martian", "link-local")
_INFERRED = "as far as known from the lab's settings: "


def rule(at: RuleAt) -> str:
    """`2 of filter/FORWARD`, `filter/FORWARD` for a policy."""
    return f"{at.number} of {at.place}" if at.number else at.place


def verdict(found: Verdict) -> str:
    """One line: what became of it, where, and what the kernel said."""
    words = _filled(_REFUSING_ROUTE_WORDS if is_refused(found) else _CAUSES[found.cause], found)
    where = f" in {found.namespace}" if found.namespace else ""
    text = f" ({found.rule.text})" if found.rule is not None and found.rule.text and found.rule.number else ""
    note = f"; {found.note}" if found.note else ""
    lead = "the answer was lost: " if found.leg == "reply" and not found.delivered and found.cause != Cause.RUNNING else ""
    return f"{_INFERRED if found.inferred else ''}{lead}{words}{where}{text}{note}"


def remedy(found: Verdict) -> str:
    """What may help; empty where nothing can be said."""
    if is_refused(found):
        return _REFUSING_ROUTE if ids.kind_of(found.object) == "route" else _REFUSING_RULE
    if found.cause == Cause.NO_ROUTE and not wants_route(found):
        return ""
    if found.cause == Cause.REVERSE_PATH and found.address == _NO_SOURCE:
        return _NO_SOURCE_REMEDY
    if found.cause == Cause.NO_ANSWER and found.note:
        return _SYSCTL_IS_SET
    if found.cause == Cause.REFUSED and found.errno == errno.EADDRNOTAVAIL and found.dev:
        return _filled(_NO_ADDRESS, found)
    return _filled(_REMEDIES.get(found.cause, ""), found)


def is_refused(found: Verdict) -> bool:
    """Whether a rule of ip-rule(8), or a typed route, says no: there is not just no route."""
    return found.cause == Cause.NO_ROUTE and found.note.startswith(("ip rule ", *(f"a {kind} route" for kind in REFUSALS)))


def wants_route(found: Verdict) -> bool:
    """Whether a route more would help: nothing refuses, and the addresses are such as are routed (no martian, no link-local source)."""
    return not is_refused(found) and not any(word in found.note for word in _NEVER_ROUTED)


def _filled(text: str, found: Verdict) -> str:
    return text.format(
        rule=rule(found.rule) if found.rule is not None else "", address=found.address, dev=found.dev, mtu=found.mtu or "unknown",
        namespace=found.namespace, error=os.strerror(found.errno) if found.errno else "",
        forwarding="net.ipv6.conf.all.forwarding" if ":" in found.address else "net.ipv4.ip_forward",
    )  # fmt: skip


def packet(found: Packet) -> str:
    """`icmp 10.0.0.1 → 10.0.0.2 ttl 64`, `tcp 10.0.0.1:4711 → 10.0.0.2:80 S`."""
    ports = found.protocol in ("tcp", "udp")
    src = _socket(found.src, found.sport) if ports else found.src
    dst = _socket(found.dst, found.dport) if ports else found.dst
    if found.protocol == "arp":
        return f"arp who-has {found.dst} tell {found.src}" if found.type == 1 else f"arp reply from {found.src} to {found.dst}"
    kind = f" type {found.type} code {found.code}" if found.error else ""
    ttl = f" ttl {found.ttl}" if found.ttl else ""
    return f"{found.protocol}{kind} {src or '?'} → {dst}{f' {found.flags}' if found.flags else ''}{ttl}"


def _socket(address: str, port: int) -> str:
    """`10.0.0.1:80`, `[fd00::1]:80`; only the address where the port is not known."""
    bracketed = f"[{address}]" if ":" in address else address
    return f"{bracketed}:{port}" if port else address


def _change(before: Packet, after: Packet) -> str:
    """What was rewritten."""
    return ", ".join(f"{what} {old} → {new}" for (what, old), (_, new) in zip(_fields(before), _fields(after), strict=True) if old != new)


def _fields(found: Packet) -> Iterator[tuple[str, str]]:
    """What NAT and routers rewrite, by name."""
    yield "source", _address(found.src, found.sport)
    yield "destination", _address(found.dst, found.dport)
    yield "identifier", str(found.echo)
    yield "TTL", str(found.ttl)


def _address(address: str, port: int) -> str:
    return f"{address} port {port}" if port else address


def hop(found: Hop) -> str:
    """One sentence."""
    made = _SENTENCES[found.kind](found)
    change = _change(found.packet, found.after) if found.packet is not None and found.after is not None else ""
    return f"{made}: {change}" if change else made


def _packet(found: Hop) -> str:
    return packet(found.packet) if found.packet is not None else ""


def _route(found: Hop) -> str:
    if found.errno:
        return f"routing: {os.strerror(found.errno)}" + (f" ({found.note} route {found.route})" if found.route else "")
    via = f" via {found.via}" if found.via else ""
    if found.note == "local":
        return f"routing: {found.route} is an address of its own"
    return f"routing: {found.route}{via} dev {found.dev}"


def _chain(found: Hop) -> str:
    if found.rule is None:
        return f"{found.hook}: it does not come out"
    passed = f" ({len(found.passed)} did not match)" if found.passed else ""
    what = f"rule {found.rule.number}" if found.rule.number else "end of chain" if found.outcome == "return" else "policy"
    text = f" [{found.rule.text}]" if found.rule.text and found.rule.number else ""
    to = f" to {found.target}" if found.outcome == "jump" else ""
    return f"{found.rule.place}: {what}{text}: {found.outcome}{to}{passed}"


def _bridge(found: Hop) -> str:
    ports = ", ".join(found.ports)
    return (
        f"bridge {found.dev}: {found.mac} is not known, flooded to {ports}"
        if found.flooded
        else f"bridge {found.dev}: {found.mac} is at {ports}"
    )


def _neighbour(found: Hop) -> str:
    if not found.mac:
        return (
            f"{found.address} was asked for on {found.dev}, and nobody answered"
            if found.asked
            else f"{found.address} is asked for on {found.dev}"
        )
    return f"{found.address} is at {found.mac}" + (", as it answered" if found.asked else ", which was known")


_SENTENCES: dict[HopKind, Callable[[Hop], str]] = {
    "send": lambda h: f"sends {_packet(h)}",
    "answer": lambda h: f"answers {_packet(h)}",
    "error": lambda h: f"sends back an error: {_packet(h)}",
    "route": _route,
    "chain": _chain,
    "nat": lambda _: "conntrack knows the connection and rewrites it",
    "neighbour": _neighbour,
    "out": lambda h: f"out by {h.dev}",
    "in": lambda h: f"in at {h.dev}",
    "bridge": _bridge,
    "deliver": lambda _: "delivered here",
    "receive": lambda _: "the answer is here",
    "unknown": lambda h: h.note,
}


_ARROWS = {"original": "→", "reply": "←"}


def transcript(journey: Journey) -> Iterator[str]:
    """The whole journey as lines of text."""
    width = max((len(h.namespace) for h in journey.hops), default=0)
    for found in journey.hops:
        at = f"{found.at:>7} µs" if found.at is not None else " " * 10
        arrow = _ARROWS[found.leg]
        yield f"{at}  {arrow} {found.namespace:<{width}}  {hop(found)}"
    for note in (*journey.assumptions, *journey.notes):
        yield f"note: {note}"
    if journey.answer:
        yield f"answer: {journey.answer}"
    yield verdict(journey.verdict)
