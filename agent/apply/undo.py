"""Takes back what was done before a step was refused: the plan from what the kernel is now to what it would be without the steps, again
until they are equal. What a shell does meanwhile stays (`topology.plan.roll_back`).

The lab process does this itself, so that it also holds when the server dies in between.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from agent.apply.execute import execute, unexpected
from agent.filter.trial import Trial, attempt
from agent.filter.watch import FilterWatch
from agent.netlink.namespaces import Namespaces
from topology.model import ids
from topology.model.diff import between
from topology.model.problems import Code, Problem
from topology.model.records import INTERFACES, AnyRecord, Records, replace
from topology.observe import facts as f
from topology.observe.observed import Observed
from topology.plan import steps as s
from topology.plan.plan import plan
from topology.plan.roll_back import reached, target
from topology.plan.table_texts import printed, trials
from topology.rules.chains import TableKey

_PATIENCE_SECONDS = 5.0
"""How long a step that is refused is tried again before the others are done without it. The kernel frees the id of a deleted namespace
some time later, and a namespace that was made with another id would keep that."""
_LAST_SECONDS = 15.0
"""After this long what is not undone is given up."""
_PAUSE_SECONDS = 0.05
"""At most so long until the next try, where no event comes before."""


class Machine(Protocol):
    """The kernel as a roll-back needs it."""

    namespaces: Namespaces
    filters: FilterWatch

    def read_now(self) -> Iterable[f.AnyFact]:
        """All facts of the lab, read anew. May raise what the sockets raise."""

    def wait_for_event(self, seconds: float) -> None:
        """Until something happens in the lab, at most so long."""


class Undo:
    """Made before an `Apply` from all facts of the lab, which stay so; `back` after it failed."""

    def __init__(self, baseline: Mapping[str, str], facts: Iterable[f.AnyFact]) -> None:
        self._baseline = baseline
        self._facts = facts

    def back(self, machine: Machine, done: Sequence[s.AnyStep]) -> tuple[Problem, ...]:
        """Undo; the reasons of what could not be undone, none where all is as it was. `done`: the steps
        that may be done, or some of them."""
        return _Back(self._baseline, list(self._facts), machine, done).run()


class _Back:
    """One roll-back."""

    def __init__(self, baseline: Mapping[str, str], facts: list[f.AnyFact], machine: Machine, done: Sequence[s.AnyStep]) -> None:
        self._baseline, self._machine = baseline, machine
        self._state = Observed(baseline)
        self._state.fold(facts)
        self._before = self._state.like = _with_macs(self._state.records, facts)
        self._known = {fact.ns for fact in facts}
        self._moves, self._done = moves_back(done), done
        self._after: Records | None = None
        self._unsure: set[TableKey] = set()
        """Tables that may be changed in part."""
        self._began = time.monotonic()
        self._tried: dict[str, float] = {}
        """Steps (their `repr`) → when each was tried first, in monotonic seconds."""
        self._without: list[s.AnyStep] = []
        """Steps that are not tried for now, so that the others are done."""
        self._problems: dict[str, Problem] = {}
        """What was said last of each record that is not as it was."""

    def run(self) -> tuple[Problem, ...]:
        """Until all is as it was, or too long has passed."""
        while True:
            steps = self._steps()
            if steps == ():
                return ()
            if time.monotonic() - self._began > _LAST_SECONDS or (steps is not None and all(step in self._without for step in steps)):
                return self._left(steps or ())
            refused = steps is None or self._do([step for step in steps if step not in self._without])
            if refused:
                self._machine.wait_for_event(_PAUSE_SECONDS)

    def _steps(self) -> s.Plan | None:
        """What is to be done still; None where that could not be read."""
        try:
            facts = list(self._machine.read_now())
        except Exception as e:
            self._problems[""] = unexpected(e)
            return None
        self._problems.pop("", None)
        there = {fact.ns for fact in facts}
        self._state.fold([*(f.NamespaceGone(ns=ns) for ns in self._known - there), *(f.Resync(ns=ns) for ns in there), *facts])
        self._known = there
        records = self._state.records
        moves = {now: old for now, old in self._moves.items() if ids.interface(now) in records and ids.interface(old) not in records}
        return plan(target(self._before, self._reached(), records, self._done, self._unsure), records, moves, self._baseline)

    def _reached(self) -> Records:
        """What the steps make of the records, with their rules as iptables prints them. May raise what a trial raises."""
        if self._after is None:
            after, driver = reached(self._before, self._done), self._machine.filters.driver
            for one in trials(after, self._before, between(self._before, after).ids):
                tried = attempt(self._machine.namespaces, driver, one.family, Trial(one.text))
                after |= printed(one, tried.text) if tried.problem is None else {}
            self._after = after
            long = [step for step in self._done if isinstance(step, s.ChangeTable) and len(step.lines) > driver.at_once]
            self._unsure = {(step.namespace, step.family, step.table) for step in long}
        return self._after

    def _do(self, steps: Sequence[s.AnyStep]) -> bool:
        """Whether one of the steps was refused. A table of which no more can be had is restored line by line."""
        outcome = execute(self._machine.namespaces, steps, self._machine.filters)
        if outcome.problem is None or outcome.failed is None:
            return self._unchanged(steps)
        step = steps[outcome.failed]
        self._problems[step.subject] = outcome.problem
        if self._is_final(step, outcome.problem):
            self._without.append(step)
            if isinstance(step, s.ChangeTable):
                self._line_by_line(step)
        return True

    def _unchanged(self, steps: Sequence[s.AnyStep]) -> bool:
        """All steps were done. Those that are asked for a second time have no effect: then time may help."""
        again = any(repr(step) in self._tried for step in steps)
        for step in steps:
            self._tried.setdefault(repr(step), time.monotonic())
        return again

    def _is_final(self, step: s.AnyStep, problem: Problem) -> bool:
        """Whether it has been tried for long enough. A rule that iptables does not know now it will not know later."""
        first = self._tried.setdefault(repr(step), time.monotonic())
        is_rule = isinstance(step, s.ChangeTable) and problem.code is not Code.UNAVAILABLE
        return is_rule or time.monotonic() - first > _PATIENCE_SECONDS

    def _line_by_line(self, step: s.ChangeTable) -> None:
        for line in step.lines if len(step.lines) > 1 else ():
            execute(self._machine.namespaces, [replace_lines(step, line)], self._machine.filters)

    def _left(self, steps: Sequence[s.AnyStep]) -> tuple[Problem, ...]:
        """A problem for each record that is not as it was."""
        said = [self._problems[""]] if "" in self._problems else []
        for subject in dict.fromkeys(step.subject for step in steps):
            known = self._problems.get(subject, Problem(code=Code.REFUSED, message="not as it was before", subject=subject))
            said.append(msgspec.structs.replace(known, subject=subject))
        return tuple(said)


def replace_lines(step: s.ChangeTable, line: str) -> s.ChangeTable:
    """The step with this line alone."""
    return msgspec.structs.replace(step, lines=(line,))


def moves_back(done: Sequence[s.AnyStep]) -> dict[str, str]:
    """`ns/name` that interfaces have now → the ones that they had before these steps."""
    moves: dict[str, str] = {}
    for step in done:
        if isinstance(step, s.MoveInterface):
            first = moves.pop(old := ids.join(step.namespace, step.name), old)
            moves[ids.join(step.to_namespace, step.to_name)] = first
    return moves


def _with_macs(records: Mapping[str, AnyRecord], facts: Iterable[f.AnyFact]) -> Records:
    """The records with the MACs that the interfaces have, so that one which is made anew gets its own back."""
    macs = {ids.interface(ids.join(x.ns, x.name)): x.mac for x in facts if isinstance(x, f.LinkFact)}
    return {
        key: replace(r, mac=macs[key]) if isinstance(r, INTERFACES) and r.KIND.mac == "random" and key in macs else r
        for key, r in records.items()
    }
