"""Transfers over HTTP."""

from collections.abc import Callable
from typing import TypeVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.owner import owner_of
from cashman_project.api.pages.submission import FormState
from cashman_project.api.types import AnyResponse, JSONObject
from cashman_project.api.viewsets import OwnedModelViewSet
from cashman_project.db.retry import in_transaction
from ledgers.viewsets import LedgerMixin

from .filters import TransferFilterSet
from .models import Transfer
from .serializers import TransactionSerializer
from .services.accounts import new_transfer
from .services.transfers import Ends, delete_transfer, link, proposals, reject, unlink_transfer
from .transfer_serializers import EmptySerializer, PairSerializer, ProposalsSerializer, TransferSerializer

ResultT = TypeVar("ResultT")


class TransferViewSet(LedgerMixin, OwnedModelViewSet):
    """Money that moved between accounts. It is neither income nor expense."""

    queryset = Transfer.objects.all()
    serializer_class = TransferSerializer
    filterset_class = TransferFilterSet
    repeatable_parameters = frozenset({"account"})
    orderings = {"date": "date", "created_at": "created_at"}
    default_ordering = "-date"
    changes = OwnedModelViewSet.changes | {"create", "link", "unlink", "reject"}
    bodiless = OwnedModelViewSet.bodiless | {"unlink", "reject"}
    pages = {
        **LedgerMixin.pages,
        "list": "transactions/transfer_list.html",
        "retrieve": "transactions/transfer_detail.html",
        "proposals": "transactions/transfer_proposals.html",
    }
    error_pages = {"list": "transactions/transfer_list.html"}
    refused = frozenset({"destroy"})  # actions that a lock may refuse

    def new_row(self) -> dict[str, str]:
        return new_transfer(owner_of(self.request))

    def page_context(self, data: JSONObject) -> dict[str, object]:
        context = super().page_context(data)
        if self.action == "retrieve":
            legs = [leg for leg in (data["expense"], data["income"]) if leg]
            context |= {"ends": Ends(data["from"], data["to"]), "legs": legs}
        elif self.action == "list":
            context["rows"] = [{**row, "ends": Ends(row["from"], row["to"])} for row in data["results"]]
        elif self.action == "proposals":
            context["pairs"] = [
                {**pair, "ends": Ends(pair["expense"]["account"], pair["income"]["account"])}
                for pair in data["results"]
            ]
        return context

    def perform_destroy(self, instance: Transfer) -> None:
        delete_transfer(instance)

    @extend_schema(
        operation_id="link_transfer",
        summary="Make a transfer of two transactions",
        request=PairSerializer,
        responses={201: TransferSerializer},
    )
    @action(methods=["post"], detail=False)
    def link(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Make one transfer of an expense and an income that are there."""
        pair = self._pair()

        def work() -> JSONObject:
            legs = link(owner_of(request), **pair)
            data: JSONObject = self.get_serializer(legs.transfer).data
            return data

        return Response(self._written(work, _("These two are a transfer now.")), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="unlink_transfer",
        summary="Take a transfer apart",
        request=EmptySerializer,
        responses={204: OpenApiResponse(description="Taken apart.")},
    )
    @action(methods=["post"], detail=True)
    def unlink(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Take the transfer apart. Its legs stay: they are an expense and an income then."""
        EmptySerializer(data=request.data).is_valid(raise_exception=True)

        def work() -> None:
            transfer = self.get_object()
            assert isinstance(transfer, Transfer)
            unlink_transfer(transfer)

        self._written(work, _("The transfer is taken apart."))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="list_transfer_proposals",
        summary="List what looks like a transfer",
        responses=ProposalsSerializer,
    )
    @action(detail=False, pagination_class=None, filterset_class=None)
    def proposals(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Pairs of the last year that look like transfers. Nothing becomes a transfer by itself."""
        serializer = TransactionSerializer(context=self.get_serializer_context())
        return Response(
            {
                "results": [
                    {
                        "expense": serializer.to_representation(expense),
                        "income": serializer.to_representation(income),
                    }
                    for expense, income in proposals(owner_of(request))
                ]
            }
        )

    @extend_schema(
        operation_id="reject_transfer",
        summary="Say that two transactions are no transfer",
        request=PairSerializer,
        responses={204: OpenApiResponse(description="Not proposed again.")},
    )
    @action(methods=["post"], detail=False, url_path="rejections", url_name="rejections")
    def reject(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Say that an expense and an income are no transfer, so that they are not proposed again."""
        pair = self._pair()
        self._written(lambda: reject(owner_of(request), **pair), _("These two are not proposed again."))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _pair(self) -> JSONObject:
        serializer = PairSerializer(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _written(self, work: Callable[[], ResultT], done: str) -> ResultT:
        self.form_state = FormState(done=done)
        with self.turn():
            return in_transaction(lambda: self.write(work))
