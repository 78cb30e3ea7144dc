"""Chains over the real sockets: edited, refused, undone, changed in a shell, imported and exported, counted, traced as connections."""

import json
import queue
import time
from collections.abc import Callable, Iterator

import pytest

from cli.client import Client
from protocol.public import (
    AnyResult,
    CheckRule,
    DeleteConnection,
    Delta,
    Done,
    Edit,
    NewLab,
    Open,
    RuleChecked,
    Snapshot,
    Subscribe,
    Vocabulary,
    VocabularyOf,
    ZeroCounters,
)
from tests.support import Stack, eventually
from topology.edit import commands as c
from topology.model.diff import apply
from topology.model.problems import Code, Problem, ProblemError
from topology.observe.live import AnyLive, ConntrackLive, RuleCountersLive

PAIR = {
    "vethboard": 1,
    "namespaces": {
        "ns0": {"interfaces": {"eth0": {"kind": "veth", "peer": "ns1/eth0", "addresses": ["10.0.1.1/24"]}}},
        "ns1": {"interfaces": {"eth0": {"kind": "veth", "peer": "ns0/eth0", "addresses": ["10.0.1.2/24"]}}},
    },
}


@pytest.fixture(scope="module", params=["legacy", "nft"])
def made(stack: Stack, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"chains-{request.param}"
    with stack.client() as client:
        client.request(NewLab(id="new", lab=name, document=PAIR, firewall=request.param))
    yield name
    stack.cli("destroy", name)


@pytest.fixture
def client(stack: Stack, made: str) -> Iterator[Client]:
    with stack.client() as client:
        yield client
        for family in ("ipv4", "ipv6"):
            for table in ("raw", "mangle", "nat", "filter"):
                edit(client, made, c.FlushTable(namespace="ns0", family=family, table=table))


def edit(client: Client, lab: str, *commands: c.AnyCommand, dry_run: bool = False) -> AnyResult:
    return client.request(Edit(id=client.next_id(), lab=lab, commands=commands, dry_run=dry_run))


def refused(client: Client, lab: str, *commands: c.AnyCommand) -> Problem:
    with pytest.raises(ProblemError) as caught:
        edit(client, lab, *commands)
    return caught.value.problem


def rule(text: str, chain: str = "INPUT", table: str = "filter", at: int | None = None) -> c.AddRule:
    return c.AddRule(namespace="ns0", table=table, chain=chain, rule=text, at=at)


def saved(stack: Stack, lab: str, *options: str) -> list[str]:
    """The rules that the lab's own `iptables -S` prints."""
    return [line for line in stack.inside(lab, "ns0", "iptables", *options, "-S").splitlines() if line.startswith("-A")]


def until(client: Client, lab: str, what: Callable[[dict[str, AnyLive]], bool], seconds: float = 10) -> dict[str, AnyLive]:
    """The live records, as soon as it is so."""
    first = client.request(Open(id=client.next_id(), lab=lab))
    assert isinstance(first, Snapshot)
    live = dict(first.live)
    end = time.monotonic() + seconds
    while not what(live):
        try:
            event = client.receive(max(0.1, end - time.monotonic()))
        except queue.Empty:
            raise AssertionError([k for k in live if k.startswith(("rule-counters", "conntrack"))]) from None
        if isinstance(event, Delta) and event.live is not None:
            live = apply(live, event.live)
        assert time.monotonic() < end
    return live


def test_edits_and_undo_in_the_live_kernel(stack: Stack, client: Client, made: str) -> None:
    edit(client, made, rule("-p tcp --dport 80 -j DROP"), rule("-s 10.0.0.1 -j ACCEPT"), rule("-j LOG", at=1))
    want = ["-A INPUT -j LOG", "-A INPUT -p tcp -m tcp --dport 80 -j DROP", "-A INPUT -s 10.0.0.1/32 -j ACCEPT"]
    assert saved(stack, made) == want
    edit(client, made, c.MoveRule(namespace="ns0", chain="INPUT", at=1, was="-j LOG", to=3))
    edit(client, made, c.SetRule(namespace="ns0", chain="INPUT", at=2, was="-s 10.0.0.1/32 -j ACCEPT", rule="-s 10.0.0.2 -j ACCEPT"))
    assert saved(stack, made) == [want[1], "-A INPUT -s 10.0.0.2/32 -j ACCEPT", want[0]]
    edit(client, made, c.Undo())
    edit(client, made, c.Undo())
    assert saved(stack, made) == want
    edit(client, made, c.Redo())
    assert saved(stack, made) == [want[1], want[2], want[0]]
    edit(client, made, c.MoveRule(namespace="ns0", chain="INPUT", at=3, was="-j LOG", to_table="mangle", to_chain="FORWARD"))
    assert saved(stack, made, "-t", "mangle") == ["-A FORWARD -j LOG"]


def test_counters_of_rules_that_stay_are_kept(stack: Stack, client: Client, made: str) -> None:
    edit(client, made, rule("-p icmp -j ACCEPT"), rule("-p udp -j DROP"))
    stack.inside(made, "ns1", "ping", "-c", "2", "-i", "0.2", "10.0.1.1")
    edit(client, made, rule("-p tcp -j DROP", at=1))
    edit(client, made, c.RemoveRules(namespace="ns0", chain="INPUT", rules=(c.NumberedRule(at=3, was="-p udp -j DROP"),)))
    assert "[2:168] -A INPUT -p icmp -j ACCEPT" in stack.inside(made, "ns0", "iptables-save", "-c")
    client.request(ZeroCounters(id=client.next_id(), lab=made, namespace="ns0", chain="INPUT", rule=2))
    assert "[0:0] -A INPUT -p icmp -j ACCEPT" in stack.inside(made, "ns0", "iptables-save", "-c")


def test_a_rule_that_is_another_one_by_now_is_a_conflict(stack: Stack, client: Client, made: str) -> None:
    edit(client, made, rule("-p tcp -j DROP"))
    gone = refused(client, made, c.RemoveRules(namespace="ns0", chain="INPUT", rules=(c.NumberedRule(at=1, was="-p udp -j DROP"),)))
    assert (gone.code, gone.rule) == (Code.CONFLICT, 1)
    assert gone.hint == "the rule you meant is gone; number 1 is now: -p tcp -j DROP. Nothing was changed"
    edit(client, made, rule("-p udp -j DROP", at=1))
    moved = refused(client, made, c.MoveRule(namespace="ns0", chain="INPUT", at=1, was="-p tcp -j DROP", to=1))
    assert moved.hint == "the rule you meant is now number 2; number 1 is now: -p udp -j DROP. Nothing was changed"
    edit(client, made, c.Undo())
    assert refused(client, made, c.SetRule(namespace="ns0", chain="INPUT", at=2, was="", rule="-j DROP")).code == Code.CONFLICT
    assert len(saved(stack, made)) == 1


BAD = {
    "unknown match": ("-m nosuch -j DROP", "nosuch", "nosuch"),
    "unknown target": ("-j NOSUCH", "NOSUCH", "NOSUCH"),
    "out of range": ("-p tcp --dport 99999 -j DROP", "99999", "99999"),
    "no such chain": ("-p tcp -j nochain", "nochain", "nochain"),
    "a word too much": ("-j DROP junk", "junk", "junk"),
    "no address": ("-s 10.0.0.300 -j DROP", "10.0.0.300", "10.0.0.300"),
    "a line break": ("-j DROP\n-j ACCEPT", "one line", None),
    "100 kB": (f'-m comment --comment "{"x" * 100_000}"', "100", None),
    "a long word": (f"-m comment --comment {'x' * 2000}", "Parameter too long!", None),
    "another table": ("-t nat -j DROP", "-t", None),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rules_are_refused_at_their_place_and_change_nothing(stack: Stack, client: Client, made: str, name: str) -> None:
    text, words, place = BAD[name]
    problem = refused(
        client, made, rule("-p udp -j ACCEPT"), c.AddRule(namespace="ns0", table="nat", chain="OUTPUT", rule="-j ACCEPT"), rule(text)
    )
    assert words in problem.message
    assert problem.subject == "chain:ns0/ipv4/filter/INPUT"
    assert problem.rule == 2
    if place is not None:
        assert problem.span is not None
        assert text[slice(*problem.span)] == place
    assert saved(stack, made) == []
    assert saved(stack, made, "-t", "nat") == []


def test_what_the_kernel_refuses_says_why(client: Client, made: str) -> None:
    problem = refused(client, made, rule("-j MASQUERADE"))
    assert "Invalid argument" in problem.message
    assert problem.hint == "MASQUERADE is only for nat, POSTROUTING"
    assert problem.span == (3, 13)
    edit(client, made, c.AddChain(namespace="ns0", name="a"), c.AddChain(namespace="ns0", name="b"), rule("-j b", "a"), rule("-j a"))
    loop = refused(client, made, rule("-j a", "b"))
    assert "Too many" in loop.message
    assert (loop.subject, loop.rule) == ("chain:ns0/ipv4/filter/b", 1)
    assert loop.hint is not None
    assert ("again and again" in loop.hint) == ("symbolic links" in loop.message)
    assert refused(client, made, c.RemoveChain(namespace="ns0", name="b")).message == "Too many links."
    assert "No chain" in refused(client, made, rule("-j DROP", "PREROUTING")).message
    assert refused(client, made, c.SetPolicy(namespace="ns0", chain="a", policy="DROP")).message == "Bad built-in chain name."
    assert refused(client, made, c.AddChain(namespace="ns0", name="INPUT")).code == Code.EXISTS
    assert refused(client, made, c.AddChain(namespace="ns0", name="x" * 29)).code == Code.INVALID


def test_a_renamed_chain_takes_its_jumps_along(stack: Stack, client: Client, made: str) -> None:
    edit(client, made, c.AddChain(namespace="ns0", name="old"), rule("-j DROP", "old"), rule("-p icmp -j old"))
    edit(client, made, c.RenameChain(namespace="ns0", name="old", to="new"))
    assert saved(stack, made) == ["-A INPUT -p icmp -j new", "-A new -j DROP"]
    edit(client, made, c.Undo())
    assert saved(stack, made) == ["-A INPUT -p icmp -j old", "-A old -j DROP"]


@pytest.mark.usefixtures("client")
def test_what_is_typed_in_a_shell_is_in_the_document(stack: Stack, made: str) -> None:
    def now() -> dict[str, object]:
        found = json.loads(stack.cli("export", made))["namespaces"]["ns0"].get("filter", {})
        return found if isinstance(found, dict) else {}

    script = "iptables -A INPUT -s 10.9.9.9 -j DROP; iptables -P FORWARD DROP; ip6tables -N six; iptables -t nat -A OUTPUT -j ACCEPT"
    stack.inside(made, "ns0", "sh", "-ec", script)
    typed = {
        "ipv4": {
            "nat": {"OUTPUT": {"rules": ["-j ACCEPT"]}},
            "filter": {"INPUT": {"rules": ["-s 10.9.9.9/32 -j DROP"]}, "FORWARD": {"policy": "DROP"}},
        },
        "ipv6": {"filter": {"six": {}}},
    }
    eventually(lambda: now() == typed)
    stack.inside(made, "ns0", "sh", "-ec", "iptables -F; iptables -P FORWARD ACCEPT; iptables -t nat -F; ip6tables -X six")
    eventually(lambda: now() == {})


IMPORT = """# a file
*filter
:INPUT DROP [5:300]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
[1:2] -A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -m comment --comment "a \\"b\\" $c `d` \\'e" -j mine
-A mine -j RETURN
COMMIT
"""


def test_import_and_export(stack: Stack, client: Client, made: str) -> None:
    edit(client, made, rule("-j LOG", "FORWARD"), c.AddRule(namespace="ns0", table="nat", chain="OUTPUT", rule="-j ACCEPT"))
    plan = stack.cli("rules", "import", "--dry-run", made, "ns0", "-", input=IMPORT)
    assert plan.startswith("filter of ns0 (IPv4): 3 rules more, 1 rule less, new chain mine, policy of INPUT DROP")
    assert len(saved(stack, made)) == 1
    stack.cli("rules", "import", made, "ns0", "-", input=IMPORT)
    text = stack.cli("rules", "export", made, "ns0")
    assert [line for line in text.splitlines() if line.startswith(("-A", ":INPUT"))] == [
        line for line in stack.inside(made, "ns0", "iptables-save").splitlines() if line.startswith(("-A", ":INPUT"))
    ]
    assert "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT" in text
    assert stack.cli("rules", "import", made, "ns0", "-", input=text) == "nothing to do\n"
    assert stack.cli("rules", "import", made, "ns0", "-", input=IMPORT) == "nothing to do\n"
    # as iptables-restore: a built-in chain needs no declaration; a policy of which the file says nothing stays, or is ACCEPT with nft
    kept = "DROP" if made.endswith("legacy") else "ACCEPT"
    stack.cli("rules", "import", made, "ns0", "-", input="*filter\n-A FORWARD -p icmp -j ACCEPT\nCOMMIT\n")
    assert stack.inside(made, "ns0", "iptables", "-S").splitlines() == [
        f"-P INPUT {kept}", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT", "-A FORWARD -p icmp -j ACCEPT",
    ]  # fmt: skip
    edit(client, made, c.Undo())
    stack.cli("rules", "import", "--keep", made, "ns0", "-", input="*filter\nCOMMIT\n")
    assert len(saved(stack, made)) == 3
    stack.cli("rules", "import", made, "ns0", "-", input="*filter\nCOMMIT\n")
    assert saved(stack, made) == []
    edit(client, made, c.Undo())
    for bad, words in ((IMPORT[:-7], "COMMIT expected"), ("hello\n", "line 1"), (IMPORT.replace("22", "99999"), "99999"), ("", "no table")):
        stack.cli("rules", "import", made, "ns0", "-", input=bad, code=1)
        assert words in stack.stderr
    edit(client, made, c.Undo())
    assert saved(stack, made) == ["-A FORWARD -j LOG"]


@pytest.mark.usefixtures("client")
def test_the_command_line(stack: Stack, made: str) -> None:
    stack.cli("rules", "add", made, "ns0", "filter", "INPUT", "-p", "tcp", "-m", "comment", "--comment", "two words", "-j", "DROP")
    stack.cli("rules", "add", "--at", "1", made, "ns0", "filter", "INPUT", "-s 10.0.0.1 -j ACCEPT")
    stack.cli("rules", "add", "-6", made, "ns0", "filter", "INPUT", "-s 2001:db8::1 -j ACCEPT")
    assert stack.cli("rules", "list", made, "ns0") == (
        'filter INPUT (policy ACCEPT)\n    1  -s 10.0.0.1/32 -j ACCEPT\n    2  -p tcp -m comment --comment "two words" -j DROP\n'
    )
    assert [chain["rules"] for chain in stack.json("rules", "list", "-6", made, "ns0")] == [["-s 2001:db8::1/128 -j ACCEPT"]]  # type: ignore[attr-defined]  # JSON
    stack.cli("rules", "flush", made, "ns0", "filter", "INPUT")
    assert stack.cli("rules", "list", made, "ns0") == ""


def test_check_and_vocabulary(client: Client, made: str) -> None:
    def check(text: str) -> RuleChecked:
        found = client.request(CheckRule(id=client.next_id(), lab=made, namespace="ns0", chain="INPUT", rule=text))
        assert isinstance(found, RuleChecked)
        return found

    assert check("-p tcp --dport 80 -j DROP").text == "-p tcp -m tcp --dport 80 -j DROP"
    assert check("-m comment --comment 'a b' -j DROP").text == '-m comment --comment "a b" -j DROP'
    bad = check("-m comment --comment 'a b' --dport 80")
    assert bad.problem is not None
    assert bad.problem.span == (27, 34)
    found = client.request(Vocabulary(id=client.next_id(), lab=made))
    assert isinstance(found, VocabularyOf)
    names = {(e.kind, e.name) for e in found.extensions}
    assert {("match", "conntrack"), ("match", "multiport"), ("target", "DNAT"), ("target", "ACCEPT"), ("target", "TTL")} <= names
    state = next(o for e in found.extensions if e.name == "conntrack" for o in e.options if "--ctstate" in o.names)
    assert state.negate
    assert "ESTABLISHED" in state.choices


def test_counters_and_connections_come_while_somebody_looks(stack: Stack, client: Client, made: str) -> None:
    edit(client, made, rule("-p icmp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"))
    key, table = "rule-counters:ns0/ipv4/filter", "conntrack:ns0"
    assert key not in until(client, made, lambda _: True)
    client.request(Subscribe(id=client.next_id(), lab=made, filters=("ns0",), conntrack=("ns0",)))
    until(client, made, lambda live: key in live)
    stack.inside(made, "ns1", "ping", "-c", "1", "10.0.1.1")

    def counted(live: dict[str, AnyLive]) -> bool:
        counters, connections = live.get(key), live.get(table)
        return (
            isinstance(counters, RuleCountersLive) and counters.chains["INPUT"].rules[0] == (1, 84)
            and isinstance(connections, ConntrackLive) and len(connections.rows) == 1
        )  # fmt: skip

    live = until(client, made, counted)
    found = live[table]
    assert isinstance(found, ConntrackLive)
    row = found.rows[0]
    assert (row.protocol, row.original.source, row.reply.source, row.original.icmp_type) == ("icmp", "10.0.1.2", "10.0.1.1", 8)
    done = client.request(DeleteConnection(id=client.next_id(), lab=made, namespace="ns0", connection=row))
    assert isinstance(done, Done)
    until(client, made, lambda live: isinstance(t := live.get(table), ConntrackLive) and not t.rows)
    client.request(Subscribe(id=client.next_id(), lab=made))
    until(client, made, lambda live: key not in live and table not in live)
