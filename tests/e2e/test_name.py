"""The name that a person gives once: asked with a link to a lab, kept, changed in the settings, shown to others."""

import json

from playwright.sync_api import Page, expect

from tests.support import Stack, eventually


def test_a_name_is_asked_once_and_shown_to_others(page: Page, stack: Stack, lab: str) -> None:
    expect(page.get_by_role("dialog")).to_have_count(0)  # who is alone as the administrator is not asked
    secret = json.loads(stack.cli("token", lab, "--name", "group-1", "--json"))["token"]
    assert page.context.browser
    visit = page.context.browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    other = visit.new_page()
    other.goto(f"{stack.url}/?token={secret}&lab={lab}")
    dialog = other.get_by_role("dialog", name="Your name")
    field = dialog.get_by_label("Name")
    expect(field).to_be_focused()
    field.fill("Terminаl")  # with a Cyrillic letter
    field.press("Enter")
    expect(dialog.get_by_text("looks like the name of a part of Vethboard")).to_be_visible()
    field.fill("Ann")
    field.press("Enter")
    expect(dialog).to_have_count(0)
    # in the history, and to others
    other.get_by_role("group", name="Namespace host").wait_for()
    other.keyboard.press("n")
    made = other.get_by_role("dialog")
    made.get_by_role("textbox").first.fill("ns7")
    made.get_by_role("textbox").first.press("Enter")
    expect(page.get_by_role("group", name="Namespace ns7")).to_be_visible()
    page.get_by_role("button", name="History").click()
    row = page.get_by_text("Ann", exact=True)
    expect(row).to_be_visible()
    expect(row).to_have_attribute("title", "Token: group-1")
    expect(page.get_by_role("button", name="2 viewers: Ann, admin")).to_be_visible()
    # whose edit it is, is asked before it is undone: not of who made it, also after a reload
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Ann").last).to_be_visible()
    expect(page.get_by_role("group", name="Namespace ns7")).to_be_visible()
    other.reload()
    other.get_by_role("group", name="Namespace ns7").wait_for()
    expect(other.get_by_role("dialog")).to_have_count(0)
    other.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("group", name="Namespace ns7")).to_have_count(0)
    # changed in the settings, by the keyboard
    other.get_by_role("button", name="Name, language and theme").press("Enter")
    other.get_by_role("menuitem", name="Your name: Ann…").press("Enter")
    field = other.get_by_role("dialog", name="Your name").get_by_label("Name")
    field.fill("")
    field.press("Enter")
    expect(page.get_by_role("button", name="2 viewers: admin, group-1")).to_be_visible()
    visit.close()


def test_who_will_not_say_is_not_asked_again(page: Page, stack: Stack, lab: str) -> None:
    secret = json.loads(stack.cli("token", lab, "--view", "--json"))["token"]
    assert page.context.browser
    visit = page.context.browser.new_context(locale="zh-TW")
    other = visit.new_page()
    other.goto(f"{stack.url}/?token={secret}&lab={lab}")
    dialog = other.get_by_role("dialog", name="您的名稱")
    dialog.get_by_role("button", name="暫時不要").click()
    expect(dialog).to_have_count(0)
    other.reload()
    other.get_by_role("group").first.wait_for()
    expect(dialog).to_have_count(0)
    eventually(lambda: other.evaluate("localStorage.getItem('vethboard.name')") == "")
    visit.close()
