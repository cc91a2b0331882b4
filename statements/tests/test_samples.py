"""Each sample is read as its expected file says, or refused."""

from pathlib import Path

import pytest

from statements.tests.compared import OWN, outcome, samples
from statements.tests.table import main

SAMPLES = samples(OWN)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_read_as_it_must_be(path: Path) -> None:
    assert outcome(path).wrong == []


def test_every_file_is_a_sample() -> None:
    files = {path for path in OWN.rglob("*") if path.is_file() and path.suffix not in (".json", ".md")}
    assert files == set(SAMPLES)
    assert len(files) > 20


def test_the_table_tells_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.qif").write_text("!Type:Bank\nD31/12/2025\nT-5.10\nPTea\n^\nD1/2/2026\nT7\n^\n")
    (tmp_path / "a.qif.expected.json").write_text(
        '{"accounts": [{"id": null, "currency": null}], "transactions": ['
        '{"date": "2025-12-31", "amount": "-5.1", "currency": null, "description": "tea", "external_id": null},'
        '{"date": "2026-01-02", "amount": "7", "currency": null, "description": "", "external_id": null}]}'
    )
    (tmp_path / "b.qif").write_text("prose")
    (tmp_path / "b.qif.expected.json").write_text('{"accounts": [], "error": "no statement"}')
    monkeypatch.setenv("SAMPLES", str(tmp_path))
    assert main() == 1
    told = capsys.readouterr().out
    assert "line 6: date 2026-02-01, should be 2026-01-02" in told
    assert "2 samples: 0 right, 1 refused rightly, 1 wrong" in told
