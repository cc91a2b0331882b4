"""The accounts of the demo, and the transfers between them."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..choices import AccountKind, TransactionType
from ..models import Account, BalanceCheck, Transaction, Transfer

if TYPE_CHECKING:
    from users.models import User

CHECKING, SAVINGS, FUND, CARD, EUROS = "Checking", "Savings", "Index fund", "Credit card", "Euro account"
OPENED = datetime.date(2023, 10, 31)  # before the first transaction
FIRST_TRANSFERS = datetime.date(2023, 12, 1)
CHECKED = datetime.date(2026, 10, 31)
DAY = datetime.timedelta(days=1)
EXCHANGE = Decimal("1.09")  # dollars for a euro

ACCOUNTS = [  # name, kind, currency, opening balance
    (CHECKING, AccountKind.CHECKING, "USD", "5250.00"),
    (SAVINGS, AccountKind.SAVINGS, "USD", "8000.00"),
    (FUND, AccountKind.INVESTMENT, "USD", "2500.00"),
    (CARD, AccountKind.CARD, "USD", "0.00"),
    (EUROS, AccountKind.CHECKING, "EUR", "0.00"),
]
MONTHLY = [(3, SAVINGS, Decimal(1500)), (4, FUND, Decimal(1000))]  # day, account and amount, from checking
PAYDAY = 6  # of the card


class Row(Protocol):
    """What is read of a transaction of the demo."""

    @property
    def date(self) -> datetime.date: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def account(self) -> str | None: ...


class DemoTransfer(NamedTuple):
    """A transfer of the demo, from checking."""

    date: datetime.date
    target: str
    amount: Decimal
    description: str
    received: Decimal | None = None  # in the target's currency, if that is another one


def demo_transfers(rows: Iterable[Row], last: datetime.date) -> list[DemoTransfer]:
    """Return the transfers up to a day, sorted by date: what is saved each month, the card's bill of the month before,
    and the euros for each trip."""
    spent: dict[tuple[int, int], Decimal] = defaultdict(Decimal)  # with the card, by month
    trips: dict[datetime.date, Decimal] = {}  # in euros, by the first day
    trip = day = datetime.date.min
    for row in sorted(rows, key=lambda row: row.date):
        if row.account == CARD:
            spent[row.date.year, row.date.month] -= row.amount
        elif row.account == EUROS:
            if row.date - day > 7 * DAY:
                trip = row.date
            day = row.date
            trips[trip] = trips.get(trip, Decimal(0)) - row.amount
    found = [*_monthly(spent, last)]
    for first, euros in trips.items():
        received = (euros / 100).quantize(Decimal(1), ROUND_UP) * 100
        found.append(DemoTransfer(first - 2 * DAY, EUROS, received * EXCHANGE, "Euros for the trip", received))
    return sorted(found, key=lambda transfer: transfer.date)


def _monthly(spent: dict[tuple[int, int], Decimal], last: datetime.date) -> Iterator[DemoTransfer]:
    first = FIRST_TRANSFERS
    while first <= last:
        before = first - DAY
        bill = spent.get((before.year, before.month), Decimal(0))
        paid = [(day, account, amount, "Saved") for day, account, amount in MONTHLY]
        for day, account, amount, description in [*paid, (PAYDAY, CARD, bill, "Card bill")]:
            if amount and (date := first.replace(day=day)) <= last:
                yield DemoTransfer(date, account, amount, description)
        first = (first + 31 * DAY).replace(day=1)


def create_accounts(owner: "User") -> dict[str, Account]:
    """Create the accounts; return them by their names."""
    accounts = {
        name: Account(
            owner=owner, name=name, kind=kind, currency=currency, opening_date=OPENED, opening_balance=Decimal(balance)
        )
        for name, kind, currency, balance in ACCOUNTS
    }
    Account.objects.bulk_create(accounts.values())
    return accounts


def create_transfers(owner: "User", accounts: dict[str, Account], transfers: Iterable[DemoTransfer]) -> None:
    """Create the transfers with their legs, and checks of two accounts, one of them locked."""
    legs, source = [], accounts[CHECKING]
    for one in transfers:
        transfer, target = Transfer(owner=owner, date=one.date), accounts[one.target]
        received = one.amount if one.received is None else one.received
        for kind, account, amount in (
            (TransactionType.EXPENSE, source, -one.amount),
            (TransactionType.INCOME, target, received),
        ):
            legs.append(
                Transaction(
                    owner=owner,
                    type=kind,
                    transfer=transfer,
                    account=account,
                    amount=amount,
                    currency=account.currency,
                    date=one.date,
                    description=one.description,
                )
            )
    Transfer.objects.bulk_create({leg.transfer_id: leg.transfer for leg in legs if leg.transfer}.values())
    Transaction.objects.bulk_create(legs)
    balances = Account.objects.for_owner(owner).balances(owner.pk, CHECKED)
    BalanceCheck.objects.bulk_create(
        BalanceCheck(
            owner=owner,
            account=accounts[name],
            date=CHECKED,
            balance=Decimal(balances[accounts[name].pk]).scaleb(-4),
            locked=name == SAVINGS,
        )
        for name in (CHECKING, SAVINGS)
    )
