"""What is done by hand on the canvas, with mouse, keyboard and touch; each verified in the document and in the kernel."""

import json
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_walk import Hand
from tests.support import Stack, eventually


class Gestures(Hand):
    """A hand that knows the whole canvas."""

    def document(self) -> dict[str, Any]:
        out: dict[str, Any] = json.loads(self.stack.cli("export", self.lab))
        return out

    def layout(self, node: str) -> list[float]:
        """Where the document has a node, in canvas units."""
        out: list[float] = self.document()["layout"][node]
        return out

    def title(self, node: str) -> Locator:
        kind = "Bridge" if "/" in node else "Namespace"
        return self.page.get_by_role("button", name=f"{kind} {node},")

    def pick(self, *nodes: str) -> None:
        for number, node in enumerate(nodes):
            self.title(node).click(modifiers=["Shift"] if number else [])

    def tool(self, name: str) -> Locator:
        return self.page.get_by_role("toolbar", name="Selection").get_by_role("button", name=name)

    def menu(self, button: str, item: str) -> None:
        self.tool(button).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def settled(self, text: str) -> None:
        """Until the page has announced what was done."""
        expect(self.page.get_by_role("status").filter(has_text=text).first).to_be_attached()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def pull(self, source: Locator, x: float, y: float, *, drop: bool = True) -> None:
        """Drag to a point of the window."""
        box = source.bounding_box()
        assert box
        mouse = self.page.mouse
        mouse.move(box["x"] + min(20, box["width"] / 2), box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(box["x"] + 30, box["y"] + box["height"] / 2 + 12, steps=3)
        mouse.move(x, y, steps=6)
        if drop:
            mouse.up()

    def plug(self, node: str) -> Locator:
        return self.page.get_by_role("button", name=f"Draw a link from {node}", exact=True)

    def middle(self, locator: Locator) -> tuple[float, float]:
        box = locator.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def pressed(self, *nodes: str) -> None:
        """Exactly these namespaces are selected."""
        for name in self.document()["namespaces"]:
            expect(self.title(name)).to_have_attribute("aria-pressed", "true" if name in nodes else "false")


def opened(page: Page, stack: Stack, lab: str, example: str) -> Gestures:
    stack.cli("apply", lab, f"examples/{example}.json")
    hand = Gestures(page, stack, lab)
    hand.card("ns0").wait_for()
    hand.fit()
    return hand


def test_selecting_and_arranging(page: Page, stack: Stack, lab: str) -> None:
    hand = opened(page, stack, lab, "bridge-with-three")
    hand.pick("ns0", "ns2")
    hand.pressed("ns0", "ns2")
    hand.press("Control+a")
    hand.pressed("host", "ns0", "ns1", "ns2")
    hand.press("Escape")
    # a marquee around the lower row
    page.get_by_role("button", name="Switch dragging between selecting and panning").click()
    left, right = hand.card("ns0").bounding_box(), hand.card("ns2").bounding_box()
    assert left
    assert right
    page.mouse.move(left["x"] - 10, left["y"] - 30)
    page.mouse.down()
    page.mouse.move(right["x"] + right["width"] + 10, right["y"] + right["height"] + 20, steps=6)
    page.mouse.up()
    hand.pressed("ns0", "ns1", "ns2")
    hand.press("Escape", "v")
    # a move snaps to the neighbours, and says on which line
    x, y = hand.middle(hand.title("ns1"))
    hand.pull(hand.title("ns1"), x + 40, y + 3, drop=False)
    expect(page.get_by_test_id("guides")).to_be_attached()
    page.mouse.up()
    expect(page.get_by_test_id("guides")).to_have_count(0)
    hand.settled("Moved on the canvas")
    assert hand.layout("ns1")[1] == 340
    assert hand.layout("ns1")[0] > 430
    # Escape gives a marquee up
    page.keyboard.down("Shift")
    page.mouse.move(left["x"] - 10, left["y"] - 30)
    page.mouse.down()
    page.mouse.move(right["x"], right["y"], steps=4)
    hand.press("Escape")
    page.mouse.move(right["x"] + 40, right["y"] + 60, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    hand.pressed()
    # the right button during a move opens no menu, and where the button that opened one is let go nothing is chosen
    x, y = hand.middle(hand.title("ns2"))
    hand.pull(hand.title("ns2"), x - 20, y - 20, drop=False)
    page.mouse.down(button="right")
    page.mouse.up(button="right")
    page.mouse.up()
    expect(page.get_by_role("menu")).to_have_count(0)
    hand.press("Control+z")
    hand.settled("Undone")
    page.mouse.move(left["x"] + 40, left["y"] + left["height"] + 60)
    page.mouse.down(button="right")
    item = page.get_by_role("menuitem", name="Add namespace").bounding_box()
    assert item
    page.mouse.move(item["x"] + 20, item["y"] + 10, steps=3)
    page.mouse.up(button="right")
    expect(page.get_by_role("dialog")).to_have_count(0)
    hand.press("Escape")
    # Escape gives a move up
    before = hand.layout("ns2")
    hand.pull(hand.title("ns2"), 500, 300, drop=False)
    hand.press("Escape")
    page.mouse.up()
    assert hand.layout("ns2") == before
    # nudging: 1 and 10, one step of the history for a burst
    hand.pick("ns0")
    hand.press("ArrowRight", "Shift+ArrowDown")
    eventually(lambda: hand.layout("ns0") == [1, 350])
    hand.press("Control+z")
    hand.settled("Undone")
    assert hand.layout("ns0") == [0, 340]
    # whatever comes next comes after it, be it at once
    hand.press("ArrowRight", "Control+d")
    expect(hand.card("ns3")).to_be_visible()
    hand.press("Control+z")
    expect(hand.card("ns3")).to_have_count(0)
    hand.press("Control+z")
    hand.settled("Undone")
    assert hand.layout("ns0") == [0, 340]
    # align and distribute, by menu and by key
    hand.pick("host", "ns0", "ns1", "ns2")
    hand.menu("Align and distribute", "Align left Alt+A")
    hand.settled("Aligned")
    assert {hand.layout(n)[0] for n in ("host", "ns0", "ns1", "ns2")} == {0}
    hand.press("Control+z", "Control+z")
    eventually(lambda: hand.layout("ns1") == [420, 340])
    hand.pick("ns0", "ns1", "ns2")
    hand.press("Alt+Shift+h")
    # locked: neither moved nor deleted
    hand.pick("ns2")
    hand.press("Control+Shift+l")
    expect(hand.card("ns2").get_by_role("img", name="Locked")).to_be_visible()
    hand.pull(hand.title("ns2"), 500, 300)
    hand.press("ArrowRight")
    page.wait_for_timeout(500)
    assert hand.layout("ns2") == [840, 340]
    hand.press("Delete")
    expect(page.get_by_role("list", name="Messages")).to_contain_text("unlock it first")
    assert "ns2" in hand.document()["namespaces"]


def test_links_by_one_drag(page: Page, stack: Stack, lab: str) -> None:
    hand = opened(page, stack, lab, "bridge-with-three")
    # node to node: names and addresses are there at once, and can be changed where they stand
    hand.pull(hand.plug("ns0"), *hand.middle(hand.card("ns1")))
    ends = page.get_by_role("dialog", name="New link")
    expect(ends.get_by_label("Addresses of ns0/veth0")).to_have_value("10.0.2.1/24")
    expect(ends.get_by_label("Name of ns0/veth0")).to_be_focused()
    page.keyboard.type("left")
    hand.press("Tab")
    page.keyboard.type("10.9.0.1/30")
    hand.press("Enter")
    ends.wait_for(state="detached")
    expect(hand.chip("ns0/left")).to_contain_text("10.9.0.1/30")
    (link,) = hand.kernel("ns0", "address", "show", "left")
    assert link["addr_info"][0]["local"] == "10.9.0.1"
    # to nothing: the node is made with it
    x, y = hand.middle(hand.card("ns2"))
    hand.pull(hand.plug("ns2"), x, y + 190)
    choose = page.get_by_role("dialog", name="Link to a new node")
    choose.get_by_role("button", name="New namespace").click()
    page.get_by_role("dialog", name="New link").wait_for()
    hand.press("Escape")
    hand.card("ns3").wait_for()
    assert hand.kernel("ns3", "address", "show", "veth1")[0]["operstate"] == "UP"
    # many at once: those that are selected to the bridge, with the next free addresses of its subnet
    hand.pick("ns3")
    hand.title("ns2").click(modifiers=["Shift"])
    hand.pull(hand.plug("ns3"), *hand.middle(hand.title("host/br0")))
    page.get_by_role("dialog", name="New links").wait_for()
    hand.press("Escape")
    given = [a["local"] for ns in ("ns2", "ns3") for i in hand.kernel(ns, "-4", "address") for a in i["addr_info"]]
    assert {"10.0.1.4", "10.0.1.5"} <= set(given)
    ports = json.loads(stack.inside(lab, "host", "bridge", "-j", "link"))
    assert len(ports) == 5
    hand.press("Control+z")
    hand.settled("Undone")
    assert len(json.loads(stack.inside(lab, "host", "bridge", "-j", "link"))) == 3
    # five on this bridge: one edit, one step back
    hand.press("Escape")
    hand.title("host/br0").click(button="right")
    page.get_by_role("menuitem", name="Add namespaces here…").click()
    dialog = page.get_by_role("dialog", name="Namespaces on host/br0")
    dialog.get_by_label("Name").fill("pc")
    dialog.get_by_role("button", name="Add").click()
    dialog.wait_for(state="detached")
    assert [a["local"] for i in hand.kernel("pc4", "-4", "address") for a in i["addr_info"]] == ["10.0.1.8"]
    names = {n["name"] for n in hand.kernel("host", "netns")}
    assert {f"pc{i}" for i in range(5)} <= names
    assert stack.inside(lab, "pc0", "ping", "-c1", "-W2", "10.0.1.1")
    hand.press("Control+z")
    hand.settled("Undone")
    assert not {n["name"] for n in hand.kernel("host", "netns")} & {f"pc{i}" for i in range(5)}
    # what somebody else takes away ends the gesture that was about it
    hand.press("Escape")
    hand.pull(hand.plug("ns0"), *hand.middle(hand.card("ns2")))
    ends = page.get_by_role("dialog", name="New link")
    ends.wait_for()
    stack.cli("undo", lab)
    expect(ends).to_have_count(0)
    hand.pick("ns0")
    hand.press("l")
    aim = page.get_by_role("status").filter(has_text="Link from ns0")
    expect(aim.first).to_be_visible()
    stack.inside(lab, "host", "ip", "netns", "delete", "ns0")
    expect(page.get_by_text("Link from ns0").locator("visible=true")).to_have_count(0)


def test_copy_cut_paste_duplicate(page: Page, stack: Stack, lab: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hand = opened(page, stack, lab, "bridge-with-three")
    # a duplicate hangs on the same bridge, with the next free address
    hand.pick("ns0")
    hand.press("Control+d")
    expect(hand.chip("ns3/eth0")).to_contain_text("10.0.1.4/24")
    assert stack.inside(lab, "ns3", "ping", "-c1", "-W2", "10.0.1.1")
    # a copy is a document in the clipboard
    hand.pick("ns1", "ns2")
    hand.title("host/br0").click(modifiers=["Shift"])
    hand.press("Control+c")
    hand.settled("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert sorted(json.loads(text)["namespaces"]["host"]["interfaces"]) == ["br0", "p1", "p2"]
    # they are selected still: it comes into the host all the same, and covers nothing
    hand.press("Control+v")
    hand.settled("Pasted")
    ys = {node: at[1] for node, at in hand.document()["layout"].items()}
    assert all(abs(ys[new] - ys["ns1"]) > 100 for new in ("ns4", "ns5"))
    assert {"ns4", "ns5"} <= hand.document()["namespaces"].keys()
    bridges = {p["master"] for p in json.loads(stack.inside(lab, "host", "bridge", "-j", "link"))}
    assert bridges == {"br0", "br1"}
    # in another lab the names are free, and stay
    stack.cli("new", "t-other")
    try:
        page.goto(f"{stack.url}/?token={stack.token}&lab=t-other")
        other = Gestures(page, stack, "t-other")
        other.card("host").wait_for()
        other.press("Control+v")
        other.card("ns1").wait_for()
        assert other.kernel("ns1", "-4", "address", "show", "eth0")[0]["addr_info"][0]["local"] == "10.0.1.2"
        # cut and paste: the same again, in one step each
        other.fit()
        other.pick("ns1", "ns2")
        other.press("Control+x")
        expect(other.card("ns1")).to_have_count(0)
        assert other.kernel("host", "netns") == []
        other.press("Control+v")
        other.card("ns1").wait_for()
        assert sorted(n["name"] for n in other.kernel("host", "netns")) == ["ns1", "ns2"]
        # what was copied elsewhere since is not mistaken for a document
        page.evaluate("navigator.clipboard.writeText('no document')")
        other.press("Control+v")
        expect(page.get_by_role("list", name="Messages")).to_contain_text("The clipboard holds no Vethboard document")
    finally:
        stack.cli("destroy", "t-other")


def test_the_whole_editor_by_keyboard(page: Page, stack: Stack, lab: str) -> None:
    hand = Gestures(page, stack, lab)
    for name in ("ns0", "ns1"):
        hand.press("n")
        dialog = page.get_by_role("dialog", name="New namespace")
        dialog.wait_for()
        dialog.get_by_label("Name").fill(name)
        hand.press("Enter")
        dialog.wait_for(state="detached")
        hand.card(name).wait_for()
    stack.cli("apply", lab, "-", input=json.dumps({
        "vethboard": 1, "namespaces": {"ns0": {}, "ns1": {}}, "layout": {"host": [0, 0], "ns0": [0, 300], "ns1": [400, 300]},
    }))  # fmt: skip
    hand.fit()
    hand.press("Escape")
    # arrows walk from node to node, in space
    hand.title("host").focus()
    hand.press("Tab", "Shift+Tab", "ArrowDown")
    expect(hand.title("ns0")).to_be_focused()
    hand.press("ArrowRight")
    expect(hand.title("ns1")).to_be_focused()
    hand.press("Space")
    hand.pressed("ns1")
    hand.press("Alt+Shift+ArrowRight")
    eventually(lambda: hand.layout("ns1") == [410, 300])
    # a link: L, arrows, Enter; its ends by Tab
    hand.press("l")
    expect(page.get_by_role("status").filter(has_text="Link from ns1")).to_be_visible()
    hand.press("ArrowLeft", "Enter")
    ends = page.get_by_role("dialog", name="New link")
    expect(ends.get_by_label("Name of ns1/veth0")).to_be_focused()
    hand.press("Tab")
    page.keyboard.type("10.7.0.1/24")
    hand.press("Enter")
    ends.wait_for(state="detached")
    assert hand.kernel("ns1", "-4", "address", "show", "veth0")[0]["addr_info"][0]["local"] == "10.7.0.1"
    # a menu, and Escape out of it
    hand.press("Escape")
    hand.title("ns0").focus()
    hand.press("Shift+F10")
    page.get_by_role("menuitem", name="Duplicate").wait_for()
    hand.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    # names say what a thing is and how it is
    expect(hand.chip("ns1/veth0")).to_have_accessible_name("Interface ns1/veth0, up, 10.7.0.1/24")
    expect(page.get_by_role("button", name="Link ns0/veth1 – ns1/veth0, up")).to_have_count(1)
    hand.title("ns1").focus()
    hand.press("Space", "Delete")
    expect(hand.card("ns1")).to_have_count(0)
