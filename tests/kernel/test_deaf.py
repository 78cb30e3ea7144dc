"""A lab whose reading fails, once or for a while, sees everything again by itself; and the log says what failed."""

import asyncio
import logging
import subprocess
from collections.abc import Callable
from unittest.mock import patch

import pytest

from agent.lab.kernel import Kernel
from agent.netlink.follow import Follower
from agent.netlink.watch import Watch
from agent.netlink.wire import NetlinkError, Refusal
from protocol import private as p
from topology.observe.facts import AnyFact
from topology.observe.observed import Observed


class Observer:
    """What a server knows: by the facts of changes, and by all of them where the lab says so."""

    def __init__(self) -> None:
        self.resyncs = 0
        self.refuse = False
        self.kernel = Kernel("legacy", self._facts, self._all)
        self.observed = Observed(self.kernel.baseline)
        self.observed.fold(self.kernel.everything())

    def _facts(self, facts: tuple[AnyFact, ...]) -> None:
        if self.refuse:
            self.refuse = False
            raise RuntimeError("the facts are lost on their way")
        if hasattr(self, "observed"):
            self.observed.fold(facts)

    def _all(self) -> None:
        self.resyncs += 1
        self.observed = Observed(self.kernel.baseline)
        self.observed.fold(self.kernel.everything())

    async def knows(self, *keys: str) -> None:
        await until(lambda: all(key in self.observed.records for key in keys))


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110  # what is waited for comes from the kernel
            await asyncio.sleep(0.01)


def ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True)


def fails(times: int, real: Callable[..., object], error: Exception) -> Callable[..., object]:
    """`real`, but for the first calls."""
    left = [times]

    def call(*args: object, **named: object) -> object:
        if left[0] > 0:
            left[0] -= 1
            raise error
        return real(*args, **named)

    return call


ERRORS = (NetlinkError(Refusal(16, "Device or resource busy")), OSError(12, "Cannot allocate memory"), KeyError("ours"))


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(
    ("where", "name"), [(Watch, "_decode"), (Watch, "_scan"), (Follower, "catch_up")],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 5])
def test_reading_that_fails(where: type, name: str, error: Exception, times: int, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        observer = Observer()
        real = getattr(where, name)
        call = fails(times, real, error)
        with patch.object(where, name, lambda *args: call(*args)):
            ip("netns", "add", "one")
            ip("link", "add", "br0", "type", "bridge")
            ip("netns", "add", "two")
            await observer.knows("namespace:one", "namespace:two", "interface:host/br0")

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    logged = [r for r in caplog.records if r.exc_info is not None and isinstance(r.exc_info[1], type(error))]
    assert logged, "nothing is logged"


def test_facts_that_are_lost_on_their_way_come_again() -> None:
    async def run() -> None:
        observer = Observer()
        observer.refuse = True
        ip("netns", "add", "one")
        await observer.knows("namespace:one")
        assert observer.resyncs >= 1

    asyncio.run(run())


def test_a_lab_that_is_told_to_look_again() -> None:
    """As after any callback of its loop that failed."""

    async def run() -> None:
        observer = Observer()
        for _ in range(20):
            observer.kernel.resynchronise()
        await until(lambda: observer.resyncs > 0)
        await asyncio.sleep(0.5)
        assert observer.resyncs == 1
        assert observer.kernel.apply(p.Apply(id=1, steps=())).problem is None

    asyncio.run(run())
