"""Makes a failing case smaller: as few lines and probes as still show the same kind of fault."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from tests.fuzz.case import Case, Sent
from tests.fuzz.judge import Finding
from tests.fuzz.run import run

MOST_RUNS = 150


class Shrinker:
    """`fails` runs a case; after `MOST_RUNS` it says no, so that what is found so far is the answer."""

    def __init__(self, finding: Finding, fails: Callable[[Case], bool] | None = None) -> None:
        self.kind = finding.kind
        self.runs = 0
        self._fails = fails or (lambda case: any(f.kind == self.kind and f.probe == len(case.probes) - 1 for f in run(case).findings))

    def fails(self, case: Case) -> bool:
        self.runs += 1
        return self.runs <= MOST_RUNS and self._fails(case)

    def shrink(self, case: Case, probe: int) -> Case:
        """The smallest that was found."""
        case = msgspec.structs.replace(case, probes=case.probes[: probe + 1])
        for change in ({"together": 1}, {"probes": case.probes[-1:]}):
            simpler = msgspec.structs.replace(case, **change)
            if simpler != case and self.fails(simpler):
                case = simpler
        case = msgspec.structs.replace(case, probes=self._fewer(case.probes, lambda p: msgspec.structs.replace(case, probes=p), keep=1))
        lines = self._fewer(case.lines, lambda kept: msgspec.structs.replace(case, lines=kept))
        case = msgspec.structs.replace(case, lines=lines)
        for plainer in _plainer(case.probes[-1]):
            tried = msgspec.structs.replace(case, probes=(*case.probes[:-1], plainer))
            if self.fails(tried):
                case = tried
        return case

    def _fewer(self, items: Sequence[object], made: Callable[..., Case], keep: int = 0) -> tuple[object, ...]:
        """Delta debugging: leave out halves, quarters, single ones (the last `keep` stay)."""
        found, size = tuple(items), max(1, len(items) // 2)
        while size:
            at = 0
            while at < len(found) - keep:
                tried = found[:at] + found[min(at + size, len(found) - keep) :]
                if tried != found and self.fails(made(tried)):
                    found = tried
                else:
                    at += size
            size //= 2
        return found


def _plainer(sent: Sent) -> Iterator[Sent]:
    """With one option less."""
    plain = Sent(source="", address="::")
    for name in ("size", "ttl", "dont_fragment", "mark", "dev", "source_port", "tos", "source_address"):
        if getattr(sent, name) != getattr(plain, name):
            yield msgspec.structs.replace(sent, **{name: getattr(plain, name)})
