"""Records that know from where they come: compared, searched and put in order they are what plain ones are."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies import labs
from tests.unit.test_touched import mixed
from topology.model.diff import apply, between, replaced
from topology.model.graph import Graph
from topology.model.records import AnyRecord, Interface, Namespace, Records, replace
from topology.model.tracked import MOST, Tracked, ordered

quick = settings(max_examples=25, deadline=None)


def _answers(records: Mapping[str, AnyRecord]) -> dict[str, object]:
    """All that a graph says of the names that there are."""
    graph = Graph(records)
    refs = [r.ref for r in records.values() if isinstance(r, Interface)]
    spaces = sorted({"host", "ns0", "ns1", "two words"})
    tables = [(ns, family, table) for ns in spaces for family in ("ipv4", "ipv6") for table in ("filter", "nat")]
    return {
        "of interfaces": {
            ref: (graph.ports(ref), graph.uppers(ref), graph.using(ref), graph.alike(one) if (one := graph.interface(ref)) else [])
            for ref in refs
        },
        "of namespaces": {
            ns: (
                graph.inside(ns), graph.addressed(ns), graph.drawn_in(ns), graph.routes(ns), graph.fdb(ns), graph.made_in(ns),
                dict(graph.entries(ns)), list(graph.of_namespace(ns)),
            )
            for ns in spaces
        },
        "chains": {key: graph.chains(*key) for key in tables},
        "nsids": {r.nsid: graph.with_nsid(r.nsid) for r in records.values() if isinstance(r, Namespace) and r.nsid is not None},
        "order": graph.in_order(sorted(records)),
        "namespaces": graph.namespace_count,
    }  # fmt: skip


@quick
@given(st.lists(labs(), min_size=2, max_size=3), st.data())
def test_a_chain_of_changes(some: list[Records], data: st.DataObject) -> None:
    records = Tracked.of(some[0])
    _answers(records)  # so that there are indexes to keep up to date
    for other in some[1:]:
        before = Tracked.of(records)
        changed = mixed(dict(records), other, data)
        records = Tracked.of(records)
        for key in [key for key in records if key not in changed]:
            del records[key]
        for key, record in changed.items():
            if records.get(key) is not record:
                records[key] = record
        plain, known = dict(records), between(before, records)
        assert list(plain) == list(changed)
        assert known == between(dict(before), plain)
        assert list(known.added) == list(between(dict(before), plain).added)
        assert replaced(before, records) >= known.ids
        assert apply(before, known) == plain
        assert ordered(records, set(changed)) == list(changed)
        assert _answers(records) == _answers(plain)
        assert _answers(before) == _answers(dict(before))


@quick
@given(labs(), st.data())
def test_records_that_take_the_place_of_others(lab: Records, data: st.DataObject) -> None:
    records = Tracked.of(lab)
    spaces = [r for r in lab.values() if isinstance(r, Namespace)]
    old = data.draw(st.sampled_from(spaces))
    new = Namespace(name="another")
    found = records.renamed({old.id: (new.id, new)})
    assert list(found) == [new.id if key == old.id else key for key in lab]
    assert between(records, found) == between(lab, dict(found))
    assert _answers(found) == _answers(dict(found))


def test_what_a_copy_changes_shows_nowhere_else() -> None:
    lab = {r.id: r for r in (Namespace(name=f"n{n}") for n in range(2 * MOST))}
    first = Tracked.of(lab)
    copy = Tracked.of(first)
    graph = Graph(copy)
    for key in list(lab)[: MOST + 1]:
        del copy[key]
    assert list(first) == list(lab)
    assert graph.namespace_count == len(lab)
    again = Tracked.of(copy)
    assert between(copy, again) == between({}, {})
    again["namespace:n99"] = replace(Namespace(name="n99"))
    assert Graph(again).namespace_count == len(lab) - MOST == Graph(copy).namespace_count + 1
    assert list(between(copy, again).added) == ["namespace:n99"]
