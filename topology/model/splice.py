"""A change inside a record, stated as what differs: `Splice`. One rule more among 10,000 is one string, not two chains.

A diff holds records before and after (`topology.model.diff`); on the wire and in the history those with long lists are stated so. The
same is in `web/src/protocol/splice.ts`; both are proved on `tests/vectors/diff.json`.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec

from topology.model.base import Json
from topology.model.sequences import runs

T = TypeVar("T")
Path = tuple[str, ...]

_LONG = 8
"""A list with fewer items, before or after, is stated whole."""
_WORTH = 32
"""A record with fewer items in all its lists, before and after together, is stated whole."""
_ABSENT: Any = object()
"""Any: stands for a value of whatever type."""


class Misfit(ValueError):
    """A record is not the one that the change was made of."""


class Splice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change inside a record, as JSON. `path`: the names of fields and keys that lead to what changes.

    With `at`: in the list there, which has `length` items before, the items `removed`, from index `at` (from 0) on, become `added`.
    Without: the value there changes; `removed` and `added` hold it, and nothing where it is left out (a default).
    """

    path: Path
    at: int | None = None
    length: int = 0
    removed: tuple[Json, ...] = ()
    added: tuple[Json, ...] = ()


def splices(before: object, after: object) -> tuple[Splice, ...] | None:
    """The changes from one record to another, in the order in which they are made. None: they are better stated whole."""
    if type(before) is not type(after):
        return None
    whole = _weight(before) + _weight(after)
    if whole < _WORTH:
        return None
    found = tuple(_changes((), before, after))
    cost = sum(2 + sum(1 + _weight(item) for item in (*s.removed, *s.added)) for s in found)
    return found if 2 * cost < whole and all(s.path for s in found) else None


def reversed_splices(made: Iterable[Splice]) -> tuple[Splice, ...]:
    """Those that take these back."""
    return tuple(map(_reversed, reversed(tuple(made))))


def _reversed(s: Splice) -> Splice:
    length = s.length - len(s.removed) + len(s.added) if s.at is not None else 0
    return Splice(path=s.path, at=s.at, length=length, removed=s.added, added=s.removed)


def spliced(record: T, made: Iterable[Splice], strict: bool = True) -> T:
    """The record after these changes. Raises Misfit where it is not the one that they were made of: lists of other lengths or, if `strict`,
    other items or values where something changes."""
    for s in made:
        try:
            record = _put(record, type(record), s.path, s, strict)
        except (msgspec.ValidationError, AttributeError, KeyError, TypeError, IndexError) as e:
            raise Misfit(f"{'.'.join(s.path)}: {e}") from e
    return record


# ---- found -----------------------------------------------------------------------------------------------------------


def _weight(value: object) -> int:
    """How many items it has in lists and maps."""
    if isinstance(value, msgspec.Struct):
        return sum(map(_weight, (getattr(value, name) for name in value.__struct_fields__)))
    if isinstance(value, Mapping):
        return sum(1 + _weight(inner) for inner in value.values())
    return len(value) if isinstance(value, tuple | list) else 0


def _changes(path: Path, before: object, after: object) -> Iterator[Splice]:
    if before is after or before == after:
        return
    if isinstance(before, msgspec.Struct) and type(before) is type(after):
        for field in _fields(type(before)).values():
            yield from _field_changes((*path, field.encode_name), field, getattr(before, field.name), getattr(after, field.name))
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _changes((*path, str(key)), before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif _is_long(before) and _is_long(after):
        yield from _list_changes(path, before, after)
    else:
        yield Splice(path=path, removed=_stated(before), added=_stated(after))


def _is_long(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) >= _LONG


def _field_changes(path: Path, field: msgspec.structs.FieldInfo, before: object, after: object) -> Iterator[Splice]:
    """A field that has its default is left out on the wire."""
    default = _default(field)
    if before == default or after == default:
        yield from _changes(path, _ABSENT if before == default else before, _ABSENT if after == default else after)
    else:
        yield from _changes(path, before, after)


def _list_changes(path: Path, before: Any, after: Any) -> Iterator[Splice]:
    """Any: `_is_long`."""
    length = len(before)
    for run in _runs(before, after):
        removed, added = before[run.at : run.at + run.removed], after[run.to : run.to + run.added]
        yield Splice(path=path, at=run.to, length=length, removed=_json(removed), added=_json(added))
        length += run.added - run.removed


def _runs(before: Any, after: Any) -> Iterable[Any]:
    try:
        return list(runs(before, after))
    except TypeError:  # items that have no hash, of JSON: they are found by their text
        return list(runs([msgspec.json.encode(item) for item in before], [msgspec.json.encode(item) for item in after]))


def _stated(value: object) -> tuple[Json, ...]:
    return () if value is _ABSENT else _json((value,))


def _json(values: Iterable[object]) -> tuple[Json, ...]:
    return tuple(msgspec.json.decode(msgspec.json.encode(list(values))))


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """By their names on the wire."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else _ABSENT


# ---- made ------------------------------------------------------------------------------------------------------------


def _put(value: Any, kind: Any, path: Path, s: Splice, strict: bool) -> Any:
    """Any: `kind` is the type of the value, which msgspec checks."""
    if not path:
        return _in_list(value, kind, s, strict) if s.at is not None else _replaced(value, kind, s, strict)
    name, *rest = path
    if isinstance(value, msgspec.Struct):
        field = _fields(type(value))[name]
        old, default = getattr(value, field.name), _default(field)
        new = _put(_ABSENT if old == default and not rest else old, field.type, tuple(rest), s, strict)
        return msgspec.structs.replace(value, **{field.name: default if new is _ABSENT else new})
    inner = get_args(kind)[1] if len(get_args(kind)) == 2 else Any
    new = _put(value.get(name, _ABSENT), inner, tuple(rest), s, strict)
    return {**{k: v for k, v in value.items() if k != name or new is not _ABSENT}, **({name: new} if new is not _ABSENT else {})}


def _replaced(value: Any, kind: Any, s: Splice, strict: bool) -> Any:
    if strict and value != (msgspec.convert(s.removed[0], kind) if s.removed else _ABSENT):
        raise Misfit(f"{'.'.join(s.path)} is not what it was")
    return msgspec.convert(s.added[0], kind) if s.added else _ABSENT


def _in_list(value: Any, kind: Any, s: Splice, strict: bool) -> Any:
    at = s.at or 0
    end = at + len(s.removed)
    removed, added = (msgspec.convert(list(items), kind if kind is not Any else list) for items in (s.removed, s.added))
    if len(value) != s.length or end > s.length or (strict and value[at:end] != removed):
        raise Misfit(f"{'.'.join(s.path)} is not the list that it was")
    return value[:at] + added + value[end:]
