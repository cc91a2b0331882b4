"""Serializer fields that refer to rows by their names: categories and accounts."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from cashman_project.api.fastpath.row_json import TextJSON
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.selects import Select
from cashman_project.api.serializers import StrictCharField
from transactions.models import NamedModel
from transactions.querysets import AccountQuerySet
from users.models import User

from .models import Account, Category
from .names import name_key
from .services.accounts import account_names

NAME = StrictCharField()


class NamedField(serializers.SlugRelatedField[Any]):  # Any: a row; of DefaultAccountField, its id
    """One of the owner's rows, by its name. `read` looks up the rows of many names in one query."""

    model: type[NamedModel]
    label_text: str | Promise
    select: Select | None = None  # of a form; otherwise a name is typed
    known: dict[str, NamedModel] | None = None  # by their keys, after `read`

    def __init__(self, **options: Any) -> None:  # Any: the options of any serializer field
        if not options.get("read_only"):
            options["queryset"] = self.model.objects.all()
        style: Any = {"base_template": "input.html", "input_type": "text", "select": self.select}  # as any field's
        style |= options.pop("style", {})
        super().__init__(slug_field="name", style=style, **{"label": self.label_text, **options})

    def get_queryset(self) -> Any:  # Any: the rows, with the methods of their own class
        return self.model.objects.for_owner(owner_of(self.context["request"]))

    def json_value(self) -> TextJSON:
        return TextJSON(F(f"{self.source}__name"))

    def run_validation(self, data: object = serializers.empty) -> object:
        return serializers.Field.run_validation(self, data)  # a related field would read "" as null

    def read(self, names: set[str]) -> None:
        """Read the rows of these names. Some names may be invalid."""
        keys = {name_key(name) for name in names if is_name(name)}
        self.known = {row.key: row for row in self.get_queryset().filter(key__in=keys)} if keys else {}

    def to_internal_value(self, data: object) -> Any:  # Any: a row; DefaultAccountField returns an id
        name = NAME.run_validation(data)
        known = self.known
        row = self.get_queryset().named(name).first() if known is None else known.get(name_key(name))
        return self.missing(name) if row is None else row

    def missing(self, name: str) -> NamedModel:
        """Return what stands for a row that is not there. Raises ValidationError."""
        self.fail("does_not_exist")


class CategoryField(NamedField):
    """One of the owner's categories. A page's form may name a new one, which is not saved yet."""

    model = Category
    label_text = _("Category")
    usual_notation = "category"  # fast creation looks up a name as this class does

    default_error_messages = {
        "does_not_exist": _("You have no category with this name: create it first, or leave it out."),
    }

    def missing(self, name: str) -> Category:
        """Return a new category, which is not saved yet. Raises ValidationError if the name breaks a rule."""
        if not is_page_form(self.context["request"]):
            self.fail("does_not_exist")
        category = Category(owner=owner_of(self.context["request"]), name=name)
        try:
            category.clean_fields(exclude={"owner", "key"})
            category.clean()
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages, code="invalid") from None
        return category


class AccountField(NamedField):
    """One of the owner's accounts."""

    model = Account
    label_text = _("Account")
    select = Select(dict, account_names)
    usual_notation = "account"  # as above

    default_error_messages = {
        "does_not_exist": _("You have no account with this name: create it first, or leave it out."),
    }


class DefaultAccountField(AccountField):
    """The account of an owner's new rows. The owner, whom the serializer is of, has its id."""

    def get_queryset(self) -> AccountQuerySet:
        user: Any = self.parent.instance  # a user
        return Account.objects.for_owner(user)

    def to_internal_value(self, data: object) -> UUID:
        pk: UUID = super().to_internal_value(data).pk
        return pk

    def get_attribute(self, instance: "User") -> UUID | None:
        pk: UUID | None = instance.account
        return pk

    def to_representation(self, value: Any) -> Any:  # as the base has it, of an id to a name
        return self.get_queryset().filter(pk=value).values_list("name", flat=True).first()

    def use_pk_only_optimization(self) -> bool:
        return False


def is_name(name: str) -> bool:
    """Return whether the name is valid, so that it can be part of a query."""
    try:
        NAME.run_validation(name)
    except serializers.ValidationError:
        return False
    return True
