"""Laws that hold for every lab."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.strategies import labs
from topology.document.document import dump, load, schema, to_json
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.journey import words
from topology.journey.ask import resolve
from topology.journey.predicted.predict import predict
from topology.journey.probe import Ask
from topology.journey.warnings import warnings
from topology.model.base import Json
from topology.model.diff import Diff, apply, between, compact, reverse, squash
from topology.model.problems import ProblemError
from topology.model.records import Bridge, Lab, Loopback, Records, Style, Veth
from topology.observe.normal import drift, normalise

VECTORS = Path(__file__).parent.parent / "vectors" / "diff.json"
VALIDATOR = jsonschema.Draft202012Validator(schema())
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
states = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3))


@given(states, states, states)
def test_laws_of_diffs(a: dict[str, int], b: dict[str, int], d: dict[str, int]) -> None:
    first, second = between(a, b), between(b, d)
    assert apply(a, first) == b
    assert reverse(reverse(first)) == first
    assert apply(b, reverse(first)) == a
    assert apply(a, squash(first, second)) == d
    assert squash(first, second) == between(a, d)
    assert squash(first, reverse(first)) == Diff()
    assert not between(a, a)


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda v: v["name"])
def test_vectors_shared_with_typescript(vector: dict[str, Json]) -> None:
    diff = msgspec.convert(vector["diff"], Diff[Json])
    assert compact(between(vector["before"], vector["after"])) == diff
    assert apply(vector["before"], diff) == vector["after"]
    assert apply(vector["after"], reverse(diff)) == vector["before"]
    if "squash" in vector:
        second = msgspec.convert(vector["squash"]["second"], Diff[Json])
        both = msgspec.convert(vector["squash"]["diff"], Diff[Json])
        assert squash(diff, second) == both
        assert apply(vector["before"], both) == vector["squash"]["after"]


@quick
@given(labs())
def test_normal_form_is_final(lab: Records) -> None:
    assert normalise(lab) == lab
    assert drift(lab, lab) == ()


@quick
@given(labs())
def test_documents_hold_everything(lab: Records) -> None:
    text = dump(lab)
    assert load(text) == lab
    assert dump(dict(reversed(lab.items()))) == text
    VALIDATOR.validate(json.loads(text))


def _commands(draw: st.DrawFn, lab: Records) -> list[c.AnyCommand]:
    keys = sorted(lab)
    refs = sorted(r.ref for r in lab.values() if isinstance(r, Veth | Bridge | Loopback))
    spaces = sorted(k.partition(":")[2] for k in keys if k.startswith("namespace:"))
    out: list[c.AnyCommand] = [
        c.AddNamespace(name="fresh"),
        c.Remove(ids=tuple(draw(st.lists(st.sampled_from(keys), max_size=3)))),
        c.AddLink(a=c.End(namespace=draw(st.sampled_from(spaces))), b=c.End(namespace=draw(st.sampled_from(spaces)))),
        c.SetLab(description="x"),
        c.ApplyDocument(document={"vethboard": 1, "namespaces": {"ns0": {}}}),
        c.Duplicate(ids=tuple(draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)))),
        c.Paste(document=to_json(lab), into=draw(st.sampled_from(spaces)), at=(5, 5)),
        c.PutStyle(style=Style(node=spaces[0], icon="router")),
    ]
    if refs:
        ref = draw(st.sampled_from(refs))
        name = draw(st.sampled_from((None, "other", "br0")))
        changes: dict[str, Json] = draw(st.sampled_from(({"up": False}, {"mtu": 1300}, {"master": None}, {"addresses": []})))
        out += [
            c.MoveInterface(interface=ref, namespace=draw(st.sampled_from(spaces)), name=name),
            c.SetInterface(interface=ref, changes=changes),
        ]
    return out


@quick
@given(labs(), st.data())
def test_an_edit_is_undone_by_its_reverse_and_leaves_a_sound_lab(lab: Records, data: st.DataObject) -> None:
    for command in data.draw(st.composite(_commands)(lab)):
        try:
            made = edit(lab, command)
        except ProblemError:
            continue
        new = apply(lab, made.diff)
        assert apply(new, reverse(made.diff)) == lab
        assert normalise(new) == new
        # kept: the MTU of a parent can become less than a vxlan on it needs, as in the kernel
        assert load(dump(new), kept=True) == {"lab:": Lab(), **new}
        assert set(made.made) <= new.keys() | {k for k in made.made if k.endswith("/lo")}
        for old, moved in made.moves.items():
            assert f"interface:{old}" in lab
            assert f"interface:{moved}" in new


@quick
@given(labs())
def test_warnings_and_predictions_never_fail(lab: Records) -> None:
    assert warnings(lab) == warnings(dict(reversed(lab.items())))
    spaces = [k.partition(":")[2] for k in lab if k.startswith("namespace:")]
    for source in spaces:
        for target in (*spaces, "10.0.0.77", "127.0.0.1"):
            try:
                probe = resolve(Ask(source=source, target=target), lab, {})
            except ProblemError:
                continue
            found = predict(probe, lab, {})
            assert words.verdict(found.verdict)
            about = [h.object for h in found.hops if h.kind in ("out", "in", "bridge", "send", "deliver")]
            assert all(key in lab for key in about)
            assert found.verdict.object in lab or found.verdict.object == f"interface:{source}/lo"  # lo has a record only where it is up
