"""An agent that does not answer, as after SIGSTOP: who needs it is refused in time and told why, and it goes on where it was."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from protocol import private as p
from server.control import Control
from server.metrics import Metrics
from tests.support import eventually
from tests.unit.test_lab import Scene
from topology.edit.commands import AddNamespace
from topology.model import ids
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Lab


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr("server.control.SILENT_SECONDS", 0.4)
    monkeypatch.setattr("server.control.BEAT_SECONDS", 0.1)
    monkeypatch.setattr("server.lab.life.RECOVER_SECONDS", 0.3)
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def is_told(problem: Problem | None) -> None:
    assert problem is not None
    assert problem.code is Code.UNAVAILABLE
    assert "the agent has not answered for" in problem.message


def test_each_request_that_needs_it_is_refused_and_says_why(scene: Scene) -> None:
    """None of these waits for as long as the agent may have for it (60 s)."""
    scene.agent.go.clear()
    is_told(scene.ann.answer(scene.ann.send("doctor"), 10).problem)
    for kind, lab in (
        ("new", "two"),
        ("start", "two"),
        ("destroy", "two"),
        ("uplink", "one"),
        ("stop", "one"),
        ("start", "one"),
        ("destroy", "one"),
    ):
        fields = {"on": True} if kind == "uplink" else {}
        is_told(scene.ann.answer(scene.ann.send(kind, lab=lab, **fields), 10).problem)
    assert {lab: scene.hub.lab(lab).state for lab in ("one", "two")} == {"one": "failed", "two": "failed"}


def test_what_was_begun_meanwhile_is_as_it_was_asked_for_last(scene: Scene) -> None:
    scene.agent.go.clear()
    refused = scene.ann.answer(scene.ann.send("new", lab="two"), 10).problem
    is_told(refused)
    assert refused is not None
    assert "vethboard destroy two removes it" in str(refused.hint)
    is_told(scene.ann.ask("stop").problem)
    scene.agent.go.set()
    scene.becomes("stopped")
    eventually(lambda: scene.agent.labs == {})
    assert scene.ann.answer(scene.ann.send("destroy", lab="two")).problem is None
    assert scene.ann.ask("start").problem is None
    assert scene.ann.edit(AddNamespace(name="after")) is None
    scene.agree()


def test_a_stop_is_sent_also_to_one_that_is_known_to_be_silent(scene: Scene) -> None:
    before = scene.process
    scene.agent.go.clear()
    is_told(scene.ann.answer(scene.ann.send("doctor")).problem)
    with pytest.raises(ProblemError, match="the agent has not answered"):
        scene.hub.control.ask(lambda id: p.Stop(id=id, lab="one"))
    with pytest.raises(ProblemError, match="the agent has not answered"):
        scene.hub.control.ask(lambda id: p.Start(id=id, lab="two"))
    scene.agent.go.set()
    eventually(lambda: scene.agent.labs.get("one") not in (None, before))  # it was ended, and made again because it is to be live
    assert "two" not in scene.agent.labs


def test_an_uplink_that_was_switched_and_not_answered_is_as_the_document_says(scene: Scene) -> None:
    scene.agent.hangs = p.SetUplink
    is_told(scene.ann.ask("uplink", on=True).problem)
    lab = scene.lab.desired[ids.LAB]
    assert isinstance(lab, Lab)
    assert not lab.uplink
    scene.agent.hangs = None
    scene.agent.go.set()
    eventually(lambda: scene.lab._parts.uplink.is_known)
    assert scene.agent.uplinks == set()


def test_the_others_wait_for_the_same_attempt_to_connect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Thirty labs are not looked for one after the other, each for as long as a connection may take."""
    attempts, all_there = [], threading.Barrier(31)

    def connect(*_: object) -> None:
        attempts.append(1)
        all_there.wait(10)
        raise TimeoutError("timed out during opening handshake")

    monkeypatch.setattr("server.control.connect", connect)
    control = Control(tmp_path / "none", Metrics())
    real = control._agent

    def agent(seconds: float) -> object:
        threading.Timer(0.05, lambda: all_there.wait(10)).start()
        return real(seconds)

    monkeypatch.setattr(control, "_agent", agent)

    def ask() -> str:
        with pytest.raises(ProblemError) as e:
            control.ask(lambda id: p.Hello(id=id))
        return e.value.problem.message

    with ThreadPoolExecutor(30) as pool:
        said = set(pool.map(lambda _: ask(), range(30)))
    assert said == {"the agent does not answer: timed out during opening handshake"}
    assert len(attempts) == 1
