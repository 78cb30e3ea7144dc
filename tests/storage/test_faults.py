"""Whatever fails: nothing that was acknowledged is lost, what cannot be kept is refused in words, and afterwards all goes on."""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from server.storage import NewEntry, Storage, read_backup
from server.storage import database as database_module
from tests.storage import children
from tests.storage.edits import BY, Editor, names, numbers
from tests.storage.postgresql import Cluster
from topology.model.diff import apply, between
from topology.model.problems import Code, ProblemError

ROOT = Path(__file__).resolve().parents[2]


# ---- killed ----------------------------------------------------------------------------------------------------------


def test_thirty_times_killed_and_nothing_acknowledged_is_lost(state: Path, url: str | None) -> None:
    storage = Storage.open(state, url)
    storage.create("one")
    storage.close()
    acknowledged: set[str] = set()
    for round in range(30):

        def edit(say: Callable[[str], None], round: int = round) -> None:
            lab = Editor(Storage.open(state, url).lab("one"))
            for number in range(100_000):
                lab.add(f"r{round}-{number}")
                say(f"r{round}-{number}")
                if number % 7 == 6:
                    lab.undo()
                    say(f"-r{round}-{number}")
                if number % 11 == 10:
                    lab.store.write_document()

        pid, read = children.fork(edit)
        while not os.read(read, 4096):
            pass
        children.kill_after(pid, random.random() * 0.1)
        # what was read above is acknowledged too: it is the first of this round
        acknowledged.add(f"r{round}-0")
        for line in children.lines(read):
            if line.startswith("-"):
                acknowledged.discard(line[1:])
            elif line:
                acknowledged.add(line)
        _check(state, url, acknowledged, round)


def _check(state: Path, url: str | None, acknowledged: set[str], round: int) -> None:
    storage = Storage.open(state, url)
    store = storage.lab("one")
    found = names(store.load().records)
    missing = acknowledged - found
    # the last one may be on its way back: an undo that is stored and was not acknowledged any more
    assert len(missing) <= 1, (round, missing)
    assert not missing or store.heads.redo is not None
    changes = store.history_page().changes
    assert [c.number for c in changes] == sorted((c.number for c in changes), reverse=True)
    again: dict[str, object] = {}
    if not store.history_page().more:
        for change in reversed(changes):
            again = apply(again, change.diff) if not change.undone else again  # type: ignore[arg-type]
        assert {key.partition(":")[2] for key in again} <= found
    acknowledged &= found
    storage.close()


# ---- the disk --------------------------------------------------------------------------------------------------------


def _in_mounts(options: str, job: str, where: Path) -> list[str]:
    """A piece of `children.py` in a mount namespace of its own, where `where` is a tmpfs."""
    mount = f'mount -t tmpfs -o "{options}" tmpfs "$2" && exec "$0" -m tests.storage.children "$1" "$2/state"'
    argv = ["unshare", "-m", "sh", "-c", mount, sys.executable, job, str(where)]
    done = subprocess.run(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    *rounds, kept = _in_mounts("size=3m", "full_disk", tmp_path)
    assert len(rounds) == 3
    assert all("No space left on device" in line for line in rounds), rounds
    assert kept.startswith("kept ")


def test_a_state_directory_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    assert "Read-only file system" in _in_mounts("ro", "read_only", tmp_path)[0]
    (tmp_path / "mine").mkdir(mode=0o700)

    def start(say: Callable[[str], None]) -> None:
        os.chdir("/")
        os.setuid(65534)
        say(children.refused(lambda: Storage.open(tmp_path / "mine")).message)

    assert "Permission denied" in children.result(start)[0]


def test_a_database_that_cannot_be_written_is_said_at_the_start() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        state = Path(folder, "state")
        Storage.open(state).close()
        state.chmod(0o755)
        for file in state.iterdir():
            file.chmod(0o444)

        def start(say: Callable[[str], None]) -> None:
            os.chdir("/")
            os.setuid(65534)
            say(children.refused(lambda: Storage.open(state)).message)

        said = children.result(start)[0]
        assert "vethboard.db: " in said
        assert "readonly database" in said or "Permission denied" in said


# ---- no file descriptors ---------------------------------------------------------------------------------------------


def test_without_file_descriptors_the_open_database_still_takes_edits(state: Path, url: str | None) -> None:
    def edit(say: Callable[[str], None]) -> None:
        storage = Storage.open(state, url)
        lab = Editor(storage.create("one"))
        lab.add("a")
        opened = children.use_up_descriptors()
        lab.add("b")
        say(children.refused(lambda: Storage.open(state.with_name("other"), None)).message)
        for fd in opened:
            os.close(fd)
        lab.add("c")
        storage.close()

    assert "Too many open files" in children.result(edit)[0]
    assert names(Storage.open(state, url).lab("one").load().records) == {"a", "b", "c"}


# ---- the file --------------------------------------------------------------------------------------------------------


def test_a_database_that_was_deleted_is_not_silently_begun_anew(state: Path) -> None:
    storage = Storage.open(state)
    Editor(storage.create("one")).add("a")
    storage.close()
    (state / "vethboard.db").rename(state / "elsewhere")
    with pytest.raises(ProblemError, match="is gone") as e:
        Storage.open(state)
    assert e.value.problem.code == Code.STORAGE
    assert not (state / "vethboard.db").exists()
    (state / "elsewhere").rename(state / "vethboard.db")
    assert Storage.open(state).labs() == ["one"]


def test_a_database_that_is_deleted_while_the_server_runs_takes_no_edit(state: Path) -> None:
    storage = Storage.open(state)
    lab = Editor(storage.create("one"))
    lab.add("a")
    (state / "vethboard.db").rename(state / "elsewhere")
    with pytest.raises(ProblemError, match="moved or deleted"):
        lab.add("b")
    (state / "elsewhere").rename(state / "vethboard.db")
    lab.add("c")
    assert names(lab.records) == {"a", "c"}


@pytest.mark.parametrize("damage", ["header", "page", "cut"])
def test_a_damaged_database_is_refused_and_left_as_it_is(state: Path, damage: str) -> None:
    storage = Storage.open(state)
    lab = Editor(storage.create("one"))
    for number in range(200):
        lab.add(f"n{number}")
    storage.close()
    file = state / "vethboard.db"
    content = bytearray(file.read_bytes())
    if damage == "header":
        content[:16] = b"this is no SQLit"
    elif damage == "page":
        content[8192:12288] = os.urandom(4096)
    else:
        del content[len(content) // 2 :]
    file.write_bytes(content)
    with pytest.raises(ProblemError) as e:
        Storage.open(state)
    assert e.value.problem.code == Code.STORAGE
    assert str(file) in e.value.problem.message
    assert "restore" in str(e.value.problem.hint)
    assert file.read_bytes() == content


BYTES = b'{"vethboard": 1, \xff\xfe'


@pytest.mark.parametrize("stored", ["?", "CAST(? AS TEXT)"])
def test_a_document_that_is_no_text_is_the_trouble_of_its_lab_alone(state: Path, stored: str) -> None:
    storage = Storage.open(state)
    for name in ("one", "two"):
        Editor(storage.create(name)).add("a")
    storage._database.write(lambda c: c.exec_driver_sql(f"UPDATE labs SET document = {stored} WHERE lab = 'one'", (BYTES,)))
    storage._database.write(lambda c: c.exec_driver_sql("DELETE FROM pending_changes"))
    storage.close()
    storage = Storage.open(state)
    assert storage.lab("one").load().problem is not None
    assert storage.lab("two").load().problem is None
    with tempfile.TemporaryFile() as file:
        storage.backup(file)  # type: ignore[arg-type]  # a _TemporaryFileWrapper is no BinaryIO to typeshed
        file.seek(0)
        assert read_backup(file).labs.keys() == {"one", "two"}  # type: ignore[arg-type]
    records = storage.lab("two").load().records
    storage.lab("one").replace(records, NewEntry(BY, between({}, records)))
    assert storage.lab("one").load().problem is None
    kept = storage._database.read(lambda c: c.exec_driver_sql("SELECT document FROM kept_documents").scalars().all())
    assert kept == [BYTES]
    storage.close()


def test_a_page_of_the_history_before_any_number(storage: Storage) -> None:
    lab = Editor(storage.create("one"))
    lab.add("a")
    assert [len(lab.store.history_page(before).changes) for before in (None, 1 << 70, 2, 1, -(1 << 70))] == [1, 1, 1, 0, 0]


def test_a_database_of_a_newer_version_is_refused(state: Path, url: str | None) -> None:
    storage = Storage.open(state, url)
    storage._database.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    storage.close()
    with pytest.raises(ProblemError, match="newer Vethboard") as e:
        Storage.open(state, url)
    assert e.value.problem.code == Code.VERSION


# ---- commits whose answer is lost ------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["add", "undo", "redo", "amend", "live", "text"])
def test_a_commit_that_came_through_and_was_refused_all_the_same_is_undone_by_the_next(
    state: Path, url: str | None, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """The connection is lost when COMMIT was sent: the database has it, the person was told that it failed."""
    storage = Storage.open(state, url)
    lab = Editor(storage.create("one"))
    lab.add("a")
    lab.add("b")
    lab.add("c")
    lab.undo()
    once = database_module.Database._once

    def lost(*args: object) -> object:
        once(*args)  # type: ignore[arg-type]
        raise OperationalError("COMMIT", {}, Exception("the connection was lost"))

    with monkeypatch.context() as m:
        m.setattr(database_module.Database, "_once", lost)
        for refused in (lambda: lab.add("lost"), lambda: lab.amend("lost", 4), lab.undo):
            with pytest.raises(ProblemError):
                refused()
    assert names(lab.records) == {"a", "b"}
    expected = {
        "add": (lambda: lab.add("d"), [(1, False), (2, False), (4, False)]),
        "undo": (lab.undo, [(1, False), (2, True)]),
        "redo": (lab.redo, [(1, False), (2, False), (3, False)]),
        "amend": (lambda: lab.amend("b", 7), [(1, False), (2, False)]),
        "live": (lambda: lab.store.set_live(True), [(1, False), (2, False)]),
        "text": (lambda: lab.store.commit(lab.records, type(lab.store.heads.undo.diff)()), [(1, False), (2, False)]),  # type: ignore[union-attr]
    }
    job, history = expected[then]
    job()
    again = Storage.open(state, url).lab("one")
    assert again.load().records == lab.records
    assert [n for n in numbers(again) if n[0] != 3 or then == "redo"] == history
    storage.close()


# ---- PostgreSQL ------------------------------------------------------------------------------------------------------


def test_postgresql_restarted_under_it(state: Path, cluster: Cluster, postgresql: str) -> None:
    storage = Storage.open(state, postgresql)
    lab = Editor(storage.create("one"))
    done, acknowledged, codes = threading.Event(), [], set()

    def edit() -> None:
        number = 0
        while not done.is_set():
            number += 1
            try:
                lab.add(f"n{number}")
                acknowledged.append(f"n{number}")
            except ProblemError as e:
                codes.add(e.problem.code)

    thread = threading.Thread(target=edit)
    thread.start()
    for _ in range(2):
        time.sleep(0.3)
        cluster.shut_down()
        cluster.start()
    before = len(acknowledged)
    end = time.monotonic() + 20
    while len(acknowledged) < before + 20 and time.monotonic() < end:
        time.sleep(0.05)
    done.set()
    thread.join()
    assert codes <= {Code.STORAGE}
    assert len(acknowledged) >= before + 20, "it did not go on"
    assert names(Storage.open(state, postgresql).lab("one").load().records) == set(acknowledged)


def test_postgresql_that_is_away_is_said_and_comes_back(
    state: Path, cluster: Cluster, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "RECONNECT_SECONDS", 0.3)
    storage = Storage.open(state, postgresql)
    lab = Editor(storage.create("one"))
    cluster.shut_down()
    try:
        with pytest.raises(ProblemError, match="PostgreSQL") as e:
            lab.add("a")
        assert "is PostgreSQL running" in str(e.value.problem.hint)
        with pytest.raises(ProblemError, match="PostgreSQL"):
            Storage.open(state, postgresql)
    finally:
        cluster.start()
    lab.add("b")
    assert names(Storage.open(state, postgresql).lab("one").load().records) == {"b"}


def test_addresses_that_are_none(state: Path, cluster: Cluster) -> None:
    for url in ("nonsense", "mysql://x/y", "postgresql+psycopg://"):
        with pytest.raises(ProblemError, match="--database"):
            Storage.open(state, url)
    with pytest.raises(ProblemError, match="does not exist") as e:
        Storage.open(state, f"postgresql://postgres@/nothing?host={cluster.folder}")
    assert "createdb" in str(e.value.problem.hint)


# ---- many at once ----------------------------------------------------------------------------------------------------


def test_many_labs_are_edited_and_read_at_once(storage: Storage, state: Path, url: str | None) -> None:
    labs = [Editor(storage.create(f"lab-{number}")) for number in range(6)]
    failed: list[Exception] = []

    def edit(lab: Editor) -> None:
        try:
            for number in range(20):
                lab.add(f"n{number}")
                lab.store.history_page(limit=5)
                storage.labs()
        except Exception as e:
            failed.append(e)

    threads = [threading.Thread(target=edit, args=(lab,)) for lab in labs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    again = Storage.open(state, url)
    assert all(len(names(again.lab(lab.store.lab).load().records)) == 20 for lab in labs)
    again.close()
