"""Processes that may open no more files: what can be done is done, what can't is refused with the reason, and when there is room again all
goes on."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.client import Client
from protocol import public as q
from tests.support import Stack, eventually
from topology.edit.commands import AddNamespace
from topology.model.problems import Code, ProblemError


@pytest.fixture
def own() -> Iterator[Stack]:
    stack = Stack()
    yield stack
    stack.close()


@contextlib.contextmanager
def no_more_files(pid: int) -> Iterator[None]:
    """The process has as many as it may have."""
    before = int(re.findall(r"Max open files\s+(\d+)", Path(f"/proc/{pid}/limits").read_text())[0])
    _limit(pid, max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1)
    try:
        yield
    finally:
        _limit(pid, before)


def _limit(pid: int, files: int) -> None:
    """As its own user: prlimit(2) allows no other, without CAP_SYS_RESOURCE."""
    status = Path(f"/proc/{pid}/status").read_text()
    uid, gid = (re.findall(rf"^{key}:\s+(\d+)", status, re.M)[0] for key in ("Uid", "Gid"))
    whose = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    subprocess.run([*whose, "prlimit", f"--pid={pid}", f"--nofile={files}:"], check=True)


def lab_pid(stack: Stack) -> int:
    return int(json.loads((stack.run / "labs" / "one.json").read_text())["pid"])


def add(client: Client, name: str) -> str | None:
    """The code with which it is refused."""
    try:
        client.request(q.Edit(id=client.next_id(), lab="one", commands=(AddNamespace(name=name),)))
    except ProblemError as e:
        return e.problem.code
    return None


def names(client: Client) -> set[str]:
    exported = client.request(q.Export(id=client.next_id(), lab="one", observed=True))
    document = client.request(q.Export(id=client.next_id(), lab="one"))
    assert isinstance(exported, q.Exported)
    assert isinstance(document, q.Exported)
    kept = set(json.loads(document.text)["namespaces"])
    assert kept == set(json.loads(exported.text)["namespaces"])
    return kept


@pytest.mark.parametrize("who", ["server", "agent", "lab"])
def test_a_process_without_files(own: Stack, who: str) -> None:
    with own.client() as client:
        client.request(q.NewLab(id="new", lab="one"))
        assert add(client, "before") is None
        wanted = {"host", "before"}
        with no_more_files(lab_pid(own) if who == "lab" else own.child(who)):
            for number in range(5):
                code = add(client, f"n{number}")
                assert code is not Code.INTERNAL
                wanted |= {f"n{number}"} if code is None else set()
            with contextlib.suppress(ProblemError, Exception):  # a new connection may be refused
                own.client().__exit__()
            with contextlib.suppress(ProblemError):
                client.request(q.NewLab(id="two", lab="two"))
            assert names(client) == wanted
        if who != "lab":
            assert wanted >= {f"n{number}" for number in range(5)}, "an edit needs no file of this process"
        eventually(lambda: add(client, "after") in (None, Code.EXISTS))
        assert names(client) == wanted | {"after"}
        client.request(q.NewLab(id="three", lab="three"))
    own.cli("exec", "one", "after", "--", "true")
    assert Path(f"/proc/{own.child('server')}").exists()
