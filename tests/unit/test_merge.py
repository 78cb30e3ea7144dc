"""Two changes side by side: each is in the result, unless both touch the same field."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.strategies import labs
from topology.model import ids
from topology.model.drawing import is_drawing
from topology.model.netfilter import Table
from topology.model.problems import Code, ProblemError
from topology.model.records import AnyRecord, Bridge, Chain, Namespace, Placement, Records, Route, Veth, as_records
from topology.observe.normal import normalise
from topology.plan import merge

BASE = as_records(
    Namespace(name="host"), Namespace(name="a"), Namespace(name="b"),
    Veth(namespace="a", name="eth0", peer="b/eth0", addresses=("10.0.0.1/24",)),
    Veth(namespace="b", name="eth0", peer="a/eth0", addresses=("10.0.0.2/24",)),
)  # fmt: skip


def chain(*rules: str, policy: str | None = "ACCEPT", table: Table = "filter") -> Chain:
    return Chain(namespace="b", family="ipv4", table=table, name="INPUT", policy="DROP" if policy == "DROP" else "ACCEPT", rules=rules)


def plus(records: Records, *more: AnyRecord) -> Records:
    return {**records, **as_records(*more)}


def both(ours: Records, theirs: Records, moves: dict[str, str] | None = None, strict: bool = True) -> Records:
    return merge.goal(BASE, ours, theirs, moves or {}, lambda _: strict)


def test_what_the_edit_does_not_touch_stays() -> None:
    shell = plus(BASE, Namespace(name="c"), chain(*(f"-s 10.0.0.{n} -j DROP" for n in range(9))))
    edited = plus(BASE, Namespace(name="mine"))
    assert both(edited, shell) == plus(shell, Namespace(name="mine"))


def test_a_placement_changes_nothing() -> None:
    shell = plus(BASE, Namespace(name="c"))
    assert both(plus(BASE, Placement(node="a", x=1, y=2)), shell) == shell


def test_two_fields_of_one_interface() -> None:
    shell = plus(BASE, Veth(namespace="a", name="eth0", peer="b/eth0", addresses=("10.0.0.1/24", "10.0.0.9/24")))
    edited = plus(BASE, Veth(namespace="a", name="eth0", peer="b/eth0", addresses=("10.0.1.1/24",), mtu=1400))
    found = both(edited, shell)["interface:a/eth0"]
    assert isinstance(found, Veth)
    assert found.mtu == 1400
    assert set(found.addresses) == {"10.0.1.1/24", "10.0.0.9/24"}


def test_one_field_changed_by_both_is_told_or_the_edit_counts() -> None:
    shell = plus(BASE, Veth(namespace="a", name="eth0", peer="b/eth0", addresses=("10.0.0.1/24",), mtu=1300))
    edited = plus(BASE, Veth(namespace="a", name="eth0", peer="b/eth0", addresses=("10.0.0.1/24",), mtu=1400))
    with pytest.raises(ProblemError) as refused:
        both(edited, shell)
    assert (refused.value.problem.code, refused.value.problem.subject) == (Code.CONFLICT, "interface:a/eth0")
    found = both(edited, shell, strict=False)["interface:a/eth0"]
    assert isinstance(found, Veth)
    assert found.mtu == 1400


def test_a_rename_keeps_what_a_shell_added() -> None:
    shell = plus(
        BASE,
        Veth(namespace="a", name="eth0", peer="b/eth0", addresses=("10.0.0.1/24", "10.0.0.9/24")),
        Route(namespace="a", to="10.9.0.0/16", dev="eth0"),
    )
    edited = {k: r for k, r in BASE.items() if k != "interface:a/eth0"} | as_records(
        Veth(namespace="a", name="left", peer="b/eth0", addresses=("10.0.0.1/24",)),
        Veth(namespace="b", name="eth0", peer="a/left", addresses=("10.0.0.2/24",)),
    )
    found = both(edited, shell, {"a/eth0": "a/left"})
    new = found["interface:a/left"]
    assert isinstance(new, Veth)
    assert new.addresses == ("10.0.0.1/24", "10.0.0.9/24")
    assert [r.dev for r in found.values() if isinstance(r, Route)] == ["left"]


def test_what_is_removed_takes_what_a_shell_put_on_it_along() -> None:
    shell = plus(BASE, Bridge(namespace="a", name="br0"), Route(namespace="a", to="10.9.0.0/16", type="blackhole"))
    edited = {k: r for k, r in BASE.items() if k in ("namespace:host", "namespace:b")}
    assert both(edited, shell) == normalise(edited)


def test_rules_are_meant_by_what_they_say() -> None:
    base = ("-s 1.1.1.1", "-s 2.2.2.2", "-s 3.3.3.3")
    new = tuple(f"-s 9.9.9.{n}" for n in range(500))
    assert merge.rules(base, (*base, "-j LOG"), (*base, *new)) == (*base, *new, "-j LOG")
    assert merge.rules(base, ("-j LOG", *base), (*new, *base)) == ("-j LOG", *new, *base)
    assert merge.rules(base, base[:1] + base[2:], ("-j LOG", *base)) == ("-j LOG", base[0], base[2])
    assert merge.rules(base, (base[0], "-s 2.2.2.9", base[2]), ("-j LOG", *base)) == ("-j LOG", base[0], "-s 2.2.2.9", base[2])
    assert merge.rules(base, (base[0], "-s 2.2.2.9", base[2]), (base[0], base[2])) is None


def test_both_begin_a_chain() -> None:
    found = both(plus(BASE, chain("-j LOG")), plus(BASE, chain("-s 1.1.1.1", policy="DROP")))
    assert found["chain:b/ipv4/filter/INPUT"] == chain("-s 1.1.1.1", "-j LOG", policy="DROP")


@given(st.lists(st.sampled_from("abcdefgh")), st.lists(st.sampled_from("abcdefgh")), st.lists(st.sampled_from("xyz")))
def test_rules_that_only_one_adds_are_all_there(base: list[str], ours: list[str], added: list[str]) -> None:
    """What a shell appends is never lost, whatever the edit makes of the rules before."""
    found = merge.rules(base, ours, [*base, *added])
    assert found is not None
    assert [rule for rule in found if rule in "xyz"] == added
    assert sorted(found) == sorted([*ours, *added])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(labs(), labs())
def test_without_a_change_of_theirs_it_is_the_edit_and_without_one_of_ours_it_is_the_kernel(one: Records, other: Records) -> None:
    def real(records: Records) -> Records:
        return normalise({key: r for key, r in records.items() if key != ids.LAB and not is_drawing(key)})

    assert merge.goal(real(one), real(other), real(one), {}) == real(other)
    assert merge.goal(real(one), real(one), real(other), {}) == real(other)
