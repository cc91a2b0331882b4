"""Forms of HTML pages, filled and sent as a browser does it."""

from html.parser import HTMLParser
from typing import Any


def fields_of(response: Any, form_id: str) -> dict[str, list[str]]:
    """Return what a browser would send of the page's form if nobody touched it: the values of each name."""
    parser = _FormParser(form_id)
    parser.feed(response.content.decode())
    assert parser.found, f"The page has no form #{form_id}."
    return parser.fields


class _FormParser(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.fields: dict[str, list[str]] = {}
        self.found = self.inside = False
        self.select = self.textarea = self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.form_id
            self.found |= self.inside
        name = given.get("name", "")
        if not self.inside or not (name or tag == "option"):
            return
        if tag == "select":
            self.select = name
        elif tag == "option" and "selected" in given:
            self._add(self.select, given.get("value", ""))
        elif tag == "textarea":
            self.textarea, self.text = name, ""
        elif tag == "input" and given.get("type") not in ("submit", "button"):
            chosen = given.get("type") in ("checkbox", "radio")
            if not chosen or "checked" in given:
                self._add(name, given.get("value", "on" if chosen else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "textarea" and self.textarea:
            self._add(self.textarea, self.text.removeprefix("\n"))  # the one after the opening tag is none
            self.textarea = ""

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.text += data

    def _add(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\n", "\r\n"))
