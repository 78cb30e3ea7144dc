"""Words of a rule as iptables-restore(8) splits them, and as iptables-save quotes them (libxtables, `xtables_save_string`)."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

TEXTS = frozenset({"--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string", "--label", "--name", "--hashlimit-name"})
"""Options whose value may be any word, even one that looks like an option: iptables-save does not quote `-j`."""

_PLAIN = re.compile(r"[\w-]+", re.ASCII)
_BLANK = " \t\n"
_TYPED = re.compile(r"'([^'\n]*)'(?=[ \t]|$)")
"""A word in single quotes, as a shell would take it."""


class Token(NamedTuple):
    """A word: what it means, how it is written, and from where to where in the text (in characters). `open`: a double quote in it is not
    closed."""

    value: str
    raw: str
    start: int
    end: int
    open: bool = False

    @property
    def quoted(self) -> bool:
        """Whether any part of it is in quotes."""
        return '"' in self.raw


def tokens(text: str) -> list[Token]:
    """The words of a line, exactly as iptables-restore takes them (`add_param_to_argv` in iptables/xshared.c).

    In double quotes a backslash stands for the next character; elsewhere it is an ordinary character. The closing quote ends the word.
    A single quote is an ordinary character.
    """
    out: list[Token] = []
    at, size = 0, len(text)
    while at < size:
        if text[at] in _BLANK:
            at += 1
            continue
        start = at
        value, at, is_open = _word(text, at)
        out.append(Token(value, text[start:at], start, at, is_open))
    return out


def _word(text: str, at: int) -> tuple[str, int, bool]:
    """The word that begins at `at`, where it ends, and whether a quote in it is open."""
    start = at
    while at < len(text) and text[at] not in _BLANK:
        if text[at] == '"':
            inside, end, is_open = _quoted(text, at + 1)
            return text[start:at] + inside, end, is_open
        at += 1
    return text[start:at], at, False


def _quoted(text: str, at: int) -> tuple[str, int, bool]:
    """The text in double quotes that begins at `at`, where the closing quote ends, and whether there is none."""
    value: list[str] = []
    while at < len(text) and text[at] != '"':
        at += text[at] == "\\" and at + 1 < len(text)
        value.append(text[at])
        at += 1
    return "".join(value), min(at + 1, len(text)), at >= len(text)


def is_open(line: str) -> bool:
    """Whether a double quote of the line is not closed: then iptables-save has printed a line break that is part of a word."""
    if '"' not in line:
        return False
    if "\\" not in line and line.count('"') % 2 == 0:
        return False
    return any(token.open for token in tokens(line))


def quote(value: str) -> str:
    """A word as iptables-save writes it, so that iptables-restore reads the same."""
    if _PLAIN.fullmatch(value):
        return value
    if value and not any(c in value for c in " \t\n\"'\\"):
        return value
    return '"' + re.sub(r"([\"\\'])", r"\\\1", value) + '"'


def join(words: Iterable[str]) -> str:
    """The words as one text, each quoted where it has to be."""
    return " ".join(map(quote, words))


def typed(text: str) -> str:
    """The text of a rule that a person typed, as iptables-restore has to read it: a word in single quotes, which a shell would take
    literally, gets double ones. A single quote anywhere else, as in `don't`, is a part of its word."""
    return "".join(piece for _, _, piece in _pieces(text)) if "'" in text else text


def typed_span(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Where the words are in what a person typed that are at `span` in `typed(text)`."""
    at, begin, end = 0, 0, len(text)
    for start, stop, piece in _pieces(text):
        if at <= span[0] < at + len(piece):
            begin = start
        if at < span[1] <= at + len(piece):
            end = stop
        at += len(piece)
    return begin, end


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """The blanks and words of what a person typed: from, to, and how iptables-restore has to read it."""
    at = 0
    while at < len(text):
        if text[at] in _BLANK:
            end, piece = at + 1, text[at]
        elif (found := _TYPED.match(text, at)) is not None:
            end, piece = found.end(), quote(found[1])
        else:
            _, end, _ = _word(text, at)
            piece = text[at:end]
        yield at, end, piece
        at = end
