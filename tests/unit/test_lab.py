"""A lab on the server against a fake agent: every fault of the other side, and what the clients see of it."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from protocol import public as q
from server.access import ADMIN
from server.audit import Actor, SessionLog
from server.clock import now
from server.hub import Hub
from server.lab.document import Drift
from server.lab.workspace import Workspace
from server.requests.dispatch import receive
from server.sessions import Connection, Session
from server.storage import Storage
from tests.fake_agent import FakeAgent, FakeLab
from tests.support import eventually
from topology.edit.commands import AddInterface, AddNamespace, AddRule, AnyCommand, ApplyDocument, Place, SetLab, SetSysctl, Undo
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Bridge, Chain, Namespace, Records, replace
from topology.observe.normal import drift
from topology.plan import steps as s


class Visitor:
    """A client without a socket."""

    def __init__(self, hub: Hub, name: str = "ann") -> None:
        self.hub, self.sid = hub, name
        log = SessionLog(hub.audit, Actor("admin", name, "", name, "127.0.0.1"))
        self.session = Session(name, name, ADMIN, log, Connection(self._sent, lambda: None))
        hub.sessions.add(self.session)
        self.answers: dict[str, list[q.Answer]] = {}
        self.notices: list[q.Notice] = []
        self._number = 0

    def _sent(self, name: str, payload: str | bytes) -> None:
        if name == "answer":
            answer = msgspec.json.decode(payload, type=q.Answer)
            self.answers.setdefault(answer.id, []).append(answer)
        elif name == "notice":
            self.notices.append(msgspec.json.decode(payload, type=q.Notice))

    def send(self, kind: str, **fields: object) -> str:
        self._number += 1
        id = f"{self.sid}{self._number}"
        receive(self.hub, self.session, msgspec.json.encode({"type": kind, "id": id, **fields}).decode())
        return id

    def answer(self, id: str, seconds: float = 30.0) -> q.Answer:
        end = time.monotonic() + seconds
        while id not in self.answers:
            assert time.monotonic() < end, f"request {id} is not answered"
            time.sleep(0.005)
        (answer,) = self.answers[id]
        return answer

    def ask(self, kind: str, **fields: object) -> q.Answer:
        return self.answer(self.send(kind, lab="one", **fields))

    def edit(self, *commands: AnyCommand, seconds: float = 30.0) -> Problem | None:
        return self.answer(self.send("edit", lab="one", commands=msgspec.to_builtins(commands)), seconds).problem


class Scene:
    def __init__(self, folder: Path) -> None:
        self.agent = FakeAgent(folder / "agent.sock")
        self.hub = Hub(Storage.open(folder), folder, folder / "agent.sock")
        self.ann = Visitor(self.hub)
        assert self.ann.ask("new").problem is None
        assert self.ann.ask("open").problem is None

    @property
    def process(self) -> FakeLab:
        return self.agent.labs["one"]

    @property
    def lab(self) -> Workspace:
        return self.hub.lab("one")

    def agree(self) -> None:
        """Document, what is seen, and the kernel are one."""

        def agreed() -> bool:
            seen = self.lab.seen
            return not drift(seen.desired, self.process.records) and not drift(seen.desired, seen.observed)

        eventually(agreed)

    def becomes(self, state: str, seconds: float = 15) -> None:
        eventually(lambda: self.lab.state == state, seconds)

    def close(self) -> None:
        for process in self.agent.labs.values():
            process.go.set()
        self.hub.end()
        self.agent.close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def add(*names: str) -> list[s.AnyStep]:
    return [s.AddNamespace(subject=f"namespace:{n}", name=n) for n in names]


def names(records: Records) -> set[str]:
    return {r.name for r in records.values() if isinstance(r, Namespace)}


# ---- two-way sync ----------------------------------------------------------------------------------------------------


def test_an_edit_and_what_a_shell_does_during_its_apply(scene: Scene) -> None:
    scene.process.delay = 0.1
    shell = threading.Timer(0.03, lambda: scene.process.outside(*add("b", "c")))
    shell.start()
    assert scene.ann.edit(AddNamespace(name="a")) is None
    shell.join()
    eventually(lambda: names(scene.lab.desired) == {"host", "a", "b", "c"})
    scene.agree()
    history = scene.lab.store.history_page().changes
    assert [(c.context.name or c.context.author, sorted(key for key in c.diff.added if "namespace" in key)) for c in history[:2]] == [
        ("terminal", ["namespace:b", "namespace:c"]),
        ("ann", ["namespace:a"]),
    ]


def test_a_placement_asks_the_kernel_nothing(scene: Scene) -> None:
    assert scene.ann.edit(AddNamespace(name="a")) is None
    applies = scene.process.applies
    scene.process.go.clear()
    assert scene.ann.edit(Place(positions={"a": (1, 2)}), seconds=2) is None
    scene.process.go.set()
    assert scene.process.applies == applies


def test_an_edit_is_never_refused_because_of_another_namespace(scene: Scene) -> None:
    assert scene.ann.edit(AddNamespace(name="a"), AddNamespace(name="b"), SetLab(policy="flag")) is None
    scene.process.outside(s.SetSysctl(subject="namespace:b", namespace="b", key="net.ipv4.ip_forward", value="1"))
    eventually(lambda: scene.lab.seen.drift == ("namespace:b",))
    scene.process.refuse = (s.DeleteNamespace,)
    assert scene.ann.edit(SetSysctl(namespace="a", key="net.ipv4.ip_forward", value="1")) is None
    assert scene.lab.seen.drift == ("namespace:b",)


def test_a_sysctl_that_was_not_stated_before(scene: Scene) -> None:
    """Under follow, where its baseline in the kernel must not pass for a change from outside."""
    assert scene.ann.edit(AddNamespace(name="a")) is None
    for namespace in ("a", "host"):
        assert scene.ann.edit(SetSysctl(namespace=namespace, key="net.ipv4.ip_forward", value="1")) is None
        assert scene.ann.edit(SetSysctl(namespace=namespace, key="net.ipv4.ip_forward", value="0")) is None
        assert scene.ann.edit(SetSysctl(namespace=namespace, key="net.ipv4.ip_forward", value="1")) is None
        assert scene.ann.edit(Undo()) is None
    scene.agree()


# ---- faults ----------------------------------------------------------------------------------------------------------


def test_a_refused_edit_changes_nothing(scene: Scene) -> None:
    scene.process.refuse = (s.AddNamespace,)
    problem = scene.ann.edit(AddNamespace(name="a"))
    assert problem is not None
    assert (problem.code, problem.message) == (Code.REFUSED, "Operation not permitted")
    scene.agree()
    assert names(scene.lab.desired) == {"host"}


def test_a_process_that_hangs_is_silent_and_is_live_again_when_it_answers(scene: Scene) -> None:
    scene.process.go.clear()
    scene.becomes("silent")
    info = scene.lab.info()
    assert info.silent_since is not None
    began = time.monotonic()
    problem = scene.ann.edit(AddNamespace(name="a"))
    assert problem is not None
    assert problem.code is Code.UNAVAILABLE
    assert time.monotonic() - began < 1
    scene.process.go.set()
    scene.becomes("live")
    assert scene.lab.info().silent_since is None
    assert scene.ann.edit(AddNamespace(name="a")) is None
    scene.agree()


def test_people_see_since_when_a_process_does_not_answer_that_was_asked_for_an_edit(scene: Scene) -> None:
    """It may be busy with it, so that the lab stays live and the edit is waited for."""
    scene.process.go.clear()
    asked = scene.ann.send("edit", lab="one", commands=msgspec.to_builtins((AddNamespace(name="a"),)))
    eventually(lambda: scene.lab.info().silent_since is not None)
    info = scene.lab.info()
    assert info.state == "live"
    assert info.silent_since is not None
    assert info.silent_since <= now(ago=2)
    scene.process.go.set()
    assert scene.ann.answer(asked).problem is None
    eventually(lambda: scene.lab.info().silent_since is None)
    scene.agree()


def test_a_silent_lab_can_be_stopped(scene: Scene) -> None:
    scene.process.go.clear()
    scene.becomes("silent")
    assert scene.ann.ask("stop").problem is None
    assert scene.lab.state == "stopped"
    assert scene.ann.ask("start").problem is None
    scene.agree()


def test_an_apply_that_ends_when_nobody_waits_any_more_is_undone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lab.connection.APPLY_SECONDS", 0.0)
    scene.process.delay = 6.0
    problem = scene.ann.edit(AddNamespace(name="a"))
    assert problem is not None
    assert problem.code is Code.UNAVAILABLE
    scene.process.delay = 0.0
    scene.becomes("live")
    eventually(lambda: names(scene.process.records) == {"host"})
    scene.agree()
    assert all(c.context.author != "terminal" for c in scene.lab.store.history_page().changes)


def test_a_lost_connection_comes_back(scene: Scene) -> None:
    assert scene.ann.edit(AddNamespace(name="a")) is None
    scene.process.lose()
    scene.process.model.do(add("b")[0])
    eventually(lambda: "b" in names(scene.lab.desired))
    scene.becomes("live")
    scene.agree()


def test_a_process_that_dies_is_started_again_from_the_document(scene: Scene) -> None:
    assert scene.ann.edit(AddNamespace(name="a")) is None
    process = scene.agent.labs.pop("one")
    process.lose()
    eventually(lambda: "one" in scene.agent.labs and names(scene.process.records) == {"host", "a"})
    scene.becomes("live")
    eventually(lambda: scene.ann.notices)


@pytest.mark.parametrize(
    "text", ["nonsense", '{"event": "applied", "id": 99999}', '{"event": "sighted", "id": 7, "sightings": []}', "\x00", "{}"]
)
def test_nonsense_does_not_end_it(scene: Scene, text: str) -> None:
    scene.process.say(text)
    time.sleep(0.2)
    scene.becomes("live")
    assert scene.ann.edit(AddNamespace(name="a")) is None
    scene.agree()


def test_an_unexpected_exception_has_a_number_in_the_log_and_in_the_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr("server.lab.carrying.plan", broken)
        problem = scene.ann.edit(AddNamespace(name="a"))
    assert problem is not None
    assert problem.code is Code.INTERNAL
    number = problem.message.rpartition("(error ")[2].rstrip(")")
    assert number in caplog.text
    assert "Traceback" in caplog.text
    assert scene.ann.edit(AddNamespace(name="a")) is None


# ---- requests --------------------------------------------------------------------------------------------------------


def test_what_waits_behind_a_destroy_is_answered(scene: Scene) -> None:
    scene.process.delay = 0.2
    ids = [scene.ann.send("edit", lab="one", commands=msgspec.to_builtins((AddNamespace(name="a"),)))]
    ids += [scene.ann.send("destroy", lab="one")]
    ids += [scene.ann.send("edit", lab="one", commands=msgspec.to_builtins((AddNamespace(name=f"n{n}"),))) for n in range(20)]
    answers = [scene.ann.answer(id) for id in ids]
    assert [a.problem is None for a in answers[:2]] == [True, True]
    assert all(a.problem is not None and a.problem.code is Code.UNKNOWN for a in answers[2:])


def test_sessions_take_turns_and_a_request_can_be_taken_back(scene: Scene) -> None:
    bob = Visitor(scene.hub, "bob")
    scene.process.delay = 0.05
    many = [scene.ann.send("edit", lab="one", commands=msgspec.to_builtins((AddNamespace(name=f"n{n}"),))) for n in range(20)]
    assert bob.edit(AddNamespace(name="mine")) is None
    assert sum(id in scene.ann.answers for id in many) < 10
    scene.ann.send("cancel", target=many[-1])
    cancelled = scene.ann.answer(many[-1])
    assert cancelled.problem is not None
    for id in many[:-1]:
        assert scene.ann.answer(id).problem is None
    assert "n19" not in names(scene.lab.desired)


def test_what_a_session_left_behind_is_not_begun(scene: Scene) -> None:
    bob = Visitor(scene.hub, "bob")
    scene.process.delay = 0.1
    ids = [bob.send("edit", lab="one", commands=msgspec.to_builtins((AddNamespace(name=f"n{n}"),))) for n in range(10)]
    scene.hub.disconnected(bob.session)
    for id in ids:
        bob.answer(id)
    assert scene.lab.queue.dropped >= 8
    scene.agree()


# ---- policies --------------------------------------------------------------------------------------------------------


def test_enforce_that_cannot_backs_off_and_says_it_once(scene: Scene) -> None:
    assert scene.ann.edit(SetLab(policy="enforce")) is None
    scene.process.refuse = (s.DeleteNamespace,)
    applies = scene.process.applies
    scene.process.outside(*add("b"))
    time.sleep(3.5)
    assert 1 <= scene.process.applies - applies <= 3
    assert len([n for n in scene.ann.notices if n.level == "error"]) == 1
    assert "namespace:b" in scene.lab.seen.drift
    scene.process.refuse = ()
    eventually(lambda: names(scene.process.records) == {"host"}, 20)
    scene.agree()


def test_what_cannot_be_enforced_now_is_enforced_later_also_after_an_edit(scene: Scene) -> None:
    assert scene.ann.edit(SetLab(policy="enforce")) is None
    scene.process.refuse = (s.DeleteNamespace,)
    scene.process.outside(*add("b"))
    eventually(lambda: "namespace:b" in scene.lab.seen.drift)
    assert scene.ann.edit(AddNamespace(name="mine")) is None
    scene.process.refuse = ()
    eventually(lambda: names(scene.process.records) == {"host", "mine"})
    scene.agree()


def test_flaps_are_one_history_entry(scene: Scene) -> None:
    assert scene.ann.edit(AddInterface(interface=Bridge(namespace="host", name="br0"))) is None
    before = len(scene.lab.store.history_page().changes)
    for n in range(10):
        scene.process.outside(s.SetUp(subject="interface:host/br0", namespace="host", name="br0", up=n % 2 == 1))
        time.sleep(0.1)
    scene.agree()
    changes = scene.lab.store.history_page().changes
    assert len(changes) == before + 1, [(c.context.author, c.diff.ids) for c in changes]


def test_flaps_in_turn_are_an_entry_each(scene: Scene) -> None:
    """Ten of each, not twenty."""
    for name in ("br0", "br1"):
        assert scene.ann.edit(AddInterface(interface=Bridge(namespace="host", name=name))) is None
    before = len(scene.lab.store.history_page().changes)
    for n in range(20):
        name = f"br{n % 2}"
        scene.process.outside(s.SetUp(subject=f"interface:host/{name}", namespace="host", name=name, up=n % 4 > 1))
        time.sleep(0.08)
    scene.agree()
    assert before < len(scene.lab.store.history_page().changes) <= before + 2


def test_undo_of_one_rule_among_many_that_iptables_prints_in_another_way(scene: Scene) -> None:
    """What a start adopts is no entry of the history: the rule is found by its number, and no other is lost."""
    rules = tuple(f"-s 10.0.{n // 256}.{n % 256} -j DROP" for n in range(300))
    document = {"vethboard": 1, "namespaces": {"host": {"filter": {"ipv4": {"filter": {"INPUT": {"rules": list(rules)}}}}}}}
    assert scene.ann.edit(ApplyDocument(document=document)) is None
    assert scene.ann.edit(AddRule(namespace="host", chain="INPUT", rule="-j ACCEPT", at=7)) is None
    text = "-s 10.0.0.200/32 -j DROP"
    assert scene.ann.edit(AddRule(namespace="host", chain="INPUT", rule="-j LOG", at=200)) is None
    lab, key = scene.lab, "chain:host/ipv4/filter/INPUT"

    def respell() -> None:
        chain = lab.desired[key]
        assert isinstance(chain, Chain)
        told = tuple(text if n in (198, 199, 200) else rule for n, rule in enumerate(chain.rules))
        lab._parts.document.desired = {**lab.desired, key: replace(chain, rules=told)}

    scene.lab.store.load()  # as after a restart: the history is read from the database
    lab.call(respell)
    draft = lab._parts.document.draft((Undo(),), Drift({}, ()))
    chain = draft.after[key]
    assert isinstance(chain, Chain)
    assert len(chain.rules) == 301
    lab.call(lambda: _shorten(lab, key))
    with pytest.raises(ProblemError) as e:
        lab._parts.document.draft((Undo(),), Drift({}, ()))
    assert e.value.problem.code is Code.CONFLICT


def _shorten(lab: Workspace, key: str) -> None:
    chain = lab.desired[key]
    assert isinstance(chain, Chain)
    lab._parts.document.desired = {**lab.desired, key: replace(chain, rules=chain.rules[:50])}


def test_undo_stands_alone(scene: Scene) -> None:
    problem = scene.ann.edit(AddNamespace(name="a"), Undo())
    assert problem is not None
    assert problem.code is Code.INVALID


def test_rules_from_both_sides(scene: Scene) -> None:
    assert scene.ann.edit(AddRule(namespace="host", chain="INPUT", rule="-s 1.1.1.1 -j DROP")) is None
    line = "-I INPUT 1 -s 2.2.2.2 -j DROP"
    scene.process.outside(
        s.ChangeTable(subject="chain:host/ipv4/filter/INPUT", namespace="host", family="ipv4", table="filter", lines=(line,))
    )
    assert scene.ann.edit(AddRule(namespace="host", chain="INPUT", rule="-s 3.3.3.3 -j DROP")) is None
    scene.agree()
    chain = scene.lab.desired["chain:host/ipv4/filter/INPUT"]
    assert isinstance(chain, Chain)
    assert [rule.split()[1] for rule in chain.rules] == ["2.2.2.2", "1.1.1.1", "3.3.3.3"]
