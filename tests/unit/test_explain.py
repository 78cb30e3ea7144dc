import pytest

from topology.journey.explain import explain, source_namespace, target_address
from topology.model.problems import Code, ProblemError
from topology.model.records import Bridge, Loopback, Namespace, Records, Route, Veth, as_records, replace


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


def why(records: Records, source: str = "left", target: str = "right") -> list[tuple[str | None, str]]:
    found = explain(records, {}, source, target)
    assert found.reaches == (not found.reasons)
    assert all(r.hint for r in found.reasons)
    return [(r.subject, r.message) for r in found.reasons]


def down(records: Records, ref: str) -> Records:
    interface = records[f"interface:{ref}"]
    return {**records, interface.id: replace(interface, up=False)}


def test_through_a_router() -> None:
    found = explain(routed(), {}, "left", "right/eth0")
    assert found.reaches
    assert found.path == (
        "namespace:left", "interface:left/eth0", "interface:r/a", "namespace:r", "interface:r/b", "interface:right/eth0", "namespace:right",
    )  # fmt: skip


def test_what_stands_in_the_way_of_it() -> None:
    records = routed(forward="0")
    assert why(records) == [("namespace:r", "r: net.ipv4.ip_forward is 0: it does not forward")]
    (reason,) = explain(records, {}, "left", "right").reasons
    assert reason.hint == "set net.ipv4.ip_forward to 1 in r"
    records = routed()
    assert why({k: r for k, r in records.items() if k != "route:left/default"}) == [("namespace:left", "Network is unreachable")]
    back = explain({k: r for k, r in records.items() if k != "route:right/default"}, {}, "left", "right").reasons
    assert [(r.subject, r.message) for r in back] == [("namespace:right", "Network is unreachable")]
    assert back[0].hint is not None
    assert back[0].hint.startswith("the reply to 10.0.1.2 finds no way back")


def test_links_that_are_down() -> None:
    (first, *_) = why(down(routed(), "right/eth0"), target="10.0.2.2")
    assert first == ("interface:right/eth0", "r/b has no carrier: its peer right/eth0 is down")
    assert why(down(routed(), "left/eth0"), target="10.0.1.1") == [("interface:left/eth0", "Network is unreachable")]


def test_nobody_has_the_address() -> None:
    assert why(routed(), target="10.0.1.9") == [("interface:left/eth0", "Destination Host Unreachable")]


def test_loopback() -> None:
    assert why(routed(), target="127.0.0.1") == []
    assert why(routed(), source="right", target="127.0.0.1") == [("interface:right/lo", "Network is unreachable")]


def test_blackholes_and_circles() -> None:
    records = routed() | as_records(Route(namespace="left", to="10.0.2.0/24", type="prohibit"))
    assert why(records) == [("route:left/10.0.2.0/24", "Permission denied")]
    circle = [Route(namespace=ns, to="10.0.3.0/24", via=via) for ns, via in (("r", "10.0.1.2"), ("left", "10.0.1.1"))]
    records = routed() | as_records(*circle)
    assert ("namespace:left", "Time to live exceeded") in why(records, target="10.0.3.1")


def test_across_a_bridge() -> None:
    records = as_records(Namespace(name="host"), Bridge(namespace="host", name="br0"))
    for n in (0, 1):
        records |= as_records(
            Namespace(name=f"ns{n}"),
            Veth(namespace="host", name=f"p{n}", peer=f"ns{n}/eth0", master="br0"),
            Veth(namespace=f"ns{n}", name="eth0", peer=f"host/p{n}", addresses=(f"10.0.1.{n + 1}/24",)),
        )
    assert explain(records, {}, "ns0", "ns1").path == (
        "namespace:ns0", "interface:ns0/eth0", "interface:host/p0", "interface:host/br0", "interface:host/p1", "interface:ns1/eth0",
        "namespace:ns1",
    )  # fmt: skip
    assert why(down(records, "host/br0"), "ns0", "ns1") == [("interface:host/br0", "host/br0 is down")]
    subjects = {s for s, _ in why(down(records, "host/p1"), "ns0", "ns1")}
    assert "interface:host/p1" in subjects


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
