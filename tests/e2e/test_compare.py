"""Compare in the browser, and an import with faults: what differs in words, as text and on the canvas; each fault at its place."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_a11y import Screens
from tests.e2e.test_panels import EXAMPLE, menu
from tests.e2e.test_source import kernel
from tests.support import Stack

FAULTS = {
    "vethboard": 1,
    "namespaces": {
        "host": {"interfaces": {"br0": {"kind": "brigde"}}, "sysctls": {"net.ipv4.ip_foward": 1}},
        "ns0": {"nsid": "five", "routes": [{"to": "default", "gateway": "10.0.0.1"}], "interfaces": {"e": {"kind": "veth", "peer": "x/y"}}},
    },
}


def compare(page: Page) -> Locator:
    page.keyboard.press("Control+k")
    page.keyboard.type("Compare")
    page.keyboard.press("Enter")
    return page.get_by_role("tabpanel", name="Compare")


def rows(panel: Locator) -> Locator:
    return panel.get_by_role("region", name="Differences").get_by_role("listitem")


@pytest.mark.parametrize("direction", ["since", "until"])
def test_two_points_of_the_history(page: Page, stack: Stack, lab: str, direction: str) -> None:
    """From one of them to the lab as it is, or from that back: what came and what went is marked on the canvas, also what is gone."""
    stack.cli("import", lab, "-", input=EXAMPLE)
    stack.cli("undo", lab)
    stack.inside(lab, "host", "ip", "netns", "add", "later")
    stack.cli("import", lab, "-", input=EXAMPLE.replace('"ns1"', '"ns2"').replace("ns1/", "ns2/"))
    page.get_by_role("group", name="Namespace ns2").wait_for()
    panel = compare(page)
    points = panel.get_by_role("combobox")
    page.get_by_role("button", name="Fit to screen").click()
    first = points.first.locator("option").filter(has_text="Before the first edit").get_attribute("value") or ""
    if direction == "since":
        points.first.select_option(first)
        expect(panel.get_by_role("status")).to_contain_text("From “Before the first edit” to “The lab as it is”")
    else:
        points.first.select_option("now")
        points.last.select_option(first)
    sign, mark = ("added", "added") if direction == "since" else ("removed", "removed")
    expect(rows(panel).filter(has_text="namespace ns2")).to_have_text(f"{'+' if sign == 'added' else '−'}{sign}namespace ns2")
    expect(page.locator(f"[data-staged={mark}]").filter(has_text="ns2").first).to_be_visible()
    panel.get_by_role("button", name="As text").click()
    expect(panel.locator(f"[data-sign='{'+' if sign == 'added' else '−'}']").filter(has_text='"ns2"').first).to_be_visible()
    panel.get_by_role("button", name="Stop comparing").click()
    expect(page.locator("[data-staged]")).to_have_count(0)


def test_a_document_and_another_lab_by_keyboard(page: Page, stack: Stack, lab: str, tmp_path: Path) -> None:
    stack.cli("apply", lab, "-", input=EXAMPLE)
    stack.cli("new", f"{lab}-2"[:40])
    page.get_by_role("group", name="Namespace ns1").wait_for()
    before = stack.cli("export", lab)
    panel = compare(page)
    panel.get_by_role("button", name="Another lab").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    panel.get_by_role("combobox", name="Another lab").select_option(f"{lab}-2"[:40])
    expect(rows(panel).filter(has_text="namespace ns1")).to_be_visible()
    Screens(page).look("compare")
    panel.get_by_role("button", name="A document").click()
    faulty = tmp_path / "faulty.json"
    faulty.write_text(json.dumps(FAULTS, indent=1))
    panel.locator("input[type=file]").set_input_files(faulty)
    alert = panel.get_by_role("alert")
    for part in ("brigde", "ip_foward", "nsid", "gateway", "peer"):
        expect(alert).to_contain_text(part if part != "brigde" else "br0.kind")
    faulty.write_text(EXAMPLE.replace("10.0.1.2", "10.0.1.22"))
    panel.locator("input[type=file]").set_input_files(faulty)
    expect(rows(panel).filter(has_text="interface ns1/veth1").filter(has_text="10.0.1.22")).to_be_visible()
    expect(panel.get_by_role("alert")).to_have_count(0)
    assert stack.cli("export", lab) == before
    stack.cli("destroy", f"{lab}-2"[:40])


def test_an_import_that_is_refused_changes_nothing_and_each_fault_is_at_its_place(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "-", input=EXAMPLE)
    before, addresses = stack.cli("export", lab), kernel(stack, lab, "ns1")
    menu(page, "Import…")
    dialog = page.get_by_role("dialog", name="Import")
    text = json.dumps(FAULTS, indent=1)
    for way in ("Replace the lab", "Add beside what is there"):
        dialog.get_by_label("Document").fill(text)
        dialog.get_by_role("button", name=way).click()
        dialog.get_by_role("button", name="Show the plan").click()
        faults = dialog.get_by_role("alert", name="Not imported: 5 faults")
        expect(faults.get_by_role("listitem")).to_have_count(5)
        faults.get_by_role("listitem").filter(has_text="gateway").get_by_role("button").click()
        field = dialog.get_by_label("Document")
        expect(field).to_be_focused()
        at = field.evaluate("(e) => e.value.slice(e.selectionStart, e.selectionStart + 9)")
        assert at == '"gateway"'
        assert field.input_value() == text
        expect(dialog.get_by_role("button", name="Apply")).to_have_count(0)
        assert stack.cli("export", lab) == before
        assert kernel(stack, lab, "ns1") == addresses
    Screens(page).look("faults")
    # what only the kernel refuses
    rule = {"ipv4": {"filter": {"INPUT": {"rules": ["-p nonsense -j DROP"]}}}}
    dialog.get_by_label("Document").fill(json.dumps({"vethboard": 1, "namespaces": {"ns9": {"filter": rule}}}))
    dialog.get_by_role("button", name="Show the plan").click()
    expect(dialog.get_by_role("alert")).to_contain_text('unknown protocol "nonsense" specified')
    assert stack.cli("export", lab) == before
