"""Every chart, also of data that is hard to draw, is well-formed, small, readable and says what it shows."""

import re
from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from ..charts import columns
from ..charts.frame import PHONE, WIDE, Canvas, Heading, Key, header
from ..charts.ranking import MOST, Group
from ..charts.styles import STYLES
from ..charts.texts import cut, width
from .drawings import EMPTY, HARD, LONG, USUAL, Draw, categories, category, groups_of, money_flow, months, sums_of

ALL = {
    **{f"usual {name}": draw for name, draw in USUAL.items()},
    **{f"empty {name}": draw for name, draw in EMPTY.items()},
    **HARD,
}
MARKS = {"income", "expense", "accent", "before", "net", "curve", "flow"}  # the styles of what stands for an amount
SIZES = {"title": 17 * 1.1, "small": 12, "strong": 13 * 1.1}
SVG = "{http://www.w3.org/2000/svg}"

SUMS = sums_of(12, 180, 640)

charts = pytest.mark.parametrize("name", ALL)
sizes = pytest.mark.parametrize("size", [WIDE, PHONE, 320, 1600])


def parsed(draw: Draw, size: int = WIDE) -> ET.Element:
    return ET.fromstring(draw(Canvas(size)))  # noqa: S314  # our own


def styles_of(element: ET.Element) -> set[str]:
    return set(element.get("class", "").split())


def texts(root: ET.Element) -> Iterator[tuple[str, float, float, float]]:
    """Yield each text with its left and right end and its baseline, as wide as it is guessed to be."""
    for element in root.iter(f"{SVG}text"):
        parts = list(element.iter(f"{SVG}tspan")) or [element]
        content = " ".join(part.text or "" for part in parts)
        size = SIZES.get((element.get("class") or "").split(" ")[0], 13)
        x, y, long = float(element.get("x", 0)), float(element.get("y", 0)), width(content, size)
        left = x - {"start": 0.0, "middle": long / 2, "end": long}[element.get("text-anchor", "start")]
        yield content, left, left + long, y


@charts
@sizes
def test_it_is_well_formed_and_small(name: str, size: int) -> None:
    content = ALL[name](Canvas(size))

    root = ET.fromstring(content)  # noqa: S314  # our own
    assert root.get("viewBox", "").split()[:3] == ["0", "0", str(size)]
    assert len(content.encode("utf-8")) < 30_000
    assert float(root.get("height", 0)) < 1_000


@charts
def test_it_says_what_it_shows(name: str) -> None:
    root = parsed(ALL[name])

    title, description = root[0], root[1]
    assert (root.get("role"), title.tag, description.tag) == ("img", f"{SVG}title", f"{SVG}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text
    assert description.text == "What it shows."


@charts
def test_it_needs_nothing_else(name: str) -> None:
    """No script, no other file, and no style but the sheet that the Content-Security-Policy allows."""
    content = ALL[name](Canvas())
    root = parsed(ALL[name])

    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "line", "path", "circle", "text", "tspan", "g"),
    }
    assert not re.search(r'\s(on\w+|href|style|src)="|url\(|@import', content)
    assert [style.text for style in root.iter(f"{SVG}style")] == [STYLES]


@charts
def test_every_mark_is_under_a_tooltip(name: str) -> None:
    root = parsed(ALL[name])
    targets = [element for element in root.iter() if "target" in styles_of(element)]
    covered = {mark for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None for mark in group.iter()}

    assert all(target.findtext(f"{SVG}title") for target in targets)
    for element in root.iter():
        if element not in covered and styles_of(element) & MARKS and element.tag != f"{SVG}line":
            x = first_number(element)
            is_key = styles_of(element) <= {"income", "expense", "accent", "before"} and element.get("height") == "12"
            left = [float(target.get("x", 0)) for target in targets]
            right = [float(target.get("x", 0)) + float(target.get("width", 0)) for target in targets]
            assert is_key or any(a - 0.2 <= x <= b + 0.2 for a, b in zip(left, right, strict=True)), element.attrib


def first_number(element: ET.Element) -> float:
    return float(element.get("x") or first_number_of(element.get("d", "")))


def first_number_of(path: str) -> float:
    return float(re.findall(r"-?[\d.]+", path)[0])


@charts
@sizes
def test_no_text_leaves_the_card_or_touches_another(name: str, size: int) -> None:
    found = list(texts(parsed(ALL[name], size)))

    assert [text for text in found if text[1] < 0 or text[2] > size + 0.5] == []
    for index, (content, left, right, y) in enumerate(found):
        for other, other_left, other_right, other_y in found[index + 1 :]:
            apart = abs(y - other_y) >= 11 or right <= other_left + 0.5 or other_right <= left + 0.5
            assert apart, (content, other)


@pytest.mark.parametrize("name", EMPTY)
def test_no_data_is_said_in_words(name: str) -> None:
    words = [content for content, *_place in texts(parsed(EMPTY[name]))]

    assert words[-1] == "Nothing came in or went out in this time."


def test_whatever_a_category_is_called_is_shown_whole_in_its_tooltip() -> None:
    titles = [element.text for element in parsed(HARD["categories, long names"]).iter(f"{SVG}title")]

    for name in LONG[:5]:
        assert any(title and title.startswith(f"{name}\n") for title in titles)
    assert any(title and title.startswith("half an emoji \ufffd and a control \ufffd\n") for title in titles)


@pytest.mark.parametrize("evil", ["</title><script>alert(1)</script>", '" onload="alert(1)', "&lt;b&gt;", "<!--"])
def test_a_name_is_text_and_nothing_else(evil: str) -> None:
    group = Group(evil, Decimal(7))
    for draw in (categories([group]), money_flow([group], [group]), category(SUMS, evil)):
        tags = [element.tag for element in parsed(draw).iter()]
        plain = draw(Canvas())
        assert f"{SVG}script" not in tags
        assert f"{evil}\n" in "".join(f"{element.text}\n" for element in parsed(draw).iter())
        assert evil == "&lt;b&gt;" or evil not in plain


def test_more_groups_than_fit_are_joined_and_their_sum_is_kept() -> None:
    titles = [element.text or "" for element in parsed(HARD["categories of 400"]).iter(f"{SVG}title")]

    assert titles[-1].startswith("Other (389)\n")
    shown = [Decimal(re.findall(r"\n([\d,.]+) ", title)[0].replace(",", "")) for title in titles[1:]]
    assert sum(shown) == sum(group.amount for group in groups_of(400))
    assert len(shown) == MOST


@pytest.mark.parametrize(("size", "number"), [(WIDE, 34), (PHONE, 34)])
def test_more_periods_than_fit_are_added_up(size: int, number: int) -> None:
    root = parsed(HARD["category of 400"], size)
    titles = [element.findtext(f"{SVG}title") or "" for element in root.iter() if "target" in styles_of(element)]

    assert len(titles) == number
    assert titles[0].startswith("December 2025 \u2013 November 2026\n")
    shown = [Decimal(title.rpartition(" ")[2].replace(",", "")) for title in titles]
    assert sum(shown) == sum(row.amount for row in sums_of(400, 200, 640))


@pytest.mark.parametrize("number", [36, 37, 60])
def test_the_average_is_that_of_what_a_column_stands_for(number: int) -> None:
    draw = category([columns.Sum(month, Decimal(100)) for month in months(number)])
    wide, narrow = ([content for content, *_place in texts(parsed(draw, size))] for size in (WIDE, PHONE))

    assert "Average per month 100.00" in wide
    assert ("Average per month 100.00" if number == 36 else "Average per 2 months 200.00") in narrow


def test_what_is_tiny_beside_a_huge_amount_is_still_seen() -> None:
    for name in ("categories, one huge", "flow, one huge", "transfers, one huge"):
        bars = [element for element in parsed(HARD[name]).iter() if styles_of(element) & {"accent", "expense"}]
        assert min(min(float(bar.get("width", 9)), float(bar.get("height", 9))) for bar in bars) >= 1.5


def test_all_flows_fit_the_middle() -> None:
    for name in ("flow, one huge", "flow of 400", "flow, spent more"):
        root = parsed(HARD[name])
        [hub] = [element for element in root.iter() if styles_of(element) == {"hub"}]
        bottom = float(hub.get("y", 0)) + float(hub.get("height", 0))
        flows = [element.get("d", "") for element in root.iter() if "flow" in styles_of(element)]
        right = [re.findall(r"-?[\d.]+", path) for path in flows if first_number_of(path) > float(hub.get("x", 0))]
        assert max(float(path[1]) + float(path[8]) for path in right) <= bottom + 0.2


@pytest.mark.parametrize("text", ["", "Food", *LONG])
@pytest.mark.parametrize("room", [20, 60, 200, 5_000])
def test_a_text_is_cut_to_fit(text: str, room: float) -> None:
    shown = cut(text, 13, room)

    assert width(shown, 13) <= room
    assert shown == text or (shown.endswith("\u2026") and text.startswith(shown[:-1].rstrip()))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_sum_in_the_legend_stays_beside_its_name(mirrored: bool) -> None:
    """Its name is first in the direction of the page, whatever the direction of its letters is."""
    heading = Heading("Title", "", "", "")
    canvas = Canvas(WIDE, "wide", mirrored)
    for name in ("Food", "\u062f\u062e\u0644"):
        drawn, _below = header(canvas, heading, [Key("income", name, "12.00")])
        words = ["".join(text.itertext()) for text in ET.fromstring(f"<g>{drawn}</g>").iter("text")][-1]  # noqa: S314

        said = name if name == "Food" else f"\u2068{name}\u2069"
        assert words == (f"12.00\u00a0\u00a0{said}" if mirrored else f"{said}\u00a0\u00a012.00")


@charts
def test_a_mirrored_chart_is_drawn_alike_and_turned_as_a_whole(name: str) -> None:
    plain, mirrored = (ET.fromstring(ALL[name](Canvas(WIDE, "wide", turned))) for turned in (False, True))  # noqa: S314

    def marks(root: ET.Element) -> list[tuple[str, dict[str, str]]]:
        return [(mark.tag, mark.attrib) for tag in ("rect", "line", "path", "circle") for mark in root.iter(SVG + tag)]

    assert marks(plain) == marks(mirrored)
    assert [group.get("transform") for group in mirrored if group.tag == f"{SVG}g"] == [
        f"translate({WIDE}) scale(-1 1)"
    ]
    assert all(text in list(mirrored[-1].iter()) for text in mirrored.iter(f"{SVG}text"))


def test_a_letter_is_not_cut_from_its_accents() -> None:
    for room in range(12, 120):
        assert cut("e\u0301" * 100, 13, room)[:-1].count("e") == cut("e\u0301" * 100, 13, room)[:-1].count("\u0301")
