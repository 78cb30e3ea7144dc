"""A capture runs when tcpdump listens, and not before."""

import asyncio
from pathlib import Path

import pytest

from agent.capture import Captures
from agent.linux import mounts
from agent.linux.reaper import Reaper
from agent.netlink.namespaces import Namespaces
from protocol import private as p
from topology.observe.facts import AnyFact, CaptureFact

SLOW = '#!/bin/sh\ncase " $* " in *" -d "*) exit 0 ;; esac\nsleep 0.6\n%s\n'
"""In the place of tcpdump, which cannot change its user in the namespaces of these tests. With -d it only compiles the filter."""


LISTENS = ("echo tcpdump: listening on lo >&2; exec sleep 60", "")
FAILS = ("echo tcpdump: lo: no such device >&2; exit 1", "lo: no such device")


@pytest.mark.parametrize(("then", "problem"), [LISTENS, FAILS])
def test_it_runs_when_tcpdump_listens(then: str, problem: str) -> None:
    async def body() -> None:
        facts: list[AnyFact] = []
        answers: asyncio.Queue[p.AnyLabAnswer] = asyncio.Queue()
        captures = Captures(Namespaces(), Reaper(), facts.extend)
        started = p.StartCapture(id=7, interfaces=("host/lo",), filter="", snaplen=100, ring=1 << 20)
        assert captures.handle(started, answers.put_nowait) is None
        await asyncio.sleep(0.2)
        assert (answers.empty(), facts, captures.facts()) == (True, [], [])
        assert await answers.get() == p.CaptureStarted(id=7, capture="c1")
        told = captures.facts()[0]
        assert isinstance(told, CaptureFact)
        assert facts == [told]
        assert (told.running, told.interfaces[0].problem) == (not problem, problem)
        captures.handle(p.RemoveCapture(id=8, capture="c1"), answers.put_nowait)

    mounts.mount("tmpfs", "/usr/local/sbin", "tmpfs")
    script = Path("/usr/local/sbin/tcpdump")
    script.write_text(SLOW % then)
    script.chmod(0o755)
    asyncio.run(body())
