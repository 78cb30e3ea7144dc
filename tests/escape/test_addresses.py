"""The first process of a lab has an address layout of its own: an address that is found out in it says nothing of the root agent's."""

import os
import re
from pathlib import Path

from agent.linux import pids
from tests.support import Stack


def layout(pid: int) -> set[str]:
    """Where the C library and the heap are."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {line.split("-")[0] for line in lines if re.search(r"libc[.-].*so|\[heap\]|\[stack\]", line)}


def lab_pid(stack: Stack, lab: str) -> int:
    found = re.search(r'"pid":(\d+)', (stack.run / f"labs/{lab}.json").read_text())
    assert found is not None
    return int(found[1])


def test_a_lab_and_the_agent_share_no_addresses(stack: Stack, lab: str) -> None:
    agent, first = layout(stack.child("agent")), layout(lab_pid(stack, lab))
    assert agent
    assert first
    assert not agent & first


def test_a_process_that_is_only_forked_shares_them() -> None:
    """The control: so it was once."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(read, 1)
        os._exit(0)
    try:
        assert layout(child) & layout(os.getpid())
    finally:
        os.write(write, b"x")
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)


def test_a_lab_knows_nothing_of_the_agent(stack: Stack, lab: str) -> None:
    """Its command line, which every process of the lab may read, names no path of the machine."""
    words = stack.inside(lab, "host", "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline")
    assert "lab_starter" in words
    assert str(stack.run) not in words
    assert pids.started(lab_pid(stack, lab)) is not None
