"""The edits of a lab in order, with undo and redo. There is one list per lab, which also has the changes made in a terminal."""

from collections.abc import Iterable

import msgspec

from protocol.public import Change, Context
from topology.model.diff import Diff
from topology.model.records import AnyRecord


class History:
    """`changes`: oldest first; those that are undone stand at the end. `unsaved`: new and changed ones that are not in the file yet."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self.changes = list(changes)
        self.unsaved: list[Change] = []
        self._last = max((c.number for c in self.changes), default=0)

    def add(self, context: Context, diff: Diff[AnyRecord], shell: tuple[str, ...] = ()) -> Change:
        """Add a new edit; the undone ones are dropped. Numbers are never used twice, because the file still has the dropped ones."""
        self._last += 1
        change = Change(number=self._last, context=context, diff=diff, shell=shell)
        self.changes = [*(c for c in self.changes if not c.undone), change]
        self.unsaved.append(change)
        return change

    @property
    def to_undo(self) -> Change | None:
        """The edit that undo takes back: the newest that is not undone."""
        return next((c for c in reversed(self.changes) if not c.undone), None)

    @property
    def to_redo(self) -> Change | None:
        """The edit that redo applies again: the one that was undone last."""
        return next((c for c in self.changes if c.undone), None)

    def mark(self, change: Change, undone: bool) -> None:
        """An edit was undone, or redone."""
        new = msgspec.structs.replace(change, undone=undone)
        self.changes[self.changes.index(change)] = new
        self.unsaved.append(new)

    def take_unsaved(self) -> list[Change]:
        """The changes to write to the file, which then count as saved."""
        unsaved, self.unsaved = self.unsaved, []
        return unsaved
