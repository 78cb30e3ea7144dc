"""The lines that change a table: they do what they shall, and leave alone what stays."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies import rules, tables
from topology.model.netfilter import ChainPolicy, Table
from topology.model.records import Chain
from topology.plan.steps import ChangeTable
from topology.plan.table_plan import command, lines, run
from topology.rules.chains import Chains

few = st.lists(rules, max_size=12)


def chain(name: str, *of: str, policy: ChainPolicy | None = None) -> Chain:
    return Chain(namespace="ns0", family="ipv4", table="filter", name=name, policy=policy, rules=of)


def table(*chains: Chain) -> Chains:
    return {c.name: c for c in chains}


def step(*of: str, table: Table = "filter") -> ChangeTable:
    return ChangeTable(subject="", namespace="ns0", family="ipv4", table=table, lines=of)


def there(have: Chains, want: Chains) -> list[str]:
    found = list(lines(have, want))
    assert run(have, step(*found)) == want
    return found


@given(tables("ns0", "ipv4", "filter"), tables("ns0", "ipv4", "filter"))
def test_the_lines_lead_there_and_back(a: Chains, b: Chains) -> None:
    assert run(a, step(*lines(a, b))) == b
    assert run(b, step(*lines(b, a))) == a
    assert not [*lines(a, a)]


@given(tables("ns0", "ipv4", "nat"), tables("ns0", "ipv4", "nat"))
def test_a_policy_in_nat_is_written_as_iptables_takes_it(a: Chains, b: Chains) -> None:
    found = [*lines(a, b)]
    assert run(a, step(*found, table="nat")) == b
    assert not [line for line in found if line.startswith("-P ") and line.endswith(" DROP")]


@settings(max_examples=300)
@given(few, few)
def test_the_lines_lead_there_within_a_chain(a: list[str], b: list[str]) -> None:
    have, want = table(chain("mine", *a)), table(chain("mine", *b))
    assert run(have, step(*lines(have, want))) == want


def test_a_rule_in_the_middle_is_one_line() -> None:
    base = [f"-s 10.0.0.{n}/32 -j DROP" for n in range(9)]
    have = table(chain("INPUT", *base, policy="ACCEPT"))
    for at in (0, 4, 9):
        want = table(chain("INPUT", *base[:at], "-j LOG", *base[at:], policy="ACCEPT"))
        assert there(have, want) == [f"-I INPUT {at + 1} -j LOG" if at < 9 else "-A INPUT -j LOG"]
        assert there(want, have) == [f"-D INPUT {at + 1}"]
    changed = table(chain("INPUT", *base[:3], "-j LOG", *base[4:], policy="ACCEPT"))
    assert there(have, changed) == ["-R INPUT 4 -j LOG"]


def test_what_is_moved_leaves_the_others_alone() -> None:
    base = [f"-s 10.0.0.{n}/32 -j DROP" for n in range(6)]
    have, want = table(chain("mine", *base)), table(chain("mine", *base[1:], base[0]))
    assert there(have, want) == [f"-A mine {base[0]}", "-D mine 1"]


def test_policies_and_chains() -> None:
    have = table(chain("INPUT", "-j mine", policy="DROP"), chain("mine", "-j DROP"))
    assert there({}, have) == ["-N mine", "-P INPUT DROP", "-A INPUT -j mine", "-A mine -j DROP"]
    assert there(have, {}) == ["-P INPUT ACCEPT", "-D INPUT 1", "-F mine", "-X mine"]


def test_a_chain_that_is_renamed_keeps_its_rules_and_those_that_jump_to_it() -> None:
    have = table(chain("INPUT", '-m comment --comment "-j old" -j old', policy="ACCEPT"), chain("old", "-j DROP"))
    want = table(chain("INPUT", '-m comment --comment "-j old" -j new', policy="ACCEPT"), chain("new", "-j DROP"))
    assert there(have, want) == ["-E old new"]


def test_a_chain_of_which_nothing_stays_is_written_anew() -> None:
    have, want = table(chain("mine", "-j DROP", "-j LOG")), table(chain("mine", "-j RETURN"))
    assert there(have, want) == ["-F mine", "-A mine -j RETURN"]


def test_ten_thousand_rules_are_compared_quickly() -> None:
    """Every second rule goes, and others come: a comparison of all with all would meet the timeout."""
    base = [f"-s 10.{n // 250}.{n % 250}.0/24 -j DROP" for n in range(10_000)]
    have = table(chain("mine", *base))
    want = table(chain("mine", *(r for n, r in enumerate(base) if n % 2), *(f"-d 10.0.0.{n}/32" for n in range(250))))
    assert run(have, step(*lines(have, want))) == want


def test_lines_are_read_back() -> None:
    assert command('-I INPUT 3 -m comment --comment "a b"') == ("-I", "INPUT", 3, '-m comment --comment "a b"')
    assert command("-A mine") == ("-A", "mine", 0, "")
    assert command("-D mine 4") == ("-D", "mine", 4, "")
    assert command("-E old new") == ("-E", "old", 0, "new")
