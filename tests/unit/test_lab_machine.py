"""Anything that can happen to a lab, in any order: what was acknowledged is kept, every request is answered once, the thread lives."""

import logging
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from server.storage import LabStore
from tests.support import eventually
from tests.unit.test_lab import Scene, add, names
from topology.edit.commands import AddNamespace, Remove
from topology.model.problems import Code, Problem, ProblemError
from topology.observe.normal import drift
from topology.plan import steps as s

PLACES = st.integers(0, 5)


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.errors = _Errors()
        logging.getLogger("vethboard").addHandler(self.errors)
        self.full = False
        commit = LabStore.commit

        def full(store: LabStore, *args: object, **named: object) -> object:
            if self.full:
                raise ProblemError(Problem(code=Code.STORAGE, message="No space left on device"))
            return commit(store, *args, **named)  # type: ignore[arg-type]

        self.patches = [
            patch("server.agent_link.SILENT_SECONDS", 0.4),
            patch("server.agent_link.BEAT_SECONDS", 0.1),
            patch("server.lab.outside.STORE_AGAIN_SECONDS", 0.2),
            patch("server.lab.life.RECOVER_SECONDS", 0.3),
            patch.object(LabStore, "commit", full),
        ]
        for one in self.patches:
            one.start()
        self.folder = tempfile.TemporaryDirectory()
        self.scene = Scene(Path(self.folder.name))
        self.wanted: dict[str, tuple[bool, str]] = {}
        """By request id: whether it adds (else removes) a namespace, and which."""

    # ---- what clients and shells do ----------------------------------------------------------------------------------

    def _send(self, command: AddNamespace | Remove, is_added: bool, name: str) -> None:
        self.wanted[self.scene.ann.send("edit", lab="one", commands=msgspec.to_builtins((command,)))] = (is_added, name)

    @rule(number=PLACES)
    def edit(self, number: int) -> None:
        self._send(AddNamespace(name=f"e{number}"), True, f"e{number}")

    @rule(number=PLACES)
    def remove(self, number: int) -> None:
        self._send(Remove(ids=(f"namespace:e{number}",)), False, f"e{number}")

    @rule(number=PLACES)
    def shell(self, number: int) -> None:
        if (process := self.scene.agent.labs.get("one")) is not None:
            process.outside(*add(f"s{number}"))

    @rule(number=PLACES)
    def shell_deletes(self, number: int) -> None:
        if (process := self.scene.agent.labs.get("one")) is not None:
            process.outside(s.DeleteNamespace(subject=f"namespace:s{number}", name=f"s{number}"))

    # ---- what goes wrong ---------------------------------------------------------------------------------------------

    @rule()
    def lose(self) -> None:
        if (process := self.scene.agent.labs.get("one")) is not None:
            process.lose()

    @rule(seconds=st.sampled_from((0.05, 0.7)))
    def hang(self, seconds: float) -> None:
        if (process := self.scene.agent.labs.get("one")) is not None:
            process.go.clear()
            time.sleep(seconds)
            process.go.set()

    @rule()
    def die(self) -> None:
        if (process := self.scene.agent.labs.pop("one", None)) is not None:
            process.lose()

    @rule(full=st.booleans())
    def disk(self, full: bool) -> None:
        self.full = full

    @rule()
    def stop(self) -> None:
        self.scene.ann.send("stop", lab="one")

    @rule()
    def start(self) -> None:
        self.scene.ann.send("start", lab="one")

    @rule()
    def pause(self) -> None:
        time.sleep(0.1)

    # ---- what holds --------------------------------------------------------------------------------------------------

    @invariant()
    def the_thread_lives(self) -> None:
        thread = self.scene.lab.queue.thread
        assert thread is not None
        assert thread.is_alive()
        assert all(len(answers) == 1 for answers in self.scene.ann.answers.values())

    def teardown(self) -> None:
        try:
            self._check()
        finally:
            self.scene.close()
            for one in self.patches:
                one.stop()
            logging.getLogger("vethboard").removeHandler(self.errors)
            self.folder.cleanup()

    def _check(self) -> None:
        self.full = False
        last: dict[str, bool] = {}
        for id, (is_added, name) in self.wanted.items():
            if self.scene.ann.answer(id).problem is None:
                last[name] = is_added
        assert self.scene.ann.ask("start").problem is None or self.scene.lab.state != "stopped"
        self.scene.becomes("live")
        eventually(self._agrees)
        found = names(self.scene.lab.desired)
        assert {name for name in found if name.startswith("e")} == {name for name, is_there in last.items() if is_there}
        assert not self.errors.records

    def _agrees(self) -> bool:
        seen, process = self.scene.lab.seen, self.scene.agent.labs.get("one")
        return self.scene.lab.state == "live" and process is not None and not drift(seen.desired, process.records)


AnyOrder.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TestAnyOrder = AnyOrder.TestCase
