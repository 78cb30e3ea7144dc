"""Many cases, side by side: the figures, and the first case of each kind of fault."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.fuzz.case import Case
from tests.fuzz.judge import KINDS, Finding
from tests.fuzz.labs import make
from tests.fuzz.run import Outcome, kinds, run

GOALS = {"verdict": 0.0, "cause": 0.0, "unspecific": 0.01, "prediction-unstated": 0.0, "crash": 0.0, "refused": 0.0}
"""At most this share of all probes. A prediction that is wrong where it says what it takes for granted has none."""


class Fault(NamedTuple):
    """A finding, and the case that shows it again and again."""

    case: Case
    finding: Finding


class Figures:
    """What was found so far. `unsteady`: what was not there when the same case was run again."""

    def __init__(self) -> None:
        self.labs = self.probes = self.refused = self.unsteady = 0
        self.counts: Counter[str] = Counter()
        self.faults: list[Fault] = []

    def add(self, case: Case, outcome: Outcome, unsteady: int) -> None:
        self.labs += 1
        self.probes += outcome.probes
        self.refused += outcome.refused
        self.unsteady += unsteady
        for finding in outcome.findings:
            self.counts[finding.kind] += 1
            self.faults.append(Fault(case, finding))

    def met(self) -> bool:
        """Whether the goals are."""
        return all(self.counts[kind] <= share * self.probes for kind, share in GOALS.items())

    def table(self) -> Iterator[str]:
        yield f"{self.probes} probes in {self.labs} labs ({self.refused} refused with a reason; {self.unsteady} findings not seen again)"
        for kind in KINDS:
            share = self.counts[kind] / max(1, self.probes)
            goal = "" if kind not in GOALS else f"goal {GOALS[kind]:.0%}"
            yield f"  {kind:<20} {self.counts[kind]:5}  {share:7.2%}  {goal}"


def confirmed(job: tuple[int, str, int]) -> tuple[Case, Outcome, int]:
    """The case of a seed, run; what was wrong is kept where it is wrong a second time."""
    seed, driver, probes = job
    case = make(seed, driver, probes)
    outcome = run(case)
    if not outcome.findings:
        return case, outcome, 0
    again = set(kinds(run(case)))
    steady = tuple(f for f in outcome.findings if (f.kind, f.probe) in again)
    return case, outcome._replace(findings=steady), len(outcome.findings) - len(steady)


def measure(
    seed: int, *, rounds: int = 0, minutes: float = 0, driver: str = "", probes: int = 6, jobs: int = 3,
    tell: Callable[[Case, Finding], None] = lambda _case, _finding: None,
) -> Figures:  # fmt: skip
    """Until so many labs or minutes have passed, from this seed on: lab n has the seed `seed + n`."""
    figures, end = Figures(), time.monotonic() + minutes * 60 if minutes else float("inf")
    work = ((seed + n, driver, probes) for n in range(rounds or 10**9))
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=50) as pool:
        pending = [pool.apply_async(confirmed, (next(work),)) for _ in range(min(jobs * 2, rounds or jobs * 2))]
        while pending:
            case, outcome, unsteady = pending.pop(0).get()
            figures.add(case, outcome, unsteady)
            for finding in outcome.findings:
                tell(case, finding)
            if time.monotonic() < end and (job := next(work, None)) is not None:
                pending.append(pool.apply_async(confirmed, (job,)))
    return figures
