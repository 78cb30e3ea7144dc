"""Areas, notes and the looks of nodes, by mouse and keyboard, against the real kernel."""

from playwright.sync_api import Page, expect

from tests.e2e.test_gestures import opened
from tests.support import Stack


def test_areas_notes_colours_and_icons(page: Page, stack: Stack, lab: str) -> None:
    hand = opened(page, stack, lab, "bridge-with-three")
    hand.pick("ns0", "ns1")
    hand.press("Control+g")
    page.get_by_label("Area label").fill("10.0.1.0/24")
    hand.press("Enter")
    area = page.get_by_role("group", name="Area 10.0.1.0/24")
    expect(area).to_be_visible()
    before = hand.document()
    assert before["areas"]["area0"]["label"] == "10.0.1.0/24"
    # it takes what is in it along
    label = page.get_by_role("button", name="Area 10.0.1.0/24")
    x, y = hand.middle(label)
    hand.pull(label, x + 10, y + 120)
    hand.settled("Moved on the canvas")
    after = hand.document()
    down = after["areas"]["area0"]["at"][1] - before["areas"]["area0"]["at"][1]
    assert down > 60
    assert after["layout"]["ns0"][1] - before["layout"]["ns0"][1] == down
    assert after["layout"]["ns2"] == before["layout"]["ns2"]
    hand.press("Control+z")
    hand.settled("Undone")
    assert hand.document()["layout"] == before["layout"]
    # its corner
    corner = area.locator("[data-corner=se]")
    label.click()
    x, y = hand.middle(corner)
    hand.pull(corner, x + 60, y + 40)
    hand.settled("Resized area0")
    assert hand.document()["areas"]["area0"]["size"][0] > before["areas"]["area0"]["size"][0] + 30
    # a note
    hand.press("Escape", "Shift+n")
    page.get_by_label("Note text").fill("# Task\n- [x] ping **both**\n- <b>no HTML</b>")
    hand.press("Control+Enter")
    note = page.get_by_role("article", name="Note note0")
    expect(note.get_by_role("heading", name="Task")).to_be_visible()
    expect(note.locator("strong")).to_have_text("both")
    expect(note).to_contain_text("<b>no HTML</b>")
    # from the menu of the canvas it comes to where that was opened
    hand.press("Escape")
    area_box = hand.card("ns0").bounding_box()
    assert area_box
    x, y = area_box["x"] + 40, area_box["y"] + area_box["height"] + 90
    page.mouse.click(x, y, button="right")
    page.get_by_role("menuitem", name="Add note").click()
    written = page.get_by_label("Note text").bounding_box()
    assert written
    assert abs(written["x"] - x) < 20
    assert abs(written["y"] - y) < 20
    hand.press("Escape", "Delete")
    expect(page.get_by_role("article")).to_have_count(1)
    # looks of nodes
    hand.pick("ns2")
    hand.menu("Colour", "Orange")
    hand.settled("Changed the colour")
    hand.menu("Icon", "Firewall")
    hand.settled("Changed the icon")
    expect(hand.card("ns2")).to_have_attribute("data-colour", "orange")
    document = hand.document()
    assert document["styles"] == {"ns2": {"colour": "orange", "icon": "firewall"}}
    assert document["notes"]["note0"]["text"].startswith("# Task")
    assert stack.inside(lab, "host", "ip", "netns", "list").count("\n") == 3
    # nodes that are arranged keep their area around them
    hand.press("Escape")
    page.get_by_role("button", name="Arrange").click()
    page.get_by_role("menuitem", name="Arrange: on a grid").click()
    hand.settled("Arranged: on a grid")
    arranged = hand.document()
    (left, top), (width, height) = arranged["areas"]["area0"]["at"], arranged["areas"]["area0"]["size"]
    for x, y in (arranged["layout"][n] for n in ("ns0", "ns1")):
        assert left < x < left + width
        assert top < y < top + height
    assert arranged["layout"] != document["layout"]
