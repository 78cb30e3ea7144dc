"""A backup that was made on one database is the same on the other."""

import io
import json
import tarfile
import threading
from pathlib import Path

import pytest

from server.storage import Storage, StoredToken, read_backup
from tests.storage.edits import Editor, names, numbers
from topology.document import document
from topology.model.problems import Code, ProblemError


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Another one, empty."""
    from_cluster = request.param == "postgresql"
    return Storage.open(tmp_path / "other", request.getfixturevalue("cluster").database() if from_cluster else None)


def _filled(storage: Storage) -> Editor:
    lab = Editor(storage.create("one"))
    for name in ("a", "b", "c"):
        lab.add(name)
    lab.undo()
    lab.store.set_live(True)
    storage.add_token(StoredToken(lab="one", name="class", role="view", made="2026-01-01T00:00:00Z", digest="00"))
    storage.create("two")
    return lab


def _backup(storage: Storage) -> io.BytesIO:
    file = io.BytesIO()
    storage.backup(file)
    file.seek(0)
    return file


def test_a_backup_restored_is_what_was(storage: Storage, other: Storage) -> None:
    lab = _filled(storage)
    archive = read_backup(_backup(storage))
    other.restore(archive, replace=False)
    assert other.labs() == ["one", "two"]
    stored = other.lab("one").load()
    assert stored.records == lab.records
    assert stored.live
    assert stored.heads == lab.store.heads
    assert numbers(other.lab("one")) == [(1, False), (2, False), (3, True)]
    assert other.tokens() == storage.tokens()
    assert other.token() != storage.token(), "the administrator's token is not in a backup"
    again = Editor(other.lab("one"))
    again.add("d")
    assert numbers(other.lab("one")) == [(1, False), (2, False), (4, False)]
    other.close()


def test_a_restore_that_is_refused_is_no_fault_of_the_database(storage: Storage) -> None:
    _filled(storage)
    commits: list[bool] = []
    storage.watch_commits(lambda _seconds, done: commits.append(done))
    with pytest.raises(ProblemError) as refused:
        storage.restore(read_backup(_backup(storage)), replace=False)
    assert refused.value.problem.code is Code.EXISTS
    assert False not in commits


def test_it_is_plain_json_for_people(storage: Storage) -> None:
    lab = _filled(storage)
    with tarfile.open(fileobj=_backup(storage)) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    assert json.loads(files["backup.json"])["vethboard-backup"] == 1
    assert document.load(files["labs/one/document.json"])["namespace:a"] == lab.records["namespace:a"]
    assert [json.loads(line)["number"] for line in files["labs/one/history.jsonl"].splitlines()] == [1, 2, 3]


def test_labs_that_are_there_stay_unless_they_shall_be_replaced(storage: Storage) -> None:
    lab = _filled(storage)
    archive = read_backup(_backup(storage))
    lab.add("later")
    storage.create("three")
    with pytest.raises(ProblemError) as e:
        storage.restore(archive, replace=False)
    assert e.value.problem.code == Code.EXISTS
    assert "later" in names(lab.records)
    storage.restore(archive, replace=True)
    assert storage.labs() == ["one", "three", "two"]
    assert names(storage.lab("one").load().records) == {"a", "b"}
    with pytest.raises(ProblemError) as e:
        lab.add("from what was in memory")
    assert e.value.problem.code == Code.CONFLICT


def test_a_backup_is_of_one_moment_while_edits_go_on(storage: Storage) -> None:
    lab = Editor(storage.create("one"))
    lab.add("n0")
    stop = threading.Event()

    def edit() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            lab.add(f"n{number}")

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        for _ in range(5):
            found = read_backup(_backup(storage)).labs["one"]
            assert len(names(document.load(found.document))) == found.entry.newest
            if found.entry.newest <= 1000:
                assert len(found.changes) == found.entry.newest
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("content", [b"", b"no tar", b"\x1f\x8b cut off"])
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(ProblemError, match="no backup") as e:
        read_backup(io.BytesIO(content))
    assert e.value.problem.code == Code.INVALID


def test_a_backup_that_is_cut_off_is_refused(storage: Storage) -> None:
    _filled(storage)
    whole = _backup(storage).getvalue()
    for length in (len(whole) // 3, len(whole) // 2, len(whole) - 10):
        with pytest.raises(ProblemError, match="no backup"):
            read_backup(io.BytesIO(whole[:length]))
