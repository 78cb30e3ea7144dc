"""The README's tour is typed here as it stands, and its document is a document."""

import re
import shlex

from tests.support import ROOT, Stack
from topology.document import document

README = (ROOT / "README.md").read_text()


def test_the_tour_works_word_for_word(stack: Stack) -> None:
    blocks = re.findall(r"```sh tour\n(.*?)```", README, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert len(lines) > 15
    for line in lines:
        verb, *args = shlex.split(line, comments=True)
        assert verb == "vethboard"
        stack.cli(*args)


def test_both_languages_have_the_same_tour_and_document() -> None:
    chinese = (ROOT / "README.zh-Hant.md").read_text()
    for fence in ("sh tour", "json"):
        assert _blocks(README, fence) == _blocks(chinese, fence)


def _blocks(text: str, fence: str) -> list[str]:
    """The code blocks of a README, without comments."""
    return [re.sub(r"\s+#.*", "", block) for block in re.findall(rf"```{fence}\n(.*?)```", text, re.DOTALL)]


def test_the_document_is_one() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert document.dump(document.load(text))
