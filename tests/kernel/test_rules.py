"""Whatever iptables accepts: text → document → kernel → `iptables -S` gives what `iptables -A` itself leaves, byte for byte; what it
refuses is refused in its own words."""

import json
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.filter import Trial, attempt
from agent.filter.programs import Ended
from tests.kernel.test_apply import Kernel, with_kernel
from topology.document import document
from topology.model.netfilter import DRIVERS, FAMILIES, TABLES, ChainPolicy, Driver, Family, Table
from topology.model.problems import Code
from topology.model.records import Chain, Namespace, Records, as_records
from topology.rules import parse, text
from topology.rules.tokens import tokens

FILE = Path(__file__).parents[1] / "data" / "rules.txt"
NUMBER: dict[Family, str] = {"ipv4": "4", "ipv6": "6"}


class Typed(NamedTuple):
    table: Table
    chain: str
    rule: str


def typed(family: Family) -> Iterator[Typed]:
    for line in FILE.read_text().splitlines():
        if line and not line.startswith("#"):
            families, table, chain, *rule = line.split(" ", 3)
            if NUMBER[family] in families:
                yield Typed(next(t for t in TABLES if t == table), chain, rule[0] if rule else "")


def iptables(kernel: Kernel, family: Family, *argv: str, namespace: str = "ref") -> Ended:
    return kernel.filters.driver.iptables(kernel.namespaces[namespace], family, list(argv))


def reference(kernel: Kernel, family: Family) -> tuple[list[Typed], list[tuple[Typed, str]]]:
    """What `iptables -A` takes, one command each, in the namespace `ref`; and what it refuses, with its words."""
    for table in TABLES:
        iptables(kernel, family, "-t", table, "-N", "mine")
    taken: list[Typed] = []
    refused: list[tuple[Typed, str]] = []
    for one in typed(family):
        done = iptables(kernel, family, "-t", one.table, "-A", one.chain, *(t.value for t in tokens(one.rule)))
        if done.code == 0:
            taken.append(one)
        else:
            refused.append((one, done.err))
    return taken, refused


def listed(kernel: Kernel, family: Family, namespace: str) -> dict[Table, list[str]]:
    return {t: iptables(kernel, family, "-t", t, "-S", namespace=namespace).out.splitlines() for t in TABLES}


def written(family: Family, rules: list[Typed]) -> Records:
    """The document that somebody writes with these texts."""
    chains: dict[tuple[Table, str], list[str]] = defaultdict(list)
    for one in rules:
        chains[one.table, one.chain].append(one.rule)
    body: dict[str, dict[str, object]] = {t: {"mine": {}} for t in TABLES}
    for (table, name), texts in chains.items():
        body[table][name] = {"rules": texts}
    source = {"vethboard": 1, "namespaces": {"ns0": {"filter": {family: body}}, "ref": {}}}
    return document.load(json.dumps(source))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("driver", DRIVERS)
def test_every_rule_comes_back_as_iptables_itself_prints_it(driver: Driver, family: Family) -> None:
    def body(kernel: Kernel) -> None:
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ns0"), Namespace(name="ref")))
        taken, refused = reference(kernel, family)
        assert len(taken) > 180
        kernel.apply(written(family, taken))
        ours, theirs = listed(kernel, family, "ns0"), listed(kernel, family, "ref")
        assert ours == theirs
        chains = [r for r in kernel.observed.records.values() if isinstance(r, Chain) and r.namespace == "ns0"]
        for table in TABLES:
            mine = {f"-A {c.name} {rule}".rstrip() for c in chains if c.table == table for rule in c.rules}
            assert mine == {line for line in theirs[table] if line.startswith("-A")}
        not_understood = [rule for c in chains for rule in c.rules if text(parse(rule)) != rule or parse(rule).rest]
        assert not_understood == []
        # the document says it now as iptables does: there and back, nothing is left to do
        assert kernel.steps_to(document.load(document.dump(kernel.observed.records))) == ()
        refuse(kernel, family, refused)

    with_kernel(body, driver)


def refuse(kernel: Kernel, family: Family, refused: list[tuple[Typed, str]]) -> None:
    for one, words in refused:
        text = f"*{one.table}\n:mine -\n-A {one.chain} {one.rule}\nCOMMIT\n"
        tried = attempt(kernel.namespaces, kernel.filters.driver, family, Trial(text))
        assert tried.problem is not None, one
        assert tried.problem.code == Code.REFUSED
        assert tried.problem.message, (one, words)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_shell_commands_of_a_plan_do_the_same(driver: Driver) -> None:
    """Quotes and all: the lines that are shown can be typed."""

    def body(kernel: Kernel) -> None:
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ns0"), Namespace(name="ref")))
        rules = [one for one in typed("ipv4") if "--comment" in one.rule or "--log-prefix" in one.rule]
        rules = [r for r in rules if "thirty" not in r.rule]
        for line in kernel.shell_to(written("ipv4", rules)):
            words = shlex.split(line)
            assert words[:5] == ["ip", "netns", "exec", "ns0", "iptables"]
            done = iptables(kernel, "ipv4", *words[5:])
            assert done.code == 0, (line, done.err)
        kernel.apply(written("ipv4", rules))
        assert listed(kernel, "ipv4", "ns0")["filter"] == listed(kernel, "ipv4", "ref")["filter"]

    with_kernel(body, driver)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_policy_of_nat_is_held_as_the_kernel_holds_it(driver: Driver, family: Family) -> None:
    """`iptables -P` inhibits DROP there, iptables-restore does not: the rules of the chain stay, and the way back is the same."""

    def body(kernel: Kernel) -> None:
        bare = as_records(Namespace(name="host"), Namespace(name="ns0"))
        kernel.want(bare)

        def with_policy(policy: ChainPolicy, *rules: str) -> Records:
            chain = Chain(namespace="ns0", family=family, table="nat", name="PREROUTING", policy=policy, rules=rules)
            return {**bare, **as_records(chain)}

        for records in (with_policy("DROP"), with_policy("DROP", "-j RETURN"), with_policy("ACCEPT", "-j RETURN"), with_policy("DROP")):
            kernel.want(records)
            shown = iptables(kernel, family, "-t", "nat", "-S", "PREROUTING", namespace="ns0").out
            kernel.want(bare)
            subprocess.run(["sh", "-ec", "\n".join(kernel.shell_to(records)).replace("tables", f"tables-{driver}")], check=True)
            kernel.look("ns0")
            assert iptables(kernel, family, "-t", "nat", "-S", "PREROUTING", namespace="ns0").out == shown
            kernel.want(records)
        tried = attempt(kernel.namespaces, kernel.filters.driver, family, Trial("*nat\n:OUTPUT DROP\n-A OUTPUT -p nonsense\nCOMMIT\n"))
        assert (tried.line, tried.problem and tried.problem.message) == (2, 'unknown protocol "nonsense" specified')

    with_kernel(body, driver)


def test_the_programs_are_there() -> None:
    for driver in DRIVERS:
        assert subprocess.run([f"iptables-{driver}", "--version"], capture_output=True).returncode == 0
