"""Hundreds of random edits mixed with random changes from a shell, on a real kernel.

After each burst, when things are quiet: what the browser shows is what `ip -j` prints, and (under *follow*) the document
is what the kernel is.
"""

import os
import random
import time
from collections.abc import Callable

from cli.client import Client
from protocol.public import Edit, Exec, Exited, Input, Open, Output, Snapshot
from tests import oracle
from tests.support import Stack
from topology.edit.commands import (
    AddInterface,
    AddLink,
    AddNamespace,
    AddRoute,
    AnyCommand,
    End,
    MoveInterface,
    Redo,
    Remove,
    SetInterface,
    SetSysctl,
    Undo,
)
from topology.model.problems import Code, ProblemError
from topology.model.records import Bridge, Interface, Macvlan, Namespace, Records, Route
from topology.observe.normal import drift

BURSTS = int(os.environ.get("VETHBOARD_RANDOM_BURSTS", "25"))
PER_BURST = 10


class Player:
    """Does one random thing after another, by the protocol or in a shell."""

    def __init__(self, client: Client, lab: str, rng: random.Random) -> None:
        self.client, self.lab, self.rng = client, lab, rng

    def snapshot(self) -> Snapshot:
        result = self.client.request(Open(id=self.client.next_id(), lab=self.lab))
        assert isinstance(result, Snapshot)
        return result

    def inside(self, namespace: str, argv: tuple[str, ...]) -> str:
        out: list[bytes] = []
        request = Exec(id=self.client.next_id(), lab=self.lab, namespace=namespace, argv=argv)
        self.client.send(request)
        self.client.send(Input(id=self.client.next_id(), target=request.id, eof=True))
        result = self.client.wait(request.id, lambda item: out.append(item.data) if isinstance(item, Output) and item.stream == 1 else None)
        assert isinstance(result, Exited)
        return b"".join(out).decode()

    def some(self, records: Records, kind: type[Interface] | type[Namespace]) -> Interface | Namespace | None:
        found = [r for r in records.values() if isinstance(r, kind) and not (isinstance(r, Interface) and r.name == "lo")]
        return self.rng.choice(sorted(found, key=lambda r: r.id)) if found else None

    def namespace(self, records: Records) -> str:
        found = self.some(records, Namespace)
        assert isinstance(found, Namespace)
        return found.name

    def address(self) -> str:
        return f"10.{self.rng.randrange(3)}.{self.rng.randrange(3)}.{self.rng.randrange(1, 250)}/24"

    def command(self, records: Records) -> AnyCommand | None:
        rng, one = self.rng, self.some(records, Interface)
        name = f"{rng.choice(['a', 'b', 'c', 'd'])}{rng.randrange(6)}"
        makers: list[Callable[[], AnyCommand]] = [
            lambda: AddNamespace(name=f"ns{rng.randrange(6)}"),
            lambda: AddLink(
                a=End(namespace=self.namespace(records), addresses=(self.address(),)),
                b=End(namespace=self.namespace(records), up=rng.random() < 0.5),
            ),
            lambda: AddInterface(interface=Bridge(namespace=self.namespace(records), name=f"br{rng.randrange(3)}")),
            lambda: SetSysctl(namespace=self.namespace(records), key="net.ipv4.ip_forward", value=rng.choice(["0", "1", None])),
            lambda: AddRoute(route=Route(namespace=self.namespace(records), to=f"10.9.{rng.randrange(4)}.0/24", type="blackhole")),
            Undo,
            Redo,
        ]
        if isinstance(one, Interface):
            interface = one
            bridges = [r.name for r in records.values() if isinstance(r, Bridge) and r.namespace == interface.namespace]
            changes: list[dict[str, object]] = [
                {"up": rng.random() < 0.6},
                {"mtu": rng.choice([1500, 1400, 9000, 1280])},
                {"addresses": [self.address() for _ in range(rng.randrange(3))]},
                {"mac": f"02:00:00:00:00:{rng.randrange(1, 255):02x}"},
                {"master": rng.choice([None, *bridges])},
            ]
            makers += [lambda: SetInterface(interface=interface.ref, changes=rng.choice(changes))] * 4
            makers += [
                lambda: MoveInterface(interface=interface.ref, namespace=self.namespace(records)),
                lambda: MoveInterface(interface=interface.ref, namespace=interface.namespace, name=name),
                lambda: Remove(ids=(interface.id,)),
                lambda: Remove(ids=(f"namespace:{self.namespace(records)}",)),
                lambda: AddInterface(interface=Macvlan(namespace=self.namespace(records), name=name, parent=interface.ref)),
                lambda: AddRoute(route=Route(namespace=interface.namespace, to=f"10.8.{rng.randrange(4)}.0/24", dev=interface.name)),
            ]
        return rng.choice(makers)()

    def edit(self, records: Records) -> None:
        command = self.command(records)
        if command is None:
            return
        print(command)
        try:
            self.client.request(Edit(id=self.client.next_id(), lab=self.lab, commands=(command,)))
        except ProblemError as e:
            if e.problem.code is Code.INTERNAL:
                raise

    def shell(self, records: Records) -> None:
        rng, one = self.rng, self.some(records, Interface)
        ns, other = self.namespace(records), self.namespace(records)
        lines = [
            f"ip netns add ns{rng.randrange(6)}",
            f"ip netns del ns{rng.randrange(6)}",
            "ip link add type veth",
            "ip link add br7 type bridge",
            "sysctl -qw net.ipv4.ip_forward=1",
        ]
        where = ns
        if isinstance(one, Interface):
            where = one.namespace
            to = "" if other == "host" else f"netns {other}"
            lines += [
                f"ip link set {one.name} {rng.choice(['up', 'down'])}",
                f"ip addr add {self.address()} dev {one.name}",
                f"ip addr flush dev {one.name}",
                f"ip link set {one.name} mtu {rng.choice([1300, 1500])}",
                f"ip link set {one.name} {to}" if to else "true",
                f"ip link del {one.name}",
                f"ip link set {one.name} name x{rng.randrange(5)}",
                f"ip route add 10.7.{rng.randrange(4)}.0/24 dev {one.name}",
                f"ip link set {one.name} {rng.choice(['nomaster', 'master br7', 'master br0'])}",
            ]
        line = rng.choice(lines)
        # under `ip netns exec` the mount that ip netns makes is seen by nobody else: in host it is as in a lab's terminal
        print(where, line)
        self.inside("host" if line.startswith("ip netns") else where, ("sh", "-c", line + " 2>/dev/null"))

    def settle(self) -> Snapshot:
        """Until document and kernel agree (at most 15 s; then whatever there is, for the assertion to show)."""
        until = time.monotonic() + 15
        while True:
            snapshot = self.snapshot()
            if self._agrees(snapshot) or time.monotonic() > until:
                return snapshot
            time.sleep(0.1)

    def _agrees(self, snapshot: Snapshot) -> bool:
        """A namespace that was listed may be deleted before it is asked: then not everything is settled."""
        try:
            kernel = oracle.kernel(self.inside)
        except ProblemError:
            return False
        return not drift(snapshot.desired, snapshot.observed) and kernel == oracle.shown(snapshot.observed, snapshot.live)


def test_random_edits_and_random_outside_changes(stack: Stack, lab: str, seed: int) -> None:
    print(f"seed {seed}")
    with stack.client() as client:
        player = Player(client, lab, random.Random(seed))
        for burst in range(BURSTS):
            for _ in range(PER_BURST):
                observed = player.snapshot().observed
                (player.edit if player.rng.random() < 0.6 else player.shell)(observed)
            snapshot = player.settle()
            assert oracle.shown(snapshot.observed, snapshot.live) == oracle.kernel(player.inside), f"seed {seed}, burst {burst}"
            wrong = {key: (snapshot.desired.get(key), snapshot.observed.get(key)) for key in drift(snapshot.desired, snapshot.observed)}
            assert not wrong, f"seed {seed}, burst {burst}"
