"""The server goes away under the page, and comes back: nothing is asked of the person, nothing is lost without a word."""

from collections.abc import Iterator
from pathlib import Path

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
    stack.live(lab)
    # without a reload the page follows the lab again
    stack.cli("exec", lab, "host", "--", "ip", "netns", "add", "later")
    page.get_by_role("button", name="Fit to screen").click()
    page.get_by_role("group", name="Namespace later", exact=True).wait_for()
    page.get_by_role("button", name="Namespace ns1,").click()
    page.keyboard.press("Delete")
    expect(card).to_have_count(0)


def test_a_shell_and_its_screen_come_back_when_the_server_was_killed(page: Page, stack: Stack, lab: str, tmp_path: Path) -> None:
    page.keyboard.press("Control+`")
    screen = page.locator(".xterm-rows")
    expect(screen).to_contain_text(f"{lab}:host")
    page.keyboard.type("mine=kept; clear; echo before-$((1+1)); (sleep 1; echo while-$((1+1))) &\n")
    expect(screen).to_contain_text("before-2")
    stack.kill("server")
    expect(page.get_by_text("The shell keeps running; its screen returns with the connection")).to_be_visible()
    expect(screen).to_contain_text("before-2")  # stays readable
    expect(screen).to_contain_text("while-2", timeout=20_000)
    expect(page.get_by_text("The shell keeps running")).to_have_count(0)
    page.locator(".xterm").click()
    page.keyboard.type("echo variable $mine\n")
    expect(screen).to_contain_text("variable kept")
    # a file dropped on it says how far it is, and where it went
    file = tmp_path / "notes.bin"
    file.write_bytes(b"n" * (8 << 20))
    page.get_by_role("button", name="Files in this home directory").click()
    page.get_by_role("dialog").get_by_label("Upload files…").set_input_files(file)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Uploaded /root/notes.bin to the lab").first).to_be_visible()
    assert stack.inside(lab, "host", "stat", "-c", "%s", "/root/notes.bin").strip() == str(8 << 20)
