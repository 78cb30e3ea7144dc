"""What is drawn and has no part in the network: places, styles, areas, notes. The plan never sees these records, the kernel neither."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal

from topology.model import ids
from topology.model.base import Fault, Json, Record

Colour = Literal["gray", "red", "orange", "yellow", "green", "teal", "blue", "violet", "pink"]
"""Colours by name: each theme of the canvas has its own shade of it."""

Icon = Literal["server", "router", "switch", "client", "container", "cloud", "database", "firewall", "phone", "globe"]
"""What a node stands for."""

MAX_COORDINATE = 1e9
"""The largest coordinate, in canvas units."""

COORDINATE_HINT = f"canvas units, at most {MAX_COORDINATE:,.0f}"

NAME_LENGTH, LABEL_LENGTH, NOTE_LENGTH = 64, 200, 20_000
"""The most characters of an area's or note's name, an area's label, a note."""


class Placement(Record, frozen=True, kw_only=True, tag="placement"):
    """Where a node is drawn. `node` is a namespace (`ns0`) or a bridge (`host/br0`).

    Canvas units, origin top left; a bridge's place is relative to its namespace's. Never reaches the agent.
    """

    node: str
    x: float
    y: float

    @property
    def id(self) -> str:
        """The record id."""
        return ids.placement(self.node)


class Style(Record, frozen=True, kw_only=True, tag="style"):
    """How a node is drawn. `locked`: it is neither moved nor deleted on the canvas. A style that says nothing is no record."""

    node: str
    colour: Colour | None = None
    icon: Icon | None = None
    locked: bool = False

    @property
    def id(self) -> str:
        """The record id."""
        return ids.style(self.node)

    @property
    def plain(self) -> bool:
        """Whether it says nothing."""
        return self.colour is None and self.icon is None and not self.locked


class Shape(Record, frozen=True, kw_only=True):
    """A box on the canvas that is no node: corner and size in canvas units, `name` unlike the others of its kind."""

    name: str
    x: float
    y: float
    w: float
    h: float
    locked: bool = False

    def faults(self) -> Iterator[Fault]:
        """What cannot be drawn of it."""
        if not 1 <= len(self.name) <= NAME_LENGTH or not self.name.isprintable():
            yield Fault("", f'"{self.name[:NAME_LENGTH]}" is no name', f"1 to {NAME_LENGTH} printable characters")
        if not are_coordinates(self.x, self.y):
            yield Fault("at", "a place is two numbers", COORDINATE_HINT)
        if not are_coordinates(self.w, self.h) or self.w <= 0 or self.h <= 0:
            yield Fault("size", "a size is two numbers above 0", COORDINATE_HINT)


class Area(Shape, frozen=True, kw_only=True, tag="area"):
    """A labelled area behind the nodes: a subnet, a rack, a host of containers. `label` empty: its name is shown."""

    label: str = ""
    colour: Colour = "blue"

    @property
    def id(self) -> str:
        """The record id."""
        return ids.area(self.name)

    def faults(self) -> Iterator[Fault]:
        """What cannot be drawn of it."""
        yield from super().faults()
        yield from _text("label", self.label, LABEL_LENGTH)


class Note(Shape, frozen=True, kw_only=True, tag="note"):
    """A note in Markdown."""

    text: str = ""
    colour: Colour = "yellow"

    @property
    def id(self) -> str:
        """The record id."""
        return ids.note(self.name)

    def faults(self) -> Iterator[Fault]:
        """What cannot be drawn of it."""
        yield from super().faults()
        yield from _text("text", self.text, NOTE_LENGTH)


def _text(field: str, text: str, most: int) -> Iterator[Fault]:
    if len(text) > most:
        yield Fault(field, f"the {field} is too long", f"at most {most} characters")
    if any(0xD800 <= ord(c) < 0xE000 for c in text):
        yield Fault(field, "half of a surrogate pair is no text")


Drawing = Placement | Style | Area | Note
DRAWINGS = (Placement, Style, Area, Note)
SHAPES = (Area, Note)
SIZES: Mapping[type[Area | Note], tuple[float, float]] = {Area: (480, 320), Note: (240, 140)}
"""What an area or a note measures where nobody says it, in canvas units."""

_PREFIXES = tuple(f"{kind.__struct_config__.tag}:" for kind in DRAWINGS)


def is_drawing(record_id: str) -> bool:
    """Whether the record of this id is only drawn."""
    return record_id.startswith(_PREFIXES)


def are_coordinates(*values: float) -> bool:
    """Whether these are finite numbers of at most `MAX_COORDINATE`."""
    return all(math.isfinite(v) and abs(v) <= MAX_COORDINATE for v in values)


def number(value: float) -> float | int:
    """A coordinate as it stands in a document."""
    return int(value) if value == int(value) else value


def shape_json(shape: Area | Note) -> dict[str, Json]:
    """The entry of an area or a note in a document, without its name."""
    out: dict[str, Json] = {"at": [number(shape.x), number(shape.y)]}
    if (shape.w, shape.h) != SIZES[type(shape)]:
        out["size"] = [number(shape.w), number(shape.h)]
    for field, usual in (("label", ""), ("text", ""), ("colour", "blue" if isinstance(shape, Area) else "yellow"), ("locked", False)):
        if getattr(shape, field, usual) != usual:
            out[field] = getattr(shape, field)
    return out


def style_json(style: Style) -> dict[str, Json]:
    """The entry of a style in a document."""
    out: dict[str, Json] = {"colour": style.colour, "icon": style.icon, "locked": style.locked or None}
    return {key: value for key, value in out.items() if value is not None}
