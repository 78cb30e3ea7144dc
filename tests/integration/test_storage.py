"""The database under a running Vethboard: an edit that was answered is kept, one that cannot be kept is undone in the kernel too."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol import public as q
from tests.storage.postgresql import Cluster
from tests.support import ROOT, Stack
from topology.edit.commands import AddNamespace
from topology.model.problems import Code, ProblemError

EXAMPLE = str(ROOT / "examples/two-namespaces.json")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    cluster.folder.chmod(0o755)  # the server has another user than PostgreSQL
    yield cluster
    cluster.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A Vethboard that the test may stop and kill, on each kind of database."""
    options = ("--database", request.getfixturevalue("cluster").database()) if request.param == "postgresql" else ()
    stack = Stack(*options)
    yield stack
    stack.close()


def eventually(check: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.1)
    assert check()


def add(client: object, name: str) -> None:
    client.request(q.Edit(id=client.next_id(), lab="one", commands=(AddNamespace(name=name),)))  # type: ignore[attr-defined]


def document(stack: Stack) -> set[str]:
    return set(json.loads(stack.cli("export", "one"))["namespaces"])


def kernel(stack: Stack) -> set[str]:
    return {line.split()[0] for line in stack.inside("one", "host", "ip", "netns", "list").splitlines()}


def live(stack: Stack, lab: str = "one") -> bool:
    with contextlib.suppress(AssertionError, json.JSONDecodeError):
        labs = [json.loads(line) for line in stack.cli("labs", "--json", code=None).splitlines()]
        flat = [entry for line in labs for entry in (line if isinstance(line, list) else [line])]
        return any(entry["lab"] == lab and entry["state"] == "live" for entry in flat)
    return False


def test_what_was_answered_outlives_the_server_that_is_killed(own: Stack) -> None:
    own.cli("new", "one")
    wanted = {"host"}
    for round in range(3):
        with own.client() as client:
            for number in range(5):
                add(client, f"n{round}-{number}")
                wanted.add(f"n{round}-{number}")
            own.kill("server")
        eventually(lambda: live(own))
        assert document(own) == wanted
        assert kernel(own) | {"host"} == wanted
    lines = own.cli("history", "one").splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(1, 16))
    own.stop()
    own.start()
    eventually(lambda: live(own))
    assert document(own) == wanted


def test_backup_and_restore_while_it_runs(own: Stack, tmp_path: Path) -> None:
    own.cli("new", "one")
    own.cli("apply", "one", EXAMPLE)
    own.cli("token", "one", "--view", "--name", "class")
    file = str(tmp_path / "backup")
    own.cli("backup", file)
    before, history = own.cli("export", "one"), own.cli("history", "one")
    own.inside("one", "host", "ip", "netns", "add", "later")
    eventually(lambda: "later" in document(own))
    assert "--replace" in (own.cli("restore", file, code=1), own.stderr)[1]
    assert "later" in document(own)
    own.cli("restore", file, "--replace")
    eventually(lambda: live(own))
    assert (own.cli("export", "one"), own.cli("history", "one")) == (before, history)
    assert kernel(own) == {"ns0", "ns1"}
    own.cli("undo", "one")
    assert document(own) == {"host"}
    own.cli("destroy", "one")
    own.cli("restore", file)
    eventually(lambda: live(own))
    assert own.cli("export", "one") == before
    assert "class" in own.cli("token", "one", "--list")
    (tmp_path / "no-backup").write_text("hello")
    assert "no backup" in (own.cli("restore", str(tmp_path / "no-backup"), code=1), own.stderr)[1]


def test_a_full_disk_undoes_the_edit_in_the_kernel_and_goes_on_when_there_is_room() -> None:
    stack = Stack(disk=6 << 20)
    try:
        with stack.client() as client:
            client.request(q.NewLab(id="new", lab="one"))
            add(client, "before")
            ballast = stack.state_seen / "ballast"
            with ballast.open("wb", buffering=0) as f, contextlib.suppress(OSError):
                while True:
                    f.write(b"x" * 4096)
            acknowledged, problem = {"host", "before"}, None
            for number in range(1000):  # what room the log still has is used up first
                try:
                    add(client, f"n{number}")
                    acknowledged.add(f"n{number}")
                except ProblemError as e:
                    problem = e.problem
                    break
            assert problem is not None
            assert (problem.code, "No space left on device" in problem.message) == (Code.STORAGE, True)
            assert _names(client) == acknowledged
            assert _kernel(client) | {"host"} == acknowledged
            _run(client, "ip", "netns", "add", "typed")
            time.sleep(1)
            assert "typed" not in _names(client), "it was taken over, and is not kept"
            ballast.unlink()
            add(client, "after")
            eventually(lambda: _names(client) == acknowledged | {"after", "typed"})
            stack.kill("server")
        eventually(lambda: _live(stack))
        with stack.client() as client:
            assert _names(client) == acknowledged | {"after", "typed"}
            assert _kernel(client) | {"host"} == acknowledged | {"after", "typed"}
    finally:
        stack.close()


def _live(stack: Stack) -> bool:
    with contextlib.suppress(ProblemError), stack.client() as client:
        labs = client.request(q.ListLabs(id="labs"))
        return isinstance(labs, q.Labs) and [i.state for i in labs.labs] == ["live"]
    return False


def _names(client: object) -> set[str]:
    return set(json.loads(client.request(q.Export(id=client.next_id(), lab="one")).text)["namespaces"])  # type: ignore[attr-defined]


def _kernel(client: object) -> set[str]:
    return {line.split()[0] for line in _run(client, "ip", "netns", "list").splitlines()}


def _run(client: object, *argv: str) -> str:
    out = bytearray()

    def take(item: q.AnyItem) -> None:
        if isinstance(item, q.Output):
            out.extend(item.data)

    client.request(q.Exec(id=client.next_id(), lab="one", namespace="host", argv=argv), take)  # type: ignore[attr-defined]
    return out.decode()


def test_a_document_that_does_not_load_stays_and_the_others_run() -> None:
    stack = Stack()
    try:
        stack.cli("new", "one")
        stack.cli("new", "two")
        stack.stop()
        broken = '{"vethboard": 1, "namespaces": []}'
        with sqlite3.connect(stack.state / "vethboard.db") as db:
            db.execute("UPDATE labs SET document = ? WHERE lab = 'one'", (broken,))
        db.close()
        stack.start()
        eventually(lambda: live(stack, "two"))
        labs = stack.cli("labs")
        assert "failed" in labs
        for refused in (("start", "one"), ("undo", "one"), ("policy", "one", "flag")):
            stack.cli(*refused, code=1)
            assert "kept as it is" in stack.stderr
        with sqlite3.connect(stack.state / "vethboard.db") as db:
            assert db.execute("SELECT document FROM labs WHERE lab = 'one'").fetchone() == (broken,)
        db.close()
        stack.cli("apply", "one", EXAMPLE)
        assert document(stack) == {"host", "ns0", "ns1"}
        stack.cli("start", "one", code=None)
        eventually(lambda: live(stack, "one"))
        assert kernel(stack) == {"ns0", "ns1"}
    finally:
        stack.close()


def test_a_database_that_cannot_be_opened_is_said_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    stack = Stack()
    stack.stop()
    (stack.state / "vethboard.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(AssertionError):
        stack.start()
    said = capfd.readouterr().err
    assert "vethboard.db: file is not a database" in said
    assert "restore a backup" in said
    assert "Traceback" not in said
    stack.folder.cleanup()
