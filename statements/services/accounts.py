"""Which account each statement of a file belongs to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_noop as _
from uuid_utils.compat import uuid7

from transactions.models import Account
from transactions.models.account import LONGEST_IDENTIFIER
from transactions.names import LONGEST_NAME, name_key

from ..formats.results import Choice, Message, Question, Statement, shown

if TYPE_CHECKING:
    from users.models import User

MOST_ACCOUNTS = 1_000  # of an owner, among which is looked
MOST_CHOICES = 50  # accounts that a question offers
MOST_MADE = 50  # accounts that one file makes

WHICH = _("Which account is this file of?")
WHICH_OF = _("Which account is “%(name)s”?")
CURRENCY = _("The file does not say its currency. Which one is it?")
NO_SUCH = _("You have no account with this name. Let the import make it, or name one of yours.")

Source = tuple[str | None, str | None]  # what a file calls an account, and its currency if the file says it


@dataclass(frozen=True)
class Target:
    """An account that lines go to. `is_new`: the commit makes it."""

    id: UUID
    name: str
    currency: str
    identifier: str | None = None
    is_new: bool = False


@dataclass
class Answers:
    """What the user has said of the accounts of a file."""

    account: str | None = None  # of all statements whose account is not found
    accounts: Mapping[str, str] = field(default_factory=dict)  # names, by what the file calls them
    create: bool = False
    currency: str | None = None  # of accounts that are made, if the file does not say it


class Accounts:
    """Finds the accounts of the owner that the statements of a file are of; asks if it can't."""

    def __init__(self, owner: "User", answers: Answers) -> None:
        self.owner = owner
        self.answers = answers
        self.own = list(Account.objects.for_owner(owner).order_by("key")[:MOST_ACCOUNTS])
        self.found: dict[Source, Target | None] = {}
        self.made: dict[str, Target] = {}  # by the keys of their names
        self.questions: list[Question] = []

    def find(self, statements: Iterable[Statement]) -> None:
        """Find the account of each statement."""
        sources = list(dict.fromkeys(source_of(statement) for statement in statements))
        says_which = len(sources) == 1 and self.answers.account  # whatever the file calls it
        open_sources = [source for source in sources if says_which or not self._by_file(source)]
        is_alone = len({account for account, _currency in open_sources}) == 1
        currencies: dict[str | None, set[str | None]] = {}
        for account, currency in open_sources:
            currencies.setdefault(account, set()).add(currency)
        for source in open_sources:
            self.found[source] = self._by_answer(source, is_alone, currencies[source[0]])

    def _by_file(self, source: Source) -> bool:
        """Find the account by its identifier, or by its name, as programs export it. Return whether it was found."""
        account, currency = source
        if account is None or account in self.answers.accounts:
            return False
        fits = [row for row in self.own if currency in (None, row.currency)]
        same = [row for row in fits if row.identifier and bare(row.identifier) == bare(account)]
        same = same or [row for row in fits if row.key == name_key(account)]
        if len(same) == 1:
            self.found[source] = target_of(same[0])
        return len(same) == 1

    def _by_answer(self, source: Source, is_alone: bool, currencies: Collection[str | None]) -> Target | None:
        account, currency = source
        name = self.answers.accounts.get(account or "") or (self.answers.account if is_alone else None)
        if name is not None and (named := self._named(name)):
            other = self._named(with_currency(name, currency)) if currency else None
            for row in (named, other):
                if row and currency in (None, row.currency):
                    return target_of(row)
            if other or not self.answers.create:
                return target_of(named)
        if self.answers.create and (name or account):
            return self._make(name or account or "", account, currency)
        self._ask(account, is_alone, NO_SUCH if name else WHICH if account is None else WHICH_OF, currencies)
        return None

    def _named(self, name: str) -> Account | None:
        return next((row for row in self.own if row.key == name_key(name)), None)

    def _make(self, name: str, account: str | None, currency: str | None) -> Target | None:
        currency = currency or self.answers.currency
        if currency is None:
            codes = dict.fromkeys([self.owner.currency, *(row.currency for row in self.own)])
            choices = tuple(Choice(code, code) for code in [*codes][:MOST_CHOICES])
            if not any(question.option == "currency" for question in self.questions):
                self.questions.append(Question("currency", Message(CURRENCY), 1, account or "", choices))
            return None
        name = " ".join(name.split())[:LONGEST_NAME]
        made = self.made.get(name_key(name))
        if self._named(name) or (made and made.currency != currency):
            name = with_currency(name, currency)
            made = self.made.get(name_key(name))
        if made is None and len(self.made) == MOST_MADE:
            self._ask(account, False, WHICH_OF, [currency])
        elif made is None:
            identifier = account[:LONGEST_IDENTIFIER] if account else None
            made = self.made[name_key(name)] = Target(uuid7(), name, currency, identifier, is_new=True)
            self._check(made)
        return made

    def _check(self, target: Target) -> None:
        """Raise ValidationError if the account could not be saved."""
        account = account_of(self.owner, target)
        account.full_clean(exclude=["owner", "id"], validate_unique=False)

    def _ask(self, account: str | None, is_alone: bool, text: str, currencies: Collection[str | None]) -> None:
        """Ask which account this is, of those that have one of the currencies; None: the file does not say it."""
        fits = [row for row in self.own if None in currencies or row.currency in currencies]
        names = [row.name for row in fits if not row.archived][:MOST_CHOICES]
        choices = tuple(Choice(name, name) for name in names)
        message = Message(text, {"name": shown(account or "")})
        option = "account" if is_alone else "accounts"
        if not any((one.option, one.example) == (option, account or "") for one in self.questions):
            self.questions.append(Question(option, message, 1, account or "", choices))


def source_of(statement: Statement) -> Source:
    return statement.account, statement.currency


def called(statement: Statement) -> str:
    """Return what the file calls the account of the statement; "" if it does not say."""
    return statement.account or ""


def target_of(account: Account) -> Target:
    return Target(account.pk, account.name, account.currency, account.identifier)


def account_of(owner: "User", target: Target) -> Account:
    """Return a new account, which is not saved yet."""
    return Account(pk=target.id, owner=owner, name=target.name, currency=target.currency, identifier=target.identifier)


def with_currency(name: str, currency: str) -> str:
    """Return what the second account is called if a file has two currencies of one account."""
    return f"{name[: LONGEST_NAME - 4]} {currency}"


def bare(identifier: str) -> str:
    """Return an IBAN or a number without spaces and in one case, as banks and people write it differently."""
    return "".join(identifier.split()).casefold()
