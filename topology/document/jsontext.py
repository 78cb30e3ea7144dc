"""JSON text to values and back: reading is strict, writing makes text that is good to read and compare."""

import json
import re

from topology.model.base import Json
from topology.model.problems import Code, Problem, ProblemError, invalid

MAX_BYTES = 8 * 1024 * 1024
"""A document of 1,000 namespaces has about 0.3 MB."""

WIDTH = 140
"""Columns of a line at most, where the text can be broken."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)


def step(path: str, key: str | int) -> str:
    """The JSON path one level deeper: `$.namespaces.ns0`, `$.routes[0]`, `$["two words"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if _WORD.fullmatch(key) else f"{path}[{json.dumps(key, ensure_ascii=False)}]"


class _Twice(dict[str, Json]):
    """An object in whose text a key was there twice. `again`: these keys."""

    again: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    out = _Twice(plain)
    seen: set[str] = set()
    out.again = tuple(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() gives None, which is what `or` wants
    return out


def _constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def parse(text: bytes | str) -> Json:
    """The value of a JSON text. Raises `ProblemError` where it is too large, not UTF-8, not JSON, nested too deeply, or has a key twice."""
    if len(text) > MAX_BYTES:
        raise ProblemError(
            Problem(code=Code.LIMIT, message=f"the document has over {MAX_BYTES // 1024 // 1024} MB", subject="$", hint="split the lab")
        )
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        value: Json = json.loads(decoded, object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError:
        raise invalid("nested too deeply", "$", "a document has at most 7 levels") from None
    except UnicodeDecodeError as error:
        raise invalid(f"not UTF-8: byte {error.start}", "$", "save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise invalid(f"not JSON: {error.msg}: line {error.lineno} column {error.colno}", "$", "is the file complete?") from None
    except ValueError as error:
        raise invalid(f"not JSON: {error}", "$") from None
    _refuse_twice(value)
    return value


def _refuse_twice(root: Json) -> None:
    todo: list[tuple[str, Json]] = [("$", root)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, _Twice):
            key = value.again[0]
            raise invalid(f'the key "{key}" is there twice', step(path, key), "leave one of the two out")
        if isinstance(value, dict):
            todo += [(step(path, k), v) for k, v in value.items() if isinstance(v, dict | list)]
        elif isinstance(value, list):
            todo += [(step(path, i), v) for i, v in enumerate(value) if isinstance(v, dict | list)]


def _inline(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def pretty(value: Json, indent: int = 0, lead: int = 0) -> str:
    """The text of a value, on one line where it fits and no object in it has members. `lead`: columns taken before it."""
    line = _inline(value)
    nested = isinstance(value, dict) and any(isinstance(v, dict) and v for v in value.values())
    if not isinstance(value, dict | list) or not value or (not nested and indent + lead + len(line) < WIDTH):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        heads = [(f"{_inline(k)}: ", v) for k, v in value.items()]
        rows = [pad + head + pretty(v, indent + 2, len(head)) for head, v in heads]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + pretty(v, indent + 2) for v in value) + "\n" + " " * indent + "]"
