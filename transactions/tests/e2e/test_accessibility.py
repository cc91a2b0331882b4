"""axe-core, which looks for what breaks WCAG 2.2 AA, finds nothing on any page, wide or narrow, light or dark."""

from collections.abc import Iterable, Mapping

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from transactions.tests.e2e.conftest import NARROW, Visit, Visitor
from transactions.tests.e2e.test_forms import make_token
from transactions.tests.e2e.test_looks import overflow

pytestmark = [pytest.mark.e2e, pytest.mark.live]

Rules = Mapping[str, object]  # as options of axe.run()

WIDE = (1200, 800)
CHARTS = [
    "income-and-expense",
    "categories",
    "category?category=Groceries",
    "years",
    "balance",
    "flow",
    "net-worth",
    "transfers",
]
# By path, the status of a page that shows an error.
OF_DEMO: dict[str, int | None] = {
    "/": None,
    "/transactions": None,
    "/transactions?category=Groceries&date_after=2026-10-01&date_before=2026-10-31": None,
    "/transactions?search=zzz": None,
    "/transactions?amount_min=x&date=1899-12-31": 400,
    "/expenses": None,
    "/categories": None,
    "/accounts": None,
    "/transfers": None,
    "/transfers/proposals": None,
    "/imports": None,
    "/rules": None,
    "/rules?words=supermarket&category=Groceries": None,
    "/imports/profiles": None,
    "/summary": None,
    "/summary?group_by=month,category": None,
    **{f"/charts/{chart}": None for chart in CHARTS},
    "/revisions": None,
    "/revisions/1": None,
    "/me": None,
    "/auth/password": 405,
    "/tokens": None,
    "/nope": 404,
    "/transactions/nope": 404,
}
OF_A_NEWCOMER = [
    "/",
    "/transactions",
    "/categories",
    "/accounts",
    "/transfers",
    "/imports",
    "/rules",
    "/imports/profiles",
    "/summary",
    "/charts/income-and-expense",
    "/tokens",
    "/revisions",
]
OF_NOBODY = ["/docs", "/me", "/api-auth/login/", "/admin/login/", "/"]
OF_STAFF = ["/admin/", "/admin/transactions/transaction/", "/admin/transactions/transaction/add/", "/admin/users/user/"]
CHANGED = ["/admin/transactions/transaction/", "/admin/transactions/category/", "/admin/users/user/"]

# Beside what axe-core does by itself: targets of at least 24 by 24 pixels, or with space around them.
RULES = {"rules": {"target-size": {"enabled": True}}}
OF_LAYOUT = {"runOnly": ["color-contrast", "scrollable-region-focusable", "target-size"]}
OF_COLOURS = {"runOnly": ["color-contrast"]}


def violations(page: Page, rules: Rules = RULES) -> list[str]:
    """Return what axe-core finds on the page: the name of each broken rule, and the element that breaks it."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False, **rules}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def look_at(visitor: Visitor, paths: Iterable[str]) -> None:
    """Open each page once, and look at it."""
    found = []
    for path in paths:
        visitor.page.goto(path)
        if path == "/docs":
            expect(visitor.page.get_by_role("button", name="GET /ping").first).to_be_visible()
        found += [f"{path}, {fault}" for fault in faults(visitor)]
    assert found == []


def faults(visitor: Visitor) -> list[str]:
    """Look at the present page wide, then narrow. Nothing may be beyond the window's right edge.

    A rule is tried again only if its result can be another one in a narrow window or in the dark.
    """
    visitor.page.wait_for_load_state("load")  # or the page may still lack its styles
    is_dark = visitor.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    found = []
    for name, (width, height), rules in (("wide", WIDE, RULES), ("narrow", NARROW, OF_LAYOUT)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        broken = violations(visitor.page, OF_COLOURS if is_dark else rules) + overflows(visitor)
        found += [f"{name}: {fault}" for fault in broken]
    visitor.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    return found


def overflows(visitor: Visitor) -> list[str]:
    return [f"{pixels} pixels are cut off"] if (pixels := overflow(visitor)) else []


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def visitor(request: pytest.FixtureRequest, visit: Visit) -> Visitor:
    visitor = visit(WIDE, dark=request.param)
    visitor.page.goto("/api-auth/login/")
    return visitor


def test_pages_with_many_transactions(visitor: Visitor) -> None:
    visitor.log_in("demo", "demo")

    look_at(visitor, OF_DEMO)
    visitor.expected = [status for status in OF_DEMO.values() if status]


def test_a_record_its_forms_and_a_category(visitor: Visitor) -> None:
    visitor.log_in("demo", "demo")
    page = visitor.page
    paths = []
    for path in ("/transactions", "/categories"):
        page.goto(path)
        paths.append(page.locator("td.main a, tbody th a").first.get_attribute("href") or "")
    look_at(visitor, [*paths, f"{paths[0].partition('?')[0]}/history"])

    page.goto(paths[0])
    for tool in page.locator("details > summary").all():
        if tool.is_visible():
            tool.click()
    assert violations(page) + overflows(visitor) == []
    page.get_by_label("Amount").first.fill("x")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("[aria-invalid]")).to_be_visible()
    assert violations(page) + overflows(visitor) == []
    visitor.expected = [400]


def test_an_account_its_register_and_what_its_bank_says(visitor: Visitor) -> None:
    visitor.log_in("demo", "demo")
    page = visitor.page
    page.goto("/accounts")
    register = page.get_by_role("link", name="Checking", exact=True).get_attribute("href") or ""
    account = register.removesuffix("/register")
    page.goto("/transfers")
    transfer = page.locator("td.main a").first.get_attribute("href") or ""
    checks = [f"{account}/checks?date=2026-11-15&balance={balance}" for balance in ("1", "22359.59")]

    look_at(visitor, [account, register, *checks, f"{account}/checks/2026-10-31", transfer])
    page.goto(register)
    for tool in page.locator("details > summary").all():
        if tool.is_visible():
            tool.click()
    assert violations(page) + overflows(visitor) == []


def test_pages_of_a_newcomer(visitor: Visitor, newcomer: str) -> None:
    visitor.log_in(newcomer)

    look_at(visitor, OF_A_NEWCOMER)


def test_pages_of_nobody_in_particular(visitor: Visitor) -> None:
    look_at(visitor, OF_NOBODY)
    visitor.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    visitor.page.get_by_role("button", name="Menu").click()
    expect(visitor.page.get_by_role("link", name="Categories").first).to_be_visible()
    assert violations(visitor.page) == []
    visitor.expected = [401]


def test_pages_of_the_admin(visitor: Visitor) -> None:
    visitor.log_in("admin", "admin")

    look_at(visitor, OF_STAFF)
    forms = []
    for path in CHANGED:
        visitor.page.goto(path)
        forms.append(visitor.page.locator("#result_list tbody th a").first.get_attribute("href") or "")
    look_at(visitor, [*forms, forms[0].partition("?")[0].replace("/change/", "/history/")])


def test_the_page_of_a_new_token(visitor: Visitor, newcomer: str) -> None:
    visitor.log_in(newcomer)
    visitor.page.goto("/tokens")
    make_token(visitor.page)

    assert faults(visitor) == []
    visitor.page.goto("/tokens")
    visitor.page.locator("details.confirm > summary").click()
    assert faults(visitor) == []


def test_a_conflict(visitor: Visitor, newcomer: str) -> None:
    visitor.log_in(newcomer)
    page = visitor.page
    page.goto("/transactions")
    page.get_by_label("Amount").first.fill("5")
    page.get_by_label("Description").fill("coffee")
    page.get_by_role("button", name="Save").click()
    page.locator("td.main a").first.click()
    other = visitor.context.new_page()
    other.goto(page.url)
    for window, text in ((other, "theirs"), (page, "mine")):
        window.get_by_text("Change", exact=True).click()
        window.locator("#change-description").fill(text)
        window.locator("#change-notes").fill(text)
        window.locator("details[open]").get_by_role("button", name="Save").click()
        window.wait_for_load_state()

    expect(page.get_by_label("Take this")).to_have_count(2)
    assert faults(visitor) == []
    visitor.expected = [412]


def test_undo_and_what_is_deleted(visitor: Visitor, newcomer: str) -> None:
    visitor.log_in(newcomer)
    page = visitor.page
    page.goto("/transactions")
    page.get_by_label("Amount").first.fill("5")
    page.get_by_label("Description").fill("coffee")
    page.get_by_role("button", name="Save").click()
    page.locator("td.main a").click()
    row = page.url
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert faults(visitor) == []
    page.goto(row)
    assert faults(visitor) == []
    other = visitor.context.new_page()
    other.goto(row)
    for window in (page, other):
        window.get_by_role("button", name="Restore").click()
        window.wait_for_load_state()

    expect(page.get_by_role("heading", level=2, name="History")).to_be_visible()
    assert faults(visitor) == []
    visitor.page = other
    expect(other.get_by_role("heading", level=1)).to_have_text("This is undone already")
    assert faults(visitor) == []
    visitor.expected = [404, 404, 409]


def test_a_form_that_was_kept(visitor: Visitor, newcomer: str) -> None:
    visitor.log_in(newcomer)
    page = visitor.page
    page.goto("/transactions")
    page.get_by_label("Amount").first.fill("5")
    page.get_by_label("Description").fill("coffee")
    visitor.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    assert faults(visitor) == []

    visitor.log_in(newcomer)

    expect(page.get_by_role("heading", level=1)).to_have_text("Save what you typed")
    assert faults(visitor) == []
    visitor.expected = [401]
