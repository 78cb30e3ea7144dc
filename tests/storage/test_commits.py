"""What was committed is there after a restart: the document, the history, whether the lab runs, tokens and settings."""

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from server.storage import Move, NewEntry, Storage, StoredToken, bounds
from server.storage import labs as labs_module
from tests.storage.edits import BY, Editor, names, numbers
from topology.model.diff import Diff
from topology.model.problems import Code, ProblemError
from topology.model.records import Chain

Reopen = Callable[[], Storage]


@pytest.fixture
def reopen(state: Path, url: str | None) -> Reopen:
    """The server ends (without a word), and another starts."""
    opened: list[Storage] = []

    def again() -> Storage:
        opened.append(Storage.open(state, url))
        return opened[-1]

    return again


def test_a_new_lab_is_empty_and_its_name_is_taken(storage: Storage) -> None:
    stored = storage.create("one").load()
    assert (names(stored.records), stored.problem, stored.live, stored.heads) == (set(), None, False, (None, None))
    with pytest.raises(ProblemError) as e:
        storage.create("one")
    assert e.value.problem.code == Code.EXISTS
    with pytest.raises(ProblemError):
        storage.create("no/name")
    assert storage.labs() == ["one"]


def test_undo_and_redo_walk_the_list_and_a_new_edit_ends_what_was_undone(storage: Storage) -> None:
    lab = Editor(storage.create("one"))
    for name in ("a", "b", "c"):
        lab.add(name)
    lab.undo()
    lab.undo()
    assert numbers(lab.store) == [(1, False), (2, True), (3, True)]
    assert lab.store.heads.undo is not None
    assert lab.store.heads.undo.number == 1
    lab.redo()
    assert lab.store.heads.redo is not None
    assert (lab.store.heads.redo.number, lab.store.heads.redo.undone) == (3, True)
    lab.add("d")
    assert numbers(lab.store) == [(1, False), (2, False), (4, False)], "a number is never given twice"
    assert lab.store.heads.redo is None


def test_after_a_restart_all_is_as_it_was(storage: Storage, reopen: Reopen) -> None:
    lab = Editor(storage.create("one"))
    for name in ("a", "b", "c"):
        lab.add(name)
    lab.undo()
    lab.store.set_live(True)
    again = reopen().lab("one")
    stored = again.load()
    assert stored.records == lab.records
    assert stored.live
    assert stored.heads == lab.store.heads
    assert numbers(again) == [(1, False), (2, False), (3, True)]
    more = Editor(again)
    more.undo()
    more.undo()
    assert names(more.records) == set()
    more.add("d")
    assert numbers(again) == [(4, False)]


def test_a_move_that_is_not_about_the_head_is_refused_and_changes_nothing(storage: Storage) -> None:
    lab = Editor(storage.create("one"))
    lab.add("a")
    lab.add("b")
    with pytest.raises(ProblemError) as e:
        lab.store.commit(lab.records, Diff(), Move(1, True))
    assert e.value.problem.code == Code.CONFLICT
    assert numbers(lab.store) == [(1, False), (2, False)]
    lab.add("c")
    assert numbers(lab.store) == [(1, False), (2, False), (3, False)]


def test_many_changes_become_one_entry(storage: Storage, reopen: Reopen) -> None:
    lab = Editor(storage.create("one"))
    lab.add("a")
    lab.add("b")
    for nsid in range(20):
        lab.amend("b", nsid)
    stored = reopen().lab("one")
    assert stored.load().records == lab.records
    assert numbers(stored) == [(1, False), (2, False)]
    again = Editor(stored)
    again.undo()
    assert names(again.records) == {"a"}


def test_a_document_without_an_entry_is_kept_too(storage: Storage, reopen: Reopen) -> None:
    lab = Editor(storage.create("one"))
    after, diff = lab._diff("a")
    lab.store.commit(after, diff)
    assert names(reopen().lab("one").load().records) == {"a"}
    assert numbers(lab.store) == []


def test_the_text_of_the_document_is_written_when_it_is_asked_for_or_much_stands_beside_it(
    storage: Storage, reopen: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labs_module, "PENDING_CHANGES", 4)
    lab = Editor(storage.create("one"))
    for number in range(4):
        lab.add(f"n{number}")
        assert lab.store.behind == number + 1
    lab.add("n4")
    assert lab.store.behind == 0
    lab.add("n5")
    lab.store.write_document()
    assert lab.store.behind == 0
    assert reopen().lab("one").load().records == lab.records


def test_the_history_is_bounded_by_count_and_bytes(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.storage import entries

    monkeypatch.setattr(entries, "HISTORY_ENTRIES", 5)
    lab = Editor(storage.create("one"))
    for number in range(8):
        lab.add(f"n{number}")
    assert [n for n, _ in numbers(lab.store)] == [4, 5, 6, 7, 8]
    monkeypatch.setattr(entries, "HISTORY_BYTES", 600)
    lab.add("n8")
    assert 1 <= len(numbers(lab.store)) <= 3
    monkeypatch.setattr(entries, "HISTORY_BYTES", 1)
    lab.add("n9")
    assert [n for n, _ in numbers(lab.store)] == [10], "the newest is kept, whatever it weighs"


def test_pages_are_newest_first_and_bounded(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.storage import entries

    lab = Editor(storage.create("one"))
    for number in range(7):
        lab.add(f"n{number}")
    first = lab.store.history_page(limit=3)
    assert ([c.number for c in first.changes], first.more) == ([7, 6, 5], True)
    rest = lab.store.history_page(before=5, limit=4)
    assert ([c.number for c in rest.changes], rest.more) == ([4, 3, 2, 1], False)
    assert lab.store.history_page(before=1) == ((), False)
    monkeypatch.setattr(entries, "PAGE_BYTES", 1)
    page = lab.store.history_page()
    assert ([c.number for c in page.changes], page.more) == ([7], True)
    assert bounds.PAGE_ENTRIES >= 100


def test_a_lab_that_is_deleted_leaves_nothing(storage: Storage) -> None:
    lab = Editor(storage.create("one"))
    lab.add("a")
    lab.store.delete()
    assert storage.labs() == []
    assert numbers(Editor(storage.create("one")).store) == []


def test_a_second_server_does_not_overwrite_what_the_first_one_wrote(storage: Storage, reopen: Reopen) -> None:
    lab = Editor(storage.create("one"))
    other = Editor(reopen().lab("one"))
    lab.add("a")
    with pytest.raises(ProblemError) as e:
        other.add("b")
    assert e.value.problem.code == Code.CONFLICT
    lab.add("c")
    assert names(reopen().lab("one").load().records) == {"a", "c"}


def test_tokens_and_settings(storage: Storage, reopen: Reopen) -> None:
    token = StoredToken(lab="one", name="class", role="view", made="2026-01-01T00:00:00Z", digest="00", terminals=True)
    other = StoredToken(lab="one", name="tutor", role="edit", made="2026-01-02T00:00:00Z", digest="01")
    storage.add_token(token)
    storage.add_token(other)
    storage.set_setting("a", "1")
    storage.set_setting("a", "2")
    again = reopen()
    assert again.tokens() == [token, other]
    assert again.setting("a") == "2"
    assert again.setting("b") is None
    assert again.token() == storage.token()
    again.delete_tokens("one", "class")
    assert storage.tokens() == [other]
    again.delete_tokens("one", None)
    assert storage.tokens() == []


def test_a_document_that_does_not_load_is_kept_until_it_is_replaced(storage: Storage, reopen: Reopen) -> None:
    lab = Editor(storage.create("one"))
    lab.add("a")
    lab.store.set_live(True)
    broken = '{"vethboard": 1, "namespaces": 7}'
    from sqlalchemy import select, update

    from server.storage.tables import kept_documents, labs

    storage._database.write(lambda c: c.execute(update(labs).values(document=broken)))

    def text() -> str:
        return str(storage._database.read(lambda c: c.execute(select(labs.c.document)).scalar_one()))

    store = reopen().lab("one")
    stored = store.load()
    assert stored.problem is not None
    assert stored.problem.subject == "$.namespaces"
    assert stored.live
    editor = Editor(store)
    with pytest.raises(ProblemError) as e:
        editor.add("b")
    assert e.value.problem == store.problem
    store.write_document()
    store.set_live(False)
    assert text() == broken
    after, diff = editor._diff("c")
    store.replace(after, NewEntry(BY, diff))
    assert store.problem is None
    assert store.heads.undo is None, "there is nothing to go back to"
    again = reopen().lab("one")
    assert names(again.load().records) == {"c"}
    kept = storage._database.read(lambda c: c.execute(select(kept_documents)).mappings().one())
    assert kept["document"] == broken.encode()
    Editor(again).add("d")


def test_sqlite_files_are_their_owners_alone(tmp_path: Path) -> None:
    storage = Storage.open(tmp_path / "state")
    Editor(storage.create("one")).add("a")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    files = sorted((tmp_path / "state").glob("vethboard.db*"))
    assert [f.name for f in files] == ["vethboard.db", "vethboard.db-shm", "vethboard.db-wal"]
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    with sqlite3.connect(files[0]) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert storage._database.read(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar()) == 2
    storage.close()


def test_migrations_and_tables_are_the_same(storage: Storage) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from server.storage.tables import metadata

    found = storage._database.read(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    assert found == []


def test_an_edit_of_one_rule_among_many_is_stored_as_that_rule(storage: Storage, reopen: Reopen) -> None:
    """And is undone, after a restart too; an entry of a version that stored whole chains as well."""
    lab = Editor(storage.create("one"))
    rules = tuple(f"-s 10.0.{n // 256}.{n % 256}/32 -j DROP" for n in range(1000))
    for wanted in (rules, (*rules[:5], "-j ACCEPT", *rules[5:]), (*rules[:5], "-j ACCEPT", *rules[6:])):
        lab.put(Chain(namespace="host", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=wanted))
    sizes = [len(msgspec.json.encode(change)) for change in reversed(lab.store.history_page().changes)]
    assert sizes[0] > 20_000
    assert max(sizes[1:]) < 1000
    again = reopen().lab("one")
    assert again.load().records == lab.records
    more = Editor(again)
    more.undo()
    more.undo()
    assert more.chain().rules == rules
    more.redo()
    assert more.chain().rules == (*rules[:5], "-j ACCEPT", *rules[5:])
    assert reopen().lab("one").load().records == more.records
