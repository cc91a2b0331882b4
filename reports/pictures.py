"""The reports as charts, with their words in the present language."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from transactions.choices import TransactionType

from .charts import bars, columns, flow, lines, moves, ranking, years
from .charts.formats import Formats
from .charts.frame import SEPARATOR, Canvas, Heading
from .charts.ranking import Group
from .periods import Window
from .services.accounts import Move, WorthAt
from .services.sums import BalanceAt, CategorySum, MonthOfYears, PeriodSums, Report, TypedSum

FORMATS = Formats()
NONE: dict[str, str | Promise] = {  # by the names of the groupings that may have no key
    "category": gettext_lazy("Without a category"),
    "group": gettext_lazy("Without a group"),
    "account": gettext_lazy("Without an account"),
    "tag": gettext_lazy("Without a tag"),
}


def window_name(window: Window, formats: Formats = FORMATS) -> str:
    """Return the name of the days of a window."""
    if window.whole_months:
        return formats.span(*window.whole_months)
    return " \u2013 ".join(dict.fromkeys(formats.day(day) for day in (window.first, window.last)))


def category_label(name: str | None) -> str:
    return key_or_none("category", name)


def key_or_none(grouping: str, key: str | None) -> str:
    """Return the key of a group of a summary, or what stands for none."""
    return str(NONE[grouping]) if key is None else key


def account_label(name: str | None) -> str:
    return _("outside") if name is None else name


def draw_income_and_expense(report: Report[PeriodSums], subtitle: Sequence[str], canvas: Canvas) -> str:
    names = bars.Names(_("Income"), _("Expense"), _("Net"))
    rows = [bars.Flows(row.part.period, row.income, row.expense) for row in report.rows]
    heading = Heading(
        _("Income and expense"),
        subtitle,
        _("Income %(income)s, expense %(expense)s and net %(net)s: %(subtitle)s.")
        % _amounts(report, subtitle, income="income", expense="expense", net="net"),
        _("Nothing came in or went out in this time."),
    )
    return bars.draw(rows, names, report.currency, heading, FORMATS, canvas)


def draw_categories(report: Report[CategorySum], kind: TransactionType, subtitle: Sequence[str], canvas: Canvas) -> str:
    is_income = kind == TransactionType.INCOME
    heading = Heading(
        _("Income by category") if is_income else _("Expenses by category"),
        subtitle,
        _("The categories by their sums, the largest first: %(subtitle)s.") % {"subtitle": SEPARATOR.join(subtitle)},
        _("Nothing came in in this time.") if is_income else _("Nothing went out in this time."),
    )
    return ranking.draw(_groups(report.rows), _other(), report.currency, heading, FORMATS, canvas)


def draw_category(report: Report[PeriodSums], name: str, subtitle: Sequence[str], canvas: Canvas) -> str:
    """Return the chart of one category: upwards is what was spent, or what came in if that is more."""
    net = sum((row.net for row in report.rows), Decimal(0))
    sign = -1 if net <= 0 else 1
    rows = [columns.Sum(row.part.period, row.net * sign) for row in report.rows]
    heading = Heading(
        name,
        subtitle,
        _("Income and expense together, by period: %(subtitle)s.") % {"subtitle": SEPARATOR.join(subtitle)},
        _("Nothing came in or went out in this category in this time."),
    )
    by_month = report.window.unit == "month"
    names = columns.Names(
        _("Spent") if sign < 0 else _("Received"),
        _("Average per month") if by_month else _("Average per year"),
        _("Average per {count} months") if by_month else _("Average per {count} years"),
    )
    return columns.draw(rows, names, report.currency, heading, FORMATS, canvas)


def draw_years(report: Report[MonthOfYears], kind: TransactionType, subtitle: Sequence[str], canvas: Canvas) -> str:
    is_income, year = kind == TransactionType.INCOME, report.window.first.year
    sign = 1 if is_income else -1
    rows = [years.Month(row.part.period.month or 0, row.amount * sign, row.before * sign) for row in report.rows]
    both = {"year": f"{year:04}", "before": f"{year - 1:04}"}
    heading = Heading(
        (_("Income in %(year)s and %(before)s") if is_income else _("Expenses in %(year)s and %(before)s")) % both,
        subtitle,
        _("Each month of %(year)s beside the same month of %(before)s.") % both,
        _("Nothing came in in these years.") if is_income else _("Nothing went out in these years."),
    )
    return years.draw(rows, year, report.currency, heading, FORMATS, canvas)


def draw_balance(report: Report[BalanceAt], subtitle: Sequence[str], canvas: Canvas) -> str:
    rows = [lines.Point(row.part.period, row.balance) for row in report.rows]
    last = FORMATS.amount(rows[-1].balance if rows else Decimal(0), report.currency)
    heading = Heading(
        _("Balance"),
        subtitle,
        _("The balance at the end of each period, at last %(balance)s: %(subtitle)s.")
        % {"balance": last, "subtitle": SEPARATOR.join(subtitle)},
        _("Nothing came in or went out up to then."),
    )
    return lines.draw(rows, _("At the end"), report.currency, heading, FORMATS, canvas)


def draw_net_worth(report: Report[WorthAt], subtitle: Sequence[str], canvas: Canvas) -> str:
    """Return the chart of assets and debts. If all accounts are on one side, it is a line."""
    last = FORMATS.amount(report.rows[-1].net if report.rows else Decimal(0), report.currency)
    heading = Heading(
        _("Net worth"),
        subtitle,
        _("What was in the accounts at the end of each period, at last %(balance)s: %(subtitle)s.")
        % {"balance": last, "subtitle": SEPARATOR.join(subtitle)},
        _("There is nothing in your accounts."),
    )
    if not all(any(getattr(row, side) for row in report.rows) for side in ("assets", "debts")):
        points = [lines.Point(row.part.period, row.net) for row in report.rows]
        return lines.draw(points, _("At the end"), report.currency, heading, FORMATS, canvas)
    rows = [bars.Flows(row.part.period, row.assets, row.debts) for row in report.rows]
    names = bars.Names(_("Assets"), _("Debts"), _("Net worth"))
    return bars.draw(rows, names, report.currency, heading, FORMATS, canvas, bars.last_of)


def draw_worth(report: Report[BalanceAt], subtitle: Sequence[str], canvas: Canvas) -> str:
    rows = [lines.Point(row.part.period, row.balance) for row in report.rows]
    heading = Heading(
        _("All accounts"),
        subtitle,
        _("What was in all accounts at the end of each month, and at last %(balance)s: %(subtitle)s.")
        % {
            "balance": FORMATS.amount(rows[-1].balance, report.currency),
            "subtitle": SEPARATOR.join(subtitle),
        },
        _("There is nothing in your accounts."),
    )
    return lines.draw(rows, _("Now"), report.currency, heading, FORMATS, canvas)


def draw_flow(report: Report[TypedSum], subtitle: Sequence[str], canvas: Canvas) -> str:
    sides = [[row for row in report.rows if row.type == kind] for kind in TransactionType]
    heading = Heading(
        _("Where the money goes"),
        subtitle,
        _("The incomes by category, and the expenses that they are spent on: %(subtitle)s.")
        % {"subtitle": SEPARATOR.join(subtitle)},
        _("Nothing came in or went out in this time."),
    )
    names = flow.Names(_("Income"), _("Expense"), _("Left over"), _("From savings"), _other())
    incomes, expenses = (_groups(side) for side in sides)
    return flow.draw(incomes, expenses, names, report.currency, heading, FORMATS, canvas)


def draw_transfers(report: Report[Move], subtitle: Sequence[str], canvas: Canvas) -> str:
    heading = Heading(
        _("Transfers between accounts"),
        subtitle,
        _("What was moved, from accounts to accounts: %(subtitle)s.") % {"subtitle": SEPARATOR.join(subtitle)},
        _("Nothing was moved in this time."),
    )
    rows = [moves.Move(account_label(row.source), account_label(row.target), row.amount) for row in report.rows]
    return moves.draw(rows, _("Moved"), _other(), report.currency, heading, FORMATS, canvas)


def _groups(rows: Iterable[CategorySum | TypedSum]) -> list[Group]:
    return [Group(category_label(row.category), abs(row.amount)) for row in rows]


def _other() -> str:
    return _("Other ({count})")


def _amounts(report: Report[PeriodSums], subtitle: Sequence[str], **names: str) -> dict[str, str]:
    sums = {key: sum((getattr(row, name) for row in report.rows), Decimal(0)) for key, name in names.items()}
    return {
        "subtitle": SEPARATOR.join(subtitle),
        **{key: FORMATS.amount(amount, report.currency) for key, amount in sums.items()},
    }
