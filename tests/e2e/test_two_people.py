"""Two people in two browsers in one chain: what one means is the rule and the place that they saw, whatever the other does meanwhile."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from protocol.public import Edit, NewLab
from tests.e2e.conftest import WILL_NOT_SAY
from tests.e2e.test_chains import Chains
from tests.support import Stack
from topology.edit.commands import AddRule
from topology.model.netfilter import DRIVERS

A, B, C, D = (f"-s 10.0.0.{n}/32 -j ACCEPT" for n in range(1, 5))
MINE = "-s 10.0.9.9/32 -j DROP"


class Person:
    """A browser of their own. `slow`: what the server says does not arrive, until `hear`."""

    def __init__(self, browser: Browser, stack: Stack, lab: str) -> None:
        self.context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
        self.context.add_init_script(WILL_NOT_SAY)
        self.page = self.context.new_page()
        self.slow, self._kept = False, list[str | bytes]()
        self._route: WebSocketRoute | None = None
        self.page.route_web_socket(re.compile("/socket.io/"), self._through)
        self.page.goto(f"{stack.url}/?token={stack.token}&lab={lab}")
        self.page.get_by_role("group", name="Namespace host").wait_for()
        self.chains = Chains(self.page, stack, lab)
        self.chains.open()
        self.chains.go("filter INPUT")
        self.chains.expect_rules("INPUT", A, B, C, D)

    def _through(self, route: WebSocketRoute) -> None:
        self._route, server = route, route.connect_to_server()
        server.on_message(lambda message: self._kept.append(message) if self.slow else route.send(message))

    def hear(self) -> None:
        """All that was said meanwhile."""
        self.slow = False
        assert self._route is not None
        while self._kept:
            self._route.send(self._kept.pop(0))

    def rule(self, number: int) -> None:
        """Open the editor of a rule."""
        self.chains.rules("INPUT").nth(number - 1).dblclick()
        expect(self.chains.panel.get_by_role("region", name=f"Rule {number} of INPUT")).to_be_visible()

    def delete(self, number: int) -> None:
        self.chains.rules("INPUT").nth(number - 1).click()
        self.page.keyboard.press("Delete")


Two = tuple[Person, Person]


@pytest.fixture(params=DRIVERS)
def two(browser: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Two]:
    lab = f"two-{request.param}"
    with stack.client() as client:
        client.request(NewLab(id=client.next_id(), lab=lab, firewall=request.param))
        rules = tuple(AddRule(namespace="host", chain="INPUT", rule=rule) for rule in (A, B, C, D))
        client.request(Edit(id=client.next_id(), lab=lab, commands=rules))
    ann, bob = Person(browser, stack, lab), Person(browser, stack, lab)
    yield ann, bob
    for person in (ann, bob):
        person.context.close()
    stack.cli("destroy", lab)


def both_see(two: Two, *rules: str) -> None:
    for person in two:
        person.chains.expect_rules("INPUT", *rules)
    assert two[0].chains.saved("filter", "INPUT") == [*rules]


def test_an_editor_that_is_open_while_the_other_deletes(two: Two) -> None:
    ann, bob = two
    ann.rule(3)
    bob.delete(1)
    expect(ann.chains.panel.get_by_role("region", name="Rule 2 of INPUT")).to_be_visible()
    ann.chains.text().fill(MINE)
    ann.chains.text().press("Enter")
    both_see(two, B, MINE, D)
    # the rule itself goes: it is said, and what was written can be put where it was
    ann.rule(2)
    ann.chains.text().fill(C)
    bob.delete(2)
    alert = ann.chains.panel.get_by_role("alert").filter(has_text="Someone else deleted this rule")
    expect(alert).to_be_visible()
    both_see(two, B, D)
    alert.get_by_role("button", name="Add mine").click()
    both_see(two, B, C, D)


def test_a_new_rule_comes_where_it_was_meant_to(two: Two) -> None:
    ann, bob = two
    ann.chains.rules("INPUT").nth(1).click()
    ann.chains.panel.get_by_role("button", name="Add rule").click()  # below B
    position = ann.chains.panel.get_by_role("spinbutton", name="Position")
    expect(position).to_have_value("3")
    bob.delete(1)
    expect(position).to_have_value("2")
    bob.delete(2)  # C, in front of which it was to be
    ann.chains.expect_rules("INPUT", B, D)
    expect(position).to_have_value("2")
    ann.chains.text().fill(MINE)
    ann.chains.text().press("Enter")
    both_see(two, B, MINE, D)


def test_a_drag_while_the_chain_changes_under_it(two: Two) -> None:
    ann, bob = two
    rows, mouse = ann.chains.rules("INPUT"), ann.page.mouse

    def drop_in_front_of(number: int) -> None:
        box = rows.nth(number - 1).bounding_box()
        assert box is not None
        mouse.move(box["x"] + 300, box["y"] + 3, steps=3)
        mouse.move(box["x"] + 300, box["y"] + 2)
        mouse.up()

    rows.nth(3).hover(position={"x": 300, "y": 12})
    mouse.down()
    mouse.move(400, 300, steps=3)
    bob.delete(1)
    ann.chains.expect_rules("INPUT", B, C, D)
    drop_in_front_of(2)
    both_see(two, B, D, C)
    # the one that is dragged goes meanwhile: nothing is moved, and it is said
    rows.nth(0).hover(position={"x": 300, "y": 12})
    mouse.down()
    mouse.move(400, 300, steps=3)
    bob.delete(1)
    ann.chains.expect_rules("INPUT", D, C)
    drop_in_front_of(2)
    expect(ann.page.get_by_role("list", name="Messages")).to_contain_text("The rule was deleted or changed while you dragged it.")
    both_see(two, D, C)


def test_what_has_not_been_heard_yet(two: Two) -> None:
    """Edits that are on their way when the chain changes: the place goes with its rule; another rule is never taken."""
    ann, bob = two
    ann.slow = True
    bob.delete(1)
    ann.chains.rules("INPUT").nth(2).click()
    ann.chains.panel.get_by_role("button", name="Add rule").click()  # below C, in front of D: number 4 as far as Ann knows
    ann.chains.text().fill(MINE)
    ann.chains.text().press("Enter")
    bob.chains.expect_rules("INPUT", B, C, MINE, D)
    ann.hear()
    both_see(two, B, C, MINE, D)
    ann.slow = True
    bob.delete(1)
    bob.chains.expect_rules("INPUT", C, MINE, D)
    ann.delete(2)  # C, which is number 1 now
    ann.hear()
    expect(ann.page.get_by_role("list", name="Messages")).to_contain_text("the rule you meant is now number 1")
    both_see(two, C, MINE, D)
