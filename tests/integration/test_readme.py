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


def test_the_document_is_one() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert document.dump(document.load(text))
