"""Server, agent and lab processes killed and stopped at random while people edit: what was acknowledged is kept, what was refused is not
there, the kernel is what the document says, nobody's edit passes for a shell's, and nothing is left over.

VETHBOARD_KILL_ROUNDS says how many rounds.
"""

import contextlib
import json
import os
import queue
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cli.client import Client
from protocol import public as q
from tests.leaks import left_over, machine
from tests.support import Stack, eventually
from topology.edit.commands import AddLink, AddNamespace, AddRule, AnyCommand, End, Place, Remove, SetInterface, SetLab
from topology.model.drawing import is_drawing
from topology.model.problems import Code, ProblemError
from topology.model.records import Namespace, Policy
from topology.observe.normal import drift

pytestmark = [pytest.mark.machine, pytest.mark.timeout(0)]
ROUNDS = int(os.environ.get("VETHBOARD_KILL_ROUNDS", "10"))
ANSWER_SECONDS, LIVE_SECONDS = 90.0, 60.0
LABS: tuple[tuple[str, Policy], ...] = (("follows", "follow"), ("enforces", "enforce"))


# ---- who edits -------------------------------------------------------------------------------------------------------


class Worker:
    """Makes and deletes namespaces of one lab, one after the other, on a thread of its own.

    `may`: by namespace, whether it may be there, and whether it may not. `done`: how often it succeeded. `wrong`: what must not happen.
    """

    def __init__(self, stack: Stack, lab: str, name: str, seed: int) -> None:
        self.stack, self.lab, self.name = stack, lab, name
        self.may: dict[str, set[bool]] = {}
        self.done = 0
        self.wrong: list[str] = []
        self._rng = random.Random(seed)
        self._count = 0
        self._goes, self._rests, self._ended = threading.Event(), threading.Event(), False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def go(self) -> None:
        self._rests.clear()
        self._goes.set()

    def pause(self) -> None:
        self._goes.clear()

    def rest(self) -> None:
        """Wait until nothing is under way. To be called after `pause`."""
        assert self._rests.wait(ANSWER_SECONDS + 10), f"{self.name} waits for an answer"

    def end(self) -> None:
        self._ended = True
        self.go()
        self._thread.join(ANSWER_SECONDS)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        while not self._ended:
            if not self._goes.is_set():
                self._rests.set()
                self._goes.wait()
                continue
            try:
                self._act()
            except Exception as e:  # reported by the next check
                self.wrong.append(f"{type(e).__name__}: {e}")
        self._leave()

    def _act(self) -> None:
        raise NotImplementedError

    def _leave(self) -> None:
        pass

    def _new(self) -> str:
        self._count += 1
        return f"{self.name}{self._count}"


class Person(Worker):
    """Edits, over a connection that may be lost: what was neither acknowledged nor refused may be there, or not."""

    def __init__(self, stack: Stack, lab: str, name: str, seed: int) -> None:
        self.codes: dict[str, int] = {}
        self.with_rule: set[str] = set()
        self._client: Client | None = None
        super().__init__(stack, lab, name, seed)

    def _act(self) -> None:
        self._edit(*self._choose())

    def _choose(self) -> tuple[Sequence[AnyCommand], dict[str, bool]]:
        there = [n for n, may in self.may.items() if may == {True}]
        if there and self._rng.random() < 0.15:
            link = self._rng.choice(there)
            return (SetInterface(interface=f"host/{link}", changes={"up": self._rng.random() < 0.5}),), {}
        if there and self._rng.random() < 0.2:
            return (Place(positions={self._rng.choice(there): (self._rng.randrange(99), 0)}),), {}
        if len(there) > 12 or (there and self._rng.random() < 0.35):
            gone = self._rng.sample(there, min(len(there), self._rng.choice((1, 1, 8))))
            return (Remove(ids=tuple(f"namespace:{n}" for n in gone)),), dict.fromkeys(gone, False)
        made = [self._new() for _ in range(self._rng.choice((1, 1, 1, 20)))]
        self.with_rule |= set(made) if len(made) == 1 else set()
        return [c for name in made for c in _built(name, len(made) == 1)], dict.fromkeys(made, True)

    def _edit(self, commands: Sequence[AnyCommand], after: dict[str, bool]) -> None:
        client = self._connected()
        if client is None:
            return
        before = {name: self.may.get(name, {False}) for name in after}
        self.may |= {name: {*before[name], is_there} for name, is_there in after.items()}
        answer = self._ask(client, tuple(commands))
        if answer is None:
            return
        if answer.problem is None:
            self.done += 1
            self.may |= {name: {is_there} for name, is_there in after.items()}
        else:
            self.codes[answer.problem.code] = self.codes.get(answer.problem.code, 0) + 1
            self.may |= before
            if answer.problem.code in (Code.INTERNAL, Code.INVALID, Code.UNKNOWN, Code.EXISTS):
                self.wrong.append(f"{[*after.items()][:3]}: {answer.problem}")
            time.sleep(0.05)

    def _connected(self) -> Client | None:
        if self._client is None:
            try:
                self._client = Client(self.stack.url, self.stack.token)
            except Exception:  # python-socketio has many for a server that goes just now
                time.sleep(0.05)
        return self._client

    def _leave(self) -> None:
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.__exit__()
        self._client = None

    def _ask(self, client: Client, commands: tuple[AnyCommand, ...]) -> q.Answer | None:
        """The answer; None where the connection was lost before it came."""
        id = client.next_id()
        end = time.monotonic() + ANSWER_SECONDS
        try:
            client.send(q.Edit(id=id, lab=self.lab, commands=commands))
            while True:
                event = client.receive(max(0.0, end - time.monotonic()))
                if isinstance(event, q.Answer) and event.id == id:
                    return event
        except queue.Empty:
            self.wrong.append(f"no answer for {ANSWER_SECONDS:.0f} s: {commands[:2]}")
        except Exception:  # the connection is lost; python-socketio has many for that
            pass
        self._leave()
        return None


class Shell(Worker):
    """A root shell in the lab, which needs neither server nor agent. Under follow what it does is kept, as long as the lab's process lives;
    under enforce nothing of it."""

    def _act(self) -> None:
        there = [n for n, may in self.may.items() if True in may]
        is_new = not there or self._rng.random() < 0.6
        name = self._new() if is_new else self._rng.choice(there)
        self.may[name] = {True, False}
        if self._runs("add" if is_new else "del", name) and self.lab == "follows":
            self.may[name] = {is_new}
            self.done += 1
        time.sleep(0.1)

    def _runs(self, verb: str, name: str) -> bool:
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            inside = ["nsenter", "-t", str(lab_pid(self.stack, self.lab)), "-U", "-m", "-n", "-p"]
            return subprocess.run([*inside, "ip", "netns", verb, name], capture_output=True, timeout=5).returncode == 0
        return False

    def lab_was_killed(self) -> None:
        """What was not taken over yet is gone; what was is made again."""
        self.may = {name: {True, False} for name in self.may}


def lab_pid(stack: Stack, lab: str) -> int:
    return int(json.loads((stack.run / "labs" / f"{lab}.json").read_text())["pid"])


def _built(name: str, with_rule: bool) -> list[AnyCommand]:
    """A namespace with a link to `host`, an address and a rule."""
    out: list[AnyCommand] = [AddNamespace(name=name)]
    out.append(AddLink(a=End(namespace="host", name=name), b=End(namespace=name, name="eth0", addresses=("10.1.0.1/24",))))
    return [*out, AddRule(namespace=name, chain="INPUT", rule="-s 10.9.0.0/16 -j DROP")] if with_rule else out


# ---- what goes wrong -------------------------------------------------------------------------------------------------


class Faults:
    """Kills and stops processes of a stack. `log`: what was done last."""

    def __init__(self, stack: Stack, rng: random.Random) -> None:
        self._stack, self._rng = stack, rng
        self.log: list[str] = []

    def _pid(self, who: str) -> int:
        if who in ("server", "agent"):
            return self._stack.child(who)
        return lab_pid(self._stack, who)

    def some(self) -> None:
        """One or two, a moment apart."""
        self.log = []
        targets = ("server", "server", "agent", *(lab for lab, _ in LABS))
        stopped: list[threading.Timer] = []
        for _ in range(self._rng.choice((1, 1, 2))):
            time.sleep(self._rng.uniform(0, 0.4))
            with contextlib.suppress(AssertionError, OSError, ValueError):  # it is being started again
                stopped += self._one(self._rng.choice(targets))
        for timer in stopped:
            timer.join()

    def _one(self, who: str) -> list[threading.Timer]:
        pid = self._pid(who)
        if self._rng.random() < 0.6:
            self.log.append(f"{who} killed")
            os.kill(pid, signal.SIGKILL)
            return []
        seconds = self._rng.choice((0.1, 0.5, 1.5, 6.0))
        self.log.append(f"{who} stopped for {seconds} s")
        os.kill(pid, signal.SIGSTOP)
        timer = threading.Timer(seconds, lambda: _continue(pid))
        timer.start()
        return [timer]


def _continue(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


# ---- what holds ------------------------------------------------------------------------------------------------------


class Checker:
    def __init__(self, stack: Stack, workers: Sequence[Worker]) -> None:
        self._stack, self._workers = stack, workers

    def check(self, where: str) -> None:
        for lab, _ in LABS:
            said: list[str] = []
            try:
                eventually(lambda lab=lab, said=said: self._agrees(lab, said), LIVE_SECONDS)  # type: ignore[misc]
            except (AssertionError, ProblemError) as e:
                raise AssertionError(f"{where}: lab {lab} is not as it should be: {said}") from e
            with self._stack.client() as client:
                self._acknowledged(client, lab, where)
                self._nobody_else(client, lab, where)

    def _agrees(self, lab: str, said: list[str]) -> bool:
        """It is live, and document, what is seen, and the kernel are the same."""
        said.clear()
        try:
            with self._stack.client() as client:
                found = _snapshot(client, lab)
                if found.info.state != "live":
                    said.append(f"{found.info.state} {found.info.problem}")
                    return False
                differing = drift(found.desired, found.observed)
                said.append(f"differs: {differing[:9]}")
                if differing:
                    return False
                names = _names(found) - {"host"}
                kernel = {line.split()[0] for line in _run(client, lab, "ip", "netns", "list").splitlines()}
                links = {line.split("@")[0] for line in _run(client, lab, "ip", "-br", "link", "show", "type", "veth").splitlines()}
                linked = {name for name in names if not name.startswith("s")}
                said.append(f"namespaces: {kernel ^ names}, links: {links ^ linked}")
                return kernel == names and links == linked
        except (ProblemError, queue.Empty) as e:
            said.append(str(e))
            return False

    def _acknowledged(self, client: Client, lab: str, where: str) -> None:
        found = _snapshot(client, lab)
        there = _names(found)
        for worker in self._workers:
            assert not worker.wrong, f"{where}: {worker.wrong}"
            if worker.lab != lab:
                continue
            wrong = {name: (name in there, may) for name, may in worker.may.items() if (name in there) not in may}
            assert not wrong, f"{where}: is there, may be there: {wrong}"
            for name in worker.may:
                worker.may[name] = {name in there}
            stray = {name for name in there if name.startswith(worker.name) and name not in worker.may}
            assert not stray, f"{where}: {stray}"
            ruled = there & worker.with_rule if isinstance(worker, Person) else set()
            bare = {name for name in ruled if f"chain:{name}/ipv4/filter/INPUT" not in found.desired}
            assert not bare, f"{where}: without their rules: {bare}"

    def _nobody_else(self, client: Client, lab: str, where: str) -> None:
        page = client.request(q.History(id=client.next_id(), lab=lab))
        assert isinstance(page, q.HistoryList)
        foreign = {
            key for c in page.changes if c.context.author == "terminal" for key in c.diff.ids if ":s" not in key and not is_drawing(key)
        }
        last = "\n".join(f"{c.context.author} {c.context.label}: {c.diff}" for c in page.changes[:12])
        assert not foreign, f"{where}: lab {lab}: taken for a shell's: {foreign}\n{last}"


def _snapshot(client: Client, lab: str) -> q.Snapshot:
    result = client.request(q.Open(id=client.next_id(), lab=lab))
    assert isinstance(result, q.Snapshot)
    return result


def _names(snapshot: q.Snapshot) -> set[str]:
    return {r.name for r in snapshot.desired.values() if isinstance(r, Namespace)}


def _run(client: Client, lab: str, *argv: str) -> str:
    out = bytearray()

    def take(item: q.AnyItem) -> None:
        if isinstance(item, q.Output):
            out.extend(item.data)

    client.request(q.Exec(id=client.next_id(), lab=lab, namespace="host", argv=argv), take)
    return out.decode()


@pytest.fixture
def own() -> Iterator[Stack]:
    before = machine()
    stack = Stack()
    try:
        yield stack
    finally:
        stack.close()
    assert not left_over(before, machine())
    assert not list(Path("/sys/fs/cgroup").rglob(f"*{stack.run.name}*"))


def test_random_kills_and_stops_under_load(own: Stack, seed: int) -> None:
    rng = random.Random(seed)
    with own.client() as client:
        for lab, policy in LABS:
            client.request(q.NewLab(id=client.next_id(), lab=lab))
            client.request(q.Edit(id=client.next_id(), lab=lab, commands=(SetLab(policy=policy),)))
    people = [Person(own, lab, name, seed + ord(name)) for (lab, _), names in zip(LABS, ("ab", "cd"), strict=True) for name in names]
    shells = [Shell(own, lab, "s", seed) for lab, _ in LABS]
    workers, faults = [*people, *shells], Faults(own, rng)
    checker = Checker(own, workers)
    for number in range(ROUNDS):
        _one_round(workers, faults, rng)
        for shell in shells:
            if f"{shell.lab} killed" in faults.log:
                shell.lab_was_killed()
        checker.check(f"seed {seed}, round {number} ({', '.join(faults.log)})")
        print(f"round {number}: {', '.join(faults.log)}; done {[w.done for w in workers]}", flush=True)
    for worker in workers:
        worker.end()
    print(f"{sum(p.done for p in people)} edits acknowledged; refused: {[p.codes for p in people]}")
    assert sum(p.done for p in people) > ROUNDS


def _one_round(workers: Sequence[Worker], faults: Faults, rng: random.Random) -> None:
    for worker in workers:
        worker.go()
    time.sleep(rng.uniform(0.1, 0.8))
    faults.some()
    time.sleep(rng.uniform(0, 0.5))
    for worker in workers:
        worker.pause()
    for worker in workers:
        worker.rest()
