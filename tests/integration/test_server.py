"""What two clients of one server see of each other, and what the history does to the running kernel."""

import pytest
import socketio
from socketio.exceptions import ConnectionError

from cli.client import Client
from protocol.public import Answer, Done, Edit, EndProcess, Export, Exported, Open, Snapshot
from tests.support import Stack, eventually
from topology.edit.commands import AddNamespace, AnyCommand, Redo, SetInterface, Undo
from topology.model.problems import Code, ProblemError


def edit(client: Client, lab: str, *commands: AnyCommand, base: int | None = None) -> Done:
    result = client.request(Edit(id=client.next_id(), lab=lab, commands=commands, base=base))
    assert isinstance(result, Done)
    return result


def test_two_that_edit_the_same_thing(stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    with stack.client() as one, stack.client() as other:
        seen = one.request(Open(id=one.next_id(), lab=lab))
        assert isinstance(seen, Snapshot)
        edit(other, lab, SetInterface(interface="ns0/veth0", changes={"mtu": 1400}), base=seen.revision)
        with pytest.raises(ProblemError) as refused:
            edit(one, lab, SetInterface(interface="ns0/veth0", changes={"mtu": 1300}), base=seen.revision)
        assert refused.value.problem.code is Code.CONFLICT
        assert refused.value.problem.subject == "interface:ns0/veth0"
        assert "mtu 1400" in stack.inside(lab, "ns0", "ip", "link", "show", "veth0")
        edit(one, lab, AddNamespace(name="mine"), base=seen.revision)
        edit(one, lab, SetInterface(interface="ns0/veth0", changes={"up": False}), base=seen.revision)


def test_an_edit_of_several_commands_is_all_or_nothing(stack: Stack, lab: str) -> None:
    with stack.client() as client:
        before = client.request(Export(id=client.next_id(), lab=lab))
        assert isinstance(before, Exported)
        with pytest.raises(ProblemError):
            edit(client, lab, AddNamespace(name="ns0"), AddNamespace(name="ns0"))
        after = client.request(Export(id=client.next_id(), lab=lab))
        assert before == after
        assert stack.inside(lab, "host", "ip", "netns", "list") == ""


def test_undo_brings_back_what_the_kernel_took_along(stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-subnets-router.json")
    with stack.client() as client:
        routes = stack.inside(lab, "left", "ip", "route")
        edit(client, lab, SetInterface(interface="left/eth0", changes={"up": False}))
        assert "default" not in stack.inside(lab, "left", "ip", "route")
        edit(client, lab, Undo())
        assert stack.inside(lab, "left", "ip", "route") == routes
        edit(client, lab, Redo())
        assert "default" not in stack.inside(lab, "left", "ip", "route")


@pytest.mark.parametrize(
    ("headers", "auth"),
    [
        ({"Origin": "http://evil.example"}, {"token": "right"}),
        ({}, {"token": "wrong"}),
        ({}, {}),
        ({"Origin": "http://evil.example", "Cookie": "vethboard=right"}, {}),
    ],
    ids=["another origin", "wrong token", "no token", "another origin with our cookie"],
)
def test_strangers_are_refused(stack: Stack, headers: dict[str, str], auth: dict[str, str]) -> None:
    client = socketio.Client(reconnection=False)
    headers = {key: value.replace("right", stack.token) for key, value in headers.items()}
    auth = {key: value.replace("right", stack.token) for key, value in auth.items()}
    with pytest.raises(ConnectionError):
        client.connect(stack.url, headers=headers, auth=auth, transports=["websocket"], wait_timeout=5)


def test_nonsense_is_answered(stack: Stack) -> None:
    with stack.client() as client:
        for text in ('{"type": "fly", "id": "a"}', '{"id": "a"}', "nonsense", '{"type": "open", "id": "a", "lab": 3}'):
            client._io.emit("request", text)
            answer = client.receive(timeout=5)
            assert isinstance(answer, Answer)
            assert answer.problem is not None
            assert answer.problem.code is Code.INVALID


def says(stack: Stack, lab: str, words: str, *command: str) -> None:
    """Wait until a command in ns0 says it."""
    eventually(lambda: words in stack.inside(lab, "ns0", *command))


def test_enforce_puts_back_what_a_shell_did(stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    stack.cli("policy", lab, "enforce")
    document = stack.cli("export", lab)
    stack.inside(lab, "ns0", "sh", "-ec", "ip link set veth0 down mtu 1300; ip addr flush dev veth0; sysctl -qw net.ipv4.ip_forward=1")
    stack.inside(lab, "host", "ip", "netns", "add", "stray")
    says(stack, lab, "10.0.1.1/24", "ip", "-br", "address", "show", "veth0")
    says(stack, lab, "mtu 1500", "ip", "link", "show", "veth0")
    says(stack, lab, "0", "cat", "/proc/sys/net/ipv4/ip_forward")
    assert stack.cli("export", lab) == document


def test_flag_leaves_both_as_they_are(stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    stack.cli("policy", lab, "flag")
    document = stack.cli("export", lab)
    stack.inside(lab, "ns0", "ip", "link", "set", "veth0", "mtu", "1300")
    with stack.client() as client:
        edit(client, lab, AddNamespace(name="mine"))

        def drift() -> tuple[str, ...]:
            seen = client.request(Open(id=client.next_id(), lab=lab))
            assert isinstance(seen, Snapshot)
            return seen.drift

        eventually(lambda: drift() == ("interface:ns0/veth0",))
        assert "mtu 1300" in stack.inside(lab, "ns0", "ip", "link", "show", "veth0")
        edit(client, lab, Undo())
    assert stack.cli("export", lab) == document


def test_a_process_is_ended_and_one_that_is_not_there_is_said(stack: Stack, lab: str) -> None:
    with stack.client() as client:
        stack.inside(lab, "host", "sh", "-c", "sleep 600 >/dev/null 2>&1 &")
        pid = int(stack.inside(lab, "host", "pgrep", "sleep"))
        assert isinstance(client.request(EndProcess(id=client.next_id(), lab=lab, pid=pid)), Done)
        stack.inside(lab, "host", "pgrep", "sleep", code=1)
        with pytest.raises(ProblemError, match="No such process"):
            client.request(EndProcess(id=client.next_id(), lab=lab, pid=99999))
