"""Terminals over the real sockets: shells that outlive their viewers and the server, floods, sizes, bytes that are no text."""

from cli.client import Client
from protocol.public import Open, Snapshot
from tests.integration.terminal_client import Shown, close_terminal, open_terminal
from tests.support import Stack
from topology.observe.live import TerminalLive


def terminals(client: Client, lab: str) -> list[str]:
    """Those that anybody who opens the lab now is shown."""
    result = client.request(Open(id=client.next_id(), lab=lab))
    assert isinstance(result, Snapshot)
    return [record.terminal for record in result.live.values() if isinstance(record, TerminalLive)]


def test_a_shell_in_a_namespace(stack: Stack, lab: str) -> None:
    stack.inside(lab, "host", "ip", "netns", "add", "ns0")
    with stack.client() as client:
        shown = Shown(client, lab, open_terminal(client, lab, "ns0"), rows=30, columns=100)
        shown.wait(b"ns0")
        shown.type("echo I am $(hostname) at $PWD, $(stty size), $(ip netns identify $$)\r")
        shown.wait(b"I am ns0 at /home/ns0, 30 100, ns0")
        shown.type("exit 3\r")
        while shown.state.code is None:
            shown.pump(0.1)
        assert shown.state.code == 3


def test_who_types_last_decides_the_size(stack: Stack, lab: str) -> None:
    with stack.client() as client, stack.client() as other:
        terminal = open_terminal(client, lab)
        one, two = Shown(client, lab, terminal, 24, 80), Shown(other, lab, terminal, 40, 120)
        one.type("echo from-$((1+1))\r")
        one.wait(b"from-2\r")
        two.wait(b"from-2\r")
        assert (two.state.rows, two.state.columns, two.state.drives) == (24, 80, False)
        two.type("stty size\r")
        one.wait(b"40 120")
        one.pump(0.1)
        assert (one.state.rows, one.state.drives) == (40, False)
        for rows, columns in ((1, 1), (1000, 1000), (0, 99999)):
            two.resize(rows, columns)
        two.resize(24, 80)
        two.type("\rclear; echo still-$((2+2))\r")
        two.wait(b"still-4\r")


def test_bytes_that_are_no_text_come_through(stack: Stack, lab: str) -> None:
    with stack.client() as client:
        shown = Shown(client, lab, open_terminal(client, lab))
        shown.type(r"printf '\xff\xfe\x80<\xc3\x28>\n'" + "\r")
        shown.wait(b"\xff\xfe\x80<\xc3\x28>")


def test_a_shell_with_something_running_is_kept(stack: Stack, lab: str) -> None:
    with stack.client() as client:
        idle, busy = open_terminal(client, lab), open_terminal(client, lab)
        shown = Shown(client, lab, busy)
        shown.type("sleep 1000 & sleep 1001\r")
        shown.wait(b"[1]")
        shown.pump(0.3)
        assert close_terminal(client, lab, idle) == ()
        assert terminals(client, lab) == [busy]
        assert sorted(close_terminal(client, lab, busy)) == ["sleep 1000", "sleep 1001"]
        assert close_terminal(client, lab, busy, force=True) == ()
        while shown.state.code is None:
            shown.pump(0.1)
        shown.detach()  # forgotten already when it was closed
    assert "sleep" not in stack.inside(lab, "host", "ps", "-e", "-o", "args")
