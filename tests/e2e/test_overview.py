"""The lab at a glance: search, layouts, traffic, facts, the overview of many; on the real kernel."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OUT, still
from tests.support import Stack

BRIDGE_WITH_THREE = "examples/bridge-with-three.json"


def _card(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=f"Namespace {name}", exact=True)


def _fit(page: Page, name: str) -> None:
    """Bring what was made elsewhere into view."""
    expect(page.get_by_role("button", name="Undo: apply")).to_be_enabled()
    page.get_by_role("button", name="Fit to screen").click()
    _card(page, name).wait_for()
    still(page)


def _places(stack: Stack, lab: str) -> dict[str, list[float]]:
    document: Any = json.loads(stack.cli("export", lab))
    return dict(document["layout"])


def _menu(page: Page, button: str, entry: str) -> None:
    page.get_by_role("toolbar", name="View").get_by_role("button", name=button).click()
    page.get_by_role("menuitem", name=entry).click()


def _zoom(page: Page) -> int:
    percent = page.get_by_role("button", name="Zoom to 100 %").inner_text()
    return int(re.sub(r"\D", "", percent))


def test_search_jumps_by_keyboard(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, BRIDGE_WITH_THREE)
    _fit(page, "ns2")
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search names")
    expect(field).to_be_focused()
    address = re.findall(r"inet (10\.[\d.]+)", stack.inside(lab, "ns2", "ip", "-4", "address"))[0]
    field.fill(address)
    results = page.get_by_role("listbox", name="Search results").get_by_role("option")
    expect(results).to_have_count(1)
    expect(results.first).to_contain_text("ns2/")
    field.press("Enter")
    expect(page.get_by_role("region", name="Inspector").get_by_role("heading", name=re.compile(r"^ns2\b"))).to_be_visible()
    expect(page.locator("[data-found]")).to_have_count(1)
    mac = re.findall(r"link/ether (\S+)", stack.inside(lab, "ns1", "ip", "link"))[0]
    field.fill(mac)
    expect(results.first).to_contain_text("ns1/")
    field.fill("no such thing")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    field.press("Escape")
    expect(field).to_be_hidden()
    expect(page.locator("[data-found]")).to_have_count(0)


def test_layouts_are_one_edit_that_can_be_undone(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, BRIDGE_WITH_THREE)
    _fit(page, "ns2")
    before = _places(stack, lab)
    undo = page.get_by_role("button", name="Undo: Arranged")
    for entry in ("in layers", "as a tree", "force-directed", "in a circle", "on a grid"):
        _menu(page, "Arrange", entry)
        expect(page.get_by_role("button", name=f"Undo: Arranged: {entry}")).to_be_enabled()
        after = _places(stack, lab)
        assert after != before, entry
        moved = {name for name in after if after[name] != before[name]}
        assert "host/br0" not in moved, "a bridge stays where it is in its namespace"
        still(page)
        boxes = [box for name in ("host", "ns0", "ns1", "ns2") if (box := _card(page, name).bounding_box())]
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                apart = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
                assert apart or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"], entry
        undo.click()
        expect(undo).to_have_count(0)
        assert _places(stack, lab) == before, entry


def test_traffic_facts_and_sparkline(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, BRIDGE_WITH_THREE)
    _fit(page, "ns2")
    target = re.findall(r"inet (10\.[\d.]+)", stack.inside(lab, "ns2", "ip", "-4", "address"))[0]
    page.keyboard.press("Shift+R")
    stack.inside(lab, "ns1", "setsid", "-f", "sh", "-c", f"ping -q -i 0.01 -w 8 -s 1400 {target} >/dev/null 2>&1")
    busy = page.get_by_test_id("traffic")
    expect(busy.filter(has_text=re.compile(r"\d Mbit/s|\d\d\d kbit/s"))).to_have_count(2, timeout=8000)
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=OUT / "traffic.png")

    chip = page.get_by_role("button", name="Interface ns1/eth0")
    chip.first.hover()
    facts = page.get_by_role("tooltip").filter(has_text="MTU")
    expect(facts).to_contain_text("1500")
    expect(facts).to_contain_text(re.compile("Traffic"))
    page.mouse.move(700, 880)
    expect(facts).to_have_count(0)

    chip.first.click()
    chart = page.get_by_role("img", name="Receive and transmit rates of")
    expect(chart.locator("canvas")).to_be_visible()
    page.keyboard.press("Shift+R")
    expect(busy).to_have_count(0)


def test_subnets_labels_and_the_map_on_demand(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "examples/two-subnets-router.json")
    _fit(page, "r")
    page.keyboard.press("Shift+S")
    legend = page.get_by_role("list", name="Subnets")
    expect(legend.get_by_role("listitem")).to_have_count(2)
    assert page.locator("[data-net]").count() >= 2
    page.keyboard.press("Shift+I")
    expect(page.get_by_test_id("end-label").first).to_be_visible()
    page.keyboard.press("Shift+M")
    expect(page.get_by_role("img", name="The whole lab at small scale")).to_be_visible()
    page.screenshot(path=OUT / "on-demand.png")
    for key in ("S", "I", "M"):
        page.keyboard.press(f"Shift+{key}")
    expect(legend).to_have_count(0)
    expect(page.get_by_test_id("end-label")).to_have_count(0)


def test_stp_draws_the_blocked_port(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("new", lab, code=None)
    script = "ip link add br0 type bridge stp_state 1; ip link add br1 type bridge stp_state 1; ip link set br0 up; ip link set br1 up; "
    for n in (0, 1):
        script += f"ip link add a{n} type veth peer b{n}; ip link set a{n} master br0 up; ip link set b{n} master br1 up; "
    stack.inside(lab, "host", "sh", "-c", script)
    expect(page.get_by_test_id("blocked").first).to_be_attached(timeout=10_000)
    expect(page.get_by_text("blocking", exact=True)).to_have_count(1, timeout=10_000)


def test_a_refusal_stands_at_its_subject(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, BRIDGE_WITH_THREE)
    page.get_by_role("button", name="Interface ns1/eth0").first.click()
    field = page.get_by_role("region", name="Inspector").get_by_label("New address")
    field.fill("10.0.0.300/24")
    field.press("Enter")
    expect(page.get_by_role("img", name=re.compile("^Refused: "))).to_have_count(1)


def _many(count: int) -> str:
    names = [f"n{i}" for i in range(count)]
    inside = {
        name: {"interfaces": {"eth0": {"kind": "veth", "peer": f"host/p{i}", "addresses": [f"10.0.0.{i + 1}/24"]}}}
        for i, name in enumerate(names)
    }
    host: dict[str, object] = {"br0": {"kind": "bridge"}}
    host |= {f"p{i}": {"kind": "veth", "peer": f"n{i}/eth0", "master": "br0"} for i in range(count)}
    places = {name: [i % 10 * 420, 700 + i // 10 * 300] for i, name in enumerate(names)}
    drawn: dict[str, object] = {
        "layout": {"host": [0, -300], **places},
        "areas": {"rack": {"at": [800, 650], "size": [800, 200], "label": "Rack A"}},
        "notes": {"n": {"at": [3000, -200], "size": [400, 200], "text": "Read me"}},
        "styles": {"n9": {"colour": "green", "locked": True}},
    }
    return json.dumps({"vethboard": 1, "name": "many", "namespaces": {"host": {"interfaces": host}, **inside}, **drawn})


def _at(page: Page, x: float, y: float) -> tuple[float, float]:
    """The pixel of a point of the canvas."""
    view = page.locator(".react-flow__viewport").evaluate("e => { const m = new DOMMatrix(e.style.transform); return [m.e, m.f, m.a] }")
    ground = page.locator(".react-flow").bounding_box()
    assert ground
    return ground["x"] + view[0] + x * view[2], ground["y"] + view[1] + y * view[2]


def _drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    """`by`: pixels."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=6)
    page.mouse.up()


def _overview(page: Page) -> Locator:
    """All in view, as one drawing."""
    page.get_by_role("button", name="Fit to screen").click()
    drawing = page.get_by_test_id("overview")
    expect(drawing).to_have_attribute("data-on", "true", timeout=15_000)
    still(page)
    return page.get_by_role("listbox", name="Overview of 64 nodes").get_by_role("option")


def test_many_are_one_drawing_for_the_keyboard(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "-", input=_many(60))
    option = _overview(page)
    expect(_card(page, "n7")).to_have_count(0)
    assert _zoom(page) < 40

    option.focus()
    page.keyboard.press("Home")
    expect(option).to_have_accessible_name("Namespace host, 62 interfaces")
    page.keyboard.press("End")
    expect(option).to_have_accessible_name("Namespace n59, 2 interfaces")
    expect(option).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    for _ in range(12):
        if option.get_attribute("data-node") == "n0":
            break
        page.keyboard.press("ArrowLeft" if option.get_attribute("data-node") != "host/br0" else "ArrowDown")
    for i in range(1, 8):
        page.keyboard.press("ArrowRight")
        expect(option).to_have_attribute("data-node", f"n{i}")
    expect(page.get_by_role("tooltip").filter(has_text="Interfaces")).to_contain_text("n7")
    page.keyboard.press("Space")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("region", name="Inspector").get_by_role("heading", name="n7")).to_be_visible()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("region", name="Inspector")).to_contain_text("2")
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="Ping")).to_be_visible()
    page.keyboard.press("Escape")
    option.focus()
    page.keyboard.press("Space")
    before = _places(stack, lab)
    page.keyboard.press("Alt+Shift+ArrowRight")
    expect(page.get_by_role("button", name="Undo: Moved on the canvas")).to_be_enabled()
    assert _places(stack, lab)["n17"][0] == before["n17"][0] + 10
    page.screenshot(path=OUT / "overview.png")
    page.keyboard.press("Enter")
    expect(_card(page, "n17").get_by_role("button", name="Namespace n17")).to_be_focused()
    expect(page.get_by_role("button", name="Zoom to 100 %")).to_have_text(re.compile(r"^([89]\d|1\d\d) %$"))


PIXELS = "canvas => canvas.toDataURL()"


def test_many_are_one_drawing_for_the_mouse(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "-", input=_many(60))
    _overview(page)
    pane = page.locator(".react-flow__pane")
    facts, inspector = page.get_by_role("tooltip"), page.get_by_role("region", name="Inspector")
    page.keyboard.press("Shift+R")
    stack.inside(lab, "n0", "setsid", "-f", "sh", "-c", "ping -q -i 0.01 -w 8 -s 1400 10.0.0.60 >/dev/null 2>&1")
    moving = page.get_by_test_id("moving")
    expect(moving).to_have_attribute("data-lines", "2", timeout=8000)
    first, _ = moving.evaluate(PIXELS), page.wait_for_timeout(300)
    assert first != moving.evaluate(PIXELS), "marks move"
    page.screenshot(path=OUT / "overview-traffic.png")
    x, y = _at(page, 130, 700)
    page.mouse.move(x, y - 4)
    expect(pane).to_have_css("cursor", "pointer")
    expect(facts.filter(has_text="n0/eth0")).to_contain_text("host/p0")
    page.keyboard.press("Shift+R")
    expect(moving).to_have_count(0)

    page.mouse.move(*_at(page, 430, 1010))
    expect(facts.filter(has_text="Interfaces")).to_contain_text("n11")
    expect(pane).to_have_css("cursor", "move")
    page.mouse.move(*_at(page, 3800, 710))
    expect(pane).to_have_css("cursor", "pointer")
    page.mouse.move(*_at(page, 330, 950))
    expect(pane).to_have_css("cursor", "grab")

    before = _places(stack, lab)
    zoom = _zoom(page) / 100
    label = _at(page, 860, 645)
    page.mouse.move(*label)
    expect(pane).to_have_css("cursor", "move")
    page.keyboard.down("Alt")
    _drag(page, label, (40, -30))
    page.keyboard.up("Alt")
    undo = page.get_by_role("button", name="Undo: Moved on the canvas")
    expect(undo).to_be_enabled()
    after = _places(stack, lab)
    moved = {name for name in after if after[name] != before[name]}
    assert moved == {"n2", "n3"}, "what lies in the area"
    assert abs(after["n2"][0] - before["n2"][0] - 40 / zoom) < 8 / zoom
    undo.click()
    expect(undo).to_have_count(0)
    assert _places(stack, lab) == before

    note = _at(page, 3200, -100)
    page.mouse.click(*note, button="right")
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("button", name=re.compile("^Undo: ")).first).to_be_enabled()
    assert "notes" not in json.loads(stack.cli("export", lab))

    page.keyboard.press("Escape")
    page.keyboard.press("v")
    _drag(page, _at(page, -60, 640), (500 * zoom, 640 * zoom))
    expect(inspector).to_contain_text("3")
