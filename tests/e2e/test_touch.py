"""The canvas by touch: a finger moves, two zoom, taps link, a long press is the menu."""

from playwright.sync_api import Browser, expect

from tests.e2e.test_gestures import Gestures
from tests.support import Stack


def test_touch(browser: Browser, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-namespaces.json")
    context = browser.new_context(viewport={"width": 1180, "height": 820}, has_touch=True, is_mobile=True, locale="en-GB")
    page = context.new_page()
    page.goto(f"{stack.url}/?token={stack.token}&lab={lab}")
    hand = Gestures(page, stack, lab)
    hand.card("ns0").wait_for()
    hand.fit()
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    hand.title("ns0").tap()
    hand.pressed("ns0")
    # one finger on a node moves it
    before = hand.layout("ns0")
    x, y = hand.middle(hand.title("ns0"))
    touch("touchStart", (x, y))
    for step in range(1, 8):
        touch("touchMove", (x, y + step * 12))
    touch("touchEnd")
    hand.settled("Moved on the canvas")
    assert hand.layout("ns0")[1] > before[1] + 40
    # two fingers zoom
    percent = page.get_by_role("button", name="Zoom to 100 %")
    was = percent.inner_text()
    x, y = 560, 690
    touch("touchStart", (x - 40, y), (x + 40, y))
    for step in range(1, 8):
        touch("touchMove", (x - 40 - step * 8, y), (x + 40 + step * 8, y))
    touch("touchEnd")
    expect(percent).not_to_have_text(was)
    hand.fit()
    # a tap on the plug, a tap on the other node: a link
    hand.plug("ns0").tap()
    hand.title("ns1").tap()
    page.get_by_role("dialog", name="New link").wait_for()
    hand.press("Escape")
    assert len(hand.kernel("ns0", "link")) == 3
    # a long press opens the menu of what is under the finger, and letting go chooses nothing
    hand.press("Escape", "Escape")
    x, y = hand.middle(hand.title("ns1"))
    touch("touchStart", (x, y))
    page.get_by_role("menuitem", name="Duplicate").wait_for()
    touch("touchEnd")
    page.get_by_role("menuitem", name="Duplicate").tap()
    hand.card("ns2").wait_for()
    context.close()
