"""Why a packet would not come through, worked out from records alone: what a ping that fails is told. And how its ends are named."""

import errno

import msgspec
import pytest

from topology.journey import words
from topology.journey.ask import resolve
from topology.journey.endpoints import source_namespace, target_address
from topology.journey.hop import Cause, Journey, Verdict
from topology.journey.predicted.predict import predict, predict_ping
from topology.journey.probe import Ask
from topology.model import ids
from topology.model.kinds.dummy import Dummy
from topology.model.kinds.ifb import Ifb
from topology.model.problems import Code, ProblemError
from topology.model.records import Bridge, Chain, Loopback, Namespace, Records, Route, Veth, as_records, replace
from topology.observe.live import LinkLive


def routed(forward: str = "1") -> Records:
    """left - r - right: two subnets and a router."""
    return as_records(
        Namespace(name="host"),
        Namespace(name="left"),
        Namespace(name="r", sysctls={"net.ipv4.ip_forward": forward}),
        Namespace(name="right"),
        Loopback(namespace="left", name="lo"),
        Veth(namespace="left", name="eth0", peer="r/a", addresses=("10.0.1.2/24",)),
        Veth(namespace="r", name="a", peer="left/eth0", addresses=("10.0.1.1/24",)),
        Veth(namespace="r", name="b", peer="right/eth0", addresses=("10.0.2.1/24",)),
        Veth(namespace="right", name="eth0", peer="r/b", addresses=("10.0.2.2/24",)),
        Route(namespace="left", to="default", via="10.0.1.1"),
        Route(namespace="right", to="default", via="10.0.2.1"),
    )


def bridged() -> Records:
    """ns0 and ns1 on the bridge br0 of host."""
    records = as_records(Namespace(name="host"), Bridge(namespace="host", name="br0"))
    for n in (0, 1):
        records |= as_records(
            Namespace(name=f"ns{n}"),
            Veth(namespace="host", name=f"p{n}", peer=f"ns{n}/eth0", master="br0"),
            Veth(namespace=f"ns{n}", name="eth0", peer=f"host/p{n}", addresses=(f"10.0.1.{n + 1}/24",)),
        )
    return records


def ping(records: Records, source: str = "left", target: str = "right", **asked: object) -> Journey:
    ask = msgspec.convert({"source": source, "target": target, **asked}, Ask)
    return predict(resolve(ask, records, {}), records, {})


def why(records: Records, source: str = "left", target: str = "right", **asked: object) -> Verdict:
    verdict = ping(records, source, target, **asked).verdict
    assert verdict.delivered == (not words.remedy(verdict)), "whatever is lost has a remedy"
    return verdict


def place(verdict: Verdict) -> tuple[Cause, str, str]:
    return verdict.cause, verdict.namespace, verdict.object


def down(records: Records, ref: str) -> Records:
    interface = records[ids.interface(ref)]
    return {**records, interface.id: replace(interface, up=False)}


def without(records: Records, *keys: str) -> Records:
    return {k: r for k, r in records.items() if k not in keys}


def rules(namespace: str, chain: str, *texts: str, policy: str = "ACCEPT") -> Chain:
    return msgspec.convert(
        {"namespace": namespace, "family": "ipv4", "table": "filter", "name": chain, "policy": policy, "rules": texts}, Chain
    )


def test_through_a_router() -> None:
    journey = ping(routed(), "left", "right/eth0")
    assert journey.verdict.delivered
    assert [(h.namespace, h.dev) for h in journey.hops if h.kind in ("out", "in") and h.leg == "original"] == [
        ("left", "eth0"), ("r", "a"), ("r", "b"), ("right", "eth0"),
    ]  # fmt: skip


def test_rules_are_blamed_and_not_routes() -> None:
    records = routed() | as_records(rules("r", "FORWARD", "-p tcp -j DROP", "-p icmp -j DROP"))
    verdict = why(records)
    assert place(verdict) == (Cause.DROPPED_BY_RULE, "r", "chain:r/ipv4/filter/FORWARD")
    assert words.verdict(verdict) == "dropped by rule 2 of filter/FORWARD in r (-p icmp -j DROP)"
    assert "rule 2 of filter/FORWARD" in words.remedy(verdict)
    rejects = routed() | as_records(rules("right", "INPUT", "-j REJECT"))
    assert place(why(rejects)) == (Cause.REJECTED_BY_RULE, "right", "chain:right/ipv4/filter/INPUT")
    policy = why(routed() | as_records(rules("left", "OUTPUT", policy="DROP")))
    assert words.verdict(policy) == "dropped by the policy of filter/OUTPUT in left"


def test_rules_that_drop_the_reply() -> None:
    verdict = why(routed() | as_records(rules("right", "OUTPUT", "-p icmp -m icmp --icmp-type 0 -j DROP")))
    assert (verdict.leg, *place(verdict)) == ("reply", Cause.DROPPED_BY_RULE, "right", "chain:right/ipv4/filter/OUTPUT")
    assert words.verdict(verdict).startswith("the answer was lost: dropped by rule 1 of filter/OUTPUT in right")


def test_a_router_that_does_not_forward() -> None:
    verdict = why(routed(forward="0"))
    assert place(verdict) == (Cause.NOT_FORWARDED, "r", "namespace:r")
    assert words.verdict(verdict) == "not forwarded: net.ipv4.ip_forward is 0 in r"
    assert words.remedy(verdict) == "set net.ipv4.ip_forward to 1 in r"


def test_no_route_there_and_none_back() -> None:
    verdict = why(without(routed(), "route:left/default"))
    assert (verdict.leg, verdict.errno, *place(verdict)) == ("original", errno.ENETUNREACH, Cause.NO_ROUTE, "left", "namespace:left")
    assert words.remedy(verdict) == "add a route to 10.0.2.2 in left, for instance a default route"
    reply = why(without(routed(), "route:right/default"))
    assert (reply.leg, *place(reply)) == ("reply", Cause.NO_ROUTE, "right", "namespace:right")
    assert words.verdict(reply) == "the answer was lost: no route to 10.0.1.2 in right"


def test_links_that_are_down() -> None:
    verdict = why(down(routed(), "right/eth0"), target="10.0.2.2")
    assert (verdict.dev, *place(verdict)) == ("b", Cause.NO_CARRIER, "r", "interface:right/eth0")
    assert words.verdict(verdict) == "interface b has no carrier in r; its peer right/eth0 is down"
    verdict = why(down(routed(), "left/eth0"), target="10.0.1.1")
    assert (verdict.dev, *place(verdict)) == ("eth0", Cause.INTERFACE_DOWN, "left", "interface:left/eth0")


def test_the_address_is_on_an_interface_that_is_down() -> None:
    """IPv4 takes packets for it all the same; what does not get there says where it would be."""
    extra = as_records(Veth(namespace="right", name="eth1", peer="host/x", addresses=("10.0.3.1/24", "fd03::1/64"), up=False))
    records = routed() | extra | as_records(Route(namespace="r", to="10.0.3.0/24", via="10.0.2.2"))
    assert why(records, target="10.0.3.1").delivered
    strays = why(routed() | extra, target="10.0.3.1")
    assert place(strays) == (Cause.NO_ROUTE, "r", "namespace:r")
    assert strays.note == "right/eth1 has 10.0.3.1, and is down"
    assert words.remedy(strays) == "add a route to 10.0.3.1 in r, for instance a default route"
    own = routed() | as_records(Veth(namespace="left", name="eth1", peer="host/x", addresses=("10.0.3.1/24", "fd03::1/64"), up=False))
    assert why(own, target="10.0.3.1").delivered
    assert place(why(own, target="fd03::1", ipv6=True)) == (Cause.INTERFACE_DOWN, "left", "interface:left/eth1")


def test_nobody_has_the_address() -> None:
    verdict = why(routed(), target="10.0.1.9")
    assert (verdict.dev, verdict.address, *place(verdict)) == (
        "eth0", "10.0.1.9", Cause.NEIGHBOUR_SILENT, "left", "interface:left/eth0",
    )  # fmt: skip
    assert verdict.note == "no interface of the lab has this address"
    elsewhere = routed() | as_records(Route(namespace="left", to="10.0.2.0/24", dev="eth0"))
    assert why(elsewhere).note == "right/eth0 has this address, on another segment"
    port = replace(bridged()["interface:host/p1"], addresses=("10.0.1.77/24",))
    verdict = why(bridged() | as_records(port), "ns0", "10.0.1.77")
    assert (verdict.leg, *place(verdict)) == ("reply", Cause.NEIGHBOUR_SILENT, "host", "interface:host/p1"), "host answers ARP on br0"
    assert verdict.note == "host/p1 is a port of br0: what is sent by it itself goes out on its wire, not into the bridge"


@pytest.mark.parametrize("kind", [Dummy, Ifb])
def test_what_leaves_through_an_interface_without_a_wire_is_dropped(kind: type[Dummy | Ifb]) -> None:
    records = routed() | as_records(kind(namespace="left", name="end0", addresses=("10.0.9.1/24",)))
    journey = ping(records, target="10.0.9.2")
    assert [(h.kind, h.dev) for h in journey.hops] == [("send", ""), ("route", "end0"), ("out", "end0")], "it asks for no neighbour"
    verdict = why(records, target="10.0.9.2")
    assert (verdict.dev, verdict.address, *place(verdict)) == ("end0", "10.0.9.2", Cause.NO_WIRE, "left", "interface:left/end0")
    assert words.verdict(verdict) == "interface end0 leads nowhere and drops what is sent through it in left"
    assert words.remedy(verdict) == "send it by another interface: change the route to 10.0.9.2 in left"
    asked = why(records, source="left/end0", target="10.0.9.2", protocol="arp")
    assert place(asked) == (Cause.NO_WIRE, "left", "interface:left/end0")
    shut = down(records, "left/end0") | as_records(Route(namespace="left", to="10.0.9.0/24", dev="end0"))
    assert why(shut, target="10.0.9.2").cause != Cause.NO_WIRE


def test_loopback() -> None:
    assert why(routed(), target="127.0.0.1").delivered
    assert why(routed(), target="10.0.1.2").delivered
    for target in ("127.0.0.1", "10.0.2.2"):
        verdict = why(routed(), source="right", target=target)
        assert (verdict.dev, *place(verdict)) == ("lo", Cause.INTERFACE_DOWN, "right", "interface:right/lo")
        assert words.remedy(verdict) == "set lo up in right"


def test_a_namespace_that_cannot_send() -> None:
    extra = as_records(
        Namespace(name="bare"), Veth(namespace="bare", name="eth0", peer="r/c"), Veth(namespace="r", name="c", peer="bare/eth0")
    )
    records = routed() | extra | as_records(Route(namespace="bare", to="10.0.1.0/24", dev="eth0"))
    verdict = why(records, "bare", "10.0.1.2")
    assert place(verdict) == (Cause.NEIGHBOUR_SILENT, "bare", "interface:bare/eth0"), "left is not on that segment"
    verdict = why(records | as_records(replace(extra["interface:r/c"], addresses=("10.0.1.9/32",))), "bare", "10.0.1.9")
    assert (verdict.address, *place(verdict)) == ("0.0.0.0", Cause.REVERSE_PATH, "r", "namespace:r")
    assert verdict.note == "0.0.0.0 is a martian source: the sender has no IPv4 address to send from"
    assert words.remedy(verdict) == "give the sender an IPv4 address"
    six = records | as_records(Route(namespace="bare", to="fd00::/64", dev="eth0"))
    verdict = why(six, "bare", "fd00::1", ipv6=True)
    assert (verdict.errno, *place(verdict)) == (errno.EADDRNOTAVAIL, Cause.REFUSED, "bare", "interface:bare/eth0")
    assert verdict.note == "bare has no IPv6 address to send from"
    assert words.remedy(verdict) == "give eth0 an address"
    assert place(why(routed() | extra, "bare", "10.0.1.2")) == (Cause.NO_ROUTE, "bare", "namespace:bare")


def test_a_namespace_that_ignores_echo_requests() -> None:
    records = routed() | as_records(Namespace(name="right", sysctls={"net.ipv4.icmp_echo_ignore_all": "1"}))
    verdict = why(records)
    assert (verdict.note, *place(verdict)) == ("net.ipv4.icmp_echo_ignore_all is 1", Cause.NO_ANSWER, "right", "namespace:right")


def test_routes_that_refuse_and_a_routing_loop() -> None:
    verdict = why(routed() | as_records(Route(namespace="left", to="10.0.2.0/24", type="prohibit")))
    assert (verdict.errno, *place(verdict)) == (errno.EACCES, Cause.NO_ROUTE, "left", "route:left/10.0.2.0/24")
    assert verdict.note == "a prohibit route to 10.0.2.0/24"
    assert words.remedy(verdict) == "delete that route"
    loop = [Route(namespace=ns, to="10.0.3.0/24", via=via) for ns, via in (("r", "10.0.2.2"), ("right", "10.0.2.1"))]
    records = routed() | as_records(*loop, Namespace(name="right", sysctls={"net.ipv4.ip_forward": "1"}))
    for ttl in (None, 7, 255):
        verdict = why(records, target="10.0.3.1", ttl=ttl)
        assert (verdict.cause, verdict.note) == (Cause.TTL_EXCEEDED, "there is a routing loop")
    once = why(routed(), ttl=1)
    assert (once.note, *place(once)) == ("", Cause.TTL_EXCEEDED, "r", "namespace:r")


def test_too_big() -> None:
    narrow = routed() | as_records(replace(routed()["interface:r/b"], mtu=1300))
    verdict = why(narrow, size=1400)
    assert (verdict.leg, verdict.mtu, *place(verdict)) == ("reply", 1300, Cause.TOO_BIG, "r", "interface:r/b"), "its peer sends more"
    both = narrow | as_records(replace(routed()["interface:right/eth0"], mtu=1300))
    assert why(both, size=1400).delivered
    verdict = why(narrow, size=1400, dont_fragment=True)
    assert (verdict.mtu, *place(verdict)) == (1300, Cause.TOO_BIG, "r", "interface:r/b")


def test_ping_asks_not_to_be_fragmented_on_its_way() -> None:
    narrow = routed() | as_records(*(replace(routed()[f"interface:{ref}"], mtu=1300) for ref in ("r/b", "right/eth0")))
    for size, cause in ((1400, Cause.TOO_BIG), (1200, Cause.DELIVERED), (2000, Cause.DELIVERED)):
        probe = resolve(Ask(source="left", target="right", size=size), narrow, {})
        assert predict(probe, narrow, {}).verdict.delivered
        verdict = predict_ping(probe, narrow, {}).verdict
        assert (verdict.cause, verdict.namespace) == (cause, "r" if cause == Cause.TOO_BIG else "right"), size


def test_across_a_bridge() -> None:
    records = bridged()
    passed = [h.object for h in ping(records, "ns0", "ns1").hops if h.leg == "original" and h.kind in ("out", "in", "bridge")]
    assert passed == [ids.interface(ref) for ref in ("ns0/eth0", "host/p0", "host/br0", "host/p1", "ns1/eth0")]


@pytest.mark.parametrize(
    ("ref", "cause", "dev", "note"),
    [
        ("host/br0", Cause.INTERFACE_DOWN, "br0", ""),
        ("host/p1", Cause.INTERFACE_DOWN, "p1", ""),
        ("ns1/eth0", Cause.NO_CARRIER, "p1", "its peer ns1/eth0 is down"),
    ],
)
def test_down_behind_a_bridge(ref: str, cause: Cause, dev: str, note: str) -> None:
    verdict = why(down(bridged(), ref), "ns0", "10.0.1.2")
    assert (verdict.namespace, verdict.cause, verdict.dev, verdict.object, verdict.note) == ("host", cause, dev, ids.interface(ref), note)


@pytest.mark.parametrize("ref", ["host/br0", "ns1/eth0"])
def test_a_port_that_is_disabled_says_by_what(ref: str) -> None:
    records = down(bridged(), ref)
    port = "p0" if ref == "host/br0" else "p1"
    live = LinkLive(
        namespace="host", name=port, index=3, type="veth", up=True, carrier=True, operstate="up", flags=(), mtu=1500, mac="",
        port_state="disabled",
    )  # fmt: skip
    verdict = predict(resolve(Ask(source="ns0", target="10.0.1.2"), records, {}), records, {live.id: live}).verdict
    assert (verdict.cause, verdict.dev, verdict.object) == (Cause.PORT_BLOCKED, port, ids.interface(f"host/{port}"))
    assert verdict.note == (f"disabled: {ref} is down")


def test_targets() -> None:
    records = routed()
    assert target_address(records, "r", source="right") == "10.0.2.1"
    assert target_address(records, "r/a") == "10.0.1.1"
    assert target_address(records, "2001:DB8::1") == "2001:db8::1"
    assert source_namespace(records, "r/a") == "r"
    for target, ipv6 in (("host", False), ("nowhere", False), ("r", True)):
        with pytest.raises(ProblemError) as caught:
            target_address(records, target, ipv6)
        assert caught.value.problem.code == Code.UNKNOWN
    with pytest.raises(ProblemError):
        source_namespace(records, "nowhere")
