"""Login attempts and registrations are counted, and refused above a limit (docs/adr/0011-counting-guesses.md).

An attempt is counted before its password is hashed, in a database transaction of its own. One statement counts up to
the limit and no further, so attempts that arrive together, even at several processes, can't pass it. Refused attempts
are not counted, so the end of a window does not move.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple, TypeVar

from django.db import connection, transaction
from django.db.models import F
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cashman_project.api.client_address import UNKNOWN, client_address
from cashman_project.api.errors import Throttled, Unavailable

from .models import Attempts, User, username_key

ResultT = TypeVar("ResultT")

SWEPT = 100  # rows at a time
COUNT = """
    INSERT INTO users_attempts AS stored (account, address, number, until) VALUES (%s, %s, 1, %s)
    ON CONFLICT (account, address) DO UPDATE SET
        number = CASE WHEN stored.until <= %s THEN 1 ELSE stored.number + 1 END,
        until = CASE WHEN stored.until <= %s THEN excluded.until ELSE stored.until END
    WHERE stored.until <= %s OR stored.number < %s
    RETURNING number
"""


class Limit(NamedTuple):
    """How many attempts are allowed in a window of time."""

    number: int
    window: timedelta


PER_PAIR = Limit(5, timedelta(minutes=15))  # for an account and an address; a success clears it
PER_ACCOUNT = Limit(100, timedelta(hours=1))  # from all addresses; a success is not counted
REGISTRATIONS = Limit(60, timedelta(hours=1))  # from an address


def throttled_login(request: HttpRequest | None, username: str, check: Callable[[], ResultT]) -> ResultT:
    """Return the result of `check`, which hashes a password for `username`. The result is true if it is right.

    Raises Throttled (429) after too many failures, without calling `check`. An attempt for which `check` raises
    Unavailable (503) does not count. Don't call it in a database transaction, which could roll the count back: there it
    raises RuntimeError.
    """
    account = account_key(username)
    address = client_address(request) if request else UNKNOWN
    _count((account, address, PER_PAIR), (account, "", PER_ACCOUNT))
    try:
        result = check()
    except Unavailable:  # the password was not checked
        Attempts.objects.filter(account=account, address__in=(address, ""), number__gt=0).update(number=F("number") - 1)
        raise
    if result:
        with transaction.atomic():
            Attempts.objects.filter(account=account, address=address).delete()
            Attempts.objects.filter(account=account, address="", number__gt=0).update(number=F("number") - 1)
    return result


def count_registration(request: HttpRequest) -> None:
    """Count a registration. Raises Throttled (429) after too many from this address."""
    _count(("", client_address(request), REGISTRATIONS))


def unlock(username: str) -> bool:
    """Forget all failures of an account. Return whether there were any."""
    deleted, _by_model = Attempts.objects.filter(account=account_key(username)).delete()
    return deleted > 0


@receiver(post_delete, sender=User)
def forget_user(instance: User, **kwargs: object) -> None:
    """Forget the failures of a user who is deleted: their key is made of the name."""
    unlock(instance.get_username())


def account_key(username: str) -> str:
    """Return the key of an account. It is a hash, because people sometimes type their password into the name field."""
    return salted_hmac("users.login_throttle", username_key(username), algorithm="sha256").hexdigest()


def _sweep(now: datetime) -> None:
    """Delete some rows with a window that has ended, except for those that others have locked."""
    expired = Attempts.objects.filter(until__lte=now)
    if expired.exists():
        with transaction.atomic():
            rows = expired.select_for_update(skip_locked=True)[:SWEPT]
            Attempts.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _count(*counters: tuple[str, str, Limit]) -> None:
    """Count one attempt in all counters. If one of them is full, count it in none and raise Throttled."""
    now = timezone.now()
    _sweep(now)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        timestamp = Attempts._meta.get_field("until").get_db_prep_value
        for account, address, limit in counters:
            start, end = timestamp(now, connection), timestamp(now + limit.window, connection)
            cursor.execute(COUNT, [account, address, end, start, start, start, limit.number])
            if not cursor.fetchall():
                until = Attempts.objects.values_list("until", flat=True).get(account=account, address=address)
                raise Throttled(wait=max(1, ceil((until - timezone.now()).total_seconds())))
