"""What the staff may do to whom."""

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from .models import User


def users_above(staff: User) -> QuerySet[User]:
    """Return the users who may do more than `staff` may, deactivated or not: to change them would be to gain that.

    Nobody is above a superuser; every superuser is above everybody else.
    """
    if staff.is_superuser:
        return User.objects.none()
    own = Permission.objects.filter(Q(user=staff) | Q(group__user=staff)).values("pk")
    more = Permission.objects.exclude(pk__in=own).values("pk")
    holders = Q(is_superuser=True) | Q(user_permissions__in=more) | Q(groups__permissions__in=more)
    return User.objects.filter(holders).distinct()
