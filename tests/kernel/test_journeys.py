"""Each way in which a packet can end, provoked in a real kernel, and found with exactly that cause at that place.

`UPDATE=1` writes what was seen to tests/golden/journeys, where `stitch` is tested on it without a kernel.
"""

import errno

import pytest

from tests.kernel.stage import Stage
from topology.journey.compare import compare
from topology.journey.hop import Cause, Hop, Journey
from topology.journey.predicted.predict import predict

NETWORK = (
    "ip netns add a; ip netns add r; ip netns add b",
    # a router asks for neighbours only when its link-local address is not tentative any more
    "for n in a r b; do ip netns exec $n sysctl -qw net.ipv6.conf.default.accept_dad=0; done",
    "ip link add br1 type bridge; ip link add br2 type bridge; ip link set br1 up; ip link set br2 up",
    "ip link add a1 type veth peer name eth0 netns a; ip link add r1 type veth peer name left netns r",
    "ip link add r2 type veth peer name right netns r; ip link add b2 type veth peer name eth0 netns b",
    "ip link set a1 master br1 up; ip link set r1 master br1 up; ip link set r2 master br2 up; ip link set b2 master br2 up",
    "ip -n a link set lo up; ip -n a link set eth0 up; ip -n a addr add 10.1.0.2/24 dev eth0; ip -n a addr add fd01::2/64 dev eth0 nodad",
    "ip -n b link set lo up; ip -n b link set eth0 up; ip -n b addr add 10.2.0.2/24 dev eth0; ip -n b addr add fd02::2/64 dev eth0 nodad",
    "ip -n r link set lo up; ip -n r link set left up; ip -n r link set right up",
    "ip -n r addr add 10.1.0.1/24 dev left; ip -n r addr add fd01::1/64 dev left nodad",
    "ip -n r addr add 10.2.0.1/24 dev right; ip -n r addr add fd02::1/64 dev right nodad",
    "ip netns exec r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
    "ip -n a route add default via 10.1.0.1; ip -n a route add default via fd01::1",
    "ip -n b route add default via 10.2.0.1; ip -n b route add default via fd02::1",
)
"""a (br1) r (br2) b: three namespaces, two bridges of `host`."""
B = {"ipv4": "10.2.0.2", "ipv6": "fd02::2"}
IPTABLES = {"ipv4": "iptables", "ipv6": "ip6tables"}

drivers = pytest.mark.parametrize("driver", ["legacy", "nft"])
families = pytest.mark.parametrize("family", ["ipv4", "ipv6"])


def ended(journey: Journey, cause: Cause, namespace: str, leg: str = "original") -> Hop:
    """The verdict is this one, at this place; the hop that it points at."""
    found = journey.verdict
    assert (found.cause, found.namespace, found.leg) == (cause, namespace, leg), found
    assert found.hop is not None
    return journey.hops[found.hop]


def recorded(name: str, family: str, driver: str = "") -> str:
    """The golden file of a case: IPv4 with the legacy driver, IPv6 with nft; without rules, IPv4 only."""
    keep = (family, driver) in (("ipv4", "legacy"), ("ipv6", "nft"), ("ipv4", ""))
    return "-".join(filter(None, (name, family, driver))) if keep else ""


def kinds(journey: Journey, namespace: str, leg: str = "original") -> list[str]:
    return [h.kind for h in journey.hops if h.namespace == namespace and h.leg == leg and h.kind != "chain"]


def rules(journey: Journey, namespace: str) -> list[tuple[str, int, str | None]]:
    """Chain, rule number, outcome."""
    return [
        (h.rule.place, h.rule.number, h.outcome)
        for h in journey.hops
        if h.rule is not None and h.namespace == namespace and h.leg == "original"
    ]


@families
def test_delivered_through_everything(family: str) -> None:
    with Stage(*NETWORK) as stage:
        for protocol in ("icmp", "udp"):
            server = stage.serve("b", family, protocol, 33434) if protocol == "udp" else None
            journey = stage.trace("a", B[family], protocol=protocol, record=recorded(f"delivered-{protocol}", family))
            if server is not None:
                server.close()
            ended(journey, Cause.DELIVERED, "b")
            assert kinds(journey, "a") == ["send", "route", "neighbour", "out"]
            assert kinds(journey, "r") == ["in", "route", "neighbour", "out"]
            assert kinds(journey, "host") == ["in", "bridge", "out", "in", "bridge", "out"]
            assert kinds(journey, "b") == ["in", "route", "deliver"]
            times = [h.at for h in journey.hops if h.at is not None]
            assert times == sorted(times)
            route = next(h for h in journey.hops if h.namespace == "r" and h.kind == "route")
            assert route.packet is not None
            assert route.after is not None
            assert (route.packet.ttl, route.after.ttl) == (64, 63)


@families
def test_tcp_connects_or_nobody_listens(family: str) -> None:
    with Stage(*NETWORK) as stage:
        nobody = stage.trace("a", B[family], protocol="tcp", port=80, record=recorded("nobody-listens-tcp", family))
        assert ended(nobody, Cause.NOBODY_LISTENS, "b").kind == "error"
        udp = stage.trace("a", B[family], protocol="udp", port=9, record=recorded("nobody-listens-udp", family))
        assert ended(udp, Cause.NOBODY_LISTENS, "b").kind == "error"
        server = stage.serve("b", family, "tcp", 80)
        journey = stage.trace("a", B[family], protocol="tcp", port=80, record=recorded("delivered-tcp", family))
        server.close()
        ended(journey, Cause.DELIVERED, "b")
        assert [h.packet.flags for h in journey.hops if h.kind in ("send", "answer") and h.packet is not None] == ["S", "SA"]


@drivers
@families
def test_by_rules(family: str, driver: str) -> None:
    tables = f"ip netns exec r {IPTABLES[family]}"
    with Stage(*NETWORK, driver=driver) as stage:
        stage.shell(f"{tables} -N WEB; {tables} -A FORWARD -p udp --dport 5 -j DROP; {tables} -A FORWARD -j WEB")
        stage.shell(f"{tables} -A WEB -p udp --dport 7 -j DROP; {tables} -A WEB -p udp --dport 8 -j REJECT")
        journey = stage.trace("a", B[family], protocol="udp", port=7, record=recorded("dropped-by-rule", family, driver))
        hop = ended(journey, Cause.DROPPED_BY_RULE, "r")
        assert journey.verdict.rule is not None
        assert (journey.verdict.rule.place, journey.verdict.rule.number) == ("filter/WEB", 1)
        assert journey.verdict.object == f"chain:r/{family}/filter/WEB"
        assert "--dport 7 -j DROP" in journey.verdict.rule.text
        assert hop.outcome == "drop"
        jump = next(h for h in journey.hops if h.outcome == "jump")
        assert (jump.target, [p.number for p in jump.passed]) == ("WEB", [1])

        journey = stage.trace("a", B[family], protocol="udp", port=8, record=recorded("rejected", family, driver))
        assert ended(journey, Cause.REJECTED_BY_RULE, "r").outcome == "reject"
        assert journey.verdict.rule is not None
        assert journey.verdict.rule.number == 2
        assert [h.kind for h in journey.hops if h.kind == "error"] == ["error"]
        assert journey.hops[-1].kind == "receive"

        stage.shell(f"{tables} -P FORWARD DROP")
        journey = stage.trace("a", B[family], protocol="udp", port=10, record=recorded("dropped-by-policy", family, driver))
        assert ended(journey, Cause.DROPPED_BY_POLICY, "r").outcome == "drop"
        assert journey.verdict.rule is not None
        assert (journey.verdict.rule.place, journey.verdict.rule.number, journey.verdict.rule.text) == ("filter/FORWARD", 0, "DROP")


@drivers
@families
def test_answer_lost_on_the_way_back(family: str, driver: str) -> None:
    kind = "-p icmp --icmp-type echo-reply" if family == "ipv4" else "-p icmpv6 --icmpv6-type echo-reply"
    with Stage(*NETWORK, driver=driver) as stage:
        stage.shell(f"ip netns exec r {IPTABLES[family]} -A FORWARD {kind} -j DROP")
        journey = stage.trace("a", B[family], record=recorded("answer-lost", family, driver))
        ended(journey, Cause.DROPPED_BY_RULE, "r", "reply")
        assert kinds(journey, "b")[-1] == "deliver"


@drivers
@families
def test_nat_both_ways(family: str, driver: str) -> None:
    """Destination NAT to a web server and masquerading: the packet stays known, and both rewritings are reported."""
    tables = f"ip netns exec r {IPTABLES[family]}"
    gate = "10.1.0.1" if family == "ipv4" else "fd01::1"
    inside = B[family] if family == "ipv4" else f"[{B[family]}]"
    with Stage(*NETWORK, driver=driver) as stage:
        stage.shell(f"{tables} -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination {inside}:80")
        stage.shell(f"{tables} -t nat -A POSTROUTING -o right -j MASQUERADE")
        server = stage.serve("b", family, "tcp", 80)
        journey = stage.trace("a", gate, protocol="tcp", port=8080, record=recorded("nat", family, driver))
        ended(journey, Cause.DELIVERED, "b")
        there = [h for h in journey.hops if h.after is not None and h.packet is not None and h.rule is not None and h.leg == "original"]
        changes = {h.rule.place: (h.packet, h.after) for h in there if h.rule is not None}
        before, after = changes["nat/PREROUTING"]
        assert before is not None
        assert after is not None
        assert ((before.dst, before.dport), (after.dst, after.dport)) == ((gate, 8080), (B[family], 80))
        before, after = changes["nat/POSTROUTING"]
        assert after is not None
        assert after.src == ("10.2.0.1" if family == "ipv4" else "fd02::1")
        back = [h for h in journey.hops if h.kind == "nat" and h.leg == "reply" and h.after is not None]
        assert [h.namespace for h in back] == ["r", "r"]
        assert back[-1].after is not None
        assert (back[-1].after.src, back[-1].after.sport) == (gate, 8080)

        # the class example: the web server behind DNAT, and one rule too many
        stage.shell(f"{tables} -A FORWARD -p tcp --dport 80 -j DROP")
        journey = stage.trace("a", gate, protocol="tcp", port=8080, record=recorded("nat-dropped", family, driver))
        ended(journey, Cause.DROPPED_BY_RULE, "r")
        assert journey.verdict.rule is not None
        assert (journey.verdict.rule.place, journey.verdict.rule.number) == ("filter/FORWARD", 1)
        server.close()


@families
def test_by_routing(family: str) -> None:
    six = "-6 " if family == "ipv6" else ""
    nowhere = "10.9.0.9" if family == "ipv4" else "fd09::9"
    with Stage(*NETWORK) as stage:
        stage.shell(f"ip -n a {six}route del default")
        journey = stage.trace("a", nowhere, record=recorded("no-route", family))
        ended(journey, Cause.NO_ROUTE, "a")
        assert (journey.verdict.address, journey.verdict.errno) == (nowhere, errno.ENETUNREACH)
        stage.shell(f"ip -n a {six}route add default via {'10.1.0.1' if family == 'ipv4' else 'fd01::1'}")

        journey = stage.trace("a", nowhere, record=recorded("no-route-router", family))
        ended(journey, Cause.NO_ROUTE, "r")

        stage.shell(f"ip -n r {six}route add blackhole {nowhere}")
        journey = stage.trace("a", nowhere, record=recorded("blackhole", family))
        ended(journey, Cause.NO_ROUTE, "r")
        assert journey.verdict.object.startswith("route:r/")

        stage.shell(f"ip -n b {six}route del default")
        journey = stage.trace("a", B[family])
        ended(journey, Cause.NO_ROUTE, "b", "reply")
        assert kinds(journey, "b")[-1] == "deliver"
        stage.shell(f"ip -n b {six}route add default via {'10.2.0.1' if family == 'ipv4' else 'fd02::1'}")

        journey = stage.trace("a", B[family], ttl=1, record=recorded("ttl", family))
        ended(journey, Cause.TTL_EXCEEDED, "r")
        assert [h.kind for h in journey.hops if h.kind == "error"] == ["error"]

        key = "net.ipv4.ip_forward" if family == "ipv4" else "net.ipv6.conf.all.forwarding"
        stage.shell(f"ip netns exec r sysctl -qw {key}=0")
        journey = stage.trace("a", B[family], record=recorded("not-forwarded", family))
        ended(journey, Cause.NOT_FORWARDED, "r")


@families
def test_too_big(family: str) -> None:
    with Stage(*NETWORK) as stage:
        stage.shell("ip -n r link set right mtu 1300; ip link set r2 mtu 1300")
        journey = stage.trace("a", B[family], size=1400, dont_fragment=True, record=recorded("too-big-router", family))
        ended(journey, Cause.TOO_BIG, "r")
        assert (journey.verdict.dev, journey.verdict.mtu) == ("right", 1300)
        journey = stage.trace("a", B[family], size=2000, dont_fragment=True, record=recorded("too-big-sender", family))
        ended(journey, Cause.TOO_BIG, "a")
        assert journey.verdict.errno == errno.EMSGSIZE


def test_reverse_path_filter() -> None:
    with Stage(*NETWORK) as stage:
        stage.trace("a", B["ipv4"])  # so that neighbours are known: ARP heeds rp_filter too
        stage.shell("ip netns exec r sysctl -qw net.ipv4.conf.all.rp_filter=1", "ip -n a addr add 10.7.0.7/32 dev lo")
        stage.shell("ip -n a route change default via 10.1.0.1 src 10.7.0.7")
        journey = stage.trace("a", B["ipv4"], record="reverse-path-ipv4")
        ended(journey, Cause.REVERSE_PATH, "r")
        assert (journey.verdict.address, journey.verdict.dev) == ("10.7.0.7", "left")


@families
def test_neighbour_silent(family: str) -> None:
    near, far = ("10.1.0.99", "10.2.0.99") if family == "ipv4" else ("fd01::99", "fd02::99")
    with Stage(*NETWORK) as stage:
        journey = stage.trace("a", near, record=recorded("neighbour-silent", family))
        assert ended(journey, Cause.NEIGHBOUR_SILENT, "a").asked
        assert (journey.verdict.address, journey.verdict.dev) == (near, "eth0")
        journey = stage.trace("a", far, record=recorded("neighbour-silent-router", family))
        ended(journey, Cause.NEIGHBOUR_SILENT, "r")
        assert (journey.verdict.address, journey.verdict.dev) == (far, "right")


@families
def test_down_and_without_carrier(family: str) -> None:
    with Stage(*NETWORK) as stage:
        stage.shell("ip link set a1 down")
        journey = stage.trace("a", B[family], record=recorded("no-carrier", family))
        ended(journey, Cause.NO_CARRIER, "a")
        assert journey.verdict.object == "interface:host/a1"
        stage.shell("ip link set a1 up; ip -n a link set eth0 down")
        journey = stage.trace("a", "10.1.0.1" if family == "ipv4" else "fd01::1", record=recorded("interface-down", family))
        ended(journey, Cause.INTERFACE_DOWN, "a")
        assert journey.verdict.object == "interface:a/eth0"


def test_port_blocked() -> None:
    with Stage(*NETWORK) as stage:
        stage.trace("a", B["ipv4"])  # so that neighbours are known
        stage.shell("bridge link set dev r2 state 0")
        journey = stage.trace("a", B["ipv4"], record="port-blocked-in")
        ended(journey, Cause.PORT_BLOCKED, "host")
        assert journey.verdict.object == "interface:host/r2"
        stage.shell("bridge link set dev r2 state 3; bridge link set dev b2 state 0")
        journey = stage.trace("a", B["ipv4"], record="port-blocked-out")
        ended(journey, Cause.PORT_BLOCKED, "host")
        assert journey.verdict.object == "interface:host/b2"


@families
def test_no_answer(family: str) -> None:
    key = "net.ipv4.icmp_echo_ignore_all" if family == "ipv4" else "net.ipv6.icmp.echo_ignore_all"
    with Stage(*NETWORK) as stage:
        stage.shell(f"ip netns exec b sysctl -qw {key}=1")
        journey = stage.trace("a", B[family], record=recorded("no-answer", family))
        assert ended(journey, Cause.NO_ANSWER, "b").kind == "deliver"


def test_arp() -> None:
    with Stage(*NETWORK) as stage:
        journey = stage.trace("a", "10.1.0.1", protocol="arp", dev="eth0", sender="10.1.0.2", record="arp")
        ended(journey, Cause.DELIVERED, "r")
        assert kinds(journey, "host") == ["in", "bridge", "out"]
        journey = stage.trace("a", "10.1.0.77", protocol="arp", dev="eth0", sender="10.1.0.2", wait=0.3, record="arp-silent")
        assert journey.verdict.cause == Cause.NEIGHBOUR_SILENT
        journey = stage.trace("a", "fd01::1", protocol="arp", dev="eth0", record="solicitation")
        ended(journey, Cause.DELIVERED, "r")


def test_out_of_an_interface_that_is_no_wire() -> None:
    """What a namespace sends by its own bridge, or by a macvlan, is seen when it is sent, and what it sends to itself on lo."""
    with Stage(*NETWORK) as stage:
        stage.shell("ip addr add 10.1.0.254/24 dev br1")
        journey = stage.trace("host", "10.1.0.2")
        ended(journey, Cause.DELIVERED, "a")
        assert [h.dev for h in journey.hops if h.kind == "out" and h.leg == "original"] == ["br1", "a1"]
        stage.shell("ip -n a link add mac0 link eth0 type macvlan; ip -n a link set mac0 up; ip -n a addr add 10.1.0.3/32 dev mac0")
        stage.shell("ip -n a route add 10.1.0.1 dev mac0 src 10.1.0.3", "ip -n r route add 10.1.0.3 dev left")
        journey = stage.trace("a", "10.1.0.1", dev="mac0")
        assert next(h.dev for h in journey.hops if h.kind == "out" and h.leg == "original") == "mac0"
        journey = stage.trace("b", "10.2.0.2")
        ended(journey, Cause.DELIVERED, "b")
        assert [(h.kind, h.dev) for h in journey.hops if h.kind in ("out", "in")] == [("out", "lo"), ("in", "lo")] * 2


def test_through_interfaces_that_are_made_on_others() -> None:
    """Down to the lower interface, over the wire, and up again to the one that has the address, in another namespace."""
    with Stage(
        "for n in x y z; do ip netns add $n; done; ip link add eth0 netns x type veth peer name eth0 netns y",
        "ip -n x link set eth0 up; ip -n y link set eth0 up",
        "ip -n x link add link eth0 name mac0 type macvlan; ip -n y link add link eth0 name mac0 netns z type macvlan",
        "ip -n x link set mac0 up; ip -n x addr add 10.5.0.1/24 dev mac0; ip -n z link set mac0 up; ip -n z addr add 10.5.0.2/24 dev mac0",
    ) as stage:
        journey = stage.trace("x", "10.5.0.2", record="macvlan")
        ended(journey, Cause.DELIVERED, "z")
        wire = [("out", "x", "mac0"), ("out", "x", "eth0"), ("in", "y", "eth0"), ("in", "z", "mac0")]
        assert [(h.kind, h.namespace, h.dev) for h in journey.hops if h.leg == "original" and h.kind in ("out", "in")] == wire
        back = [("in" if kind == "out" else "out", ns, dev) for kind, ns, dev in reversed(wire)]
        assert [(h.kind, h.namespace, h.dev) for h in journey.hops if h.leg == "reply" and h.kind in ("out", "in")] == back
        predicted = predict(journey.probe, stage.records(), stage.observed.live)
        assert [(h.kind, h.namespace, h.dev) for h in predicted.hops if h.leg == "original" and h.kind in ("out", "in")] == wire


@families
@pytest.mark.parametrize("kind", ["dummy", "ifb"])
def test_an_interface_without_a_wire(kind: str, family: str) -> None:
    """What leaves through it is dropped, and it asks for no neighbour: seen, and predicted."""
    target = "10.9.0.2" if family == "ipv4" else "fd09::2"
    with Stage(*NETWORK) as stage:
        try:
            stage.shell(f"ip -n a link add end0 type {kind}")
        except AssertionError as e:
            if "Unknown device type" in str(e):
                pytest.skip(f"this kernel has no {kind}")
            raise
        stage.shell("ip -n a link set end0 up")
        stage.shell("ip -n a addr add 10.9.0.1/24 dev end0; ip -n a addr add fd09::1/64 dev end0 nodad")
        journey = stage.trace("a", target, record=recorded("no-wire", family) if kind == "ifb" else "")
        assert ended(journey, Cause.NO_WIRE, "a").kind == "out"
        assert kinds(journey, "a") == ["send", "route", "out"]
        predicted = predict(journey.probe, stage.records(), stage.observed.live)
        assert predicted.verdict == journey.verdict
        assert compare(predicted, journey) == ()
        asked = stage.trace("a", target, protocol="arp", dev="end0", sender="10.9.0.1" if family == "ipv4" else "fd09::1", wait=0.3)
        ended(asked, Cause.NO_WIRE, "a")
        assert predict(asked.probe, stage.records(), stage.observed.live).verdict == asked.verdict


def test_vlan_filtered() -> None:
    with Stage(*NETWORK) as stage:
        try:
            stage.shell("ip link set br1 type bridge vlan_filtering 1")
        except AssertionError as e:
            if "not supported" in str(e):
                pytest.skip("this kernel was built without CONFIG_BRIDGE_VLAN_FILTERING")
            raise
        stage.shell("bridge vlan del dev a1 vid 1; bridge vlan add dev a1 vid 7 pvid untagged")
        journey = stage.trace("a", B["ipv4"])
        ended(journey, Cause.VLAN_FILTERED, "host")
