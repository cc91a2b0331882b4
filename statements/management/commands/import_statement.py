"""Import a file of bank statements from the command line."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO, TextIO, cast

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError

from cashman_project.db.retry import in_transaction
from cashman_project.progress import Bar
from ledgers.writer import COMMAND
from users.management.users import user_of
from users.models import User

from ...choices import Verdict, option_name
from ...formats.results import Question
from ...serializers import options_of_texts
from ...services.commit import commit
from ...services.plans import Draft, Said, counted, create_plan, draft, prepare
from ...services.rows import Row
from ...services.shown import amount_text
from ...services.storage import WatchedFile, pack

SHOWN = 40  # rows of the table
WIDE = 40  # characters of a description


class Command(BaseCommand):
    help = "Read a file of bank statements and print what an import makes of it. With --commit, import it."

    stealth_options = ("stdin",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--user", required=True, help="whose transactions they become, by name")
        parser.add_argument("--account", help="the name of the account")
        parser.add_argument(
            "--option",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="what the file does not say, such as date_format=DMY; may be given several times",
        )
        parser.add_argument("--commit", action="store_true", help="import it; without this, it is only shown")

    def handle(
        self,
        *args: object,
        file: str,
        user: str,
        account: str | None = None,
        option: Sequence[str] = (),
        stdin: TextIO | None = None,
        **options: object,
    ) -> None:
        """Print the plan of the file, and commit it if that is asked. Raises CommandError."""
        owner = user_of(user)
        texts = dict(_pair(one) for one in option)
        if account:
            texts["account"] = account
        try:
            with open(file, "rb") as source:
                said, plan = self._read(owner, source, texts, stdin or sys.stdin)
                self._print(plan)
                if plan.questions:
                    raise CommandError(_("Answer the questions with --option NAME=VALUE."))
                if options["commit"]:
                    self._commit(owner, source, os.path.basename(file), plan, said)
        except OSError as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError("\n".join(_messages(error.detail))) from None
        except APIException as error:
            raise CommandError(str(error.detail)) from None

    def _read(self, owner: User, source: BinaryIO, texts: dict[str, str], stdin: TextIO) -> tuple[Said, Draft]:
        """Read the file, and ask the person at the terminal what it does not say."""
        while True:
            said = Said(options_of_texts(texts))
            plan = _drafted(owner, source, said)
            if not plan.questions or not stdin.isatty():
                return said, plan
            question = plan.questions[0]
            self._ask(question)
            answer = _answer(question, stdin.readline().strip())
            if not answer:
                return said, plan
            if question.option == "accounts":
                answer = _added(texts.get("accounts", "{}"), question.example, answer)
            texts[option_name(question.option)] = answer

    def _ask(self, question: Question) -> None:
        self.stdout.write(str(question.message))
        if question.example:
            self.stdout.write(f"  {question.example}")
        for number, choice in enumerate(question.choices, 1):
            self.stdout.write(f"  {number}  {choice.value}: {choice.reading}")

    def _print(self, plan: Draft) -> None:
        """Print what the commit makes of the file: how many rows of each kind, the rows, and the open questions."""
        counts = counted(row.verdict for row in plan.rows)
        for verdict in Verdict:
            if counts[verdict]:
                self.stdout.write(f"{counts[verdict]:>7}  {verdict.label}")
        for row in plan.rows[:SHOWN]:
            self.stdout.write(_line(row))
        if len(plan.rows) > SHOWN:
            self.stdout.write(_("... and %(count)d more") % {"count": len(plan.rows) - SHOWN})
        for question in plan.questions:
            self._ask(question)
            self.stdout.write(f"  --option {option_name(question.option)}=...")

    def _commit(self, owner: User, source: BinaryIO, name: str, plan: Draft, said: Said) -> None:
        packed, prepared = pack(source), prepare(owner, plan)
        stored = in_transaction(lambda: create_plan(owner, packed, name, prepared, said))
        done = in_transaction(lambda: commit(owner, stored.pk, COMMAND))
        self.stdout.write(_("Imported."))
        if done.revision:
            self.stdout.write(f"revision {done.revision}")


def _drafted(owner: User, source: BinaryIO, said: Said) -> Draft:
    """Return the plan of the file, and show on a terminal how far it is read."""
    size = source.seek(0, os.SEEK_END)
    bar = Bar(sys.stderr, 2 * size)  # CSV is read twice
    try:
        return draft(owner, cast("BinaryIO", WatchedFile(source, bar.reach)), said)
    finally:
        bar.end()


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(_("Write an option as NAME=VALUE."))
    return name, value


def _answer(question: Question, text: str) -> str:
    """Return the value that was typed, or the one of the choice whose number was."""
    with suppress(ValueError):
        if 0 < int(text) <= len(question.choices):
            text = question.choices[int(text) - 1].value
    return text


def _added(accounts: str, source: str, name: str) -> str:
    """Return what the user has said of each account of the file, in JSON, with one more."""
    return orjson.dumps({**orjson.loads(accounts), source: name}).decode()


def _line(row: Row) -> str:
    """Return a row of the table."""
    amount = "" if row.amount is None else amount_text(row.amount, row.currency)
    told = row.description or (str(row.message) if row.message else "")
    return f"{row.date or ''!s:>10}  {amount:>14} {row.currency:3}  {told[:WIDE]:{WIDE}}  {row.verdict.label}"


def _messages(detail: object) -> list[str]:
    if isinstance(detail, Mapping):
        return [f"{name}: {text}" for name, those in detail.items() for text in _messages(those)]
    return [text for one in detail for text in _messages(one)] if isinstance(detail, list) else [str(detail)]
