"""The digest of a table of ip_tables leaves out the counters, of whatever sizes its entries are."""

import random
import struct

from agent.filter import legacy_tables

LAYOUT = legacy_tables._LAYOUTS["ipv4"][2]
HEAD, COUNTERS = legacy_tables._ENTRIES_HEAD, 16


def _table(choose: random.Random) -> tuple[bytearray, bytearray]:
    """Entries in runs of one size; and the same with counters of 0."""
    data = bytearray(choose.randbytes(HEAD))
    clear = bytearray(data)
    for _ in range(choose.randrange(1, 8)):
        size = choose.choice((112, 152, 200, 256, 512))
        for _ in range(choose.choice((1, 2, 15, 16, 17, 100, 400))):
            entry = bytearray(choose.randbytes(size))
            struct.pack_into("=H", entry, LAYOUT.next_offset, size)
            data += entry
            entry[LAYOUT.counters : LAYOUT.counters + COUNTERS] = bytes(COUNTERS)
            clear += entry
    return data, clear


def test_counters_are_cleared_and_nothing_else(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(50):
        data, clear = _table(choose)
        assert legacy_tables._clear_counters(data, LAYOUT)
        assert data == clear


def test_an_entry_without_a_size_ends_it(seed: int) -> None:
    data, _ = _table(random.Random(seed))
    struct.pack_into("=H", data, HEAD + LAYOUT.next_offset, 0)
    assert not legacy_tables._clear_counters(data, LAYOUT)
