"""What a lab process remembers of an edit that the server has not concluded yet: the server may die before it has committed it."""

from collections.abc import Callable, Iterable, Sequence

from agent.apply.undo import moves_back
from protocol import private as p
from topology.observe.facts import AnyFact
from topology.plan.steps import AnyStep, MoveInterface

Read = Callable[[], Sequence[AnyFact]]
"""All facts of the lab now. May raise what the sockets raise."""


class OpenEdits:
    """Of one lab; at most one edit is open."""

    def __init__(self) -> None:
        self.forget()

    def conclude(self, number: int) -> None:
        """The server has kept this edit, or has undone it."""
        if number == self._number:
            self.forget()

    def forget(self) -> None:
        """Nothing of an edit is open."""
        self._number = 0
        self._before: tuple[AnyFact, ...] = ()
        self._after: tuple[AnyFact, ...] | None = None
        self._moved: list[AnyStep] = []

    def begin(self, number: int, before: Iterable[AnyFact]) -> bool:
        """An apply is part of this edit; whether it is the first one. `before`: all facts of the lab now."""
        if number and number == self._number:
            return False
        self.forget()
        if number:
            self._number, self._before = number, tuple(before)
        return True

    def did(self, steps: Iterable[AnyStep]) -> None:
        """These steps are done, as part of it."""
        if self._number and self._after is None:
            self._moved += [step for step in steps if isinstance(step, MoveInterface)]

    def server_lost(self, read: Read) -> None:
        """What differs from now on is not its doing."""
        if self._number and self._after is None:
            self._after = tuple(read())

    def report(self, read: Read) -> p.OpenEdit | None:
        """What the next server is told."""
        if not self._number:
            return None
        after = self._after if self._after is not None else tuple(read())
        return p.OpenEdit(number=self._number, before=self._before, after=after, moves=moves_back(self._moved))
