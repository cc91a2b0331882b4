"""manage.py import_statement."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledgers.models import Revision
from statements.models import Import
from statements.tests.plans import CSV
from transactions.models import Account, Transaction
from users.models import User

AMBIGUOUS = b"Date,Description,Amount\n01/02/2026,BAKERY,-3.00\n"


class Terminal(StringIO):
    """Lines that somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "november.csv"
    path.write_bytes(CSV)
    return path


def run(file: Path, *args: str, **options: Any) -> list[str]:
    out = StringIO()
    call_command("import_statement", str(file), "--user", "alice", *args, stdout=out, **options)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_file_is_shown_and_imported_if_that_is_asked(alice: User, bob: User, bank: Account, file: Path) -> None:
    shown = run(file, "--account", "Bank")

    assert shown[0] == "      4  new"
    assert shown[1].split() == ["2026-11-01", "-500.00", "EUR", "Rent", "new"]
    assert not Import.objects.exists()
    assert not Transaction.objects.exists()

    assert run(file, "--account", "Bank", "--commit")[-2:] == ["Imported.", "revision 2"]
    assert Transaction.objects.filter(owner=alice, account=bank).count() == 4
    assert Import.objects.get(owner=alice).name == "november.csv"
    assert Revision.objects.get(ledger=alice.pk, number=2).via == "import"
    assert run(file, "--account", "Bank", "--commit")[0] == "      4  here already"
    assert Transaction.objects.count() == 4
    assert not Transaction.objects.filter(owner=bob).exists()


def test_the_user_is_found_however_the_name_is_written(alice: User, bank: Account, file: Path) -> None:
    call_command("import_statement", str(file), "--user", " Alice ", "--account", "Bank", "--commit", stdout=StringIO())

    assert Transaction.objects.filter(owner=alice, account=bank).count() == 4


def test_a_terminal_shows_how_far_the_file_is_read(
    alice: User, bank: Account, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(CSV + b"2026-11-20,Bread,-3.00\n" * 20_000)
    watched = Terminal()
    monkeypatch.setattr("sys.stderr", watched)

    run(file, "--account", "Bank")

    shown = watched.getvalue()
    assert "\r[#" in shown
    assert shown.endswith("]\n")


def test_questions_are_asked_at_a_terminal(alice: User, bank: Account, file: Path) -> None:
    file.write_bytes(AMBIGUOUS)

    out = run(file, "--commit", stdin=Terminal("1\nBank\n"))

    assert "  1  DMY: 2026-02-01" in out
    assert [str(row.date) for row in Transaction.objects.filter(owner=alice)] == ["2026-02-01"]


def test_open_questions_are_told_with_their_options(alice: User, bank: Account, file: Path) -> None:
    file.write_bytes(AMBIGUOUS)
    out = StringIO()
    with pytest.raises(CommandError, match="--option NAME=VALUE"):
        call_command(
            "import_statement", str(file), "--user", "alice", "--account", "Bank", stdout=out, stdin=StringIO()
        )

    assert "  --option date_format=..." in out.getvalue().splitlines()
    run(file, "--account", "Bank", "--option", "date_format=MDY", "--commit", stdin=StringIO())
    assert [str(row.date) for row in Transaction.objects.filter(owner=alice)] == ["2026-01-02"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--user", "nobody"], "There is no user with the name 'nobody'."),
        (["--option", "decimal"], "NAME=VALUE"),
        (["--option", "decimal=;"], "decimal: Not a choice"),
        (["--option", "colour=red"], "colour: There is no such field."),
        (["--option", "format=camt"], "file: "),
    ],
)
def test_what_is_wrong_is_told(args: list[str], message: str, alice: User, bank: Account, file: Path) -> None:
    with pytest.raises(CommandError, match=message):
        run(file, "--account", "Bank", *args)


def test_a_file_that_is_not_there(alice: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "x.csv")
