"""One rule, from the text that iptables-save prints after `-A CHAIN `, and back: `text(parse(t)) == t`.

The parameters of iptables(8) itself have fields. A match or target of an extension is its name and its options, whatever they are. A text
that cannot be parsed is kept in `rest`, and no other field is set.
"""

import re
from typing import Any

import msgspec

from topology.rules.tokens import TEXTS, Token, quote, tokens


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a packet must have, or (`negated`, written `!`) must not have."""

    value: str
    negated: bool = False


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`--dport 80` is name `--dport`, values `("80",)`; `! --syn` is negated and has no values.

    `raw`: how the values are written, where `quote` would write them otherwise: some extensions quote more than they need to.
    """

    name: str
    values: tuple[str, ...] = ()
    negated: bool = False
    raw: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """Its first value; empty where it has none."""
        return self.values[0] if self.values else ""


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`-m name` and its options."""

    name: str
    options: tuple[Option, ...] = ()

    def option(self, name: str) -> Option | None:
        """The option of this name, if it is given."""
        return next((o for o in self.options if o.name == name), None)


class Target(Match, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`-j name` (or `-g`, with `goto`) and its options: a verdict, an extension, or a chain of the table."""

    goto: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`source` and `destination` are prefixes or address/mask; `in_interface` and `out_interface` may end in `+`: all names that begin so.

    `fragment`: second and further fragments of IPv4 packets (`-f`); its value is empty.
    """

    source: Condition | None = None
    destination: Condition | None = None
    in_interface: Condition | None = None
    out_interface: Condition | None = None
    protocol: Condition | None = None
    fragment: Condition | None = None
    matches: tuple[Match, ...] = ()
    target: Target | None = None
    rest: str = ""

    def match(self, name: str) -> Match | None:
        """The first match of this name."""
        return next((m for m in self.matches if m.name == name), None)

    @property
    def comment(self) -> str:
        """The text of `-m comment`; empty where there is none."""
        found = self.match("comment")
        option = found.option("--comment") if found is not None else None
        return option.value if option is not None else ""


_GENERAL = {
    "-s": "source", "-d": "destination", "-i": "in_interface", "-o": "out_interface", "-p": "protocol", "-f": "fragment",
}  # fmt: skip
_FLAG = {field: flag for flag, field in _GENERAL.items()}
_OPTION = re.compile(r"--?[A-Za-z]")


class _Reader:
    """The words of a rule, and how many of them are read."""

    def __init__(self, words: list[Token]) -> None:
        self.words, self.at = words, 0

    def option_at(self, at: int) -> bool:
        """Whether word number `at` is an option, such as `-p` or `--dport`."""
        return at < len(self.words) and not self.words[at].quoted and bool(_OPTION.match(self.words[at].value))

    def negation(self) -> bool:
        """Read a `!` if one comes before an option; whether it did."""
        if self.at < len(self.words) and self.words[self.at].raw == "!" and self.option_at(self.at + 1):
            self.at += 1
            return True
        return False

    def next(self) -> str:
        """Read a word. Raises ValueError at the end."""
        if self.at >= len(self.words):
            raise ValueError("it ends too early")
        self.at += 1
        return self.words[self.at - 1].value

    def options(self) -> tuple[Option, ...]:
        """Read options up to the next `-m`, `-j` or `-g`, or the end. Raises ValueError where a value has no option."""
        out: list[Option] = []
        while self.at < len(self.words) and self.words[self.at].raw not in ("-m", "-j", "-g"):
            negated = self.negation()
            if not self.option_at(self.at):
                raise ValueError("a value without an option")
            name = self.next()
            values = self._values(any_first=name in TEXTS)
            plain = all(quote(v.value) == v.raw for v in values)
            out.append(Option(name, tuple(v.value for v in values), negated, () if plain else tuple(v.raw for v in values)))
        return tuple(out)

    def _values(self, any_first: bool) -> list[Token]:
        """The words up to the next option. `any_first`: the first is a value even if it looks like an option."""
        begin = self.at
        self.at += any_first and self.at < len(self.words)
        while self.at < len(self.words) and not self.option_at(self.at):
            if self.words[self.at].raw == "!" and self.option_at(self.at + 1):
                break
            self.at += 1
        return self.words[begin : self.at]


def parse(rule: str) -> Rule:
    """The structure of a rule. Never raises: a text that cannot be parsed is in `rest`."""
    try:
        found = _parse(_Reader(tokens(rule)))
    except ValueError:
        return Rule(rest=rule)
    return found if text(found) == rule else Rule(rest=rule)


def _parse(reader: _Reader) -> Rule:
    fields: dict[str, Any] = {}
    matches: list[Match] = []
    target: Target | None = None
    while reader.at < len(reader.words):
        negated = reader.negation()
        word = reader.words[reader.at].raw
        if word in _GENERAL and not matches and target is None:
            reader.next()
            field = _GENERAL[word]
            fields[field] = Condition("" if field == "fragment" else reader.next(), negated)
        elif word == "-m" and not negated and target is None:
            reader.next()
            matches.append(Match(reader.next(), reader.options()))
        elif word in ("-j", "-g") and not negated and target is None:
            reader.next()
            target = Target(reader.next(), reader.options(), goto=word == "-g")
        else:
            raise ValueError(word)
    return Rule(matches=tuple(matches), target=target, **fields)


def text(rule: Rule) -> str:
    """The text of a rule, in the order and the quoting of iptables-save."""
    if rule.rest:
        return rule.rest
    words: list[str] = []
    for field, flag in _FLAG.items():
        found: Condition | None = getattr(rule, field)
        if found is not None:
            words += ["!"] * found.negated + [flag] + ([quote(found.value)] if field != "fragment" else [])
    for match in rule.matches:
        words += ["-m", quote(match.name), *_options(match)]
    if rule.target is not None:
        words += ["-g" if rule.target.goto else "-j", quote(rule.target.name), *_options(rule.target)]
    return " ".join(words)


def _options(match: Match) -> list[str]:
    out: list[str] = []
    for option in match.options:
        out += ["!"] * option.negated + [option.name]
        out += option.raw or [quote(v) for v in option.values]
    return out
