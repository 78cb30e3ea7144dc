"""Journeys as a user asks for them: over the real sockets, in a real lab."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.public import AnyItem, Cancel, JourneyItem, Predict, Predicted, Trace, Traced, Watch, Watched
from tests.support import ROOT, Stack, eventually
from topology.journey.hop import Cause, RuleAt
from topology.journey.probe import Ask
from topology.model.problems import ProblemError


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    stack = Stack()
    stack.cli("new", "way")
    stack.cli("apply", "way", str(ROOT / "examples" / "two-subnets-router.json"))
    yield stack
    stack.close()


def ruleset(stack: Stack) -> str:
    """All of netfilter, the loggers and the packet sockets, in each namespace: what a trace must leave as it was."""
    look = "nft list ruleset; iptables-save; cat /proc/sys/net/netfilter/nf_log/2 /proc/sys/net/netfilter/nf_log/10 /proc/net/packet"
    script = f"for n in left r right; do ip netns exec $n sh -c '{look}'; done; sh -c '{look}'"
    # the kernel's own packets count too, and the comments have the time
    return re.sub(r"\[\d+:\d+\]|packets \d+ bytes \d+|^#.*$", "", stack.inside("way", "host", "sh", "-c", script), flags=re.M)


def begun(stack: Stack, before: str) -> None:
    """Wait until a watch is set up in all namespaces: nothing more is added to what was there before."""
    seen = [before]

    def settled() -> bool:
        seen.append(ruleset(stack))
        return before != seen[-1] == seen[-2]

    eventually(settled)


def test_a_trace_leaves_nothing_behind(stack: Stack) -> None:
    before = ruleset(stack)
    history = stack.json("history", "way")
    text = stack.cli("trace", "way", "left", "right")
    assert text.splitlines()[-1] == "delivered in right"
    assert "r      routing: 10.0.2.0/24 dev right: TTL 64 → 63" in text
    assert ruleset(stack) == before
    assert stack.json("history", "way") == history


def test_exit_code_and_saved_journey(stack: Stack, tmp_path: Path) -> None:
    saved = stack.cli("trace", "way", "left", "10.77.0.1", "--json", code=1)
    found = json.loads(saved)
    assert found["vethboard_journey"] == 2
    assert found["journey"]["verdict"]["cause"] == "no-route"
    assert {r["kind"] for r in found["records"]} >= {"namespace", "veth"}
    file = tmp_path / "journey.json"
    file.write_text(saved)
    assert stack.cli("show-trace", str(file), code=1).splitlines()[-1] == "no route to 10.77.0.1 in r"
    stack.cli("show-trace", str(ROOT / "README.md"), code=1)
    assert "is not a saved trace" in stack.stderr


def test_what_if(stack: Stack) -> None:
    """A rule drops; without it, it would arrive, where nobody listens; the prediction and the packet agree."""
    stack.inside("way", "r", "iptables", "-A", "FORWARD", "-p", "tcp", "--dport", "80", "-j", "DROP")
    try:
        with stack.client() as client:
            ask = Ask(source="left", target="right", protocol="tcp", port=80)
            items: list[JourneyItem] = []

            def item(one: AnyItem) -> None:
                assert isinstance(one, JourneyItem)
                items.append(one)

            traced = client.request(Trace(id="t", lab="way", ask=ask), item)
            assert isinstance(traced, Traced)
            assert [i.ended for i in items][-1]
            verdict = traced.journeys[0].verdict
            assert (verdict.cause, verdict.namespace) == (Cause.DROPPED_BY_RULE, "r")
            rule = verdict.rule
            assert rule == RuleAt(namespace="r", family="ipv4", table="filter", chain="FORWARD", number=1, text=rule.text if rule else "")
            predicted = client.request(Predict(id="p", lab="way", ask=ask, without=(rule,) if rule else ()))
            assert isinstance(predicted, Predicted)
            assert (predicted.journey.verdict.cause, predicted.journey.verdict.namespace) == (Cause.NOBODY_LISTENS, "right")
    finally:
        stack.inside("way", "r", "iptables", "-D", "FORWARD", "1")


def test_a_prediction_knows_what_listens(stack: Stack) -> None:
    """The sockets are asked for: nothing of it is taken for granted."""
    assert "nobody listens there in right; 8088" in stack.cli(
        "trace", "way", "left", "right", "--protocol", "tcp", "--port", "8088", "--predict", code=1
    )
    serve = "timeout 20 nc -l 8088 > /dev/null & echo $!"
    pid = stack.inside("way", "right", "sh", "-c", serve).strip()
    eventually(lambda: stack.inside("way", "right", "ss", "-Hltn", "sport = :8088"))
    assert (
        stack.cli("trace", "way", "left", "right", "--protocol", "tcp", "--port", "8088", "--predict").splitlines()[-1]
        == "delivered in right"
    )
    assert "differs" not in stack.cli("trace", "way", "left", "right", "--protocol", "tcp", "--port", "8088")
    stack.inside("way", "right", "kill", pid, code=None)


def test_a_ping_that_fails_says_why_in_the_words_of_a_trace(stack: Stack) -> None:
    """A rule drops what comes back: no route is blamed for it."""
    stack.inside("way", "r", "iptables", "-A", "FORWARD", "-p", "icmp", "-m", "icmp", "--icmp-type", "0", "-j", "DROP")
    try:
        assert "1 sent, 0 received" in stack.cli("ping", "way", "left", "right", "-c", "1", code=1)
        said = stack.stderr
        traced = stack.cli("trace", "way", "left", "right", code=1).splitlines()[-1]
        assert "the answer was lost: dropped by rule 1 of filter/FORWARD in r" in traced
        assert said.splitlines()[0] == f"vethboard: {traced}"
        assert "→ change or delete rule 1 of filter/FORWARD" in said
    finally:
        stack.inside("way", "r", "iptables", "-D", "FORWARD", "1")
    assert stack.cli("ping", "way", "left", "right", "-c", "1")
    assert stack.stderr == ""
    stack.cli("ping", "way", "left", "10.77.0.1", "-c", "1", code=1)
    assert "no route to 10.77.0.1 in r" in stack.stderr


def test_a_ping_that_fails_says_what_was_seen_and_not_what_is_expected(stack: Stack) -> None:
    """Of a table of nft's own no record knows the rules; by chance every other packet is lost, and the one that is followed is not."""
    made = "nft add table ip own; nft 'add chain ip own c { type filter hook forward priority 0; }'; nft add rule ip own c ip protocol icmp"
    stack.inside("way", "r", "sh", "-ec", f"{made} drop")
    stack.cli("ping", "way", "left", "right", "-c", "1", code=1)
    assert "vethboard: dropped by rule 1 of own/c in r" in stack.stderr
    stack.inside("way", "r", "sh", "-ec", f"nft flush chain ip own c; {made} icmp type echo-request numgen inc mod 2 0 drop")
    stack.cli("ping", "way", "left", "right", "-c", "1", code=1)
    assert "vethboard: one more, sent just now, was answered" in stack.stderr
    stack.inside("way", "r", "nft", "delete", "table", "ip", "own")


def test_a_client_that_leaves_ends_its_trace(stack: Stack) -> None:
    before = ruleset(stack)
    with stack.client() as client:
        client.send(Trace(id="t", lab="way", ask=Ask(source="left", target="10.0.1.99"), wait=10))
        client.receive(5)
    eventually(lambda: ruleset(stack) == before)


def test_refused(stack: Stack) -> None:
    with stack.client() as client:
        for ask in (Ask(source="nowhere", target="right"), Ask(source="left", target="right", size=70000)):
            with pytest.raises(ProblemError):
                client.request(Trace(id="t", lab="way", ask=ask))
        with pytest.raises(ProblemError):
            client.request(Trace(id="t", lab="way", ask=Ask(source="left", target="right"), count=1000))


def test_stopped_lab_is_predicted_from_its_document(stack: Stack) -> None:
    stack.cli("stop", "way")
    try:
        assert stack.cli("trace", "way", "left", "right", "--predict").splitlines()[-1] == "delivered in right"
        stack.cli("trace", "way", "left", "right", code=1)
    finally:
        stack.cli("start", "way")
        stack.live("way")


def test_watch_finds_the_labs_own_traffic(stack: Stack) -> None:
    before = ruleset(stack)
    with stack.client() as client:
        client.send(Watch(id="w", lab="way", protocol="icmp", rate=5))
        begun(stack, before)
        stack.inside("way", "left", "ping", "-c", "3", "-i", "0.2", "10.0.2.2")
        seen: list[JourneyItem] = []
        client.send(Cancel(id="c", target="w"))
        result = client.wait("w", lambda one: seen.append(one) if isinstance(one, JourneyItem) else None)
        assert isinstance(result, Watched)
        ended = [i.journey for i in seen if i.ended]
        assert ended
        assert result.journeys == len(ended)
        assert all(j.verdict.cause == Cause.DELIVERED and j.verdict.namespace == "right" for j in ended)
        assert [h.namespace for h in ended[0].hops if h.kind == "route" and h.leg == "original"] == ["left", "r", "right"]


def test_watch_joins_a_datagram_and_its_answer(stack: Stack) -> None:
    """They have nothing in common but their ports."""
    before = ruleset(stack)
    with stack.client() as client:
        client.send(Watch(id="w", lab="way", protocol="udp", port=7777))
        begun(stack, before)
        serve = "echo an answer that is longer | timeout 3 nc -u -l 7777 > /dev/null &"
        stack.inside("way", "right", "sh", "-c", serve)
        eventually(lambda: stack.inside("way", "right", "ss", "-Hlun", "sport = :7777"))
        stack.inside("way", "left", "sh", "-c", "echo ask | nc -u -w 1 10.0.2.2 7777")
        seen: list[JourneyItem] = []
        client.send(Cancel(id="c", target="w"))
        client.wait("w", lambda one: seen.append(one) if isinstance(one, JourneyItem) else None)
    assert len(seen) == 1
    journey = seen[0].journey
    assert (journey.probe.source, journey.probe.port) == ("left", 7777)
    assert journey.verdict.cause == Cause.DELIVERED
    assert [h.namespace for h in journey.hops if h.kind in ("deliver", "answer", "receive")] == ["right", "right", "left"]


def test_a_syn_that_is_sent_again_is_no_new_flow(stack: Stack) -> None:
    stack.inside("way", "r", "iptables", "-A", "FORWARD", "-p", "tcp", "-j", "DROP")
    try:
        before = ruleset(stack)
        with stack.client() as client:
            client.send(Watch(id="w", lab="way", protocol="tcp"))
            begun(stack, before)
            # the kernel sends it again after 1 and 3 seconds
            stack.inside("way", "left", "sh", "-c", "timeout 4 nc -n 10.0.2.2 9 || true")
            seen: list[JourneyItem] = []
            client.send(Cancel(id="c", target="w"))
            result = client.wait("w", lambda one: seen.append(one) if isinstance(one, JourneyItem) else None)
            assert result == Watched(journeys=1)
            assert [i.journey.verdict.cause for i in seen] == [Cause.DROPPED_BY_RULE]
            assert "remove-rule" in [r.word for r in seen[0].remedies]
    finally:
        stack.inside("way", "r", "iptables", "-D", "FORWARD", "-p", "tcp", "-j", "DROP")


def test_of_many_flows_a_second_those_that_are_shown_are_whole_and_all_are_counted(stack: Stack) -> None:
    """The kernel traces 50 datagrams a second in each namespace; what it did not trace is said to be left out, not shown in parts."""
    before = ruleset(stack)
    flows = (
        "import socket, time\n"
        "for n in range(400):\n"
        "    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'flow %d of many' % n, ('10.0.2.2', 7777)); time.sleep(0.0025)\n"
    )
    with stack.client() as client:
        client.send(Watch(id="w", lab="way", protocol="udp", port=7777, rate=5))
        begun(stack, before)
        stack.inside("way", "left", "python3", "-c", flows)
        seen: list[JourneyItem] = []
        client.send(Cancel(id="c", target="w"))
        result = client.wait("w", lambda one: seen.append(one) if isinstance(one, JourneyItem) else None)
    assert isinstance(result, Watched)
    assert result.journeys == len(seen) >= 5
    assert result.journeys + result.skipped == 400
    assert {i.journey.hops[0].kind for i in seen} == {"send"}
