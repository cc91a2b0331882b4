"""What must be read from a sample, and whether it is: FILE beside FILE.expected.json (samples/README.md)."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from cashman_project.api.types import JSONObject
from statements.formats.reading import read
from statements.formats.results import Item, Line, Options, Part, Problem, Question, Statement, UnreadableFile

SUFFIX = ".expected.json"
OWN = Path(__file__).parent / "samples"
TEXTS = {"counterparty": ("counterparty",), "memo": ("memo", "description"), "category": ("category",)}
ASKED = {
    "date_order": "date_order",
    "decimal": "decimal",
    "sign": "unsigned",
}  # what must be asked, and by which option
SAME = {"check_number": "check_number", "type": "kind"}


@dataclass(frozen=True)
class Outcome:
    """What came of one sample: right if nothing is wrong."""

    name: str
    wrong: list[str]
    refused: str = ""
    lines: int = 0
    questions: int = 0


def samples(directory: Path) -> list[Path]:
    """Return the samples of a directory, those of the directories within it too."""
    return sorted(path.with_name(path.name.removesuffix(SUFFIX)) for path in directory.rglob(f"*{SUFFIX}"))


def items_of(path: Path, options: Options) -> list[Item]:
    with path.open("rb") as source:
        return list(read(source, options))


def outcome(path: Path, options: Options | None = None) -> Outcome:
    """Read a sample, at first knowing nothing, then with answers to what the reader may ask; and compare."""
    expected: JSONObject = json.loads(path.with_name(path.name + SUFFIX).read_text("utf-8"))
    name = f"{path.parent.name}/{path.name}"
    try:
        items = items_of(path, Options())
        asked = {item.option for item in items if isinstance(item, Question)}
        wrong = list(compared_questions(asked, expected.get("options") or {}))
        if asked:
            items = items_of(path, answers(asked, expected.get("options") or {}))
    except UnreadableFile as error:
        may_be = "error" in expected or not expected["accounts"]
        return Outcome(name, [] if may_be else [f"refused: {error}"], refused=str(error))
    if "error" in expected:
        wrong.append(f"not refused: {expected['error']}")
    wrong += compared(items, expected)
    return Outcome(name, wrong, lines=sum(isinstance(item, Line) for item in items), questions=len(asked))


def compared_questions(asked: set[str], options: JSONObject) -> Iterator[str]:
    needed = {ASKED[name] for name in options.get("needs_user", ()) if name in ASKED}
    if asked != needed:
        yield f"asked {sorted(asked)}, should ask {sorted(needed)}"


def answers(asked: set[str], options: JSONObject) -> Options:
    said = {name: options[name] for name in asked if name in options}
    if "date_order" in asked and "date" in options:
        said["date_order"] = "".join(dict.fromkeys(letter for letter in options["date"]["format"] if letter in "DMY"))
    if "unsigned" in asked:
        said["unsigned"] = "out" if options["amount"].get("out_unless_plus") else "in"
    return replace(Options(), **said)


def compared(items: list[Item], expected: JSONObject) -> Iterator[str]:
    yield from compared_accounts([item for item in items if isinstance(item, Statement)], expected)
    yield from compared_lines(
        [item for item in items if isinstance(item, Line)],
        expected.get("transactions", []),
        expected.get("optional_transactions", []),
    )
    problems = [item for item in items if isinstance(item, Problem)]
    wanted = {(error["field"], (error["value"] or "").strip()) for error in expected.get("row_errors", ())}
    found = {(problem.field, problem.value) for problem in problems}
    if wanted != found:
        yield f"problems {sorted(found)}, should be {sorted(wanted)}"
    if any(isinstance(item, Question) for item in items):
        yield "asks again"


def compared_accounts(statements: list[Statement], expected: JSONObject) -> Iterator[str]:
    by_account: dict[tuple[str | None, str | None], list[Statement]] = {}
    wanted = {(account["id"], account["currency"]): account for account in expected["accounts"]}
    ids = Counter(account for account, _currency in wanted)
    for statement in statements:
        # An account has one currency, which the file may leave open; or it is one of several of the same name.
        alone = [key for key in wanted if key[0] == statement.account and ids[statement.account] == 1]
        by_account.setdefault(alone[0] if alone else (statement.account, statement.currency), []).append(statement)
    if by_account.keys() != wanted.keys():
        yield f"accounts {list(by_account)}, should be {list(wanted)}"
        return
    for account, those in by_account.items():
        want = wanted[account]
        currency = next((one.currency for one in those if one.currency), None)
        if currency != want["currency"] and not (want["currency"] and currency is None):
            yield f"{account}: currency {currency}, should be {want['currency']}"
        for key, balance in (("opening", those[0].opening), ("closing", those[-1].closing)):
            if f"{key}_balance" in want and (balance is None or balance.amount != Decimal(want[f"{key}_balance"])):
                yield f"{account}: {key} {balance}, should be {want[f'{key}_balance']}"
            day = want.get(f"{key}_balance_date")
            if day and (balance is None or str(balance.date) != day):
                yield f"{account}: {key} {balance}, should be of {day}"
    for statement, one in zip(statements, expected.get("statements", ()), strict=False):
        if statement.reference != one["statement_id"]:
            yield f"statement {statement.reference}, should be {one['statement_id']}"


def compared_lines(lines: list[Line], wanted: list[JSONObject], optional: list[JSONObject]) -> Iterator[str]:
    """Compare in the order of the file; optional lines may be there or not."""
    left, extras = list(wanted), list(optional)
    for line in lines:
        differences = list(compared_line(line, left[0])) if left else ["too many"]
        extra = next((one for one in extras if not list(compared_line(line, one))), None)
        if differences and extra is not None:
            extras.remove(extra)
            continue
        yield from (f"line {line.number}: {difference}" for difference in differences)
        del left[:1]
    if left:
        yield f"{len(left)} lines are missing, the first is {left[0]}"


def compared_line(line: Line, want: JSONObject) -> Iterator[str]:
    if str(line.date) != want["date"]:
        yield f"date {line.date}, should be {want['date']}"
    if line.amount != Decimal(want["amount"]):
        yield f"amount {line.amount}, should be {want['amount']}"
    if line.currency not in {want["currency"], *want.get("currency_alternatives", ())}:
        yield f"currency {line.currency}, should be {want['currency']}"
    descriptions = [want["description"], *want.get("description_alternatives", ())]
    said = (line.description, f"{line.counterparty} {line.description}", f"{line.description} {line.memo}")
    if not any(alike(one, other) for one in said for other in descriptions):
        yield f"description {line.description!r}, should be {want['description']!r}"
    if line.bank_id not in {want["external_id"], *want.get("external_id_alternatives", ())}:
        yield f"bank id {line.bank_id}, should be {want['external_id']}"
    value_date = str(line.value_date) if line.value_date not in (None, line.date) else None
    if value_date != want.get("value_date"):
        yield f"value date {value_date}, should be {want.get('value_date')}"
    for key, names in TEXTS.items():
        if key in want and not any(alike(getattr(line, name), want[key]) for name in names):
            yield f"{key} {getattr(line, names[0])!r}, should be {want[key]!r}"
    for key, name in SAME.items():
        if key in want and getattr(line, name) not in {want[key], want[key].strip("0")}:
            yield f"{key} {getattr(line, name)!r}, should be {want[key]!r}"
    if list(line.tags) != want.get("tags", []) or line.transfer_account != want.get("transfer_account", ""):
        yield f"tags {line.tags}, transfer account {line.transfer_account!r}"
    reference = want.get("end_to_end_id") or want.get("customer_reference")
    if reference and line.reference != reference:
        yield f"reference {line.reference!r}, should be {reference!r}"
    if "balance_after" in want and line.balance_after != Decimal(want["balance_after"]):
        yield f"balance after {line.balance_after}, should be {want['balance_after']}"
    if line.is_pending != want.get("pending", False) or line.is_reversal != want.get("reversal", False):
        yield "pending or reversal"
    if "account" in want and line.statement.account != want["account"]:
        yield f"account {line.statement.account}, should be {want['account']}"
    parts = want.get("splits") or want.get("details")
    if parts and list(compared_parts(line.parts, parts)):
        yield f"parts {line.parts}, should be {parts}"


def compared_parts(parts: Iterable[Part], wanted: list[JSONObject]) -> Iterator[str]:
    for part, want in zip(parts, wanted, strict=True):
        if part.amount != Decimal(want["amount"]) or part.category != want.get("category", ""):
            yield "other"
        if not alike(part.description, want.get("description") or want.get("memo") or ""):
            yield "other"
        if not alike(part.counterparty, want.get("counterparty", "")):
            yield "other"


def alike(one: str, other: str) -> bool:
    """Compare leniently: without blanks, hyphens that are only hints, and case; one may contain the other."""
    one, other = ("".join(text.replace("\u00ad", "").split()).casefold() for text in (one, other))
    return bool(one) == bool(other) and (one in other or other in one)
