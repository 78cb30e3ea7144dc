"""What a lab may use at most, and the file that says so.

The file is JSON: limits for all labs, and under `labs` others for those whose name fits a pattern (fnmatch), the last that fits:

    {"processes": 512, "memory": "512M", "labs": {"exam-*": {"memory": "256M", "namespaces": 32}}}
"""

import re
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from topology.model.base import Json
from topology.model.diff import between
from topology.model.problems import Code, Problem, ProblemError, invalid
from topology.model.records import INTERFACES, AnyRecord, Chain, Namespace, of_type

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`memory`, `sockets` and `disk` in bytes; `sockets`: what the kernel holds in buffers of sockets and packet rings, beside `memory`;
    `disk` is that of /tmp and of /root each. `cpu_weight`: 100 is the share of any other lab when they
    compete (1 to 10000, cgroup-v2 `cpu.weight`); `cpus`: processors at most, 0: all. `namespaces` are network namespaces.
    """

    processes: int = 1024
    memory: int = 1 << 30
    sockets: int = 256 << 20
    cpu_weight: int = 100
    cpus: float = 0
    disk: int = 256 << 20
    terminals: int = 64
    namespaces: int = 1100
    interfaces: int = 4096
    rules: int = 20000


_LEAST = {
    "processes": 16,
    "memory": 32 << 20,
    "sockets": 8 << 20,
    "cpu_weight": 1,
    "cpus": 0,
    "disk": 1 << 20,
    "terminals": 1,
    "namespaces": 4,
    "interfaces": 2,
}
_SIZES = ("memory", "sockets", "disk")


def parse(text: str | bytes) -> dict[str, Limits]:
    """Patterns of lab names and their limits, in the order in which they are tried; `*` is for all. Raises ProblemError with the path."""
    try:
        found: Json = msgspec.json.decode(text)
    except msgspec.DecodeError as e:
        raise invalid(str(e), "$", "the limits file is JSON") from None
    if not isinstance(found, dict):
        raise invalid("the limits file is a JSON object", "$")
    labs = found.pop("labs", {})
    if not isinstance(labs, dict) or not all(isinstance(own, dict) for own in labs.values()):
        raise invalid('"labs" is an object of lab names and their limits', "$.labs")
    out = {"*": _limits(found, "$")}
    for pattern, own in labs.items():
        out[pattern] = _limits({**found, **own}, f"$.labs.{pattern}")
    return out


def _limits(raw: Mapping[str, Json], path: str) -> Limits:
    plain = {name: size(value, f"{path}.{name}") if name in _SIZES else value for name, value in raw.items()}
    try:
        limits = msgspec.convert(plain, Limits)
    except msgspec.ValidationError as e:
        raise invalid(str(e), path, f"limits are {', '.join(Limits.__struct_fields__)}") from None
    for name, least in _LEAST.items():
        if getattr(limits, name) < least:
            raise invalid(f"{name} is {getattr(limits, name)}", f"{path}.{name}", f"at least {least}")
    return limits


def size(value: Json, path: str) -> int:
    """Bytes of `512M` or of a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"(\d+)([KMG]?)", value) if isinstance(value, str) else None
    if found is None:
        raise invalid(f"{value!r} is no size", path, "a number of bytes, or such as 512M")
    return int(found[1]) * _UNITS[found[2]]


def of(lab: str, patterns: Mapping[str, Limits]) -> Limits:
    """The limits of a lab: those of the last pattern that fits."""
    fitting = [limits for pattern, limits in patterns.items() if fnmatchcase(lab, pattern)]
    return fitting[-1] if fitting else Limits()


def human(count: int) -> str:
    """`512 MiB`: exactly where that takes no more than four digits."""
    for unit, word in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0 and count // unit < 10_000:
            return f"{count // unit} {word}"
    return f"{count / (1 << 20):.0f} MiB" if count >= 1 << 20 else f"{count} bytes"


def reached(name: str, used: int, most: int, subject: str | None = None) -> Problem:
    """A lab is at one of its limits, by name."""
    words = (human(used), human(most)) if name in _SIZES else (str(used), str(most))
    return Problem(code=Code.LIMIT, message=f"{name}: {words[0]} of {words[1]}", subject=subject, hint=_HINTS[name])


def not_enforced(words: str) -> Problem:
    """A limit that a lab should have does not hold here. `words`: its name, and why."""
    hint = "this lab may take more than its share; whoever runs this server: vethboard doctor, or up --require-limits"
    return Problem(code=Code.LIMIT, message=f"not limited: {words}", hint=hint)


_HINTS = {
    "processes": "end some: the inspector lists them; or stop the lab and start it again; whoever runs this server sets the limits",
    "memory": "the kernel ends processes of the lab; use less, or ask for more: whoever runs this server sets the limits",
    "sockets": "close captures and connections, or let programs ask for smaller buffers; whoever runs this server sets the limits",
    "disk": "delete files of the lab: they are in memory; whoever runs this server sets the limits",
    "namespaces": "delete some; whoever runs this server sets the limits",
    "interfaces": "delete some; whoever runs this server sets the limits",
    "rules": "delete some; whoever runs this server sets the limits",
}


def check(before: Mapping[str, AnyRecord], after: Mapping[str, AnyRecord], limits: Limits) -> None:
    """Refuse an edit that goes over a limit of what is counted. One that takes away is never refused. Raises ProblemError."""
    diff = between(before, after)
    if not diff.added and not any(isinstance(new, Chain) for _, new in diff.updated.values()):
        return
    had, wanted = _counts(before), _counts(after)
    for name, most in (("namespaces", limits.namespaces - RESERVED_NAMESPACES), ("interfaces", limits.interfaces), ("rules", limits.rules)):
        if wanted[name] > max(most, had[name]):
            raise ProblemError(reached(name, wanted[name], most))


RESERVED_NAMESPACES = 2
"""Namespaces that the lab itself needs: `host`, and one to watch from."""


def _counts(records: Mapping[str, AnyRecord]) -> dict[str, int]:
    of_kind = Counter(map(type, records.values()))
    return {
        "namespaces": of_kind[Namespace] - 1,  # host is counted by itself
        "interfaces": sum(of_kind[kind] for kind in INTERFACES),
        "rules": sum(len(chain.rules) for chain in of_type(records, Chain)) if of_kind[Chain] else 0,
    }
