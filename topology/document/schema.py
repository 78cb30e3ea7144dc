"""The published JSON Schema (draft 2020-12) of the document.

What it cannot say, `topology.document.document.load` checks: that names which are pointed at exist, that both ends of a veth name each
other, that no key stands twice, that an address is one. Whatever `load` takes is valid here, and what is not valid here `load` refuses.
"""

import re

import msgspec

from topology.model.base import Json
from topology.model.drawing import LABEL_LENGTH, NAME_LENGTH, NOTE_LENGTH
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

VERSION = 1
ID = "urn:vethboard:document:1"

_MAC = "^[0-9A-Fa-f]{1,2}([:-][0-9A-Fa-f]{1,2}){5}$"
_PAIR: Json = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_NODE = "^[^/]+(/[^/]+)?$"
_IFNAME: Json = {"type": "string", "pattern": "^[^/:%\\s]{1,15}$", "not": {"enum": [".", "..", "all", "default"]}}
_NSNAME: Json = {"type": "string", "pattern": "^[^/]{1,255}$", "not": {"enum": [".", ".."]}}
_LIMITS: dict[tuple[type[msgspec.Struct], str], tuple[int, int]] = {
    **{(kind, f.name): (f.low, f.high) for kind in INTERFACES for f in kind.KIND.fields if f.low is not None and f.high is not None},
    (Namespace, "nsid"): (0, 2**31 - 1),
    (Route, "table"): (1, 2**32 - 1),
    (Route, "metric"): (0, 2**32 - 1),
    (Fdb, "vlan"): (1, 4094),
}
_INNER = {"namespace", "name"}


def schema() -> dict[str, Json]:
    """The schema as a JSON value."""
    _, defs = msgspec.json.schema_components(
        (*INTERFACES, Route, Neighbour, Fdb, Namespace, Lab, Style, Area, Note, Chain), ref_template="#/$defs/{name}"
    )
    every: tuple[type[msgspec.Struct], ...] = (*INTERFACES, Route, Neighbour, Fdb)
    for kind in every:
        _trim(defs[kind.__name__], kind)
    for interface in INTERFACES:
        _interface(defs[interface.__name__], interface)
    defs["Port"]["properties"]["cost"] |= {"minimum": 1, "maximum": 65535}
    defs["Port"]["properties"]["priority"] |= {"minimum": 0, "maximum": 63}
    defs["PortVlan"]["properties"]["vid"] |= {"minimum": 1, "maximum": 4094}
    defs["Lo"] = {**defs["Loopback"], "required": []}
    del defs["Style"]["properties"]["kind"], defs["Style"]["properties"]["node"]
    defs["Style"] |= {"required": [], "additionalProperties": False}
    for shape in (Area, Note):
        _shape(defs[shape.__name__])
    defs["Chain"] = _chain(defs["Chain"]["properties"])
    lab = defs.pop("Lab")["properties"]
    nsid = defs.pop("Namespace")["properties"]["nsid"]
    _limit(nsid, *_LIMITS[Namespace, "nsid"])
    defs["Namespace"] = _namespace(nsid)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Vethboard document",
        "description": "A network of Linux network namespaces, bridges and links.",
        "type": "object",
        "properties": {
            "vethboard": {"const": VERSION, "description": "The version of this format."},
            "name": lab["name"],
            "description": lab["description"],
            "policy": {**lab["policy"], "description": "What happens with changes that were not made through Vethboard."},
            "ipv6": {**lab["ipv6"], "description": "Leave IPv6 on in all namespaces, however many they are."},
            "firewall": {**lab["firewall"], "description": "Whose iptables the lab has; by default the machine's, legacy before nft."},
            "uplink": {**lab["uplink"], "description": "Give host the outside, where the server allows it (vethboard up --allow-uplink)."},
            "namespaces": {"type": "object", "propertyNames": _NSNAME, "additionalProperties": {"$ref": "#/$defs/Namespace"}},
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
                "additionalProperties": {"$ref": "#/$defs/Style"},
            },
            **{
                key: {"type": "object", "propertyNames": {"maxLength": NAME_LENGTH, "minLength": 1}, "additionalProperties": {"$ref": ref}}
                for key, ref in (("areas", "#/$defs/Area"), ("notes", "#/$defs/Note"))
            },
        },
        "required": ["vethboard"],
        "additionalProperties": False,
        "$defs": dict(sorted(defs.items())),
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
    for part in (field, *field.get("anyOf", ())):
        if part.get("type") == "integer":
            part |= {"minimum": low, "maximum": high}


def _trim(part: Json, kind: type[msgspec.Struct]) -> None:
    """Without what the place in the document says, and with the limits of numbers."""
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
    fields = part["properties"]
    _limit(fields["mtu"], kind.KIND.mtu.low, kind.KIND.mtu.high)
    fields["addresses"]["items"] = {"type": "string", "pattern": "^[0-9A-Fa-f:.]+/[0-9.]+$"}


def _chain(fields: Json) -> Json:
    """A chain as the document has it: what its place says is left out."""
    rule = {"type": "string", "pattern": "^[^\\n\\r]*$", "maxLength": 10_000}
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
    kinds: list[Json] = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in INTERFACES if not kind.KIND.builtin]
    mapping = {str(kind.__struct_config__.tag): f"#/$defs/{kind.__name__}" for kind in INTERFACES if not kind.KIND.builtin}
    other = {"oneOf": kinds, "discriminator": {"propertyName": "kind", "mapping": mapping}}
    arrays = {"routes": Route, "neighbours": Neighbour, "fdb": Fdb}
    return {
        "title": "Namespace",
        "description": "A network namespace (ip-netns(8)). `host` is the lab's own network stack. `lo` is down where it is left out.",
        "type": "object",
        "properties": {
            "nsid": nsid,
            "interfaces": {
                "type": "object",
                "propertyNames": _IFNAME,
                "properties": {"lo": {"$ref": "#/$defs/Lo"}},
                "additionalProperties": other,
            },
            **{key: {"type": "array", "items": {"$ref": f"#/$defs/{kind.__name__}"}} for key, kind in arrays.items()},
            "sysctls": {
                "type": "object",
                "propertyNames": {"pattern": r"^net(\.[A-Za-z0-9_/@-]+)+$"},
                "additionalProperties": {"type": ["integer", "string"]},
            },
            "filter": _filter(),
        },
        "additionalProperties": False,
    }
