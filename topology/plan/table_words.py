"""What a plan does to tables, in a sentence for each."""

from collections import Counter
from collections.abc import Iterable, Iterator

from topology.plan.steps import AnyStep, ChangeTable
from topology.plan.table_plan import command

_FAMILY = {"ipv4": "IPv4", "ipv6": "IPv6"}


def sentences(steps: Iterable[AnyStep]) -> Iterator[str]:
    """As `nat of ns0 (IPv4): 2 rules more, 1 rule less, policy of INPUT DROP`."""
    for step in steps:
        if isinstance(step, ChangeTable):
            yield f"{step.table} of {step.namespace} ({_FAMILY[step.family]}): {', '.join(_parts(step))}"


def _parts(step: ChangeTable) -> Iterator[str]:
    counts: Counter[str] = Counter()
    named: list[str] = []
    for line in step.lines:
        verb, name, _, rest = command(line)
        counts["-A" if verb == "-I" else verb] += 1
        if verb == "-P":
            named.append(f"policy of {name} {rest}")
        elif verb == "-E":
            named.append(f"chain {name} is called {rest}")
        elif verb in ("-N", "-X", "-F"):
            named.append({"-N": f"new chain {name}", "-X": f"chain {name} goes", "-F": f"all rules of {name} go"}[verb])
    for verb, words in (("-A", "more"), ("-D", "less"), ("-R", "changed")):
        if counts[verb]:
            yield f"{counts[verb]} rule{'s' if counts[verb] > 1 else ''} {words}"
    yield from named
