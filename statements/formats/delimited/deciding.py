"""From evidence to decisions; what stays open becomes a question."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from django.utils.translation import gettext_noop as _

from cashman_project.money.currencies import DIGITS

from ..results import NO_READING, Choice, DateOrder, DecimalMark, Direction, Message, Options, Question, shown
from .columns import Columns, numeric
from .dates import DateColumn, readings
from .evidence import Evidence, Signs, UnreadableAmount, amount_of, balances_follow, cell_of
from .layout import Layout
from .numbers import decimal_of, number

WHICH_ORDER = _("The file does not say whether the day or the month comes first. What does %(example)s mean?")
WHICH_MARK = _("%(example)s can be read in two ways. Which amount is it?")
WHICH_WAY = _("No amount has a minus sign. Did %(example)s come in, or go out?")
WHICH_WAY_HERE = _("Some cards and programs write expenses without a minus sign. Did %(example)s come in, or go out?")
WHICH_DEBIT = _("Among the amounts that went out, %(example)s has a minus sign. Did it come in, or go out?")
WORD_OR_SIGN = _("The sign of %(example)s and the word for in or out in its row disagree. Which amount is right?")
IS_FEE_EXTRA = _("Fees have a column of their own, such as %(example)s. Is a fee part of the amount, or on top of it?")
WHICH_AMOUNT = _("Which column has the amount?")


@dataclass(slots=True)
class Decisions:
    """How a file is to be read, and what must be asked first."""

    date_order: DateOrder | None = None
    value_date_order: DateOrder | None = None
    signs: Signs = field(default_factory=Signs)
    accounts: frozenset[str] = frozenset()
    questions: list[Question] = field(default_factory=list)


def decide(evidence: Evidence, layout: Layout, options: Options) -> Decisions:
    """Decide what the rows prove and the options say."""
    decisions = Decisions(accounts=frozenset(evidence.accounts))
    _decide_dates(decisions, evidence, options)
    _decide_mark(decisions, evidence, layout, options)
    _decide_signs(decisions, evidence, layout.columns, options, asks=_asks_sign(evidence, layout))
    return decisions


def find_amount(layout: Layout, rows: Sequence[Sequence[str]]) -> tuple[Columns, Question | None]:
    """Find the amount among columns without known names. Returns a question if more than one can be it."""
    columns = layout.columns
    if columns.amount is not None or columns.debit is not None or columns.credit is not None:
        return columns, None
    candidates = numeric(columns, layout.cells)
    if len(candidates) < 2:
        return replace(columns, amount=candidates[0] if candidates else None), None
    marks: tuple[DecimalMark, ...] = (".", ",")
    for amount, balance in permutations(candidates[:6], 2):
        tried = replace(columns, amount=amount, balance=balance)
        if any(balances_follow(rows[:100], tried, Signs(mark=mark)) for mark in marks):
            return tried, None
    example = rows[0] if rows else []
    choices = tuple(Choice(str(column + 1), shown(cell_of(example, column))) for column in candidates)
    return columns, Question("amount_column", Message(WHICH_AMOUNT), max(1, layout.header + 1), "", choices)


def _decide_dates(decisions: Decisions, evidence: Evidence, options: Options) -> None:
    if options.date_order:
        decisions.date_order = decisions.value_date_order = options.date_order
        return
    orders = _orders(evidence.dates, evidence.value_dates)
    if len(orders) == 1 or not evidence.first_date:
        decisions.date_order = orders[0] if orders else None
        # Either column proves the order for both: one program wrote them.
        decisions.value_date_order = decisions.date_order
        return
    line, example = evidence.first_date
    days = readings(example)
    choices = tuple(Choice(order, str(days[order])) for order in orders if order in days)
    decisions.questions.append(_question("date_order", WHICH_ORDER, line, example, choices))


def _orders(dates: DateColumn, value_dates: DateColumn) -> list[DateOrder]:
    orders = dates.orders()
    if dates.differing and value_dates.differing and dates.has_form_of(value_dates):
        return [order for order in orders if order in value_dates.orders()] or orders
    return orders


def _decide_mark(decisions: Decisions, evidence: Evidence, layout: Layout, options: Options) -> None:
    proved = evidence.marks.proved
    mark = options.decimal or (next(iter(proved)) if len(proved) == 1 else None)
    place = evidence.marks.open_cell
    if mark is None and len(proved) > 1:
        place = proved["."]
    if mark is None and place and DIGITS.get(layout.currency or "") == 0:
        mark = "." if "," in place[1] else ","  # yen have no decimals, so what looks like them are thousands
    if mark is None and place:
        line, example = place
        found = number(example)
        assert found
        choices = []
        for value in (",", "."):
            read = decimal_of(found.digits, value)
            choices.append(Choice(value, NO_READING if read is None else f"{read:f}"))
        decisions.questions.append(_question("decimal", WHICH_MARK, line, example, tuple(choices)))
    decisions.signs = replace(decisions.signs, mark=mark or ".")


def _decide_signs(decisions: Decisions, evidence: Evidence, columns: Columns, options: Options, *, asks: bool) -> None:
    has_pair = columns.debit is not None or columns.credit is not None
    by_pair = has_pair and (columns.amount is None or (not evidence.minus and evidence.debits > 0))
    signs = replace(decisions.signs, by_pair=by_pair)
    if by_pair:
        signs = _decide_debits(decisions, signs, evidence, columns, options)
    elif evidence.disagreeing or (evidence.agreeing and not evidence.minus):
        signs = _decide_direction(decisions, signs, evidence, columns, options)
    elif columns.amount is not None and (asks or options.unsigned):
        signs = _decide_unsigned(decisions, signs, evidence, columns, options)
    decisions.signs = _decide_fee(decisions, signs, evidence, columns, options)


def _decide_debits(decisions: Decisions, signs: Signs, evidence: Evidence, columns: Columns, options: Options) -> Signs:
    if not 0 < evidence.negative_debits < evidence.debits:
        return signs
    tried = {"out": signs, "in": replace(signs, negative_debit_is_in=True)}
    answer = options.negative_debit or _by_balances(tried, evidence, columns)
    if answer:
        return tried[answer]
    assert evidence.first_negative_debit
    line, example = evidence.first_negative_debit
    decisions.questions.append(_ways("negative_debit", WHICH_DEBIT, line, example))
    return signs


def _decide_direction(
    decisions: Decisions, signs: Signs, evidence: Evidence, columns: Columns, options: Options
) -> Signs:
    """Follow the words, if no amount has a sign. If some have, and a word contradicts one, either can be right."""
    tried = {"word": replace(signs, by_direction=True), "sign": signs}
    if not evidence.minus or not evidence.first_disagreeing:
        return tried["word"]
    answer = options.direction or _by_balances(tried, evidence, columns)
    if answer:
        return tried[answer]
    line, example = evidence.first_disagreeing
    rows = [cells for cells in evidence.kept if cell_of(cells, columns.amount) == example]
    choices = _readings(rows, columns, tried)
    decisions.questions.append(_question("direction", WORD_OR_SIGN, line, example, choices))
    return signs


def _decide_unsigned(
    decisions: Decisions, signs: Signs, evidence: Evidence, columns: Columns, options: Options
) -> Signs:
    tried = {"in": signs, "out": replace(signs, unsigned_is_out=True)}
    if options.unsigned:
        return tried[options.unsigned]
    if not evidence.first_unsigned:
        return signs
    answer = _by_balances(tried, evidence, columns)
    if answer:
        return tried[answer]
    line, example = evidence.first_unsigned
    message = WHICH_WAY_HERE if evidence.minus else WHICH_WAY
    decisions.questions.append(_ways("unsigned", message, line, example))
    return signs


def _decide_fee(decisions: Decisions, signs: Signs, evidence: Evidence, columns: Columns, options: Options) -> Signs:
    if columns.fee is None or not evidence.first_fee or signs.by_pair:
        return signs
    tried = {"included": signs, "extra": replace(signs, fee_is_extra=True)}
    answer = options.fee or _by_balances(tried, evidence, columns)
    if answer:
        return tried[answer]
    line, example = evidence.first_fee
    rows = [cells for cells in evidence.kept if cell_of(cells, columns.fee) == example]
    choices = _readings(rows, columns, tried)
    decisions.questions.append(_question("fee", IS_FEE_EXTRA, line, example, choices))
    return signs


def _readings(rows: Sequence[Sequence[str]], columns: Columns, tried: dict[str, Signs]) -> tuple[Choice, ...]:
    """Return each way to read the amount of the first row, as a choice that shows what comes of it."""
    return tuple(Choice(way, _reading(rows, columns, signs)) for way, signs in tried.items())


def _reading(rows: Sequence[Sequence[str]], columns: Columns, signs: Signs) -> str:
    try:
        amount = amount_of(rows[0], columns, signs) if rows else None
    except UnreadableAmount:
        amount = None
    return f"{amount[0]:f}" if amount else NO_READING


def _by_balances(tried: dict[str, Signs], evidence: Evidence, columns: Columns) -> str | None:
    """Return the one way in which the running balances follow from the amounts."""
    if columns.balance is None:
        return None
    right = [name for name, signs in tried.items() if balances_follow(evidence.kept, columns, signs)]
    return right[0] if len(right) == 1 else None


def _ways(option: str, message: str, line: int, example: str) -> Question:
    ways: tuple[Direction, ...] = ("in", "out")
    choices = tuple(Choice(way, f"{'-' if way == 'out' else '+'}{example.lstrip('-')}") for way in ways)
    return _question(option, message, line, example, choices)


def _question(option: str, message: str, line: int, example: str, choices: tuple[Choice, ...]) -> Question:
    return Question(option, Message(message, {"example": shown(example)}), line, example, choices)


def _asks_sign(evidence: Evidence, layout: Layout) -> bool:
    """Tell whether an amount without a sign may be one that went out."""
    if layout.profile:
        return layout.profile.asks_sign
    return not evidence.minus or (_is_card(layout.names) and evidence.unsigned > evidence.minus)


def _is_card(names: Sequence[str]) -> bool:
    words = {word for name in names for word in name.casefold().replace(".", " ").split()}
    return bool(
        words & {"card", "karte", "kartennummer", "carte", "tarjeta", "cartao", "kort", "creditcard", "cardholder"}
    )
