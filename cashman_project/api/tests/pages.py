"""A page as a browser sees it, and a browser that sends its forms."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils.html import VOID_ELEMENTS

from users.models import User

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Node:
    """An element of a page: `tag`, `attributes`, and nodes and texts as `children`."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: "Node | None" = None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children: list[Node | str] = []

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def all(self, tag: str, **attributes: str) -> "list[Node]":
        """Return the elements of that tag, in their order, whose attributes hold these (words of) values."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            node
            for node in self._nodes()
            if node.tag == tag
            and all(name in node.attributes and _holds(node[name], value) for name, value in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> "Node":
        """Return the only such element."""
        [node] = self.all(tag, **attributes)
        return node

    @property
    def text(self) -> str:
        """The text that the element shows, its white space folded."""
        return " ".join(self.raw_text.split())

    @property
    def raw_text(self) -> str:
        return "".join(child if isinstance(child, str) else child.raw_text for child in self.children)

    def _nodes(self) -> "Iterator[Node]":
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child._nodes()


def _holds(present: str, wanted: str) -> bool:
    return wanted == present or wanted in present.split()


class Page(HTMLParser):
    """The document of a response; raises AssertionError if its tags don't match."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        assert response["Content-Type"] == "text/html; charset=utf-8", response.content
        self.status = response.status_code
        self.source: str = response.content.decode()
        self.root = self._open = Node("", {})
        self.feed(self.source)
        self.close()
        assert self._open is self.root, f"<{self._open.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("option", "optgroup"):
            self._end_option()
        node = Node(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(node)
        if tag not in VOID_ELEMENTS:
            self._open = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_ELEMENTS:  # of an SVG
            self.handle_endtag(tag)

    def _end_option(self) -> None:
        """Close an option without an end tag. Its value is its text if it names none."""
        if self._open.tag == "option":
            self._open.attributes.setdefault("value", self._open.text)
            self.handle_endtag("option")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("optgroup", "select", "datalist"):
            self._end_option()
        assert tag == self._open.tag, f"</{tag}> closes <{self._open.tag}>"
        assert self._open.parent is not None
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)

    @property
    def main(self) -> Node:
        return self.root.one("main")

    def rows(self) -> list[list[str]]:
        """Return the texts of the table's cells, row by row, without its head. A cell that spans several rows is in the
        first of them."""
        rows = self.main.one("tbody").all("tr")
        return [[cell.text for cell in row.children if isinstance(cell, Node)] for row in rows]

    def errors(self) -> dict[str, str]:
        """Return what is said beside inputs, by their names."""
        told = {}
        for tag in ("input", "select", "textarea"):
            for node in self.main.all(tag, aria_invalid="true"):
                told[node["name"]] = self.main.one("p", id=node["aria-describedby"]).text
        return told


def fields(form: Node) -> dict[str, str]:
    """Return what the form sends if nothing is changed in it."""
    inputs = [node for node in form.all("input") if not _is_left_out(node)]
    sent = {node["name"]: node.attributes.get("value", "on" if _is_box(node) else "") for node in inputs}
    for node in form.all("textarea"):
        sent[node["name"]] = node.raw_text.removeprefix("\n").replace("\n", "\r\n")
    for node in form.all("select"):
        options = node.all("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        sent[node["name"]] = chosen[0].attributes.get("value", chosen[0].text)
    return sent


def _is_box(node: Node) -> bool:
    return node.attributes.get("type") in ("checkbox", "radio")


def _is_left_out(node: Node) -> bool:
    return _is_box(node) and "checked" not in node.attributes


def form_of(page: Page, method: str) -> Node:
    """Return the page's only form that names this method."""
    [form] = [form for form in page.main.all("form") if fields(form).get("_method") == method]
    return form


class Browser:
    """A browser in which `user`, if any, is signed in, and which sends the CSRF tokens of the pages."""

    def __init__(self, user: User | None = None, language: str = "en") -> None:
        self.client = Client(enforce_csrf_checks=True, headers={"Accept": BROWSER, "Accept-Language": language})
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str, status: int = 200) -> Page:
        """Return the page at the path; fail unless it has this status."""
        page = Page(self.client.get(path))
        assert page.status == status
        return page

    def send(self, form: Node, **changes: str | list[str]) -> Any:
        """Send the form, with these of its inputs changed; return the response. The form has a method and an action."""
        sent = fields(form)
        others = [node for node in form.all("input") if _is_box(node)] + form.all("button")
        assert changes.keys() <= sent.keys() | {node.attributes.get("name") for node in others}
        return self.client.post(
            form["action"], urlencode(sent | changes, doseq=True), "application/x-www-form-urlencoded"
        )

    def follow(self, response: Any) -> Page:
        """Return the page that the response to an accepted form leads to."""
        assert (response.status_code, response.content) == (303, b"")
        return self.get(response["Location"])
