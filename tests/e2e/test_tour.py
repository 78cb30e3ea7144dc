"""The first five minutes: the start screen, its examples, and the tour that makes a first network with the user."""

import contextlib
import json

from playwright.sync_api import Page, expect

from tests.support import Stack


def test_the_tour_makes_a_network_by_keyboard(page: Page, stack: Stack) -> None:
    lab = "first-steps"
    try:
        page.keyboard.press("Control+k")
        page.keyboard.type("tour")
        page.keyboard.press("Enter")
        tour = page.get_by_role("complementary", name="Tour")
        expect(tour).to_contain_text("Step 1 of 8")
        expect(page.get_by_role("button", name=f"Lab {lab}")).to_be_visible()
        for number in (2, 3):
            page.keyboard.press("n")
            page.get_by_role("dialog", name="New namespace").wait_for()
            page.keyboard.press("Enter")
            expect(tour).to_contain_text(f"Step {number} of 8")
        # it can be left and taken up again, also after a reload
        tour.get_by_role("button", name="Leave").press("Enter")
        expect(tour).to_have_count(0)
        page.reload()
        page.get_by_role("group", name="Namespace ns1", exact=True).wait_for()
        expect(tour).to_have_count(0)
        page.keyboard.press("Control+k")
        page.keyboard.type("tour")
        page.keyboard.press("Enter")
        expect(tour).to_contain_text("Step 3 of 8")
        page.keyboard.press("Shift+L")
        dialog = page.get_by_role("dialog", name="New link")
        dialog.get_by_label("Attach to").nth(0).select_option("ns0")
        dialog.get_by_label("Attach to").nth(1).select_option("ns1")
        dialog.get_by_role("button", name="Create link").press("Enter")
        expect(tour).to_contain_text("Step 4 of 8")
        # whoever does it: the kernel is looked at
        for number, namespace in enumerate(("ns0", "ns1"), 1):
            (device,) = (i["ifname"] for i in json.loads(stack.inside(lab, namespace, "ip", "-j", "link")) if i["ifname"] != "lo")
            stack.inside(lab, namespace, "ip", "address", "add", f"10.77.0.{number}/24", "dev", device)
        expect(tour).to_contain_text("Step 5 of 8")
        page.keyboard.press("p")
        dialog = page.get_by_role("dialog", name="Ping")
        dialog.get_by_label("Source").select_option("ns0")
        dialog.get_by_label("Target").fill("10.77.0.2")
        dialog.get_by_label("Count").fill("1")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("status")).to_contain_text("1 received")
        page.keyboard.press("Escape")
        expect(tour).to_contain_text("Step 6 of 8")
        page.keyboard.press("h")
        expect(tour).to_contain_text("Step 7 of 8")
        page.keyboard.press("Control+z")
        expect(tour).to_contain_text("That is your first network")
        assert "10.77.0.2" not in stack.inside(lab, "ns1", "ip", "address")
        tour.get_by_role("button", name="Finish").press("Enter")
        expect(tour).to_have_count(0)
    finally:
        stack.cli("destroy", lab, code=None)


def test_an_example_is_one_click_from_the_start_screen(page: Page, stack: Stack, lab: str) -> None:
    made = "bridge-with-three"
    try:
        page.get_by_role("button", name=f"Lab {lab}").click()
        page.get_by_role("menuitem", name="All labs").click()
        dialog = page.get_by_role("dialog", name="All labs")
        row = dialog.get_by_role("listitem").filter(has_text=lab)
        row.get_by_role("button", name=f"Remove {lab}").click()
        row.get_by_role("button", name=f"Really delete {lab}").click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("heading", name="The breadboard for Linux networking")).to_be_visible()
        page.get_by_role("button", name="Bridge with three").click()
        page.get_by_role("group", name="Namespace ns2", exact=True).wait_for()
        stack.cli("ping", made, "ns0", "10.0.1.3", "-c", "1")
    finally:
        stack.cli("destroy", made, code=None)
        with contextlib.suppress(AssertionError):
            stack.cli("new", lab)
