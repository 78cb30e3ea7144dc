"""What several people and shells do to a lab, at random and for as long as they are let: each a thread with a connection of its own."""

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence

from cli.client import Client
from protocol import public as q
from tests.integration.terminal_client import Shown
from tests.support import Stack
from topology.edit import commands as c
from topology.model import ids
from topology.model.problems import ProblemError
from topology.model.records import Bridge, Chain, Namespace

LAB = "soak"
NAMESPACES = 25
"""So many at most: the lab itself does not grow."""
EXPECTED = {"conflict", "refused", "exists", "unknown", "invalid", "unavailable", "limit"}
"""Codes with which an edit may be refused where several edit at random. Anything else is a fault."""


def furnish(client: Client) -> None:
    """Make as many namespaces as there will be all the time, about."""
    made = [command for n in range(NAMESPACES - 5) for command in built(f"n{n}", n)]
    client.request(q.Edit(id=client.next_id(), lab=LAB, commands=tuple(made)))


def built(name: str, net: int) -> Sequence[c.AnyCommand]:
    """A namespace with a link to `host`."""
    inside = c.End(namespace=name, name="eth0", addresses=(f"10.0.{net}.1/24",))
    return [c.AddNamespace(name=name), c.AddLink(a=c.End(namespace="host", name=f"v{name}"), b=inside)]


class Person:
    """Does one of `actions` after the other. `done`: how many. `wrong`: what should not have happened."""

    def __init__(self, stack: Stack, seed: int, pause: float) -> None:
        self.stack, self.rng, self._pause = stack, random.Random(seed), pause
        self.done, self.refused, self.wrong = 0, 0, list[str]()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=type(self).__name__, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join(60)
        if self._thread.is_alive():
            self.wrong.append("does not come to an end")

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                with self.stack.client() as client:
                    self.arrive(client)
                    for _ in range(self.rng.randrange(20, 200)):
                        if self._over.is_set():
                            break
                        self._one(client)
            except Exception as e:
                self.wrong.append(f"{type(e).__name__}: {e}")
                time.sleep(1)

    def _one(self, client: Client) -> None:
        try:
            self.act(client)
            self.done += 1
        except ProblemError as e:
            self.refused += 1
            if e.problem.code not in EXPECTED:
                self.wrong.append(str(e.problem))
        self._over.wait(self._pause * self.rng.random() * 2)

    def arrive(self, client: Client) -> None:
        """After it has connected."""
        client.request(q.Open(id=client.next_id(), lab=LAB))

    def act(self, client: Client) -> None:
        """Do one thing. Raises ProblemError."""
        raise NotImplementedError


def snapshot(client: Client) -> q.Snapshot:
    result = client.request(q.Open(id=client.next_id(), lab=LAB))
    assert isinstance(result, q.Snapshot)
    return result


def run(client: Client, *argv: str, namespace: str = "host") -> None:
    client.request(q.Exec(id=client.next_id(), lab=LAB, namespace=namespace, argv=argv))


class Editor(Person):
    """Edits of all sorts, undo and redo."""

    def act(self, client: Client) -> None:
        found = snapshot(client)
        names = [r.name for r in found.desired.values() if isinstance(r, Namespace) and r.name != "host"]
        commands = self._choose(names, [r for r in found.desired.values() if isinstance(r, Chain) and r.rules])
        client.request(q.Edit(id=client.next_id(), lab=LAB, commands=tuple(commands), base=found.revision))

    def _choose(self, names: list[str], chains: list[Chain]) -> Sequence[c.AnyCommand]:
        rng = self.rng
        if len(names) < 3 or (len(names) < NAMESPACES and rng.random() < 0.2):
            return built(f"n{rng.randrange(10_000)}", rng.randrange(250))
        name = rng.choice(names)
        if len(names) >= NAMESPACES or rng.random() < 0.1:
            return [c.Remove(ids=(ids.namespace(name),))]
        if chains and rng.random() < 0.15:
            chain = rng.choice(chains)
            key = {"namespace": chain.namespace, "family": chain.family, "table": chain.table, "chain": chain.name}
            return [c.RemoveRules(**key, rules=(c.NumberedRule(at=1, was=chain.rules[0]),))]  # type: ignore[arg-type]  # as the record says
        return [rng.choice(self._small(name))]

    def _small(self, name: str) -> Sequence[c.AnyCommand]:
        rng = self.rng
        return [
            c.Place(positions={name: (rng.randrange(900), rng.randrange(900))}),
            c.SetInterface(interface=f"{name}/eth0", changes={"mtu": rng.randrange(1280, 1500)}),
            c.SetInterface(interface=f"host/v{name}", changes={"up": rng.random() < 0.7}),
            c.AddRule(namespace=name, chain="INPUT", rule=f"-s 10.{rng.randrange(250)}.0.0/16 -j DROP"),
            c.SetSysctl(namespace=name, key="net.ipv4.ip_forward", value=str(rng.randrange(2))),
            c.AddInterface(interface=Bridge(namespace=name, name=f"br{rng.randrange(3)}")),
            c.Remove(ids=(ids.interface(f"{name}/br{rng.randrange(3)}"),)),
            c.Undo(), c.Undo(), c.Redo(),
        ]  # fmt: skip


class Shell(Person):
    """Commands in the lab that the document follows, and interfaces that flap."""

    def act(self, client: Client) -> None:
        name = f"sh{self.rng.randrange(5)}"
        line = self.rng.choice(
            (
                f"ip link add {name} type bridge 2>/dev/null || ip link del {name}",
                f"ip netns add {name} 2>/dev/null || ip netns del {name}",
                f"ip link add {name} type dummy 2>/dev/null; for i in $(seq 20); do ip link set {name} up; ip link set {name} down; done",
                f"iptables -A FORWARD -s 10.9.{self.rng.randrange(99)}.0/24 -j DROP; iptables -F FORWARD",
                "ping -c 1 -W 1 127.0.0.1",
            )
        )
        run(client, "sh", "-c", line)


class Inspector(Person):
    """Looks at counters, connections and processes of changing namespaces."""

    def act(self, client: Client) -> None:
        names = [r.name for r in snapshot(client).desired.values() if isinstance(r, Namespace)]
        some = tuple(self.rng.sample(names, min(len(names), 3)))
        client.request(q.Subscribe(id=client.next_id(), lab=LAB, namespaces=some, filters=some, conntrack=some, traffic=tuple(names)))
        client.request(q.History(id=client.next_id(), lab=LAB))
        end = time.monotonic() + 2
        with contextlib.suppress(queue.Empty):
            while (left := end - time.monotonic()) > 0:
                client.receive(left)


class Typist(Person):
    """Opens terminals, types, leaves, closes them."""

    def act(self, client: Client) -> None:
        opened = client.request(q.OpenTerminal(id=client.next_id(), lab=LAB, namespace="host"))
        assert isinstance(opened, q.TerminalOpened)
        shown = Shown(client, LAB, opened.terminal)
        shown.pump(0.3)
        shown.type("seq 500; ip -br link\n")
        shown.pump(0.5)
        client.request(q.DetachTerminal(id=client.next_id(), channel=shown.channel))
        client.request(q.CloseTerminal(id=client.next_id(), lab=LAB, terminal=opened.terminal, force=True))


class Watcher(Person):
    """Captures, and reads what was captured."""

    def arrive(self, client: Client) -> None:
        run(client, "ip", "link", "set", "lo", "up")

    def act(self, client: Client) -> None:
        started = client.request(q.StartCapture(id=client.next_id(), lab=LAB, interfaces=("host/lo",), filter="icmp"))
        assert isinstance(started, q.CaptureStarted)
        run(client, "ping", "-c", "3", "-i", "0.05", "127.0.0.1")
        client.request(q.ReadCapture(id=client.next_id(), lab=LAB, capture=started.capture))
        client.request(q.RemoveCapture(id=client.next_id(), lab=LAB, capture=started.capture))


class Teacher(Person):
    """Makes labs, hands out tokens, starts, stops and destroys them."""

    def arrive(self, client: Client) -> None:
        client.request(q.ListLabs(id=client.next_id()))

    def act(self, client: Client) -> None:
        lab = f"class-{self.rng.randrange(10_000)}"
        client.request(q.NewLab(id=client.next_id(), lab=lab))
        try:
            client.request(q.Edit(id=client.next_id(), lab=lab, commands=(c.AddNamespace(name="a"),)))
            client.request(q.StopLab(id=client.next_id(), lab=lab))
            client.request(q.StartLab(id=client.next_id(), lab=lab))
        finally:
            client.request(q.DestroyLab(id=client.next_id(), lab=lab))


def people(stack: Stack, seed: int) -> list[Person]:
    kinds: tuple[tuple[Callable[[Stack, int, float], Person], float], ...] = (
        (Editor, 0.1), (Editor, 0.2), (Editor, 0.3), (Shell, 0.3), (Inspector, 0.3), (Typist, 1.0), (Watcher, 2.0), (Teacher, 3.0),
    )  # fmt: skip
    return [kind(stack, seed + number, pause) for number, (kind, pause) in enumerate(kinds)]
