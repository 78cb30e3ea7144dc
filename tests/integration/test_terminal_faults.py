"""What terminals must bear: server and agent killed while twenty are open, a gigabyte at once, viewers who take nothing."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.client import Client
from protocol import frames
from protocol.limits import ACK_WINDOW_BYTES
from tests.integration.terminal_client import Shown, close_terminal, open_terminal
from tests.support import Stack
from topology.model.problems import ProblemError

MB = 1 << 20


@pytest.fixture
def own() -> Iterator[Stack]:
    """A Vethboard of its own, whose parts are killed."""
    stack = Stack()
    yield stack
    stack.close()


def again(stack: Stack, lab: str, terminal: str) -> Shown:
    """Attached anew, as soon as there is a server, an agent and a lab to attach to."""
    end = time.monotonic() + 30
    while True:
        try:
            shown = Shown(stack.client(), lab, terminal)
            for _ in range(20):
                shown.pump(0.05)
                if shown.screens:
                    return shown
        except ProblemError:
            pass
        assert time.monotonic() < end
        time.sleep(0.1)


def test_twenty_terminals_come_back_with_their_screens(own: Stack) -> None:
    own.cli("new", "busy")
    with own.client() as client:
        names = [open_terminal(client, "busy") for _ in range(20)]
        for number, name in enumerate(names):
            shown = Shown(client, "busy", name)
            shown.type(f"echo I-am-$(({number}+100))\r")
            shown.wait(b"I-am-%d\r" % (number + 100))
        shown.type("vim /etc/bash.bashrc\r")
        shown.wait(b"Every interactive shell")
    for module in ("server", "agent"):
        own.kill(module)
        for number, name in enumerate(names[:-1]):
            shown = again(own, "busy", name)
            assert b"I-am-%d\r" % (number + 100) in shown.text
            shown.client.__exit__()
    shown = again(own, "busy", names[-1])
    shown.wait(b"Every interactive shell")
    shown.type("\x1b:q\r")
    shown.wait(b"\x1b[?1049l")
    shown.pump(0.3)
    shown.type("echo still-$((40+2))\r")
    shown.wait(b"still-42\r")
    shown.client.__exit__()


def rss(pid: int) -> int:
    """Bytes of memory that a process has for itself (proc_pid_smaps(5))."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) << 10 for row in rows if row.startswith("Private"))


def lab_process(stack: Stack) -> int:
    note = next((stack.run / "labs").glob("*.json")).read_text()
    return int(note.split('"pid":')[1].split(",")[0])


def test_a_gigabyte_for_someone_who_takes_nothing_fills_no_memory(own: Stack) -> None:
    own.cli("new", "flood")
    with own.client() as client, own.client() as other:
        shown = Shown(client, "flood", open_terminal(client, "flood"), takes=False)
        shown.wait(b"flood")
        watched = [own.child("server"), own.child("agent"), lab_process(own)]
        before = [rss(pid) for pid in watched]
        shown.type("head -c 1000000000 /dev/zero | tr '\\0' 'x'; echo all-$((1+1))\r")
        shown.pump(3)
        after = [rss(pid) for pid in watched]
        assert shown.got <= ACK_WINDOW_BYTES + MB
        assert all(b - a < 8 * MB for a, b in zip(before, after, strict=True)), (before, after)
        # the rest of the lab goes on meanwhile: another shell, and an edit
        _still(other)
        own.cli("netns", "flood", "add", "ns0")
        # and so does he, once he takes again
        shown.type("\x03")
        shown.takes = True
        client.frame(shown.channel, frames.ACK, frames.pack_count(shown.got))
        shown.type("\recho here-$((2+3))\r")
        shown.wait(b"here-5\r", 60)


def _still(client: Client) -> None:
    shown = Shown(client, "flood", open_terminal(client, "flood"))
    shown.type("echo fine-$((3+4))\r")
    shown.wait(b"fine-7\r", 10)


def test_a_flood_that_nobody_watches_goes_on_slowly_and_keeps_its_end(own: Stack) -> None:
    own.cli("new", "flood")
    with own.client() as client:
        terminal = open_terminal(client, "flood")
        shown = Shown(client, "flood", terminal)
        shown.type("seq 3000000; echo over-$((5+6)) > /tmp/over\r")
        shown.wait(b"1000\r")
        shown.detach()
        lab, before = lab_process(own), rss(lab_process(own))
        end = time.monotonic() + 60
        while own.cli("exec", "flood", "host", "--", "cat", "/tmp/over", code=None) == "":
            assert time.monotonic() < end
            time.sleep(0.3)
        assert rss(lab) - before < 6 * MB
        shown = Shown(client, "flood", terminal)
        shown.wait(b"3000000\r")
        assert shown.got < 3 * MB
        assert close_terminal(client, "flood", terminal) == ()
