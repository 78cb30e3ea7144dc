"""What a lab process remembers of an edit that the server has not concluded yet: the server may die before it has committed it."""

from collections.abc import Iterable

from agent.apply.undo import moves_back
from protocol import private as p
from topology.observe.facts import AnyFact
from topology.plan.steps import AnyStep


class OpenEdits:
    """Of one lab; at most one edit is open."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Nothing of an edit is open."""
        self._number = 0
        self._before: Iterable[AnyFact] = ()
        self._changes: list[AnyFact] = []
        self._steps: list[AnyStep] = []
        self._is_applying = False

    def begin(self, number: int, before: Iterable[AnyFact]) -> bool:
        """An apply is part of this edit; whether it is the first one. `before`: all facts of the lab now, which stay so."""
        is_first = not number or number != self._number
        if is_first:
            self.forget()
            self._number, self._before = number, before
        self._is_applying = number > 0
        return is_first

    def changed(self, facts: Iterable[AnyFact]) -> None:
        """Something has changed; while an apply is under way, because of it."""
        if self._is_applying:
            self._changes += facts

    def end(self, steps: Iterable[AnyStep]) -> None:
        """The apply has ended, and all that it changed was reported. `steps`: what is done of it, or may be."""
        if self._is_applying:
            self._steps += steps
        self._is_applying = False

    def conclude(self, number: int) -> None:
        """The server has kept this edit, or has undone it."""
        if number == self._number:
            self.forget()

    def report(self) -> p.OpenEdit | None:
        """What the next server is told."""
        if not self._number:
            return None
        steps = tuple(self._steps)
        return p.OpenEdit(
            number=self._number, before=tuple(self._before), changes=tuple(self._changes), steps=steps, moves=moves_back(steps)
        )
