"""What others choose is only ever text on the page."""

from playwright.sync_api import Page, expect

from tests.support import Stack

NAME = '<img src=x onerror="window.pwned=1">'
INTERFACE = "<b>x<i>'\"&"


def test_html_in_names_is_text(page: Page, stack: Stack, lab: str) -> None:
    stack.inside(lab, "host", "ip", "netns", "add", NAME)
    stack.inside(lab, "host", "ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", "${alert(1)}")
    page.get_by_role("group", name=f"Namespace {NAME}").wait_for()
    expect(page.get_by_text(NAME).first).to_be_visible()
    page.get_by_role("button", name=f"Interface host/{INTERFACE}").first.wait_for()
    page.get_by_role("group", name=f"Namespace {NAME}").click()
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.pwned") is None
    assert page.evaluate("() => document.querySelectorAll('img[src=\"x\"], b').length") == 0
