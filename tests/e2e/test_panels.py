"""The rest of the page: documents, history, labs, languages, two browsers."""

import json

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import WILL_NOT_SAY
from tests.e2e.test_walk import Hand
from tests.support import ROOT, Stack

EXAMPLE = (ROOT / "examples" / "two-namespaces.json").read_text()


def menu(page: Page, entry: str) -> None:
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name=entry).click()


def test_import_shows_its_plan_first_and_export_gives_it_back(page: Page, stack: Stack, lab: str) -> None:
    menu(page, "Import…")
    dialog = page.get_by_role("dialog", name="Import")
    dialog.get_by_label("Document").fill(EXAMPLE.replace('"veth"', '"weth"', 1))
    dialog.get_by_role("button", name="Show the plan").click()
    expect(dialog.get_by_role("alert")).to_contain_text("$.namespaces.ns0.interfaces.veth0.kind")
    dialog.get_by_label("Document").fill(EXAMPLE)
    dialog.get_by_role("button", name="Show the plan").click()
    expect(dialog.get_by_role("region", name="Plan")).to_contain_text("ip netns add ns0")
    assert stack.inside(lab, "host", "ip", "netns", "list") == ""
    dialog.get_by_role("button", name="Apply").click()
    page.get_by_role("group", name="Namespace ns1").wait_for()
    menu(page, "Export…")
    dialog = page.get_by_role("dialog", name="Export")
    text = dialog.get_by_role("region", name="Export…")
    expect(text).to_contain_text("10.0.1.1/24")
    assert json.loads(text.inner_text()) == json.loads(stack.cli("export", lab))
    page.keyboard.press("Escape")


def test_drift_is_flagged_and_put_back(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    page.get_by_label("Outside changes").select_option("flag")
    hand = Hand(page, stack, lab)
    hand.fit()
    expect(hand.chip("ns0/veth0")).to_have_accessible_name("Interface ns0/veth0, up, 10.0.1.1/24")
    stack.inside(lab, "ns0", "ip", "link", "set", "veth0", "down")
    inspector = page.get_by_role("region", name="Inspector")
    for section in ("Not up", "Differs from the document"):
        expect(inspector.get_by_role("region", name=section).get_by_role("button", name="ns0/veth0")).to_be_visible()
    page.get_by_role("button", name="Revert").click()
    expect(hand.chip("ns0/veth0")).to_have_accessible_name("Interface ns0/veth0, up, 10.0.1.1/24")
    assert "state UP" in stack.inside(lab, "ns0", "ip", "link", "show", "veth0")
    expect(inspector.get_by_role("region", name="Not up")).to_have_count(0)


def test_a_bridge_stays_where_it_is_and_the_reason_is_said(page: Page, stack: Stack, lab: str) -> None:
    hand = Hand(page, stack, lab)
    hand.namespace("ns0")
    stack.inside(lab, "host", "ip", "link", "add", "br0", "type", "bridge")
    hand.fit()
    page.get_by_role("button", name="Bridge host/br0").first.click()
    inspector = page.get_by_role("region", name="Inspector")
    inspector.get_by_label("Namespace").select_option("ns0")
    expect(inspector).to_contain_text("bridge interfaces stay in the namespace they were made in")


def test_two_browsers_see_the_same(page: Page, browser: Browser, stack: Stack, lab: str) -> None:
    other = browser.new_context(locale="zh-TW")
    other.add_init_script(WILL_NOT_SAY)
    second = other.new_page()
    second.goto(f"{stack.url}/?token={stack.token}&lab={lab}")
    Hand(page, stack, lab).namespace("shared")
    expect(second.get_by_text("shared", exact=True)).to_be_visible()
    expect(second.get_by_role("button", name="橋接器", exact=True)).to_be_visible()
    other.close()


def test_a_wrong_token_shows_nothing(browser: Browser, stack: Stack) -> None:
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"{stack.url}/?token=wrong")
    assert answer is not None
    assert answer.status == 403
    assert "vethboard" not in page.content().lower() or "token" in page.content()
    context.close()
