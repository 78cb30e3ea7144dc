"""Edits of a lab as the server makes them, without the server."""

from protocol.public import Change, Context
from server.storage import Amend, LabStore, Move, NewEntry
from topology.model.diff import Diff, apply, between, reverse
from topology.model.records import AnyRecord, Chain, Namespace, Records

BY = Context(author="ann", label="add namespace", at="2026-11-28T10:00:00Z")


class Editor:
    """The lab's document in memory, and each edit committed."""

    def __init__(self, store: LabStore) -> None:
        self.store = store
        self.records: Records = store.load().records

    def _diff(self, name: str, nsid: int | None = None) -> tuple[Records, Diff[AnyRecord]]:
        after = {**self.records, f"namespace:{name}": Namespace(name=name, nsid=nsid)}
        return after, between(self.records, after)

    def add(self, name: str, nsid: int | None = None) -> None:
        after, diff = self._diff(name, nsid)
        self.store.commit(after, diff, NewEntry(BY, diff, (f"ip netns add {name}",)))
        self.records = after

    def put(self, record: AnyRecord) -> None:
        after = {**self.records, record.id: record}
        diff = between(self.records, after)
        self.store.commit(after, diff, NewEntry(BY, diff))
        self.records = after

    def chain(self) -> Chain:
        """The only one."""
        (found,) = (r for r in self.records.values() if isinstance(r, Chain))
        return found

    def amend(self, name: str, nsid: int) -> None:
        """The newest entry becomes that of all since the one before it."""
        head = self.store.heads.undo
        assert head is not None
        after, diff = self._diff(name, nsid)
        whole = between(apply(self.records, reverse(head.diff)), after)
        self.store.commit(after, diff, Amend(BY, whole))
        self.records = after

    def undo(self) -> None:
        head = self.store.heads.undo
        assert head is not None
        self._move(head, True)

    def redo(self) -> None:
        head = self.store.heads.redo
        assert head is not None
        self._move(head, False)

    def _move(self, change: Change, undone: bool) -> None:
        diff = reverse(change.diff) if undone else change.diff
        after = apply(self.records, diff)
        self.store.commit(after, diff, Move(change.number, undone))
        self.records = after


def numbers(store: LabStore) -> list[tuple[int, bool]]:
    """Of the whole history, the oldest first: number, undone."""
    return [(c.number, c.undone) for c in reversed(store.history_page().changes)]


def names(records: Records) -> set[str]:
    """The namespaces of a document but `host`."""
    return {r.name for r in records.values() if isinstance(r, Namespace)} - {"host"}
