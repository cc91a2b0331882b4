"""Which users a member of the staff may change."""

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from .models import User


def users_above(staff: User) -> QuerySet[User]:
    """Return the users who may do more than `staff`, deactivated or not. By changing them, `staff` could gain that.

    No user is above a superuser. Each superuser is above all other users.
    """
    if staff.is_superuser:
        return User.objects.none()
    own = Permission.objects.filter(Q(user=staff) | Q(group__user=staff)).values("pk")
    more = Permission.objects.exclude(pk__in=own).values("pk")
    above = Q(is_superuser=True) | Q(user_permissions__in=more) | Q(groups__permissions__in=more)
    return User.objects.filter(above).distinct()
