"""Charts of fixed data: the usual ones, and those that are hard to draw."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

from ..charts import bars, columns, flow, lines, moves, ranking, years
from ..charts.formats import Formats, Period
from ..charts.frame import Canvas, Heading
from ..charts.ranking import Group

FORMATS = Formats()
HUGE = Decimal("99999999999.99")
NAMES = [
    *("Housing", "Groceries", "Eating out", "Transport", "Leisure", "Clothing", "Insurance", "Taxes", "Health"),
    *("Gifts", "Travel", 'Pets & "<plants>"', "Coffee"),
]
LONG = [
    "Donaudampfschifffahrtsgesellschaftskapitän und noch viel mehr davon",
    "W" * 255,
    "e\u0301" * 100,
    "日本語の長いカテゴリー名がここにありますから切られます",
    "مصاريف البيت والعائلة الكبيرة جدا في المدينة القديمة",
    "half an emoji \ud83c and a control \x07",
]

Draw = Callable[[Canvas], str]


def months(number: int) -> list[Period]:
    """Return so many months from December 2025 on."""
    found = [divmod(2025 * 12 + 11 + index, 12) for index in range(number)]
    return [Period(year, month + 1) for year, month in found]


class Amounts:
    """The same amounts at every run."""

    def __init__(self) -> None:
        self.random = Random(4)

    def between(self, low: int, high: int) -> Decimal:
        return Decimal(self.random.randint(low * 100, high * 100)) / 100


def heading(title: str, *subtitle: str) -> Heading:
    words = subtitle or ("December 2025 \u2013 November 2026", "USD")
    return Heading(title, words, "What it shows.", "Nothing came in or went out in this time.")


def income_and_expense(rows: list[bars.Flows]) -> Draw:
    names = bars.Names("Income", "Expense", "Net")
    return lambda canvas: bars.draw(rows, names, "USD", heading("Income and expense"), FORMATS, canvas)


def categories(groups: list[Group]) -> Draw:
    return lambda canvas: ranking.draw(
        groups, "Other ({count})", "USD", heading("Expenses by category"), FORMATS, canvas
    )


def category(rows: list[columns.Sum], title: str = "Groceries") -> Draw:
    names = columns.Names("Spent", "Average per month", "Average per {count} months")
    return lambda canvas: columns.draw(rows, names, "USD", heading(title), FORMATS, canvas)


def balance(rows: list[lines.Point]) -> Draw:
    return lambda canvas: lines.draw(rows, "At the end", "USD", heading("Balance"), FORMATS, canvas)


def two_years(rows: list[years.Month]) -> Draw:
    title = heading("Expenses in 2026 and 2025", "January 2026 \u2013 December 2026", "USD")
    return lambda canvas: years.draw(rows, 2026, "USD", title, FORMATS, canvas)


def money_flow(incomes: list[Group], expenses: list[Group]) -> Draw:
    names = flow.Names("Income", "Expense", "Left over", "From savings", "Other ({count})")
    return lambda canvas: flow.draw(incomes, expenses, names, "USD", heading("Where the money goes"), FORMATS, canvas)


def net_worth(rows: list[bars.Flows]) -> Draw:
    names = bars.Names("Assets", "Debts", "Net worth")
    return lambda canvas: bars.draw(rows, names, "USD", heading("Net worth"), FORMATS, canvas, bars.last_of)


def transfers(*rows: tuple[str, str, Decimal]) -> Draw:
    found = [moves.Move(*row) for row in rows]
    title = heading("Transfers between accounts")
    return lambda canvas: moves.draw(found, "Moved", "Other ({count})", "USD", title, FORMATS, canvas)


def flows_of(number: int, income: tuple[int, int], expense: tuple[int, int]) -> list[bars.Flows]:
    amounts = Amounts()
    return [bars.Flows(month, amounts.between(*income), -amounts.between(*expense)) for month in months(number)]


def sums_of(number: int, low: int, high: int) -> list[columns.Sum]:
    amounts = Amounts()
    return [columns.Sum(month, amounts.between(low, high)) for month in months(number)]


def walk_of(number: int, start: int, low: int, high: int) -> list[lines.Point]:
    amounts, at, points = Amounts(), Decimal(start), []
    for month in months(number):
        at += amounts.between(low, high)
        points.append(lines.Point(month, at))
    return points


def groups_of(number: int, name: str = "Category") -> list[Group]:
    amounts = Amounts()
    return [Group(f"{name} {index}", amounts.between(1, 900)) for index in range(number)]


def named(names: list[str], largest: Decimal = Decimal("18412.55")) -> list[Group]:
    return [
        Group(name, largest / 2**index if largest != HUGE or not index else Decimal(index))
        for index, name in enumerate(names)
    ]


_expenses = [Group(group.name, group.amount.quantize(Decimal("0.01"))) for group in named(NAMES)]
_incomes = [
    Group("Salary", Decimal(62_000)),
    Group("Investments", Decimal("1120.25")),
    Group("Taxes", Decimal("412.37")),
]
_huge = flows_of(12, (5, 62), (2, 59))
_huge[4] = bars.Flows(_huge[4].period, HUGE, -Decimal(3))

USUAL: dict[str, Draw] = {
    "income-and-expense": income_and_expense(flows_of(12, (5000, 6200), (2200, 5900))),
    "categories": categories(_expenses),
    "category": category(sums_of(12, 180, 640)),
    "years": two_years(
        [years.Month(row.period.month or 0, row.amount, 400 - row.amount / 4) for row in sums_of(13, 200, 490)[1:]]
    ),
    "balance": balance(walk_of(12, 3000, -900, 2400)),
    "flow": money_flow(_incomes, _expenses),
    "net-worth": net_worth(flows_of(12, (61_000, 62_000), (9_000, 21_000))),
    "transfers": transfers(
        ("Bank", "Savings", Decimal(9_000)),
        ("Bank", "Card", Decimal("3120.25")),
        ("Savings", "Bank", Decimal(1_500)),
        ("outside", "Wallet", Decimal(90)),
        ("Wallet", "Card", Decimal(12)),
    ),
}
EMPTY: dict[str, Draw] = {
    "income-and-expense": income_and_expense([bars.Flows(month, Decimal(0), Decimal(0)) for month in months(12)]),
    "income-and-expense of no period": income_and_expense([]),
    "categories": categories([]),
    "categories of zero": categories([Group("Food", Decimal(0))]),
    "category": category([columns.Sum(month, Decimal(0)) for month in months(12)]),
    "years": two_years([years.Month(month, Decimal(0), Decimal(0)) for month in range(1, 13)]),
    "balance": balance([lines.Point(month, Decimal(0)) for month in months(12)]),
    "flow": money_flow([], []),
    "net-worth": net_worth([]),
    "transfers": transfers(),
}
HARD: dict[str, Draw] = {
    "income-and-expense of 1": income_and_expense(flows_of(1, (5000, 6200), (2200, 5900))),
    "income-and-expense of 36": income_and_expense(flows_of(36, (5000, 6200), (2200, 5900))),
    "income-and-expense of 400": income_and_expense(flows_of(400, (5000, 6200), (2200, 5900))),
    "income-and-expense of years": income_and_expense(
        [
            bars.Flows(Period(1950 + index), row.income, row.expense)
            for index, row in enumerate(flows_of(80, (5, 6), (2, 9)))
        ]
    ),
    "income-and-expense, all negative": income_and_expense(flows_of(12, (0, 0), (200, 590))),
    "income-and-expense, one huge": income_and_expense(_huge),
    "categories of 1": categories([Group("Housing", Decimal("1234.50"))]),
    "categories of 400": categories(groups_of(400)),
    "categories, long names": categories(named(LONG, Decimal(900))),
    "categories, one huge": categories(named(NAMES, HUGE)),
    "category of 1": category(sums_of(1, 200, 640)),
    "category of 400": category(sums_of(400, 200, 640)),
    "category, all negative": category(sums_of(12, -640, -20)),
    "category, long name": category(sums_of(24, -100, 640), LONG[1]),
    "years, all negative": two_years([years.Month(month, -Decimal(month), -Decimal(20)) for month in range(1, 13)]),
    "years, one huge": two_years(
        [years.Month(month, HUGE if month == 5 else Decimal(7), Decimal(month)) for month in range(1, 13)]
    ),
    "balance of 1": balance(walk_of(1, 3000, 1, 10)),
    "balance of 400": balance(walk_of(400, 0, -1900, 2400)),
    "balance, all negative": balance(walk_of(24, -8000, -900, 900)),
    "balance, far from zero": balance(walk_of(12, 130_000, -900, 1400)),
    "balance, one huge": balance(
        [lines.Point(month, HUGE if index == 5 else Decimal(index)) for index, month in enumerate(months(12))]
    ),
    "flow of 1": money_flow([Group("Salary", Decimal(500))], []),
    "flow of 400": money_flow(groups_of(400, "Source"), groups_of(400, "Use")),
    "flow, spent more": money_flow([Group("Salary", Decimal(12_000))], _expenses),
    "flow, nothing came in": money_flow([], [Group("Rent", Decimal(500))]),
    "flow, long names": money_flow(named(LONG, Decimal(900)), named(LONG[::-1], Decimal(700))),
    "flow, one huge": money_flow([Group("Lottery", HUGE)], _expenses),
    "net-worth of 400": net_worth(flows_of(400, (5_000, 62_000), (2_000, 59_000))),
    "transfers of 1": transfers(("Bank", "Savings", Decimal(9))),
    "transfers of 400": transfers(*((f"Bank {n % 20}", f"Bank {n // 20}", Decimal(n + 1)) for n in range(400))),
    "transfers, long names": transfers(*((name, name, Decimal(900)) for name in LONG)),
    "transfers, one huge": transfers(("Bank", "Savings", HUGE), ("Savings", "Bank", Decimal(1))),
}
GOLDEN = {
    **USUAL,
    "empty": EMPTY["income-and-expense"],
    **{
        name.replace(",", "").replace(" ", "-"): HARD[name]
        for name in (
            *("income-and-expense, all negative", "income-and-expense, one huge", "income-and-expense of 400"),
            *("categories of 400", "balance, far from zero", "flow, spent more"),
        )
    },
}
