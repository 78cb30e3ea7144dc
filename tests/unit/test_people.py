"""Names of persons and tokens: what is shown to others deceives nobody."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.model.people import MAX_LABEL, MAX_NAME, RESERVED, display_name, is_reserved, shown_label
from topology.model.problems import ProblemError


@pytest.mark.parametrize(
    "name", ["Ann", "陳怡君", "Nguyễn Văn Ế", "O'Brien", "😀 Ann", "Артём", "Tim", "Rooty", "Terminator", "ns0", "edit-1", "x" * 40]
)
def test_names_of_people(name: str) -> None:
    assert display_name(name) == unicodedata.normalize("NFC", name)


def test_blanks_are_folded() -> None:
    assert display_name("  Ann\u3000 \u00a0Lee ") == "Ann Lee"


@pytest.mark.parametrize(
    "name",
    [
        "", "   ", "-", "😀", "x" * 41, "x" * 100_000, "a\nb", "a\x00b", "a\u2028b", "\u202eann", "a\u2066b", "a\u200db", "a\u00adb",
        "\ud800", "a\u3164", "a\u2800", "a\ufe0f", "a" + "\u0301" * 9, "\ue000",
        "terminal", "Terminal", "TERMlNAL", "tеrminal", "t e r m i n a l",
        "ｔｅｒｍｉｎａｌ",
        "terrninal", "termina1",
        "ter·minal", "𝓉ermina𝓁",
        "tërmínal", "vethb0ard", "5ystem", "Ad min", "ROOT", "кernel", "systеm",
    ],
)  # fmt: skip
def test_what_cannot_be_a_name(name: str) -> None:
    with pytest.raises(ProblemError) as refused:
        display_name(name)
    assert str(refused.value).isprintable()
    assert str(refused.value).isascii()


@given(st.text(st.characters(), max_size=60))
def test_a_name_that_is_taken_is_its_own_name(text: str) -> None:
    try:
        name = display_name(text)
    except ProblemError:
        return
    assert display_name(name) == name
    assert 0 < len(name) <= MAX_NAME
    assert name.isprintable()
    assert not is_reserved(name)


@given(st.sampled_from(sorted(RESERVED)), st.data())
def test_no_case_accent_or_blank_hides_a_reserved_name(name: str, data: st.DataObject) -> None:
    letters = [data.draw(st.sampled_from([c, c.upper(), c + "\u0301", c + " ", c + "-"])) for c in name]
    with pytest.raises(ProblemError):
        display_name("".join(letters))


def test_a_label_is_one_visible_line() -> None:
    assert shown_label("move b\u202e\nr0") == "move b\ufffd\ufffdr0"
    assert shown_label("加一條規則 → ns0") == "加一條規則 → ns0"
    assert shown_label("x" * MAX_LABEL) == "x" * MAX_LABEL
    assert shown_label("x" * 10_000) == "x" * (MAX_LABEL - 1) + "…"
