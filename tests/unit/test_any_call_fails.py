"""Whatever call to the agent, a lab's process or the database raises what nobody expects: each request is answered once, what was
acknowledged is kept, what was refused is not there, and all goes on.

VETHBOARD_CALLS says how many times of each call are tried.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from logs import running
from server.agent_link import LabLink
from server.control import Control, _Agent
from server.lab.connection import Connection
from server.lab.publisher import Publisher
from server.lab.uplink import Uplink
from server.lab.view import View
from server.sessions import Sessions
from server.storage import LabStore
from tests.support import eventually
from tests.unit.test_lab import Scene, add, names
from topology.edit.commands import AddNamespace, AnyCommand, Remove, SetLab
from topology.model.problems import Code

TIMES = int(os.environ.get("VETHBOARD_CALLS", "1"))
"""So often each call fails: another time of it each day."""
OURS = (LabLink, Control, _Agent, Connection, Uplink, View, Publisher, Sessions, LabStore)
APART = {
    "close", "end", "join",  # of the test itself
    "viewers", "all", "load", "history_page", "create", "delete", "get", "add", "remove",
    "kernel", "differing", "_guarded",  # the net itself: docs/architecture.md
}  # fmt: skip
PLACES = [
    (where, name)
    for where in OURS
    for name, found in vars(where).items()
    if callable(found) and not name.startswith("__") and name not in APART
]


class Faults:
    """Raises at the `at`th call of a method, on whatever thread, once."""

    def __init__(self, where: type, name: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left, self.failed = at, threading.Event()
        self._lock = threading.Lock()
        real = getattr(where, name)

        def call(*args: Any, **named: Any) -> Any:
            with self._lock:
                self.left -= 1
                is_now = self.left == -1
            if is_now:
                self.failed.set()
                raise ZeroDivisionError(f"in {where.__name__}.{name}")
            return real(*args, **named)

        monkeypatch.setattr(where, name, call)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(running, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr("server.agent_link.SILENT_SECONDS", 1.0)
    monkeypatch.setattr("server.agent_link.BEAT_SECONDS", 0.1)
    monkeypatch.setattr("server.control.SILENT_SECONDS", 1.0)
    monkeypatch.setattr("server.control.BEAT_SECONDS", 0.1)
    monkeypatch.setattr("server.lab.life.RECOVER_SECONDS", 0.2)
    monkeypatch.setattr("server.lab.outside.STORE_AGAIN_SECONDS", 0.2)
    monkeypatch.setattr("server.agent_link.WAIT_SECONDS", 3.0)
    monkeypatch.setattr("server.control.WAIT_SECONDS", 3.0)
    scene = Scene(tmp_path)
    yield scene
    scene.close()


class Person:
    """What is done, and what is known of it."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.asked = scene, dict[str, tuple[str, bool] | None]()

    def edit(self, command: AnyCommand, name: str = "", is_there: bool = True) -> None:
        id = self.scene.ann.send("edit", lab="one", commands=msgspec.to_builtins((command,)))
        self.asked[id] = (name, is_there) if name else None
        self.scene.ann.answer(id)

    def other(self, kind: str, **fields: object) -> None:
        id = self.scene.ann.send(kind, **{"lab": "one", **fields})
        self.asked[id] = None
        self.scene.ann.answer(id)

    def all(self) -> None:
        """A bit of everything."""
        steps: tuple[Callable[[], None], ...] = (
            lambda: self.edit(AddNamespace(name="a"), "a"),
            lambda: self.scene.agent.labs["one"].outside(*add("shell")) if "one" in self.scene.agent.labs else None,
            lambda: self.edit(AddNamespace(name="b"), "b"),
            lambda: self.edit(Remove(ids=("namespace:a",)), "a", False),
            lambda: self.other("exec", namespace="host", argv=["true"]),
            lambda: self.other("netns", query="list"),
            lambda: self.other("check-rule", namespace="host", chain="INPUT", rule="-j DROP"),
            lambda: self.other("subscribe", namespaces=["host"]),
            lambda: self.other("open-terminal", namespace="host"),
            lambda: self.other("uplink", on=True),
            lambda: self.other("uplink", on=False),
            lambda: self.other("doctor", lab=None),
            lambda: self.edit(SetLab(policy="enforce")),
            lambda: self.scene.agent.labs["one"].outside(*add("typed")) if "one" in self.scene.agent.labs else None,
            lambda: self.edit(AddNamespace(name="c"), "c"),
            lambda: self.edit(SetLab(policy="follow")),
            lambda: self.other("stop"),
            lambda: self.edit(AddNamespace(name="d"), "d"),
            lambda: self.other("start"),
            lambda: self.scene.agent.labs["one"].lose() if "one" in self.scene.agent.labs else None,
            lambda: self.edit(AddNamespace(name="e"), "e"),
        )
        for step in steps:
            step()

    def expected(self) -> set[str]:
        last: dict[str, bool] = {}
        for id, what in self.asked.items():
            (answer,) = self.scene.ann.answers[id]
            if what is not None and answer.problem is None:
                last[what[0]] = what[1]
        return {name for name, is_there in last.items() if is_there}


@pytest.mark.parametrize("time", range(TIMES))
@pytest.mark.parametrize(("where", "name"), PLACES, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_call_that_fails(scene: Scene, monkeypatch: pytest.MonkeyPatch, where: type, name: str, time: int, seed: int) -> None:
    at = random.Random(f"{seed} {where.__name__}.{name} {time}").choice((0, 0, 1, 1, 2, 3, 5, 8, 12))
    faults, person = Faults(where, name, at, monkeypatch), Person(scene)
    person.all()
    assert all(len(answers) == 1 for answers in scene.ann.answers.values())
    if not faults.failed.is_set():
        return  # this call is never made so often: nothing to see
    monkeypatch.undo()
    thread = scene.lab.queue.thread
    assert thread is not None
    assert thread.is_alive()
    eventually(lambda: scene.ann.ask("start").problem is None)
    eventually(lambda: scene.lab.state == "live")
    scene.agree()
    assert {n for n in names(scene.lab.desired) if len(n) == 1} == person.expected()
    assert scene.ann.edit(AddNamespace(name="after")) is None
    scene.agree()
    assert scene.ann.answer(scene.ann.send("doctor")).problem is None
    assert scene.ann.ask("destroy").problem is None
    problem = scene.ann.edit(AddNamespace(name="x"))
    assert problem is not None
    assert problem.code is Code.UNKNOWN
