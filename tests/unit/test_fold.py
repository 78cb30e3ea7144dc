"""Folding facts: derived bit by bit, it is what it is derived as a whole; and it costs what it touches."""

from collections.abc import Sequence
from itertools import cycle

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bench.many import facts_of_star
from tests.unit import reference
from tests.unit.strategies import labs
from topology.model.diff import apply, between
from topology.model.kinds.dummy import Dummy
from topology.model.netfilter import Table
from topology.model.records import HOST, Records, as_records
from topology.model.tracked import ordered
from topology.observe import facts as f
from topology.observe.normal import drift
from topology.observe.observed import Observed

BASELINE = {"net.ipv4.ip_forward": "0"}
NAMESPACES = (HOST, "a", "b")
_ns, _index = st.sampled_from(NAMESPACES), st.integers(1, 5)
_mac = st.sampled_from(("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03", "00:00:00:00:00:00"))
_link_ns = st.none() | st.sampled_from((*NAMESPACES, "?"))
_address = st.sampled_from(("10.0.0.1/24", "10.0.0.2/24", "10.0.0.1/16", "10.1.0.1/24", "fe80::ff:fe00:1/64", "2001:db8::1/64"))
_to = st.sampled_from(("default", "10.9.0.0/16", "::/0"))
_via = st.sampled_from((None, "10.0.0.9", "10.1.0.9", "2001:db8::9"))
_vlan = st.sampled_from((None, 1))
_info = {
    "bridge": st.fixed_dictionaries({"vlan_filtering": st.booleans(), "vlan_default_pvid": st.integers(0, 2)}),
    "vlan": st.fixed_dictionaries({"vid": st.integers(1, 4095)}),
    "vxlan": st.fixed_dictionaries(
        {"vni": st.just(7), "remote": st.sampled_from((None, "10.0.0.9")), "underlay": st.sampled_from((None, "a", "?"))}
    ),
}


@st.composite
def _links(draw: st.DrawFn) -> f.LinkFact:
    kind = draw(st.sampled_from(("veth", "veth", "bridge", "bridge", "vlan", "macvlan", "vxlan", "dummy", "loopback", "wireguard")))
    name = "lo" if kind == "loopback" else draw(st.sampled_from(("x", "y", "z")))
    port = draw(st.none() | st.builds(f.PortFact, cost=st.sampled_from((2, 4, 100)), state=st.integers(0, 5)))
    return f.LinkFact(
        ns=draw(_ns), index=draw(_index), name=name, kind=kind, flags=draw(st.integers(0, 1)), mtu=draw(st.sampled_from((1400, 1500))),
        mac=draw(_mac), master=draw(st.sampled_from((0, 1, 2))) if port else 0, link=draw(st.integers(0, 5)), link_ns=draw(_link_ns),
        info=draw(_info.get(kind, st.just({}))), port=port,
    )  # fmt: skip


_counters = st.builds(f.Counters, rx_bytes=st.integers(0, 9))
_chain = st.builds(
    f.ChainFact, name=st.sampled_from(("INPUT", "mine")), policy=st.just("ACCEPT"), rules=st.sampled_from(((), ("-j DROP",)))
)
_table: st.SearchStrategy[Table] = st.sampled_from(("filter", "nat"))
_inside: tuple[st.SearchStrategy[f.AnyFact], ...] = (
    st.builds(f.AddressFact, ns=_ns, index=_index, address=_address),
    st.builds(f.AddressGone, ns=_ns, index=_index, address=_address),
    st.builds(f.RouteFact, ns=_ns, to=_to, via=_via, index=_index, protocol=st.sampled_from(("boot", "kernel")), src=st.none()),
    st.builds(f.RouteFact, ns=_ns, to=_to, metric=st.just(5), type=st.sampled_from(("blackhole", "unicast"))),
    st.builds(f.RouteGone, ns=_ns, to=_to, via=_via, index=_index),
    st.builds(f.NeighbourFact, ns=_ns, index=_index, address=st.just("10.0.0.7"), mac=_mac, state=st.sampled_from(("permanent", "stale"))),
    st.builds(f.NeighbourGone, ns=_ns, index=_index, address=st.just("10.0.0.7")),
    st.builds(
        f.FdbFact, ns=_ns, index=_index, mac=_mac, vlan=_vlan, own=st.booleans(), state=st.sampled_from(("dynamic", "static", "local")),
        destination=st.sampled_from((None, "10.0.0.9")),
    ),
    st.builds(f.FdbGone, ns=_ns, index=_index, mac=_mac, vlan=_vlan, own=st.booleans()),
    st.builds(f.VlansFact, ns=_ns, index=_index, vlans=st.sampled_from(((), (f.VlanRow(vid=1, pvid=True, untagged=True),)))),
    st.builds(f.SysctlFact, ns=_ns, key=st.just("net.ipv4.ip_forward"), value=st.sampled_from(("0", "1"))),
    st.builds(f.CountersFact, ns=_ns, at=st.just(1.0), rows=st.dictionaries(_index, _counters, max_size=2)),
    st.builds(f.ProcessesFact, ns=_ns, rows=st.sampled_from(((), (f.Process(pid=1, command="sh"),)))),
    st.builds(f.TableFact, ns=_ns, family=st.just("ipv4"), table=_table, chains=st.lists(_chain, max_size=2).map(tuple)),
    st.builds(f.FilterFact, ns=_ns, driver=st.just("nft"), tables=st.just({})),
    st.builds(f.RuleCountersFact, ns=_ns, family=st.just("ipv4"), table=_table, at=st.just(1.0), chains=st.just({})),
    st.builds(f.RuleCountersGone, ns=_ns),
    st.builds(f.ConntrackFact, ns=_ns, at=st.just(1.0), count=st.integers(0, 1)),
    st.builds(f.ConntrackGone, ns=_ns),
    st.builds(f.TerminalFact, ns=_ns, terminal=st.sampled_from("12")),
    st.builds(f.TerminalGone, ns=_ns, terminal=st.sampled_from("12")),
)  # fmt: skip
_exists = st.builds(f.NamespaceFact, ns=st.sampled_from(NAMESPACES[1:]), inode=st.integers(1, 2), nsid=st.sampled_from((None, 3)))
_facts: st.SearchStrategy[f.AnyFact] = st.one_of(
    _links(), _links(), _links(), _exists, st.builds(f.LinkGone, ns=_ns, index=_index), *_inside,
    st.one_of(st.builds(f.NamespaceGone, ns=st.sampled_from(NAMESPACES[1:])), st.builds(f.Resync, ns=_ns)),
)  # fmt: skip
_likes: st.SearchStrategy[Records] = st.lists(
    st.builds(Dummy, namespace=_ns, name=st.sampled_from("xyz"), mac=st.none() | _mac), max_size=3
).map(lambda found: as_records(*found))  # fmt: skip
_batches = st.lists(st.tuples(st.lists(_facts, max_size=8), st.none() | _likes), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_batches)
def test_bit_by_bit_is_as_a_whole(batches: Sequence[tuple[list[f.AnyFact], Records | None]]) -> None:
    observed = Observed(BASELINE)
    everything: list[f.AnyFact] = [f.SysctlFact(ns=HOST, key="net.ipv4.ip_forward", value="0")]
    observed.fold(everything)
    for facts, like in batches:
        before, live = observed.records, observed.live
        kept = dict(before.items()), dict(live.items())
        if like is not None:
            observed.like = like
        changed = observed.fold(facts)
        everything += facts
        _compare(observed)
        assert changed.records == between(before, observed.records)
        assert changed.records == between(before.whole(), observed.records.whole())  # the maps of all know what they have in common
        assert ordered(observed.records.whole(), changed.records.ids) == [key for key in observed.records if key in changed.records.ids]
        assert changed.live == between(live, observed.live)
        assert apply(before, changed.records) == observed.records
        assert (before, live) == kept  # what was handed out does not change
    whole = Observed(BASELINE, observed.like)
    whole.fold(everything)
    assert list(observed.records.items()) == list(whole.records.items())
    assert list(observed.live.items()) == list(whole.live.items())


def _compare(observed: Observed) -> None:
    known = observed.namespaces()
    records = reference.records(known, observed, BASELINE)
    assert list(observed.records.items()) == list(records.items())
    assert all(observed.records[key] == record for key, record in records.items())
    live = {key: r for facts in known for key, r in reference.live(facts, observed, records).items()}
    assert {key: r for key, r in observed.live.items() if not key.startswith("terminal:")} == live
    assert all(observed.live[key] == record for key, record in live.items())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(labs(), labs(), st.lists(st.booleans(), min_size=1, max_size=8))
def test_drift_of_what_has_changed(desired: Records, before: Records, adopted: list[bool]) -> None:
    """`adopted`: which records become those of the document, in turn."""
    turns = dict(zip(sorted(desired.keys() | before.keys()), cycle(adopted), strict=False))
    after = {key: source[key] for key, turn in turns.items() if key in (source := desired if turn else before)}
    changed = between(before, after).ids
    assert drift(desired, after, changed) == tuple(key for key in drift(desired, after) if key in changed)
    known = {key for key in drift(desired, before) if key not in changed}
    assert tuple(sorted(known | set(drift(desired, after, changed)))) == drift(desired, after)


def _cost(observed: Observed, *facts: f.AnyFact) -> int:
    """How many interfaces a fold derives."""
    before = observed.derived
    assert any(observed.fold(facts))
    return observed.derived - before


def test_a_fact_costs_what_it_touches() -> None:
    star = facts_of_star(200)
    observed = Observed({})
    assert _cost(observed, *star) == len(observed.records) - 1 - 2 * 200  # all but the namespaces and the routes; each lo is one of them
    port = next(x for x in star if isinstance(x, f.LinkFact) and x.name == "p7")
    before = observed.records, observed.live
    assert _cost(observed, f.CountersFact(ns="n7", at=1.0, rows={2: f.Counters()})) == 0
    assert _cost(observed, f.RouteFact(ns="n7", to="10.9.0.0/16", via="10.0.0.1", index=2)) == 0
    assert _cost(observed, f.AddressFact(ns="n7", index=2, address="10.9.0.1/24")) == 1
    assert _cost(observed, msgspec.structs.replace(port, flags=0)) == 1
    assert _cost(observed, msgspec.structs.replace(port, mtu=1400)) == 3  # it, its peer, its bridge
    assert _cost(observed, msgspec.structs.replace(port, name="q7")) == 3
    assert _cost(observed, f.NamespaceGone(ns="n8")) == 1  # the peer, if the kernel has not yet said that it is gone too
    untouched = [key for key in before[0] if key in observed.records and observed.records[key] is before[0][key]]
    assert len(untouched) >= len(before[0]) - 8


def test_a_map_by_namespace_shares_what_no_fact_touched() -> None:
    observed = Observed({})
    observed.fold(facts_of_star(100))
    records, live = observed.records, observed.live
    observed.fold([f.CountersFact(ns="n7", at=1.0, rows={})])
    assert observed.records is records
    assert [ns for ns in (HOST, *(f"n{k}" for k in range(100))) if observed.live.of(ns) != live.of(ns)] == ["n7"]
    assert all(one is other for one, other in zip(observed.live.of("n8") or (), live.of("n8") or (), strict=True))


def _link(index: int, name: str, kind: str = "dummy", **more: object) -> f.LinkFact:
    return msgspec.structs.replace(f.LinkFact(ns=HOST, index=index, name=name, kind=kind, mtu=1500, mac=f"02:00:00:00:00:0{index}"), **more)


def test_what_depends_on_another_interface() -> None:
    """Cases that a random search seldom meets."""
    bridge, entry = "02:00:00:00:00:09", f.FdbFact(ns=HOST, index=1, mac="02:00:00:00:00:09", state="local")
    cases: tuple[tuple[f.AnyFact, ...], ...] = (
        (  # the gateway lies in the subnet of one interface, then of two, then of one again
            _link(1, "x"), _link(2, "y"), f.AddressFact(ns=HOST, index=1, address="10.0.0.1/24"),
            f.RouteFact(ns=HOST, to="default", via="10.0.0.9", index=1),
            f.AddressFact(ns=HOST, index=2, address="10.0.0.2/24"), f.AddressGone(ns=HOST, index=2, address="10.0.0.2/24"),
        ),
        (_link(2, "b", "bridge"), _link(1, "x", master=2, port=f.PortFact()), entry, _link(2, "b", "bridge", mac=bridge)),
        (_link(1, "x"), _link(2, "x"), _link(2, "x", flags=1), _link(1, "x", flags=1), _link(2, "y")),
    )  # fmt: skip
    for case in cases:
        observed = Observed(BASELINE)
        for fact in case:
            observed.fold([fact])
            _compare(observed)


def test_what_is_taken_away_from_a_namespace_that_is_gone_keeps_nothing() -> None:
    observed = Observed({})
    for number in range(5):
        ns = f"n{number}"
        observed.fold((f.Resync(ns=ns), f.NamespaceFact(ns=ns, inode=number)))
        observed.fold((f.NamespaceGone(ns=ns),))
        observed.fold((f.ConntrackGone(ns=ns), f.RuleCountersGone(ns=ns), f.LinkGone(ns=ns, index=1)))
    assert not observed._facts
