"""Changes inside long lists: laws of `topology.model.splice`, and of diffs that hold them."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.filter.watch import changed_table
from topology.model.base import Json
from topology.model.diff import Diff, apply, between, compact, expand, reverse, squash
from topology.model.records import AnyRecord, Chain, Namespace
from topology.model.sequences import kept, runs
from topology.model.splice import Misfit, reversed_splices, spliced, splices
from topology.observe.facts import ChainCounters, ChainFact, TableChanged, TableFact
from topology.observe.live import AnyLive, NamespaceLive, NeighbourRow, RouteRow, RuleCountersLive
from topology.observe.observed import Observed

quick = settings(max_examples=150, deadline=None)
items = st.lists(st.sampled_from("abcde"), max_size=30)
big = tuple(f"-s 10.0.{n // 256}.{n % 256}/32 -j ACCEPT" for n in range(1000))


def chain(rules: tuple[str, ...], policy: str = "ACCEPT") -> Chain:
    return Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="DROP" if policy == "DROP" else "ACCEPT", rules=rules)


@st.composite
def edited(draw: st.DrawFn, size: int = 120) -> list[tuple[str, ...]]:
    """A long list and what it was made of it, step by step: a few items come, go, change or move at a time."""
    out = [tuple(f"r{n}" for n in range(draw(st.integers(40, size))))]
    for _ in range(draw(st.integers(1, 4))):
        now = list(out[-1])
        for _ in range(draw(st.integers(1, 3))):
            at = draw(st.integers(0, max(0, len(now) - 1)))
            match draw(st.sampled_from(("add", "twice", "remove", "change", "move"))):
                case "add":
                    now.insert(at, draw(st.sampled_from(("new", "r1", "x"))))
                case "twice":
                    now[at:at] = now[at : at + 2]
                case "remove":
                    del now[at]
                case "change":
                    now[at] = "other"
                case "move":
                    now.append(now.pop(at))
        out.append(tuple(now))
    return out


@quick
@given(items, items)
def test_runs_make_the_one_list_of_the_other(have: list[str], want: list[str]) -> None:
    now = list(have)
    for run in runs(have, want):
        now[run.to : run.to + run.removed] = want[run.to : run.to + run.added]
    assert now == want
    assert sum(r.added for r in runs(have, want)) == len(want) - len(kept(have, want))


@quick
@given(edited(), st.sampled_from(("ACCEPT", "DROP")))
def test_laws_of_splices(states: list[tuple[str, ...]], policy: str) -> None:
    before, after = chain(states[0]), chain(states[-1], policy)
    made = splices(before, after)
    if made is None:
        return
    assert spliced(before, made) == after
    assert spliced(after, reversed_splices(made)) == before
    assert reversed_splices(reversed_splices(made)) == made


@quick
@given(edited())
def test_laws_of_compact_diffs(states: list[tuple[str, ...]]) -> None:
    """As those of whole ones, whichever of them are compact; and as a client and a database read them."""
    maps: list[dict[str, AnyRecord]] = [{"c": chain(rules), "n": Namespace(name="n", nsid=n)} for n, rules in enumerate(states)]
    for before, after in pairwise(maps):
        whole: Diff[AnyRecord] = between(before, after)
        sent = compact(whole)
        assert apply(before, sent) == after
        assert apply(after, reverse(sent)) == before
        assert reverse(reverse(sent)) == sent
        assert sent.ids == whole.ids
        assert bool(sent) == bool(whole)
        assert expand(sent, before) == whole
        assert msgspec.json.decode(msgspec.json.encode(sent), type=Diff[AnyRecord]) == sent
        raw: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(before))
        assert apply(raw, msgspec.json.decode(msgspec.json.encode(sent), type=Diff[Json])) == msgspec.json.decode(
            msgspec.json.encode(after)
        )
    for a, b, c in zip(maps, maps[1:], maps[2:], strict=False):
        for first in (between(a, b), compact(between(a, b))):
            for second in (between(b, c), compact(between(b, c))):
                assert apply(a, squash(first, second)) == c
                assert apply(c, reverse(squash(first, second))) == a


@quick
@given(edited())
def test_squashed_with_what_makes_or_removes_the_record(states: list[tuple[str, ...]]) -> None:
    a, b = {"c": chain(states[0])}, {"c": chain(states[-1])}
    change: Diff[Chain] = compact(between(a, b))
    assert squash(between({}, a), change) == between({}, b)
    assert squash(change, between(b, {})) == between(a, {})
    assert squash(between(b, a), change) == Diff()
    assert squash(change, between(b, a)) == Diff()


def _stated(before: AnyLive | AnyRecord, after: AnyLive | AnyRecord) -> Diff[AnyLive | AnyRecord]:
    """Compact, and checked."""
    change = compact(between({"k": before}, {"k": after}))
    assert apply({"k": before}, change) == {"k": after}
    assert apply({"k": after}, reverse(change)) == {"k": before}
    text = msgspec.json.decode(msgspec.json.encode(change))
    raw = apply({"k": msgspec.json.decode(msgspec.json.encode(before))}, msgspec.convert(text, Diff[Json]))
    assert raw == {"k": msgspec.json.decode(msgspec.json.encode(after))}, "as a browser makes it: defaults are left out"
    return change


def test_one_rule_among_a_thousand_is_one_rule() -> None:
    change = _stated(chain(big), chain((*big[:500], "-j DROP", *big[500:])))
    assert not change.updated
    assert len(msgspec.json.encode(change)) < 150


def test_a_policy_beside_many_rules_is_the_policy() -> None:
    change = _stated(chain(big), chain(big, "DROP"))
    assert len(msgspec.json.encode(change)) < 150


def test_a_short_list_is_stated_whole() -> None:
    assert not compact(between({"k": chain(big[:10])}, {"k": chain(big[:9])})).spliced
    assert not compact(between({"k": chain(big)}, {"k": chain(())})).spliced


def test_rows_of_live_records() -> None:
    routes = tuple(RouteRow(to=f"10.{n}.0.0/16", via="10.0.0.1", dev="veth0") for n in range(200))
    known = tuple(NeighbourRow(dev="veth0", address=f"10.0.0.{n}", mac="02:00:00:00:00:01", age=1.5) for n in range(100))
    before = NamespaceLive(name="n", inode=1, routes=routes, neighbours=known, sysctls={"net.ipv4.ip_forward": "0"})
    after = msgspec.structs.replace(
        before, nsid=4, routes=(*routes[:7], *routes[8:], routes[0]), neighbours=(*known[:3], msgspec.structs.replace(known[3], age=0.0)),
        sysctls={},
    )  # fmt: skip
    change = _stated(before, after)
    assert change.spliced
    assert len(msgspec.json.encode(_stated(before, msgspec.structs.replace(before, routes=routes[1:])))) < 200


def test_counters_of_one_rule_among_many() -> None:
    rows = tuple((n, n * 60) for n in range(1000))
    before = RuleCountersLive(
        namespace="n", family="ipv4", table="filter", at=1.0, chains={"INPUT": ChainCounters(policy=(1, 2), rules=rows)}
    )
    counted = ChainCounters(policy=(3, 4), rules=(*rows[:20], (99, 990), *rows[21:]))
    after = msgspec.structs.replace(before, at=2.0, chains={"INPUT": counted, "mine": ChainCounters()})
    assert len(msgspec.json.encode(_stated(before, after))) < 400


@pytest.mark.parametrize("rules", [big[1:], (), (*big[:500], "-j other", *big[501:])])
def test_a_change_of_another_list_does_not_fit(rules: tuple[str, ...]) -> None:
    change = compact(between({"k": chain(big)}, {"k": chain((*big[:500], "-j DROP", *big[501:]))}))
    with pytest.raises(Misfit):
        apply({"k": chain(rules)}, change)
    with pytest.raises(Misfit):
        apply({}, change)


def test_rules_that_are_only_written_differently_are_found_by_their_number() -> None:
    change = compact(between({"k": chain(big)}, {"k": chain((*big[:500], *big[501:]))}))
    other = tuple(rule.replace("/32", "") for rule in big)
    assert apply({"k": chain(other)}, change, strict=False) == {"k": chain((*other[:500], *other[501:]))}


@quick
@given(edited(), st.sampled_from(("ACCEPT", "DROP")))
def test_a_table_told_by_what_differs_is_the_table(states: list[tuple[str, ...]], policy: str) -> None:
    """As the lab's process tells it and the server folds it."""

    def table(rules: tuple[str, ...], input_policy: str = "ACCEPT") -> TableFact:
        chains = (
            ChainFact(name="INPUT", policy="DROP" if input_policy == "DROP" else "ACCEPT", rules=rules),
            ChainFact(name="mine", rules=rules[:2]),
        )
        return TableFact(ns="host", family="ipv4", table="filter", chains=chains)

    observed = Observed({})
    observed.fold([table(states[0])])
    for before, after in pairwise(states):
        told = changed_table(table(before), table(after, policy))
        read = msgspec.json.decode(msgspec.json.encode(told), type=TableFact | TableChanged)
        changed = observed.fold([read])
        whole = Observed({})
        whole.fold([table(after, policy)])
        assert observed.records == whole.records
        assert "chain:host/ipv4/filter/mine" not in changed.records.ids or before[:2] != after[:2]
        observed.fold([table(after)])


def test_a_table_of_many_rules_is_told_by_the_rule() -> None:
    facts = [TableFact(ns="n", family="ipv4", table="filter", chains=(ChainFact(name="INPUT", rules=rules),)) for rules in (big, big[1:])]
    assert len(msgspec.json.encode(changed_table(*facts))) < 300
