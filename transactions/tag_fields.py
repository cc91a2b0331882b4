"""The serializer field of a transaction's tags."""

from collections.abc import Iterable, Sequence
from typing import Unpack

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cashman_project.api.fastpath.row_json import TextJSON
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.types import FieldOptions

from .models import Tag, Transaction
from .name_fields import NAME, is_name
from .names import LONGEST_NAME, MOST_TAGS, name_key, tag_names, tags_text

BETWEEN = ", "  # tags in a form


class TagsJSON(TextJSON):
    """The tags of a transaction, which are stored as JSON."""

    postgresql = sqlite = "%(expressions)s"


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": "^[^,]*$"},
        "maxItems": MOST_TAGS,
        "uniqueItems": True,
    }
)
class TagsField(serializers.Field[str, object, list[str], Transaction]):
    """Some of the owner's tags, by their names. `read` looks up the names of many rows in one query.

    In a form they are one text, with commas between them. It may name new ones, which `new` has: they are not saved
    yet.
    """

    allow_blank = True  # an empty text of a form: no tags
    usual_notation = "tags"  # fast creation looks up the names as this class does
    default_error_messages = {
        "not_a_list": _("Expected an array of names."),
        "max_length": _("A transaction has at most {most} tags."),
        "duplicate": _("This tag is given twice."),
        "does_not_exist": _("You have no tag with this name: create it first, or leave it out."),
    }

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        style = {"base_template": "input.html", "input_type": "text"}
        named: FieldOptions = {"required": False, "label": _("Tags"), **options}
        super().__init__(initial="", style=style, **named)
        self.known: dict[str, str] | None = None  # names by their keys, after `read`
        self.new: list[Tag] = []

    def read(self, values: Iterable[object]) -> None:
        """Read the tags that are named in these values. Some values may be invalid."""
        names = [name for value in values if isinstance(value, list) for name in value[:MOST_TAGS]]
        self.known = self._found({name for name in names if isinstance(name, str)})

    def _found(self, names: Iterable[str]) -> dict[str, str]:
        keys = {name_key(name) for name in names if is_name(name)}
        tags = Tag.objects.for_owner(owner_of(self.context["request"]))
        return dict(tags.filter(key__in=keys).values_list("key", "name")) if keys else {}

    def to_internal_value(self, data: object) -> str:
        """Return the tags as they are stored, with the names that the owner's tags have."""
        is_form = is_page_form(self.context["request"])
        if is_form and isinstance(data, str):
            data = [name for part in data.split(",") if (name := part.strip())]
        if not isinstance(data, list):
            self.fail("not_a_list")
        if len(data) > MOST_TAGS:
            self.fail("max_length", most=MOST_TAGS)
        names = [NAME.run_validation(name) for name in data]
        found = self._found(names) if self.known is None else self.known
        self.new = []
        stored: dict[str, str] = {}
        for name in names:
            key = name_key(name)
            if key in stored:
                self.fail("duplicate")
            if key not in found and not is_form:
                self.fail("does_not_exist")
            stored[key] = found[key] if key in found else self._new(name)
        return tags_text([*stored.values()])

    def _new(self, name: str) -> str:
        """Return the name of a new tag, which is not saved yet. Raises ValidationError if it breaks a rule."""
        tag = Tag(owner=owner_of(self.context["request"]), name=name)
        try:
            tag.clean_fields(exclude={"owner", "key"})
            tag.clean()
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages, code="invalid") from None
        self.new.append(tag)
        return str(tag.name)

    def to_representation(self, value: str) -> list[str]:
        return tag_names(value)

    def form_value(self, value: Sequence[str]) -> str:
        """Return tags of JSON as a form shows them."""
        return BETWEEN.join(value)

    def json_value(self) -> TagsJSON:
        return TagsJSON(F(str(self.source)))
