"""What looks only at what a change touches finds what a look at everything finds."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.strategies import labs
from topology.journey import shadow
from topology.journey.warnings import Warnings, warnings
from topology.model.diff import apply, between
from topology.model.graph import Graph
from topology.model.records import Chain, Interface, Records, as_records, replace
from topology.model.tracked import Tracked
from topology.observe.normal import drift, normalise
from topology.plan import plan as planning

quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def mixed(lab: Records, other: Records, draw: st.DataObject) -> Records:
    """The lab, with some records of another one, without some, and with some changed."""
    out = dict(lab)
    for key in draw.draw(st.lists(st.sampled_from(sorted({*lab, *other})), max_size=6)):
        if key in other:
            out[key] = other[key]
        else:
            out.pop(key, None)
    for key in draw.draw(st.lists(st.sampled_from(sorted(out)), max_size=3)) if out else ():
        record = out[key]
        if isinstance(record, Interface):
            changes = draw.draw(
                st.sampled_from(({"up": False}, {"up": True}, {"mtu": 1400}, {"mtu": None}, {"addresses": ()}, {"master": None}))
            )
            out[key] = replace(record, **changes)
    return out


@quick
@given(labs(), labs(), st.data())
def test_the_normal_form_of_a_changed_lab(lab: Records, other: Records, data: st.DataObject) -> None:
    changed = mixed(lab, other, data)
    found, whole = normalise(changed, like=lab), normalise(changed)
    assert found == whole
    assert list(found) == list(whole)


@quick
@given(labs(), labs(), st.data())
def test_the_plan_of_a_changed_lab(monkeypatch: pytest.MonkeyPatch, lab: Records, other: Records, data: st.DataObject) -> None:
    changed = normalise(mixed(lab, other, data))
    found = planning.plan(changed, lab)

    def everything(wanted: Graph, have: Graph, _: object) -> list[str]:
        return [i.id for i in {**wanted.interfaces, **have.interfaces}.values()]

    with monkeypatch.context() as patch:
        patch.setattr(planning, "concerned", everything)
        assert planning.plan(changed, lab) == found


@quick
@given(labs(), labs(), st.data())
def test_drift_of_a_changed_lab(lab: Records, other: Records, data: st.DataObject) -> None:
    changed = mixed(lab, other, data)
    ids = {key for key in {**lab, **changed} if lab.get(key) is not changed.get(key)}
    before = drift(other, lab)
    assert tuple(sorted({*before} - ids | {*drift(other, changed, ids)})) == drift(other, changed)


@quick
@given(st.lists(labs(), min_size=2, max_size=4), st.data())
def test_warnings_of_a_lab_that_changes(some: list[Records], data: st.DataObject) -> None:
    looked, records = Warnings(), Tracked.of({})
    for other in some:
        changed = normalise(mixed(dict(records), other, data))
        records = apply(records, between(records, changed))
        assert looked.look(records) == warnings(dict(records))


class _All:
    """Endings, all of which are compared with each rule."""

    def __init__(self) -> None:
        self._endings: list[shadow._Ending] = []

    def add(self, ending: shadow._Ending) -> None:
        self._endings.append(ending)

    def wide(self, _rule: object, first: int) -> list[shadow._Ending]:
        return [e for e in self._endings if e.number >= first]


_MATCHES = (
    "", "-s 10.0.0.0/8", "-s 10.1.0.0/16 -d 10.2.0.0/16", "! -s 10.0.0.0/8", "-s 10.1.2.3/32", "-d 10.2.3.4", "-s 10.1.2.3 -d 10.2.3.4",
    "-s 0.0.0.3/0.0.0.255", "-d 10.2.0.0/16 -p tcp", "-s 0.0.0.0/0", "-i eth0 -s 10.1.2.3", "-m mark --mark 0x1", "-p udp",
    "-p udp -m udp --dport 1000:2000",
)  # fmt: skip
_TARGETS = ("-j ACCEPT", "-j DROP", "-j ACCEPT", "-j LOG", "-j MARK --set-mark 1", "-j other", "")


@quick
@given(st.lists(st.tuples(st.sampled_from(_MATCHES), st.sampled_from(_TARGETS)).map(" ".join).map(str.strip), max_size=20))
def test_marks_of_rules(monkeypatch: pytest.MonkeyPatch, rules: list[str]) -> None:
    records = as_records(Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=tuple(rules)))
    found = [*shadow.never(records, {}, "ns0")]
    with monkeypatch.context() as patch:
        patch.setattr(shadow, "_Before", _All)
        assert [*shadow.never(records, {}, "ns0")] == found
