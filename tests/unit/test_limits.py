"""The file of limits, and edits that go over one."""

import json

import pytest

from topology.document.document import load
from topology.model.limits import Limits, check, human, of, parse, reached
from topology.model.problems import Code, ProblemError


def test_an_empty_file_is_the_defaults() -> None:
    assert of("any", parse("{}")) == Limits()


def test_the_last_pattern_that_fits_wins_over_the_common_limits() -> None:
    text = {"memory": "512M", "labs": {"exam-*": {"processes": 64}, "exam-7": {"memory": "1G"}}}
    patterns = parse(json.dumps(text))
    assert of("lesson", patterns).memory == 512 << 20
    assert (of("exam-1", patterns).memory, of("exam-1", patterns).processes) == (512 << 20, 64)
    assert (of("exam-7", patterns).memory, of("exam-7", patterns).processes) == (1 << 30, Limits().processes)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", "$"),
        ("[]", "$"),
        ('{"memory": "12X"}', "$.memory"),
        ('{"memory": true}', "$.memory"),
        ('{"memory": 1024}', "$.memory"),
        ('{"procesess": 3}', "$"),
        ('{"labs": []}', "$.labs"),
        ('{"labs": {"a": 3}}', "$.labs"),
        ('{"labs": {"a": {"disk": "1"}}}', "$.labs.a.disk"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(text: str, where: str) -> None:
    with pytest.raises(ProblemError) as refused:
        parse(text)
    assert refused.value.problem.subject == where


def star(count: int) -> dict[str, object]:
    return {"vethboard": 1, "name": "star", "namespaces": {"host": {}, **{f"h{k}": {"interfaces": {"lo": {}}} for k in range(count)}}}


def test_an_edit_over_a_limit_is_refused_by_name() -> None:
    limits = Limits(namespaces=6, interfaces=10)
    check({}, load(star(4)), limits)
    with pytest.raises(ProblemError) as refused:
        check({}, load(star(5)), limits)
    assert refused.value.problem.code is Code.LIMIT
    assert refused.value.problem.message == "namespaces: 5 of 4"
    with pytest.raises(ProblemError, match="interfaces: 5 of 4"):
        check({}, load(star(5)), Limits(namespaces=50, interfaces=4))


def test_what_is_over_may_be_made_smaller() -> None:
    check(load(star(9)), load(star(8)), Limits(namespaces=6))


def test_words() -> None:
    assert reached("memory", 512 << 20, 1 << 30).message == "memory: 512 MiB of 1 GiB"
    assert human(1000) == "1000 bytes"
