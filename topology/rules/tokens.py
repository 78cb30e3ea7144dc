"""Words of a rule as iptables-restore(8) splits them, and as iptables-save quotes them (libxtables, `xtables_save_string`)."""

import re
from collections.abc import Iterable
from typing import NamedTuple

TEXTS = frozenset({"--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string", "--label", "--name", "--hashlimit-name"})
"""Options whose value may be any word, even one that looks like an option: iptables-save does not quote `-j`."""

_PLAIN = re.compile(r"[\w-]+", re.ASCII)
_BLANK = " \t\n"


class Token(NamedTuple):
    """A word: what it means, how it is written, and from where to where in the text (in characters)."""

    value: str
    raw: str
    start: int
    end: int

    @property
    def quoted(self) -> bool:
        """Whether any part of it is in quotes."""
        return '"' in self.raw or "'" in self.raw


def tokens(text: str) -> list[Token]:
    """The words of a rule.

    In double quotes a backslash stands for the next character; elsewhere it is an ordinary character. The closing quote ends the word.
    iptables-restore does not know single quotes, but people type them as in a shell: what is between them is taken literally.
    """
    out: list[Token] = []
    at, size = 0, len(text)
    while at < size:
        if text[at] in _BLANK:
            at += 1
            continue
        start, value, at = at, *_word(text, at)
        out.append(Token(value, text[start:at], start, at))
    return out


def _word(text: str, at: int) -> tuple[str, int]:
    """The word that begins at `at`, and where it ends."""
    value: list[str] = []
    while at < len(text) and text[at] not in _BLANK:
        mark = text[at]
        if mark == '"':
            inside, at = _quoted(text, at + 1)
            return "".join(value) + inside, at
        if mark == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            value.append(text[at + 1 : end])
            at = end + 1
        else:
            value.append(mark)
            at += 1
    return "".join(value), min(at, len(text))


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The text in double quotes that begins at `at`, and where the closing quote ends."""
    value: list[str] = []
    while at < len(text) and text[at] != '"':
        at += text[at] == "\\" and at + 1 < len(text)
        value.append(text[at])
        at += 1
    return "".join(value), min(at + 1, len(text))


def quote(value: str) -> str:
    """A word as iptables-save writes it, so that iptables-restore reads the same."""
    if _PLAIN.fullmatch(value):
        return value
    if value and not any(c in value for c in " \t\"'\\"):
        return value
    return '"' + re.sub(r"([\"\\'])", r"\\\1", value) + '"'


def join(words: Iterable[str]) -> str:
    """The words as one text, each quoted where it has to be."""
    return " ".join(map(quote, words))


def restorable(text: str) -> str:
    """The text with double quotes instead of single ones: iptables-restore takes single quotes for a part of the word."""
    if "'" not in text:
        return text
    found = tokens(text)
    if not any(t.raw.replace("\\'", "").count("'") and not t.raw.startswith('"') for t in found):
        return text
    return " ".join(t.raw if t.raw.startswith('"') or "'" not in t.raw else quote(t.value) for t in found)
