"""What iptables says when it refuses: which line, in which words, and about which word of the rule."""

import itertools
import re
from typing import NamedTuple

from topology.rules.tokens import tokens

_HEAD = re.compile(r"^ip6?tables[\w-]*(?: v[\d.]+ \([\w ]+\))?: *", re.M)
_NOISE = re.compile(r"^(?:Error occurred at line: \d+|Try `ip6?tables.*' for more information\.|# Warning: .*)$", re.M)
_LINE = re.compile(r"Error occurred at line: (\d+)|^line (\d+)(?: failed)?(?:: |:?$)", re.M)
_QUOTED = re.compile(r"[`'\"]([^`'\"\n]+)['\"]")


class Refusal(NamedTuple):
    """`line` counts from 1 in the text that was given; None where it is not said. `message` is empty where only a line was said."""

    line: int | None
    message: str


def refusal(said: str) -> Refusal:
    """What an iptables program wrote on standard error."""
    text = _HEAD.sub("", said)
    found = list(_LINE.finditer(text))
    line = int(found[-1][1] or found[-1][2]) if found else None
    text = _LINE.sub("", _NOISE.sub("", text))
    words = [part.strip() for part in text.splitlines() if part.strip()]
    return Refusal(line, "; ".join(dict.fromkeys(words)))


def place(message: str, rule: str) -> tuple[int, int] | None:
    """Where in the rule's text the word stands that the message names: from, to, in characters."""
    words = tokens(rule)
    for quoted in _QUOTED.findall(message):
        for test in (lambda value, q=quoted: value == q, lambda value, q=quoted: q in value):
            for word in words:
                if test(word.value):
                    return word.start, word.end
    for before, word in itertools.pairwise(words):
        # a value that is named without quotes, as in `Bad mark value 0xzz`
        if before.value.startswith("-") and len(word.value) > 1 and re.search(rf"(?<!\w){re.escape(word.value)}(?!\w)", message):
            return word.start, word.end
    return None
