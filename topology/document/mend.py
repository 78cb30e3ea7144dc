"""What is wrong with a text that is not JSON, in words that one can act on, and how it is read all the same."""

import json
import re
from typing import NamedTuple

from topology.model.problems import Code, Problem

MOST = 20
"""So many faults of one text are mended and reported; then it is given up."""

_MARKER = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|$)", re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL)
_YAML = re.compile(r"(?:%YAML|---|[A-Za-z_][\w-]*[ \t]*:(?:[ \t\r\n]|$)|- )")
_FENCE = re.compile(r"(?:```|~~~)[^\n]*")
_CURLY = re.compile("[\u2018\u2019\u201c-\u201f\u00ab\u00bb\u300c\u300d]")
_BARE = re.compile(r"[A-Za-z_][\w-]*")
_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:NaN|Infinity)\b', re.DOTALL)
_PIECE = re.compile(r"[^\s,;\[\]{}\"#]+")
_DIGIT_FIRST = re.compile(r"[+-]?\.?[0-9]", re.ASCII)
_OF_JSON = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]{1,12}|[0-9][0-9_]{0,14}(?:\.0*)?)", re.ASCII)
_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null", "nil": "null"}


class Found(NamedTuple):
    """A fault of a text. `mended`: the text without it, as long and with the same lines; None where that cannot be."""

    problem: Problem
    mended: str | None = None


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def syntax(text: str, error: json.JSONDecodeError) -> Found:
    """The fault at which the parser stopped."""
    if (marker := _MARKER.search(text)) is not None:
        return Found(_problem(text, marker.start(), "a merge conflict is left in the file", "choose one side and delete the markers"))
    start = len(text) - len(text.lstrip())
    if (fence := _FENCE.match(text, error.pos)) is not None:
        return Found(_problem(text, fence.start(), "a code fence of Markdown", "take out the lines with it"), _blanked(text, *fence.span()))
    if error.pos <= start and _YAML.match(text, start):
        return Found(_problem(text, start, "this looks like YAML", "a document is JSON: convert it, for example with yq -o json"))
    return _at(text, error)


def constant(text: str, name: str) -> Found:
    """NaN or an infinity, which Python's parser knows and JSON does not."""
    found = next(one for one in _CONSTANT.finditer(text) if one[0] == name)
    mended = text[: found.start()] + "1".ljust(len(name)) + text[found.end() :]
    return Found(_problem(text, found.start(), f"{name} is no number of JSON", "write a number"), mended)


def _at(text: str, error: json.JSONDecodeError) -> Found:
    at = error.pos
    if text.startswith(",", at) and text[:at].rstrip()[-1:] in (",", "{", "["):
        return Found(_problem(text, at, "a comma too many", "take it out"), _blanked(text, at, at + 1))
    if text.startswith("/*", at) and "*/" not in text[at:]:
        return Found(_problem(text, at, "a comment without an end", "JSON has no comments: take it out"))
    where = at if error.msg.startswith("Illegal trailing comma") else len(text[:at].rstrip()) - 1  # the former since Python 3.13
    if text[where : where + 1] == "," and (where == at or text[at : at + 1] in ("}", "]")):
        return Found(_problem(text, where, "a comma before the closing bracket", "take it out"), _blanked(text, where, where + 1))
    if (comment := _COMMENT.match(text, at)) is not None:
        hint = 'JSON has no comments: take it out, or write it into "description" or a note'
        return Found(_problem(text, at, "a comment", hint), _blanked(text, comment.start(), comment.end()))
    if (unquoted := _unquoted(text, at)) is not None:
        return unquoted
    word = _BARE.match(text, at)
    if word is not None and word[0] in _WORDS and error.msg.startswith("Expecting value"):
        right = _WORDS[word[0]]
        padded = right.ljust(len(word[0]))
        mended = text[:at] + padded + text[word.end() :] if len(padded) == len(word[0]) else None
        return Found(_problem(text, at, f"{word[0]} is not JSON", f"write {right}"), mended)
    return Found(_problem(text, at, *_words(text, error, word[0] if word else "")))


def _unquoted(text: str, at: int) -> Found | None:
    """A value that begins like a number and is none of JSON: 0x10, 010, 1., +1, 10.0.0.1/24."""
    begin = at
    while begin > 0 and _PIECE.fullmatch(text[begin - 1]):
        begin -= 1
    while begin < at and text[begin] == ":":
        begin += 1
    piece = _PIECE.match(text, begin)
    if piece is None or not _DIGIT_FIRST.match(piece[0]) or _OF_JSON.fullmatch(piece[0]):
        return None
    if begin == at and piece[0][0] not in "+.-":
        return None  # what is wrong is before it
    if re.fullmatch(r"\.[0-9]+", piece[0], re.ASCII):
        return Found(_problem(text, begin, f"{piece[0][:40]} is no number of JSON", f"write 0{piece[0][:40]}"))
    if _NUMBER.fullmatch(piece[0]) is None:
        return Found(_problem(text, begin, f"{piece[0][:40]} is no number of JSON", f'a text stands in double quotes: "{piece[0][:40]}"'))
    digits = piece[0].split(".")[0].replace("_", "")
    number = str(int(digits, 16 if "x" in digits.lower() else 10))
    hint = f"write {number}"
    mended = text[:begin] + number.ljust(len(piece[0])) + text[piece.end() :] if len(number) <= len(piece[0]) else None
    return Found(_problem(text, begin, f"{piece[0]} is no number of JSON", hint), mended)


_BY_MESSAGE = {
    "Unterminated string": ("a text has no end", "close it with a double quote"),
    "Extra data": ("there is more text after the end of the document", "one file holds one document"),
    "Expecting ',' delimiter": ("a comma is missing before this", "entries are separated by commas"),
    "Expecting ':' delimiter": ("a colon is missing before this", "between a key and its value stands a colon"),
    "Invalid control character": ("a line break or control character stands in a text", "write \\n for a line break"),
    "Invalid \\": ("an escape that JSON does not know", "write \\\\ for a backslash"),
}
"""The beginning of what Python's parser says → message and hint."""


def _words(text: str, error: json.JSONDecodeError, word: str) -> tuple[str, str]:
    """Message and hint of what cannot be mended. `word`: what stands there without quotes."""
    known = next((words for begin, words in _BY_MESSAGE.items() if error.msg.startswith(begin)), None)
    if not text.strip():
        return "the document is empty", 'the least one is {"vethboard": 1}'
    if error.pos >= len(text.rstrip()):
        return "the document ends too early", "is the file complete? A closing bracket is missing"
    if text.startswith("'", error.pos):
        return "a text stands in single quotes", "write double quotes"
    if _CURLY.match(text, error.pos):
        return f"{text[error.pos]} is not a quote of JSON", 'write straight double quotes, "'
    if error.pos <= len(text) - len(text.lstrip()) and "{" in text:
        return "there is text before the document", "take out what stands before {"
    if error.pos <= len(text) - len(text.lstrip()):
        return "this is not JSON", "a document begins with {"
    if error.msg.startswith("Expecting property name"):
        return "a key is missing, or is not in quotes", f'write "{word}"' if word else "a key stands in double quotes"
    hint = f'a text stands in double quotes: "{word}"' if word else "a value is text, a number or a list"
    return known or ("a value is missing, or is not JSON", hint)


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _problem(text: str, at: int, message: str, hint: str) -> Problem:
    line, column = place(text, at)
    return Problem(
        code=Code.INVALID, message=f"not JSON: {message}: line {line} column {column}", subject="$", hint=hint, at=(line, column)
    )
