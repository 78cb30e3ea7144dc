"""What libxtables knows of an option of a match or target (`struct xt_option_entry` in xtables.h, `struct option` of getopt_long(3))."""

from typing import Final, Literal

import msgspec

Value = Literal["none", "text", "number", "address", "port", "interface", "time", "choice", "mark"]

_INVERT = 1
_VALUES: Final[dict[int, Value]] = {
    0: "none", 1: "number", 2: "number", 3: "number", 4: "number", 5: "number", 6: "number", 7: "number", 8: "number", 9: "number",
    10: "text", 11: "text", 12: "mark", 13: "text", 14: "address", 15: "address", 16: "text", 17: "port", 18: "port", 19: "number",
    20: "address", 21: "text", 22: "text",
}  # fmt: skip
"""enum xt_option_type."""
_RANGES: Final = frozenset((5, 6, 7, 8, 18))
"""Types that take `from:to`."""


class XtOption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`type` and `flags`: XTTYPE_* and XTOPT_*, of an extension that states them; None: it only says with `has_arg` whether a value
    follows, as getopt(3)."""

    extension: str
    name: str
    type: int | None = None
    flags: int = 0
    has_arg: int = 0

    @property
    def takes_value(self) -> bool:
        """Whether the next word is its value."""
        return self.type != 0 if self.type is not None else self.has_arg == 1

    @property
    def negate(self) -> bool | None:
        """Whether `!` may stand before it; None: not known."""
        return bool(self.flags & _INVERT) if self.type is not None else None

    @property
    def value(self) -> Value | None:
        """Which field a form shows for it; None: not known."""
        return _VALUES.get(self.type) if self.type is not None else (None if self.takes_value else "none")

    @property
    def is_range(self) -> bool:
        """Whether its value may be `from:to`."""
        return self.type in _RANGES
