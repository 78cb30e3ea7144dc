"""Documents as people and programs exchange them: what they are told, what is bounded, and what comes back the same."""

import json
import random
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest

from tests.documents import Maker, made
from tests.unit.test_document import faults, ns0, one
from topology.document.differences import words
from topology.document.document import dump, load, located, schema
from topology.document.jsontext import MAX_BYTES
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.edit.layout import missing
from topology.model.base import Json
from topology.model.diff import apply, reverse
from topology.model.kinds import BY_WORD
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Lab, Namespace, Records, as_records

VALIDATOR = jsonschema.Draft202012Validator(schema())
DOCS = Path(__file__).parents[2] / "docs"
EMPTY = as_records(Lab(), Namespace(name="host"))


@pytest.mark.parametrize("number", range(40))
def test_documents_come_back_byte_for_byte_and_are_valid_by_the_schema(seed: int, number: int) -> None:
    value, records = made(random.Random(f"{seed}/{number}"))
    VALIDATOR.validate(value)
    text = dump(records)
    assert load(text) == records
    assert dump(load(text)) == text
    VALIDATOR.validate(json.loads(text))


@pytest.mark.parametrize("number", range(20))
def test_an_import_is_undone_to_the_byte_and_twice_is_nothing(seed: int, number: int) -> None:
    chance = random.Random(f"{seed}/import/{number}")
    (_, before), (_, other) = made(chance), made(chance)
    for command in (c.ApplyDocument(document=dump(other)), c.Paste(document=dump(other))):
        try:
            done = edit(before, command)
        except ProblemError:
            continue  # the two do not go together: a VNI, an nsid, an address that is out of reach
        after = apply(before, done.diff)
        assert dump(apply(after, reverse(done.diff))) == dump(before)
        if isinstance(command, c.ApplyDocument):
            assert not edit(after, command).diff
            assert {*words(after, after)} == set()


def test_whatever_is_not_valid_by_the_schema_is_refused(seed: int) -> None:
    """Of random documents, of which many are wrong somewhere."""
    for number in range(60):
        value = Maker(random.Random(f"{seed}/any/{number}")).make()
        try:
            load(value)
        except ProblemError:
            continue
        VALIDATOR.validate(value)


WRONG: list[tuple[str, tuple[int, int], str, str]] = [
    ('{"vethboard": 1,}', (1, 16), "a comma before the closing bracket", "take it out"),
    ('{"vethboard": 1 // x\n}', (1, 17), "a comment", "JSON has no comments"),
    ('{\n/* x\n*/ "vethboard": 1}', (2, 1), "a comment", "JSON has no comments"),
    ("vethboard: 1\nnamespaces:\n  ns0: {}\n", (1, 1), "looks like YAML", "convert it"),
    ('{\n<<<<<<< HEAD\n"vethboard": 1\n=======\n}', (2, 1), "merge conflict", "delete the markers"),
    ("{'vethboard': 1}", (1, 2), "single quotes", "double quotes"),
    ('{"vethboard": 1 "name": "x"}', (1, 17), "a comma is missing", "separated"),
    ('{"vethboard": 1, "ipv6": True}', (1, 26), "True is not JSON", "write true"),
    ('{"vethboard": 1, name: "x"}', (1, 18), "a key is missing, or is not in quotes", 'write "name"'),
    ('```json\n{"vethboard": 1}\n```\n', (1, 1), "a code fence of Markdown", "take out the lines"),
    ("{\u201cvethboard\u201d: 1}", (1, 2), "is not a quote of JSON", "straight double quotes"),
    ('{"vethboard": 1, "namespaces": {', (1, 32), "ends too early", "bracket"),
    ('{"vethboard": 1,, "name": "x"}', (1, 17), "a comma too many", "take it out"),
    ('{"vethboard": 0x1}', (1, 15), "0x1 is no number of JSON", "write 1"),
    ('{"vethboard": 01}', (1, 15), "01 is no number of JSON", "write 1"),
    ('{"vethboard": 1, "layout": {"host": [.5, 0]}}', (1, 37), ".5 is no number of JSON", "write 0.5"),
    ('{"vethboard": 1, "name": 10.0.0.1/24}', (1, 26), "10.0.0.1/24 is no number", 'in double quotes: "10.0.0.1/24"'),
    ('{"vethboard": 1, "name":02:00:00:00:00:01}', (1, 25), "is no number of JSON", 'in double quotes: "02:00:00:00:00:01"'),
    ('{"vethboard": 1, "description": "NaN", "layout": {"host": [NaN, 0]}}', (1, 59), "NaN is no number of JSON", "write a number"),
    ('{"vethboard": 1 /* x }', (1, 17), "a comment without an end", "take it out"),
    ('Here it is:\n{"vethboard": 1}', (1, 1), "text before the document", "take out what stands before {"),
    ('{"vethboard": 1; "name": "x"}', (1, 16), "a comma is missing", "separated"),
]


@pytest.mark.parametrize(("text", "at", "message", "hint"), WRONG)
def test_what_is_not_json_is_named(text: str, at: tuple[int, int], message: str, hint: str) -> None:
    problem = faults(text)[0]
    assert message in problem.message
    assert hint in (problem.hint or "")
    assert problem.at is not None
    assert problem.at[0] == at[0]
    assert abs(problem.at[1] - at[1]) <= 1


def test_all_faults_come_in_one_round_each_at_its_place() -> None:
    text = """{"vethboard": 1, // a comment
 "namespaces": {
  "ns0": {
   "interfaces": {
    "a": {"kind": "veth", "peer": "ns0/b", "adress": "10.0.0.1/24", "mtu": "1500"},
    "b": {"kind": "veth", "peer": "ns0/a", "addresses": ["2001:db8::1"], "mac": "01::"},
   },
   "color": "red",
   "routes": [{"to": "default", "gateway": "10.0.0.2", "type": "blackhol"}]
  }}}"""
    found = {(p.subject, p.at[0] if p.at else 0): p.hint or "" for p in faults(text)}
    base = "$.namespaces.ns0"
    assert '"addresses": ["10.0.0.1/24"]' in found[f"{base}.interfaces.a.adress", 5]
    assert "write 1500, without quotes" in found[f"{base}.interfaces.a.mtu", 5]
    assert "2001:db8::1/64" in found[f"{base}.interfaces.b.addresses[0]", 6]
    assert (f"{base}.interfaces.b.mac", 6) in found
    assert (f"{base}.color", 8) in found
    assert 'did you mean "via"' in found[f"{base}.routes[0].gateway", 9]
    assert 'did you mean "blackhole"' in found[f"{base}.routes[0].type", 9]
    assert ("$", 1) in found
    assert ("$", 6) in found
    assert f"{base}.interfaces.b.peer" not in {path for path, _ in found}, "a is there, with a fault of its own"


HINTS: list[tuple[dict[str, Json], str]] = [
    ({"macaddress": "02:00:00:00:00:01"}, 'did you mean "mac"?'),
    ({"address": "02:00:00:00:00:01"}, 'did you mean "mac"?'),
    ({"ip": "2001:db8::1"}, 'write "addresses": ["2001:db8::1/64"]'),
    ({"address": "10.0.0.1"}, 'write "addresses": ["10.0.0.1/24"]'),
    ({"address": "10.0.0.1/24", "addresses": ["10.0.0.2/24"]}, '"addresses" is there already'),
    ({"ip": "::1"}, 'did you mean "addresses"?'),
    ({"addresses": "2001:db8::1"}, 'write ["2001:db8::1/64"]'),
    ({"addresses": "10.0.0.1/24, 10.0.0.2"}, 'write ["10.0.0.1/24", "10.0.0.2/24"]'),
    ({"addresses": ["10.0.0.1/24 "]}, "take the blanks out"),
]


@pytest.mark.parametrize(("body", "hint"), HINTS)
def test_what_is_offered_is_right(body: dict[str, Json], hint: str) -> None:
    found = faults(one(d={"kind": "dummy", **body}))
    assert len(found) == 1
    assert (found[0].hint or "").startswith(hint)


def test_words_that_are_like_keys_and_mean_something_else() -> None:
    dummy: Json = {"d": {"kind": "dummy", "addresses": ["10.0.0.1/24"]}}
    (found,) = faults(ns0(interfaces=dummy, routes=[{"to": "10.9.0.0/16", "dev": "d", "tos": 1}]))
    assert (found.hint or "").startswith("known here")
    assert faults(one(d={"type": "dummy"}))[0].hint == 'write "kind" instead of "type"; one of: ' + ", ".join(BY_WORD)
    assert "a whole number, got one with a fraction" in faults(one(d={"kind": "dummy", "mtu": 1500.5}))[0].message


SYSCTL_HINTS = [
    ("net.ipv4.conf.all.forwarding", 'write "net.ipv4.ip_forward"'),
    ("net.ipv4.conf.eth0.rp_filter", "set it by sysctl -w"),
    ("net.ipv4.conf.all.accept_redirects", "set it by sysctl -w"),
    ("net.bridge.bridge-nf-call-arptables", "set it by sysctl -w"),
    ("net.ipv4.conf.all.rp_fliter", 'did you mean "net.ipv4.conf.all.rp_filter"?'),
    ("net.ipv4.tcp_syncookie", 'did you mean "net.ipv4.tcp_syncookies"?'),
    ("net/ipv4/ip_forward", 'did you mean "net.ipv4.ip_forward"?'),
    ("ip_forward", 'did you mean "net.ipv4.ip_forward"?'),
    ("kernel.hostname", "only net.… keys"),
]


@pytest.mark.parametrize(("key", "hint"), SYSCTL_HINTS)
def test_no_other_sysctl_is_offered(key: str, hint: str) -> None:
    (found,) = faults(ns0(sysctls={key: 1}))
    assert (found.hint or "").startswith(hint)


def test_what_the_kernel_refuses_is_placed_in_the_document() -> None:
    text = """{"vethboard": 1, "namespaces": {"ns0": {
 "sysctls": {"net.ipv4.ip_forward": "yes"},
 "filter": {"ipv4": {"filter": {"INPUT": {"rules": ["-j DROP",
  "-j NOWHERE"]}}}}}}}"""
    sysctl = Problem(code=Code.REFUSED, message='setting key "net.ipv4.ip_forward": Invalid argument', subject="namespace:ns0")
    rule = Problem(code=Code.REFUSED, message="No chain", subject="chain:ns0/ipv4/filter/INPUT", rule=2)
    gone = Problem(code=Code.REFUSED, message="No such device", subject="interface:ns0/gone")
    found = located(text, msgspec.structs.replace(rule, causes=(sysctl, gone)))
    assert (found.subject, found.at) == ("$.namespaces.ns0.filter.ipv4.filter.INPUT.rules[1]", (4, 3))
    assert [(p.subject, p.at) for p in found.causes] == [
        ('$.namespaces.ns0.sysctls["net.ipv4.ip_forward"]', (2, 14)),
        ("interface:ns0/gone", None),
    ]
    assert located(json.loads(text), sysctl).subject == '$.namespaces.ns0.sysctls["net.ipv4.ip_forward"]'


def test_numbers_and_null_as_other_programs_write_them() -> None:
    bridge = '{"interfaces": {"br0": {"kind": "bridge", "mtu": 1400.0}}}'
    text = '{"$schema": "x", "vethboard": 1.0, "description": null, "namespaces": {"ns0": ' + bridge + "}}"
    records = load(text)
    assert load(dump(records)) == records
    assert '"mtu": 1400}' in dump(records)
    VALIDATOR.validate(json.loads(text))


TOGETHER: list[tuple[dict[str, Json], str]] = [
    ({"v1": {"kind": "vxlan", "vni": 1}, "v2": {"kind": "vxlan", "vni": 1}}, "$.namespaces.ns0.interfaces.v1.vni"),
    ({"d": {"kind": "dummy", "mtu": 1000, "addresses": ["2001:db8::1/64"]}}, "$.namespaces.ns0.interfaces.d.addresses[0]"),
    ({"br0": {"kind": "bridge"}, "m": {"kind": "macvlan", "parent": "ns0/br0", "master": "br0"}}, "$.namespaces.ns0.interfaces.m.parent"),
    (
        {"br0": {"kind": "bridge"}, "d": {"kind": "dummy", "master": "br0"}, "m": {"kind": "macvlan", "parent": "ns0/d"}},
        "$.namespaces.ns0.interfaces.d.master",
    ),
    ({"d": {"kind": "dummy", "addresses": ["0.0.0.0/8"]}}, "$.namespaces.ns0.interfaces.d.addresses[0]"),
    (
        {"d": {"kind": "dummy", "addresses": ["10.0.0.1/24", "10.0.0.1/25", "2001:db8::1/64", "2001:db8::1/128"]}},
        "$.namespaces.ns0.interfaces.d.addresses[3]",
    ),
    ({"d": {"kind": "dummy"}, "m": {"kind": "macvlan", "parent": "ns0/d", "mtu": 9000}}, "$.namespaces.ns0.interfaces.m.mtu"),
]


@pytest.mark.parametrize(("interfaces", "path"), TOGETHER)
def test_what_does_not_go_together_is_told_before(interfaces: dict[str, Json], path: str) -> None:
    assert path in {p.subject for p in faults(one(**interfaces))}


UNUSABLE: list[tuple[dict[str, Json], str]] = [
    ({"to": "10.9.0.0/16", "dev": "off"}, "Device for nexthop is not up"),
    ({"to": "2001:db8:9::/48", "dev": "off"}, "Nexthop device is not up"),
    ({"to": "10.9.0.0/16", "dev": "on", "src": "10.3.3.3"}, "Invalid prefsrc address"),
    ({"to": "2001:db8:9::/48", "dev": "on", "src": "2001:db8:7::1"}, "Invalid source address"),
    ({"to": "2001:db8:9::/48", "via": "2001:db8::1"}, "Gateway can not be a local address"),
    ({"to": "2001:db8:9::/48", "via": "fe80::9"}, "Egress device not specified"),
]


@pytest.mark.parametrize(("route", "message"), UNUSABLE)
def test_routes_that_are_refused_beside_what_is_there(route: dict[str, Json], message: str) -> None:
    off: Json = {"kind": "bridge", "up": False, "addresses": ["10.1.0.1/24"]}
    on: Json = {"kind": "bridge", "addresses": ["10.0.0.1/24", "2001:db8::1/64"]}
    usable: list[Json] = [
        {"to": "10.8.0.0/16", "dev": "on", "src": "10.1.0.1"},
        {"to": "10.7.0.0/16", "dev": "on", "src": "127.0.0.1"},
        {"to": "2001:db8:8::/48", "via": "fe80::9", "dev": "on"},
        {"to": "10.6.0.0/16", "type": "blackhole"},
    ]
    document = ns0(interfaces={"off": off, "on": on}, routes=usable)
    edit(EMPTY, c.ApplyDocument(document=document))
    with pytest.raises(ProblemError) as refused:
        edit(EMPTY, c.ApplyDocument(document=ns0(interfaces={"off": off, "on": on}, routes=[*usable, route])))
    assert [refused.value.problem.message, *(p.message for p in refused.value.problem.causes)] == [message]


def test_ipv6_that_is_switched_off_and_a_command_in_a_rule() -> None:
    dummy: Json = {"d": {"kind": "dummy", "addresses": ["2001:db8::1/64"]}}
    assert "Permission denied" in faults(ns0(interfaces=dummy, sysctls={"net.ipv6.conf.all.disable_ipv6": 1}))[0].message
    rules = ["-A INPUT -j DROP", "-j DROP -A INPUT", "-t nat -j DROP", "--help", "COMMIT"]
    found = faults(ns0(filter={"ipv4": {"filter": {"INPUT": {"rules": rules}}}}))
    assert [p.rule for p in found] == [1, 2, 3, 4, 5]
    texts = ['-m comment --comment "-A x" -j DROP', "-m comment --comment -A -j LOG --log-prefix -t", "-s 10.0.0.0/8 -j DROP"]
    load(ns0(filter={"ipv4": {"filter": {"INPUT": {"rules": texts}}}}))
    problem = found[0]
    assert problem.subject == "$.namespaces.ns0.filter.ipv4.filter.INPUT.rules[0]"
    assert "leave -A INPUT out" in (problem.hint or "")


def stack(count: int) -> dict[str, Json]:
    above: dict[str, Json] = {f"v{n}": {"kind": "vlan", "vid": 5, "parent": f"ns0/v{n - 1}"} for n in range(1, count)}
    return {"v0": {"kind": "dummy"}, **above}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        '{"a":' * 500 + "1" + "}" * 500,
        '{"vethboard": 1, "description": "\\ud800"}',
        '{"vethboard": 1, "name": "a\\u0000b"}',
        '{"vethboard": 1, "layout": {"host": [1e400, 0]}}',
        '{"vethboard": 1, "description": "' + "x" * 30_000 + '"}',
        "x" * (MAX_BYTES + 1),
        json.dumps(one(**stack(3000))),
        json.dumps(one(**{**stack(3000), "v0": {"kind": "vlan", "vid": 5, "parent": "ns0/v2999"}})),
    ],
    ids=range(9),
)
def test_what_is_too_deep_too_large_or_no_text_is_answered_with_a_problem(text: str) -> None:
    assert faults(text)
    if len(text) <= MAX_BYTES and not text.startswith("["):
        assert faults(json.loads(text)), "also as a value"


def test_a_bridge_that_is_far_away_takes_no_room() -> None:
    records: Records = load({**one(br0={"kind": "bridge"}), "layout": {"ns0/br0": [1e9, 1e9]}})
    assert {p.node for p in missing(records)} == {"host", "ns0"}


def test_eight_interfaces_one_on_top_of_the_other_and_no_more() -> None:
    load(one(**stack(8)))
    assert faults(one(**stack(9)))[0].message == "Too many links"


def test_a_statement_stays_and_a_default_does_not_come() -> None:
    records = load(ns0(sysctls={"net.ipv4.ip_forward": 0, "net.ipv4.ip_default_ttl": "0x40", "net.ipv4.ping_group_range": "7 3"}))
    namespace = records["namespace:ns0"]
    assert isinstance(namespace, Namespace)
    assert namespace.sysctls == {"net.ipv4.ip_default_ttl": "64", "net.ipv4.ip_forward": "0", "net.ipv4.ping_group_range": "1 0"}


def test_the_example_of_the_library_runs() -> None:
    found = re.search(r"```python\n(.*?)```", (DOCS / "documents.md").read_text(), re.DOTALL)
    assert found is not None
    names: dict[str, Json] = {}
    exec(found[1], names)
    assert len(load(names["text"])) == 12
