"""Kinds of interfaces that the browser knows by their declarations alone: added, seen, changed, undone."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_walk import Hand
from tests.support import Stack, eventually


def has_kind(stack: Stack, lab: str, kind: str) -> bool:
    """Whether this kernel makes such an interface."""
    made = stack.inside(
        lab, "host", "sh", "-c", f"ip link add name try0 type {kind} 2>/dev/null && ip link delete try0 && echo yes", code=None
    )
    return made.strip() == "yes"


def inspector_of(page: Page, ref: str) -> Locator:
    inspector = page.get_by_role("region", name="Inspector")
    expect(inspector.get_by_role("heading", name=ref, exact=True)).to_be_visible()
    return inspector


def test_an_ifb_is_added_changed_and_taken_back(page: Page, stack: Stack, lab: str) -> None:
    if not has_kind(stack, lab, "ifb"):
        pytest.skip("this kernel has no ifb")
    hand = Hand(page, stack, lab)
    hand.namespace("ns0")
    hand.palette("ifb")
    dialog = page.get_by_role("dialog", name="New ifb")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("ifb0")
    expect(dialog.get_by_label("In namespace")).to_have_value("ns0")
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    hand.fit()
    expect(hand.chip("ns0/ifb0")).to_contain_text("ifb")
    (link,) = hand.kernel("ns0", "-d", "link", "show", "ifb0")
    assert link["linkinfo"]["info_kind"] == "ifb"
    inspector = inspector_of(page, "ns0/ifb0")
    expect(inspector.get_by_label("Master")).to_be_visible()
    mtu = inspector.get_by_label("MTU")
    mtu.fill("1400")
    mtu.press("Enter")
    eventually(lambda: hand.kernel("ns0", "link", "show", "ifb0")[0]["mtu"] == 1400)
    page.get_by_role("button", name="Undo").click()
    eventually(lambda: hand.kernel("ns0", "link", "show", "ifb0")[0]["mtu"] == 1500)
    hand.chip("ns0/ifb0").click()
    page.keyboard.press("Control+d")
    expect(hand.chip("ns0/ifb1")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(hand.chip("ns0/ifb1")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(hand.chip("ns0/ifb0")).to_have_count(0)
    assert "ifb0" not in stack.inside(lab, "ns0", "ip", "link")
    page.get_by_role("button", name="History").click()
    history = page.get_by_role("region", name="History")
    expect(history).to_contain_text("ns0/ifb0")


def test_a_vlan_on_an_interface(page: Page, stack: Stack, lab: str) -> None:
    """Where the kernel has none, the dialog stays and says so in its words."""
    stack.cli("apply", lab, "examples/two-namespaces.json")
    has_vlan = has_kind(stack, lab, "vlan") or has_kind(stack, lab, "vlan id 7 link lo")
    hand = Hand(page, stack, lab)
    page.get_by_role("group", name="Namespace ns0", exact=True).wait_for()
    hand.fit()
    hand.select("ns0/veth0")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Command palette").fill("Add VLAN")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New VLAN")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("veth0.10")
    dialog.get_by_label("VLAN ID").fill("20")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("veth0.20")
    dialog.get_by_role("button", name="Add", exact=True).click()
    if has_vlan:
        expect(hand.chip("ns0/veth0.20")).to_contain_text("vlan 20")
        return
    expect(dialog.get_by_role("alert")).to_contain_text("Unknown device type")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(hand.chip("ns0/veth0.20")).to_have_count(0)


def test_a_kind_that_the_kernel_lacks_is_refused_in_its_words(page: Page, stack: Stack, lab: str) -> None:
    if has_kind(stack, lab, "dummy"):
        pytest.skip("this kernel has dummy")
    hand = Hand(page, stack, lab)
    hand.palette("dummy")
    dialog = page.get_by_role("dialog", name="New dummy")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Unknown device type")
    page.keyboard.press("Escape")
    assert stack.inside(lab, "host", "ip", "-o", "link", "show", "type", "dummy", code=None) == ""


def test_the_form_of_a_bridge_is_made_of_its_declaration(page: Page, stack: Stack, lab: str) -> None:
    hand = Hand(page, stack, lab)
    hand.palette("Bridge")
    page.get_by_role("dialog", name="New bridge").get_by_role("button", name="Add", exact=True).click()
    form = inspector_of(page, "host/br0").get_by_role("region", name="Bridge settings")
    form.get_by_label("Hello time (s)").fill("11")
    form.get_by_label("Hello time (s)").press("Enter")
    expect(form).to_contain_text("hello time is 1 to 10 s, not 11")
    form.get_by_label("Hello time (s)").fill("3")
    form.get_by_label("Hello time (s)").press("Enter")
    form.get_by_role("switch", name="STP").dispatch_event("click")
    expect(form.get_by_role("switch", name="STP")).to_be_checked()
    data = hand.kernel("host", "-d", "link", "show", "br0")[0]["linkinfo"]["info_data"]
    assert (data["hello_time"], data["stp_state"]) == (300, 1)
