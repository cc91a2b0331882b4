"""Accounts and their checks in JSON."""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.utils.html import is_html_input

from cashman_project.api.fastpath.row_json import TextJSON
from cashman_project.api.pages.selects import Select
from cashman_project.api.schema import ProblemSerializer
from cashman_project.api.serializers import (
    StrictBooleanField,
    StrictDateField,
    StrictModelSerializer,
    StrictSerializer,
)
from cashman_project.api.types import FieldsSerializer, Validated
from cashman_project.db.types import SQL
from cashman_project.money.amounts import format_amount
from cashman_project.money.formats import currency_options
from cashman_project.money.serializer_field import AmountField, AmountJSON
from cashman_project.money.typed import form_amount, typed_amount

from . import account_examples as examples
from .choices import AccountKind
from .models import Account, BalanceCheck
from .serializers import TransactionSerializer
from .services.currencies import own_currencies

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Opening = Validated  # `opening_date` and `opening_balance`, both of them or none


class OpeningSerializer(StrictSerializer):
    """What was in an account at the end of a day."""

    date = StrictDateField()
    balance = AmountField()


class OpeningJSON(TextJSON):
    """An opening as a JSON object, or NULL if there is none."""

    def __init__(self) -> None:
        super().__init__(F("opening_date"), AmountJSON(F("opening_balance"), F("currency")))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: object, **context: object) -> SQL:
        (date, _none), (balance, _none) = (compiler.compile(part) for part in self.get_source_expressions())
        return f"""('{{"date":"' || {date} || '","balance":"' || {balance} || '"}}')""", []

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection)


@extend_schema_field(OpeningSerializer(allow_null=True))
class OpeningField(serializers.Field[Opening, object, dict[str, str] | None, Account]):
    """An account's opening: two columns in the database, one object in JSON. In a form it is a date and an amount."""

    columns = ("opening_date", "opening_balance")

    def __init__(self, *, label: "StrOrPromise") -> None:
        style = {"base_template": "day_and_amount.html"}
        super().__init__(source="*", required=False, allow_null=True, style=style, label=label)

    def get_value(self, dictionary: Any) -> Any:  # Any: parsed JSON, or a form
        """Return the field's value; of a form with two inputs of its name, the day and the amount as one text."""
        if is_html_input(dictionary) and len(texts := dictionary.getlist(self.field_name)) == 2:
            return f"{texts[0]:10} {texts[1]}"
        return super().get_value(dictionary)

    def _currency(self) -> str:
        """Return the currency of the form: the chosen one, or that of its account."""
        form = self.parent
        return str(form.initial_data.get("currency") or getattr(form.instance, "currency", ""))

    def to_internal_value(self, data: object) -> Opening:
        opening: Opening = {}
        if isinstance(data, str) and is_html_input(getattr(self.parent, "initial_data", None)):
            date, _space, balance = data.strip().partition(" ")
            data = {"date": date, "balance": f"{typed_amount(balance, self._currency()):f}"} if date else None
        if data is not None:
            opening = OpeningSerializer(context=self.context).run_validation(data)
        return {"opening_date": opening.get("date"), "opening_balance": opening.get("balance")}

    def to_representation(self, value: Account | Opening) -> dict[str, str] | None:
        if not isinstance(value, Account) or value.opening_date is None:
            return None
        return {
            "date": value.opening_date.isoformat(),
            "balance": format_amount(value.opening_balance, value.currency),
        }

    def form_value(self, value: dict[str, str]) -> str:
        """Return an opening of JSON as a form shows it."""
        return f"{value['date']} {form_amount(value['balance'])}"

    def json_value(self) -> OpeningJSON:
        return OpeningJSON()


@extend_schema_serializer(examples=examples.ACCOUNTS)
class AccountSerializer(StrictModelSerializer[Account]):
    """Where money is: at a bank, in a wallet, on a card."""

    opening = OpeningField(label=_("Opening balance"))
    owner_defaults = {"currency": attrgetter("currency")}

    class Meta:
        model = Account
        fields = [
            "id",
            "name",
            "kind",
            "currency",
            "identifier",
            "opening",
            "archived",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "version", "created_at", "updated_at"]
        extra_kwargs = {
            "currency": {
                "required": False,
                "trim_whitespace": False,
                "style": {"select": Select(currency_options, own_currencies)},
            },
            "kind": {"initial": AccountKind.CHECKING.value},
            "identifier": {"trim_whitespace": False, "allow_blank": False},
        }

    def validate(self, attrs: Opening) -> Opening:
        """Return `attrs`; raises ValidationError, which names the opening if one of its parts breaks a rule."""
        try:
            return super().validate(attrs)
        except ValidationError as error:
            found = error.detail
            assert isinstance(found, dict)
            raise ValidationError({name.replace("opening_", "opening."): found[name] for name in found}) from None


@extend_schema_field({"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,4})?$"})
# The stub has one type for what is read and what is written, as for AmountField.
class BalanceField(serializers.Field[Any, object, str, Account]):
    """The balance of an account, which the view has read."""

    is_decimal = True

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True)

    def to_representation(self, value: Account) -> str:
        balance: str = self.context["view"].balance_of(value)
        return balance


@extend_schema_serializer(examples=examples.ACCOUNTS_WITH_BALANCE, component_name="Account")
class AccountWithBalanceSerializer(AccountSerializer):
    """Where money is: at a bank, in a wallet, on a card. `balance` is what is there."""

    balance = BalanceField()

    class Meta(AccountSerializer.Meta):
        fields = [*AccountSerializer.Meta.fields[:7], "balance", *AccountSerializer.Meta.fields[7:]]


class AccountInUseSerializer(ProblemSerializer):
    """The problem of an account that is in use, by so many `transactions` and `rules`."""

    transactions = serializers.IntegerField(required=False)
    rules = serializers.IntegerField(required=False)


class RegisterRowSerializer(TransactionSerializer):
    """A transaction of an account, and the account's `balance` after it."""

    balance = serializers.CharField(read_only=True)

    class Meta(TransactionSerializer.Meta):
        fields = [*TransactionSerializer.Meta.fields, "balance"]


class PageSerializer(FieldsSerializer):
    """A page of rows."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


@extend_schema_serializer(examples=examples.REGISTERS)
class RegisterSerializer(PageSerializer):
    """A page of an account's register."""

    results = RegisterRowSerializer(many=True)


@extend_schema_serializer(examples=examples.CHECKS)
class CheckSerializer(FieldsSerializer):
    """What the bank says of a balance (`balance`), and what the transactions say (`computed`)."""

    date = serializers.DateField()
    balance = serializers.CharField()
    computed = serializers.CharField()
    difference = serializers.CharField()
    locked = serializers.BooleanField()


@extend_schema_serializer(examples=examples.CHECK_LISTS)
class CheckListSerializer(PageSerializer):
    """A page of an account's checks."""

    results = CheckSerializer(many=True)


class StatedBalanceField(AmountField):
    """What the bank says, in the currency of the account, which the context names."""

    def _currency(self) -> str:
        return str(self.context["currency"])


@extend_schema_serializer(examples=examples.CHECK_REQUESTS)
class CheckRequestSerializer(StrictSerializer):
    """What the bank says that the balance is at the end of a day."""

    balance = StatedBalanceField(label=_("Balance"))
    locked = StrictBooleanField(required=False, label=_("Locked"))


class AccountNameField(serializers.SlugRelatedField[Account]):
    """The name of a row's account, to be read."""

    def __init__(self) -> None:
        super().__init__(slug_field="name", read_only=True)

    def json_value(self) -> TextJSON:
        return TextJSON(F(f"{self.source}__name"))


class CheckedBalanceField(AmountField):
    """The balance of a check, in the currency of its account."""

    def json_value(self) -> AmountJSON:
        return AmountJSON(F("balance"), F("account__currency"))


class StoredCheckSerializer(StrictModelSerializer[BalanceCheck]):
    """A check of a balance as it is stored, in the history and in /changes. It does not say whether it is right."""

    account = AccountNameField()
    balance = CheckedBalanceField(read_only=True)

    class Meta:
        model = BalanceCheck
        fields = ["id", "account", "date", "balance", "locked", "version", "created_at", "updated_at"]
        read_only_fields = fields
