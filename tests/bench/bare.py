"""What an edit of one rule costs without Vethboard: iptables' own programs, in a namespace of their own, with all that the edit needs of
them: the table read, changed, and read back. Run by `edit`; prints a JSON line: for each length of the chain the median seconds.
"""

import json
import statistics
import sys
from functools import partial

from agent.filter import driver
from agent.filter.drivers import FilterDriver, default
from agent.netlink.namespaces import Namespaces, Netns
from tests.bench.rules_apart import rules, timed

_ROUNDS = 15
_TEXT = "*filter\n{}\nCOMMIT\n"
_PAIR = ("-I INPUT 5 -s 10.200.0.1/32 -j DROP", "-D INPUT 5")


def edit(programs: FilterDriver, place: Netns, line: str) -> None:
    programs.save(place, "ipv4", False, "filter")
    assert programs.restore(place, "ipv4", _TEXT.format(line)).code == 0
    programs.save(place, "ipv4", False, "filter")


def main(sizes: list[int]) -> None:
    namespaces = Namespaces()
    programs = driver(default(), namespaces)
    found = {}
    for size in sizes:
        place = namespaces.create(f"ns{size}")
        assert programs.restore(place, "ipv4", _TEXT.format("\n".join(f"-A INPUT {rule}" for rule in rules(size)))).code == 0
        found[size] = statistics.median(timed(partial(edit, programs, place, _PAIR[n % 2])) for n in range(2 * _ROUNDS))
    print(json.dumps(found))


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]])
