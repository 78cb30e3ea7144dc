"""No state lasts for ever: where the agent or a lab's process does not answer, the lab fails in time, says why, and can be started."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol import private as p
from server.hub import Hub
from server.lab import states
from server.lab.machine import Machine
from server.lab.states import Event, State
from server.problems import unavailable
from server.storage import Storage
from tests.fake_agent import FakeLab
from tests.support import eventually
from tests.unit.test_lab import Scene, names
from topology.edit.commands import AddNamespace
from topology.model.problems import Code, Problem


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.close()


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[State, Event]]:
    """What every machine takes from now on, and in which state."""
    found: list[tuple[State, Event]] = []
    take = Machine.take

    def noted(self: Machine, event: Event, problem: Problem | None = None) -> object:
        found.append((self.state, event))
        return take(self, event, problem)

    monkeypatch.setattr(Machine, "take", noted)
    monkeypatch.setattr("server.lab.life.CLEAN_SECONDS", 0.2)
    return found


def short(monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    monkeypatch.setattr(states, "SECONDS", {**states.SECONDS, state: 0.3})
    monkeypatch.setattr("server.lab.machine.SECONDS", states.SECONDS)


def is_told(scene: Scene, problem: Problem | None) -> None:
    assert problem is not None
    assert problem.code is Code.UNAVAILABLE
    assert scene.lab.state == "failed"
    assert scene.lab.info().problem == problem


def recovers(scene: Scene) -> None:
    """The peer answers again: what it was asked and nobody waits for any more does no harm."""
    scene.agent.hangs, scene.agent.make = None, FakeLab
    scene.agent.go.set()
    eventually(lambda: scene.ann.ask("start").problem is None)
    assert scene.ann.edit(AddNamespace(name="after")) is None
    scene.agree()


def test_starting(scene: Scene, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[State, Event]]) -> None:
    assert scene.ann.ask("stop").problem is None
    short(monkeypatch, State.STARTING)
    scene.agent.hangs = p.Start
    is_told(scene, scene.ann.ask("start").problem)
    assert (State.STARTING, Event.TIMEOUT) in taken
    recovers(scene)


def test_attaching(scene: Scene, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[State, Event]]) -> None:
    assert scene.ann.ask("stop").problem is None
    short(monkeypatch, State.ATTACHING)

    def deaf() -> FakeLab:
        lab = FakeLab()
        lab.go.clear()
        return lab

    scene.agent.make = deaf
    is_told(scene, scene.ann.ask("start").problem)
    assert (State.ATTACHING, Event.TIMEOUT) in taken
    recovers(scene)


def test_building(scene: Scene, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[State, Event]]) -> None:
    """The document is applied in the same state; an apply does not get more time than that."""
    assert scene.ann.edit(AddNamespace(name="a")) is None
    assert scene.ann.ask("stop").problem is None
    short(monkeypatch, State.ATTACHING)

    def slow() -> FakeLab:
        lab = FakeLab()
        lab.delay = 2.0
        return lab

    scene.agent.make = slow
    is_told(scene, scene.ann.ask("start").problem)
    assert (State.ATTACHING, Event.TIMEOUT) in taken
    recovers(scene)
    assert names(scene.process.records) == {"host", "a", "after"}


def test_stopping(scene: Scene, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[State, Event]]) -> None:
    short(monkeypatch, State.STOPPING)
    scene.agent.hangs = p.Stop
    is_told(scene, scene.ann.ask("stop").problem)
    assert (State.STOPPING, Event.TIMEOUT) in taken
    recovers(scene)


def test_recovering(scene: Scene, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[State, Event]]) -> None:
    """It is looked for again, and found, without anybody's doing."""
    monkeypatch.setattr("server.lab.life.RECOVER_SECONDS", 0.3)
    short(monkeypatch, State.RECOVERING)
    scene.agent.hangs = p.Hello
    scene.process.lose()
    scene.becomes("failed")
    assert (State.RECOVERING, Event.TIMEOUT) in taken
    scene.agent.hangs = None
    scene.agent.go.set()
    scene.becomes("live")
    assert scene.ann.edit(AddNamespace(name="after")) is None
    scene.agree()


def test_recovering_at_the_start_of_the_server(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[State, Event]], tmp_path: Path
) -> None:
    scene.hub.end()
    short(monkeypatch, State.RECOVERING)
    monkeypatch.setattr("server.lab.life.RECOVER_SECONDS", 0.3)
    scene.agent.go.clear()
    hub = scene.hub = Hub(Storage.open(tmp_path), tmp_path, tmp_path / "agent.sock")
    hub.resume()
    eventually(lambda: hub.lab("one").state == "failed")
    assert (State.RECOVERING, Event.TIMEOUT) in taken
    scene.agent.go.set()
    scene.becomes("live")


def test_an_agent_that_hangs_does_not_hold_up_what_the_lab_can_do_without(scene: Scene) -> None:
    scene.agent.go.clear()
    assert scene.ann.edit(AddNamespace(name="a"), seconds=5) is None
    scene.agree()


def test_a_lab_that_is_looked_for_takes_no_edit_that_would_be_lost(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process runs on with the document as it was, and would be taken for what a shell has made of it."""
    assert scene.ann.edit(AddNamespace(name="a")) is None
    short(monkeypatch, State.RECOVERING)
    monkeypatch.setattr("server.lab.life.RECOVER_SECONDS", 30.0)
    scene.agent.hangs = p.Hello
    scene.process.lose()
    scene.becomes("failed")
    problem = scene.ann.edit(AddNamespace(name="lost"))
    assert problem is not None
    assert problem.code is Code.UNAVAILABLE
    assert "looked for again" in problem.message
    recovers(scene)
    assert names(scene.process.records) == {"host", "a", "after"}


def test_what_could_not_be_ended_is_ended_before_a_start(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped lab's document is edited while its process runs on, which then is no longer what it says."""
    assert scene.ann.edit(AddNamespace(name="a")) is None
    monkeypatch.setattr("server.lab.life.RECOVER_SECONDS", 30.0)
    short(monkeypatch, State.STOPPING)
    before = scene.process
    ask = scene.hub.control.ask
    with monkeypatch.context() as patched:
        patched.setattr(scene.hub.control, "ask", lambda *_: (_ for _ in ()).throw(unavailable("the agent does not answer")))
        assert scene.ann.ask("stop").problem is not None
    assert scene.hub.control.ask == ask
    assert scene.ann.edit(AddNamespace(name="b")) is None
    assert scene.ann.ask("start").problem is None
    assert scene.process is not before
    scene.agree()
    assert names(scene.process.records) == {"host", "a", "b"}


def test_a_command_that_a_silent_process_has_not_begun_is_refused_and_ended(scene: Scene) -> None:
    scene.process.go.clear()
    answer = scene.ann.answer(scene.ann.send("exec", lab="one", namespace="host", argv=["sleep", "300"]))
    assert answer.problem is not None
    assert "stopped answering" in answer.problem.message
    scene.becomes("silent")
    scene.process.go.set()
    scene.becomes("live")
    eventually(lambda: any(isinstance(request, p.Signal) for request in scene.process.requests))
    kinds = [type(request) for request in scene.process.requests]
    assert kinds.index(p.Run) < kinds.index(p.Signal)
    assert len(scene.ann.answers[answer.id]) == 1
