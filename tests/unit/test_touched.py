"""What looks only at what a change touches finds what a look at everything finds."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.strategies import labs
from topology.journey.warnings import Warnings, warnings
from topology.model.diff import apply, between
from topology.model.graph import Graph
from topology.model.records import Interface, Records, replace
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
