"""Every match and target that an iptables has, with its options: what they are from libxtables, the words for people from `--help`.

Neither says for which tables and hooks an extension is: that comes from iptables-extensions(8) and the kernel's xt_*.c.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from topology.model.netfilter import BUILT_IN, Table
from topology.rules.option_types import Value, XtOption


class Option(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An option of a match or target. `argument` is what its help calls the value; `choices` are the words that it may be.

    `negate`: `!` is allowed before it. `names` are all its spellings, the shortest first. `arity`: how many words follow it.
    """

    names: tuple[str, ...]
    argument: str = ""
    value: Value = "none"
    arity: int = 0
    choices: tuple[str, ...] = ()
    negate: bool = False
    help: str = ""


class Extension(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A match (`-m name`) or a target (`-j name`). `tables`, `hooks`: it is only allowed there, as far as is known; empty: anywhere.

    `needs`: what else the rule needs, such as `-p tcp`. `help` is the text of `--help`.
    """

    name: str
    kind: Literal["match", "target"]
    summary: str = ""
    options: tuple[Option, ...] = ()
    tables: tuple[Table, ...] = ()
    hooks: tuple[str, ...] = ()
    needs: str = ""
    help: str = ""


_ONLY_IN: Final[dict[str, tuple[tuple[Table, ...], tuple[str, ...]]]] = {
    "CHECKSUM": (("mangle",), ()),
    "CLASSIFY": (("mangle",), ("OUTPUT", "FORWARD", "POSTROUTING")),
    "CONNSECMARK": (("mangle", "security"), ()),
    "CT": (("raw",), ()),
    "DNAT": (("nat",), ("PREROUTING", "OUTPUT")),
    "DNPT": (("mangle",), ()),
    "DSCP": (("mangle",), ()),
    "ECN": (("mangle",), ()),
    "HL": (("mangle",), ()),
    "MASQUERADE": (("nat",), ("POSTROUTING",)),
    "NETMAP": (("nat",), ()),
    "NOTRACK": (("raw",), ()),
    "REDIRECT": (("nat",), ("PREROUTING", "OUTPUT")),
    "REJECT": (("filter",), ("INPUT", "FORWARD", "OUTPUT")),
    "SECMARK": (("mangle", "security"), ()),
    "SNAT": (("nat",), ("POSTROUTING", "INPUT")),
    "SNPT": (("mangle",), ()),
    "SYNPROXY": ((), ("INPUT", "FORWARD")),
    "TCPOPTSTRIP": (("mangle",), ()),
    "TOS": (("mangle",), ()),
    "TPROXY": (("mangle",), ("PREROUTING",)),
    "TTL": (("mangle",), ()),
    "mac": ((), ("PREROUTING", "FORWARD", "INPUT")),
    "owner": ((), ("OUTPUT", "POSTROUTING")),
    "rpfilter": (("raw", "mangle"), ("PREROUTING",)),
    "socket": ((), ("PREROUTING", "INPUT")),
}
_NEEDS: Final = {
    "tcp": "-p tcp", "tcpmss": "-p tcp", "udp": "-p udp", "sctp": "-p sctp", "dccp": "-p dccp", "esp": "-p esp", "ah": "-p ah",
    "icmp": "-p icmp", "icmp6": "-p ipv6-icmp", "mh": "-p ipv6-mh", "ipcomp": "-p ipcomp", "multiport": "-p tcp", "TCPMSS": "-p tcp",
    "TCPOPTSTRIP": "-p tcp", "SYNPROXY": "-p tcp", "ECN": "-p tcp",
}  # fmt: skip
_VERDICTS: Final = {
    "ACCEPT": "let the packet through this table",
    "DROP": "drop the packet, and say nothing",
    "RETURN": "go back to the chain that jumped here; in a built-in chain the policy decides",
}
_ALIASES: Final = {
    "--source-port": "--sport",
    "--destination-port": "--dport",
    "--source-ports": "--sports",
    "--destination-ports": "--dports",
}
_ARGUMENTS: Final = {
    "--match-set": "name flags", "--add-set": "name flags", "--del-set": "name flags", "--map-set": "name flags", "--from": "offset",
    "--to": "offset", "--accept-local": "",
}  # fmt: skip
"""Arguments of options where the layout of the help does not tell them from the description."""
_IN_BRACKETS = re.compile(r"\[(--[\w-]+)\]")


def misplaced(name: str, table: str, chain: str) -> str | None:
    """Where a match or target is allowed, if it is not in this chain of this table; else None."""
    tables, hooks = _ONLY_IN.get(name, ((), ()))
    if (tables and table not in tables) or (hooks and chain in BUILT_IN and chain not in hooks):
        where = " or ".join(tables or ("any table",)) + (f", {' or '.join(hooks)}" if hooks else "")
        return f"{name} is only for {where}"
    return None


_TWO_WORDS: Final = frozenset({"--tcp-flags", "--match-set", "--add-set", "--del-set", "--map-set", "--chunk-types"})
"""Options that read a second word themselves, of which libxtables does not know."""

_TYPES = re.compile(r"^=== types\n((?:\{.*\n)*)", re.M)
_SECTION = re.compile(r"^=== (-[mj]) (\S+)$", re.M)
_VERSION = re.compile(r"^=== version (.*)$", re.M)
_OPTION = re.compile(r"^\s*(\(?\[?!\]?\)?)?\s*(--[a-z0-9][\w-]*)(?:[ \t]+(.*?))?$")
_GAP = re.compile(r"\t+| {2,}|(?<=\S) ?\t")
_CHOICES = re.compile(r"\{([\w|-]+)\}|\[(\w+(?:, ?\w+)+)\]")


_OPTIONS = msgspec.json.Decoder(XtOption)


def read(text: str) -> tuple[str, tuple[Extension, ...]]:
    """The version of iptables and its extensions.

    `text`: behind a line `=== types` what libxtables knows, an `XtOption` in each line; a line `=== version VERSION`; then the help of each
    behind a line `=== -m NAME` or `=== -j NAME` (agent/filter/extensions.py).
    """
    types: dict[str, list[XtOption]] = {}
    for line in found[1].splitlines() if (found := _TYPES.search(text)) else ():
        option = _OPTIONS.decode(line)
        types.setdefault(option.extension, []).append(option)
    version = found[1] if (found := _VERSION.search(text)) else ""
    parts = _SECTION.split(text)
    extensions = {
        (kind, name): _extension(kind, name, body, types.get(name, []))
        for kind, name, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    }
    verdicts = [Extension(name=name, kind="target", summary=summary) for name, summary in _VERDICTS.items()]
    return version, (*verdicts, *(e for _, e in sorted(extensions.items())))


def _extension(kind: str, name: str, body: str, types: list[XtOption]) -> Extension:
    tables, hooks = _ONLY_IN.get(name, ((), ()))
    options = tuple(_options(body))
    if types:
        options = tuple(_typed(options, types))
    return Extension(
        name=name, kind="match" if kind == "-m" else "target", options=options, tables=tables, hooks=hooks,
        needs=_NEEDS.get(name, ""), help=body.strip("\n"),
    )  # fmt: skip


def _typed(options: tuple[Option, ...], types: list[XtOption]) -> Iterator[Option]:
    """The options that libxtables knows, with the words of the help; in the order of the help."""
    by_name = {f"--{t.name}": t for t in types}
    described: set[str] = set()
    for option in options:
        known = [name for name in option.names if name in by_name]
        if known:
            described.update(known)
            yield _with_type(msgspec.structs.replace(option, names=tuple(known)), by_name[known[0]])
    yield from (_with_type(Option(names=(name,)), t) for name, t in by_name.items() if name not in described)


def _with_type(option: Option, known: XtOption) -> Option:
    """What the help says more exactly stays: that a text is one of several words, an address or an interface."""
    arity = 0 if not known.takes_value else 2 if _TWO_WORDS.intersection(option.names) else 1
    value = known.value or (option.value if option.value != "none" else "text")
    if arity > 1:
        value = "text"  # several words are one field
    elif value == "text" and option.value in ("choice", "address", "interface", "time", "port"):
        value = option.value
    negate = option.negate if known.negate is None else known.negate
    choices = option.choices if value == "choice" else ()
    return msgspec.structs.replace(option, value=value if arity else "none", arity=arity, negate=negate, choices=choices)


class _Part(NamedTuple):
    """An option as its help has it, and the lines of its description."""

    names: list[str]
    argument: str
    negate: bool
    help: list[str]


def _options(body: str) -> Iterator[Option]:
    """The options that a help describes: each with the lines up to the next one, some only by name, several in brackets on a line."""
    current: _Part | None = None
    for line in body.splitlines():
        if line.strip().startswith("[--"):
            yield from (Option(names=(name,)) for name in _IN_BRACKETS.findall(line))
        elif (found := _OPTION.match(line)) is None:
            if current is not None and line.strip() and line[0] in " \t":
                current.help.append(line.strip())
        elif (found[3] or "").strip() == "..." and current is not None:
            current.names.append(found[2])  # another name of the option on the line before
        else:
            if current is not None:
                yield _option(current)
            current = _part(found)
    if current is not None:
        yield _option(current)


def _part(found: re.Match[str]) -> _Part:
    argument, help = _split(found[3] or "")
    return _Part([found[2]], argument, "!" in (found[1] or ""), [help] if help else [])


def _split(rest: str) -> tuple[str, str]:
    """The argument and the description: a tab or two blanks are between them."""
    parts = _GAP.split(rest.strip(), maxsplit=1)
    argument, help = parts[0], parts[1] if len(parts) > 1 else ""
    if argument and (" " in argument and not help and not argument.startswith(("<", "[", "{"))):
        first, _, more = argument.partition(" ")
        return (first, more) if first.islower() and len(first) < 3 else ("", argument)
    return argument, help.lstrip(": ").strip()


def _option(part: _Part) -> Option:
    names, argument, help = part.names, part.argument, part.help
    names = [*(short for n in names if (short := _ALIASES.get(n)) and short not in names), *names]
    names.sort(key=len)
    if names[0] in _ARGUMENTS and not (names[0] == "--to" and argument):
        help, argument = [*([argument] if argument else []), *help], _ARGUMENTS[names[0]]
    choices: tuple[str, ...] = ()
    if found := _CHOICES.search(argument):
        choices = tuple(re.split(r"[|,] ?", found[1] or found[2]))
    value = _value(names[0], argument, choices)
    arity = 0 if value == "none" else 2 if _TWO_WORDS.intersection(names) else 1
    value = "text" if arity > 1 else value
    return Option(
        names=tuple(names), argument=argument, value=value, arity=arity, choices=choices, negate=part.negate, help=" ".join(help)
    )  # fmt: skip


_KINDS: Final[tuple[tuple[Value, str], ...]] = (
    ("interface", r"oif|physdev-(in|out)|iface"),
    ("mark", r"mark"),
    ("port", r"port|sport|dport"),
    ("address", r"address|ipaddr|\bip\b|src-range|dst-range|-ip$|gateway|rsource|addr\b|source$|destination$"),
    ("time", r"time|sec\b|date"),
    ("number", r"num|value|length|\bn\b|ttl|number|level|bytes|class|packets|size|bits|spi|group|mss|rate|from"),
)


def _value(name: str, argument: str, choices: tuple[str, ...]) -> Value:
    """Which field a form shows for the value: a guess from the words of the help. It never refuses a value."""
    if not argument:
        return "none"
    if choices:
        return "choice"
    by_argument = next((kind for kind, pattern in _KINDS if re.search(pattern, argument.lower())), None)
    if by_argument is not None:
        return "mark" if by_argument == "number" and "mark" in name else by_argument
    return next((kind for kind, pattern in _KINDS[:3] if re.search(pattern, name)), "text")
