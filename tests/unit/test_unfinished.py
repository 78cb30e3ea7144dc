"""A server that dies in the middle of an edit: the next one undoes it, or keeps it, and takes nothing of it for a shell's."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from server.hub import Hub
from server.lab.connection import Connection
from server.storage import LabStore, Storage
from tests.support import eventually
from tests.unit.test_lab import Scene, Visitor, add, names
from topology.edit.commands import AddInterface, AddNamespace, AddRule, AnyCommand, MoveInterface, Place, Remove, SetInterface, SetLab
from topology.model.problems import Code
from topology.model.records import Bridge, Chain, Policy
from topology.observe.normal import drift
from topology.plan import steps as s

# the thread of a server that is dead ends by SystemExit
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
POLICIES: tuple[Policy, ...] = ("follow", "flag", "enforce")


class Deaths:
    """A server that stops for good at one of its calls: as far as anybody can tell, it is dead. `next` is the server that comes then."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene, self._folder, self._patch = Scene(folder), folder, monkeypatch
        self.is_dead, self._end = threading.Event(), threading.Event()
        self.hub: Hub | None = None

    def die_at(self, of: type, name: str) -> None:
        """The next call of this method does not return before the test ends."""
        real = getattr(of, name)

        def call(*args: object, **more: object) -> object:
            if self.is_dead.is_set():
                return real(*args, **more)
            self.is_dead.set()
            self._end.wait()
            raise SystemExit

        self._patch.setattr(of, name, call)

    def send(self, command: AnyCommand) -> None:
        self.scene.ann.send("edit", lab="one", commands=msgspec.to_builtins((command,)))

    def next(self) -> Hub:
        assert self.is_dead.wait(10)
        self.hub = Hub(Storage.open(self._folder), self._folder, self._folder / "agent.sock")
        self.hub.resume()
        self.becomes_whole()
        return self.hub

    def becomes_whole(self) -> None:
        def whole() -> bool:
            assert self.hub is not None
            lab = self.hub.lab("one")
            return lab.state == "live" and not drift(lab.seen.desired, self.scene.process.records)

        eventually(whole)

    @property
    def authors(self) -> list[str]:
        assert self.hub is not None
        return [change.context.author for change in self.hub.lab("one").store.history_page().changes]

    def close(self) -> None:
        self._end.set()
        if self.hub is not None:
            self.hub.end()
        self.scene.close()


@pytest.fixture
def deaths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deaths]:
    deaths = Deaths(tmp_path, monkeypatch)
    yield deaths
    deaths.close()


@pytest.mark.parametrize("policy", POLICIES)
def test_applied_and_not_committed(deaths: Deaths, policy: Policy) -> None:
    assert deaths.scene.ann.edit(SetLab(policy=policy), AddNamespace(name="kept")) is None
    deaths.die_at(LabStore, "commit")
    deaths.send(AddNamespace(name="lost"))
    hub = deaths.next()
    assert names(hub.lab("one").desired) == names(deaths.scene.process.records) == {"host", "kept"}
    assert deaths.authors == ["admin"]
    bob = Visitor(hub, "bob")
    assert bob.edit(AddNamespace(name="lost")) is None


@pytest.mark.parametrize("policy", POLICIES)
def test_committed_and_not_answered(deaths: Deaths, policy: Policy) -> None:
    assert deaths.scene.ann.edit(SetLab(policy=policy)) is None
    deaths.die_at(Connection, "conclude")
    deaths.send(AddNamespace(name="kept"))
    hub = deaths.next()
    assert names(hub.lab("one").desired) == names(deaths.scene.process.records) == {"host", "kept"}
    assert deaths.authors == (["admin"] if policy == "follow" else ["admin", "admin"])  # follow is the default


def test_what_a_shell_did_meanwhile_stays(deaths: Deaths) -> None:
    assert deaths.scene.ann.edit(AddInterface(interface=Bridge(namespace="host", name="br0"))) is None
    deaths.die_at(LabStore, "commit")
    deaths.send(SetInterface(interface="host/br0", changes={"up": False}))
    assert deaths.is_dead.wait(10)
    deaths.scene.process.lose()
    deaths.scene.process.outside(
        *add("typed"), s.AddAddress(subject="interface:host/br0", namespace="host", dev="br0", address="10.0.0.1/24")
    )
    hub = deaths.next()
    eventually(lambda: "typed" in names(hub.lab("one").desired))
    bridge = hub.lab("one").desired["interface:host/br0"]
    assert isinstance(bridge, Bridge)
    assert (bridge.up, bridge.addresses) == (True, ("10.0.0.1/24",))
    assert deaths.authors == ["terminal", "admin"]


def test_a_namespace_comes_back_with_its_rules(deaths: Deaths) -> None:
    """And the rules that a shell writes elsewhere meanwhile are the shell's."""
    rule = "-s 10.0.0.1/32 -j DROP"
    assert deaths.scene.ann.edit(AddNamespace(name="a"), AddRule(namespace="a", chain="INPUT", rule=rule)) is None
    deaths.die_at(LabStore, "commit")
    deaths.send(Remove(ids=("namespace:a",)))
    assert deaths.is_dead.wait(10)
    line = "-A INPUT -s 2.2.2.2 -j DROP"
    deaths.scene.process.outside(
        s.ChangeTable(subject="chain:host/ipv4/filter/INPUT", namespace="host", family="ipv4", table="filter", lines=(line,))
    )
    hub = deaths.next()
    eventually(lambda: "chain:host/ipv4/filter/INPUT" in hub.lab("one").desired)
    chain = hub.lab("one").desired["chain:a/ipv4/filter/INPUT"]
    assert isinstance(chain, Chain)
    assert chain.rules == (rule,)
    assert deaths.authors == ["terminal", "admin"]


def test_a_rename_goes_back(deaths: Deaths) -> None:
    assert deaths.scene.ann.edit(AddInterface(interface=Bridge(namespace="host", name="br0"))) is None
    deaths.die_at(LabStore, "commit")
    deaths.send(MoveInterface(interface="host/br0", namespace="host", name="br1"))
    hub = deaths.next()
    assert {"interface:host/br0"} == {key for key in hub.lab("one").desired if key.startswith("interface:")}
    assert deaths.authors == ["admin"]


def test_the_next_server_dies_too_while_it_undoes(deaths: Deaths) -> None:
    deaths.die_at(LabStore, "commit")
    deaths.send(AddNamespace(name="lost"))
    assert deaths.is_dead.wait(10)
    deaths.is_dead.clear()
    deaths.die_at(Connection, "conclude")
    second = Hub(Storage.open(deaths._folder), deaths._folder, deaths._folder / "agent.sock")
    second.resume()
    deaths.next()
    assert deaths.authors == []


def test_a_document_that_was_being_built(deaths: Deaths) -> None:
    assert deaths.scene.ann.edit(AddNamespace(name="kept"), AddNamespace(name="too")) is None
    assert deaths.scene.ann.ask("stop").problem is None
    deaths.die_at(Connection, "conclude")
    deaths.scene.ann.send("start", lab="one")
    assert deaths.is_dead.wait(10)
    deaths.scene.process.outside(s.DeleteNamespace(subject="namespace:too", name="too"))  # as if it had not come so far
    deaths.scene.lab.store.set_live(True)
    hub = deaths.next()
    assert names(hub.lab("one").desired) == names(deaths.scene.process.records) == {"host", "kept", "too"}
    assert deaths.authors == ["admin"]


def test_an_edit_is_refused_while_the_one_before_is_open(deaths: Deaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lab.connection.APPLY_SECONDS", 0.0)
    scene = deaths.scene
    scene.process.delay = 6.0
    problem = scene.ann.edit(AddNamespace(name="a"))
    assert problem is not None
    problem = scene.ann.edit(Place(positions={"host": (1, 2)}))
    assert problem is not None
    assert problem.code is Code.UNAVAILABLE
    scene.process.delay = 0.0
    eventually(lambda: scene.ann.edit(Place(positions={"host": (1, 2)})) is None)
    scene.agree()
    assert names(scene.process.records) == {"host"}
