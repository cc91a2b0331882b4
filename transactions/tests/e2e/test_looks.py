"""What the pages look like: narrow and wide, light and dark. The README's pictures are taken here."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from playwright.sync_api import expect

from transactions.tests.e2e.conftest import NARROW, PASSWORD, WIDE, Visit, Visitor
from transactions.tests.live import LiveServer

pytestmark = [pytest.mark.e2e, pytest.mark.live]

PLACES = [
    "/",
    "/transactions",
    "/transactions?search=pizza&currency=USD",
    "/transactions?amount_min=-5&date=1899-12-31&updated_after=x",
    "/transactions?search=zzz",
    "/categories",
    "/summary?group_by=month,category",
    "/me",
    "/tokens",
    "/nope",
    "/api-auth/login/",
]
MOST_BYTES = 150_000  # of a picture

# The text on the page whose contrast with its background is below 4.5 (WCAG 2.1, 1.4.3).
FAINT = """() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number)
  const luminance = colour => numbers(colour).slice(0, 3)
    .map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor
      if ((numbers(colour)[3] ?? 1) === 1) return colour
    }
  }
  const faint = []
  for (const node of document.body.querySelectorAll("*")) {
    const text = [...node.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("")
    if ((!text && !node.matches("input, select, textarea")) || !node.checkVisibility()) continue
    const [low, high] = [getComputedStyle(node).color, behind(node)].map(luminance).sort((a, b) => a - b)
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(node.outerHTML)
  }
  return faint
}"""


def overflow(visitor: Visitor) -> int:
    """Return how many pixels of the page are beyond the window's right edge."""
    pixels: int = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return pixels


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_a_page_fits_its_window_and_can_be_read(visit: Visit, size: tuple[int, int], dark: bool) -> None:
    visitor = visit(size, dark=dark)
    visitor.page.goto("/api-auth/login/")
    visitor.log_in("demo", "demo")

    for place in PLACES:
        visitor.page.goto(place)
        for summary in visitor.page.locator("summary").all():
            if summary.is_visible() and summary.evaluate("node => !node.parentElement.open"):
                summary.click()
        assert overflow(visitor) == 0, place
        assert visitor.page.evaluate(FAINT) == [], place
        paper = visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert paper == ("rgb(19, 24, 28)" if dark else "rgb(246, 246, 243)")
    visitor.expected = [400, 404]


@pytest.mark.parametrize("place", ["/summary", "/summary?search=pizza", "/incomes", "/categories"])
def test_that_there_is_nothing_stands_apart_from_what_is_above(place: str, visit: Visit, newcomer: str) -> None:
    visitor = visit()
    visitor.page.goto(f"/api-auth/login/?next={quote(place)}")
    visitor.log_in(newcomer)

    gap: float = visitor.page.locator(".empty").evaluate(
        "node => node.getBoundingClientRect().top - node.previousElementSibling.getBoundingClientRect().bottom"
    )
    assert gap == 20


def test_long_texts_fit_a_narrow_window(visit: Visit, newcomer: str, server: LiveServer) -> None:
    credentials = {"username": newcomer, "password": PASSWORD}
    token = server.request("POST", "/auth/token", credentials).json()["access"]
    row = {"description": "d" * 200, "amount": "99999999999.99", "category": "c" * 100, "notes": "n" * 2000}
    assert server.request("POST", "/categories", {"name": row["category"]}, token=token).status == 201
    created = server.request("POST", "/expenses", row, token=token)
    visitor = visit(NARROW)
    visitor.page.goto("/api-auth/login/")
    visitor.log_in(newcomer)

    places = ("/expenses", f"/expenses/{created.json()['id']}", "/categories", "/summary?group_by=category,month")
    for place in places:
        visitor.page.goto(place)
        assert overflow(visitor) == 0, place
    visitor.page.goto("/expenses")
    visitor.page.locator("tbody td.number").scroll_into_view_if_needed()
    expect(visitor.page.locator("tbody td.number")).to_be_in_viewport(ratio=0.99)  # but for a part of a pixel


def test_the_pictures_of_the_readme(visit: Visit, at_demo: Visitor, tmp_path: Path) -> None:
    """Each fits; with SCREENSHOTS in the environment, they are put where README.md shows them."""
    directory = settings.BASE_DIR / "docs" / "screenshots" if os.environ.get("SCREENSHOTS") else tmp_path
    directory.mkdir(exist_ok=True)

    def take(visitor: Visitor, name: str) -> None:
        visitor.page.wait_for_load_state()
        visitor.page.mouse.move(0, 0)
        visitor.page.screenshot(path=directory / f"{name}.png")
        assert 5_000 < (directory / f"{name}.png").stat().st_size < MOST_BYTES

    at_demo.open("/", "This month")
    take(at_demo, "dashboard")
    at_demo.open("/transactions", "Transactions")
    take(at_demo, "transactions")
    at_demo.open("/summary", "Summary")
    take(at_demo, "summary")
    at_demo.page.goto("/charts/flow")
    take(at_demo, "flow")
    at_demo.open("/expenses", "Expenses")
    at_demo.page.get_by_text("New expense").click()
    at_demo.page.get_by_label("Description").fill("coffee")
    at_demo.page.get_by_label("Amount *").fill("4.205")
    at_demo.page.get_by_label("Date").fill("2026-11-20")
    at_demo.page.get_by_role("button", name="Save").click()
    at_demo.expected = [400]
    expect(at_demo.page.get_by_label("Amount *")).to_be_focused()
    take(at_demo, "form")

    telephone = visit(NARROW, dark=True)
    telephone.page.goto("/api-auth/login/?next=/expenses")
    telephone.log_in("demo", "demo")
    take(telephone, "narrow-dark")
