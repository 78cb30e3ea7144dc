"""Options of a probe: which combinations there are; and what is asked and answered in DNS and HTTP."""

from argparse import ArgumentParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.journeys import _rule
from cli.verbs import VERBS
from tests.unit.test_predict import bridged, routed
from topology.journey.ask import resolve
from topology.journey.options import OPTIONS, check
from topology.journey.probe import KINDS, Ask, Probe, ProbeKind, asked
from topology.journey.request import dns_answer, dns_query, http_answer, http_request
from topology.model.problems import Code, ProblemError


def base(kind: ProbeKind, **chosen: object) -> Ask:
    name = {"name": "x.lab"} if kind == "dns" else {}
    return asked(kind, source="left", target="10.0.2.2", **(name | chosen))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_is_taken_by_the_kinds_that_have_it_and_refused_by_name_by_the_others(option, kind: ProbeKind) -> None:  # type: ignore[no-untyped-def]
    values = {"number": option.high, "switch": True, "text": "/x" if kind == "http" else "www.lab"}
    ask = base(kind, **{option.name: values[option.type]})
    if kind in option.kinds:
        check(ask)
        return
    with pytest.raises(ProblemError, match=f"{option.name.replace('_', ' ')}: .* has none") as e:
        check(ask)
    assert e.value.problem.code == Code.INVALID


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.type == "number"], ids=lambda option: option.name)
def test_a_number_out_of_its_range_is_refused(option) -> None:  # type: ignore[no-untyped-def]
    for value in (option.low - 1, option.high + 1):
        with pytest.raises(ProblemError, match="out of range"):
            check(base(option.kinds[0], **{option.name: value}))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (Ask(source="left", target="10.0.2.2", source_address="10.0.1.9"), "10.0.1.9 is not an address of left"),
        (Ask(source="left", target="10.0.2.2", source_address="fd00::1"), "one is IPv4, the other IPv6"),
        (Ask(source="left", target="10.0.2.2", source_address="eth0"), "source address: 'eth0'"),
        (Ask(source="left", target="ff02::1", broadcast=True), "IPv6 has no broadcast"),
        (Ask(source="left", target="fe80::1"), "fe80::1 is a link-local address"),
        (Ask(source="left", target="10.0.2.2", protocol="tcp", request="dns", name="x"), "dns requests are sent by udp"),
        (Ask(source="left", target="10.0.2.2", protocol="udp", request="dns"), "is no domain name"),
        (Ask(source="left", target="10.0.2.2", protocol="udp", request="dns", name="a..b"), "is no domain name"),
        (Ask(source="left", target="10.0.2.2", protocol="tcp", request="http", name="/a b"), "is no path"),
        (Ask(source="left", target="10.0.2.2", protocol="tcp", request="http", name="/a\r\nX: y"), "is no path"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(ask: Ask, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        resolve(ask, routed(), {})


def test_from_a_bridge_port_ip_is_refused_and_arp_is_not() -> None:
    with pytest.raises(ProblemError, match="host/p0 is a port of host/br0"):
        resolve(Ask(source="host/p0", target="10.0.1.1"), bridged(), {})
    assert resolve(Ask(source="left/eth0", target="10.0.1.1", protocol="arp"), routed(), {}).dev == "eth0"


def test_the_command_line_has_every_option_and_the_same_defaults() -> None:
    trace = next(verb for verb in VERBS if verb.name == "trace")
    parser = ArgumentParser()
    for argument in trace.arguments:
        parser.add_argument(*argument.names, **argument.options)
    args = parser.parse_args(["lab", "a", "b"])
    assert {o.name: getattr(args, o.name) for o in OPTIONS} == {o.name: o.default for o in OPTIONS}
    assert parser.parse_args(["lab", "a", "b", "--tos", "0xb8", "--mark", "0x2a"]).tos == 184
    assert parser.format_help()


@pytest.mark.parametrize(("text", "chain"), [("ns/filter/FORWARD/2", "FORWARD"), ("ns/nat/a/b/2", "a/b"), ("ns/filter/1/2/3", "1/2")])
def test_the_name_of_a_chain_may_have_slashes(text: str, chain: str) -> None:
    found = _rule(text, ipv6=False)
    assert (found.namespace, found.chain, found.number) == ("ns", chain, int(text[-1]))


@pytest.mark.parametrize(
    "text", ["ns/filter/2", "ns/nosuch/FORWARD/2", "ns/filter/FORWARD/x", "ns/filter/FORWARD/²", "/filter/FORWARD/1", ""]
)
def test_what_names_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ProblemError, match="does not name a rule"):
        _rule(text, ipv6=False)


# ---- requests --------------------------------------------------------------------------------------------------------


def probe(**fields: object) -> Probe:
    known = {"source": "a", "target": "b", "namespace": "a", "address": "10.0.0.2", "nonce": "0123456789abcdef"}
    return msgspec.convert(known | fields, Probe)


@given(st.binary(max_size=200))
def test_an_answer_of_any_bytes_is_read(data: bytes) -> None:
    assert dns_answer(data)
    assert isinstance(http_answer(data), str)


@given(st.lists(st.ip_addresses(v=4), max_size=5))
def test_the_addresses_of_an_answer(addresses: list[object]) -> None:
    query = dns_query(probe(protocol="udp", request="dns", name="www.lab."))
    records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + a.packed for a in addresses)  # type: ignore[attr-defined]
    answer = query[:2] + b"\x81\x80" + query[4:6] + len(addresses).to_bytes(2) + bytes(4) + query[12:] + records
    assert dns_answer(answer) == (", ".join(map(str, addresses)) or "no address")


def test_what_is_asked() -> None:
    assert dns_query(probe(name="www.lab"))[12:] == b"\3www\3lab\0\0\1\0\1"
    assert dns_query(probe(name="x", address="fd00::1"))[12:] == b"\1x\0\0\x1c\0\1"
    assert http_request(probe(protocol="tcp", request="http", port=8080)).startswith(b"GET / HTTP/1.1\r\nHost: 10.0.0.2:8080\r\n")
    assert http_answer(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n") == "HTTP/1.0 200 OK"
    assert http_answer(b"") == ""
    assert http_answer(b"220 smtp\x1b[31m\r\n") == "an answer that is no HTTP: 220 smtp.[31m"
