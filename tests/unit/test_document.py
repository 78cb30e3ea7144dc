import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from protocol.public import Change, Context
from server.storage import entries
from topology.document.document import dump, load, schema
from topology.model.base import Json
from topology.model.diff import Diff
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Bridge, Lab, Loopback, Namespace, Records, Route, Veth, Vxlan, replace

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
VALIDATOR = jsonschema.Draft202012Validator(schema())


def faults(source: bytes | str | dict[str, Json]) -> list[Problem]:
    with pytest.raises(ProblemError) as caught:
        load(source)
    problem = caught.value.problem
    return [problem, *problem.causes]


def one(**interfaces: Json) -> dict[str, Json]:
    return {"vethboard": 1, "namespaces": {"ns0": {"interfaces": {k.replace("_", "-"): v for k, v in interfaces.items()}}}}


def ns0(**body: Json) -> dict[str, Json]:
    return {"vethboard": 1, "namespaces": {"ns0": body}}


PAIR: dict[str, Json] = {"a": {"kind": "veth", "peer": "ns0/b"}, "b": {"kind": "veth", "peer": "ns0/a"}}


def pair(**changes: Json) -> dict[str, Json]:
    return one(**{**PAIR, "a": {**PAIR["a"], **changes}})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples(path: Path) -> None:
    records = load(path.read_bytes())
    text = dump(records)
    assert load(text) == records
    assert dump(load(text)) == text
    VALIDATOR.validate(json.loads(path.read_text()))


def test_default_by_ipv4_and_default_by_ipv6_are_two_routes() -> None:
    end: dict[str, Json] = {"addresses": ["10.0.0.1/24", "fd00::1/64"], "kind": "veth", "peer": "ns0/b"}
    routes: list[Json] = [{"to": "default", "via": "10.0.0.2"}, {"to": "default", "via": "fd00::2"}]
    document = ns0(interfaces={"a": end, "b": {"kind": "veth", "peer": "ns0/a"}}, routes=routes)
    assert {r.to: r.via for r in load(document).values() if isinstance(r, Route)} == {"default": "10.0.0.2", "::/0": "fd00::2"}


def test_a_document_is_pleasant_to_read() -> None:
    document: dict[str, Json] = {
        "vethboard": 1,
        "name": "two-namespaces",
        "namespaces": {
            "ns10": {},
            "ns2": {"interfaces": {"veth0": {"kind": "veth", "addresses": ["10.0.1.1/24"], "peer": "host/veth1"}, "lo": {}}},
            "host": {"interfaces": {"veth1": {"kind": "veth", "peer": "ns2/veth0", "master": "br0"}, "br0": {"kind": "bridge"}}},
        },
        "layout": {"ns2": [120, 80.5]},
    }
    document["namespaces"]["ns2"]["routes"] = [{"via": "10.0.1.254", "to": "0.0.0.0/0"}]
    document["namespaces"]["ns2"]["sysctls"] = {"net.ipv4.ip_local_port_range": "1024\t2048", "net.ipv4.ip_forward": 1}
    assert (
        dump(load(document))
        == """{
  "vethboard": 1,
  "name": "two-namespaces",
  "namespaces": {
    "host": {
      "interfaces": {
        "br0": {"kind": "bridge"},
        "veth1": {"kind": "veth", "peer": "ns2/veth0", "master": "br0"}
      }
    },
    "ns2": {
      "interfaces": {
        "lo": {},
        "veth0": {"kind": "veth", "peer": "host/veth1", "addresses": ["10.0.1.1/24"]}
      },
      "routes": [{"to": "default", "via": "10.0.1.254"}],
      "sysctls": {"net.ipv4.ip_forward": 1, "net.ipv4.ip_local_port_range": "1024 2048"}
    },
    "ns10": {}
  },
  "layout": {
    "ns2": [120, 80.5]
  }
}
"""
    )


def test_host_is_always_there_and_lo_is_down_where_it_is_left_out() -> None:
    assert load('{"vethboard": 1}') == {"lab:": Lab(), "namespace:host": Namespace(name="host")}
    assert load(one(lo={}))["interface:ns0/lo"] == Loopback(namespace="ns0", name="lo")
    assert "interface:ns0/lo" not in load(one(lo={"up": False}))


@pytest.mark.parametrize(
    ("text", "subject", "words"),
    [
        ("", "$", "not JSON"),
        ('{"vethboard": 1, "namespaces": {"ns0"', "$", "not JSON"),
        ("[" * 200_000, "$", "nested too deeply"),
        ('{"a":' * 200_000, "$", "nested too deeply"),
        (b"\xff\xfe", "$", "not UTF-8"),
        ('{"vethboard": NaN}', "$", "NaN"),
        ("1" * 5000, "$", "not JSON"),
        (" " * (9 * 1024 * 1024), "$", "8 MB"),
        ("[]", "$", "expected an object, got an array"),
        ("null", "$", "expected an object, got null"),
        ("{}", "$.vethboard", "not a Vethboard document"),
        ('{"vethboard": true}', "$.vethboard", "not a Vethboard document"),
        ('{"vethboard": 0}', "$.vethboard", "there is no version 0"),
        ('{"vethboard": 1, "namespaces": {"a": {"routes": [{"to": "x", "to": "y"}]}}}', "$.namespaces.a.routes[0].to", "twice"),
        ('{"vethboard": 1, "description": "\\ud800"}', "$.description", "surrogate"),
    ],
)
def test_texts_that_are_no_document(text: str | bytes, subject: str, words: str) -> None:
    problem = faults(text)[0]
    assert problem.subject == subject
    assert words in problem.message


def test_a_newer_version_is_refused_and_not_looked_into() -> None:
    (problem,) = faults('{"vethboard": 2, "galaxies": {}}')
    assert (problem.code, problem.subject) == (Code.VERSION, "$.vethboard")


STRUCTURE: list[tuple[dict[str, Json], str, str]] = [
    ({"vethboard": 1, "nmespaces": {}}, "$.nmespaces", "unknown key"),
    (ns0(foo=1), "$.namespaces.ns0.foo", "unknown key"),
    (pair(foo=1), "$.namespaces.ns0.interfaces.a.foo", "unknown key"),
    (pair(name="x"), "$.namespaces.ns0.interfaces.a.name", "unknown key"),
    (pair(namespace="x"), "$.namespaces.ns0.interfaces.a.namespace", "unknown key"),
    (pair(port={"speed": 1}), "$.namespaces.ns0.interfaces.a.port", "unknown key"),
    (one(a={"peer": "x/y"}), "$.namespaces.ns0.interfaces.a.kind", "missing"),
    (one(a={"kind": "veth"}), "$.namespaces.ns0.interfaces.a.peer", "missing"),
    (one(a={"kind": "tap"}), "$.namespaces.ns0.interfaces.a.kind", "Unknown device type."),
    (one(a={"kind": ["veth"]}), "$.namespaces.ns0.interfaces.a.kind", "Unknown device type."),
    (one(a=3), "$.namespaces.ns0.interfaces.a", "expected an object"),
    (pair(mtu="1500"), "$.namespaces.ns0.interfaces.a.mtu", "expected a number, got text"),
    (pair(up=1), "$.namespaces.ns0.interfaces.a.up", "expected true or false, got a number"),
    (pair(master=["br0", "br1"]), "$.namespaces.ns0.interfaces.a.master", "one master"),
    (pair(addresses=["10.0.0.1/24", 5]), "$.namespaces.ns0.interfaces.a.addresses[1]", "expected text, got a number"),
    (pair(addresses="10.0.0.1/24"), "$.namespaces.ns0.interfaces.a.addresses", "expected an array, got text"),
    (ns0(routes={}), "$.namespaces.ns0.routes", "expected an array"),
    (ns0(routes=[{"via": "10.0.0.1"}]), "$.namespaces.ns0.routes[0].to", "missing"),
    (ns0(routes=[{"to": "default", "dev": "lo", "kind": "route"}]), "$.namespaces.ns0.routes[0].kind", "unknown key"),
    (ns0(routes=[{"to": "default", "type": "wormhole"}]), "$.namespaces.ns0.routes[0].type", "Invalid enum value"),
    (ns0(sysctls={"net.ipv4.ip_forward": True}), '$.namespaces.ns0.sysctls["net.ipv4.ip_forward"]', "expected a number or text"),
    (ns0(sysctls={"kernel.panic": 1}), '$.namespaces.ns0.sysctls["kernel.panic"]', "cannot stat /proc/sys/kernel/panic"),
    (ns0(nsid=-1), "$.namespaces.ns0.nsid", "Invalid argument"),
    ({"vethboard": 1, "policy": "trust"}, "$.policy", "invalid policy"),
    ({"vethboard": 1, "name": 5}, "$.name", "expected text, got a number"),
    ({"vethboard": 1, "layout": {"host": [1]}}, "$.layout.host", "length 2"),
    ({"vethboard": 1, "areas": {"dmz": {"at": [1, 2], "text": "x"}}}, "$.areas.dmz.text", "unknown key"),
    ({"vethboard": 1, "areas": {"dmz": {"size": [1, 2]}}}, "$.areas.dmz.at", "missing"),
    ({"vethboard": 1, "notes": {"n": {"at": [1, 2], "size": [0, 2]}}}, "$.notes.n.size", "above 0"),
    ({"vethboard": 1, "notes": {"n": {"at": [1, 2], "colour": "puce"}}}, "$.notes.n.colour", "puce"),
    ({"vethboard": 1, "namespaces": {"a/b": {}}}, '$.namespaces["a/b"]', "Invalid netns name"),
    (one(**{"x" * 16: {"kind": "bridge"}}), f"$.namespaces.ns0.interfaces.{'x' * 16}", "not a valid ifname"),
    (one(**{"a b": {"kind": "bridge"}}), '$.namespaces.ns0.interfaces["a b"]', "not a valid ifname"),
    (pair(mtu=67), "$.namespaces.ns0.interfaces.a.mtu", "mtu less than device minimum"),
    (pair(mtu=65536), "$.namespaces.ns0.interfaces.a.mtu", "mtu greater than device maximum"),
    (pair(addresses=["10.0.0.1"]), "$.namespaces.ns0.interfaces.a.addresses[0]", "any valid prefix"),
    (pair(mac="02:00:00:00:00"), "$.namespaces.ns0.interfaces.a.mac", "invalid lladdr"),
    (one(x={"kind": "vxlan", "vni": 2**24}), "$.namespaces.ns0.interfaces.x.vni", "Numerical result out of range"),
    (one(eth0={"kind": "loopback"}), "$.namespaces.ns0.interfaces.eth0.kind", "Operation not supported"),
]
MEANING: list[tuple[dict[str, Json], str, str]] = [
    (pair(peer="ns9/b"), "$.namespaces.ns0.interfaces.a.peer", 'Cannot find device "ns9/b"'),
    (one(**PAIR, c={"kind": "veth", "peer": "ns0/a"}), "$.namespaces.ns0.interfaces.c.peer", "has another peer"),
    (one(a={"kind": "veth", "peer": "ns0/a"}), "$.namespaces.ns0.interfaces.a.peer", "its own peer"),
    (pair(master="br9"), "$.namespaces.ns0.interfaces.a.master", 'Cannot find device "br9"'),
    (pair(master="b"), "$.namespaces.ns0.interfaces.a.master", "Operation not supported"),
    (one(br0={"kind": "bridge", "master": "br1"}, br1={"kind": "bridge"}), "$.namespaces.ns0.interfaces.br0.master", "bridge to a bridge"),
    (pair(mac="01:00:5e:00:00:01"), "$.namespaces.ns0.interfaces.a.mac", "Cannot assign requested address"),
    (pair(addresses=["10.0.0.1/33"]), "$.namespaces.ns0.interfaces.a.addresses[0]", "any valid prefix"),
    (pair(addresses=["10.0.0.1/24", "10.0.0.1/24"]), "$.namespaces.ns0.interfaces.a.addresses[1]", "File exists"),
    (pair(vlans=[{"vid": 1}, {"vid": 1}]), "$.namespaces.ns0.interfaces.a.vlans[1].vid", "File exists"),
    (one(m={"kind": "macvlan", "parent": "ns0/x"}), "$.namespaces.ns0.interfaces.m.parent", 'Cannot find device "ns0/x"'),
    (one(x={"kind": "vxlan", "vni": 1, "remote": "239.1.1.1"}), "$.namespaces.ns0.interfaces.x.parent", "Local interface required"),
    (ns0(routes=[{"to": "10.0.0.1/24", "dev": "lo"}]), "$.namespaces.ns0.routes[0].to", "any valid prefix"),
    (ns0(routes=[{"to": "default"}]), "$.namespaces.ns0.routes[0].via", "is required"),
    (ns0(routes=[{"to": "default", "dev": "eth7"}]), "$.namespaces.ns0.routes[0].dev", 'Cannot find device "eth7"'),
    (ns0(routes=[{"to": "2001:db8::/64", "via": "10.0.0.1"}]), "$.namespaces.ns0.routes[0].via", "inet6 address is expected"),
    (ns0(routes=[{"to": "default", "dev": "lo"}, {"to": "0.0.0.0/0", "dev": "lo"}]), "$.namespaces.ns0.routes[1]", "File exists"),
    (
        ns0(neighbours=[{"dev": "lo", "address": a, "mac": "02:00:00:00:00:01"} for a in ("fd00::1", "fd00::0:1")]),
        "$.namespaces.ns0.neighbours[1]",
        "File exists",
    ),
    (ns0(neighbours=[{"dev": "eth7", "address": "10.0.0.1", "mac": "02::"}]), "$.namespaces.ns0.neighbours[0].dev", "Cannot find device"),
    ({"vethboard": 1, "namespaces": {"a": {"nsid": 1}, "b": {"nsid": 1}}}, "$.namespaces.a.nsid", "already used"),
    ({"vethboard": 1, "layout": {"ns7": [1, 2]}}, "$.layout.ns7", "there is no node"),
    ({"vethboard": 1, "styles": {"ns7": {"locked": True}}}, "$.styles.ns7", "there is no node"),
]


@pytest.mark.parametrize(("document", "subject", "words"), STRUCTURE + MEANING)
def test_faults_are_told_with_their_path(document: dict[str, Json], subject: str, words: str) -> None:
    found = faults(document)
    assert any(p.subject == subject and words in p.message for p in found), found


@pytest.mark.parametrize(("document", "subject", "words"), STRUCTURE)
def test_the_schema_refuses_what_load_refuses_of_the_structure(document: dict[str, Json], subject: str, words: str) -> None:
    del subject, words
    assert not VALIDATOR.is_valid(document)


def test_all_faults_are_told_at_once() -> None:
    document = ns0(interfaces={"a": {"kind": "veth", "peer": "x/y", "mac": "01::", "mtu": 1}, "b": {"kind": "bridge", "master": "q"}})
    assert {p.subject for p in faults(document)} == {
        "$.namespaces.ns0.interfaces.a.mac", "$.namespaces.ns0.interfaces.a.mtu", "$.namespaces.ns0.interfaces.a.peer",
        "$.namespaces.ns0.interfaces.b.master",
    }  # fmt: skip


def test_a_bridge_with_too_many_ports() -> None:
    interfaces: dict[str, Json] = {"br0": {"kind": "bridge"}}
    for n in range(1024):
        interfaces |= {f"a{n}": {"kind": "veth", "peer": f"ns0/b{n}", "master": "br0"}, f"b{n}": {"kind": "veth", "peer": f"ns0/a{n}"}}
    problem = faults(ns0(interfaces=interfaces))[0]
    assert (problem.code, problem.message) == (Code.LIMIT, "Exchange full")


def large(count: int, **top: Json) -> Records:
    spaces: dict[str, Json] = {f"ns{n}": {} for n in range(count)}
    spaces["ns1"] = {"interfaces": {"br0": {"kind": "bridge", "addresses": ["2001:db8::1/64"]}}}
    return load({"vethboard": 1, **top, "namespaces": spaces})


def test_ipv6_is_off_in_large_labs_that_do_not_use_it() -> None:
    off = {"net.ipv6.conf.all.disable_ipv6": "1"}
    records = large(70)
    assert records["namespace:ns0"] == Namespace(name="ns0", sysctls=off)
    assert records["namespace:ns1"] == Namespace(name="ns1")
    assert load(dump(records)) == records
    on_again = {**records, "namespace:ns0": replace(Namespace(name="ns0"), sysctls={})}
    assert load(dump(on_again)) == on_again
    assert large(60)["namespace:ns0"] == Namespace(name="ns0")
    asked = large(70, ipv6=True)
    assert asked["namespace:ns0"] == Namespace(name="ns0")
    assert load(dump(asked)) == asked


def test_every_field_comes_back() -> None:
    document = ns0(
        nsid=5,
        interfaces={
            "br0": {"kind": "bridge", "vlan_filtering": True, "stp": True, "priority": 4096, "ageing_time": 30, "mac": "02:00:00:00:00:01"},
            "a": {"kind": "veth", "peer": "ns0/b", "master": "br0", "port": {"cost": 9}, "vlans": [{"vid": 7, "pvid": True}]},
            "b": {"kind": "veth", "peer": "ns0/a", "up": False, "mtu": 9000, "addresses": ["10.0.0.1/24", "2001:db8::1/64"]},
            "m": {"kind": "macvlan", "parent": "ns0/b", "mode": "vepa"},
            "x": {"kind": "vxlan", "vni": 9, "remote": "10.0.0.9", "ttl": 3, "learning": False},
        },
        routes=[{"to": "10.9.0.0/16", "via": "10.0.0.9", "metric": 5, "table": 100}, {"to": "::/0", "type": "blackhole"}],
        neighbours=[{"dev": "b", "address": "10.0.0.9", "mac": "02:00:00:00:00:09"}],
        fdb=[{"dev": "a", "mac": "02:00:00:00:00:07", "vlan": 7}, {"dev": "x", "mac": "02:00:00:00:00:08", "destination": "10.0.0.8"}],
    )
    VALIDATOR.validate(document)
    records = load(document)
    assert json.loads(dump(records))["namespaces"]["ns0"] == document["namespaces"]["ns0"]
    assert isinstance(records["interface:ns0/br0"], Bridge)
    assert isinstance(records["interface:ns0/a"], Veth)
    assert isinstance(records["interface:ns0/x"], Vxlan)
    assert isinstance(records["route:ns0/10.9.0.0/16 table 100 metric 5"], Route)


def test_a_key_of_older_documents_is_still_read() -> None:
    records = load(one(vx={"kind": "vxlan", "vni": 7, "port_number": 8472}))
    vxlan = records["interface:ns0/vx"]
    assert isinstance(vxlan, Vxlan)
    assert vxlan.dstport == 8472
    assert "dstport" in dump(records)
    assert "port_number" not in dump(records)


def test_a_key_of_older_histories_is_still_read() -> None:
    vxlan = Vxlan(namespace="host", name='"port_number":', vni=7, dstport=8472)
    change = Change(number=1, context=Context(author="ann", label="add vxlan"), diff=Diff(added={vxlan.id: vxlan}))
    older = msgspec.json.encode(change).replace(b'"dstport":8472', b'"port_number":8472')
    assert entries.read(older) == change
