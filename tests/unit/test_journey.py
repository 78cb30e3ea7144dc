"""The parts of journeys that no kernel is needed for: packets from bytes, rules that match, what is not known, VLANs, transcripts."""

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.journey import packet as pk
from topology.journey import words
from topology.journey.ask import concerned, resolve
from topology.journey.compare import compare
from topology.journey.hop import Cause, Journey, RuleAt
from topology.journey.packet import Packet
from topology.journey.predicted.matching import Seen, Unknown, matches
from topology.journey.predicted.predict import predict
from topology.journey.probe import Ask, Probe
from topology.journey.saved import VERSION, SavedJourney, load
from topology.journey.seen.stitch import stitch
from topology.journey.sighting import AnySighting, HookPass, RouteLookup, SocketResult, TappedFrame
from topology.model.problems import Code, ProblemError
from topology.model.records import AnyRecord, Bridge, Chain, Loopback, Namespace, PortVlan, Records, Veth, as_records
from topology.rules import parse


def pair(*extra: AnyRecord, filtering: bool = False) -> Records:
    """a – br0 of host – b."""
    vlans = (PortVlan(vid=7, pvid=True, untagged=True),)
    return as_records(
        Namespace(name="host"), Namespace(name="a"), Namespace(name="b"), Loopback(namespace="b", name="lo"),
        Bridge(namespace="host", name="br0", vlan_filtering=filtering),
        Veth(namespace="host", name="a0", peer="a/eth0", master="br0", vlans=vlans if filtering else None),
        Veth(namespace="host", name="b0", peer="b/eth0", master="br0"),
        Veth(namespace="a", name="eth0", peer="host/a0", addresses=("10.0.0.1/24",)),
        Veth(namespace="b", name="eth0", peer="host/b0", addresses=("10.0.0.2/24",)), *extra,
    )  # fmt: skip


def probe(records: Records, **asked: object) -> Probe:
    return resolve(msgspec.convert({"source": "a", "target": "b", **asked}, Ask), records, {}, "00000001" * 2)


@given(st.binary(max_size=120))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    for found in (pk.ip(data), pk.ethernet(data)):
        assert found is None or isinstance(found, Packet)


def test_the_packet_in_an_error() -> None:
    tcp = struct.pack(">HHI", 4000, 80, 77)
    inner = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 60, 1, 0x4000, 9, 6, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])) + tcp
    icmp = struct.pack(">BBHHH", 3, 4, 0, 0, 1300) + inner
    outer = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 56, 2, 0, 64, 1, 0, bytes([10, 0, 0, 9]), bytes([10, 0, 0, 1])) + icmp
    found = pk.ip(outer)
    assert found is not None
    assert found.error
    assert (found.mtu, found.type, found.code) == (1300, 3, 4)
    assert found.inner is not None
    assert (found.inner.dst, found.inner.dport, found.inner.seq, found.inner.df) == ("10.0.0.2", 80, 77, True)


WEB = Packet(protocol="tcp", src="10.0.0.1", dst="10.0.0.2", sport=4000, dport=80, flags="S", ttl=64, length=60)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("-j DROP", True),
        ("-s 10.0.0.0/24 -j DROP", True),
        ("! -s 10.0.0.0/24 -j DROP", False),
        ("-d 10.0.0.0/255.255.255.0 -p tcp -m tcp --dport 80 -j DROP", True),
        ("-p tcp -m tcp --dport 1024:65535 -j DROP", False),
        ("-p tcp -m tcp ! --dport 22 -j DROP", True),
        ("-p tcp -m multiport --dports 22,80,443 -j DROP", True),
        ("-p udp -m udp --dport 80 -j DROP", False),
        ("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", True),
        ("-i eth+ -o eth1 -j DROP", True),
        ("-i eth1 -j DROP", False),
        ("-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", False),
        ("-m state --state NEW -j ACCEPT", True),
        ("-m mark --mark 0x1/0xff -j ACCEPT", True),
        ("-m ttl --ttl-lt 5 -j DROP", False),
        ("-m iprange --src-range 10.0.0.0-10.0.0.9 -j DROP", True),
        ("-m addrtype --dst-type LOCAL -j DROP", False),
        ("-m length --length 0:59 -j DROP", False),
        ("-m string --string x --algo bm -j DROP", None),
        ("-s 10.9.0.0/16 -m string --string x --algo bm -j DROP", False),
        ("-p tcp -m tcp --tcp-option 5 -j DROP", None),
    ],
)
def test_rules(text: str, answer: bool | None) -> None:
    """None: it cannot be told. A condition that fails decides before that."""
    found = matches(parse(text), Seen(WEB, "eth0", "eth1", 0x101, "NEW", lambda _: False))
    assert isinstance(found, Unknown) if answer is None else found is answer


def test_predicted_over_a_bridge_and_by_a_rule() -> None:
    records = pair()
    assert predict(probe(records), records, {}).verdict.delivered
    drops = pair(Chain(namespace="b", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=("-p udp -j DROP", "-j DROP")))
    journey = predict(probe(drops), drops, {})
    assert (journey.verdict.cause, journey.verdict.namespace) == (Cause.DROPPED_BY_RULE, "b")
    assert journey.verdict.rule is not None
    assert journey.verdict.rule.number == 2
    assert [r.number for r in journey.hops[-1].passed] == [1]
    assert predict(probe(drops), drops, {}, without=[journey.verdict.rule]).verdict.delivered
    assert "dropped by rule 2 of filter/INPUT in b (-j DROP)" in list(words.transcript(journey))[-1]


def test_what_is_not_modelled_is_said_and_not_guessed() -> None:
    records = pair(
        Chain(
            namespace="b", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=("-m string --string x --algo bm -j DROP",)
        )
    )
    journey = predict(probe(records), records, {})
    assert journey.verdict.cause == Cause.UNKNOWN
    assert journey.hops[-1].kind == "unknown"
    assert "-m string" in journey.verdict.note
    limited = pair(
        Chain(namespace="b", family="ipv4", table="filter", name="INPUT", policy="DROP", rules=("-m limit --limit 3/sec -j ACCEPT",))
    )
    journey = predict(probe(limited), limited, {})
    assert journey.verdict.delivered
    assert any("limit" in assumption for assumption in journey.assumptions)


def test_user_chains_return_marks_and_policies() -> None:
    chains = (
        Chain(
            namespace="b", family="ipv4", table="mangle", name="PREROUTING", policy="ACCEPT", rules=("-j MARK --set-xmark 0x7/0xffffffff",)
        ),
        Chain(namespace="b", family="ipv4", table="filter", name="X", rules=("-m mark --mark 0x8 -j ACCEPT", "-j RETURN", "-j DROP")),
        Chain(namespace="b", family="ipv4", table="filter", name="INPUT", policy="DROP", rules=("-j X", "-m mark --mark 0x7 -j ACCEPT")),
    )
    records = pair(*chains)
    journey = predict(probe(records), records, {})
    assert journey.verdict.delivered
    told = [(h.rule.place, h.rule.number, h.outcome) for h in journey.hops if h.rule is not None and h.leg == "original"]
    assert told[2:] == [
        ("filter/INPUT", 1, "jump"),
        ("filter/X", 2, "return"),
        ("filter/INPUT", 2, "accept"),
    ]


def test_vlan_filtered() -> None:
    """Constructed: many kernels, the one of the tests among them, have no VLAN filtering of bridges."""
    records = pair(filtering=True)
    asked = Probe(source="a", target="b", namespace="a", address="10.0.0.2", nonce="00" * 8)
    sent = Packet(protocol="icmp", src="10.0.0.1", dst="10.0.0.2", type=8, ttl=64, src_mac="02:00:00:00:00:01", dst_mac="02:00:00:00:00:02")
    hooks = (("output", "enter"), ("output", "leave"), ("postrouting", "enter"), ("postrouting", "leave"))
    seen: list[AnySighting] = [
        SocketResult(ns="a", event="sent"),
        RouteLookup(ns="a", dst="10.0.0.2", route="10.0.0.0/24", dev="eth0", type="unicast"),
    ]
    seen += [HookPass(ns="a", number=n, hook=h, passed=p, oif="eth0", packet=sent) for n, (h, p) in enumerate(hooks, 1)]  # type: ignore[arg-type]
    seen += [
        TappedFrame(ns="a", number=5, at=10, dev="eth0", direction="out", packet=sent),
        TappedFrame(ns="host", number=1, at=11, dev="a0", direction="in", packet=sent),
    ]
    verdict = stitch(asked, seen, records, {}).verdict
    assert (verdict.cause, verdict.namespace, verdict.dev, verdict.object) == (Cause.VLAN_FILTERED, "host", "a0", "interface:host/a0")
    assert "7" in verdict.note


def test_names_are_resolved_and_nonsense_is_refused() -> None:
    records = pair()
    assert probe(records).address == "10.0.0.2"
    assert (found := probe(records, protocol="arp")).dev == "eth0"
    assert found.sender == "10.0.0.1"
    assert set(concerned(probe(records), records)) == {"a", "b", "host"}
    for asked in ({"target": "nobody"}, {"port": 70000, "protocol": "tcp"}, {"ttl": 0}, {"target": "10.9.9.9", "protocol": "arp"}):
        with pytest.raises(ProblemError):
            probe(records, **asked)


def test_differences_are_marked() -> None:
    records = pair()
    one = predict(probe(records), records, {})
    drops = pair(Chain(namespace="b", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=("-j DROP",)))
    other = predict(probe(drops), drops, {})
    assert compare(one, one) == ()
    differences = compare(one, other)
    assert differences[0].observed is not None
    rule = other.hops[differences[0].observed].rule
    assert rule == RuleAt(namespace="b", family="ipv4", table="filter", chain="INPUT", number=1, text="-j DROP")


def test_a_journey_is_json_and_back() -> None:
    records = pair()
    journey = predict(probe(records), records, {})
    assert msgspec.json.decode(msgspec.json.encode(journey), type=Journey) == journey


def test_saved_journeys_of_before_are_read() -> None:
    records = pair(Chain(namespace="b", family="ipv4", table="filter", name="OUTPUT", policy="DROP"))
    journey = predict(probe(records), records, {})
    assert journey.verdict.leg == "reply"
    saved = SavedJourney(vethboard_journey=VERSION, journey=journey, predicted=journey)
    text = msgspec.json.encode(saved).decode()
    assert load(text) == saved
    old = text.replace('"leg":"reply"', '"leg":"back"').replace('"vethboard_journey":2', '"vethboard_journey":1')
    assert load(old) == msgspec.structs.replace(saved, vethboard_journey=1)
    for wrong, code in (("{", Code.INVALID), ("[]", Code.INVALID), ('{"vethboard_journey": 3}', Code.VERSION)):
        with pytest.raises(ProblemError) as caught:
            load(wrong)
        assert caught.value.problem.code == code
