"""One small ledger to filter, and what each filter should leave of it."""

import datetime
from decimal import Decimal
from typing import Any

from transactions.models import Account, Category, Tag, Transaction
from transactions.names import NO_TAGS
from users.models import User

MOMENT = datetime.datetime(2026, 11, 1, 8, 15, tzinfo=datetime.UTC)

# name, amount, currency, date, category, external id, when it was entered (minutes past MOMENT)
ROWS = """
salary    5000.00   USD  2026-10-30  Work   bank-1  0
bonus     12.5000   CLF  2026-11-01  Work   -       1
refund    20.00     USD  2026-11-01  Food   -       2
pizza     -20.00    USD  2026-10-30  Food   bank-2  3
concert   -100.00   USD  2026-10-31  Fun    -       4
sushi     -2000     JPY  2026-11-01  Food   -       5
lottery   -1.00     USD  2026-11-02  -      -       6
gift      1.00      USD  2025-12-31  -      BANK-1  7
"""
NAMES = [line.split()[0] for line in ROWS.strip().splitlines()]

# The query of a list or a summary, and the names of the rows that it leaves.
FILTERS = {
    "": " ".join(NAMES),
    "date=2026-10-30": "salary pizza",
    "date_after=2026-11-01": "bonus refund sushi lottery",
    "date_before=2026-10-30": "salary pizza gift",
    "date_after=2026-10-31&date_before=2026-10-31": "concert",
    "date_after=2026-11-02&date_before=2026-11-01": "",
    "amount_min=100": "salary concert sushi",
    "amount_min=100.01": "salary sushi",
    "amount_min=12.50001": "salary refund pizza concert sushi",
    "amount_max=1": "lottery gift",
    "amount_max=0.99999": "",
    "amount_max=0": "",
    "amount_min=0": " ".join(NAMES),
    "amount_min=20&amount_max=20": "refund pizza",
    "amount_min=99999999999999999999": "",
    "amount_max=99999999999999999999.999": " ".join(NAMES),
    "category=Food": "refund pizza sushi",
    "category=fOOD": "refund pizza sushi",
    "category=Food&category=Work": "salary bonus refund pizza sushi",
    "category=Food&category=FOOD": "refund pizza sushi",
    "category=Empty": "",
    "category=": " ".join(NAMES),
    "exclude_category=food": "salary bonus concert lottery gift",
    "exclude_category=Food&exclude_category=Work": "concert lottery gift",
    "exclude_category=Empty": " ".join(NAMES),
    "exclude_category=Food&uncategorized=false": "salary bonus concert",
    "exclude_category=Food&category=Food&category=Fun": "concert",
    "group=LIVING": "refund pizza concert sushi",
    "group=living&group=Office": "salary bonus refund pizza concert sushi",
    "group=Living&category=Work": "",
    "group=": " ".join(NAMES),
    "exclude_account=bank": "bonus refund concert sushi lottery gift",
    "exclude_account=Bank&exclude_account=Savings": "bonus refund sushi lottery gift",
    "account=bank": "salary pizza",
    "account=Bank&account=Savings": "salary pizza concert",
    "account=": " ".join(NAMES),
    "tag=trip": "pizza concert",
    "tag=Trip&tag=home": "pizza",
    "tag=": " ".join(NAMES),
    "exclude_tag=HOME": "salary bonus refund concert sushi lottery gift",
    "exclude_tag=home&exclude_tag=trip": "salary bonus refund sushi lottery gift",
    "transfer=true": "",
    "transfer=false": " ".join(NAMES),
    "split=01a20000-0000-7000-8000-000000000001": "",
    "split=": " ".join(NAMES),
    "uncategorized=true": "lottery gift",
    "uncategorized=false": "salary bonus refund pizza concert sushi",
    "uncategorized=true&category=Food": "",
    "currency=JPY": "sushi",
    "currency=EUR": "",
    "type=INCOME": "salary bonus refund gift",
    "type=EXPENSE": "pizza concert sushi lottery",
    "external_id=bank-1": "salary",
    "external_id=bank": "",
    "updated_after=2026-11-01T08:20:00Z": "sushi lottery gift",
    "updated_after=2026-11-01T09:20:00.000001%2B01:00": "lottery gift",
    "search=i": "pizza sushi gift",
    "search=NOTE%20OF%20SA": "salary",
    "search=zz%20NOTE%20p%C3%8D": "pizza",
    "search=%25": "",
    "search=_": "",
    "search=pizza&currency=JPY": "",
    "type=EXPENSE&category=Food&date_after=2026-11-01&amount_min=5&currency=JPY&search=sushi": "sushi",
}


def fill(owner: User) -> None:
    """Give the owner these transactions, and a category without any."""
    groups = {"Work": "Office", "Food": "Living", "Fun": "living", "Empty": None}
    categories = {name: Category.objects.create(owner=owner, name=name, group=group) for name, group in groups.items()}
    accounts = {name: Account.objects.create(owner=owner, name=name, currency="USD") for name in ("Bank", "Savings")}
    for tag in ("trip", "home"):
        Tag.objects.create(owner=owner, name=tag)
    rows = []
    for name, amount, currency, date, category, external_id, minutes in map(str.split, ROWS.strip().splitlines()):
        values: dict[str, Any] = {
            "type": "EXPENSE" if amount.startswith("-") else "INCOME",
            "description": name,
            "amount": Decimal(amount),
            "currency": currency,
            "date": datetime.date.fromisoformat(date),
            "category": categories.get(category),
            "account": accounts.get({"salary": "Bank", "pizza": "Bank", "concert": "Savings"}.get(name, "")),
            "tags": {"pizza": '["trip","home"]', "concert": '["trip"]'}.get(name, NO_TAGS),
            "notes": f"a note of {name}",
            "external_id": None if external_id == "-" else external_id,
            "created_at": MOMENT + datetime.timedelta(minutes=int(minutes)),
        }
        rows.append(Transaction(owner=owner, **values))
    Transaction.objects.bulk_create(rows)
