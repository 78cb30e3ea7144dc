"""Names that people give themselves, and those of tokens: they are shown to others, so they must deceive nobody."""

import unicodedata

from topology.model.problems import invalid

MAX_NAME, MAX_LABEL = 40, 200
"""Characters."""

RESERVED = frozenset(("terminal", "vethboard", "system", "admin", "administrator", "root", "kernel", "agent", "server"))
"""What the history calls those who are nobody's person, and what would be taken for them."""

_IGNORABLE = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
)  # fmt: skip
"""Letters and marks that are drawn as nothing (Unicode, Default_Ignorable_Code_Point, besides those of category C)."""

_MOST_MARKS = 2
"""Accents on one letter: Vietnamese has two."""

_ALIKE = str.maketrans(
    {
        **dict(zip("аᴀɑαА", "aaaaa", strict=True)), **dict(zip("ьЬЪвВ", "bbbbb", strict=True)), **dict(zip("ԁɗ", "dd", strict=True)),
        **dict(zip("еЕєεΕҽЗ3", "eeeeeeee", strict=True)), **dict(zip("ɡ9", "gg", strict=True)), **dict(zip("һНн", "hhh", strict=True)),
        **dict(zip("іІιΙıɪӏ1!|lїí", "iiiiiiiiiiiii", strict=True)), **dict(zip("кКκΚ", "kkkk", strict=True)),
        **dict(zip("мМΜϻ", "mmmm", strict=True)), **dict(zip("пПηΝ", "nnnn", strict=True)), **dict(zip("оОοΟ0օσ", "ooooooo", strict=True)),
        **dict(zip("гГг", "rrr", strict=True)), **dict(zip("ѕЅ5$", "ssss", strict=True)), **dict(zip("тТτΤ7+", "tttttt", strict=True)),
        **dict(zip("ѵνυ", "vvv", strict=True)), **dict(zip("уУγΥ", "yyyy", strict=True)), "@": "a", "4": "a", "8": "b",
    }
)  # fmt: skip
"""Letters that look like others, as those (Unicode TR 39, "skeleton", cut down to the letters of `RESERVED`)."""


def _skeleton(name: str) -> str:
    """What the name looks like: without accents, case, blanks and signs; look-alikes as one letter."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).translate(_ALIKE).casefold()).translate(_ALIKE)
    return "".join(c for c in plain if c.isalnum()).replace("rn", "m").replace("vv", "w")


_SKELETONS = frozenset(map(_skeleton, RESERVED))


def is_reserved(name: str) -> bool:
    """Whether it is, or looks like, the name of one who is not a person."""
    return _skeleton(name) in _SKELETONS


def _reason(name: str) -> str:
    """Why it cannot be shown; empty: it can."""
    if not name:
        return "it is empty"
    if len(name) > MAX_NAME:
        return f"it has {len(name)} characters, at most {MAX_NAME} are shown"
    if any(map(_is_invisible, name)):
        return "it has invisible characters, or some that change the direction of the text"
    if not any(c.isalnum() for c in name):
        return "it has no letter or digit"
    if _marks(name) > _MOST_MARKS:
        return "it has too many accents on one letter"
    if is_reserved(name):
        return "it looks like the name of a part of Vethboard"
    return ""


def _is_invisible(c: str) -> bool:
    category = unicodedata.category(c)
    return category[0] == "C" or category in ("Zl", "Zp") or any(first <= ord(c) <= last for first, last in _IGNORABLE)


def _marks(name: str) -> int:
    """The most accents on one letter."""
    most = here = 0
    for c in unicodedata.normalize("NFD", name):
        here = here + 1 if unicodedata.category(c)[0] == "M" else 0
        most = max(most, here)
    return most


def display_name(text: str) -> str:
    """The name as it is shown: NFC, blanks folded to one. Raises ProblemError (INVALID) for one that cannot be."""
    blanks = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text[: 4 * MAX_NAME])
    name = " ".join(part for part in unicodedata.normalize("NFC", blanks).split(" ") if part)
    if reason := _reason(name):
        shown = ascii(name[:MAX_NAME])[1:-1]
        raise invalid(f'"{shown}" cannot be a name: {reason}', None, "take another name")
    return name


def shown_label(text: str) -> str:
    """What a client calls an edit, as it is shown to others: one line, without invisible characters and those that change the direction of
    the text (U+FFFD stands in their place), cut off after `MAX_LABEL`."""
    shown = "".join("\ufffd" if _is_invisible(c) else c for c in text[: MAX_LABEL + 1])
    return shown if len(shown) <= MAX_LABEL else f"{shown[: MAX_LABEL - 1]}…"
