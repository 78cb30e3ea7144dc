"""Routing tables, asked as fib_lookup() asks them: the rules of ip-rule(8) choose a table, in it the longest prefix wins. Pure."""

import errno
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from topology.model.routing import MAIN_TABLE
from topology.observe.policy import PolicyRule

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOCAL_TABLE = 255
"""RT_TABLE_LOCAL of linux/rtnetlink.h."""
REFUSALS = {"blackhole": errno.EINVAL, "unreachable": errno.EHOSTUNREACH, "prohibit": errno.EACCES, "throw": errno.ENETUNREACH}
"""Types of routes that refuse, and the error that the sender gets (ip-route(8))."""
_RULE_REFUSALS = {"blackhole": errno.EINVAL, "unreachable": errno.ENETUNREACH, "prohibit": errno.EACCES}
"""The same of rules (fib4_rule_action())."""


class Leg(NamedTuple):
    """One of several next hops of a route."""

    dev: str
    via: str | None


class RouteEntry(NamedTuple):
    """A route as a lookup needs it. `type` as in ip-route(8); `record`: id of the record that it realises, None for the kernel's own.
    `tos`, `source`: only packets that have them are routed so."""

    network: Network
    metric: int
    dev: str | None
    via: str | None
    src: str | None
    type: str
    record: str | None
    table: int = MAIN_TABLE
    legs: tuple[Leg, ...] = ()
    tos: int = 0
    source: str = ""


class Flow(NamedTuple):
    """What a lookup is about (struct flowi). `source` None: not chosen yet. `iif`: `lo` for what the namespace sends itself. `protocol`: a
    number, 0 and ports 0 where the kernel does not fill them in. `oif`: it has to leave by this interface."""

    destination: Address
    source: Address | None = None
    iif: str = "lo"
    oif: str = ""
    mark: int = 0
    tos: int = 0
    protocol: int = 0
    sport: int = 0
    dport: int = 0


class Decision(NamedTuple):
    """What a lookup finds. `errno`: why there is no way, 0 where `route` is one. `rule`: the rule that refuses. `unknown`: what decides
    and is not known. `looked_in`: a table was looked in because of a rule that each namespace does not begin with."""

    route: RouteEntry | None
    errno: int = 0
    rule: PolicyRule | None = None
    unknown: str = ""


def decide(rules: Sequence[PolicyRule], flow: Flow, find: Callable[[int, Flow], Iterable[RouteEntry]]) -> Decision:
    """By rules in the order of their priorities. `find`: the routes of a table that fit a flow, best first."""
    at = 0
    while at < len(rules):
        rule = rules[at]
        at += 1
        if not _applies(rule, flow):
            continue
        if rule.other:
            return Decision(None, unknown=f"ip rule {rule.priority} asks for {rule.other}")
        if rule.action == "goto":
            at = next((n for n, r in enumerate(rules) if r.priority >= rule.target), len(rules))
        elif rule.action in _RULE_REFUSALS:
            return Decision(None, _RULE_REFUSALS[rule.action], rule)
        elif rule.action == "lookup" and (found := _in_table(rule, flow, find)) is not None:
            return found
    return Decision(None, errno.ENETUNREACH)


def _in_table(rule: PolicyRule, flow: Flow, find: Callable[[int, Flow], Iterable[RouteEntry]]) -> Decision | None:
    """None: the next rule is asked."""
    route = next(iter(find(rule.table, flow)), None)
    if route is not None and route.source:
        return Decision(None, unknown=f"the route to {route.network} is for packets from {route.source} alone")
    if route is None or route.type == "throw" or route.network.prefixlen <= rule.suppress:
        return None
    return Decision(route, REFUSALS.get(route.type, 0))


def _applies(rule: PolicyRule, flow: Flow) -> bool:
    """fib_rule_match(): all its conditions hold, or with `not` one does not."""
    holds = (
        (not rule.iif or rule.iif == flow.iif)
        and (not rule.oif or rule.oif == flow.oif)
        and not (rule.mark ^ flow.mark) & rule.mask
        and _within(flow.source, rule.source)
        and _within(flow.destination, rule.destination)
        and (not rule.tos or rule.tos == flow.tos)
        and (not rule.protocol or rule.protocol == flow.protocol)
        and (rule.sport is None or rule.sport[0] <= flow.sport <= rule.sport[1])
        and (rule.dport is None or rule.dport[0] <= flow.dport <= rule.dport[1])
    )
    return holds != rule.inverted


def _within(address: Address | None, prefix: str) -> bool:
    if not prefix:
        return True
    network = ipaddress.ip_network(prefix, strict=False)
    return address is not None and address.version == network.version and address in network
