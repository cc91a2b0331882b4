"""The categories and tags that a file names."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from uuid_utils.compat import uuid7

from cashman_project.api.types import JSONObject
from cashman_project.texts import compose
from transactions.models import Category, Tag
from transactions.names import LONGEST_NAME, MOST_TAGS, name_key, tags_text

from .lines import one_line
from .rows import Row

if TYPE_CHECKING:
    from users.models import User

MOST_MADE = 1_000  # categories, and tags, that one file makes
MOST_TOLD = 100  # names that a plan lists


class Names:
    """Gives rows the categories and tags that the file names. If it `makes` them, a commit creates those that are
    missing; otherwise they are left out, and the plan tells which."""

    def __init__(self, owner: "User", makes: bool) -> None:
        self.owner = owner
        self.makes = makes
        self.categories = dict(Category.objects.for_owner(owner).values_list("key", "id"))
        self.tags = dict(Tag.objects.for_owner(owner).values_list("key", "name"))
        self.new_categories: dict[UUID, str] = {}
        self.new_tags: dict[str, str] = {}  # by their keys
        self.left_out: dict[str, dict[str, None]] = {"categories": {}, "tags": {}}

    def give(self, row: Row) -> None:
        """Give the row what it names."""
        if row.category:
            row.category_id = self._category(one_line(row.category))
        if row.tag_names:
            found = dict.fromkeys(filter(None, map(self._tag, row.tag_names)))
            row.tags = tags_text([name for name in found if name][:MOST_TAGS])

    def _category(self, name: str) -> UUID | None:
        key = name_key(name)
        if found := self.categories.get(key):
            return found
        if not self._may_make(Category(owner=self.owner, name=name), len(self.new_categories)):
            self._leave_out("categories", name)
            return None
        pk = self.categories[key] = uuid7()
        self.new_categories[pk] = name
        return pk

    def _tag(self, name: str) -> str | None:
        name = compose(one_line(name), LONGEST_NAME)
        key = name_key(name)
        if found := self.tags.get(key):
            return found
        if not self._may_make(Tag(owner=self.owner, name=name), len(self.new_tags)):
            self._leave_out("tags", name)
            return None
        self.tags[key] = self.new_tags[key] = name
        return name

    def _may_make(self, row: Category | Tag, made: int) -> bool:
        if not self.makes or made >= MOST_MADE or not row.name:
            return False
        try:
            row.clean()
        except ValidationError:
            return False
        return True

    def _leave_out(self, kind: str, name: str) -> None:
        if len(self.left_out[kind]) < MOST_TOLD:
            self.left_out[kind][name[:MOST_TOLD]] = None

    def stored(self) -> JSONObject:
        """Return what a commit makes, and what it leaves out."""
        return {
            "categories": [{"id": str(pk), "name": name} for pk, name in self.new_categories.items()],
            "tags": list(self.new_tags.values()),
            "left_out": {kind: list(names) for kind, names in self.left_out.items()},
        }
