"""Edits that mean rules by number, which a shell has changed since the last facts: they are planned again, by what is meant."""

import pytest

from server.lab.carrying import MAX_OVERTAKEN
from tests.unit.test_lab import Scene, scene
from topology.edit.commands import AddNamespace, AddRule, AnyCommand, MoveRule, NumberedRule, RemoveRules, SetRule
from topology.model.problems import Code
from topology.model.records import Chain
from topology.plan.steps import ChangeTable

__all__ = ["scene"]

A, B, C, NEW, THEIRS = (f"-s 10.0.0.{n}/32 -j ACCEPT" for n in range(1, 6))
EDITS: dict[str, tuple[AnyCommand, tuple[str, ...]]] = {
    "delete": (RemoveRules(namespace="a", chain="INPUT", rules=(NumberedRule(at=2, was=B),)), (A, C)),
    "change": (SetRule(namespace="a", chain="INPUT", at=2, was=B, rule=NEW), (A, NEW, C)),
    "insert": (AddRule(namespace="a", chain="INPUT", rule=NEW, at=2), (A, NEW, B, C)),
    "move": (MoveRule(namespace="a", chain="INPUT", at=3, was=C, to=1), (C, A, B)),
}


def table(*lines: str) -> ChangeTable:
    return ChangeTable(subject="chain:a/ipv4/filter/INPUT", namespace="a", family="ipv4", table="filter", lines=lines)


def rules(scene: Scene) -> tuple[str, ...]:
    found = scene.process.records["chain:a/ipv4/filter/INPUT"]
    assert isinstance(found, Chain)
    return found.rules


@pytest.fixture
def three(scene: Scene) -> Scene:
    assert scene.ann.edit(AddNamespace(name="a")) is None
    assert scene.ann.edit(*(AddRule(namespace="a", chain="INPUT", rule=rule) for rule in (A, B, C))) is None
    return scene


@pytest.mark.parametrize("what", EDITS)
def test_it_is_planned_again_for_what_it_means(three: Scene, what: str) -> None:
    command, alone = EDITS[what]
    three.process.shell = [table(f"-I INPUT 1 {THEIRS}"), table(f"-A INPUT {THEIRS}")]
    before = three.process.applies
    assert three.ann.edit(command) is None
    assert three.process.applies == before + 3
    assert [rule for rule in rules(three) if rule != THEIRS] == [*alone]
    assert rules(three).count(THEIRS) == 2
    three.agree()


def test_a_shell_that_is_always_faster_is_told_of(three: Scene) -> None:
    """Nothing of the edit is there then, and all of the shell's."""
    theirs = [f"-s 10.1.0.{n}/32 -j ACCEPT" for n in range(MAX_OVERTAKEN + 1)]
    three.process.shell = [table(f"-I INPUT 1 {rule}") for rule in theirs]
    problem = three.ann.edit(EDITS["change"][0])
    assert problem is not None
    assert problem.code == Code.CONFLICT
    assert rules(three) == (*reversed(theirs), A, B, C)
    three.agree()
    assert three.ann.edit(EDITS["delete"][0]) is not None, "rule 2 is another one now"


def test_a_place_goes_with_its_rule(three: Scene) -> None:
    """What a client knows as number 3 is in front of C, whatever number C has now; where C is not there, nothing is done."""
    assert three.ann.edit(AddRule(namespace="a", chain="INPUT", rule=NEW, at=1)) is None
    assert three.ann.edit(AddRule(namespace="a", chain="INPUT", rule=THEIRS, at=3, before=C)) is None
    assert rules(three) == (NEW, A, B, THEIRS, C)
    assert three.ann.edit(MoveRule(namespace="a", chain="INPUT", at=1, was=NEW, to=2, before=C)) is None
    assert rules(three) == (A, B, THEIRS, NEW, C)
    problem = three.ann.edit(AddRule(namespace="a", chain="INPUT", rule=NEW, at=2, before="-j gone"))
    assert problem is not None
    assert (problem.code, problem.message) == (
        Code.CONFLICT,
        "the place in INPUT has changed: the rule that was number 2 is not there, or several times",
    )
    assert rules(three) == (A, B, THEIRS, NEW, C)
