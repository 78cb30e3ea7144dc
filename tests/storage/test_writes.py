"""Each kind of write to a database that is full or cannot be written: it is refused with the reason or is done, never half, and works when
there is room again."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from protocol.access import MakeToken
from server.access import TokenStore
from server.storage import NewEntry, Storage, read_backup
from tests.storage.edits import BY, Editor, names
from topology.model.diff import between
from topology.model.problems import Code, Problem, ProblemError


class Scene:
    """Two labs, tokens, and a backup that has a third lab."""

    def __init__(self, state: Path) -> None:
        self.state = state
        storage = Storage.open(state)
        Editor(storage.create("third")).add("kept")
        self.backup = io.BytesIO()
        storage.backup(self.backup)
        storage.lab("third").delete()
        storage.forget("third")
        for name in ("one", "two"):
            lab = Editor(storage.create(name))
            for record in "abc":
                lab.add(record)
            lab.undo()
        self.storage, self.tokens = storage, TokenStore(storage)
        self.lab = Editor(storage.lab("one"))
        self.tokens.make(MakeToken(id="1", lab="one", name="there"))

    def seen(self) -> object:
        """What another server finds."""
        storage = Storage.open(self.state)
        labs = {lab: storage.lab(lab).load() for lab in storage.labs()}
        history = {lab: storage.lab(lab).history_page() for lab in labs}
        found = (labs, history, [(t.lab, t.name) for t in storage.tokens()], storage.setting("colour"))
        storage.close()
        return found

    def replace(self) -> None:
        records = {**self.lab.records}
        del records["namespace:a"]
        self.storage.lab("one").replace(records, NewEntry(BY, between(self.lab.records, records)))
        self.lab.records = records

    def restore(self) -> None:
        self.backup.seek(0)
        self.storage.restore(read_backup(self.backup), False)

    def text(self) -> None:
        self.lab.store.write_document()

    def delete(self) -> None:
        self.storage.lab("two").delete()
        self.storage.forget("two")


class Write(NamedTuple):
    do: Callable[[Scene], object]
    is_seen: bool = True
    """Another server sees what it did."""


LONG = "x" * 9000
WRITES = {
    "edit": Write(lambda s: s.lab.add("d")), "long edit": Write(lambda s: [s.lab.add(f"n{n}") for n in range(40)]),
    "undo": Write(lambda s: s.lab.undo()), "redo": Write(lambda s: s.lab.redo()), "amend": Write(lambda s: s.lab.amend("b", 7)),
    "replace": Write(Scene.replace), "live": Write(lambda s: s.lab.store.set_live(True)), "text": Write(Scene.text, False),
    "create": Write(lambda s: s.storage.create("new")), "delete": Write(Scene.delete),
    "token": Write(lambda s: s.tokens.make(MakeToken(id="2", lab="one", name="mine"))),
    "revoke": Write(lambda s: s.tokens.revoke("one", "there")), "setting": Write(lambda s: s.storage.set_setting("colour", LONG)),
    "restore": Write(Scene.restore), "check": Write(lambda s: s.storage.check_writable(), False),
}  # fmt: skip
FAULTS = {"full": ("max_page_count = 1", "max_page_count = 4294967294"), "read only": ("query_only = 1", "query_only = 0")}


def pragma(scene: Scene, text: str) -> None:
    scene.storage._database.read(lambda c: c.exec_driver_sql(f"PRAGMA {text}").close())


def refused(write: Callable[[], object]) -> Problem | None:
    """Why; None: it was done."""
    try:
        write()
    except ProblemError as e:
        return e.problem
    return None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_cannot_be_kept(state: Path, write: str, fault: str) -> None:
    scene, (begin, end) = Scene(state), FAULTS[fault]
    before, what = scene.seen(), WRITES[write]
    pragma(scene, begin)  # not fewer pages than there are: so none can be added
    problem = refused(lambda: what.do(scene))
    pragma(scene, end)
    assert problem is None or (problem.code is Code.STORAGE and problem.hint)
    assert problem is not None or fault == "full"
    if problem is not None and (write != "long edit" or fault == "read only"):
        assert scene.seen() == before
        what.do(scene)
    if what.is_seen:
        assert scene.seen() != before
    scene.lab.add("after")
    assert names(Storage.open(state).lab("one").load().records) == names(scene.lab.records)
    scene.storage.close()
