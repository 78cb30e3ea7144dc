"""Journeys stitched from what kernels were seen to do. The files are written by the kernel tests (`UPDATE=1 pytest
tests/kernel/test_journeys.py`)."""

from pathlib import Path

import msgspec
import pytest

from tests.kernel.stage import GOLDEN, Recorded
from topology.journey import words
from topology.journey.compare import compare
from topology.journey.hop import Cause
from topology.journey.predicted.predict import predict
from topology.journey.seen.stitch import stitch

CASES = sorted(GOLDEN.glob("*.json"))


def load(path: Path) -> Recorded:
    return msgspec.json.decode(path.read_bytes(), type=Recorded)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_as_recorded(path: Path) -> None:
    case = load(path)
    assert stitch(case.probe, case.sightings, case.observed, case.live) == case.journey


def test_in_whatever_order_the_namespaces_are_heard() -> None:
    for path in CASES:
        case = load(path)
        assert stitch(case.probe, sorted(case.sightings, key=lambda s: s.ns, reverse=True), case.observed, case.live) == case.journey


def test_unfinished_is_no_verdict() -> None:
    """Of any part of what was seen a journey can be told, and nothing is called lost before the end."""
    for path in CASES:
        case = load(path)
        for count in range(0, len(case.sightings), 7):
            partial = stitch(case.probe, case.sightings[:count], case.observed, case.live, ended=False)
            assert partial.verdict.cause in (Cause.RUNNING, Cause.DELIVERED)
            assert list(words.transcript(partial))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_predicted_as_observed(path: Path) -> None:
    """The evaluator, from the lab alone, comes to what the kernel did. Whether somebody listens it cannot know, and says so."""
    case = load(path)
    predicted = predict(case.probe, case.observed, case.live)
    one, other = predicted.verdict, case.journey.verdict
    if other.cause == Cause.NOBODY_LISTENS:
        assert one.cause == Cause.DELIVERED
        assert any("listens" in words for words in predicted.assumptions)
        return
    assert (one.cause, one.namespace, one.leg, one.rule) == (other.cause, other.namespace, other.leg, other.rule)
    # a frame to a known neighbour, or one that is flooded, goes further than is predicted
    if other.cause not in (Cause.PORT_BLOCKED, Cause.NEIGHBOUR_SILENT, Cause.REVERSE_PATH):
        assert compare(predicted, case.journey) == ()


def test_every_cause_has_a_case() -> None:
    there = {load(path).journey.verdict.cause for path in CASES}
    assert there >= set(Cause) - {Cause.RUNNING, Cause.UNKNOWN, Cause.REFUSED, Cause.VLAN_FILTERED, Cause.FOREIGN_RULES}
