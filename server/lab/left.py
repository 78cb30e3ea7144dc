"""What a failed apply has left in the kernel because it could not be undone, and what a start could not make: drift, and nobody's
edit. It is said for as long as it is there. The lab's process notes it too, so that a server that is started again knows of it."""

from collections.abc import Mapping

from server.lab.connection import Connection
from server.lab.publisher import Publisher
from server.lab.view import View
from topology.model import ids
from topology.model.problems import Code, Problem
from topology.model.records import AnyRecord

_NAMED = 5
"""So many records are named."""


class Left:
    """Of one lab. `records`: by id; None: a record that was taken away."""

    def __init__(self, connection: Connection, view: View, publisher: Publisher) -> None:
        self._connection, self._view, self._publisher = connection, view, publisher
        self.records: Mapping[str, AnyRecord | None] = {}

    def explains(self, key: str, observed: Mapping[str, AnyRecord]) -> bool:
        """Whether a record still is what was left; if somebody has changed it since, it is theirs."""
        return key in self.records and self.records[key] == observed.get(key)

    def note(self, records: Mapping[str, AnyRecord | None], told: bool = False) -> None:
        """An apply, or a part of a start, has just failed, and this is left besides what there was. `told`: that was said already."""
        if records:
            self._keep({**self.records, **records})
            if self.problem is not None and not told:
                self._publisher.notice("warning", self.problem)

    def recall(self, noted: Mapping[str, AnyRecord | None]) -> None:
        """After a connection to a process that was used before. `noted`: what it knows, from this server or one before it."""
        self._keep({**noted, **self.records})

    def settle(self) -> None:
        """After the document or the kernel has changed: forget what is no longer so, or no longer differs."""
        if self.records:
            observed, differing = self._view.kernel, set(self._view.differing())
            self._keep({key: r for key, r in self.records.items() if key in differing and self.explains(key, observed)})

    def forget(self) -> None:
        """The process has ended, and all that was in its kernel."""
        self.records = {}

    def _keep(self, records: Mapping[str, AnyRecord | None]) -> None:
        if records != self.records:
            self.records = records
            self._connection.note_left(records)
            self._view.stale_warnings = True

    @property
    def problem(self) -> Problem | None:
        """What is left, for people; None: nothing."""
        if not self.records:
            return None
        first, *more = (ids.subject_of(key) for key in list(self.records)[:_NAMED])
        message = f"not as in the document, because a change or a start failed there: {', '.join((first, *more))}"
        hint = "revert the drift to have it as in the document, or keep it"
        return Problem(code=Code.CONFLICT, message=message, subject=next(iter(self.records)), hint=hint)
