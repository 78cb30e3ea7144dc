"""What is missing in a table after iptables-restore has reported success."""

import pytest

from topology.plan.table_check import Have, ignored_word, not_done

ONE, TWO, NEW = "-s 10.0.0.1/32 -j DROP", "-s 10.0.0.2/32 -j DROP", "-s 10.0.0.3/32 -j DROP"


def table(*rules: str, **chains: tuple[str, ...]) -> Have:
    return {"INPUT": ("ACCEPT", rules), **{name: (None, found) for name, found in chains.items()}}


@pytest.mark.parametrize(
    ("lines", "after", "missing"),
    [
        ((f"-A INPUT {NEW}",), table(ONE, TWO, NEW), None),
        ((f"-A INPUT {NEW}",), table(ONE, TWO), 0),
        ((f"-I INPUT 1 {NEW}",), table(NEW, ONE, TWO), None),
        (("-A INPUT -s 10.0.0.3 -j DROP",), table(ONE, TWO, NEW), None),  # printed in other words
        ((f"-R INPUT 2 {NEW}",), table(ONE, NEW), None),
        (("-R INPUT 2 -h",), table(ONE, TWO), 0),
        (("-R INPUT 2 -6 -j DROP",), table(ONE, TWO), 0),
        (("-R INPUT 2 -s 10.0.0.2 -j DROP",), table(ONE, TWO), None),  # the same rule in other words
        ((f"-A INPUT {NEW}", "-A INPUT -V"), table(ONE, TWO, NEW), 1),
        (("-D INPUT 1", f"-A INPUT {NEW}"), table(TWO, NEW), None),
        (("-F INPUT", f"-A INPUT {NEW}"), table(NEW), None),
        (("-N mine", f"-A mine {NEW}"), table(ONE, TWO, mine=(NEW,)), None),
        (("-N mine", f"-A mine {NEW}"), table(ONE, TWO), 0),
        (("-N mine", "-E mine yours"), table(ONE, TWO, yours=()), None),
        (("-P INPUT DROP",), table(ONE, TWO), 0),
        (("-P INPUT ACCEPT",), table(ONE, TWO), None),
        (('-A INPUT -m comment --comment "-h"',), table(ONE, TWO, "-m comment --comment -h"), None),
        ((f"-A INPUT {NEW}",), table(ONE, TWO, NEW, "-j LOG"), None),  # somebody else added one meanwhile
    ],
)
def test_what_is_missing(lines: tuple[str, ...], after: Have, missing: int | None) -> None:
    assert not_done({"INPUT": 2}, lines, after, "ipv4") == missing


def test_words_that_are_not_loaded() -> None:
    assert ignored_word("-p tcp --help", "ipv4") == "--help"
    assert ignored_word("-6 -j DROP", "ipv4") == "-6"
    assert ignored_word("-6 -j DROP", "ipv6") is None
    assert ignored_word("-4 -j DROP", "ipv6") == "-4"
    assert ignored_word(NEW, "ipv4") is None
