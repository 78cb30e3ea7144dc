"""Rules that a shell changes between the look at a chain and the change of an edit: the edit is made on the rules that it means, or not."""

import itertools
import subprocess
import threading
from collections.abc import Callable

import pytest

from agent.apply import execute
from agent.apply.execute import Outcome
from agent.filter.drivers import Nft
from agent.filter.programs import Ended
from agent.netlink.namespaces import Netns
from tests.kernel.test_apply import Kernel, with_kernel
from topology.model.netfilter import DRIVERS, Driver, Family, Table
from topology.model.problems import Code
from topology.model.records import Chain, Namespace, Records, as_records

BEFORE = tuple(f"-s 10.0.0.{n}/32 -j ACCEPT" for n in range(1, 5))
NEW = "-s 10.9.0.1/32 -j DROP"
EDITS = {
    "delete": (*BEFORE[:1], *BEFORE[2:]),
    "replace": (*BEFORE[:1], NEW, *BEFORE[2:]),
    "insert": (*BEFORE[:2], NEW, *BEFORE[2:]),
    "move": (BEFORE[3], *BEFORE[:3]),
    "flush": (),
}
SHELL = {
    "insert": ("-I", "INPUT", "-s", "10.1.0.1/32", "-j", "DROP"),
    "append": ("-A", "INPUT", "-s", "10.1.0.1/32", "-j", "DROP"),
    "delete": ("-D", "INPUT", "1"),
    "replace": ("-R", "INPUT", "2", "-s", "10.1.0.1/32", "-j", "DROP"),
    "flush": ("-F", "INPUT"),
    "elsewhere": ("-A", "OUTPUT", "-j", "ACCEPT"),
    "other table": ("-t", "mangle", "-A", "INPUT", "-j", "ACCEPT"),
}


def with_rules(*rules: str) -> Records:
    chain = Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=rules)
    return as_records(Namespace(name="host"), Namespace(name="ns0"), *([chain] if rules else ()))


def shown(kernel: Kernel) -> tuple[str, ...]:
    text = kernel.filters.driver.iptables(kernel.namespaces["ns0"], "ipv4", ["-S", "INPUT"]).out
    return tuple(line.removeprefix("-A INPUT ") for line in text.splitlines() if line.startswith("-A "))


def after_shell(rules: tuple[str, ...], verb: str) -> tuple[str, ...]:
    mine = "-s 10.1.0.1/32 -j DROP"
    return {
        "insert": (mine, *rules),
        "append": (*rules, mine),
        "delete": rules[1:],
        "replace": (*rules[:1], mine, *rules[2:]) if len(rules) > 1 else rules,
        "flush": (),
    }.get(verb, rules)


def overtaken(kernel: Kernel, wanted: Records, command: tuple[str, ...], times: int = 1) -> Outcome:
    """Apply it; each of the first looks at the table is followed by the command of a shell, which waits where it must."""
    program = kernel.filters.driver
    looked, save = itertools.count(), program.save
    shells: list[threading.Thread] = []

    def save_then_shell(place: Netns, family: Family, counters: bool, table: Table | None = None) -> Ended:
        seen = save(place, family, counters, table)
        if place is kernel.namespaces["ns0"] and next(looked) < times:
            shell = threading.Thread(target=_shell, args=(kernel, command))
            shell.start()
            if program.name == "nft":
                shell.join()
            shells.append(shell)
        return seen

    steps = kernel.steps_to(wanted)
    program.save = save_then_shell  # type: ignore[method-assign]
    try:
        return execute(kernel.namespaces, steps, kernel.filters)
    finally:
        del program.save
        for shell in shells:
            shell.join()
        assert shells


def _shell(kernel: Kernel, command: tuple[str, ...]) -> None:
    program = f"iptables-{kernel.filters.driver.name}"
    subprocess.run(["ip", "netns", "exec", "ns0", program, "--wait", *command], capture_output=True, check=True)


def each(body: Callable[[Kernel, str, str], None]) -> Callable[[Kernel], None]:
    def all_of_them(kernel: Kernel) -> None:
        kernel.want(with_rules())
        for verb, edit in itertools.product(SHELL, EDITS):
            kernel.want(with_rules(*BEFORE))
            body(kernel, verb, edit)
            for table in ("filter", "mangle"):
                kernel.filters.driver.iptables(kernel.namespaces["ns0"], "ipv4", ["-t", table, "-F"])
            kernel.look("ns0")

    return all_of_them


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_rule_is_lost_and_none_is_taken_for_another(driver: Driver) -> None:
    def body(kernel: Kernel, verb: str, edit: str) -> None:
        done = overtaken(kernel, with_rules(*EDITS[edit]), SHELL[verb])
        if done.problem is None:  # the edit was first
            assert shown(kernel) == after_shell(EDITS[edit], verb), (verb, edit)
            assert driver == "legacy" or verb in ("elsewhere", "other table"), (verb, edit)
        else:  # the shell was first, and nothing was done: it is planned again
            assert done.problem.code == Code.CONFLICT, (verb, edit, done)
            assert done.problem.subject == "chain:ns0/ipv4/filter/INPUT"
            assert shown(kernel) == after_shell(BEFORE, verb), (verb, edit)
            assert driver == "nft"

    with_kernel(each(body), driver)


def test_who_changes_other_rules_all_the_time_is_no_conflict() -> None:
    """With nft, each transaction of the namespace makes another look necessary."""

    def body(kernel: Kernel) -> None:
        kernel.want(with_rules(*BEFORE))
        done = overtaken(kernel, with_rules(*EDITS["delete"]), SHELL["other table"], times=5)
        assert done.problem is None
        assert shown(kernel) == EDITS["delete"]

    with_kernel(body, "nft")


@pytest.mark.parametrize("driver", DRIVERS)
def test_several_tables_in_one_edit(driver: Driver) -> None:
    """With nft each is a transaction, which follows the one before; a comment may say COMMIT."""

    def body(kernel: Kernel) -> None:
        def both(*rules: str) -> Records:
            chains = [
                Chain(namespace="ns0", family="ipv4", table=table, name="INPUT", policy="ACCEPT", rules=rules)
                for table in ("mangle", "filter")
            ]
            return as_records(Namespace(name="host"), Namespace(name="ns0"), *chains)

        kernel.want(both(*BEFORE))
        kernel.want(both(*EDITS["replace"], "-m comment --comment COMMIT", NEW))
        kernel.want(both("-m comment --comment COMMIT", NEW))
        done = kernel.apply(both("-m comment --comment COMMIT", "-p nonsense"))
        assert done.problem is not None
        assert done.problem.message == 'unknown protocol "nonsense" specified'
        assert done.problem.rule == 2

    with_kernel(body, driver)


def test_a_long_table_in_several_transactions() -> None:
    """Its pieces follow one another; where a shell comes between, nothing behind it is done."""

    def body(kernel: Kernel) -> None:
        many = tuple(f"-s 10.{n // 250}.{n % 250}.1/32 -j ACCEPT" for n in range(1200))
        kernel.want(with_rules(*many))
        assert kernel.apply(with_rules(NEW, *many[::2], NEW)).problem is None
        assert shown(kernel) == (NEW, *many[::2], NEW)
        kernel.want(with_rules(*many))
        program, begun = kernel.filters.driver, itertools.count()
        assert isinstance(program, Nft)
        once = program._once

        def once_and_shell(place: Netns, family: Family, text: str, flush: bool) -> Ended:
            if place is kernel.namespaces["ns0"] and next(begun) == 1:
                _shell(kernel, SHELL["insert"])
            return once(place, family, text, flush)

        program._once = once_and_shell  # type: ignore[method-assign]
        done = kernel.apply(with_rules(NEW, *many[::2], NEW))
        assert done.problem is not None
        assert done.problem.code == Code.CONFLICT
        left = shown(kernel)
        assert left[0] == "-s 10.1.0.1/32 -j DROP"
        assert set(left[1:]) >= set(many[::2]), "what is to stay is there"

    with_kernel(body, "nft")
