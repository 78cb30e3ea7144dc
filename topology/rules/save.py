"""Files of iptables-save(8): reading them, with errors by line, and writing them."""

import re
from collections.abc import Iterable, Iterator
from typing import NoReturn, cast

import msgspec

from topology.model.netfilter import HOOKS, ChainPolicy, Table
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Chain

_CHAIN = re.compile(r":(\S+)\s+(\S+)(?:\s+\[\d+:\d+\])?\s*")
_RULE = re.compile(r"(?:\[\d+:\d+\] )?(?:-A|--append) (?:\"((?:[^\"\\]|\\.)+)\"|(\S+))(?: (.*))?")


class Saved(msgspec.Struct, kw_only=True):
    """A chain in a file. `policy` None: it is a user-defined chain, or the file says `-`."""

    policy: ChainPolicy | None = None
    rules: list[str] = []


Tables = dict[Table, dict[str, Saved]]
"""Table → chain → what the file says of it."""

_CUT_OFF = "COMMIT has to come at its end: the file may be cut off"


def read(source: str) -> Tables:
    """The tables that the text names, their chains in order. Raises `ProblemError`, with the line number in its message."""
    reader = _Reader()
    lines = source.splitlines()
    for number, line in enumerate(lines, 1):
        reader.line(number, line)
    if reader.table is not None:
        _fault(len(lines), "", f"the table {reader.table} is not ended", _CUT_OFF)
    if not reader.tables:
        _fault(1, "", "there is no table in it", "as iptables-save prints it: *filter, …, COMMIT")
    return reader.tables


class _Reader:
    """Reads a file line by line. `table`: the one whose lines are being read, between `*TABLE` and `COMMIT`."""

    def __init__(self) -> None:
        self.tables: Tables = {}
        self.table: Table | None = None

    def line(self, number: int, line: str) -> None:
        """The next line; `number` counts from 1."""
        if self.table is not None and line[:1] in "-[" and (found := _RULE.fullmatch(line)):
            self._rule(self.table, number, line, found)
            return
        line = line.strip()
        if not line or line.startswith("#"):
            return
        if line.startswith("*"):
            self._begin(number, line, line[1:])
        elif self.table is None or (line != "COMMIT" and not line.startswith(":")):
            _fault(number, line, "this is not a line of iptables-save", "as iptables-save prints it: *TABLE, :CHAIN, -A CHAIN …, COMMIT")
        elif line == "COMMIT":
            self.table = None
        else:
            _chain(number, line, self.table, self.tables[self.table])

    def _begin(self, number: int, line: str, name: str) -> None:
        if self.table is not None:
            _fault(number, line, f"the table {self.table} is not ended", _CUT_OFF)
        if name not in HOOKS:
            _fault(number, line, f"can't initialize iptables table `{name}': Table does not exist", f"the tables are {', '.join(HOOKS)}")
        if name in self.tables:
            _fault(number, line, f"the table {name} is there twice")
        self.table = name
        self.tables[self.table] = {}

    def _rule(self, table: Table, number: int, line: str, found: re.Match[str]) -> None:
        chains = self.tables[table]
        name = found[2] or re.sub(r"\\(.)", r"\1", found[1])
        if name not in chains and name in HOOKS[table]:
            chains[name] = Saved()
        elif name not in chains:
            _fault(number, line, f"the chain {name} is not declared", f"a line `:{name} - [0:0]` has to come before its rules")
        chains[name].rules.append((found[3] or "").strip())


def _chain(number: int, line: str, table: Table, chains: dict[str, Saved]) -> None:
    """A line `:NAME POLICY [packets:bytes]`."""
    found = _CHAIN.fullmatch(line)
    if found is None:
        _fault(number, line, "this does not declare a chain", "as in `:INPUT ACCEPT [0:0]`, or `:MINE - [0:0]`")
    name, policy = found.group(1, 2)
    built_in = name in HOOKS[table]
    if (built_in and policy not in ("ACCEPT", "DROP", "-")) or (not built_in and policy != "-"):
        _fault(number, line, f"Can't set policy `{policy}' on chain {name}", "ACCEPT or DROP for a built-in chain, - for others")
    chains[name] = Saved(policy=cast("ChainPolicy", policy) if policy != "-" else None)


def _fault(number: int, line: str, message: str, hint: str | None = None) -> NoReturn:
    where = f"line {number}: {message}" + (f": {line[:80]}" if line else "")
    raise ProblemError(Problem(code=Code.INVALID, message=where, hint=hint))


def chains(namespace: str, family: str, table: Table, found: dict[str, Saved]) -> Iterator[Chain]:
    """The records of a table of a file, not yet in normal form."""
    for name, saved in found.items():
        policy = (saved.policy or "ACCEPT") if name in HOOKS[table] else None
        yield msgspec.convert(
            {"namespace": namespace, "family": family, "table": table, "name": name, "policy": policy, "rules": tuple(saved.rules)}, Chain
        )


def write(records: Iterable[Chain]) -> str:
    """The chains of one namespace and family as iptables-save would print them, without its comments. Counters are 0."""
    by_table: dict[Table, dict[str, Chain]] = {}
    for chain in records:
        by_table.setdefault(chain.table, {})[chain.name] = chain
    lines = [line for table in HOOKS if table in by_table for line in _table_lines(table, by_table[table])]
    return "\n".join([*lines, ""])


def _table_lines(table: Table, chains: dict[str, Chain]) -> Iterator[str]:
    user_defined = sorted(chains.keys() - set(HOOKS[table]))
    yield f"*{table}"
    for name in HOOKS[table]:
        yield f":{name} {chains[name].policy if name in chains else 'ACCEPT'} [0:0]"
    yield from (f":{name} - [0:0]" for name in user_defined)
    for name in (*HOOKS[table], *user_defined):
        yield from (f"-A {name} {rule}".rstrip() for rule in (chains[name].rules if name in chains else ()))
    yield "COMMIT"
