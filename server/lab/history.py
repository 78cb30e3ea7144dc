"""The edits of a lab in order, with undo and redo. One list per lab: everybody's, the terminal's too."""

from collections.abc import Iterable

import msgspec

from protocol.public import Change, Context
from topology.model.diff import Diff
from topology.model.records import AnyRecord


class History:
    """`fresh` collects what is not saved yet."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self.changes = list(changes)
        self.fresh: list[Change] = []

    def add(self, context: Context, diff: Diff[AnyRecord], shell: tuple[str, ...] = ()) -> Change:
        """A new edit; what was undone before it can no longer be done again."""
        number = self._last() + 1  # counted with those that go now: the file has them still
        self.changes = [c for c in self.changes if not c.undone]
        change = Change(number=number, context=context, diff=diff, shell=shell)
        self.changes.append(change)
        self.fresh.append(change)
        self._number = change.number
        return change

    _number = 0

    def _last(self) -> int:
        return max(self._number, max((c.number for c in self.changes), default=0))

    @property
    def to_undo(self) -> Change | None:
        """The newest that is not taken back."""
        return next((c for c in reversed(self.changes) if not c.undone), None)

    @property
    def to_redo(self) -> Change | None:
        """What was taken back last."""
        return next((c for c in self.changes if c.undone), None)

    def mark(self, change: Change, undone: bool) -> None:
        """It was taken back, or done again."""
        new = msgspec.structs.replace(change, undone=undone)
        self.changes[self.changes.index(change)] = new
        self.fresh.append(new)

    def take_fresh(self) -> list[Change]:
        """What has to be saved."""
        fresh, self.fresh = self.fresh, []
        return fresh
