"""What a document costs grows as it does, and no faster: a document of each kind and one of twice as many entries, by counting calls."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from topology.document import document
from topology.edit.commands import ApplyDocument
from topology.edit.edit import edit
from topology.model.base import HOST
from topology.model.diff import apply, between
from topology.model.problems import ProblemError
from topology.model.records import Namespace, as_records
from topology.observe.normal import normalise
from topology.plan.iproute2 import commands
from topology.plan.plan import plan

MANY, MOST = 200, 2.4
Json = dict[str, Any]


def doc(namespaces: Json, **more: Json) -> Json:
    return {"vethboard": 1, "namespaces": {"host": {}, **namespaces}, **more}


def one(**parts: object) -> Json:
    return doc({"a": parts})


def bridge(**more: object) -> Json:
    return {"kind": "bridge", **more}


def veth(peer: str, **more: object) -> Json:
    return {"kind": "veth", "peer": peer, **more}


def address(n: int) -> str:
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def mac(n: int) -> str:
    return f"02:00:00:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


def chains(n: int) -> Json:
    mine = {f"c{i}": {"rules": [f"-j c{i + 1}"] if i < n - 1 else []} for i in range(n)}
    return one(filter={"ipv4": {"filter": {"INPUT": {"policy": "ACCEPT", "rules": []}, **mine}}})


def gateways(n: int) -> Json:
    """As many subnets as routes through them."""
    bridges = {f"b{i}": bridge(addresses=[f"172.16.{i}.1/24"]) for i in range(n)}
    return one(interfaces=bridges, routes=[{"to": f"{address(i + 1)}/32", "via": f"172.16.{i}.9"} for i in range(n)])


def star(n: int) -> Json:
    middle = {"br0": bridge(), **{f"v{i}": veth(f"n{i}/e", master="br0") for i in range(n)}}
    ends = {f"n{i}": {"interfaces": {"e": veth(f"a/v{i}", addresses=[f"{address(i + 1)}/8"])}} for i in range(n)}
    return doc({"a": {"interfaces": middle}, **ends})


KINDS: dict[str, Callable[[int], Json | str]] = {
    "namespaces": lambda n: doc({f"n{i}": {} for i in range(n)}),
    "nsids": lambda n: doc({f"n{i}": {"nsid": i} for i in range(n)}),
    "bridges": lambda n: one(interfaces={f"b{i}": bridge() for i in range(n)}),
    "veths": lambda n: one(interfaces={f"v{i}": veth(f"a/v{i ^ 1}") for i in range(n)}),
    "star": star,
    "addresses": lambda n: one(interfaces={"b": bridge(addresses=[f"{address(i + 1)}/8" for i in range(n)])}),
    "addresses of IPv6": lambda n: one(interfaces={"b": bridge(addresses=[f"fd00::{i + 1:x}/64" for i in range(n)])}),
    "routes": lambda n: one(
        interfaces={"b": bridge(addresses=["192.168.0.1/24"])},
        routes=[{"to": f"{address(i + 1)}/32", "via": "192.168.0.9"} for i in range(n)],
    ),
    "gateways": gateways,
    "neighbours": lambda n: one(
        interfaces={"b": bridge(addresses=["10.0.0.1/8"])},
        neighbours=[{"dev": "b", "address": address(i + 2), "mac": mac(i)} for i in range(n)],
    ),
    "fdb": lambda n: one(
        interfaces={"b": bridge(), "v": veth("a/w", master="b"), "w": veth("a/v")}, fdb=[{"dev": "v", "mac": mac(i)} for i in range(n)]
    ),
    "rules": lambda n: one(
        filter={"ipv4": {"filter": {"INPUT": {"policy": "ACCEPT", "rules": [f"-s {address(i)}/32 -j DROP" for i in range(n)]}}}}
    ),
    "chains that jump to the next": chains,
    "macvlans": lambda n: one(interfaces={"b": bridge(), **{f"m{i}": {"kind": "macvlan", "parent": "a/b"} for i in range(n)}}),
    "places": lambda n: doc(
        {"a": {"interfaces": {f"b{i}": bridge() for i in range(n)}}}, layout={f"a/b{i}": [1e9, 1e9 - 1e5 * i] for i in range(n)}
    ),
    "places of half of all": lambda n: doc({f"n{i}": {} for i in range(n)}, layout={f"n{i}": [-1e9, 1e9] for i in range(n // 2)}),
    "areas and notes": lambda n: doc(
        {}, areas={f"x{i}": {"at": [i, i], "label": "z"} for i in range(n)}, notes={f"x{i}": {"at": [i, i], "text": "z"} for i in range(n)}
    ),
    "styles": lambda n: doc({f"n{i}": {} for i in range(n)}, styles={f"n{i}": {"colour": "red"} for i in range(n)}),
    "sysctls": lambda n: one(
        interfaces={f"b{i}": bridge() for i in range(n)}, sysctls={f"net.ipv4.conf.b{i}.rp_filter": 1 for i in range(n)}
    ),
    "keys that nobody knows": lambda n: one(**{f"k{i}": 1 for i in range(n)}),
    "peers that are not there": lambda n: one(interfaces={f"v{i}": veth(f"b/v{i}") for i in range(n)}),
    "masters that are not there": lambda n: one(interfaces={f"b{i}": bridge(master=f"x{i}") for i in range(n)}),
    "keys that are there twice": lambda n: '{"vethboard":1,"namespaces":{' + ",".join(f'"n{i % 9}":{{}}' for i in range(n)) + "}}",
}


def work(text: str) -> None:
    """Read it, apply it to an empty lab, write it, plan it and its end. A document that is refused is read alone."""
    empty = as_records(Namespace(name=HOST))
    try:
        wanted = apply(empty, edit(empty, ApplyDocument(document=text)).diff)
    except ProblemError:
        return
    document.dump(wanted)
    normalise(wanted)
    between(empty, wanted)
    commands(plan(wanted, empty))
    plan(empty, wanted)


def calls(text: str) -> int:
    """Of functions, of Python and of C."""
    count = 0

    def on_event(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        work(text)
    finally:
        sys.setprofile(before)
    return count


def text_of(kind: str, n: int) -> str:
    made = KINDS[kind](n)
    return made if isinstance(made, str) else json.dumps(made)


@pytest.mark.parametrize("kind", KINDS)
def test_twice_as_much_costs_twice_as_much(kind: str) -> None:
    once, twice = calls(text_of(kind, MANY)), calls(text_of(kind, 2 * MANY))
    assert twice < MOST * once, f"{kind}: {once} calls, {twice} for twice as many entries"


def test_a_far_place_takes_no_cells() -> None:
    """One line, which once took gigabytes: a set of every cell between."""
    far = doc({"ns0": {"interfaces": {"br0": bridge()}}, "ns1": {}}, layout={"ns0/br0": [1e9, 1e9]})
    assert calls(json.dumps(far)) < 20 * calls(json.dumps({**far, "layout": {}}))
