"""Rows that were edited by hand or are half-written: the server starts, other labs are as they were, and what cannot be read is said."""

import contextlib
import logging
import sqlite3
import tempfile
from pathlib import Path

import msgspec
import pytest

from server.hub import Hub
from server.storage import Storage, StoredToken, read_backup
from tests.storage.edits import Editor, names, numbers
from topology.model.problems import ProblemError

WRONG = ("many", "", "1e3", "12.5", b"\xff\xfe", -1, 1.5, (1 << 63) - 1)
"""Values that SQLite keeps in a column of numbers. `12.5` and `1e3` it makes numbers itself (https://sqlite.org/datatype3.html)."""


def made(state: Path) -> None:
    storage = Storage.open(state)
    for name in ("one", "two"):
        lab = Editor(storage.create(name))
        for record in "abc":
            lab.add(record)
    storage.add_token(StoredToken(lab="one", name="t", role="edit", made="2026-11-29T00:00:00Z", digest="0" * 64))
    storage.close()


def changed(state: Path, statement: str, value: object) -> None:
    """One row, as by the shell of SQLite."""
    with contextlib.closing(sqlite3.connect(state / "vethboard.db")) as connection, connection:
        connection.execute(statement, (value,))


@pytest.mark.parametrize("column", ["revision", "newest", "done_to", "undo_from", "committed_by", "live"])
@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_a_counter_that_is_no_number(state: Path, column: str, value: object) -> None:
    made(state)
    changed(state, f"UPDATE labs SET {column} = ? WHERE lab = 'one'", value)
    for _ in range(2):
        storage = Storage.open(state)
        hub = Hub(storage, state, state / "agent.sock")
        assert [info.lab for info in hub.labs()] == ["one", "two"]
        assert [number for number, _ in numbers(storage.lab("two"))] == [1, 2, 3]
        hub.end()
    storage = Storage.open(state)
    lab = Editor(storage.lab("one"))
    lab.records = storage.lab("one").load().records
    assert names(lab.records) == {"a", "b", "c"}
    lab.add("d")
    lab.undo()
    with tempfile.TemporaryFile() as file:
        storage.backup(file)  # type: ignore[arg-type]  # a _TemporaryFileWrapper is no BinaryIO to typeshed
        file.seek(0)
        assert read_backup(file).labs.keys() == {"one", "two"}  # type: ignore[arg-type]
    storage.close()
    again = Storage.open(state)
    assert names(again.lab("one").load().records) == {"a", "b", "c"}
    again.close()


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize("column", ["number", "size"])
def test_an_entry_of_the_history_without_a_number(state: Path, column: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.storage.entries.HISTORY_ENTRIES", 3)
    made(state)
    changed(state, f"UPDATE history SET {column} = ? WHERE lab = 'one' AND number = 2", value)
    storage = Storage.open(state)
    lab = Editor(storage.lab("one"))
    lab.records = storage.lab("one").load().records
    lab.add("d")
    lab.add("e")
    found = [number for number, _ in numbers(storage.lab("one"))]
    assert found[-1] == 5
    lab.undo()
    assert names(lab.records) == {"a", "b", "c", "d"}
    storage.close()


@pytest.mark.parametrize("name", ["../one", "", "A B", b"\xff", 7, "x" * 99])
def test_a_lab_whose_name_is_none(state: Path, name: object, caplog: pytest.LogCaptureFixture) -> None:
    made(state)
    changed(state, "UPDATE labs SET lab = ? WHERE lab = 'two'", name)
    storage = Storage.open(state)
    hub = Hub(storage, state, state / "agent.sock")
    assert [info.lab for info in hub.labs()] == ["one"] or name == 7  # SQLite makes a text of a number
    assert "is passed over" in caplog.text or name == 7
    hub.end()


@pytest.mark.parametrize(
    ("column", "value"), [("role", "king"), ("role", b"\xff"), ("made", b"\x01"), ("digest", b"\xff"), ("name", b"\xff"), ("lab", b"\x00")]
)
def test_a_token_that_is_none(state: Path, column: str, value: object) -> None:
    made(state)
    storage = Storage.open(state)
    storage.add_token(StoredToken(lab="two", name="other", role="view", made="2026-11-29T00:00:00Z", digest="1" * 64))
    storage.close()
    changed(state, f"UPDATE tokens SET {column} = ? WHERE name = 't'", value)
    storage = Storage.open(state)
    assert [token.name for token in storage.tokens()] == ["other"]
    hub = Hub(storage, state, state / "agent.sock")
    assert hub.tokens.access("nobody's") is None
    hub.end()


@pytest.mark.parametrize("value", [b"\xff", "", 7])
def test_the_administrators_token_is_made_anew_where_it_is_none(state: Path, value: object) -> None:
    made(state)
    Storage.open(state).token()
    changed(state, "UPDATE settings SET value = ? WHERE name = 'token'", value)
    storage = Storage.open(state)
    assert len(storage.token()) > 20 or value == 7
    storage.close()


def test_a_lab_that_cannot_be_read_for_another_reason_is_not_everybodys(
    state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made(state)
    storage = Storage.open(state)
    load = type(storage.lab("one")).load

    def broken(self: object) -> object:
        if getattr(self, "lab", "") == "one":
            raise ZeroDivisionError("of this lab alone")
        return load(self)  # type: ignore[arg-type]

    monkeypatch.setattr(type(storage.lab("one")), "load", broken)
    with caplog.at_level(logging.ERROR):
        hub = Hub(storage, state, state / "agent.sock")
    assert [info.lab for info in hub.labs()] == ["two"]
    assert "lab one cannot be read, and is passed over" in caplog.text
    with pytest.raises(ProblemError, match="File exists"):
        hub.new("one")
    hub.end()


@pytest.mark.parametrize("file", ["tokens.json", "token", "labs/old/state", "labs/old/history.jsonl"])
def test_a_half_written_file_of_the_time_before_the_database(state: Path, file: str) -> None:
    folder = state / "labs" / "old"
    folder.mkdir(parents=True)
    (folder / "document.json").write_text('{"vethboard": 1, "namespaces": {"host": {}, "a": {}}}')
    token = {"lab": "old", "name": "t", "role": "edit", "made": "2026-11-29T00:00:00Z", "digest": "0" * 64}
    (state / "tokens.json").write_bytes(msgspec.json.encode([token])[:40])
    (state / file).write_bytes(b'[{"lab": "old", \xff\xfe')
    storage = Storage.open(state)
    assert storage.labs() == ["old"]
    assert names(storage.lab("old").load().records) >= {"a"}
    assert storage.tokens() == []
    storage.close()
