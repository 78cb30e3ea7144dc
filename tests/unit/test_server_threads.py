"""What threads of the server do when something fails that no one expects: it is in the log, and the lab goes on."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from logs import running
from server.agent_link import LabLink
from server.control import Control
from server.lab.queue import Queue
from server.lab.view import View
from server.lab.workspace import Workspace
from tests.support import eventually
from tests.unit.test_lab import Scene, add, names
from topology.edit.commands import AddNamespace
from topology.model.problems import Code, ProblemError


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(running, "AGAIN_SECONDS", 0.05)
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def once(monkeypatch: pytest.MonkeyPatch, where: type, name: str) -> threading.Event:
    """The next call fails; the event is set then."""
    real, failed = getattr(where, name), threading.Event()

    def call(*args: object, **named: object) -> object:
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError(f"in {name}")
        return real(*args, **named)

    monkeypatch.setattr(where, name, call)
    return failed


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [r for r in caplog.records if r.exc_info is not None and isinstance(r.exc_info[1], ZeroDivisionError)]


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (Workspace, "seconds"), (Workspace, "idle"), (Workspace, "quiet"), (Queue, "_pop"), (Queue, "_is_waiting"),
        (LabLink, "_hear"), (LabLink, "_on_frame"), (LabLink, "_dispatch"), (LabLink, "_read_frames"), (View, "fold"),
        (Control, "_dispatch"),
    ],
    ids=lambda v: v if isinstance(v, str) else v.__name__,
)  # fmt: skip
def test_a_lab_goes_on(scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: type, name: str) -> None:
    failed = once(monkeypatch, where, name)
    if name == "_on_frame":
        scene.process._connection.send(b"\0\0\0\1\1x")  # type: ignore[union-attr]
    elif name == "_read_frames":
        scene.process.lose()
    elif where is Control:
        with pytest.raises(ProblemError):
            scene.hub.control.check(5)
    else:
        scene.ann.send("edit", lab="one", commands=[{"do": "add-namespace", "name": "first"}])
        scene.process.outside(*add("shell"))
    eventually(lambda: failed.is_set() and errors(caplog))
    record = errors(caplog)[0]
    assert record.levelno == logging.ERROR
    assert str(record.error) in record.getMessage()  # type: ignore[attr-defined]
    eventually(lambda: scene.ann.edit(AddNamespace(name="after")) is None or "after" in names(scene.lab.desired))
    eventually(lambda: "after" in names(scene.process.records))
    scene.agree()


def test_the_watch_for_silence_goes_on(scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("server.agent_link.SILENT_SECONDS", 0.4)
    monkeypatch.setattr("server.agent_link.BEAT_SECONDS", 0.1)
    failed = once(monkeypatch, LabLink, "_request")
    eventually(lambda: failed.is_set() and errors(caplog))
    scene.process.go.clear()
    eventually(lambda: scene.lab.state == "silent")
    scene.process.go.set()
    eventually(lambda: scene.lab.state == "live")


def test_who_asked_gets_the_id(scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    once(monkeypatch, Workspace, "edit")
    problem = scene.ann.edit(AddNamespace(name="a"))
    (record,) = errors(caplog)
    assert problem is not None
    assert problem.code is Code.INTERNAL
    assert f"(error {record.error})" in problem.message  # type: ignore[attr-defined]


def test_a_failed_start_has_one_id(scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    assert scene.ann.ask("stop").problem is None
    once(monkeypatch, View, "fold")
    monkeypatch.setattr("server.lab.connection.Connection.attach", lambda _self: 1 / 0)
    problem = scene.ann.ask("start").problem
    (record,) = errors(caplog)
    assert problem is not None
    told = scene.lab.info().problem
    assert told is not None
    assert problem.message == told.message
    assert f"(error {record.error})" in problem.message  # type: ignore[attr-defined]


def test_metrics_of_a_lab(scene: Scene) -> None:
    def value(name: str, **labels: str) -> float:
        return scene.hub.metrics.registry.get_sample_value(f"vethboard_{name}", labels) or 0.0

    before = value("edits_total", result="done"), value("apply_seconds_count"), value("storage_commits_total", result="done")
    assert scene.ann.edit(AddNamespace(name="a")) is None
    assert scene.ann.edit(AddNamespace(name="a")) is not None
    assert value("edits_total", result="done") == before[0] + 1
    assert value("edits_total", result="refused") == 1
    assert value("apply_seconds_count") == before[1] + 1
    assert value("storage_commits_total", result="done") > before[2]
    assert value("fold_seconds_count") > 0
    assert value("bytes_total", peer="lab", direction="in") > 0
    assert value("restarts_total", what="lab-link") == 0
    scene.process.lose()
    eventually(lambda: value("restarts_total", what="lab-link") == 1)
    eventually(lambda: scene.lab.state == "live")
    again = scene.agent.labs.pop("one")
    again.lose()
    eventually(lambda: value("restarts_total", what="lab-process") == 1)


def test_agent_that_does_not_answer(scene: Scene) -> None:
    scene.hub.control.check(5)
    scene.agent.go.clear()
    with pytest.raises(ProblemError, match=r"has not answered for 0 s"):
        scene.hub.control.check(0.2)
    scene.agent.go.set()
    scene.hub.control.check(5)
