"""What a failed change has left in the kernel: drift, nobody's edit, and said, also by a server that was started again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.hub import Hub
from server.storage import Storage
from tests.support import eventually
from tests.unit.test_lab import Scene, Visitor, add, names
from topology.document import document
from topology.edit.commands import AddInterface, AddNamespace, KeepDrift, RevertDrift, SetLab
from topology.model.records import Bridge, Policy
from topology.plan import steps as s

LEFT = ("namespace:left",)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def fail(scene: Scene, policy: Policy = "follow") -> None:
    """An edit of which a namespace is left."""
    assert scene.ann.edit(AddNamespace(name="kept"), SetLab(policy=policy)) is None
    scene.process.refuse, scene.process.leaves = (s.AddInterface,), True
    problem = scene.ann.edit(AddNamespace(name="left"), AddInterface(interface=Bridge(namespace="left", name="br0")))
    assert problem is not None
    assert problem.causes
    scene.process.refuse, scene.process.leaves = (), False


def started_again(scene: Scene, folder: Path) -> None:
    """As after the end of the server, or its death: nothing of it is asked."""
    scene.hub.end()
    scene.hub = Hub(Storage.open(folder), folder, folder / "agent.sock")
    scene.hub.resume()
    scene.ann = Visitor(scene.hub, "bob")
    scene.becomes("live")


def is_said(scene: Scene) -> bool:
    said = [problem.message for problem in scene.lab._parts.view.warnings]
    return said == ["not as in the document, because a change or a start failed there: left"]


@pytest.mark.parametrize("policy", ["follow", "flag"])
def test_it_is_drift_and_said_also_after_a_restart(scene: Scene, tmp_path: Path, policy: Policy) -> None:
    fail(scene, policy)
    for _ in range(3):
        eventually(lambda: scene.lab.seen.drift == LEFT)
        eventually(lambda: is_said(scene))
        assert names(scene.lab.desired) == {"host", "kept"}
        assert all(c.context.author != "terminal" for c in scene.lab.store.history_page().changes)
        started_again(scene, tmp_path)
    assert scene.ann.edit(RevertDrift()) is None
    eventually(lambda: names(scene.process.records) == {"host", "kept"})
    eventually(lambda: not scene.lab._parts.view.warnings)
    eventually(lambda: not scene.process.left)


def test_what_others_do_is_adopted_as_ever(scene: Scene, tmp_path: Path) -> None:
    fail(scene)
    eventually(lambda: scene.lab.seen.drift == LEFT)
    started_again(scene, tmp_path)
    scene.process.outside(*add("typed"))
    eventually(lambda: "typed" in names(scene.lab.desired))
    eventually(lambda: scene.lab.seen.drift == LEFT)


def test_who_works_in_what_was_left_has_made_it_theirs(scene: Scene) -> None:
    """An interface whose namespace is in no document could not be in one either."""
    fail(scene)
    eventually(lambda: scene.lab.seen.drift == LEFT)
    scene.process.outside(s.AddInterface(subject="interface:left/br1", interface=Bridge(namespace="left", name="br1")))
    eventually(lambda: {"namespace:left", "interface:left/br1"} <= scene.lab.desired.keys())
    scene.agree()
    assert document.load(document.dump(scene.lab.desired)) == scene.lab.desired


def test_kept_it_is_no_longer_left(scene: Scene, tmp_path: Path) -> None:
    fail(scene)
    eventually(lambda: scene.lab.seen.drift == LEFT)
    assert scene.ann.edit(KeepDrift()) is None
    eventually(lambda: not scene.process.left and not scene.lab._parts.view.warnings)
    started_again(scene, tmp_path)
    assert names(scene.lab.desired) == {"host", "kept", "left"}
    scene.agree()


def test_what_a_shell_makes_later_as_it_was_left_is_the_shells(scene: Scene) -> None:
    fail(scene)
    eventually(lambda: scene.lab.seen.drift == LEFT)
    assert scene.ann.edit(RevertDrift()) is None
    eventually(lambda: not scene.process.left)
    scene.process.outside(*add("left"))
    eventually(lambda: "left" in names(scene.lab.desired))
    scene.agree()


def test_it_ends_with_the_process(scene: Scene) -> None:
    fail(scene)
    eventually(lambda: is_said(scene))
    process = scene.agent.labs.pop("one")
    process.lose()
    eventually(lambda: "one" in scene.agent.labs and scene.lab.state == "live")
    scene.agree()
    eventually(lambda: not scene.lab._parts.view.warnings)


def test_enforce_takes_it_away(scene: Scene) -> None:
    fail(scene, "enforce")
    eventually(lambda: names(scene.process.records) == {"host", "kept"})
    eventually(lambda: not scene.lab._parts.view.warnings)
