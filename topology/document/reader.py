"""Reads one document into records, and remembers the JSON path of each, so that every problem can name it."""

import re
from collections.abc import Callable, Container, Iterable
from functools import partial
from typing import TypeVar, get_args

import msgspec

from topology.document import suggest
from topology.document.check import Found
from topology.document.jsontext import MAX_PROBLEMS, step
from topology.document.schema import ENTRY_KEYS, SHAPE_KEYS, VERSION
from topology.model import ids, names, routing
from topology.model.base import HOST, Json
from topology.model.drawing import COORDINATE_HINT, SIZES, are_coordinates
from topology.model.kinds import BY_WORD, FORMER_KEYS
from topology.model.netfilter import DRIVERS, FAMILIES, HOOKS
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import (
    AnyRecord,
    Area,
    Chain,
    Fdb,
    Lab,
    Namespace,
    Neighbour,
    Note,
    Placement,
    Policy,
    Records,
    Route,
    Style,
    is_bridge,
)

MIGRATIONS: dict[int, Callable[[dict[str, Json]], dict[str, Json]]] = {}
"""Version → what turns a document of this version into one of the next. Version 1 is the first."""

LAB_KEYS = Lab.__struct_fields__
TOP_KEYS = ("$schema", "vethboard", *LAB_KEYS, "namespaces", "layout", "styles", *SHAPE_KEYS)
NAMESPACE_KEYS = ("nsid", "interfaces", *ENTRY_KEYS, "sysctls", "filter")
R = TypeVar("R", bound=AnyRecord)

_TYPE_WORDS = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}
_SHOWN = 80
"""Characters of an unknown key that a message shows."""

_INNER_KEYS = {"namespace", "name", "family", "table"}
"""Fields of records that the place in the document says."""


def _type_words(value: Json) -> str:
    """The type of a JSON value, in words."""
    return _TYPE_WORDS.get(type(value), type(value).__name__)


def _canonical(record: Route | Neighbour | Fdb) -> Route | Neighbour | Fdb:
    """The entry with the id that it will have in normal form, so that two spellings of one are found to be the same."""
    try:
        if isinstance(record, Route):
            to = names.destination(record.to, record.via)
            metric = routing.stated_metric(to, record.metric)
            return msgspec.structs.replace(record, to=to, metric=metric)
        if isinstance(record, Neighbour):
            return msgspec.structs.replace(record, address=names.address(record.address))
    except ProblemError:
        pass  # `check` reports it, with the reason
    return record


class Reader:
    """Reads one document. It goes on after a fault, so that all are reported at once; what has one is left out of `records`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.records: Records = {}
        self._paths: dict[str, str] = {}
        self._left_out: set[str] = set()
        """The names of interfaces, with and without their namespace, that are no records because of a fault."""

    def path(self, found: Found) -> str:
        """The JSON path of what is wrong."""
        base, field = self._paths.get(found.record, "$"), found.fault.field
        if field.startswith("sysctls."):
            return step(f"{base}.sysctls", field.removeprefix("sysctls."))
        return f"{base}.{field}" if field and field not in _INNER_KEYS else base

    def place_of(self, problem: Problem) -> str | None:
        """The JSON path of what a problem of a record is about; None where the document has no such record."""
        record = self.records.get(problem.subject or "")
        if record is None:
            return None
        base = self._paths[record.id]
        key = re.match(r'setting key "([^"]+)"', problem.message)
        if isinstance(record, Namespace) and key is not None and key[1] in record.sysctls:
            return step(f"{base}.sysctls", key[1])
        if isinstance(record, Chain) and problem.rule is not None and problem.rule <= len(record.rules):
            return f"{base}.rules[{problem.rule - 1}]"
        return base

    def is_consequence(self, problem: Problem) -> bool:
        """Whether something is only missing because it has a fault itself, which is reported."""
        return any(name in self._left_out for name in re.findall(r'"([^"]+)"', problem.message))

    def read(self, value: Json) -> None:
        """Fill `records` and `problems`. The records are as written and not checked against each other: `check` does that."""
        top = self._migrated(self._object("$", value))
        if self.problems:
            return
        self._refuse_unknown("$", top, TOP_KEYS)
        if not isinstance(top.get("$schema", ""), str):
            self._fault(step("$", "$schema"), "expected text", "the address of a JSON Schema, for editors")
        self._add(self._lab(top), "$")
        self._add(Namespace(name=HOST), "$.namespaces.host")
        namespaces = self._member("$", top, "namespaces")
        for name, body in namespaces.items():
            self._namespace(step("$.namespaces", name), name, self._object(step("$.namespaces", name), body))
        self._layout(self._member("$", top, "layout"), namespaces.keys())
        self._styles(self._member("$", top, "styles"), namespaces.keys())
        for key, kind in SHAPE_KEYS.items():
            for name, value in self._member("$", top, key).items():
                self._shape(step(f"$.{key}", name), kind, name, value)

    # ---- values ------------------------------------------------------------------------------------------------------

    def _fault(self, path: str, message: str, hint: str | None = None, code: Code = Code.INVALID) -> None:
        self.problems.append(Problem(code=code, message=message, subject=path, hint=hint))

    def _hint(self, hint: Callable[[], str]) -> str | None:
        """A hint that takes a while to find, while there are so few problems that it is shown."""
        return hint() if len(self.problems) < MAX_PROBLEMS else None

    def _object(self, path: str, value: Json) -> dict[str, Json]:
        if isinstance(value, dict):
            return value
        self._fault(path, f"expected an object, got {_type_words(value)}")
        return {}

    def _member(self, path: str, value: dict[str, Json], key: str) -> dict[str, Json]:
        """The object under a key; an empty one where there is none."""
        return self._object(step(path, key), value.get(key, {}))

    def _array(self, path: str, value: Json) -> list[Json]:
        if isinstance(value, list):
            return value
        self._fault(path, f"expected an array, got {_type_words(value)}")
        return []

    def _refuse_unknown(self, path: str, value: dict[str, Json], known: Iterable[str]) -> None:
        keys = tuple(known)
        for key in value:
            if key not in keys:
                hint = self._hint(partial(suggest.key, key, keys, value[key], value))
                self._fault(step(path, key), f'unknown key "{key[:_SHOWN]}"', hint)

    def _convert(self, path: str, value: Json, kind: object) -> Json:
        """The value as `kind`; None, and a problem, where it is none."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            message, _, where = str(error).partition(" - at `$")
            self._fault(path + where.rstrip("`"), *_in_words(message, kind, _value_at(value, where.rstrip("`"))))
        return None

    def _record(self, path: str, kind: type[R], fixed: dict[str, Json], body: dict[str, Json]) -> R | None:
        """The record of `kind` with these fields; None, and the problems, where one is wrong."""
        if not fixed.keys() & body.keys():
            try:
                return msgspec.convert({**fixed, **body}, kind)
            except msgspec.ValidationError:
                pass
        before = len(self.problems)
        fields = {f.name: f for f in msgspec.structs.fields(kind) if f.name not in fixed}
        self._refuse_unknown(path, {k: v for k, v in body.items() if k != "kind"}, fields)
        for name, field in fields.items():
            if name in body:
                self._convert(step(path, name), body[name], field.type)
            elif field.required:
                self._fault(step(path, name), f'the key "{name}" is missing')
        if len(self.problems) == before:
            self._fault(path, f"this does not fit the kind {kind.__struct_config__.tag}")
        return None

    def _add(self, record: AnyRecord | None, path: str) -> None:
        """Keep the record, with its path. Two with one id are a problem; only `host` may be there before the document names it."""
        if record is None:
            return
        if record.id in self._paths and record.id != ids.namespace(HOST):
            self._fault(path, "File exists", f"the same is at {self._paths[record.id]}")
        self._paths[record.id] = path
        self.records[record.id] = record

    # ---- the levels of a document ------------------------------------------------------------------------------------

    def _migrated(self, top: dict[str, Json]) -> dict[str, Json]:
        """The document in the format of `VERSION`; empty, and a problem, where that cannot be."""
        version = top.get("vethboard")
        if self.problems or not isinstance(version, int) or isinstance(version, bool):
            self._fault("$.vethboard", "this is not a Vethboard document", f'it needs "vethboard": {VERSION}')
            return {}
        if version > VERSION:
            hint = f"this program knows version {VERSION}: use a newer Vethboard"
            self._fault("$.vethboard", f"the document has version {version}", hint, Code.VERSION)
            return {}
        while version < VERSION and version in MIGRATIONS:
            top = MIGRATIONS[version](top)
            version += 1
        if version != VERSION:
            self._fault("$.vethboard", f"there is no version {version}", f'write "vethboard": {VERSION}', Code.VERSION)
        return top

    def _lab(self, top: dict[str, Json]) -> Lab:
        given: dict[str, Json] = {key: top[key] for key in LAB_KEYS if key in top}
        for key, choices in (("policy", get_args(Policy)), ("firewall", DRIVERS)):
            if key in given and given[key] not in choices:
                value = given.pop(key)
                self._fault(f"$.{key}", f"invalid {key} {value!r}", suggest.choice(value, choices))
        return self._record("$", Lab, {}, given) or Lab()

    def _namespace(self, path: str, name: str, body: dict[str, Json]) -> None:
        try:
            names.namespace_name(name, path, host=True)
        except ProblemError as error:
            self.problems.append(error.problem)
        self._refuse_unknown(path, body, NAMESPACE_KEYS)
        sysctls = self._sysctls(f"{path}.sysctls", self._member(path, body, "sysctls"))
        given = {key: body[key] for key in ("nsid",) if key in body}
        self._add(self._record(path, Namespace, {"name": name, "sysctls": sysctls}, given) or Namespace(name=name), path)
        for key, value in self._member(path, body, "interfaces").items():
            self._interface(step(f"{path}.interfaces", key), name, key, value)
        for key, kind in ENTRY_KEYS.items():
            for number, value in enumerate(self._array(f"{path}.{key}", body.get(key, []))):
                self._entry(f"{path}.{key}[{number}]", name, kind, value)
        self._filter(f"{path}.filter", name, self._member(path, body, "filter"))

    def _sysctls(self, path: str, body: dict[str, Json]) -> dict[str, str]:
        out: dict[str, str] = {}
        for key, value in body.items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                out[key] = str(value)
            else:
                hint = f"write {int(value)}" if isinstance(value, bool) else None
                number = "a whole number" if isinstance(value, float) else "a number"
                self._fault(step(path, key), f"expected {number} or text, got {_type_words(value)}", hint)
        return out

    def _interface(self, path: str, namespace: str, name: str, value: Json) -> None:
        if not isinstance(value, dict):
            self._object(path, value)
            self._left_out |= {name, ids.join(namespace, name)}
            return
        kind = value.get("kind", "loopback" if name == "lo" else None)
        if kind is None:
            said = value.get("type")
            hint = 'write "kind" instead of "type"; ' if said in tuple(BY_WORD) else ""
            self._fault(f"{path}.kind", 'the key "kind" is missing', f"{hint}one of: {', '.join(BY_WORD)}")
        elif not isinstance(kind, str) or kind not in BY_WORD:
            self._fault(f"{path}.kind", "Unknown device type.", self._hint(partial(suggest.choice, kind, BY_WORD)))
        else:
            master = value.get("master")
            if isinstance(master, list):
                self._fault(f"{path}.master", "an interface has one master", "name one bridge")
            else:
                named: dict[str, Json] = {FORMER_KEYS.get(key) or key: given for key, given in value.items()}
                record = self._record(path, BY_WORD[kind], {"namespace": namespace, "name": name}, named)
                self._add(record, path)
                if record is not None:
                    return
        self._left_out |= {name, ids.join(namespace, name)}

    def _entry(self, path: str, namespace: str, kind: type[Route | Neighbour | Fdb], value: Json) -> None:
        if not isinstance(value, dict):
            self._object(path, value)
            return
        record = self._record(path, kind, {"namespace": namespace}, {k: v for k, v in value.items() if k != "kind"})
        if "kind" in value:
            self._refuse_unknown(path, value, [f.name for f in msgspec.structs.fields(kind) if f.name != "namespace"])
        self._add(None if record is None else _canonical(record), path)

    def _filter(self, path: str, namespace: str, body: dict[str, Json]) -> None:
        """The rules of a namespace: family → table → chain → policy and rules."""
        self._refuse_unknown(path, body, FAMILIES)
        for family in FAMILIES:
            tables = self._member(path, body, family)
            self._refuse_unknown(f"{path}.{family}", tables, HOOKS)
            for table in HOOKS:
                for name, value in self._member(f"{path}.{family}", tables, table).items():
                    place = step(f"{path}.{family}.{table}", name)
                    fixed: dict[str, Json] = {"namespace": namespace, "family": family, "table": table, "name": name}
                    self._add(self._record(place, Chain, fixed, self._object(place, value)), place)

    def _layout(self, layout: dict[str, Json], namespaces: Container[str]) -> None:
        for node, value in layout.items():
            path = step("$.layout", node)
            self._node(path, node, namespaces)
            place = self._convert(path, value, tuple[float, float])
            if place is not None and not are_coordinates(*place):
                self._fault(path, "a place is two numbers", COORDINATE_HINT)
            elif place is not None:
                self._add(Placement(node=node, x=place[0], y=place[1]), path)

    def _node(self, path: str, node: str, namespaces: Container[str]) -> None:
        """A problem where there is no such node."""
        if node in namespaces or node == HOST or node in self._left_out:
            return
        if not is_bridge(self.records.get(ids.interface(node))):
            self._fault(path, f'there is no node "{node}"', "a node is a namespace (ns0) or a bridge (host/br0)")

    def _styles(self, styles: dict[str, Json], namespaces: Container[str]) -> None:
        for node, value in styles.items():
            path = step("$.styles", node)
            self._node(path, node, namespaces)
            style = self._record(path, Style, {"node": node}, self._object(path, value))
            if style is not None and not style.plain:
                self._add(style, path)

    def _shape(self, path: str, kind: type[Area | Note], name: str, value: Json) -> None:
        """An area or a note: `at` is its x and y, `size` its w and h."""
        body = self._object(path, value)
        if "at" not in body and body is value:
            self._fault(step(path, "at"), 'the key "at" is missing')
        corner = self._convert(step(path, "at"), body.get("at", [0, 0]), tuple[float, float])
        size = self._convert(step(path, "size"), body.get("size", SIZES[kind]), tuple[float, float])
        fixed: dict[str, Json] = {"name": name}
        if corner is not None and size is not None:
            fixed |= dict(zip("xywh", (*corner, *size), strict=True))
            rest = {key: v for key, v in body.items() if key not in ("at", "size")}
            self._add(self._record(path, kind, fixed, rest), path)


def _in_words(message: str, kind: object, value: Json) -> tuple[str, str | None]:
    """Message and hint of what msgspec refuses. `kind`: the type of the whole field; `value`: what stands where the fault is."""
    if message.startswith("Invalid enum value"):
        options = [o for part in (kind, *get_args(kind)) for o in get_args(part) if isinstance(o, str)]
        return message, suggest.choice(value, options)
    if (unknown := re.fullmatch(r"Object contains unknown field `(.*)`", message, re.DOTALL)) is not None:
        structs = [part for part in (kind, *get_args(kind)) if isinstance(part, type) and issubclass(part, msgspec.Struct)]
        return suggest.plain(message), suggest.key(unknown[1], [f for part in structs for f in part.__struct_fields__])
    wanted = re.match(r"Expected `([^`]+)`", message)
    return suggest.plain(message), suggest.instead(wanted[1], value) if wanted is not None else None


def _value_at(value: Json, where: str) -> Json:
    """The value at msgspec's path below another one: `[1].vid`."""
    for name, number in re.findall(r"\.([^.\[]+)|\[(\d+)\]", where):
        try:
            value = value[int(number)] if number else value[name]
        except (LookupError, TypeError, ValueError):
            return None
    return value
