"""The document as text beside the canvas, and edits that wait until they are applied in one go."""

import json

from playwright.sync_api import Locator, Page, expect

from tests.support import Stack


def text(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Document as JSON")


def open_source(page: Page) -> Locator:
    page.get_by_role("group", name="Namespace host", exact=True).wait_for()
    page.keyboard.press("e")
    panel = page.get_by_role("tabpanel", name="Document")
    expect(text(page)).to_contain_text("vethboard")
    page.get_by_role("button", name="Fit to screen").click()
    return panel


def replace(page: Page, old: str, new: str) -> None:
    """As a person who selects and types, with the editor's own search."""
    text(page).click()
    page.keyboard.press("Control+f")
    page.get_by_role("textbox", name="Find").press_sequentially(old)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.insert_text(new)


def kernel(stack: Stack, lab: str, namespace: str) -> list[str]:
    links = json.loads(stack.inside(lab, namespace, "ip", "-j", "address"))
    return [f"{a['local']}/{a['prefixlen']}" for link in links for a in link["addr_info"] if a["family"] == "inet"]


def test_text_and_canvas_follow_each_other(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    panel = open_source(page)
    expect(panel).to_contain_text("10.0.1.2/24")
    # below the canvas, or beside it
    page.get_by_role("button", name="Move the tools beside the canvas").click()
    canvas, tools = page.get_by_role("main").bounding_box(), page.get_by_role("region", name="Tools").bounding_box()
    assert canvas is not None
    assert tools is not None
    assert canvas["x"] + canvas["width"] <= tools["x"]
    page.get_by_role("button", name="Move the tools below the canvas").click()
    # text to kernel
    replace(page, "10.0.1.2/24", "10.0.1.77/24")
    expect(panel.get_by_role("status")).to_contain_text("Would take 2 steps")
    panel.get_by_role("button", name="Show the plan").click()
    expect(panel.get_by_role("region", name="Plan")).to_contain_text("Add address 10.0.1.77/24 to ns1/veth1")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("button", name="Interface ns1/veth1, up, 10.0.1.77/24")).to_be_visible()
    assert "10.0.1.77/24" in kernel(stack, lab, "ns1")
    expect(panel.get_by_role("status")).to_contain_text("The text matches the lab.")
    # kernel to text, while there are changes in other lines
    replace(page, "10.0.1.77/24", "10.0.1.78/24")
    stack.inside(lab, "host", "ip", "netns", "add", "typed")
    expect(text(page)).to_contain_text('"typed"')
    expect(text(page)).to_contain_text("10.0.1.78/24")
    expect(panel).to_contain_text("your changes are kept")
    # a draft outlives its tab, and the browser asks before it would be lost
    page.get_by_role("button", name="Close Document").click()
    page.keyboard.press("e")
    expect(text(page)).to_contain_text("10.0.1.78/24")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    expect(text(page)).to_contain_text("10.0.1.78/24")
    assert asked == ["beforeunload"]
    # and in the same line
    stack.inside(lab, "ns1", "ip", "address", "add", "10.5.0.1/24", "dev", "veth1")
    expect(panel).to_contain_text("The lab has changed in the same lines")
    panel.get_by_role("button", name="Use the lab’s version").click()
    expect(text(page)).to_contain_text("10.5.0.1/24")
    # the cursor selects, the selection is found
    page.get_by_role("button", name="Interface ns0/veth0,").click()
    expect(panel.locator(".cm-picked").first).to_contain_text("veth0")
    text(page).get_by_text('"typed"').first.click()
    expect(page.get_by_role("heading", name="typed", exact=True)).to_be_visible()


def test_errors_stand_in_their_place(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    panel = open_source(page)
    replace(page, '"kind": "veth", "peer": "ns1/veth1"', '"kind": "veth", "peer": "ns1/nothing"')
    expect(panel.get_by_role("status")).to_contain_text("problem")
    expect(panel.locator(".cm-lintRange-error").first).to_contain_text("ns1/nothing")
    expect(panel.get_by_role("button", name="Apply", exact=True)).to_be_disabled()
    panel.get_by_role("button", name="Discard changes").click()
    expect(panel.get_by_role("status")).to_contain_text("The text matches the lab.")
    # completion by the schema
    replace(page, '"addresses": ["10.0.1.1/24"]', '"mt')
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option", name='"mtu"')).to_be_visible()
    page.wait_for_timeout(150)  # the list takes no key in its first 75 ms, so that nothing is chosen by accident
    page.keyboard.press("Enter")
    expect(text(page)).to_contain_text('"mtu": ')


def test_staged_changes_are_reviewed_and_applied_in_one_go(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    page.get_by_role("group", name="Namespace ns1", exact=True).wait_for()
    page.keyboard.press("s")
    panel = page.get_by_role("tabpanel", name="Plan")
    expect(panel.get_by_role("switch", name="Stage changes")).to_be_checked()
    for name in ("red", "blue"):
        page.keyboard.press("n")
        page.get_by_role("dialog", name="New namespace").get_by_label("Name").fill(name)
        page.keyboard.press("Enter")
        page.get_by_role("group", name=f"Namespace {name}", exact=True).wait_for()
    page.get_by_role("button", name="Namespace ns0,").click()
    page.keyboard.press("Delete")
    edits = panel.get_by_role("list", name="3 staged changes")
    expect(edits.get_by_role("listitem")).to_have_count(3)
    expect(page.locator('[data-id="namespace:ns0"]')).to_have_attribute("data-staged", "removed")
    names = [n["name"] for n in json.loads(stack.inside(lab, "host", "ip", "-j", "netns"))]
    assert sorted(names) == ["ns0", "ns1"]
    panel.get_by_role("button", name="Unstage: Added red").click()
    expect(page.get_by_role("group", name="Namespace red", exact=True)).to_have_count(0)
    panel.get_by_role("button", name="Commands").click()
    expect(panel.get_by_role("region", name="Plan")).to_contain_text("ip netns add blue")
    page.get_by_role("button", name="Apply 2 changes").click()
    expect(panel).to_contain_text("your changes wait here")
    names = [n["name"] for n in json.loads(stack.inside(lab, "host", "ip", "-j", "netns"))]
    assert sorted(names) == ["blue", "ns1"]
    # one step of the history for both
    page.keyboard.press("s")
    page.keyboard.press("Control+z")
    page.get_by_role("group", name="Namespace ns0", exact=True).wait_for()


def test_all_faults_of_a_text_are_told_and_the_lab_stays(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    before = stack.cli("export", lab)
    panel = open_source(page)
    replace(page, '"addresses": ["10.0.1.2/24"]', '"adress": "10.0.1.2/24", "mtu": "1400",')
    expect(panel.get_by_role("status")).to_contain_text("3 problems")
    expect(panel.get_by_role("button", name="Apply", exact=True)).to_be_disabled()
    expect(text(page)).to_contain_text("adress")
    assert stack.cli("export", lab) == before
