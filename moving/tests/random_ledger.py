"""A ledger that somebody has written in any way there is, at random."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from rest_framework.test import APIClient

from conftest import client_of
from transactions.models import Account, BalanceCheck, Category, Rule, Tag, Transaction, Transfer
from transactions.tests.shares import reached
from users.models import User

CURRENCIES = ("EUR", "JPY", "KWD")
AMOUNTS = ("0.01", "3", "5", "12.50", "999999999.99")  # some are too exact for JPY, and refused
NAMES = ("Food", "food ", "Ünïcode", "日本", "=1+1", "a'b\"c", "Trip")
DAYS = tuple(f"2026-{month:02}-{day:02}" for month in (1, 10, 11) for day in (1, 2, 25, 28))
TEXTS = ("tram", "Rewe City", "line\u2028two", "\\u0000", "-1", "ß")


class Step(NamedTuple):
    """One thing to do, and numbers that choose how."""

    name: str
    how: tuple[int, int, int]


class RandomLedger:
    """Writes of one person. Each step sends requests; some are refused, and none may fail."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.client: APIClient = client_of(owner)

    def write(self, steps: list[Step]) -> None:
        """Begin with some rows, so that the steps have something to write, and do them."""
        for number, currency in enumerate(("EUR", "EUR", "JPY")):
            self.send("post", "/accounts", {"name": f"Account {number}", "currency": currency})
        self.category(0, 1, 1)
        self.tag(2, 1, 1)
        for number in range(5):
            self.create(number, number, number)
        for step in steps:
            if STEPS[step.name](self, *step.how):
                reached(step.name)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; return its JSON, or None if it was refused."""
        answer = getattr(self.client, method)(path, *([] if body is None else [body]))
        assert answer.status_code < 300 or answer.status_code in (400, 404, 409), (path, body, answer.content)
        if answer.status_code >= 300:
            return None
        return (answer.json() if answer.content else None) or {"done": True}

    def id_of(self, model: Any, number: int, **filters: Any) -> str:
        keys = model.objects.filter(owner=self.owner, **filters).order_by("pk").values_list("pk", flat=True)
        return str(keys[number % len(keys)]) if keys else "none"

    def name_of(self, model: Any, number: int) -> str | None:
        """Return a name; None for every fourth number."""
        names = list(model.objects.filter(owner=self.owner).order_by("pk").values_list("name", flat=True))
        return names[number % len(names)] if names and number % 4 else None

    # -- Names --------------------------------------------------------------------------------

    def account(self, a: int, b: int, c: int) -> Any:
        opening = {"date": pick(DAYS, b), "balance": pick(AMOUNTS, c)} if c % 2 else None
        kind = pick(("checking", "savings", "cash", "card"), b)
        body = {"name": pick(NAMES, a), "currency": pick(CURRENCIES, b), "kind": kind, "opening": opening}
        return self.send("post", "/accounts", body | ({"identifier": f"DE {a}"} if c % 3 else {}))

    def change_account(self, a: int, b: int, c: int) -> Any:
        changes: tuple[dict[str, Any], ...] = (
            *({"name": pick(NAMES, c)}, {"archived": bool(c % 2)}, {"identifier": None}),
            {"opening": {"date": pick(DAYS, c), "balance": f"-{pick(AMOUNTS, c)}"}},
        )
        return self.send("patch", f"/accounts/{self.id_of(Account, a)}", pick(changes, b))

    def category(self, a: int, b: int, c: int) -> Any:
        body = {"name": pick(NAMES, a), "group": pick(("Living", "", None), b), "excluded": bool(c % 2)}
        return self.send("post", "/categories", body)

    def tag(self, a: int, b: int, c: int) -> Any:
        return self.send("post", "/tags", {"name": pick(NAMES, a)})

    def rename(self, a: int, b: int, c: int) -> Any:
        path, model = pick((("categories", Category), ("tags", Tag), ("accounts", Account)), a)
        return self.send("patch", f"/{path}/{self.id_of(model, b)}", {"name": pick(NAMES, c).upper()})

    def delete_name(self, a: int, b: int, c: int) -> Any:
        path, model = pick((("categories", Category), ("tags", Tag), ("accounts", Account)), a)
        into = self.name_of(model, c)
        query = pick(("", "?force=true", f"?into={into}"), b)
        return self.send("delete", f"/{path}/{self.id_of(model, c)}{query}")

    # -- Transactions -------------------------------------------------------------------------

    def values(self, a: int, b: int, c: int) -> dict[str, Any]:
        tags = [tag for tag in (self.name_of(Tag, c), self.name_of(Tag, a + 1)) if tag]
        account = self.name_of(Account, b)
        return {
            "description": pick(TEXTS, a),
            "amount": pick(AMOUNTS, b),
            "date": pick(DAYS, c),
            "category": self.name_of(Category, a),
            "tags": list(dict.fromkeys(tags)),
            "account": account,
            **({} if account else {"currency": pick(CURRENCIES, a)}),
            **({"external_id": f"{c}"} if c % 3 == 0 else {}),
        }

    def create(self, a: int, b: int, c: int) -> Any:
        return self.send("post", pick(("/expenses", "/incomes"), c), self.values(a, b, c))

    def create_many(self, a: int, b: int, c: int) -> Any:
        rows = [self.values(a, b, c + 1), self.values(b, c, a + 1)]
        return self.send("post", pick(("/expenses", "/incomes?existing=skip"), a), rows)

    def change(self, a: int, b: int, c: int) -> Any:
        values = self.values(b, a, c)
        names = list(values)[c % 3 :: 2]
        return self.send("patch", f"/transactions/{self.id_of(Transaction, a)}", {name: values[name] for name in names})

    def turn(self, a: int, b: int, c: int) -> Any:
        return self.send(
            "patch", f"/transactions/{self.id_of(Transaction, a)}", {"type": pick(("INCOME", "EXPENSE"), b)}
        )

    def delete(self, a: int, b: int, c: int) -> Any:
        return self.send("post", "/transactions/delete", {"ids": sorted({self.id_of(Transaction, n) for n in (a, b)})})

    def split(self, a: int, b: int, c: int) -> Any:
        if c % 4 == 0:
            key = self.id_of(Transaction, a, split__isnull=False)
            return self.send("delete", f"/transactions/{key}/split")
        key = self.id_of(Transaction, a, amount__in=[Decimal(5), Decimal(-5)], split__isnull=True)
        part = {"amount": 2, "category": self.name_of(Category, b), "notes": pick(TEXTS, c)}
        return self.send("put", f"/transactions/{key}/split", {"parts": [{"amount": 3}, part]})

    # -- Transfers and checks -----------------------------------------------------------------

    def transfer(self, a: int, b: int, c: int) -> Any:
        names = [*Account.objects.filter(owner=self.owner).order_by("pk").values_list("name", flat=True), None]
        source, target = pick(names, a), pick(names, a + 1 + b % 3)
        body = {"from": source, "to": target, "amount": pick(AMOUNTS, c), "date": pick(DAYS, a)}
        return self.send("post", "/transfers", body) or self.send("post", "/transfers", body | {"received": "800"})

    def pair(self, a: int, b: int, c: int) -> Any:
        """Make a pair that looks like a transfer; link it, or say that it is none."""
        accounts = list(Account.objects.filter(owner=self.owner, currency="EUR").order_by("pk")[:2])
        if len(accounts) < 2:
            return None
        common = {"description": pick(TEXTS, a), "amount": pick(AMOUNTS, b), "date": pick(DAYS, c)}
        out = self.send("post", "/expenses", {**common, "account": accounts[0].name})
        into = self.send("post", "/incomes", {**common, "account": accounts[1].name})
        path = pick(("/transfers/link", "/transfers/rejections"), a)
        return out and into and self.send("post", path, {"expense": out["id"], "income": into["id"]})

    def end_transfer(self, a: int, b: int, c: int) -> Any:
        key = self.id_of(Transfer, a)
        ends: tuple[tuple[str, str, Any], ...] = (
            ("post", f"/transfers/{key}/unlink", {}),
            ("delete", f"/transfers/{key}", None),
        )
        return self.send(*pick(ends, b))

    def check(self, a: int, b: int, c: int) -> Any:
        path = f"/accounts/{self.id_of(Account, a)}/checks/{pick(DAYS, b)}"
        made = self.send("put", path, {"balance": 7})
        if not made or c % 3 == 0:
            return made
        return self.send("put", path, {"balance": made["computed"], "locked": c % 3 == 1})

    def uncheck(self, a: int, b: int, c: int) -> Any:
        found = BalanceCheck.objects.filter(owner=self.owner).order_by("pk").values_list("account", "date")
        return found and self.send("delete", "/accounts/{}/checks/{}".format(*pick(found, a)))

    # -- Rules and statements -----------------------------------------------------------------

    def rule(self, a: int, b: int, c: int) -> Any:
        when = pick(({"words": ["tram"]}, {"words": ["rewe"], "amount_max": "5"}, {"starts_with": ["co"]}), a)
        given = {"category": self.name_of(Category, b), "tags": [tag for tag in [self.name_of(Tag, c)] if tag]}
        return self.send(
            "post", "/rules", {"when": when, "set": {name: value for name, value in given.items() if value}}
        )

    def change_rule(self, a: int, b: int, c: int) -> Any:
        path = f"/rules/{self.id_of(Rule, a)}"
        if b % 3 == 0:
            return self.send("delete", path)
        if b % 3 == 1:
            return self.send("post", f"{path}/apply", {"filter": {}, "overwrite": bool(c % 2)})
        return self.send("patch", path, {"name": pick(TEXTS[:2], c), "position": c + 1})

    def statement(self, a: int, b: int, c: int) -> Any:
        """Import a file, change a row of its plan, commit it, or let it wait; undo some."""
        head = b"Date,Description,Amount,Category,Tags\n"
        lines = [(pick(DAYS, n), pick(("Coffee", "Rewe"), n), pick(("-3.00", "12.50", "-5.00"), n)) for n in (a, b, b)]
        body = head + b"".join(f"{','.join(line)},{pick(NAMES[:4], c)},new\n".encode() for line in lines)
        account = self.name_of(Account, a) or "Giro"
        options = {"account": account, "create_account": "true", "currency": "EUR", "create_categories": "true"}
        query = "&".join(f"{name}={value}" for name, value in (options | {"save_profile": "true"}).items())
        made = self.client.post(f"/imports?{query}", body, content_type="text/csv")
        assert made.status_code in (201, 400, 409), made.content
        if made.status_code != 201:
            return None
        path = f"/imports/{made.json()['id']}"
        if made.json()["questions"]:
            return None
        self.send("patch", f"{path}/rows/{a % 3 + 1}", pick(({"verdict": "skipped"}, {"notes": "x"}, {}), b))
        return c % 5 and self.send("post", f"{path}/commit", {})

    def undo_statement(self, a: int, b: int, c: int) -> Any:
        plans = self.client.get("/imports?page_size=100").json()["results"]
        plans = [plan for plan in plans if plan["status"] == "committed"]
        return plans and self.send("delete", f"/imports/{pick(plans, a)['id']}{pick(('', '?force=true'), b)}")

    # -- Everything ---------------------------------------------------------------------------

    def undo(self, a: int, b: int, c: int) -> Any:
        numbers = [one["number"] for one in self.client.get("/revisions?page_size=100").json()["results"]]
        recent = numbers[: pick((1, 3, len(numbers)), c)]
        return self.send("post", f"/revisions/{pick(recent, a)}/undo", {"force": bool(b % 2)})

    def preferences(self, a: int, b: int, c: int) -> Any:
        body = pick(({"currency": "JPY"}, {"month_start": b % 28 + 1}, {"account": self.name_of(Account, b)}), a)
        return self.send("patch", "/me", {**body, "time_zone": pick(("UTC", "Asia/Tokyo"), c)})


def pick(choices: Any, number: int) -> Any:
    return choices[number % len(choices)]


Write = Callable[[RandomLedger, int, int, int], Any]
STEPS: dict[str, Write] = {
    name: value
    for name, value in vars(RandomLedger).items()
    if callable(value) and value.__code__.co_varnames[1:4] == ("a", "b", "c") and name != "values"
}
MANY = [*STEPS, *2 * ["statement", "undo_statement", "undo"]]
