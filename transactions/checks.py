"""What a start needs: declarations that agree, and no user whose password everybody knows."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.core import checks
from django.db import connections
from django.utils.translation import gettext as _

from .serializers import TransactionSerializer
from .services.demo import PASSWORDS
from .services.usual_notation import Unknown, find_notation
from .views import ExpenseViewSet, IncomeViewSet, TransactionViewSet


@checks.register(checks.Tags.database)
def check_demo_passwords(databases: Sequence[str] | None, **kwargs: object) -> list[checks.CheckMessage]:
    """transactions.E001: without DEBUG, nobody may sign in with a password that the demo gave them.

    It reads two users at most, and hashes a password for each. Raises OperationalError if the database can't be used.
    """
    if settings.DEBUG:
        return []
    found = [name for alias in databases or () for name, encoded in _demo_users(alias) if _is_known(name, encoded)]
    return [
        checks.Error(
            _("Anyone can sign in as %(name)s / %(password)s: the demo of `make run` made this user.")
            % {"name": name, "password": PASSWORDS[name]},
            hint=_(
                "Give the user another password by `python manage.py changepassword %(name)s`, "
                "or set DATABASE_URL to another database."
            )
            % {"name": name},
            id="transactions.E001",
        )
        for name in found
    ]


@checks.register
def check_fast_creation(**kwargs: object) -> list[checks.CheckMessage]:
    """transactions.W001: what makes fast creation leave every row of a viewset to its serializer, which is slower."""
    return [
        checks.Warning(
            f"{viewset.__name__} creates no row fast: fast creation does not know {reason}.",
            hint="The serializer creates the rows. To make that fast, add a rule to RULES in "
            "transactions/services/usual_notation.py.",
            obj=viewset,
            id="transactions.W001",
        )
        for viewset in (TransactionViewSet, IncomeViewSet, ExpenseViewSet)
        if viewset.fastpath and (reason := _not_known(viewset.serializer_class))
    ]


def _not_known(serializer: type[TransactionSerializer]) -> str:
    try:
        find_notation(serializer)
    except Unknown as error:
        return str(error)
    return ""


def _demo_users(alias: str) -> list[tuple[str, str]]:
    """Return the name and the encoded password of each active user who is named as one of the demo's."""
    users = get_user_model()
    if users._meta.db_table not in connections[alias].introspection.table_names():  # not migrated yet
        return []
    found = users.objects.using(alias).filter(username__in=PASSWORDS, is_active=True)
    return list(found.values_list("username", "password"))


def _is_known(name: str, encoded: str) -> bool:
    return check_password(PASSWORDS[name], encoded)
