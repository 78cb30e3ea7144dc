"""The published JSON Schema (draft 2020-12) of the document.

A schema cannot say everything: that a name exists, that both ends of a veth name each other, that no key is there twice, that a text is an
address. `topology.document.document.load` checks that. What `load` accepts is valid here; what is not valid here `load` refuses.
"""

import json
import re
from copy import deepcopy
from typing import Final

import msgspec

from topology.document.jsontext import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, MAX_NUMBER, MAX_TEXT
from topology.model import names, ranges
from topology.model.base import Json
from topology.model.drawing import LABEL_LENGTH, MAX_COORDINATE, NAME_LENGTH, NOTE_LENGTH
from topology.model.netfilter import FAMILIES, HOOKS
from topology.model.records import (
    INTERFACES,
    Area,
    Chain,
    Fdb,
    Interface,
    Lab,
    Namespace,
    Neighbour,
    Note,
    Route,
    Style,
)
from topology.rules.chains import MAX_LINE

VERSION = 1
"""Of the format. A document says it under the key `vethboard`."""

ENTRY_KEYS: Final[dict[str, type[Route | Neighbour | Fdb]]] = {"routes": Route, "neighbours": Neighbour, "fdb": Fdb}
"""Key of a namespace's entry → the records in its array."""

SHAPE_KEYS: Final[dict[str, type[Area | Note]]] = {"areas": Area, "notes": Note}
"""Key of a document → the records in its object, by name."""

ID = "urn:vethboard:document:1"
"""A newer version has another number here and in `VERSION`, a function in `MIGRATIONS` (topology.document.reader) that makes a document of
the version before into one of it, and an entry in docs/documents.md that says what has changed."""

_MAC = "^[0-9A-Fa-f]{1,2}([:-][0-9A-Fa-f]{1,2}){5}$"
_PAIR: Json = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_NODE = "^[^/]+(/[^/]+)?$"
_IFNAME: Json = {"type": "string", "pattern": f"^[^/:%\\s]{{1,{names.IFNAMSIZ - 1}}}$", "not": {"enum": [".", "..", "all", "default"]}}
_NSNAME: Json = {"type": "string", "pattern": "^[^/]{1,255}$", "not": {"enum": [".", ".."]}}
_LIMITS: dict[tuple[type[msgspec.Struct], str], tuple[int, int]] = {
    **{(kind, f.name): (f.low, f.high) for kind in INTERFACES for f in kind.KIND.fields if f.low is not None and f.high is not None},
    (Route, "table"): ranges.ROUTE_TABLE,
    (Route, "metric"): ranges.ROUTE_METRIC,
    (Fdb, "vlan"): ranges.VLAN_ID,
}
"""Fields of records in which a number has a range."""

_PORT_RANGES = (("Port", "cost", ranges.PORT_COST), ("Port", "priority", ranges.PORT_PRIORITY), ("PortVlan", "vid", ranges.VLAN_ID))
_IN_NAMESPACES: tuple[type[msgspec.Struct], ...] = (*INTERFACES, *ENTRY_KEYS.values())
_INNER = {"namespace", "name"}
"""Fields that the place in the document says."""

_SETTINGS: dict[str, Json] = {
    "policy": {"description": "What happens with changes that were not made through Vethboard."},
    "ipv6": {"description": "Leave IPv6 on in all namespaces, however many they are."},
    "firewall": {"description": "Whose iptables the lab has; by default the machine's, legacy before nft."},
    "uplink": {"description": "Connect host to the outside, where the server allows it (vethboard up --allow-uplink)."},
}


_EXAMPLES: dict[str, list[Json]] = {
    "addresses": [["10.0.1.1/24", "2001:db8::1/64"]], "mac": ["02:00:00:00:00:01"], "peer": ["ns0/veth0"], "parent": ["host/br0"],
    "master": ["br0"], "to": ["default", "10.9.0.0/16", "::/0"], "via": ["10.0.1.254"], "dev": ["veth0"], "remote": ["10.0.0.2"],
    "layout": [{"ns0": [0, 260], "host/br0": [24, 64]}], "sysctls": [{"net.ipv4.ip_forward": 1}],
    "rules": [["-p tcp -m tcp --dport 80 -j ACCEPT"]],
}  # fmt: skip
"""Key → what it can look like, for editors."""

_DESCRIPTIONS = {
    "up": "Whether it is up; true where it is left out.", "mac": "Its MAC address; the kernel chooses one where it is left out.",
    "mtu": "In bytes; the kernel's default where it is left out.", "master": "The bridge whose port it is, by its name in this namespace.",
    "addresses": "Addresses with their prefix lengths, in order.", "peer": "The other end: namespace/name.",
    "parent": "The interface that it is made on: namespace/name.", "to": "`default`, or a prefix.", "via": "The gateway.",
    "dev": "The interface; left out where the gateway decides it.", "nsid": "The id by which host knows the namespace.",
    "interfaces": "By name.", "namespaces": "By name; `host` is the lab's own network stack.",
    "sysctls": "`net.` keys that belong to the namespace.", "vlans": "The VLANs of the port, where they are not the bridge's default.",
}  # fmt: skip
"""Key → what it means, where the type does not say it."""


def schema() -> dict[str, Json]:
    """The schema as a JSON value."""
    found = deepcopy(_schema())  # parts of it are constants
    _finish(found)
    return found


def text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _finish(part: Json) -> None:
    """Give each text, number, object and array a limit, each key a description and examples, and each that may be left out also null."""
    if isinstance(part, list):
        for item in part:
            _finish(item)
    if not isinstance(part, dict):
        return
    _bound(part)
    for value in part.values():
        _finish(value)
    properties = part.get("properties")
    if isinstance(properties, dict) and "type" in part:
        part["properties"] = {key: _member(key, field, key in part.get("required", ())) for key, field in properties.items()}
    if isinstance(part.get("additionalProperties"), dict):
        part["additionalProperties"] = _or_null(part["additionalProperties"])


def _bound(part: dict[str, Json]) -> None:
    types = part.get("type", ())
    for name, limits in _BOUNDS.items():
        if name == types or (isinstance(types, list) and name in types):
            part |= {key: value for key, value in limits.items() if key not in part}


def _member(key: str, field: dict[str, Json], required: bool) -> dict[str, Json]:
    """The schema of a member, with what it means and what it can look like."""
    about: dict[str, Json] = {"description": _DESCRIPTIONS[key]} if key in _DESCRIPTIONS and "description" not in field else {}
    examples: dict[str, Json] = {"examples": _EXAMPLES[key]} if key in _EXAMPLES else {}
    return {**(field if required else _or_null(field)), **about, **examples}


_BOUNDS: dict[str, dict[str, Json]] = {
    "string": {"maxLength": MAX_TEXT},
    "integer": {"minimum": -MAX_NUMBER, "maximum": MAX_NUMBER},
    "number": {"minimum": -MAX_COORDINATE, "maximum": MAX_COORDINATE},
    "array": {"maxItems": MAX_ENTRIES},
    "object": {"maxProperties": MAX_ENTRIES},
}
"""JSON type → what limits a value of it where nothing else does. Numbers that are no integers are coordinates."""


def _or_null(field: Json) -> dict[str, Json]:
    """The schema of a member that may be null, which is as if it were left out."""
    if any(option.get("type") == "null" for option in field.get("anyOf", ())):
        return dict(field)
    about = {key: field[key] for key in ("description", "default") if key in field}
    return {"anyOf": [{key: value for key, value in field.items() if key not in about}, {"type": "null"}], **about}


def _schema() -> dict[str, Json]:
    kinds = (*_IN_NAMESPACES, Namespace, Lab, Style, *SHAPE_KEYS.values(), Chain)
    _, defs = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    lab = defs.pop("Lab")["properties"]
    _as_in_document(defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Vethboard document",
        "description": (
            "A network of Linux network namespaces, bridges and links. "
            f"At most {MAX_BYTES // 1024 // 1024} MB of UTF-8, nested at most {MAX_DEPTH} levels, numbers up to {MAX_NUMBER}."
        ),
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "description": "The address of this schema, for editors."},
            "vethboard": {"const": VERSION, "description": "The version of this format."},
            **{key: {**field, **_SETTINGS.get(key, {})} for key, field in lab.items() if key != "kind"},
            "namespaces": {"type": "object", "propertyNames": _NSNAME, "additionalProperties": _ref(Namespace)},
            **_drawn(),
        },
        "required": ["vethboard"],
        "additionalProperties": False,
        "$defs": dict(sorted(defs.items())),
    }


def _as_in_document(defs: Json) -> None:
    """Change the schemas of the records to what the document has in their place."""
    for kind in _IN_NAMESPACES:
        _trim(defs[kind.__name__], kind)
    for interface in INTERFACES:
        _interface(defs[interface.__name__], interface)
    for part, field, bounds in _PORT_RANGES:
        _limit(defs[part]["properties"][field], *bounds)
    defs["Lo"] = {**defs["Loopback"], "required": []}
    del defs["Style"]["properties"]["kind"], defs["Style"]["properties"]["node"]
    defs["Style"] |= {"required": [], "additionalProperties": False}
    for shape in SHAPE_KEYS.values():
        _shape(defs[shape.__name__])
    defs["Chain"] = _chain(defs["Chain"]["properties"])
    nsid = defs["Namespace"]["properties"]["nsid"]
    _limit(nsid, *ranges.NSID)
    defs["Namespace"] = _namespace(nsid)


def _ref(kind: type[msgspec.Struct]) -> Json:
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _drawn() -> dict[str, Json]:
    """Where and how nodes are drawn, areas and notes."""
    name: Json = {"maxLength": NAME_LENGTH, "minLength": 1}
    return {
        "layout": {
            "type": "object",
            "description": "Where nodes are drawn: a namespace (ns0) or a bridge (host/br0), in canvas units.",
            "propertyNames": {"pattern": _NODE},
            "additionalProperties": _PAIR,
        },
        "styles": {
            "type": "object",
            "description": "How nodes are drawn: a namespace (ns0) or a bridge (host/br0).",
            "propertyNames": {"pattern": _NODE},
            "additionalProperties": _ref(Style),
        },
        **{key: {"type": "object", "propertyNames": name, "additionalProperties": _ref(kind)} for key, kind in SHAPE_KEYS.items()},
    }


def _shape(part: Json) -> None:
    """An area or a note: `at` and `size` for x, y, w and h."""
    fields = {key: value for key, value in part["properties"].items() if key not in ("kind", "name", "x", "y", "w", "h")}
    for key, most in (("label", LABEL_LENGTH), ("text", NOTE_LENGTH)):
        if key in fields:
            fields[key]["maxLength"] = most
    size: Json = {**_PAIR, "items": {"type": "number", "exclusiveMinimum": 0}, "description": "Width and height, in canvas units."}
    part["properties"] = {"at": {**_PAIR, "description": "The upper left corner, in canvas units."}, "size": size, **fields}
    part |= {"required": ["at"], "additionalProperties": False}


def _limit(field: Json, low: int, high: int) -> None:
    """Give a field a range, also where it may be null."""
    for part in (field, *field.get("anyOf", ())):
        if part.get("type") == "integer":
            part |= {"minimum": low, "maximum": high}


def _trim(part: Json, kind: type[msgspec.Struct]) -> None:
    """Remove the fields that the place in the document says, and give numbers their ranges."""
    keep_name = _INNER if "name" in part["required"] else {"namespace"}
    fields = {key: value for key, value in part["properties"].items() if key not in keep_name}
    if kind not in INTERFACES:
        del fields["kind"]
    part["properties"] = fields
    part["required"] = [key for key in part["required"] if key in fields]
    part["description"] = re.sub(r"\s+", " ", part["description"])
    for name, field in fields.items():
        if (kind, name) in _LIMITS:
            _limit(field, *_LIMITS[kind, name])
        if name == "mac" and not (issubclass(kind, Interface) and kind.KIND.mac == "none"):
            for option in (field, *field.get("anyOf", ())):
                if option.get("type") == "string":
                    option["pattern"] = _MAC


def _interface(part: Json, kind: type[Interface]) -> None:
    """What all interfaces have: the range of the MTU, and what an address looks like."""
    fields = part["properties"]
    _limit(fields["mtu"], kind.KIND.mtu.low, kind.KIND.mtu.high)
    fields["addresses"]["items"] = {"type": "string", "pattern": "^[0-9A-Fa-f:.]+/[0-9.]+$"}


def _chain(fields: Json) -> Json:
    """A chain, without the fields that its place in the document says."""
    rule = {"type": "string", "pattern": "^[^\\n\\r]*$", "maxLength": MAX_LINE}
    return {
        "title": "Chain",
        "description": "A chain of iptables(8) and its rules: each is what iptables-save prints after `-A CHAIN `.",
        "type": "object",
        "properties": {"policy": fields["policy"], "rules": {**fields["rules"], "items": rule}},
        "required": [],
        "additionalProperties": False,
    }


def _filter() -> Json:
    """family → table → chain."""
    table = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Chain"}}
    family = {"type": "object", "properties": dict.fromkeys(HOOKS, table), "additionalProperties": False}
    return {
        "description": "The rules of iptables and ip6tables, by table and chain.",
        "type": "object",
        "properties": dict.fromkeys(FAMILIES, family),
        "additionalProperties": False,
    }


def _namespace(nsid: Json) -> Json:
    """One entry of `namespaces`."""
    parts: dict[str, Json] = {
        "nsid": nsid,
        "interfaces": {
            "type": "object",
            "propertyNames": _IFNAME,
            "properties": {"lo": {"$ref": "#/$defs/Lo"}},
            "additionalProperties": _any_interface(),
        },
        **{key: {"type": "array", "items": _ref(kind)} for key, kind in ENTRY_KEYS.items()},
        "sysctls": {
            "type": "object",
            "propertyNames": {"pattern": r"^net(\.[A-Za-z0-9_/@-]+)+$"},
            "additionalProperties": {"type": ["integer", "string"]},
        },
        "filter": _filter(),
    }
    return {
        "title": "Namespace",
        "description": "A network namespace (ip-netns(8)). `host` is the lab's own network stack. `lo` is down where it is left out.",
        "type": "object",
        "properties": parts,
        "additionalProperties": False,
    }


def _any_interface() -> Json:
    """An interface of any kind but loopback; `kind` says which."""
    kinds = [kind for kind in INTERFACES if not kind.KIND.builtin]
    mapping = {str(kind.__struct_config__.tag): f"#/$defs/{kind.__name__}" for kind in kinds}
    return {"oneOf": [_ref(kind) for kind in kinds], "discriminator": {"propertyName": "kind", "mapping": mapping}}
