"""The least lines of iptables-restore that make one table what it shall be, so that rules that stay keep their counters.

Pure; the same function is the plan, the undo and the diff of an import. `run` is what the lines do, as a model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from topology.model import ids
from topology.model.netfilter import HOOKS, ChainPolicy, Family, Table
from topology.model.records import AnyRecord, Chain, replace
from topology.model.sequences import runs
from topology.plan import steps as s
from topology.rules.chains import Chains, TableKey, by_table, is_built_in, retarget
from topology.rules.tokens import quote, tokens

REWRITE_THRESHOLD = 20_000_000
"""Rules that iptables would walk over for edits by number (each begins at the chain's head): from here on the chain is written anew."""


def table_steps(wanted: Mapping[str, AnyRecord], have: Mapping[str, AnyRecord], differing: Iterable[str]) -> Iterator[s.ChangeTable]:
    """A step for each table that is not as it is wanted. `differing`: the ids of the records that are not; their tables are compared."""
    tables = {ids.chain_parts(key)[:3] for key in differing if ids.kind_of(key) == "chain"}
    before, after = by_table(have, tables), by_table(wanted, tables)
    for key in dict.fromkeys([*before, *after]):
        namespace, family, table = key
        if ids.namespace(namespace) not in wanted or ids.namespace(namespace) not in have:
            continue
        old, new = before.get(key, {}), after.get(key, {})
        if old == new:
            continue
        found = tuple(lines(old, new))
        if found:
            first = next(name for name in dict.fromkeys([*new, *old]) if new.get(name) != old.get(name))
            subject = ids.chain(namespace, family, table, first)
            yield s.ChangeTable(
                subject=subject, namespace=namespace, family=_family(old, new), table=_table(key), lines=found, expects=_expects(found, old)
            )  # fmt: skip


def digest(rules: Iterable[str]) -> str:
    """Of the rules of a chain, as iptables-save prints them."""
    return blake2b("\n".join([rule.strip(" \t") for rule in rules]).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _expects(found: Iterable[str], old: Chains) -> dict[str, str]:
    """The digests of the chains whose rules the lines mean by number, or as all that there are."""
    parsed = (command(line) for line in found if line[:3] in ("-I ", "-R ", "-D ", "-F "))
    names = dict.fromkeys(name for _, name, _, _ in parsed)
    return {name: digest(old[name].rules if name in old else ()) for name in names}


def _family(old: Chains, new: Chains) -> Family:
    return next(iter((old or new).values())).family


def _table(key: TableKey) -> Table:
    return next(table for table in HOOKS if table == key[2])


def lines(have: Chains, want: Chains) -> Iterator[str]:
    """From one state of a table to another. A chain that only has another name is renamed."""
    have = dict(have)
    for old, new in _renames(have, want):
        yield f"-E {quote(old)} {quote(new)}"
        have = _renamed(have, old, new)
    gone = [name for name, chain in have.items() if name not in want and not is_built_in(chain)]
    for name, chain in want.items():
        if name not in have and not is_built_in(chain):
            yield f"-N {quote(name)}"
    for name in dict.fromkeys([*want, *have]):
        old_policy, new_policy = _policy(have.get(name)), _policy(want.get(name))
        if (name in want or name not in gone) and old_policy != new_policy:
            yield _policy_line((want.get(name) or have[name]).table, name, new_policy or "ACCEPT")
    for name in dict.fromkeys([*want, *(n for n in have if n not in gone)]):
        before = have[name].rules if name in have else ()
        after = want[name].rules if name in want else ()
        if before != after:
            yield from _rules(quote(name), before, after)
    yield from (f"-F {quote(name)}" for name in gone if have[name].rules)
    yield from (f"-X {quote(name)}" for name in gone)


def _policy(chain: Chain | None) -> ChainPolicy | None:
    """A built-in chain without a record has policy ACCEPT; one of its own has none."""
    if chain is None:
        return None
    return None if chain.policy in (None, "ACCEPT") else chain.policy


def _policy_line(table: Table, name: str, policy: ChainPolicy) -> str:
    """iptables inhibits `-P CHAIN DROP` in nat. The kernel holds it, and iptables-restore takes it as iptables-save prints it."""
    return f":{name} DROP [0:0]" if (table, policy) == ("nat", "DROP") else f"-P {name} {policy}"


# ---- names -----------------------------------------------------------------------------------------------------------


def _renames(have: Chains, want: Chains) -> Iterator[tuple[str, str]]:
    """A chain that went and one that came with the same rules are one chain, renamed."""
    gone = {name: c for name, c in have.items() if name not in want and not is_built_in(c)}
    if not gone:
        return
    by_rules: dict[tuple[str, ...], list[str]] = {}
    for name, chain in want.items():
        if name not in have and not is_built_in(chain):
            by_rules.setdefault(chain.rules, []).append(name)
    for name, chain in gone.items():
        if found := by_rules.get(chain.rules):
            yield name, found.pop(0)


def _renamed(chains: Chains, old: str, new: str) -> Chains:
    """All rules that jump to it follow."""
    out: Chains = {}
    for name, chain in chains.items():
        rules = tuple(retarget(rule, old, new) for rule in chain.rules)
        out[new if name == old else name] = replace(chain, name=new if name == old else name, rules=rules)
    return out


# ---- rules of one chain ----------------------------------------------------------------------------------------------


def _rules(name: str, have: Sequence[str], want: Sequence[str]) -> Iterator[str]:
    """From the chain's end to its head, so that the numbers before stay what they were."""
    differing = list(runs(have, want))
    touched = sum(run.removed + run.added for run in differing)
    all_new = sum(run.removed for run in differing) == len(have)
    if have and ((all_new and len(have) > 1) or touched * len(have) > REWRITE_THRESHOLD):
        yield f"-F {name}"
        yield from _appends(name, want)
        return
    for at, removed, to, added in reversed(differing):
        yield from _gap(name, at, have[at : at + removed], want[to : to + added], at + removed == len(have))


def _gap(name: str, at: int, have: Sequence[str], want: Sequence[str], last: bool) -> Iterator[str]:
    """`have`, which stands from `at` (from 0) on, becomes `want`."""
    common = min(len(have), len(want))
    yield from (f"-D {name} {at + n + 1}" for n in reversed(range(common, len(have))))
    yield from (f"-R {name} {at + n + 1} {want[n]}".rstrip() for n in range(common))
    if last:
        yield from _appends(name, want[common:])
    else:
        yield from (f"-I {name} {at + n + 1} {want[n]}".rstrip() for n in range(common, len(want)))


def _appends(name: str, rules: Iterable[str]) -> Iterator[str]:
    return (f"-A {name} {rule}" if rule else f"-A {name}" for rule in rules)


# ---- what lines do ---------------------------------------------------------------------------------------------------


def run(chains: Chains, step: s.ChangeTable) -> Chains:
    """The table after the step, in normal form. KeyError or IndexError where iptables would refuse a line."""
    found = {name: (chain.policy, list(chain.rules)) for name, chain in chains.items()}
    for name in HOOKS[step.table]:
        found.setdefault(name, ("ACCEPT", []))
    for line in step.lines:
        found = _run(found, line)
    out: Chains = {}
    for name, (policy, rules) in found.items():
        if name not in HOOKS[step.table] or rules or policy == "DROP":
            out[name] = Chain(
                namespace=step.namespace, family=step.family, table=step.table, name=name, policy=policy, rules=tuple(rules)
            )  # fmt: skip
    return out


_State = dict[str, tuple[ChainPolicy | None, list[str]]]


def _run(chains: _State, line: str) -> _State:
    verb, name, number, rule = command(line)
    if verb == "-N":
        chains[name] = (None, [])
    elif verb == "-X":
        del chains[name]
    elif verb == "-P":
        chains[name] = ("DROP" if rule == "DROP" else "ACCEPT", chains[name][1])
    elif verb == "-E":
        chains = {rule if n == name else n: (p, [retarget(r, name, rule) for r in rules]) for n, (p, rules) in chains.items()}
    elif verb == "-F":
        chains[name][1].clear()
    elif verb == "-A":
        chains[name][1].append(rule)
    elif verb == "-I":
        chains[name][1].insert(number - 1, rule)
    elif verb == "-R":
        chains[name][1][number - 1] = rule
    elif verb == "-D":
        del chains[name][1][number - 1]
    return chains


def numbered(lengths: Mapping[str, int], step_lines: Sequence[str], at: int) -> int:
    """The number that the rule of line `at` (from 0) has when its turn comes. `lengths`: how many rules each chain has before."""
    found = dict(lengths)
    for line in step_lines[:at]:
        verb, name, _, _ = command(line)
        found[name] = 0 if verb == "-F" else found.get(name, 0) + {"-A": 1, "-I": 1, "-D": -1}.get(verb, 0)
    _, name, number, _ = command(step_lines[at])
    return number or found.get(name, 0) + 1


def command(line: str) -> tuple[str, str, int, str]:
    """A line of a step: the verb, the chain, the rule's number (0: none), and the rest, which is a rule's text, a policy or a name.
    `:CHAIN POLICY` is `-P`."""
    if line.startswith(":"):
        chain, policy, *_ = line[1:].split(" ")
        return "-P", chain, 0, policy
    verb, name, *more = tokens(line)[:3]
    if verb.value not in ("-I", "-R", "-D"):
        rest = line[name.end + 1 :]
        return verb.value, name.value, 0, tokens(rest)[0].value if verb.value in ("-E", "-P") else rest
    return verb.value, name.value, int(more[0].value), line[more[0].end + 1 :]
