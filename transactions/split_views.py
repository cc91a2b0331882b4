"""Splits over HTTP: the parts of a transaction."""

from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.errors import PreconditionFailed
from cashman_project.api.etags import check_preconditions, is_conditional, tagged_response
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.submission import FormState
from cashman_project.api.parsers import NEXT_FIELD
from cashman_project.api.schema import CHANGE_HEADERS, DELETE_HEADERS, READ_HEADERS
from cashman_project.api.types import JSON, AnyResponse, JSONObject
from cashman_project.db.retry import in_transaction
from cashman_project.money.amounts import format_amount

from .models import Transaction
from .serializers import TransactionSerializer
from .services.splits import join_split, parts_of, save_new_names, save_split, total_of
from .split_pages import SplitPage, parts_of_form
from .split_serializers import SplitRequestSerializer, SplitSerializer

if TYPE_CHECKING:
    from ledgers.viewsets import LedgerMixin

    Base = LedgerMixin  # the mixin calls the methods of the viewset that it is mixed into
else:
    Base = object


class SplitMixin(Base):
    """Adds the split of a transaction to its viewset."""

    @extend_schema(
        operation_id="get_split",
        summary="Read the parts of a transaction",
        parameters=[*READ_HEADERS],
        responses=SplitSerializer,
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def split(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """The parts that the transaction is split into, with the first one first. If it is not split, it is the only
        one."""
        return tagged_response(request, self._split_json(self._row()))

    @extend_schema(
        operation_id="replace_split",
        summary="Split a transaction",
        parameters=[*CHANGE_HEADERS],
        request=SplitRequestSerializer,
        responses=SplitSerializer,
    )
    @split.mapping.put
    def put_split(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Replace the transaction, or the parts that it has, by these parts. The first one keeps its id."""
        data = parts_of_form(request.data) if is_page_form(request) else request.data
        self.form_state = FormState(done=_("The transaction is split."))
        with self.turn():
            content = in_transaction(lambda: self.write(lambda: self._put_split(data)))
        return tagged_response(request, content)

    def _put_split(self, data: JSON) -> JSON:
        row = self._row()
        self._check_split(row)
        serializer = SplitRequestSerializer(data=data, context=self.get_serializer_context())
        field = serializer.replacing(row)
        serializer.is_valid(raise_exception=True)
        parts = serializer.validated_data["parts"]
        save_new_names(owner_of(self.request), parts, field.child.new_tags)
        rows = field.instance or []
        save_split(field.stored, rows, parts)
        return self._split_json(rows[0])  # the row of the path may have been a part that is gone

    @extend_schema(
        operation_id="delete_split",
        summary="Join the parts of a transaction",
        parameters=[*DELETE_HEADERS],
        responses={204: OpenApiResponse(description="Joined.")},
    )
    @split.mapping.delete
    def delete_split(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Make one transaction of the parts again: the first one, with what all of them add up to."""
        with self.turn():
            in_transaction(lambda: self.write(self._delete_split))
        return Response(status=204)

    def _delete_split(self) -> None:
        row = self._row()
        self.form_state = FormState(done=_("The parts are one transaction again."))
        self._check_split(row)
        join_split(row)

    def _check_split(self, row: Transaction) -> None:
        """Raise PreconditionFailed if the split is not as the request names it; of a form, ValidationError."""
        if not is_conditional(self.request):
            return
        try:
            check_preconditions(self.request, self._split_json(row))
        except PreconditionFailed:
            if not is_page_form(self.request):
                raise
            message = _("The parts were changed meanwhile. If you save now, yours replace them.")
            raise ValidationError({"parts": [message]}, code="changed") from None

    def _row(self) -> Transaction:
        row = self.get_object()
        assert isinstance(row, Transaction)
        return row

    def _split_json(self, row: Transaction) -> JSONObject:
        parts = parts_of(row)
        serializer = TransactionSerializer(context=self.get_serializer_context())
        return {
            "split": str(row.split) if row.split else None,
            "amount": format_amount(total_of(parts), row.currency),
            "currency": row.currency,
            "parts": [dict(serializer.to_representation(part)) for part in parts],
        }

    # -- Pages --------------------------------------------------------------------------------

    def page_context(self, data: Any) -> dict[str, object]:  # Any: with its serializer
        if self.action == "retrieve" and data["split"]:
            row = data.serializer.instance
            return {**super().page_context(data), "parts": parts_of(row), "first": row.split}
        if self.action == "split":
            return {"page": SplitPage(self.request, parts_of(self._row()), data)}
        return super().page_context(data)

    def page_parameters(self) -> frozenset[str]:
        return frozenset({NEXT_FIELD}) if self.action == "split" else super().page_parameters()

    def error_context(self, problem: JSONObject) -> dict[str, object]:
        if self.action != "put_split":
            return super().error_context(problem)
        row, data = self._row(), self.request.data
        sent = data if isinstance(data, QueryDict) else None  # with JSON, the page shows the parts that there are
        return {"page": SplitPage(self.request, parts_of(row), self._split_json(row), sent, problem["errors"])}
