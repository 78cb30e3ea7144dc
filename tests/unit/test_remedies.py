"""Remedies: each is an edit that the lab takes, or the packet sent otherwise, after which it is predicted to arrive."""

from collections.abc import Callable

import msgspec
import pytest

from server.requests.remedies import remedies
from tests.unit.test_predict import bridged, ping, routed
from topology.edit.edit import edit
from topology.journey import words
from topology.journey.hop import Cause, Journey
from topology.journey.probe import Ask
from topology.model.diff import apply
from topology.model.records import Chain, Records, Route, as_records, replace


def mended(records: Records, word: str, journey: Journey) -> Records:
    """The lab after the edit of this remedy."""
    remedy = next(r for r in remedies(journey, records, {}) if r.word == word)
    for command in remedy.commands:
        records = apply(records, edit(records, command).diff)
    return records


def down(records: Records, id: str) -> Records:
    return records | as_records(replace(records[id], up=False))


def without_route(records: Records) -> Records:
    return {id: r for id, r in records.items() if not (isinstance(r, Route) and r.namespace == "left")}


def chain(*rules: str, policy: str = "ACCEPT", namespace: str = "r") -> Chain:
    return Chain(namespace=namespace, family="ipv4", table="filter", name="FORWARD", policy=policy, rules=rules)  # type: ignore[arg-type]


LOST: dict[str, tuple[Callable[[], Records], str, Cause]] = {
    "forwarding": (lambda: routed("0"), "sysctl", Cause.NOT_FORWARDED),
    "down": (lambda: down(routed(), "interface:left/eth0"), "up", Cause.INTERFACE_DOWN),
    "peer down": (lambda: down(routed(), "interface:right/eth0"), "up", Cause.NO_CARRIER),
    "no route": (lambda: without_route(routed()), "route", Cause.NO_ROUTE),
    "rule, without it": (lambda: routed() | as_records(chain("-p icmp -j DROP")), "remove-rule", Cause.DROPPED_BY_RULE),
    "echoes ignored": (
        lambda: routed() | as_records(replace(routed()["namespace:right"], sysctls={"net.ipv4.icmp_echo_ignore_all": "1"})), "sysctl",
        Cause.NO_ANSWER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOST)
def test_the_remedy_mends_it(case: str) -> None:
    make, word, cause = LOST[case]
    records = make()
    journey = ping(records, target="10.0.2.2")
    assert journey.verdict.cause == cause
    after = ping(mended(records, word, journey), target="10.0.2.2")
    assert after.verdict.delivered, after.verdict


@pytest.mark.parametrize("protocol", ["icmp", "udp", "tcp"])
@pytest.mark.parametrize(
    "lost", [chain(policy="DROP"), chain("-s 10.0.0.0/8 -j DROP"), chain("-j REJECT --reject-with icmp-port-unreachable")]
)
def test_a_packet_and_its_answer_are_accepted(lost: Chain, protocol: str) -> None:
    records = routed() | as_records(lost)
    for leg in ("original", "reply")[: 1 if protocol == "udp" else 2]:
        journey = ping(records, target="10.0.2.2", protocol=protocol)
        assert journey.verdict.leg == leg
        records = mended(records, "accept", journey)
    assert ping(records, target="10.0.2.2", protocol=protocol).verdict.delivered


def test_nobody_has_the_address() -> None:
    """The one interface of the segment that has none in the subnet gets it."""
    records = bridged()
    records |= as_records(replace(records["interface:ns1/eth0"], addresses=("192.168.0.2/24",)))
    journey = ping(records, "ns0", "10.0.1.2")
    assert journey.verdict.cause == Cause.NEIGHBOUR_SILENT
    assert ping(mended(records, "address", journey), "ns0", "10.0.1.2").verdict.leg == "original"
    fixed = mended(records, "address", journey)["interface:ns1/eth0"]
    assert fixed.addresses == ("192.168.0.2/24", "10.0.1.2/24")  # type: ignore[union-attr]


def test_no_route_helps_against_a_rule_that_refuses() -> None:
    """Nor against an address that is never routed."""
    for note in ("ip rule 7: prohibit", "a blackhole route to 10.0.2.2/32", "10.0.2.2 is a martian destination"):
        journey = ping(without_route(routed()), target="10.0.2.2")
        refused = msgspec.structs.replace(journey, verdict=msgspec.structs.replace(journey.verdict, note=note))
        assert "route" in [r.word for r in remedies(journey, routed(), {})]
        assert [r.word for r in remedies(refused, routed(), {})] == ["terminal"]
        assert "add a route" not in words.remedy(refused.verdict)


def test_the_packet_sent_otherwise() -> None:
    records = routed()
    lost = ping(records, target="10.0.2.2", ttl=1)
    ask = next(r.ask for r in remedies(lost, records, {}) if r.word == "ttl")
    assert ask == Ask(source="left", target="10.0.2.2")
    big = ping(records, target="10.0.2.2", size=3000, dont_fragment=True)
    found = {r.word: r.ask for r in remedies(big, records, {})}
    for word in found.keys() & {"smaller", "fragment"}:
        again = found[word]
        assert again is not None
        assert ping(records, target="10.0.2.2", size=again.size, dont_fragment=again.dont_fragment).verdict.delivered
    assert "fragment" in found


def test_each_loss_offers_a_terminal_and_an_arrival_nothing() -> None:
    records = routed("0")
    assert remedies(ping(records, target="10.0.2.2"), records, {})[-1].word == "terminal"
    assert remedies(ping(routed(), target="10.0.2.2"), routed(), {}) == ()
