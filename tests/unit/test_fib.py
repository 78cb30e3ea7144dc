"""Routing decisions by rules and tables, as ip-rule(8) says them."""

import errno
import ipaddress
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.journey.fib import Decision, Flow, RouteEntry, decide
from topology.model import routing
from topology.observe.policy import PolicyRule, is_default, of_family

DEFAULTS = of_family((), "ipv4")
TARGET, SOURCE = ipaddress.ip_address("10.2.0.2"), ipaddress.ip_address("10.1.0.1")
FLOW = Flow(TARGET, SOURCE, iif="eth0", mark=0x15, tos=16, protocol=6, sport=4711, dport=80)


def entry(to: str, table: int, kind: str = "unicast") -> RouteEntry:
    return RouteEntry(routing.network(to), 0, "eth1", None, None, kind, None, table)


TABLES = {
    254: [entry("10.2.0.0/16", 254), entry("default", 254)],
    7: [entry("10.2.0.0/24", 7, "blackhole")],
    8: [entry("default", 8, "throw")],
    9: [entry("default", 9)],
}


def find(table: int, flow: Flow) -> Iterator[RouteEntry]:
    return (route for route in TABLES.get(table, ()) if flow.destination in route.network)


def look(*rules: PolicyRule, flow: Flow = FLOW) -> Decision:
    return decide(of_family((*rules, *DEFAULTS), "ipv4"), flow, find)


def rule(**fields: object) -> PolicyRule:
    return PolicyRule(**{"family": "ipv4", "priority": 100, "table": 7, **fields})  # type: ignore[arg-type]


def test_without_rules_of_ones_own() -> None:
    assert is_default(())
    assert is_default(DEFAULTS)
    assert not is_default(DEFAULTS[:-1])
    assert not is_default((*DEFAULTS, rule()))
    found = look()
    assert found.route == TABLES[254][0]
    assert not found.errno
    assert look(flow=FLOW._replace(destination=ipaddress.ip_address("fd00::1"))).errno == errno.ENETUNREACH


@pytest.mark.parametrize(
    "condition",
    [
        {"source": "10.1.0.0/16"}, {"destination": "10.2.0.2/32"}, {"iif": "eth0"}, {"mark": 0x10, "mask": 0xF0}, {"tos": 16},
        {"protocol": 6}, {"sport": (4000, 5000)}, {"dport": (80, 80)},
    ],
)  # fmt: skip
def test_conditions(condition: dict[str, object]) -> None:
    """Each alone holds; turned round it does not; and not for a packet that differs in all of them."""
    other = Flow(ipaddress.ip_address("10.3.0.3"), None, iif="lo", protocol=17, dport=53)
    assert look(rule(**condition)).errno == errno.EINVAL
    assert look(rule(**condition, inverted=True)).errno == 0
    assert look(rule(**condition, action="prohibit"), flow=other).errno == 0
    assert look(rule(**condition, inverted=True, action="prohibit"), flow=other).errno == errno.EACCES


def test_actions() -> None:
    for action, number in (("unreachable", errno.ENETUNREACH), ("prohibit", errno.EACCES), ("blackhole", errno.EINVAL)):
        found = look(rule(action=action))
        assert (found.errno, found.rule) == (number, rule(action=action))
    assert look(rule(action="nop")) == look()
    assert look(rule(table=8)) == look(), "throw: the next rule is asked"
    assert look(rule(table=99)) == look(), "an empty table"
    assert look(rule(table=9)).route == TABLES[9][0]
    assert look(rule(table=9, suppress=0)) == look(), "a default route is not taken"
    assert look(rule(action="goto", target=32766), rule(priority=101, action="prohibit")) == look()
    assert look(rule(action="goto", target=40000)).errno == errno.ENETUNREACH
    assert "uidrange" in look(rule(other="uidrange")).unknown


_APART = st.builds(
    rule, priority=st.integers(1, 32765), action=st.sampled_from(("lookup", "prohibit", "goto")), target=st.just(32766),
    destination=st.sampled_from(("10.9.0.0/16", "10.2.0.3/32", "192.168.0.0/16")),
)  # fmt: skip


@given(st.lists(_APART))
def test_rules_that_do_not_apply_change_nothing(rules: list[PolicyRule]) -> None:
    assert look(*rules) == look()
