"""Long texts of iptables-restore in pieces: nothing is lost, added or renumbered."""

from hypothesis import given
from hypothesis import strategies as st

from agent.filter.pieces import pieces

LINE = st.sampled_from(
    ["-N mine", "-A INPUT -j DROP", '-A INPUT -m comment --comment "COMMIT\u2028" -j DROP', ":mine - [0:0]", "# by hand"]
)
TABLES = st.lists(st.tuples(st.sampled_from(["*filter", "*nat"]), st.lists(LINE, max_size=20)), min_size=1, max_size=4)


def _said(text: str) -> dict[int, str]:
    """The lines that say something, by number."""
    return {number: line for number, line in enumerate(text.split("\n"), 1) if line and line != "COMMIT" and line[0] not in "*#"}


@given(TABLES, st.integers(1, 9))
def test_every_line_is_in_one_piece_under_its_number(tables: list[tuple[str, list[str]]], most: int) -> None:
    text = "".join("\n".join((table, *lines, "COMMIT", "")) for table, lines in tables)
    found = list(pieces(text, most))
    together: dict[int, str] = {}
    for piece in found:
        said = _said(piece.text)
        assert not said.keys() & together.keys()
        together |= said
        if len(found) > 1:
            assert len(said) <= most
            assert piece.text.count("COMMIT\n") == 1
    assert together == _said(text)
    assert list(together) == sorted(together)
    assert len(found) == 1 or sum(piece.begins for piece in found) == len(tables)


def test_what_is_no_whole_table_is_left_for_iptables_to_refuse() -> None:
    for text in (
        "*filter\n-A INPUT\n-A INPUT\n-A INPUT\n",
        "-A INPUT\n*filter\n-A INPUT\nCOMMIT\n",
        "*filter\nCOMMIT\n-A INPUT\n-A INPUT\n",
    ):
        assert [piece.text for piece in pieces(text, 1)] == [text]
