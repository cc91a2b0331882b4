"""A browser (Debian's chromium) and a live server with the demo, for the tests marked e2e."""

from collections.abc import Callable, Iterator
from itertools import count
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

from transactions.tests.live import LiveServer, serve

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",  # which root can't have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse battery"
WIDE, NARROW = (1100, 800), (360, 740)

expect.set_options(timeout=30_000)  # milliseconds: the machine may be busy


class Visitor:
    """Somebody at a browser: `page` is what is seen. What goes wrong unseen is noted, for the fixture to judge."""

    def __init__(self, browser: Browser, url: str, size: tuple[int, int], dark: bool) -> None:
        width, height = size
        self.url = url
        self.context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
        )
        self.page: Page = self.context.new_page()
        self.expected: list[int] = []  # the statuses from 400 on that the test is about
        self.statuses: list[int] = []
        self.faults: list[str] = []
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self.faults.append(str(error.error)))
        self.context.on("request", self._on_request)
        self.context.on("response", self._on_response)

    def log_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in on the present page, which is the login page."""
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        signed_in = self.page.get_by_role("button", name="Sign out", include_hidden=True)  # behind the menu, if narrow
        expect(signed_in).to_be_attached()

    def open(self, path: str, heading: str) -> None:
        self.page.goto(path)
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    def rows(self) -> list[str]:
        """Return the text of each row of the page's table."""
        return [" ".join(text.split()) for text in self.page.locator("tbody tr").all_inner_texts()]

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium notes an answer's status there, which is looked at below.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.faults.append(message.text)

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc and not request.url.startswith("data:"):
            self.faults.append(f"request to {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.statuses.append(response.status)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the demo. Anybody may register."""
    with serve(tmp_path_factory.mktemp("e2e"), ALLOW_SIGNUP="on") as server:
        server.manage("demo")
        yield server


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, server: LiveServer) -> Iterator[Visit]:
    """Open a window, of a size and a colour scheme; at the end nothing may have gone wrong in it unseen."""
    visitors = []

    def open_window(size: tuple[int, int] = WIDE, *, dark: bool = False) -> Visitor:
        visitors.append(Visitor(browser, server.url, size, dark))
        return visitors[-1]

    yield open_window
    for visitor in visitors:
        visitor.context.close()
        assert visitor.faults == []
        assert visitor.statuses == visitor.expected


numbers = count(1)


@pytest.fixture
def newcomer(server: LiveServer) -> str:
    """The name of a user without transactions; the password is PASSWORD."""
    name = f"newcomer{next(numbers)}"
    answer = server.request("POST", "/auth/register", {"username": name, "password": PASSWORD})
    assert answer.status == 201
    return name


@pytest.fixture
def at_demo(visit: Visit) -> Visitor:
    """The user `demo`, signed in."""
    visitor = visit()
    visitor.page.goto("/api-auth/login/")
    visitor.log_in("demo", "demo")
    return visitor
