"""No text that people see is left without a translation, because nobody marked it for one."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from cashman_project.api.tests.pages import BROWSER, Node, Page
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

from .marked import BEGIN, END, LANGUAGE, marked_texts

# Texts of one's own in Greek letters, and otherwise what is the same in every language.
NAME = "\u03bb\u03cc\u03b3\u03bf\u03c2"
SAME = re.compile(
    r"\b(Cashman|Mvdol|JSON|CSV|Excel|OFX|hledger|Beancount|SVG|API|REST|OpenAPI|UTC|curl|Django|staff|ID|Idempotency-Key|X-CSRFToken|"
    r"Search|True|False|"  # Django's own alternative texts of pictures
    r"HTTP|TOKEN|Authorization|Bearer|[A-Z]{3})\b|https?://\S+|/[a-z-/]+"
)
UNTRANSLATED = {"code", "pre", "script", "style"}
TOLD = ("alt", "aria-label", "placeholder", "title")
LATIN = re.compile(r"[A-Za-z]{3,}")
PAGES = [
    *("/", "/transactions", "/incomes", "/expenses", "/categories", "/summary", "/summary?group_by=category,month"),
    *("/transactions?search=x&category=" + NAME, "/transactions?123=1", "/transactions?date=x"),
    *(
        f"/charts/{name}"
        for name in ("income-and-expense", "categories", "years", "balance", "flow", "net-worth", "transfers")
    ),
    *("/charts/category?category=" + NAME, "/imports", "/imports/nope", "/imports/profiles", "/rules"),
    *("/me", "/tokens", "/nope", "/api-auth/login/"),
    *("/admin/", "/admin/transactions/expense/", "/admin/transactions/expense/add/", "/admin/users/user/"),
]


@pytest.fixture
def row(staff: User) -> Transaction:
    category = CategoryFactory.create(owner=staff, name=NAME)
    IncomeFactory.create(owner=staff, description=NAME, category=None)
    row: Transaction = ExpenseFactory.create(owner=staff, description=NAME, category=category, notes=NAME)
    return row


def texts(node: Node, language: str = LANGUAGE) -> Iterator[str]:
    """Yield what the element tells people: its texts, and those attributes that are read or shown."""
    if node.tag in UNTRANSLATED or node.attributes.get("lang", language) != language:
        return
    yield from (node[name] for name in TOLD if name in node.attributes)
    if node.tag == "input" and node.attributes.get("type") in ("submit", "button"):
        yield node["value"]
    has_names = node.tag == "select" and node.attributes.get("name") in ("time_zone", "language")
    for child in node.children:
        if isinstance(child, Node):
            yield from () if has_names else texts(child, language)
        else:
            yield child


def unmarked(page: Page) -> list[str]:
    """Return the lines of the page that hold words outside of marks. A mark may end in another element."""
    told = "\n".join(text.replace("\n", " ") for text in texts(page.root))
    told = re.sub(rf"{BEGIN}[^{END}\n]*\u2026", "", told)  # a chart has cut it off
    while (shorter := re.sub(f"{BEGIN}[^{BEGIN}{END}]*{END}", "", told)) != told:  # marks may be inside of marks
        told = shorter
    return [line.strip() for line in told.split("\n") if LATIN.search(SAME.sub("", line))]


@pytest.mark.parametrize("path", PAGES)
def test_every_text_of_a_page_can_be_translated(path: str, as_staff: Client, row: Transaction) -> None:
    with marked_texts():
        page = Page(as_staff.get(path, headers={"Accept": BROWSER, "Accept-Language": LANGUAGE}))

    assert any(BEGIN in text for text in texts(page.root))
    assert unmarked(page) == []
