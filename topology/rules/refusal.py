"""The error messages of iptables: which line they are about, the message itself, and which word of the rule it means."""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from topology.rules.tokens import Token, tokens

_HEAD = re.compile(r"^ip6?tables[\w-]*(?: v[\d.]+ \([\w ]+\))?: *", re.M)
_NOISE = re.compile(r"^(?:Error occurred at line: \d+|Try `ip6?tables.*' for more information\.|# Warning: .*)$", re.M)
_LINE = re.compile(r"Error occurred at line: (\d+)|^line (\d+)(?: failed)?(?:: |:?$)", re.M)
_QUOTED = re.compile(r"[`'\"]([^`'\"\n]+)['\"]")


class Refusal(NamedTuple):
    """Why a text was refused. `line` counts from 1; None where the message has none. `message` is empty where there was only a line."""

    line: int | None
    message: str


def refusal(stderr: str) -> Refusal:
    """The refusal in what an iptables program wrote on standard error."""
    text = _HEAD.sub("", stderr)
    found = list(_LINE.finditer(text))
    line = int(found[-1][1] or found[-1][2]) if found else None
    text = _LINE.sub("", _NOISE.sub("", text))
    words = [part.strip() for part in text.splitlines() if part.strip()]
    return Refusal(line, "; ".join(dict.fromkeys(words)))


def place(message: str, rule: str) -> tuple[int, int] | None:
    """Where in the rule the word is that the message names: from, to, in characters; None where it names none of them."""
    words = tokens(rule)
    found = next(itertools.chain(_quoted_words(message, words), _unquoted_values(message, words)), None)
    return None if found is None else (found.start, found.end)


def _quoted_words(message: str, words: list[Token]) -> Iterator[Token]:
    """The words that the message quotes, and then those of which it quotes a part."""
    for quoted in _QUOTED.findall(message):
        yield from (word for word in words if word.value == quoted)
        yield from (word for word in words if quoted in word.value)


def _unquoted_values(message: str, words: list[Token]) -> Iterator[Token]:
    """The values of options that the message has without quotes, as in `Bad mark value 0xzz`."""
    for before, word in itertools.pairwise(words):
        if before.value.startswith("-") and len(word.value) > 1 and re.search(rf"(?<!\w){re.escape(word.value)}(?!\w)", message):
            yield word
