"""Who may only look: sees the lab and its terminals, is told why the rest is grey, and reaches none of it by keys either."""

import json

from playwright.sync_api import Page, expect

from tests.e2e.conftest import WILL_NOT_SAY
from tests.support import Stack


def test_a_viewer_watches_and_changes_nothing(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    page.keyboard.press("Control+`")
    mine = page.locator(".xterm-rows")
    expect(mine).to_contain_text(f"{lab}:host", timeout=15_000)
    secret = json.loads(stack.cli("token", lab, "--view", "--json"))["token"]
    assert page.context.browser
    visit = page.context.browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    visit.add_init_script(WILL_NOT_SAY)
    other = visit.new_page()
    other.goto(f"{stack.url}/?token={secret}&lab={lab}")
    card = other.get_by_role("group", name="Namespace ns1", exact=True)
    card.wait_for()
    reason = "Read-only: your token does not allow changes to this lab"
    expect(other.get_by_text(reason)).to_be_visible()
    # the canvas: grey, fixed, and the keys do nothing
    expect(other.get_by_role("toolbar", name="Palette").get_by_role("button").first).to_be_disabled()
    other.get_by_role("button", name="Namespace ns1,").click()
    expect(other.get_by_role("button", name="Ping", exact=True).first).to_be_disabled()
    expect(other.get_by_role("switch").first).to_be_disabled()
    before = stack.cli("export", lab)
    card.drag_to(other.get_by_role("group", name="Namespace host"))
    other.keyboard.press("Delete")
    expect(card).to_be_visible()
    assert stack.cli("export", lab) == before
    other.get_by_role("button", name="Namespace ns1,").click(button="right")
    item = other.get_by_role("menuitem", name="Delete")
    expect(item).to_be_disabled()
    expect(item).to_have_attribute("title", reason)
    other.keyboard.press("Escape")
    # a terminal: what the other types is seen, what the viewer types is not
    other.keyboard.press("Control+`")
    theirs = other.locator(".xterm-rows")
    expect(theirs).to_contain_text(f"{lab}:host", timeout=15_000)
    other.locator(".xterm").click()
    other.keyboard.type("touch by-a-viewer\n")
    page.keyboard.type("echo seen-$((1+1)); ls\n")
    expect(theirs).to_contain_text("seen-2")
    assert "by-a-viewer" not in mine.inner_text()
    visit.close()
