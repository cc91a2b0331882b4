"""An action of the admin that merges rows with names: categories, or tags."""

from typing import Generic, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashman_project.api.admin import StrictModelAdmin
from transactions.models import NamedModel

NamedT = TypeVar("NamedT", bound=NamedModel)


class MergingAdmin(StrictModelAdmin, Generic[NamedT]):
    """The base of the pages of rows that can be merged into one of them, which their transactions get."""

    actions = ["merge"]

    def delete_into(self, row: NamedT, into: NamedT) -> None:
        """Delete the row, after its transactions have got the other one."""
        raise NotImplementedError

    @admin.action(description=gettext_lazy("Merge selected %(verbose_name_plural)s"), permissions=["change", "delete"])
    def merge(self, request: HttpRequest, queryset: "models.QuerySet[NamedT]") -> HttpResponseBase | None:
        """Ask which of the selected rows stays, and then merge the others into it."""
        rows = list(queryset.select_related("owner"))
        if len(rows) < 2 or len({row.owner_id for row in rows}) > 1:
            self.message_user(request, _("Select at least two of one owner."), messages.ERROR)
            return None
        into = next((row for row in rows if str(row.pk) == request.POST.get("into")), None)
        if into is None:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Which one stays?"),
                "rows": rows,
                "checkbox": ACTION_CHECKBOX_NAME,
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/transactions/merge.html", context)
        others = [row for row in rows if row != into]
        self.log_deletions(request, others)
        for row in others:
            self.delete_into(row, into)
        self.message_user(request, _("Merged into %(name)s.") % {"name": into}, messages.SUCCESS)
        return None
