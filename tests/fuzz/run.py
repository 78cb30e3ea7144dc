"""Runs cases, each in namespaces of its own, and gathers what is wrong."""

import traceback
from collections.abc import Iterator
from typing import NamedTuple

from tests.apart import run_apart
from tests.fuzz.case import Case
from tests.fuzz.judge import Finding, judge
from tests.fuzz.stage import built, predicted, trace
from tests.fuzz.witness import Witnesses
from topology.model.records import AnyRecord, Chain


class Outcome(NamedTuple):
    """What became of a case: how many probes were judged, and what was wrong. `refused`: traces that the product refused."""

    probes: int
    findings: tuple[Finding, ...]
    refused: int = 0


def run(case: Case) -> Outcome:
    """In a child, in fresh namespaces."""
    how, result = run_apart(lambda: _run(case))
    if how != "passed" or not isinstance(result, Outcome):
        return Outcome(0, (Finding("crash", 0, str(result)),))
    return result


def _run(case: Case) -> Outcome:
    findings: list[Finding] = []
    with built(case) as stage:
        witnesses = Witnesses(case.driver)
        chains: dict[str, AnyRecord] = {key: r for key, r in stage.records().items() if isinstance(r, Chain)}
        refused = 0
        for number, sent in enumerate(case.probes):
            stage.watch.barrier()
            stage.watch.on_events()
            records = {**stage.observed.records, **chains}
            if sent.source not in witnesses.spaces:
                continue
            try:
                one = predicted(stage, records, sent)
                beside = [predicted(stage, records, other) for other in case.probes[: case.together - 1] if case.together > 1]
                witnesses.start()
                trace(stage, [one, *beside], chains)
                truth = witnesses.stop(sent, one.probe.nonce)
            except Exception:
                findings.append(Finding("crash", number, traceback.format_exc()))
                continue
            assert one.ended is not None
            assert one.journey is not None
            if one.ended.problem is not None:
                refused += 1
                if not truth.refused:
                    findings.append(Finding("refused", number, f"{one.ended.problem.message} — but a socket may send it"))
                continue
            findings += judge(number, sent, one.journey, one.prediction, truth)
        return Outcome(len(case.probes), tuple(findings), refused)


def kinds(outcome: Outcome) -> Iterator[tuple[str, int]]:
    """Kind and probe of each finding."""
    return ((f.kind, f.probe) for f in outcome.findings)
