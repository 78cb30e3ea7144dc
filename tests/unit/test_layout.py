"""Places for what nobody has placed."""

import pytest

from topology.edit import layout
from topology.model.base import HOST
from topology.model.records import Bridge, Namespace, Placement, Records, Veth, as_records


def star(leaves: int) -> Records:
    """So many namespaces on one bridge in `host`."""
    records: Records = as_records(Namespace(name=HOST), Bridge(namespace=HOST, name="br0"))
    for i in range(leaves):
        end = Veth(namespace=f"n{i}", name="eth0", peer=f"{HOST}/p{i}")
        records |= as_records(Namespace(name=f"n{i}"), end, Veth(namespace=HOST, name=f"p{i}", peer=end.ref, master="br0"))
    return records


def places(records: Records) -> dict[str, tuple[float, float]]:
    return {p.node: (p.x, p.y) for p in layout.missing(records)}


def test_a_small_host_stands_above_the_grid() -> None:
    at = places(star(3))
    assert (at[HOST], at["n0"], at["n1"], at["n2"]) == ((0, 0), (0, 260), (420, 260), (840, 260))


@pytest.mark.parametrize("leaves", [4, 12, 60, 250])
def test_nothing_stands_on_a_host_whose_bridge_has_many_ports(leaves: int) -> None:
    records = star(leaves)
    at = places(records)
    # what the canvas draws: 11 columns and 6 rows of ports for 60 leaves
    columns = max(4, next(n for n in range(leaves + 1) if n * n >= 2 * leaves))
    right, bottom = 24 + 20 + 118 * columns, 64 + 34 + 34 * -(-leaves // columns)
    del at["host/br0"]
    assert len(set(at.values())) == leaves + 1
    assert [node for node, (x, y) in at.items() if node != HOST and x < right and y < bottom] == []


def test_a_namespace_with_a_large_bridge_takes_several_cells() -> None:
    records = {r.id: r for r in star(0).values()}
    records |= as_records(Namespace(name="a"), Bridge(namespace="a", name="br0"), Namespace(name="b"))
    for i in range(30):
        records |= as_records(
            Veth(namespace="a", name=f"p{i}", peer=f"a/q{i}", master="br0"), Veth(namespace="a", name=f"q{i}", peer=f"a/p{i}", master="br0")
        )
    at = places(records)
    assert at["a"] == (0, 260)
    assert at["b"][1] > 260 + 34 * 6


def test_what_is_placed_stays_and_nothing_is_put_on_it() -> None:
    records = {**star(40), **as_records(Placement(node=HOST, x=0, y=200))}
    at = places(records)
    assert HOST not in at
    assert [node for node, (x, y) in at.items() if "/" not in node and x < 24 + 20 + 118 * 9 and y < 200 + 64 + 34 + 34 * 5] == []
