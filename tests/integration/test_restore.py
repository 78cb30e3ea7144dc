"""Rules that cannot be loaded: at a start, in an edit, in an import, each by its place."""

from pathlib import Path

import pytest

from cli.client import Client
from protocol.public import Done, Edit, NewLab, Open, Planned, Snapshot
from tests.support import Stack, eventually
from topology.edit import commands as c
from topology.model.problems import ProblemError
from topology.model.records import Chain

INPUT = "chain:ns0/ipv4/filter/INPUT"
NS = {"vethboard": 1, "namespaces": {"ns0": {}}}


def snapshot(client: Client, lab: str) -> Snapshot:
    found = client.request(Open(id=client.next_id(), lab=lab))
    assert isinstance(found, Snapshot)
    return found


def rules(found: Snapshot, key: str = INPUT) -> tuple[str, ...]:
    chain = found.desired.get(key)
    return chain.rules if isinstance(chain, Chain) else ()


def edit(client: Client, lab: str, *commands: c.AnyCommand, dry_run: bool = False) -> object:
    return client.request(Edit(id=client.next_id(), lab=lab, commands=commands, dry_run=dry_run))


@pytest.fixture(params=["legacy", "nft"])
def made(stack: Stack, request: pytest.FixtureRequest) -> object:
    name = f"restore-{request.param}"
    with stack.client() as client:
        client.request(NewLab(id="new", lab=name, document=NS, firewall=request.param))
        yield name
    stack.cli("destroy", name)


SHELL = """
iptables -A INPUT -s 10.0.0.1 -j ACCEPT
iptables -A INPUT -m recent --set --name 'a b' -j DROP
iptables -A INPUT -m comment --comment $'x\\nCOMMIT\\n*nat\\n-A POSTROUTING -j ACCEPT' -j LOG
iptables -A INPUT -s 10.0.0.2 -j ACCEPT
iptables -N "c'd"
iptables -A "c'd" -j ACCEPT
iptables -A INPUT -j "c'd"
"""


def test_a_lab_starts_without_what_cannot_be_loaded(stack: Stack, made: str) -> None:
    with stack.client() as client:
        stack.inside(made, "ns0", "bash", "-ec", SHELL)
        eventually(lambda: len(rules(snapshot(client, made))) == 5)
        before = rules(snapshot(client, made))
        stack.cli("stop", made)
        stack.cli("start", made)
        found = snapshot(client, made)
        assert found.info.state == "live"
        assert rules(found) == before
        assert rules(found, "chain:ns0/ipv4/filter/c'd") == ("-j ACCEPT",)
        loaded = stack.inside(made, "ns0", "iptables", "-S", "INPUT").splitlines()[1:]
        assert loaded == [f"-A INPUT {before[n]}" for n in (0, 3, 4)]
        eventually(lambda: INPUT in snapshot(client, made).drift)
        found = snapshot(client, made)
        named = [(w.subject, w.rule, w.message) for w in found.warnings if w.subject == INPUT]
        assert [(subject, rule) for subject, rule, _ in named] == [(INPUT, 2), (INPUT, 3)]
        assert "Bad argument" in named[0][2]
        # an edit beside them, and a shell, leave them where they are
        edit(client, made, c.AddRule(namespace="ns0", chain="INPUT", rule="-p tcp --dport 80 -j DROP", at=1))
        stack.inside(made, "ns0", "iptables", "-A", "INPUT", "-j", "LOG")
        eventually(lambda: rules(snapshot(client, made)) == ("-p tcp -m tcp --dport 80 -j DROP", *before, "-j LOG"))
        assert {w.rule for w in snapshot(client, made).warnings if w.subject == INPUT} == {2, 3}
        # one that is removed is no drift any more
        was = snapshot(client, made)
        numbers = [c.NumberedRule(at=n, was=rules(was)[n - 1]) for n in (3, 4)]
        edit(client, made, c.RemoveRules(namespace="ns0", chain="INPUT", rules=tuple(numbers)))
        eventually(lambda: INPUT not in snapshot(client, made).drift)
        assert [w for w in snapshot(client, made).warnings if w.subject == INPUT] == []


def test_a_set_that_is_made_later(stack: Stack, made: str) -> None:
    with stack.client() as client:
        stack.inside(made, "ns0", "bash", "-ec", "ipset create w hash:ip; iptables -A INPUT -m set --match-set w src -j DROP")
        eventually(lambda: len(rules(snapshot(client, made))) == 1)
        before = rules(snapshot(client, made))
        stack.cli("stop", made)
        stack.cli("start", made)
        assert rules(snapshot(client, made)) == before
        with pytest.raises(ProblemError) as caught:
            edit(client, made, c.RevertDrift(ids=(INPUT,)))
        assert "Set w doesn't exist" in caught.value.problem.message
        stack.inside(made, "ns0", "ipset", "create", "w", "hash:ip")
        edit(client, made, c.RevertDrift(ids=(INPUT,)))
        eventually(lambda: snapshot(client, made).drift == ())
        assert rules(snapshot(client, made)) == before


FILE = """*filter
:INPUT DROP [5:6]
:mine - [0:0]
[1:2] -AINPUT -j mine
-I INPUT\t-s 10.0.0.9 -j ACCEPT
-D INPUT -j mine
-P FORWARD DROP
-A mine -m comment --comment "a\u2028b" -j LOG
COMMIT
*nat
COMMIT
*nat
-A POSTROUTING -j ACCEPT
COMMIT
"""


def test_an_import_is_iptables_restore(stack: Stack, made: str, tmp_path: Path) -> None:
    file = tmp_path / "rules"
    file.write_text(FILE)
    with stack.client() as client:
        edit(client, made, c.AddRule(namespace="ns0", chain="INPUT", rule="-j LOG"))
        plan = edit(client, made, c.ImportRules(namespace="ns0", text=FILE), dry_run=True)
        assert isinstance(plan, Planned)
        stack.cli("rules", "import", made, "ns0", str(file))
        saved = stack.inside(made, "ns0", "iptables-save", "-t", "filter")
        stack.inside(made, "host", "ip", "netns", "add", "ref")
        stack.inside(made, "ref", "bash", "-ec", "iptables -A INPUT -j LOG; iptables-restore < /dev/stdin <<'X'\n" + FILE + "X")
        assert _rules(saved) == _rules(stack.inside(made, "ref", "iptables-save", "-t", "filter"))
        assert rules(snapshot(client, made)) == ("-s 10.0.0.9/32 -j ACCEPT",)
        # what iptables-restore refuses, in its words and with its line, and nothing is changed
        for text, words in (
            ("*filter\n-A INPUT -j LOG\n-A INPUT -p tcp --dport 99999 -j DROP\nCOMMIT\n", "line 3: invalid port/service `99999' specified"),
            ("*filter\n-A INPUT -j LOG\n-D INPUT 7\nCOMMIT\n", "line 3: "),
            ("*filter\n-A INPUT -j LOG\n", "COMMIT expected"),
            ("*filter\n-A INPUT -j LOG\n-A INPUT -h\nCOMMIT\n", "line 3: iptables-restore reported success"),
        ):
            with pytest.raises(ProblemError) as caught:
                edit(client, made, c.ImportRules(namespace="ns0", text=text))
            assert words in caught.value.problem.message, text
        assert _rules(stack.inside(made, "ns0", "iptables-save", "-t", "filter")) == _rules(saved)


def _rules(saved: str) -> list[str]:
    return [line.partition(" [")[0] for line in saved.splitlines() if line[:1] in ":-"]


def test_words_are_kept_beside_a_rule_that_cannot_be_loaded_elsewhere(stack: Stack, made: str) -> None:
    with stack.client() as client:
        stack.inside(made, "ns0", "bash", "-ec", "iptables -A INPUT -m recent --set --name 'a b' -j DROP")
        eventually(lambda: len(rules(snapshot(client, made))) == 1)
        with pytest.raises(ProblemError) as caught:
            edit(client, made, c.AddRule(namespace="ns0", chain="INPUT", rule="-p tcp -j DNAT --to-destination 10.0.0.1"))
        assert caught.value.problem.rule == 2
        assert caught.value.problem.message not in ("", "iptables-restore ended with 1")
        done = edit(client, made, c.ImportRules(namespace="ns0", text="*filter\n-A INPUT -j LOG\nCOMMIT\n", keep=True))
        assert isinstance(done, Done)
        assert rules(snapshot(client, made)) == ("-m recent --set --name a b --mask 255.255.255.255 --rsource -j DROP", "-j LOG")


def test_quotes(stack: Stack, made: str) -> None:
    with stack.client() as client:
        with pytest.raises(ProblemError) as caught:
            edit(client, made, c.AddRule(namespace="ns0", chain="INPUT", rule='-m comment --comment "web -p tcp -j ACCEPT'))
        problem = caught.value.problem
        assert (problem.subject, problem.rule, problem.span) == (INPUT, 1, (21, 42))
        edit(client, made, c.AddRule(namespace="ns0", chain="INPUT", rule="-m comment --comment don't -j ACCEPT"))
        assert rules(snapshot(client, made)) == ('-m comment --comment "don\\\'t" -j ACCEPT',)
