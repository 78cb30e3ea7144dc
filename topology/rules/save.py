"""Files for iptables-restore(8): what they make of tables, with errors by line, as far as the text alone tells; and writing them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NoReturn, cast

import msgspec

from topology.model.netfilter import HOOKS, ChainPolicy, Table
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import Chain
from topology.rules.chains import NO_FILTER, retarget
from topology.rules.tokens import Token, quote, tokens

_CHAIN = re.compile(r":(\S+)\s+(\S+)(?:\s+\[\d+:\d+\])?\s*")
_COUNTERS = re.compile(r"\[\d+:\d+\]")
_COMMAND = re.compile(r"-[AIDRFXNPEZ]|--(append|insert|delete|replace|flush|delete-chain|new-chain|policy|rename-chain|zero)(?==|$)")
_LONG: Final[dict[str, str]] = {
    "append": "-A", "insert": "-I", "delete": "-D", "replace": "-R", "flush": "-F", "delete-chain": "-X", "new-chain": "-N",
    "policy": "-P", "rename-chain": "-E", "zero": "-Z",
}  # fmt: skip


class Saved(msgspec.Struct, kw_only=True):
    """A chain in a file. `policy` None: it is a user-defined chain, or the file says `-`."""

    policy: ChainPolicy | None = None
    rules: list[str] = []


Tables = dict[Table, dict[str, Saved]]
"""Table → chain → what the file says of it."""

_CUT_OFF = "COMMIT has to come at its end: the file may be cut off"


def read(source: str, before: Mapping[Table, Mapping[str, Saved]] = {}, keep: bool = False) -> Tables:
    """The tables that the text names, as it leaves them; their chains in order. `before`: what they were. `keep`: as with --noflush.

    Raises `ProblemError`, with the line number in its message.
    """
    reader = _Reader(before, keep)
    lines = source.split("\n")
    for number, line in enumerate(lines, 1):
        reader.line(number, line)
    if reader.table is not None:
        _fault(len(lines), "", f"the table {reader.table} is not ended", _CUT_OFF)
    if not reader.tables:
        _fault(1, "", "there is no table in it", "as iptables-save prints it: *filter, …, COMMIT")
    return reader.tables


class _Line(msgspec.Struct, frozen=True):
    """A command: its line, the words behind its verb, and where in the line they are."""

    number: int
    text: str
    verb: str
    words: list[Token]

    def chain(self) -> str:
        """The chain that it names."""
        if not self.words:
            self.fault(f'option "{self.verb}" requires an argument')
        return self.words[0].value

    def rest(self, behind: int) -> str:
        """The text behind the first words."""
        return self.text[self.words[behind - 1].end :].strip(" \t")

    def fault(self, message: str, hint: str | None = None) -> NoReturn:
        """Raises ProblemError."""
        _fault(self.number, self.text, message, hint)


class _Reader:
    """Does a file line by line. `table`: the one whose lines are being read, between `*TABLE` and `COMMIT`."""

    def __init__(self, before: Mapping[Table, Mapping[str, Saved]], keep: bool) -> None:
        self.tables: Tables = {}
        self.table: Table | None = None
        self._before, self._keep = before, keep

    def line(self, number: int, line: str) -> None:
        """The next line; `number` counts from 1."""
        line = line.removesuffix("\r")
        if not line or line.startswith("#"):
            return
        if self.table is None:
            if not line.startswith("*"):
                _fault(
                    number, line, "this is not a line of iptables-save", "as iptables-save prints it: *TABLE, :CHAIN, -A CHAIN …, COMMIT"
                )
            self._begin(number, line, line[1:].strip())
        elif line.startswith("*"):
            _fault(number, line, f"the table {self.table} is not ended", _CUT_OFF)
        elif line.strip() == "COMMIT":
            self.table = None
        elif line.startswith(":"):
            self._declare(number, line, self.table, self.tables[self.table])
        elif line.strip():
            self._command(number, line, self.tables[self.table])

    def _begin(self, number: int, line: str, name: str) -> None:
        if name not in HOOKS:
            _fault(number, line, f"can't initialize iptables table `{name}': Table does not exist", f"the tables are {', '.join(HOOKS)}")
        self.table = table = name
        before = self.tables[table] if table in self.tables else self._before.get(table, {})
        if self._keep:
            self.tables[table] = {n: Saved(policy=c.policy, rules=list(c.rules)) for n, c in before.items()}
        else:
            self.tables[table] = {n: Saved(policy=c.policy) for n, c in before.items() if n in HOOKS[table]}

    def _declare(self, number: int, line: str, table: Table, chains: dict[str, Saved]) -> None:
        """A line `:NAME POLICY [packets:bytes]`. A user-defined chain is emptied."""
        found = _CHAIN.fullmatch(line)
        if found is None:
            _fault(number, line, "this does not declare a chain", "as in `:INPUT ACCEPT [0:0]`, or `:MINE - [0:0]`")
        name, policy = found.group(1, 2)
        built_in = name in HOOKS[table]
        if (built_in and policy not in ("ACCEPT", "DROP", "-")) or (not built_in and policy != "-"):
            _fault(number, line, f"Can't set policy `{policy}' on chain {name}", "ACCEPT or DROP for a built-in chain, - for others")
        there = chains.setdefault(name, Saved())
        if not built_in:
            there.rules = []
        elif policy != "-":
            there.policy = cast("ChainPolicy", policy)

    def _command(self, number: int, line: str, chains: dict[str, Saved]) -> None:
        words = tokens(line)
        if words and _COUNTERS.fullmatch(words[0].value):
            words = words[1:]
        found = _COMMAND.match(words[0].value) if words else None
        if found is None:
            _fault(number, line, "this is not a line of iptables-save", "as iptables-save prints it: *TABLE, :CHAIN, -A CHAIN …, COMMIT")
        verb = _LONG[found[1]] if found[1] else found[0]
        rest = words[0].value[found.end() :].removeprefix("=")
        attached = [Token(rest, rest, words[0].end - len(rest), words[0].end)] if rest else []
        command = _Line(number, line, verb, [*attached, *words[1:]])
        if verb in ("-F", "-X", "-Z") and not command.words:
            self._of_all(verb, chains)
        else:
            _VERBS[verb](self, command, chains)

    def _of_all(self, verb: str, chains: dict[str, Saved]) -> None:
        assert self.table is not None
        for name, chain in list(chains.items()):
            if verb == "-F":
                chain.rules = []
            elif verb == "-X" and name not in HOOKS[self.table]:
                del chains[name]

    def _found(self, line: _Line, chains: dict[str, Saved]) -> Saved:
        """The chain that the line names; a built-in one always exists."""
        assert self.table is not None
        name = line.chain()
        if name not in chains and name not in HOOKS[self.table]:
            line.fault("No chain/target/match by that name.", f"a line `:{name} - [0:0]` has to come before its rules")
        return chains.setdefault(name, Saved())

    def _append(self, line: _Line, chains: dict[str, Saved]) -> None:
        self._found(line, chains).rules.append(line.rest(1))

    def _insert(self, line: _Line, chains: dict[str, Saved]) -> None:
        rules, number = self._found(line, chains).rules, _number(line)
        if (number or 1) > len(rules) + 1:
            line.fault("Index of insertion too big.")
        rules.insert((number or 1) - 1, line.rest(2 if number else 1))

    def _delete(self, line: _Line, chains: dict[str, Saved]) -> None:
        rules, number = self._found(line, chains).rules, _number(line)
        if number is not None and len(line.words) == 2:
            if number > len(rules):
                line.fault("Index of deletion too big.")
            del rules[number - 1]
            return
        asked = [w.value for w in line.words[1:]]
        at = next((n for n, rule in enumerate(rules) if [w.value for w in tokens(rule)] == asked), None)
        if at is None:
            line.fault("Bad rule (does a matching rule exist in that chain?).")
        del rules[at]

    def _replace(self, line: _Line, chains: dict[str, Saved]) -> None:
        rules, number = self._found(line, chains).rules, _number(line)
        if number is None or number > len(rules):
            line.fault("Index of replacement too big." if number else "-R requires a rule number")
        rules[number - 1] = line.rest(2)

    def _flush(self, line: _Line, chains: dict[str, Saved]) -> None:
        self._found(line, chains).rules = []

    def _new(self, line: _Line, chains: dict[str, Saved]) -> None:
        assert self.table is not None
        if line.chain() in chains or line.chain() in HOOKS[self.table]:
            line.fault("Chain already exists.")
        chains[line.chain()] = Saved()

    def _remove(self, line: _Line, chains: dict[str, Saved]) -> None:
        assert self.table is not None
        if self._found(line, chains).rules:
            line.fault("Directory not empty.", "flush it first")
        if line.chain() in HOOKS[self.table]:
            line.fault("Invalid argument.", "a built-in chain stays")
        del chains[line.chain()]

    def _rename(self, line: _Line, chains: dict[str, Saved]) -> None:
        assert self.table is not None
        there = self._found(line, chains)
        if len(line.words) < 2 or line.words[1].value in chains or line.chain() in HOOKS[self.table]:
            line.fault("File exists." if len(line.words) > 1 else "-E requires old-chain-name and new-chain-name")
        old, new = line.chain(), line.words[1].value
        del chains[old]
        chains[new] = there
        for chain in chains.values():
            chain.rules = [retarget(rule, old, new) for rule in chain.rules]

    def _policy(self, line: _Line, chains: dict[str, Saved]) -> None:
        assert self.table is not None
        policy = line.words[1].value if len(line.words) > 1 else ""
        if line.chain() not in HOOKS[self.table] or policy not in ("ACCEPT", "DROP"):
            line.fault("Bad policy name. Run `dmesg' for more information.", "-P CHAIN ACCEPT or DROP, of a built-in chain")
        if (self.table, policy) == ("nat", "DROP"):
            line.fault(NO_FILTER, f"a line `:{line.chain()} DROP [0:0]` sets it all the same")
        self._found(line, chains).policy = cast("ChainPolicy", policy)

    def _zero(self, line: _Line, chains: dict[str, Saved]) -> None:
        self._found(line, chains)


_VERBS: Final[dict[str, Callable[[_Reader, _Line, dict[str, Saved]], None]]] = {
    "-A": _Reader._append,
    "-I": _Reader._insert,
    "-D": _Reader._delete,
    "-R": _Reader._replace,
    "-F": _Reader._flush,
    "-N": _Reader._new,
    "-X": _Reader._remove,
    "-E": _Reader._rename,
    "-P": _Reader._policy,
    "-Z": _Reader._zero,
}


def _number(line: _Line) -> int | None:
    """The number of a rule behind the chain."""
    found = line.words[1].value if len(line.words) > 1 else ""
    return int(found) if found.isascii() and found.isdigit() and int(found) > 0 else None


def _fault(number: int, line: str, message: str, hint: str | None = None) -> NoReturn:
    where = f"line {number}: {message}" + (f": {line[:80]}" if line else "")
    raise ProblemError(Problem(code=Code.INVALID, message=where, hint=hint))


def chains(namespace: str, family: str, table: Table, found: Mapping[str, Saved]) -> Iterator[Chain]:
    """The records of a table of a file, not yet in normal form."""
    for name, saved in found.items():
        policy = (saved.policy or "ACCEPT") if name in HOOKS[table] else None
        yield msgspec.convert(
            {"namespace": namespace, "family": family, "table": table, "name": name, "policy": policy, "rules": tuple(saved.rules)}, Chain
        )


def saved(records: Iterable[Chain]) -> Tables:
    """The chains of one namespace and family, as a file has them."""
    out: Tables = {}
    for chain in records:
        out.setdefault(chain.table, {})[chain.name] = Saved(policy=chain.policy, rules=list(chain.rules))
    return out


def write(records: Iterable[Chain]) -> str:
    """The chains of one namespace and family as iptables-save would print them, without its comments. Counters are 0."""
    return "\n".join([*lines(records), ""])


def lines(records: Iterable[Chain]) -> Iterator[str]:
    """As `write`, line by line."""
    by_table: dict[Table, dict[str, Chain]] = {}
    for chain in records:
        by_table.setdefault(chain.table, {})[chain.name] = chain
    return (line for table in HOOKS if table in by_table for line in _table_lines(table, by_table[table]))


def _table_lines(table: Table, chains: dict[str, Chain]) -> Iterator[str]:
    user_defined = sorted(chains.keys() - set(HOOKS[table]))
    yield f"*{table}"
    for name in HOOKS[table]:
        yield f":{name} {chains[name].policy if name in chains else 'ACCEPT'} [0:0]"
    yield from (f":{name} - [0:0]" for name in user_defined)
    for name in (*HOOKS[table], *user_defined):
        yield from (f"-A {quote(name)} {rule}".rstrip() for rule in (chains[name].rules if name in chains else ()))
    yield "COMMIT"
