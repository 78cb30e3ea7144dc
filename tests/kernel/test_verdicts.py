"""Kinds of losses that were once called something else, each with its smallest network."""

import asyncio
import errno
import secrets

import pytest

from agent.journey.tracing import Tracing
from protocol.private import Sighted, Trace, TraceEnded
from tests.kernel.stage import Stage
from topology.journey.ask import MAX_NAMESPACES, concerned, wires
from topology.journey.explain import explained, resolved
from topology.journey.hop import Cause, Journey
from topology.journey.predicted.predict import predict
from topology.journey.probe import Probe
from topology.journey.seen.stitch import stitch
from topology.journey.sighting import AnySighting
from topology.journey.words import verdict as words

PAIR = (
    "ip netns add a; ip netns add b; ip link add eth0 netns a type veth peer name eth0 netns b",
    "for n in a b; do ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv4.neigh.eth0.retrans_time_ms=60; done",
    "for n in a b; do ip -n $n link set lo up; ip -n $n link set eth0 up; done",
    "ip -n a addr add 10.0.0.1/24 dev eth0; ip -n b addr add 10.0.0.2/24 dev eth0",
    "ip -n a addr add fd00::1/64 dev eth0 nodad; ip -n b addr add fd00::2/64 dev eth0 nodad",
)
SWITCHED = (
    "ip netns add a; ip netns add b; ip link add br0 type bridge; ip link set br0 up",
    "for n in a b; do ip link add p$n type veth peer name eth0 netns $n; ip link set p$n master br0 up; ip -n $n link set eth0 up; done",
    "for n in a b; do ip netns exec $n sysctl -qw net.ipv4.neigh.eth0.retrans_time_ms=60; done",
    "ip -n a addr add 10.0.0.1/24 dev eth0; ip -n b addr add 10.0.0.2/24 dev eth0",
)
"""a and b, with a bridge of host's between them."""
drivers = pytest.mark.parametrize("driver", ["legacy", "nft"])


def why(journey: Journey) -> tuple[Cause, str, str]:
    return journey.verdict.cause, journey.verdict.leg, journey.verdict.namespace


def told(stage: Stage, journey: Journey) -> Journey:
    """As the server tells it: with what the prediction knows of the place."""
    return explained(journey, predict(journey.probe, stage.records(), stage.observed.live, known=resolved(journey)))


def test_two_traces_in_one_lab_stay_apart() -> None:
    """Neither takes lines of the other, though each sets the trace flag that all chains heed; an error is its packet's."""
    with Stage(*PAIR, "ip netns exec b iptables -A INPUT -p udp --dport 7 -j REJECT") as stage:
        asked = [("udp", 7), ("icmp", 0), ("udp", 9), ("tcp", 80), ("icmp", 0)]
        journeys = asyncio.run(_together(stage, [_probe(protocol, port) for protocol, port in asked]))
        causes = [Cause.REJECTED_BY_RULE, Cause.DELIVERED, Cause.NOBODY_LISTENS, Cause.NOBODY_LISTENS, Cause.DELIVERED]
        assert [j.verdict.cause for j in journeys] == causes
        for (protocol, port), journey in zip(asked, journeys, strict=True):
            own = {h.packet.protocol for h in journey.hops if h.packet is not None and not h.packet.error}
            assert own == {protocol}
            assert {h.packet.dport for h in journey.hops if h.packet is not None and h.leg == "original"} == {port}


def _probe(protocol: str, port: int) -> Probe:
    fields = {"source": "a", "target": "10.0.0.2", "namespace": "a", "address": "10.0.0.2", "nonce": secrets.token_hex(8)}
    return Probe(**fields, protocol=protocol, port=port or None)  # type: ignore[arg-type]  # one of them


async def _together(stage: Stage, probes: list[Probe]) -> list[Journey]:
    tracing, seen, ends = Tracing(stage.namespaces), [list[AnySighting]() for _ in probes], []
    places = tuple(netns.name for netns in stage.namespaces)
    for number, probe in enumerate(probes):
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def tell(event: Sighted | TraceEnded, number: int = number, end: "asyncio.Future[None]" = end) -> None:
            if isinstance(event, Sighted):
                seen[number].extend(event.sightings)
            else:
                end.set_result(None)

        between = wires(stage.observed.records, places)
        tracing.start(Trace(id=number, probe=probe, namespaces=places, wires=between, wait=0.5), tell)
        ends.append(end)
    await asyncio.gather(*ends)
    return [stitch(probe, found, stage.records(), stage.observed.live) for probe, found in zip(probes, seen, strict=True)]


@drivers
@pytest.mark.parametrize("with_", ["icmp-port-unreachable", "tcp-reset"])
def test_the_first_rule_rejects(driver: str, with_: str) -> None:
    """REJECT sends its error while it runs: lines of the error come before the rule's own."""
    with Stage(*PAIR, driver=driver) as stage:
        stage.shell(f"ip netns exec b iptables -A INPUT -p tcp -j REJECT --reject-with {with_}")
        journey = stage.trace("a", "10.0.0.2", protocol="tcp")
        assert why(journey) == (Cause.REJECTED_BY_RULE, "original", "b")
        assert journey.verdict.rule is not None
        assert (journey.verdict.rule.place, journey.verdict.rule.number) == ("filter/INPUT", 1)


@drivers
def test_a_rule_drops_what_a_bridge_forwards(driver: str) -> None:
    """br_netfilter calls FORWARD for it, where nftables gives it another number; and so for the answer."""
    with Stage(*SWITCHED, driver=driver) as stage:
        stage.shell("sysctl -qw net.bridge.bridge-nf-call-iptables=1")
        stage.shell("iptables -A FORWARD -p icmp --icmp-type echo-reply -j DROP; iptables -A FORWARD -p udp -j REJECT")
        assert why(stage.trace("a", "10.0.0.2")) == (Cause.DROPPED_BY_RULE, "reply", "host")
        assert why(stage.trace("a", "10.0.0.2", protocol="udp", port=7)) == (Cause.REJECTED_BY_RULE, "original", "host")


@drivers
def test_a_copy_is_no_drop(driver: str) -> None:
    with Stage(*PAIR, driver=driver) as stage:
        stage.shell("ip netns exec a iptables -t mangle -A POSTROUTING -p icmp -j TEE --gateway 10.0.0.9")
        assert why(stage.trace("a", "10.0.0.2"))[0] == Cause.DELIVERED


def test_source_fragments_of_ipv6() -> None:
    with Stage(*PAIR) as stage:
        for size in (56, 1452, 1453, 4000):
            assert why(stage.trace("a", "fd00::2", size=size)) == (Cause.DELIVERED, "original", "b"), size


def test_one_router_with_one_arm() -> None:
    """It forwards out of the interface that the packet came in by, and tells the sender of a shorter way: a redirect is no loss."""
    with Stage(*SWITCHED) as stage:
        stage.shell("ip addr add 10.0.0.254/24 dev br0; sysctl -qw net.ipv4.ip_forward=1")
        stage.shell("iptables -t nat -A PREROUTING -d 10.0.0.254 -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80")
        stage.shell("iptables -t nat -A POSTROUTING -j MASQUERADE")
        server = stage.serve("b", "ipv4", "tcp", 80)
        journey = stage.trace("a", "10.0.0.254", protocol="tcp", port=8080)
        server.close()
        assert why(journey) == (Cause.DELIVERED, "original", "b"), words(journey.verdict)


def test_more_than_64_namespaces() -> None:
    """The one that has the address comes after 70 others on the same bridge."""
    with Stage(*SWITCHED) as stage:
        stage.shell(
            "for i in $(seq 70); do ip netns add h$i; ip link add p$i type veth peer name eth0 netns h$i; "
            "ip link set p$i master br0 up; ip -n h$i link set eth0 up; done"
        )
        stage.shell("ip netns add z; ip link add pz type veth peer name eth0 netns z; ip link set pz master br0 up")
        stage.shell("ip -n z link set eth0 up; ip -n z addr add 10.0.0.99/24 dev eth0")
        stage.ready()
        stage.watch.on_events()
        probe = Probe(source="a", target="z", namespace="a", address="10.0.0.99", nonce=secrets.token_hex(8))
        places = concerned(probe, stage.observed.records)
        assert len(places) == MAX_NAMESPACES
        assert {"a", "host", "z"} <= set(places)
        journey = stitch(probe, stage.sight(probe, places=places), stage.records(), stage.observed.live)
        assert why(journey) == (Cause.DELIVERED, "original", "z")


def test_the_answer_comes_in_by_another_interface() -> None:
    with Stage(*PAIR) as stage:
        stage.shell("ip link add eth1 netns a type veth peer name eth1 netns b; ip -n a link set eth1 up; ip -n b link set eth1 up")
        stage.shell("ip -n a addr add 10.0.1.1/24 dev eth1; ip -n b addr add 10.0.1.2/24 dev eth1", "ip -n b route add 10.0.0.1 dev eth1")
        journey = stage.trace("a", "10.0.0.2", dev="eth0", wait=0.5, record="answer-not-taken")
        assert why(journey) == (Cause.ANSWER_NOT_TAKEN, "reply", "a")
        assert journey.verdict.note == "the answer came in at eth1, and the socket that waits for it is bound to eth0"


def test_the_answer_ends_in_another_namespace() -> None:
    """Two have the address; the answer goes to the one that the neighbour entry says."""
    with Stage(*SWITCHED) as stage:
        stage.shell("ip netns add c; ip link add pc type veth peer name eth0 netns c; ip link set pc master br0 up")
        stage.shell("ip -n c link set eth0 up; ip -n c addr add 10.0.0.1/24 dev eth0")
        stage.shell("ip -n b neigh replace 10.0.0.1 lladdr $(ip netns exec c cat /sys/class/net/eth0/address) dev eth0")
        stage.shell("ip -n a neigh replace 10.0.0.2 lladdr $(ip netns exec b cat /sys/class/net/eth0/address) dev eth0")
        stage.ready()
        journey = stage.trace("a", "10.0.0.2", wait=0.5)
        assert why(journey) == (Cause.ANSWER_NOT_TAKEN, "reply", "c")


def test_a_datagram_that_no_error_tells_of() -> None:
    """The error is not sent, or does not arrive: the sockets of the namespace say whether somebody listens."""
    with Stage(*PAIR, "ip netns exec b iptables -A OUTPUT -p icmp -j DROP") as stage:
        assert why(stage.trace("a", "10.0.0.2", protocol="udp", port=9))[0] == Cause.NOBODY_LISTENS
        server = stage.serve("b", "ipv4", "udp", 9)
        assert why(stage.trace("a", "10.0.0.2", protocol="udp", port=9)) == (Cause.DELIVERED, "original", "b")
        server.close()
        elsewhere = stage.serve("b", "ipv4", "udp", 9, "127.0.0.1")  # the port alone is not what a socket waits at
        assert why(stage.trace("a", "10.0.0.2", protocol="udp", port=9))[0] == Cause.NOBODY_LISTENS
        elsewhere.close()


@pytest.mark.parametrize(
    ("line", "note", "number"),
    [
        ("ip -n a rule add pref 7 ipproto udp dport 9 unreachable", "ip rule 7: unreachable", errno.ENETUNREACH),
        ("ip -n a rule add pref 7 fwmark 5 prohibit", "ip rule 7: prohibit", errno.EACCES),
        ("ip -n a rule add pref 7 to 10.0.0.2 blackhole", "ip rule 7: blackhole", errno.EINVAL),
        ("ip -n a route add prohibit 10.0.0.2", "a prohibit route to 10.0.0.2/32", errno.EACCES),
    ],
)
def test_who_refuses_the_route(line: str, note: str, number: int) -> None:
    with Stage(*PAIR, line) as stage:
        journey = stage.trace("a", "10.0.0.2", protocol="udp", port=9, mark=5)
        assert (*why(journey), journey.verdict.note) == (Cause.NO_ROUTE, "original", "a", note)
        assert journey.verdict.errno == number


def test_the_way_back_is_refused() -> None:
    with Stage(*PAIR, "ip -n b route add blackhole 10.0.0.1") as stage:
        journey = stage.trace("a", "10.0.0.2", wait=0.4)
        assert (*why(journey), journey.verdict.note) == (Cause.NO_ROUTE, "reply", "b", "a blackhole route to 10.0.0.1/32")


def test_dnat_to_the_loopback_address() -> None:
    with Stage(*PAIR, "ip netns exec b iptables -t nat -A PREROUTING -p tcp -j DNAT --to-destination 127.0.0.1:80") as stage:
        journey = stage.trace("a", "10.0.0.2", protocol="tcp", wait=0.4)
        assert why(journey) == (Cause.NO_ROUTE, "original", "b")
        assert "route_localnet" in journey.verdict.note


def test_broadcast_without_the_option() -> None:
    with Stage(*PAIR) as stage:
        journey = stage.trace("a", "10.0.0.255", protocol="udp")
        assert (*why(journey), journey.verdict.errno) == (Cause.REFUSED, "original", "a", errno.EACCES)
        assert "broadcast" in journey.verdict.note


def test_the_path_mtu_is_learned() -> None:
    with Stage(*PAIR) as stage:
        stage.shell("ip -n a route add 10.0.0.2/32 dev eth0 mtu 1000")
        journey = stage.trace("a", "10.0.0.2", size=1200, dont_fragment=True)
        assert (*why(journey), journey.verdict.mtu) == (Cause.TOO_BIG, "original", "a", 1000)
        assert "path" in journey.verdict.note


@pytest.mark.parametrize("lab", [PAIR, SWITCHED])
def test_the_other_end_takes_less(lab: tuple[str, ...]) -> None:
    """Of two ends of a pair the receiving one has the smaller MTU: it drops the frame, and tells nobody."""
    with Stage(*lab, "ip -n b link set eth0 mtu 800") as stage:
        journey = stage.trace("a", "10.0.0.2", size=1000, wait=0.4)
        assert journey.verdict.cause == Cause.TOO_BIG
        assert (journey.verdict.object, journey.verdict.mtu) == ("interface:b/eth0", 800)


def test_the_other_end_takes_less_than_a_fragment() -> None:
    """The packet is longer than its own interface takes, too: that one sends fragments."""
    with Stage(*PAIR, "ip -n b link set eth0 mtu 800") as stage:
        journey = stage.trace("a", "10.0.0.2", size=2000, wait=0.4)
        assert (*why(journey)[:1], journey.verdict.object, journey.verdict.mtu) == (Cause.TOO_BIG, "interface:b/eth0", 800)


@drivers
def test_a_table_of_nft_rejects_the_answer(driver: str) -> None:
    """Its error goes to who answered: it is neither the packet nor the answer."""
    with Stage(*PAIR, driver=driver) as stage:
        stage.shell(
            "ip netns exec a nft add table ip own; ip netns exec a nft 'add chain ip own c { type filter hook input priority 10; }'"
        )
        stage.shell("ip netns exec a nft add rule ip own c icmp type echo-reply reject")
        journey = stage.trace("a", "10.0.0.2", wait=0.4)
        assert why(journey) == (Cause.DROPPED_BY_RULE, "reply", "a")
        assert journey.verdict.rule is not None
        assert (journey.verdict.rule.place, journey.verdict.rule.number) == ("own/c", 1)


@drivers
def test_the_answer_is_rejected(driver: str) -> None:
    with Stage(*PAIR, "ip netns exec a iptables -A INPUT -p icmp --icmp-type echo-reply -j REJECT", driver=driver) as stage:
        assert why(stage.trace("a", "10.0.0.2", wait=0.4)) == (Cause.REJECTED_BY_RULE, "reply", "a")


def test_the_loopback_address_of_another() -> None:
    """Bound to an interface, 127.0.0.1 is asked for on it, where nobody answers for it (arp_process())."""
    with Stage(*PAIR) as stage:
        journey = stage.trace("a", "127.0.0.1", dev="eth0", wait=0.6)
        assert why(journey) == (Cause.NEIGHBOUR_SILENT, "original", "a")
        assert why(predict(journey.probe, stage.records(), stage.observed.live)) == why(journey)


def test_nothing_to_masquerade_with() -> None:
    """br_netfilter calls POSTROUTING for what a bridge without an address hands on: MASQUERADE drops it."""
    with Stage(*SWITCHED, "iptables -t nat -A POSTROUTING -j MASQUERADE; sysctl -qw net.bridge.bridge-nf-call-iptables=1") as stage:
        journey = stage.trace("a", "10.0.0.2", wait=0.4)
        assert why(journey) == (Cause.DROPPED_BY_RULE, "original", "host")
        assert "no address to masquerade with" in journey.verdict.note


def test_masquerade_is_not_blamed_where_it_has_an_address() -> None:
    """What was lost behind the rule is not the rule's doing."""
    with Stage(*SWITCHED, "iptables -t nat -A POSTROUTING -j MASQUERADE; ip address add 10.0.0.9/24 dev br0; "
               "sysctl -qw net.bridge.bridge-nf-call-iptables=1") as stage:  # fmt: skip
        journey = stage.trace("a", "10.0.0.2", wait=0.4)
        assert "no address to masquerade with" not in journey.verdict.note
        assert journey.verdict.cause not in (Cause.DROPPED_BY_RULE, Cause.DROPPED_BY_POLICY)


def test_no_ipv6_at_all() -> None:
    with Stage(*PAIR, "ip netns exec a sysctl -qw net.ipv6.conf.all.disable_ipv6=1") as stage:
        journey = stage.trace("a", "fd00::2", protocol="tcp", wait=0.4)
        assert (*why(journey), journey.verdict.errno) == (Cause.REFUSED, "original", "a", errno.EADDRNOTAVAIL)
        assert why(predict(journey.probe, stage.records(), stage.observed.live)) == why(journey)


def test_a_copy_that_comes_back() -> None:
    """TEE in INPUT sends a copy to a router, which sends it back: it is no reason to lose sight of the packet."""
    lab = (
        *PAIR, "ip netns add c; ip link add eth1 netns b type veth peer name eth0 netns c; ip -n b link set eth1 up",
        "ip -n c link set eth0 up; ip -n b addr add 10.3.0.1/24 dev eth1; ip -n c addr add 10.3.0.2/24 dev eth0",
        "ip netns exec c sysctl -qw net.ipv4.ip_forward=1; ip -n c route add default via 10.3.0.1",
        "ip netns exec b iptables -t mangle -A INPUT -p icmp --icmp-type echo-request -j TEE --gateway 10.3.0.2",
    )  # fmt: skip
    with Stage(*lab) as stage:
        assert why(stage.trace("a", "10.0.0.2")) == (Cause.DELIVERED, "original", "b")


def test_what_was_not_seen_is_said_to_be_inferred() -> None:
    """The ARP reply travels in the outer packet of a tunnel, which a rule drops: no trace sees that."""
    with Stage(*PAIR) as stage:
        for ns, near, far in (("a", 1, 2), ("b", 2, 1)):
            stage.shell(f"ip -n {ns} link add vx type vxlan id 7 dstport 4789 local 10.0.0.{near} remote 10.0.0.{far}")
            stage.shell(f"ip -n {ns} link set vx up; ip -n {ns} addr add 10.9.0.{near}/24 dev vx")
        stage.shell("ip netns exec a sysctl -qw net.ipv4.neigh.vx.retrans_time_ms=60")
        stage.shell("ip netns exec a iptables -A INPUT -p udp --dport 4789 -j DROP")
        stage.ready()
        journey = told(stage, stage.trace("a", "10.9.0.2", wait=0.6))
        assert (*why(journey), journey.verdict.inferred) == (Cause.DROPPED_BY_RULE, "original", "a", True)
        assert words(journey.verdict).startswith("as far as known from the lab's settings: dropped by rule 1 of filter/INPUT")


def test_an_entry_with_the_wrong_mac() -> None:
    with Stage(*PAIR, "ip -n a neigh replace 10.0.0.2 lladdr 02:00:00:00:00:99 dev eth0") as stage:
        journey = stage.trace("a", "10.0.0.2", wait=0.4)
        assert (*why(journey), journey.verdict.address) == (Cause.NEIGHBOUR_SILENT, "original", "a", "10.0.0.2")
        assert "02:00:00:00:00:99" in journey.verdict.note


@pytest.mark.parametrize(
    ("lines", "cause", "object"),
    [
        ("ip link set pb down", Cause.INTERFACE_DOWN, "interface:host/pb"),
        ("ip -n b link set eth0 down", None, "interface:b/eth0"),
        ("bridge link set dev pb state 0", Cause.PORT_BLOCKED, "interface:host/pb"),
        ("bridge link set dev pa isolated on; bridge link set dev pb isolated on", Cause.PORT_BLOCKED, ""),
        ("bridge link set dev pb bcast_flood off", Cause.PORT_BLOCKED, "interface:host/pb"),
        ("ip -n b addr flush dev eth0; ip -n b addr add 10.0.9.2/24 dev eth0", Cause.NEIGHBOUR_SILENT, ""),
        ("ip netns exec b sysctl -qw net.ipv4.conf.all.arp_ignore=8", Cause.NEIGHBOUR_SILENT, ""),
    ],
)
def test_why_a_neighbour_is_silent(lines: str, cause: Cause | None, object: str) -> None:
    """The request is walked like a packet: what is to blame is named."""
    with Stage(*SWITCHED, lines) as stage:
        journey = told(stage, stage.trace("a", "10.0.0.2", wait=0.6))
        verdict = journey.verdict
        assert cause in (None, verdict.cause), verdict
        assert verdict.cause != Cause.NEIGHBOUR_SILENT or verdict.note, verdict
        assert not object or verdict.object == object or object.partition(":")[2] in verdict.note, verdict


def test_dropped_below_ip() -> None:
    """Frames of one port are dropped by a table of the family bridge: that it is there is all that is known."""
    with Stage(*SWITCHED) as stage:
        stage.trace("a", "10.0.0.2")  # so that neighbours are known
        stage.shell("nft add table bridge f; nft 'add chain bridge f c { type filter hook forward priority 0; }'")
        stage.shell("nft add rule bridge f c ether type ip drop")
        journey = stage.trace("a", "10.0.0.2", wait=0.4)
        assert (*why(journey), journey.verdict.note) == (Cause.FOREIGN_RULES, "original", "host", "bridge f")


def test_a_socket_sends_to_itself() -> None:
    """A datagram whose two ends are the same is not an answer to itself."""
    with Stage(*PAIR) as stage:
        assert why(stage.trace("a", "10.0.0.1", protocol="udp", port=5555, source_port=5555)) == (Cause.DELIVERED, "original", "a")


def test_rules_change_while_a_packet_is_traced() -> None:
    """Numbers of rules that are gone, or not yet known: a journey all the same."""
    with Stage(*PAIR, "for i in 1 2 3 4 5; do ip netns exec b iptables -A INPUT -p udp --dport $i; done") as stage:
        probe = _probe("icmp", 0)
        sightings = stage.sight(probe)
        stage.shell("ip netns exec b iptables -F INPUT")
        assert stitch(probe, sightings, stage.records(), stage.observed.live).verdict.cause == Cause.DELIVERED
        for left_out in range(len(sightings)):
            stitch(probe, sightings[:left_out] + sightings[left_out + 1 :], stage.records(), stage.observed.live)
