"""The article's walk, by hand: mouse and keyboard in the browser, every step verified inside the lab with iproute2."""

import json
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OUT, still
from tests.support import Stack


class Hand:
    """What a person does on the canvas."""

    def __init__(self, page: Page, stack: Stack, lab: str) -> None:
        self.page, self.stack, self.lab = page, stack, lab

    def palette(self, what: str) -> None:
        self.page.get_by_role("button", name=what, exact=True).click()

    def namespace(self, name: str) -> None:
        """By keyboard."""
        self.page.get_by_role("button", name="Namespace", exact=True).press("Enter")
        dialog = self.page.get_by_role("dialog", name="New namespace")
        dialog.get_by_label("Name").fill(name)
        self.page.keyboard.press("Enter")
        dialog.wait_for(state="detached")
        self.card(name).wait_for()

    def card(self, name: str) -> Locator:
        return self.page.get_by_role("group", name=f"Namespace {name}", exact=True)

    def chip(self, ref: str) -> Locator:
        return self.page.get_by_role("button", name=f"Interface {ref},")

    def drag(self, source: Locator, target: Locator) -> None:
        """With the mouse, slowly enough to be a drag."""
        a, b = source.bounding_box(), target.bounding_box()
        assert a
        assert b
        mouse = self.page.mouse
        mouse.move(a["x"] + a["width"] / 3, a["y"] + a["height"] / 2)
        mouse.down()
        mouse.move(a["x"] + a["width"] / 3 + 12, a["y"] + a["height"] / 2 + 12, steps=3)
        mouse.move(b["x"] + b["width"] / 2, b["y"] + b["height"] - 10, steps=8)
        mouse.up()

    def link(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        """Draw a link between two nodes by the palette's dialog: (node, interface name)."""
        self.page.get_by_role("button", name="Link", exact=True).click()
        dialog = self.page.get_by_role("dialog", name="New link")
        for number, (node, name) in enumerate((one, other)):
            dialog.get_by_label("Attach to").nth(number).select_option(node)
            dialog.get_by_label("Name").nth(number).fill(name)
        dialog.get_by_role("button", name="Create link").click()
        dialog.wait_for(state="detached")

    def fit(self) -> None:
        self.page.get_by_role("button", name="Fit to screen").click()
        still(self.page)

    def select(self, ref: str) -> Locator:
        self.chip(ref).click()
        inspector = self.page.get_by_role("region", name="Inspector")
        expect(inspector.get_by_role("heading", name=ref, exact=True)).to_be_visible()
        return inspector

    def address(self, ref: str, address: str) -> None:
        inspector = self.select(ref)
        inspector.get_by_label("New address").fill(address)
        self.page.keyboard.press("Enter")
        expect(inspector.get_by_role("button", name=f"Remove {address}")).to_be_visible()

    def up(self, ref: str, up: bool = True) -> None:
        switch = self.select(ref).get_by_role("switch", name="Up", exact=True)
        if switch.is_checked() != up:
            switch.dispatch_event("click")
        expect(switch).to_be_checked(checked=up)

    def ping(self, source: str, target: str) -> Locator:
        """The dialog, when it is done."""
        self.page.get_by_role("banner").get_by_role("button", name="Ping").click()
        dialog = self.page.get_by_role("dialog", name="Ping")
        dialog.get_by_label("Source").select_option(source)
        dialog.get_by_label("Target").fill(target)
        dialog.get_by_label("Count").fill("2")
        dialog.get_by_label("Target").press("Enter")
        expect(dialog.get_by_role("status")).to_be_visible(timeout=15_000)
        return dialog

    def close(self) -> None:
        self.page.keyboard.press("Escape")

    def kernel(self, namespace: str, *command: str) -> Any:
        return json.loads(self.stack.inside(self.lab, namespace, "ip", "-j", *command) or "[]")


def test_the_walk(page: Page, stack: Stack, lab: str) -> None:
    hand = Hand(page, stack, lab)
    # two namespaces, their lo there and down
    hand.namespace("ns0")
    hand.namespace("ns1")
    hand.fit()
    assert sorted(n["name"] for n in hand.kernel("host", "netns")) == ["ns0", "ns1"]
    assert hand.kernel("ns0", "link", "show", "lo")[0]["operstate"] == "DOWN"
    expect(hand.chip("ns0/lo")).to_have_accessible_name("Interface ns0/lo, down")
    dialog = hand.ping("ns0", "127.0.0.1")
    expect(dialog).to_contain_text("Network is unreachable")
    hand.close()
    hand.up("ns0/lo")
    dialog = hand.ping("ns0", "127.0.0.1")
    expect(dialog.get_by_role("status")).to_contain_text("2 sent, 2 received")
    hand.close()
    # a veth pair in host, one end dragged into each namespace
    hand.link(("host", "veth0"), ("host", "veth1"))
    hand.fit()
    hand.drag(hand.chip("host/veth0"), hand.card("ns0"))
    hand.chip("ns0/veth0").wait_for()
    hand.fit()
    hand.drag(hand.chip("host/veth1"), hand.card("ns1"))
    hand.chip("ns1/veth1").wait_for()
    hand.address("ns0/veth0", "10.0.1.1/24")
    hand.address("ns1/veth1", "10.0.1.2/24")
    hand.up("ns0/veth0")
    hand.up("ns1/veth1")
    (link,) = hand.kernel("ns1", "address", "show", "veth1")
    assert link["addr_info"][0]["local"] == "10.0.1.2"
    for source, target in (("ns0", "10.0.1.2"), ("ns1", "ns0")):
        dialog = hand.ping(source, target)
        expect(dialog.get_by_role("status")).to_contain_text("2 sent, 2 received")
        hand.close()
    # the inspector names the peer, and its ifindex, as ethtool -S does
    inspector = hand.select("ns1/veth1")
    statistics = stack.inside(lab, "ns1", "ethtool", "-S", "veth1")
    index = next(line.split()[-1] for line in statistics.splitlines() if "peer_ifindex" in line)
    expect(inspector).to_contain_text("ns0/veth0")
    expect(inspector.locator("dt:has-text('peer_ifindex') + dd")).to_have_text(index)
    # lo stays where it is
    hand.drag(hand.chip("ns0/lo"), hand.card("ns1"))
    expect(page.get_by_role("list", name="Messages")).to_contain_text("Invalid argument")
    # a name that exists
    page.get_by_role("button", name="Namespace", exact=True).press("Enter")
    dialog = page.get_by_role("dialog", name="New namespace")
    dialog.get_by_label("Name").fill("ns0")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("File exists")
    hand.close()


def test_a_bridge_learns(page: Page, stack: Stack, lab: str) -> None:
    hand = Hand(page, stack, lab)
    for name in ("ns0", "ns1", "ns2"):
        hand.namespace(name)
    page.get_by_role("button", name="Bridge", exact=True).click()
    dialog = page.get_by_role("dialog", name="New bridge")
    dialog.get_by_label("In namespace").select_option("host")
    dialog.get_by_label("Name", exact=True).fill("br0")
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    for number in range(3):
        hand.link((f"ns{number}", "eth0"), ("host/br0", f"p{number}"))
    hand.fit()
    for number in range(3):
        hand.address(f"ns{number}/eth0", f"10.0.1.{number + 1}/24")
    ports = json.loads(stack.inside(lab, "host", "bridge", "-j", "link"))
    assert sorted(p["ifname"] for p in ports) == ["p0", "p1", "p2"]
    page.get_by_role("button", name="Bridge host/br0").first.click()
    inspector = page.get_by_role("region", name="Inspector")
    table = inspector.get_by_role("table", name="FDB")
    mac = hand.kernel("ns0", "link", "show", "eth0")[0]["address"]
    assert stack.inside(lab, "ns0", "ping", "-c1", "-W1", "10.0.1.2")
    row = table.get_by_role("row").filter(has_text=mac)
    expect(row).to_contain_text("p0")
    expect(row).to_contain_text("learned")
    expect(inspector).to_contain_text("flooded")
    page.get_by_role("button", name="Zoom out").click()
    hand.fit()
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=OUT / "walk.png")


def test_two_subnets_behind_a_router(page: Page, stack: Stack, lab: str) -> None:
    hand = Hand(page, stack, lab)
    stack.cli("apply", lab, "examples/two-subnets-router.json")
    hand.fit()
    page.get_by_role("button", name="Namespace r,").click()
    forward = page.get_by_role("region", name="Inspector").get_by_role("switch", name="IPv4 forwarding (ip_forward)")
    expect(forward).to_be_checked()
    dialog = hand.ping("left", "right")
    expect(dialog.get_by_role("status")).to_contain_text("2 sent, 2 received")
    hand.close()
    forward.dispatch_event("click")
    expect(forward).not_to_be_checked()
    assert stack.inside(lab, "r", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "0"
    dialog = hand.ping("left", "right")
    expect(dialog.get_by_role("status")).to_contain_text("2 sent, 0 received")
    expect(dialog).to_contain_text("ip_forward")
    hand.close()


def test_what_a_shell_does_is_on_the_canvas(page: Page, stack: Stack, lab: str) -> None:
    hand = Hand(page, stack, lab)
    script = "ip netns add shell; ip link add va type veth peer name vb netns shell; ip link set va up; ip -n shell link set vb up"
    stack.inside(lab, "host", "sh", "-ec", script)
    hand.card("shell").wait_for()
    hand.fit()
    expect(hand.chip("shell/vb")).to_have_accessible_name("Interface shell/vb, up")
    stack.inside(lab, "shell", "ip", "address", "add", "10.9.0.1/24", "dev", "vb")
    expect(hand.chip("shell/vb")).to_contain_text("10.9.0.1/24")
    page.keyboard.press("Control+z")
    expect(hand.chip("shell/vb")).not_to_contain_text("10.9.0.1/24")
    stack.inside(lab, "host", "ip", "netns", "del", "shell")
    expect(hand.card("shell")).to_have_count(0)
