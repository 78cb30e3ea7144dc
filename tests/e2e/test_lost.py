"""The server goes away under the page, and comes back: nothing is asked of the person, nothing is lost without a word."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support import Stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One of its own: it is stopped."""
    stack = Stack()
    yield stack
    stack.close()


def test_a_lost_connection_is_said_calmly_and_comes_back(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    card = page.get_by_role("group", name="Namespace ns1", exact=True)
    card.wait_for()
    stack.stop()
    banner = page.get_by_text("Connection lost. The canvas shows the last known state")
    expect(banner).to_be_visible()
    # it stays readable
    expect(card).to_be_visible()
    page.get_by_role("button", name="Namespace ns1,").click()
    expect(page.get_by_role("heading", name="ns1", exact=True)).to_be_visible()
    # an edit is refused clearly, at once
    page.keyboard.press("Delete")
    expect(page.get_by_role("list", name="Messages")).to_contain_text("Not connected: nothing was changed")
    expect(card).to_be_visible()
    stack.start()
    expect(banner).to_have_count(0, timeout=20_000)
    # without a reload the page follows the lab again
    stack.cli("exec", lab, "host", "--", "ip", "netns", "add", "later")
    page.get_by_role("button", name="Fit to screen").click()
    page.get_by_role("group", name="Namespace later", exact=True).wait_for()
    page.get_by_role("button", name="Namespace ns1,").click()
    page.keyboard.press("Delete")
    expect(card).to_have_count(0)
