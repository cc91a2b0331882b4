"""Nothing is cut, beyond the window or on top of another text on a telephone, in the languages that need most room."""

import pytest
from django.conf import settings

from transactions.tests.e2e.conftest import NARROW, Visit, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.live]

OF_NOBODY = ["/api-auth/login/", "/admin/login/", "/me", "/"]
OF_DEMO = [
    "/",
    "/transactions",
    "/expenses?amount_min=x&date=1899-12-31",
    "/categories",
    "/rules?words=supermarket",
    "/accounts",
    "/transfers",
    "/transfers/proposals",
    "/summary?group_by=month",
    "/summary?group_by=month,category",
    *(f"/charts/{name}" for name in ("income-and-expense", "categories", "category?category=Groceries", "years")),
    *(f"/charts/{name}" for name in ("balance", "flow", "net-worth", "transfers")),
    "/me",
    "/tokens",
    "/nope",
]
OF_STAFF = ["/admin/", "/admin/transactions/transaction/", "/admin/transactions/expense/add/", "/admin/users/user/"]

# What is wrong on the page, one line each. What scrolls by itself, such as a wide table, may be wider than the window.
WRONG = """() => {
  const root = document.documentElement, wrong = [], short = node => node.outerHTML.slice(0, 160)
  if (root.scrollWidth > root.clientWidth) wrong.push(`the page is ${root.scrollWidth} pixels wide`)
  const style = node => getComputedStyle(node)
  const within = (node, test) => node && node !== document.body && (test(node) || within(node.parentElement, test))
  const clipped = node => style(node).clipPath !== "none" || style(node).clip !== "auto"
  const unseen = node => !node.checkVisibility() || within(node, clipped)
  const scrolls = node => within(node, n => ["auto", "scroll"].includes(style(n).overflowX))
  const LABELS = "button, .button, input[type=submit], summary, label, legend, caption, th, h1, h2, h3, .chip, nav a"
  for (const node of document.body.querySelectorAll("*")) {
    if (unseen(node) || node.closest("svg") || !node.textContent.trim()) continue
    const {left, right} = node.getBoundingClientRect()
    if ((left < -1 || right > root.clientWidth + 1) && !scrolls(node)) wrong.push(`beyond the window: ${short(node)}`)
    const hides = ["hidden", "clip"].includes(style(node).overflowX)
    if ((hides || node.matches(LABELS)) && node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
      wrong.push(`cut: ${short(node)}`)
  }
  for (const svg of document.querySelectorAll("svg")) {
    if (!svg.checkVisibility()) continue
    const edge = svg.getBoundingClientRect()
    const texts = [...svg.querySelectorAll("text")].map(node => [node.textContent, node.getBoundingClientRect()])
    texts.forEach(([words, box], index) => {
      if (box.left < edge.left - 1 || box.right > edge.right + 1) wrong.push(`beyond its chart: ${words}`)
      for (const [others, other] of texts.slice(index + 1)) {
        const wide = Math.min(box.right, other.right) - Math.max(box.left, other.left)
        const high = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top)
        if (wide > 1 && high > 4) wrong.push(`on top of each other: ${words} / ${others}`)
      }
    })
  }
  return wrong
}"""


def look_at(visitor: Visitor, paths: list[str]) -> dict[str, list[str]]:
    """Return what is wrong on each of the pages, with everything opened that can be opened."""
    found: dict[str, list[str]] = {}
    for path in paths:
        visitor.page.goto(path)
        for summary in visitor.page.locator("summary").all():
            if summary.is_visible() and summary.evaluate("node => !node.parentElement.open"):
                summary.click()
        found[path] = visitor.page.evaluate(WRONG)
        visitor.page.locator(".open").click()
        found[f"{path} with the menu"] = visitor.page.evaluate(WRONG)
    return {path: wrong for path, wrong in found.items() if wrong}


@pytest.mark.parametrize("language", ["de", "ru", "ja", "ar"])
def test_nothing_is_cut_on_a_telephone(language: str, visit: Visit) -> None:
    found: dict[str, list[str]] = {}
    for name, paths in (("", OF_NOBODY), ("demo", OF_DEMO), ("admin", OF_STAFF)):
        visitor = visit(NARROW)
        if name:
            visitor.page.goto("/api-auth/login/")
            visitor.log_in(name, name)
        visitor.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": visitor.url}])
        found |= look_at(visitor, paths)
        visitor.expected = {"": [401], "demo": [400, 404]}.get(name, [])
        assert visitor.page.locator("html").get_attribute("lang") == language

    assert found == {}, "\n".join(f"{path}: {line}" for path, lines in found.items() for line in lines)
