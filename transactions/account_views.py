"""Accounts, their registers and their checks over HTTP."""

import datetime
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.dates import INVALID_DATE, parse_date
from cashman_project.api.errors import PreconditionFailed
from cashman_project.api.etags import check_preconditions, is_conditional, tagged_response
from cashman_project.api.export import LISTS, columns_of, database_texts, is_export, rows_response
from cashman_project.api.filters import check_parameters, flag_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.submission import FormState
from cashman_project.api.pagination import KeysetPagination, OrderedBy, Window, read_ordering, read_page_request
from cashman_project.api.problems import PROBLEM_JSON
from cashman_project.api.schema import CHANGE_HEADERS, DELETE_HEADERS, LIST_HEADERS, READ_HEADERS
from cashman_project.api.spreadsheet import Column, Kind
from cashman_project.api.templatetags.days import day
from cashman_project.api.types import AnyResponse, AnySerializer, JSONObject
from cashman_project.api.viewsets import OwnedModelViewSet
from cashman_project.db.retry import in_transaction
from cashman_project.money.amounts import format_units
from ledgers.paging import page_parameters
from ledgers.viewsets import LedgerMixin
from transactions.models import Transaction

from . import account_examples as examples
from . import account_pages
from .account_serializers import (
    AccountInUseSerializer,
    AccountWithBalanceSerializer,
    CheckListSerializer,
    CheckRequestSerializer,
    CheckSerializer,
    RegisterSerializer,
)
from .filters import AccountFilterSet
from .models import Account, BalanceCheck
from .serializers import TransactionSerializer
from .services.accounts import balances, delete_account
from .services.checks import checks_of, delete_check, put_check
from .services.registers import register_rows, with_balances
from .transaction_querysets import TransactionQuerySet

DATE = OpenApiParameter("date", OpenApiTypes.DATE, description="At the end of which day; by default, today.")
CHECK_DATE = OpenApiParameter("date", OpenApiTypes.DATE, OpenApiParameter.PATH, description="The day of the check.")
CHECK_PATH = r"checks/(?P<date>[^/.]+)"


class ByDate:
    """The order of a register and of a list of checks: the newest rows first, unless the request says otherwise."""

    def __init__(self, queryset: QuerySet[Transaction] | QuerySet[BalanceCheck]) -> None:
        self.queryset = queryset
        self.orderings: Mapping[str, OrderedBy] = {"date": "date"}
        self.default_ordering = "-date"


@extend_schema_view(
    list=extend_schema(parameters=[DATE]),
    retrieve=extend_schema(parameters=[DATE]),
    destroy=extend_schema(
        parameters=[
            OpenApiParameter("force", OpenApiTypes.BOOL, default=False, description="Unlink its transactions first.")
        ],
        responses={
            204: OpenApiResponse(description="Deleted."),
            (409, PROBLEM_JSON): OpenApiResponse(
                AccountInUseSerializer,
                "In use by this number of `transactions`, which `force` unlinks; or `locked` by a check.",
                examples=[examples.ACCOUNT_IN_USE],
            ),
        },
    ),
)
class AccountViewSet(LedgerMixin, OwnedModelViewSet):
    """Where money is, with its balance."""

    queryset = Account.objects.all()
    serializer_class = AccountWithBalanceSerializer
    filterset_class = AccountFilterSet
    orderings = {"name": "key", "created_at": "created_at"}
    default_ordering = "name"
    pages = {
        **LedgerMixin.pages,
        "list": "transactions/account_list.html",
        "retrieve": "transactions/account_detail.html",
        "register": "transactions/account_register.html",
        "checks": "transactions/account_checks.html",
        "check": "transactions/account_check.html",
    }
    error_pages = {"list": "transactions/account_list.html"}
    conflict_pages = {"destroy": "transactions/account_in_use.html"}
    exported = (*OwnedModelViewSet.exported, "register")
    changes = OwnedModelViewSet.changes | {"put_check", "delete_check"}
    bodiless = OwnedModelViewSet.bodiless | {"delete_check"}
    account: Account  # whose register or checks are shown
    units: dict[UUID, int]  # the balances that were read, by the ids of their accounts

    # -- Balances -----------------------------------------------------------------------------

    def allowed_parameters(self) -> frozenset[str]:
        further = {"list": {"date"}, "retrieve": {"date"}, "destroy": {"force"}}
        if self.action in ("register", "checks"):
            return KeysetPagination.parameters
        return super().allowed_parameters() | further.get(str(self.action), set())

    def page_context(self, data: JSONObject) -> dict[str, object]:
        owner = owner_of(self.request)
        if self.action == "list":
            return account_pages.list_context(owner, self._date(), data["results"])
        if self.action == "register":
            return account_pages.register_context(self.account, self.request, data)
        if self.action == "checks":
            return account_pages.reconcile_context(self.account, self.request)
        if self.action == "check":
            return account_pages.check_context(self.account, self.request, self._check_date())
        return super().page_context(data)

    def balance_of(self, account: Account) -> str:
        """Return the account's balance, and read those of all accounts of an export together."""
        if account.pk not in self.__dict__.setdefault("units", {}):
            keys = None if self.action == "list" else [account.pk]
            self.units |= balances(owner_of(self.request), self._date(), keys)
        return format_units(self.units[account.pk], account.currency)

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:  # Any: rows of accounts
        rows = super().paginate_queryset(queryset)
        self.units = balances(owner_of(self.request), self._date(), [row.pk for row in rows or ()])
        return rows

    def _date(self) -> datetime.date:
        text = self.request.query_params.get("date")
        if not text or self.action not in ("list", "retrieve"):
            return owner_of(self.request).today()
        return _date_of(text, "date")

    def perform_update(self, serializer: AnySerializer) -> None:
        super().perform_update(serializer)
        self.units = {}  # with another opening it has another balance

    def perform_destroy(self, instance: Account) -> None:
        delete_account(account=instance, force=flag_of(self.request, "force"))

    # -- Register -----------------------------------------------------------------------------

    @extend_schema(
        operation_id="get_account_register",
        summary="Read the register of an account",
        parameters=[*page_parameters("date"), *LIST_HEADERS],
        responses=RegisterSerializer,
    )
    @action(
        detail=True,
        url_path=rf"register(?:[.](?P<format>{'|'.join(renderer.format for renderer in LISTS)}))?",
        url_name="register",
        pagination_class=None,
        filterset_class=None,
    )
    def register(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """The account's transactions, the newest first, each with the balance after it."""
        account = self._account()
        rows = TransactionSerializer.Meta.model.objects.for_owner(owner_of(request)).filter(account=account.pk)
        if is_export(request):
            return self._register_export(account, rows)
        page_request = read_page_request(request, ByDate(rows))
        window = page_request.window
        found = list(window.of(rows.select_related("category", "account"), *page_request.start(rows.model)))
        page = page_request.page(found, lambda row: (row.date, row.pk))
        after = register_rows(account, page.rows)
        serializer = TransactionSerializer(context=self.get_serializer_context())
        results = [
            {**serializer.to_representation(row), "balance": format_units(after[row.pk], account.currency)}
            for row in page.rows
        ]
        content = {"next": page.next, "previous": page.previous, "results": results}
        return Response(content, headers=page.headers())

    def _register_export(self, account: Account, rows: TransactionQuerySet) -> AnyResponse:
        request, by_date = self.request, ByDate(rows)
        check_parameters(request, self.allowed_parameters() - {"cursor", "page_size"}, frozenset())
        descending = read_ordering(request, by_date)[0] == "-"
        ordered = Window("date", descending).ordered(rows.select_related("category", "account"))
        serializer = TransactionSerializer()
        columns = [*columns_of(serializer), Column("balance", Kind.DECIMAL)]
        chunks = with_balances(account, database_texts(serializer, ordered), descending=descending)
        return rows_response(request, account.name, columns, chunks, title=_("Register"))

    # -- Checks -------------------------------------------------------------------------------

    @extend_schema(
        operation_id="list_account_checks",
        summary="List the checks of an account",
        parameters=[*page_parameters("date"), *LIST_HEADERS],
        responses=CheckListSerializer,
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def checks(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """What the bank says of the account's balances, the newest first, compared with what the transactions say."""
        account = self._account()
        rows = BalanceCheck.objects.for_owner(owner_of(request)).filter(account=account.pk)
        page_request = read_page_request(request, ByDate(rows))
        found = list(page_request.window.of(rows, *page_request.start(rows.model)))
        page = page_request.page(found, lambda row: (row.date, row.pk))
        results = [account_pages.shown_check(account, check) for check in checks_of(account, page.rows)]
        content = {"next": page.next, "previous": page.previous, "results": results}
        return Response(content, headers=page.headers())

    @extend_schema(
        operation_id="get_account_check",
        summary="Read the check of a day",
        parameters=[CHECK_DATE, *READ_HEADERS],
        responses=CheckSerializer,
    )
    @action(detail=True, url_path=CHECK_PATH, pagination_class=None, filterset_class=None)
    def check(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """The check of one day."""
        account = self._account()
        return tagged_response(request, self._stored_check(account))

    @extend_schema(
        operation_id="replace_account_check",
        summary="Check the balance of a day",
        parameters=[CHECK_DATE, *CHANGE_HEADERS],
        request=CheckRequestSerializer,
        responses=CheckSerializer,
    )
    @check.mapping.put
    def put_check(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Say what the bank says at the end of the day. `locked` needs a difference of zero."""
        data = request.data
        with self.turn():
            shown = in_transaction(lambda: self.write(lambda: self._put_check(data)))
        return tagged_response(request, shown)

    def _put_check(self, data: object) -> dict[str, object]:
        account = self._account()
        if is_conditional(self.request):
            try:
                check_preconditions(self.request, self._stored_check(account))
            except NotFound:
                if "HTTP_IF_MATCH" in self.request.META:  # which names a check that is not there
                    raise PreconditionFailed from None
        context = {**self.get_serializer_context(), "currency": account.currency}
        serializer = CheckRequestSerializer(data=data, context=context)
        serializer.is_valid(raise_exception=True)
        checked = put_check(account, self._check_date(), **serializer.validated_data)
        return account_pages.shown_check(account, checked)

    @extend_schema(
        operation_id="delete_account_check",
        summary="Delete the check of a day",
        parameters=[CHECK_DATE, *DELETE_HEADERS],
        responses={204: OpenApiResponse(description="Deleted.")},
    )
    @check.mapping.delete
    def delete_check(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Delete the check. What it kept can be changed again."""
        with self.turn():
            in_transaction(lambda: self.write(self._delete_check))
        return Response(status=204)

    def _delete_check(self) -> None:
        account = self._account()
        self.form_state = FormState(deleted=_("the check of %(day)s") % {"day": day(self._check_date())})
        stored = self._stored_check(account)
        if is_conditional(self.request):
            check_preconditions(self.request, stored)
        delete_check(account, self._check_date())

    def _stored_check(self, account: Account) -> dict[str, object]:
        """Return the JSON of the check that the path names; raises NotFound."""
        checks = BalanceCheck.objects.for_owner(owner_of(self.request))
        for checked in checks_of(account, checks.filter(account=account.pk, date=self._check_date())):
            return account_pages.shown_check(account, checked)
        raise NotFound

    def _account(self) -> Account:
        account = self.get_object()
        assert isinstance(account, Account)
        self.account = account
        return account

    def page_parameters(self) -> frozenset[str]:  # the function of this name is above it
        return frozenset({"date", "balance"}) if self.action == "checks" else super().page_parameters()

    def _check_date(self) -> datetime.date:
        """Return the date in the path; raises NotFound if it is none."""
        try:
            return parse_date(self.kwargs["date"])
        except ValueError:
            raise NotFound from None


def _date_of(text: str, name: str) -> datetime.date:
    try:
        return parse_date(text)
    except ValueError:
        raise ValidationError({name: [INVALID_DATE]}, code="invalid") from None
