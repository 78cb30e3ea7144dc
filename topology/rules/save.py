"""Files of iptables-save: read, with what is wrong told by line, and written."""

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
    """A chain in a file: its policy (None: a custom one, or the file does not say) and its rules."""

    policy: ChainPolicy | None = None
    rules: list[str] = []


Tables = dict[Table, dict[str, Saved]]


def read(source: str) -> Tables:
    """The tables that the text names, their chains in order. Raises `ProblemError`, with the line number in the words."""
    out: Tables = {}
    table: dict[str, Saved] | None = None
    name = ""
    for number, line in enumerate(source.splitlines(), 1):
        if table is not None and line[:1] in "-[" and (found := _RULE.fullmatch(line)):
            chain = found[2] or re.sub(r"\\(.)", r"\1", found[1])
            if chain not in table and chain in HOOKS[cast("Table", name)]:
                table[chain] = Saved()
            elif chain not in table:
                _fault(number, line, f"the chain {chain} is not declared", f"a line `:{chain} - [0:0]` has to stand before its rules")
            table[chain].rules.append((found[3] or "").strip())
            continue
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("*"):
            if table is not None:
                _fault(number, line, f"the table {name} is not ended", "COMMIT has to stand at its end: the file may be cut off")
            name, table = line[1:], {}
            _new_table(number, line, name, out)
            out[cast("Table", name)] = table
        elif line == "COMMIT" and table is not None:
            table = None
        elif line.startswith(":") and table is not None:
            _chain(number, line, name, table)
        else:
            _fault(number, line, "this is no line of iptables-save", "as iptables-save prints it: *TABLE, :CHAIN, -A CHAIN …, COMMIT")
    if table is not None:
        _fault(len(source.splitlines()), "", f"the table {name} is not ended", "COMMIT has to stand at its end: the file may be cut off")
    if not out:
        _fault(1, "", "there is no table in it", "as iptables-save prints it: *filter, …, COMMIT")
    return out


def _new_table(number: int, line: str, name: str, out: Tables) -> None:
    if name not in HOOKS:
        _fault(number, line, f"can't initialize iptables table `{name}': Table does not exist", f"the tables are {', '.join(HOOKS)}")
    if name in out:
        _fault(number, line, f"the table {name} stands there twice")


def _chain(number: int, line: str, table: str, chains: dict[str, Saved]) -> None:
    found = _CHAIN.fullmatch(line)
    if found is None:
        _fault(number, line, "this is no chain", "as in `:INPUT ACCEPT [0:0]`, or `:MINE - [0:0]`")
    name, policy = found.group(1, 2)
    built_in = name in HOOKS[cast("Table", table)]
    if (built_in and policy not in ("ACCEPT", "DROP", "-")) or (not built_in and policy != "-"):
        _fault(number, line, f"Can't set policy `{policy}' on chain {name}", "ACCEPT or DROP for a built-in chain, - for another one")
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
    lines: list[str] = []
    for table in HOOKS:
        found = by_table.get(table)
        if found is None:
            continue
        own = sorted(found.keys() - set(HOOKS[table]))
        lines.append(f"*{table}")
        for name in HOOKS[table]:
            lines.append(f":{name} {found[name].policy if name in found else 'ACCEPT'} [0:0]")
        lines += [f":{name} - [0:0]" for name in own]
        for name in (*HOOKS[table], *own):
            lines += [f"-A {name} {rule}".rstrip() for rule in (found[name].rules if name in found else ())]
        lines.append("COMMIT")
    return "\n".join([*lines, ""])
