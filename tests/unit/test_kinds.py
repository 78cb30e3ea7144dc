"""A kind of interface is known by its declaration alone: no other code names one, and no part of one is forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.netlink.kinds import DRIVERS
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.model.diff import apply
from topology.model.kinds import BY_WORD, KINDS
from topology.model.problems import ProblemError
from topology.model.records import Bridge, Interface, Namespace, Records, Veth, as_records
from topology.observe.normal import normalise
from topology.plan.iproute2 import commands
from topology.plan.plan import plan

ROOT = Path(__file__).parents[2]
OWN = ("topology/model/kinds/", "agent/netlink/kinds/")
NAMES = {kind.__name__ for kind in KINDS}
ALLOWED: dict[tuple[str, str], str] = {
    ("agent/trial.py", "bridge"): "what a machine must have for Vethboard to be of use",
    ("agent/trial.py", "veth"): "what a machine must have for Vethboard to be of use",
}
"""File and kind → why it may be named there."""


def _named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and kind, where a test depends on a kind: isinstance(x, Veth), case Veth(), type(x) is Veth, word == "veth"."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
                yield from ((node.lineno, name) for name in _classes(kinds))
            case ast.MatchClass(cls=cls):
                yield from ((node.lineno, name) for name in _classes(cls))
            case ast.Compare(comparators=compared):
                parts = [part for found in (node.left, *compared) for part in ast.walk(found)]
                yield from ((node.lineno, p.value) for p in parts if isinstance(p, ast.Constant) and p.value in BY_WORD)
                yield from ((node.lineno, name) for name in NAMES.intersection(p.id for p in parts if isinstance(p, ast.Name)))
            case ast.MatchValue(value=ast.Constant(value=str(value))) if value in BY_WORD:
                yield node.lineno, value


def _classes(node: ast.expr) -> set[str]:
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    return found & NAMES


def test_no_code_asks_for_a_kind_by_name() -> None:
    files = [path for room in ("topology", "agent", "server", "cli", "protocol") for path in sorted((ROOT / room).rglob("*.py"))]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in files if not str(path.relative_to(ROOT)).startswith(OWN)
        for line, name in _named(ast.parse(path.read_text()))
        if (str(path.relative_to(ROOT)), name) not in ALLOWED
    ]  # fmt: skip
    assert found == [], "ask its KIND (topology/model/kind.py), or is_bridge()"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_is_whole(kind: type[Interface]) -> None:
    own = [f for f in kind.KIND.fields if f.role in ("value", "address")]
    word = str(kind.__struct_config__.tag)
    assert (word in DRIVERS) == bool(own), "agent/netlink/kinds has a driver for exactly the kinds with fields"
    assert (kind.KIND.max_ports > 0) == issubclass(kind, Bridge), "what takes ports is a Bridge"
    assert all(f.option for f in own), "each field has a word of iproute2"
    assert kind.__doc__


def test_each_driver_has_a_kind() -> None:
    assert DRIVERS.keys() <= BY_WORD.keys()


# ---- kinds that are made on others -------------------------------------------------------------------------------------


def _vlan(**fields: object) -> Interface:
    return BY_WORD["vlan"](**{"namespace": "a", "name": "v10", "parent": "a/eth0", "vid": 10, **fields})


def _lab(*extra: Interface) -> Records:
    return normalise(
        as_records(
            Namespace(name="host"), Namespace(name="a"), Namespace(name="b"),
            Veth(namespace="a", name="eth0", peer="b/eth0"), Veth(namespace="b", name="eth0", peer="a/eth0"), *extra,
        )
    )  # fmt: skip


def _after(lab: Records, command: c.AnyCommand) -> Records:
    return apply(lab, edit(lab, command).diff)


def test_what_iproute2_is_told() -> None:
    extra = (
        _vlan(protocol="802.1ad", gvrp=True, up=False), _vlan(namespace="b", name="v11", vid=11, reorder_hdr=False, loose_binding=True),
        BY_WORD["dummy"](namespace="a", name="dummy0"), BY_WORD["ifb"](namespace="a", name="ifb0", up=False),
    )  # fmt: skip
    lines = commands(plan(_lab(*extra), _lab()))
    assert lines == (
        "ip -n a link add link eth0 name v10 type vlan protocol 802.1ad id 10 gvrp on",
        "ip -n a link add link eth0 name v11 netns b type vlan id 11 reorder_hdr off loose_binding on",
        "ip -n a link add dummy0 type dummy",
        "ip -n a link add ifb0 type ifb",
        "ip -n b link set v11 up",
        "ip -n a link set dummy0 up",
    )


def test_a_change_of_a_fixed_field_makes_it_anew() -> None:
    before, after = _lab(_vlan()), _lab(_vlan(vid=11))
    assert [type(s).__name__ for s in plan(after, before)] == ["DeleteInterface", "AddInterface", "SetUp"]
    assert [s.fields for s in plan(_lab(_vlan(gvrp=True)), before)] == [("gvrp",)]  # type: ignore[union-attr]
    ifb = BY_WORD["ifb"](namespace="a", name="ifb0")
    other = BY_WORD["ifb"](namespace="a", name="ifb0", mac="02:00:00:00:00:01")
    assert [type(s).__name__ for s in plan(_lab(other), _lab(ifb))] == ["DeleteInterface", "AddInterface", "SetUp"]


def test_it_goes_up_and_down_with_its_lower_interface() -> None:
    lab = _after(_lab(_vlan(), _vlan(name="v11", vid=11, loose_binding=True)), c.SetInterface(interface="a/eth0", changes={"up": False}))
    ups = [lab[f"interface:a/{name}"].up for name in ("v10", "v11")]  # type: ignore[union-attr]
    assert ups == [False, True]
    with pytest.raises(ProblemError, match="Network is down"):
        _after(lab, c.SetInterface(interface="a/v10", changes={"up": True}))
    up = _after(lab, c.SetInterface(interface="a/eth0", changes={"up": True}))
    assert [type(s).__name__ for s in plan(up, lab)] == ["SetUp"]
    down_again = _after(up, c.SetInterface(interface="a/v10", changes={"up": False}))
    assert commands(plan(down_again, lab)) == ("ip -n a link set eth0 up", "ip -n a link set v10 down")


def test_it_moves_is_copied_and_goes_with_its_lower_interface() -> None:
    lab = _lab(_vlan())
    moved = _after(lab, c.MoveInterface(interface="a/eth0", namespace="host", name="eth9"))
    assert (moved["interface:a/v10"].lower, moved["interface:a/v10"].up) == ("host/eth9", False)  # type: ignore[union-attr]
    copied = _after(lab, c.Duplicate(ids=("namespace:a", "namespace:b")))
    assert copied["interface:a2/v10"].lower == "a2/eth0" if "interface:a2/v10" in copied else True  # type: ignore[union-attr]
    assert len([r for r in copied.values() if isinstance(r, Interface) and r.word == "vlan"]) == 2
    gone = _after(lab, c.Remove(ids=("interface:b/eth0",)))
    assert not [r for r in gone.values() if isinstance(r, Interface)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vid": 4095}, "Numerical result out of range"),
        ({"parent": "a/none"}, "Cannot find device"),
        ({"parent": "a/v10"}, "Too many levels of symbolic links"),
        ({"mtu": 9000}, "Numerical result out of range"),
    ],
)
def test_what_the_kernel_would_refuse(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        _after(_lab(), c.AddInterface(interface=_vlan(**fields)))


def test_an_mtu_that_follows_is_set_when_the_lower_one_grows() -> None:
    macvlan = BY_WORD["macvlan"](namespace="a", name="m0", parent="a/eth0")
    before = _lab(macvlan, _vlan())
    after = _after(before, c.SetInterface(interface="a/eth0", changes={"mtu": 9000}))
    assert commands(plan(after, before)) == (
        "ip -n a link set eth0 mtu 9000", "ip -n a link set m0 mtu 9000", "ip -n a link set v10 mtu 9000",
    )  # fmt: skip
