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


@pytest.mark.parametrize("then, problem", [("echo tcpdump: listening on lo >&2; exec sleep 60", ""), ("echo tcpdump: lo: no such device >&2; exit 1", "lo: no such device")])
def test_it_runs_when_tcpdump_listens(then: str, problem: str) -> None:
    async def body() -> None:
        mounts.mount("tmpfs", "/usr/local/sbin", "tmpfs")
        script = Path("/usr/local/sbin/tcpdump")
        script.write_text(SLOW % then)
        script.chmod(0o755)
        facts: list[AnyFact] = []
        answers: list[p.AnyLabAnswer] = []
        captures = Captures(Namespaces(), Reaper(), facts.extend)
        started = p.StartCapture(id=7, interfaces=("host/lo",), filter="", snaplen=100, ring=1 << 20)
        assert captures.handle(started, answers.append) is None
        await asyncio.sleep(0.2)
        assert (answers, facts, captures.facts()) == ([], [], [])
        while not answers:
            await asyncio.sleep(0.001)
        assert answers == [p.CaptureStarted(id=7, capture="c1")]
        told = captures.facts()[0]
        assert isinstance(told, CaptureFact)
        assert facts == [told]
        assert (told.running, told.interfaces[0].problem) == (not problem, problem)
        captures.handle(p.RemoveCapture(id=8, capture="c1"), answers.append)

    asyncio.run(body())
