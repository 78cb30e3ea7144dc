"""How two sequences differ, at a cost close to that of comparing them."""

import bisect
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T", bound=Hashable)

_STEP = 256
"""Items that are compared at once: a comparison of slices runs in C."""


class Run(NamedTuple):
    """From `at` on, `removed` items of the one are `added` items of the other, which stand there from `to` on."""

    at: int
    removed: int
    to: int
    added: int


def kept(have: Sequence[T], want: Sequence[T]) -> list[tuple[int, int]]:
    """Which items stay: pairs of indexes, both rising. Equal heads and tails, and between them a longest rising run of what is equal
    (the nth of several equal items is the nth), in n log n."""
    head = common_head(have, want)
    tail = common_tail(have, want, head)
    out = [(n, n) for n in range(head)]
    out += _rising(have[head : len(have) - tail], want[head : len(want) - tail], head)
    out += [(len(have) - n, len(want) - n) for n in range(tail, 0, -1)]
    return out


def runs(have: Sequence[T], want: Sequence[T]) -> Iterator[Run]:
    """What `kept` does not keep, from the head on. `have` with all of them done is `want`."""
    head = common_head(have, want)
    tail = common_tail(have, want, head)
    end, far = len(have) - tail, len(want) - tail
    i, j = head, head
    for a, b in [*_rising(have[head:end], want[head:far], head), (end, far)]:
        if a > i or b > j:
            yield Run(i, a - i, j, b - j)
        i, j = a + 1, b + 1


def common_head(have: Sequence[T], want: Sequence[T]) -> int:
    """How many items at the beginning are equal."""
    least, at = min(len(have), len(want)), 0
    while at < least and have[at : at + _STEP] == want[at : at + _STEP]:
        at += _STEP
    while at < least and have[at] == want[at]:
        at += 1
    return min(at, least)


def common_tail(have: Sequence[T], want: Sequence[T], head: int) -> int:
    """How many items at the end are equal, none of the first `head` counted."""
    least, count = min(len(have), len(want)) - head, 0
    a, b = len(have), len(want)
    while count + _STEP <= least and have[a - count - _STEP : a - count] == want[b - count - _STEP : b - count]:
        count += _STEP
    while count < least and have[a - count - 1] == want[b - count - 1]:
        count += 1
    return count


def _rising(have: Sequence[T], want: Sequence[T], offset: int) -> list[tuple[int, int]]:
    if not have or not want:
        return []
    places: dict[tuple[T, int], int] = {}
    for index, key in enumerate(_counted(want)):
        places[key] = index
    pairs = [(i, places[key]) for i, key in enumerate(_counted(have)) if key in places]
    ends: list[int] = []  # the lowest end of a rising run of each length
    chosen: list[int] = []
    before: list[int] = [-1] * len(pairs)
    for n, (_, j) in enumerate(pairs):
        at = bisect.bisect_left(ends, j)
        before[n] = chosen[at - 1] if at else -1
        if at == len(ends):
            ends.append(j)
            chosen.append(n)
        else:
            ends[at], chosen[at] = j, n
    out: list[tuple[int, int]] = []
    n = chosen[-1] if chosen else -1
    while n >= 0:
        out.append((pairs[n][0] + offset, pairs[n][1] + offset))
        n = before[n]
    return out[::-1]


def _counted(items: Sequence[T]) -> Iterator[tuple[T, int]]:
    seen: dict[T, int] = {}
    for item in items:
        seen[item] = seen.get(item, -1) + 1
        yield item, seen[item]
