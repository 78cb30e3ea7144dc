"""A journey in the browser: a web server behind DNAT, one rule drops; the drop is found on screen, the rule removed, delivered."""

import base64
import json
import os
import re
import shutil
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support import Stack, listens

WEB = json.dumps(
    {
        "vethboard": 1,
        "name": "x",
        "namespaces": {
            "host": {},
            "client": {
                "interfaces": {"eth0": {"kind": "veth", "peer": "router/wan", "addresses": ["203.0.113.9/24"]}},
                "routes": [{"to": "default", "via": "203.0.113.1"}],
            },
            "router": {
                "interfaces": {
                    "wan": {"kind": "veth", "peer": "client/eth0", "addresses": ["203.0.113.1/24"]},
                    "lan": {"kind": "veth", "peer": "web/eth0", "addresses": ["10.0.0.1/24"]},
                },
                "sysctls": {"net.ipv4.ip_forward": 1},
                "filter": {
                    "ipv4": {
                        "nat": {"PREROUTING": {"rules": ["-i wan -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080"]}},
                        "filter": {"FORWARD": {"rules": ["-p icmp -j ACCEPT", "-d 10.0.0.2/32 -p tcp -m tcp --dport 8080 -j DROP"]}},
                    }
                },
            },
            "web": {
                "interfaces": {"eth0": {"kind": "veth", "peer": "router/lan", "addresses": ["10.0.0.2/24"]}},
                "routes": [{"to": "default", "via": "10.0.0.1"}],
            },
        },
        "layout": {"host": [0, 0], "client": [0, 260], "router": [420, 260], "web": [840, 260]},
    }
)


def test_a_drop_is_found_and_mended(page: Page, stack: Stack, lab: str, tmp_path: Path) -> None:
    stack.cli("apply", lab, "-", input=WEB)
    stack.inside(lab, "web", "bash", "-c", f"python3 -m http.server 8080 >/dev/null 2>&1 & {listens(8080)}")
    page.get_by_role("group", name="Namespace router").wait_for()
    page.get_by_role("button", name="Trace", exact=True).click()
    tools = page.get_by_role("region", name="Tools")
    form = tools.get_by_role("form", name="The packet")
    form.get_by_label("From", exact=True).select_option("client")
    form.get_by_label("To", exact=True).fill("203.0.113.1")
    form.get_by_label("Protocol").select_option("tcp")
    form.get_by_role("button", name="Send and trace").click()

    # the verdict with its cause, and the rule itself
    expect(tools.get_by_text("Dropped by rule 2 of filter/FORWARD in router", exact=True)).to_be_visible(timeout=10_000)
    steps = tools.get_by_role("listbox", name="Steps")
    dnat = steps.get_by_role("option", name=re.compile("nat.PREROUTING: rule 1"))
    expect(dnat).to_be_visible()
    expect(tools.get_by_text("Matches the prediction")).to_be_visible()

    # list, details and canvas are at the same hop
    dnat.click()
    expect(tools.get_by_role("table", name="Changed")).to_contain_text("10.0.0.2:8080")
    expect(page.get_by_test_id("journey")).to_contain_text("nat/PREROUTING: rule 1")
    tools.get_by_role("button", name="Step forward").click()
    expect(dnat).to_have_attribute("aria-selected", "false")
    dnat.click()
    tools.get_by_role("button", name="Open the chain").click()
    expect(tools.get_by_role("grid", name="Rules of PREROUTING")).to_be_visible()
    expect(tools.get_by_role("row", name=re.compile("Rule 1.*the traced packet is here"))).to_be_visible()
    if out := os.environ.get("OUT"):
        page.screenshot(path=f"{out}/journey-chain.png")
    tools.get_by_role("tab", name="Trace").click()
    steps.press("End")
    expect(page.get_by_test_id("journey")).to_have_attribute("data-level", "bad")
    if out := os.environ.get("OUT"):
        page.screenshot(path=f"{out}/journey-drop.png")

    # what if; then for real: the rule goes (undo brings it back), and the packet arrives
    tools.get_by_role("button", name="What if this rule did not exist?").click()
    expect(tools.get_by_text("Without the rule: Delivered")).to_be_visible()
    before = stack.inside(lab, "router", "iptables", "-S", "FORWARD")
    tools.get_by_role("button", name="Remove the rule and trace again").click()
    expect(tools.get_by_text("Delivered in web", exact=True)).to_be_visible(timeout=10_000)
    after = stack.inside(lab, "router", "iptables", "-S", "FORWARD")
    assert "DROP" in before
    assert "DROP" not in after.replace("-P FORWARD", "")
    steps.press("End")
    if out := os.environ.get("OUT"):
        page.screenshot(path=f"{out}/journey-good.png")

    # out and back: as JSON, by link, as a picture
    tools.get_by_role("button", name="Save and share").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="Save as JSON").click()
    saved.value.save_as(tmp_path / "j.json")
    assert json.loads((tmp_path / "j.json").read_text())["journey"]["verdict"]["cause"] == "delivered"
    assert "delivered in web" in stack.cli("show-trace", str(tmp_path / "j.json"))
    tools.get_by_role("button", name="Save and share").click()
    with page.expect_download() as drawn:
        page.get_by_role("menuitem", name="Save as animated SVG").click()
    drawn.value.save_as(tmp_path / "j.svg")
    assert "<animate" in (tmp_path / "j.svg").read_text()
    _as_gif(page, tools, tmp_path / "j.gif")
    page.reload()
    page.get_by_role("group", name="Namespace router").wait_for()
    page.keyboard.press("j")
    tools.get_by_label("Open a trace…").set_input_files(tmp_path / "j.json")
    expect(tools.get_by_text("Delivered in web", exact=True)).to_be_visible()
    stack.cli("undo", lab)
    assert stack.inside(lab, "router", "iptables", "-S", "FORWARD") == before


FRAMES = """async (data) => {
  const decoder = new ImageDecoder({ data: Uint8Array.from(atob(data), (c) => c.charCodeAt(0)), type: 'image/gif' })
  await decoder.tracks.ready
  const { frameCount: count, repetitionCount: times } = decoder.tracks.selectedTrack
  const last = (await decoder.decode({ frameIndex: count - 1 })).image
  return { count, forever: times === Infinity, ms: last.duration / 1000, width: last.codedWidth, height: last.codedHeight }
}"""


def _as_gif(page: Page, tools: Locator, file: Path) -> None:
    """An animated GIF, as the browser's own decoder sees it; and one that is thought better of."""
    tools.get_by_role("button", name="Save and share").click()
    page.get_by_role("menuitem", name="Save as animated GIF").click()
    tools.get_by_role("button", name="Cancel the GIF").click()
    expect(tools.get_by_role("progressbar", name="Creating the GIF")).to_have_count(0)
    tools.get_by_role("button", name="Save and share").click()
    with page.expect_download() as drawn:
        page.get_by_role("menuitem", name="Save as animated GIF").click()
    drawn.value.save_as(file)
    found = page.evaluate(FRAMES, base64.b64encode(file.read_bytes()).decode())
    assert 20 < found["count"] <= 242
    assert found["forever"]
    assert found["ms"] == 2700
    assert 600 < found["width"] <= 1000
    assert found["height"] <= 1200
    assert file.stat().st_size < 2_000_000
    if out := os.environ.get("OUT"):
        shutil.copy(file, f"{out}/journey.gif")


def test_a_ping_that_fails_says_why(page: Page, stack: Stack, lab: str) -> None:
    """In the words of a trace: the rule is blamed, and no route."""
    stack.cli("apply", lab, "-", input=WEB)
    stack.inside(lab, "router", "iptables", "-R", "FORWARD", "1", "-p", "icmp", "-j", "DROP")
    page.get_by_role("group", name="Namespace router").wait_for()
    page.get_by_role("banner").get_by_role("button", name="Ping", exact=True).click()
    dialog = page.get_by_role("dialog", name="Ping")
    dialog.get_by_label("Source").select_option("client")
    dialog.get_by_label("Target").fill("10.0.0.2")
    dialog.get_by_label("Count").fill("1")
    dialog.get_by_label("Target").press("Enter")
    expect(dialog.get_by_text("Dropped by rule 1 of filter/FORWARD in router", exact=True)).to_be_visible(timeout=15_000)
    expect(dialog).to_contain_text("-p icmp -j DROP")
    expect(dialog).to_contain_text("Change or delete rule 1 of filter/FORWARD")


def test_live_traffic_becomes_journeys(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "-", input=WEB)
    page.get_by_role("group", name="Namespace router").wait_for()
    page.keyboard.press("j")
    tools = page.get_by_role("region", name="Tools")
    tools.get_by_role("tab", name="Live traffic").click()
    tools.get_by_label("Protocol").select_option("icmp")
    tools.get_by_role("button", name="Watch live traffic").click()
    expect(tools.get_by_role("button", name="Stop watching")).to_be_visible()
    stack.inside(lab, "client", "setsid", "-f", "sh", "-c", "ping -c 100 -i 0.3 10.0.0.2 >/dev/null 2>&1")
    expect(tools.get_by_role("listbox", name="Steps").get_by_role("option", name="Received on wan").first).to_be_visible(timeout=10_000)
    tools.get_by_role("button", name="Stop watching").click()
    expect(tools.get_by_role("button", name="Watch live traffic")).to_be_visible()
