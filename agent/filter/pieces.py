"""A long text for iptables-restore cut into several that do the same one after the other: iptables-nft sends each as one transaction, which
must fit in a socket's buffer."""

from collections.abc import Iterator
from typing import NamedTuple


class Piece(NamedTuple):
    """A text for iptables-restore. `begins`: it is the first of its table."""

    text: str
    begins: bool


def pieces(text: str, most: int) -> Iterator[Piece]:
    """Texts of one table each, with at most `most` lines of the given one. Every line keeps its number, and so does COMMIT: what iptables
    says of a line holds for the whole text. A text that is not made of whole tables is not cut: iptables refuses it."""
    lines = text.split("\n")
    tables = list(_tables(lines))
    if text.count("\n") <= most or sum(end - begin + 1 for begin, end in tables) < sum(map(_is_statement, lines)):
        yield Piece(text, True)
        return
    for begin, end in tables:
        for first in range(begin + 1, max(end, begin + 2), most):
            last = min(first + most, end)
            if first == begin + 1 or any(lines[first:last]):
                body = "\n".join((lines[begin], *lines[first:last]))
                yield Piece("\n" * (first - 1) + body + "\n" * (end - last + 1) + "COMMIT\n", first == begin + 1)


def by_table(text: str) -> Iterator[str]:
    """The text of each table, in which every line keeps its number; all of it where there is none."""
    lines = text.split("\n")
    tables = list(_tables(lines))
    if not tables:
        yield text
    yield from ("\n" * begin + "\n".join([*lines[begin : end + 1], ""]) for begin, end in tables)


def _is_statement(line: str) -> bool:
    """Whether it is neither empty nor a comment."""
    return line != "" and not line.startswith("#")


def _tables(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The numbers (from 0) of each line `*table` and of its COMMIT."""
    begin: int | None = None
    for at, line in enumerate(lines):
        if line.startswith("*"):
            begin = at
        elif line == "COMMIT" and begin is not None:
            yield begin, at
            begin = None
