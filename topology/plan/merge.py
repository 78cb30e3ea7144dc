"""Two changes of the same records, made side by side, as one: an edit's, and what the kernel shows that the edit does not know of. Pure.

The law: each change is in the result, unless both touch the same field of a record; then someone is told.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from topology.model import ids
from topology.model.diff import between, replaced
from topology.model.drawing import is_drawing
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord, Chain, Interface, Records, Route
from topology.model.sequences import kept
from topology.model.tracked import Tracked
from topology.observe.normal import normalise
from topology.plan import steps as s
from topology.plan.kernel_model import Model
from topology.plan.plan import plan
from topology.rules.chains import is_built_in

_REMOVES_MORE = (s.DeleteNamespace, s.DeleteInterface, s.MoveInterface)
"""Steps with which the kernel removes more than they name."""


def goal(
    before: Mapping[str, AnyRecord],
    after: Mapping[str, AnyRecord],
    observed: Mapping[str, AnyRecord],
    moves: Mapping[str, str],
    is_conflict: Callable[[str], bool] = lambda _: False,
) -> Records:
    """What the kernel is to be after an edit from `before` to `after`, where it is `observed` now: the edit and nothing else is added.

    `moves`: old to new `ns/name` of renamed interfaces. `is_conflict`: whether a record that both have changed in the same field is a
    conflict (raises ProblemError); else the edit counts.
    """
    links = any(ids.is_interface(key) or ids.is_namespace(key) for key in _changed(before, after))
    steps = [*filter(_loses, plan(after, before, moves))] if links else []
    base, theirs = (_after(records, steps) if steps else records for records in (before, observed))
    return normalise(merged(base, after, theirs, is_conflict), like=observed)


def _changed(before: Mapping[str, AnyRecord], after: Mapping[str, AnyRecord]) -> list[str]:
    """The ids of what differs and is more than drawn, new records in their order."""
    diff = between(before, after)
    return [key for key in (*diff.removed, *diff.updated, *diff.added) if key != ids.LAB and not is_drawing(key)]


def _removes_more(step: s.AnyStep) -> bool:
    return isinstance(step, _REMOVES_MORE) or (isinstance(step, s.SetUp) and not step.up)


def _loses(step: s.AnyStep) -> bool:
    return _removes_more(step) or isinstance(step, s.DeleteAddress)


def _after(records: Mapping[str, AnyRecord], steps: Iterable[s.AnyStep]) -> Records:
    """The records without what the kernel removes along with that which the steps remove."""
    model = Model(records)
    for step in filter(_removes_more, steps):
        model.do(step)
    out = Tracked.of(model.records)
    for step in steps:
        if isinstance(step, s.DeleteAddress):  # the secondary addresses that go with it are added again, the routes are not
            model.do(step)
    for key in [key for key in replaced(model.records, out) if key not in model.records and isinstance(out.get(key), Route)]:
        del out[key]
    return out


def merged(
    base: Mapping[str, AnyRecord],
    ours: Mapping[str, AnyRecord],
    theirs: Mapping[str, AnyRecord],
    is_conflict: Callable[[str], bool] = lambda _: False,
) -> Records:
    """`theirs`, which is of the kernel, with the changes from `base` to `ours`."""
    out = Tracked.of(theirs)
    for key in _changed(base, ours):
        record = _record(base.get(key), ours.get(key), theirs.get(key), is_conflict(key))
        if record is None:
            out.pop(key, None)
        else:
            out[key] = record
    return out


def left_over(
    before: Mapping[str, AnyRecord], after: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord], written: Callable[[str], bool]
) -> Records:
    """As `goal`, when the steps of the edit have been done: what of it does not show yet. `written`: what is done in any case."""
    out = Tracked.of(observed)
    for key in _changed(before, after):
        old, new, now = before.get(key), after.get(key), observed.get(key)
        if written(key):
            continue
        if new is None:
            out.pop(key, None)
        elif old is None or now is None:
            out[key] = _with_more_addresses(new, now)
        else:
            out[key] = _fields(old, new, now, strict=False)
    return normalise(out, like=observed)


def _with_more_addresses(new: AnyRecord, now: AnyRecord | None) -> AnyRecord:
    """A record that the edit has made, with the addresses that somebody has added to it since."""
    if isinstance(new, Interface) and isinstance(now, Interface):
        return msgspec.structs.replace(new, addresses=tuple(dict.fromkeys((*new.addresses, *now.addresses))))
    return new


# ---- one record ------------------------------------------------------------------------------------------------------


def _record(base: AnyRecord | None, ours: AnyRecord | None, theirs: AnyRecord | None, strict: bool) -> AnyRecord | None:
    if theirs in (base, ours):
        return ours
    blank = _blank(base or ours or theirs)
    if blank is not None:
        return _fields(base or blank, ours or blank, theirs or blank, strict)
    if base is not None and ours is not None and theirs is not None:
        return _fields(base, ours, theirs, strict)
    if strict and ours is not None:
        raise _conflict(ours.id)
    return ours


def _blank(record: AnyRecord | None) -> AnyRecord | None:
    """Of what the kernel has in each namespace: the record that says nothing, where the normal form has none."""
    if isinstance(record, Chain) and is_built_in(record):
        return msgspec.structs.replace(record, policy="ACCEPT", rules=())
    if isinstance(record, Interface) and record.KIND.builtin:
        return type(record)(namespace=record.namespace, name=record.name, up=False)
    return None


def _fields(base: AnyRecord, ours: AnyRecord, theirs: AnyRecord, strict: bool) -> AnyRecord:
    if not type(base) is type(ours) is type(theirs):
        if strict:
            raise _conflict(ours.id)
        return ours
    changes = {f: _field(ours.id, f, getattr(base, f), getattr(ours, f), getattr(theirs, f), strict) for f in base.__struct_fields__}
    return msgspec.structs.replace(theirs, **changes)


def _field(key: str, name: str, base: Any, ours: Any, theirs: Any, strict: bool) -> Any:
    """Any: a field has the type of its record."""
    if ours == base:
        return theirs
    if theirs in (base, ours):
        return ours
    merge = _MERGES.get(name)
    found = None if merge is None or None in (base, ours, theirs) else merge(base, ours, theirs)
    if found is None:
        if strict:
            raise _conflict(key)
        return ours
    return found


def _conflict(key: str) -> ProblemError:
    hint = "check its current value, and repeat the change if you still want it"
    message = "it was changed from outside in the meantime"
    return ProblemError(Problem(code=Code.CONFLICT, message=message, subject=key, hint=hint))


# ---- fields of several parts -----------------------------------------------------------------------------------------


def _items(base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any]) -> tuple[Any, ...]:
    """Of a set that is written as a tuple: what ours lacks goes, what it has more comes."""
    gone = [item for item in base if item not in ours]
    stay = [item for item in theirs if item not in gone]
    return (*stay, *(item for item in ours if item not in base and item not in stay))


def _keys(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Key by key; None where both changed one."""
    out = dict(theirs)
    for key in base.keys() | ours.keys():
        was, new, now = base.get(key), ours.get(key), theirs.get(key)
        if new == was:
            continue
        if now not in (was, new):
            return None
        if new is None:
            out.pop(key, None)
        else:
            out[key] = new
    return out


def _struct(base: Any, ours: Any, theirs: Any) -> Any:
    """Field by field; None where both changed one."""
    found = _keys(*(msgspec.structs.asdict(value) for value in (base, ours, theirs)))
    return None if found is None else msgspec.structs.replace(theirs, **found)


def rules(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...] | None:
    """Rules by what they say, never by number: ours are put in behind the rule that they stand behind. None where ours changes a rule that
    theirs changes too."""
    in_ours, in_theirs = dict(kept(base, ours)), dict(kept(base, theirs))
    inserted = _inserted(in_ours, ours)
    gone = [n for n in range(len(base)) if n not in in_ours]
    if any(n not in in_theirs and _behind(n, in_ours) in inserted for n in gone):
        return None
    skip = {in_theirs[n] for n in gone if n in in_theirs}
    places: dict[int, list[str]] = {}
    for behind, new in sorted(inserted.items()):
        at = len(theirs) if behind == len(base) - 1 else _place(behind, in_theirs)
        places.setdefault(at, []).extend(new)
    out = list(places.get(0, []))
    for n, rule in enumerate(theirs):
        out += [] if n in skip else [rule]
        out += places.get(n + 1, [])
    return tuple(out)


def _inserted(in_ours: Mapping[int, int], ours: Sequence[str]) -> dict[int, list[str]]:
    """The rules that ours has more, by the number of the rule of the base that they stand behind (-1: at the head)."""
    by_place = {at: n for n, at in in_ours.items()}
    out: dict[int, list[str]] = {}
    behind = -1
    for at, rule in enumerate(ours):
        if at in by_place:
            behind = by_place[at]
        else:
            out.setdefault(behind, []).append(rule)
    return out


def _behind(number: int, in_ours: Mapping[int, int]) -> int:
    """The last rule of the base before this one that ours keeps; -1: there is none."""
    return next((n for n in range(number - 1, -1, -1) if n in in_ours), -1)


def _place(behind: int, in_theirs: Mapping[int, int]) -> int:
    """Before which rule of theirs: behind the nearest one of the base that is still there."""
    return next((in_theirs[n] + 1 for n in range(behind, -1, -1) if n in in_theirs), 0)


_MERGES: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "addresses": _items,
    "vlans": _items,
    "rules": rules,
    "sysctls": _keys,
    "port": _struct,
}
"""By the name of the field: both changes as one; None where that is not possible."""
