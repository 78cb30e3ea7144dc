"""The command palette and the sheet of shortcuts, by keyboard alone."""

import re

from playwright.sync_api import Page, expect

from tests.support import Stack


def test_the_palette_runs_actions_and_finds_nodes_and_labs(page: Page, stack: Stack, lab: str) -> None:
    other = f"{lab[:34]}-x"
    stack.cli("new", other)
    try:
        stack.cli("apply", lab, "examples/two-namespaces.json")
        page.get_by_role("group", name="Namespace ns0", exact=True).wait_for()
        page.keyboard.press("Control+k")
        palette = page.get_by_role("combobox", name="Command palette")
        expect(palette).to_be_focused()
        expect(page.get_by_role("option", name=re.compile("^Undo"))).to_have_count(1)  # applying was an edit
        palette.fill("adns")
        expect(page.get_by_role("option", selected=True)).to_contain_text("Add namespace")
        page.keyboard.press("Enter")
        page.get_by_role("dialog", name="New namespace").wait_for()
        page.keyboard.press("Escape")
        # what was used last stands first
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option", selected=True)).to_contain_text("Add namespace")
        # a node by its address
        palette.fill("10.0.1.2")
        expect(page.get_by_role("option", selected=True)).to_contain_text("ns1/veth1")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="ns1/veth1", exact=True)).to_be_visible()
        # another lab
        page.keyboard.press("Control+k")
        palette.fill(other)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Lab {other}")).to_be_visible()
        # nothing
        page.keyboard.press("Control+k")
        palette.fill("zzzz")
        expect(page.get_by_role("dialog")).to_contain_text("No results for “zzzz”.")
        page.keyboard.press("Escape")
        expect(palette).to_have_count(0)
    finally:
        stack.cli("destroy", other)


def test_the_sheet_says_every_key_in_both_languages(page: Page) -> None:
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet.get_by_role("region", name="Add")).to_contain_text("Add namespace")
    expect(sheet).to_contain_text("Ctrl+Z")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Command palette").click()
    page.get_by_role("combobox").fill("繁體")
    page.keyboard.press("Enter")
    page.get_by_role("group", name="命名空間 host").wait_for()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="鍵盤快速鍵")).to_contain_text("新增命名空間")
