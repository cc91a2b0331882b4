"""Zips of CAMT files."""

import io
import zipfile

import pytest

from statements.formats import zips
from statements.formats.limits import BYTES, MEMBERS
from statements.formats.results import Line, Skipped
from statements.tests.compared import OWN
from statements.tests.test_formats import CAMT, items_of, refusal

REPORT = (OWN / "camt" / "052v6-report.xml").read_bytes()


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def test_all_files_of_a_zip_are_read_by_their_names() -> None:
    second = REPORT.replace(b"2026-02-05", b"2026-02-06")
    items = items_of(
        packed({"month/b.xml": second, "month/a.xml": REPORT, "__MACOSX/._a.xml": b"?", ".DS_Store": b"?"})
    )
    assert [str(item.date) for item in items if isinstance(item, Line)] == ["2026-02-05", "2026-02-06"]


def test_what_is_no_camt_in_a_zip_is_told() -> None:
    items = items_of(packed({"a.xml": REPORT, "a.pdf": b"%PDF", "notes.txt": b"hello"}))
    told = [str(item.message) for item in items if isinstance(item, Skipped)]
    assert told == [f"“{name}” in the zip is not a CAMT file. Send it by itself." for name in ("a.pdf", "notes.txt")]


REFUSED = {
    "nothing to read": (packed({"notes.txt": b"hello"}), "no CAMT file"),
    "a zip": (packed({"a.zip": packed({"a.xml": REPORT})}), "is a zip itself"),
    "a spreadsheet": (packed({"[Content_Types].xml": b"<x/>"}), "spreadsheet"),
    "bzip2": (packed({"a.xml": REPORT}, zipfile.ZIP_BZIP2), "unusual way"),
    "many files": (packed({f"{number}.xml": b"" for number in range(7_000)}), f"more than {MEMBERS} files"),
    "some files too many": (
        packed({f"{number}.xml": b"" for number in range(MEMBERS + 1)}),
        f"more than {MEMBERS} files",
    ),
    "its list cut off": (packed({"a.xml": REPORT})[:-30], "damaged"),
    "its end cut off": (packed({"a.xml": REPORT})[:-4], "damaged"),
    "only a start": (b"PK\x03\x04", "damaged"),
    "a bomb": (packed({"a.xml": CAMT + b" " * BYTES}), "more than 10000 characters"),
    "broken XML": (packed({"a.xml": CAMT}), "well-formed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_zips_are_refused(name: str) -> None:
    data, told = REFUSED[name]
    assert told in refusal(data)


def test_files_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({f"{number}.xml": REPORT for number in range(4)})
    assert len(items_of(data)) == 8
    monkeypatch.setattr(zips, "BYTES", 5 * len(REPORT))  # the start of each is read twice
    assert "bytes together" in refusal(data)


def test_a_password_is_told() -> None:
    data = bytearray(packed({"a.xml": REPORT}))
    place = data.rfind(b"PK\x01\x02")
    data[place + 8] |= 1
    assert "has a password" in refusal(bytes(data))


def test_a_damaged_file_is_told() -> None:
    data = bytearray(packed({"a.xml": REPORT}))
    data[60:80] = b"\xff" * 20
    assert "damaged" in refusal(bytes(data))


def test_a_list_of_millions_is_refused() -> None:
    data = packed({"a.xml": REPORT})
    place = data.rfind(zips.END)
    assert "more than" in refusal(data[:place] + zips.END_64 + bytes(16) + data[place:])
