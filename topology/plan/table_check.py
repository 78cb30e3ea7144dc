"""Whether a table is what the lines of a step were to make of it. Pure.

The exit code of iptables-restore is no proof: at `-h`, `--help` or `-V` inside a rule it prints its help, ends with 0 and has loaded
nothing; a line with `-6` in a table of IPv4 (`-4` in IPv6) is skipped.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from topology.model.netfilter import ChainPolicy, Family, Table
from topology.plan.table_plan import command
from topology.rules.tokens import TEXTS, tokens

Have = Mapping[str, tuple[ChainPolicy | None, Sequence[str]]]
"""A table as iptables-save prints it: chain → policy (None: a user-defined chain) and rules."""

Tables = Mapping[tuple[Table, str], Sequence[str]]
"""Rules by table and chain."""

_ENDS_HERE = re.compile(r"-[46bfnvx]*[hV].*|--h(?:e(?:lp?)?)?|--vers(?:i(?:on?)?)?")
"""Options with which the program prints its help or its version and ends, alone or behind others in one word, or shortened (getopt(3))."""
_SKIPPED: Mapping[Family, re.Pattern[str]] = {
    "ipv4": re.compile(r"-[4bfnvx]*6|--ipv6"),
    "ipv6": re.compile(r"-[6bfnvx]*4|--ipv4"),
}


class _Line(NamedTuple):
    """One line of a step, as `table_plan.command` takes it apart."""

    verb: str
    chain: str
    at: int
    rest: str


def not_done(before: Mapping[str, int], lines: Sequence[str], after: Have, family: Family) -> int | None:
    """The first line (from 0) of which nothing is to be seen in the table `after`; None where all was done. `before`: how many rules each
    chain had. A rule may be printed in other words than it was asked for, and others may change other rules meanwhile."""
    parsed = [_parsed(line) for line in lines]
    made = {line.chain: n for n, line in enumerate(parsed) if line.verb == "-N"}
    policies = {line.chain: n for n, line in enumerate(parsed) if line.verb == "-P"}
    for name, rules in _expected(before, parsed).items():
        asked = {n: parsed[n].rest for n in rules if n is not None}
        if name not in after:
            if name in made or asked:
                return made.get(name, next(iter(asked), None))
            continue
        policy, found = after[name]
        if name in policies and parsed[policies[name]].rest != policy:
            return policies[name]
        if (missing := _missing(asked, found, len(rules) - len(asked), family)) is not None:
            return missing
    return None


def ignored_word(rule: str, family: Family) -> str | None:
    """The word of a rule because of which iptables-restore does not load it and reports success; None where there is none."""
    words = [t.value for t in tokens(rule)]
    pairs = zip(["", *words], words, strict=False)
    return next((w for before, w in pairs if before not in TEXTS and (_ENDS_HERE.fullmatch(w) or _SKIPPED[family].match(w))), None)


def _parsed(line: str) -> _Line:
    """Without a look at each character of a long table: most names of chains need no quotes."""
    verb, name, *rest = line.split(" ", 2)
    return _Line(verb, name, 0, rest[0] if rest else "") if verb == "-A" and '"' not in name else _Line(*command(line))


def _expected(before: Mapping[str, int], lines: Sequence[_Line]) -> dict[str, list[int | None]]:
    """The chains after these lines: for each rule the line that it comes from, None for one that was there before."""
    chains: dict[str, list[int | None]] = {name: [None] * count for name, count in before.items()}
    for number, line in enumerate(lines):
        if line.verb == "-X":
            chains.pop(line.chain, None)
        elif line.verb == "-E":
            chains[line.rest] = chains.pop(line.chain, [])
        elif line.verb == "-F":
            chains[line.chain] = []
        else:
            _change(chains.setdefault(line.chain, []), line, number)
    return chains


def _change(rules: list[int | None], line: _Line, number: int) -> None:
    if line.verb == "-A":
        rules.append(number)
    elif line.verb == "-I":
        rules.insert(line.at - 1, number)
    elif line.verb == "-R":
        rules[line.at - 1 : line.at] = [number]
    elif line.verb == "-D":
        del rules[line.at - 1 : line.at]


def _missing(asked: Mapping[int, str], found: Sequence[str], kept: int, family: Family) -> int | None:
    """The first of the asked rules (by line) that is not among those found. `kept`: how many of those found were there before."""
    there = Counter(found)
    unseen = []
    for number, text in asked.items():
        if there[text]:
            there[text] -= 1
        else:
            unseen.append(number)
    words = {_words(text) for text in there.elements()} if unseen else set()
    unseen = [n for n in unseen if _words(asked[n]) not in words]
    ignored = [n for n in unseen if ignored_word(asked[n], family) is not None]
    if ignored:
        return ignored[0]
    return next(iter(unseen), None) if len(found) < kept + len(asked) else None


def _words(rule: str) -> tuple[str, ...]:
    return tuple(t.value for t in tokens(rule))


def ignored_line(lines: Sequence[str], have: Tables, family: Family) -> int | None:
    """The line `-A CHAIN RULE` of a text for iptables-restore (from 0) that was not loaded although no error was reported; None where all
    are there. `have`: the rules by table and chain."""
    asked: dict[tuple[Table, str], list[int]] = {}
    table: Table = "filter"
    for number, line in enumerate(lines):
        if line.startswith("*"):
            table = cast("Table", line[1:].strip())
        if line.startswith("-A "):
            asked.setdefault((table, command(line)[1]), []).append(number)
    for key, numbers in asked.items():
        found = have.get(key, ())
        if len(found) < len(numbers):
            there = Counter(map(_words, found))
            suspects = [n for n in numbers if ignored_word(lines[n], family) is not None]
            missing = next((n for n in suspects if not there[_words(command(lines[n])[3])]), None)
            if missing is not None:
                return missing
    return None
