"""The connections of a namespace that somebody looks at, when it goes and another one of its name comes."""

import asyncio
import os
import subprocess

from agent.lab.kernel import Kernel
from protocol import private as p
from topology.observe.facts import AnyFact, ConntrackFact, ConntrackGone


def _ip(verb: str) -> None:
    subprocess.run(["ip", "netns", verb, "a"], check=True)


def _sockets() -> int:
    return sum(
        os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")
        for fd in os.listdir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{fd}")
    )


def test_a_namespace_that_goes_and_comes_again() -> None:
    told: list[AnyFact] = []

    async def run() -> None:
        kernel = Kernel("nft", lambda facts: told.extend(facts))
        counts = []
        for _ in range(3):
            _ip("add")
            kernel.catch_up()
            told.clear()
            kernel.subscribe(p.Subscribe(id=1, namespaces=(), conntrack=("a",)))
            kernel.poll()
            assert [fact.ns for fact in told if isinstance(fact, ConntrackFact)] == ["a"], "also of the one that comes again"
            counts.append(_sockets())
            _ip("del")
            kernel.catch_up()
            told.clear()
            kernel.subscribe(p.Subscribe(id=2, namespaces=()))
            assert not [fact for fact in told if isinstance(fact, ConntrackGone)], "it is gone, and all of it with it"
        assert len(set(counts)) == 1

    asyncio.run(run())


def test_one_is_replaced_between_two_looks() -> None:
    told: list[AnyFact] = []

    async def run() -> None:
        kernel = Kernel("nft", lambda facts: told.extend(facts))
        _ip("add")
        kernel.catch_up()
        kernel.subscribe(p.Subscribe(id=1, namespaces=(), conntrack=("a",)))
        _ip("del")
        _ip("add")
        kernel.catch_up()
        told.clear()
        kernel.poll()
        assert [fact.ns for fact in told if isinstance(fact, ConntrackFact)] == ["a"]

    asyncio.run(run())
