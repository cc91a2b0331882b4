"""What lists of transactions are ordered by, beside their columns."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from cashman_project.api.pagination import OrderedBy, SortKey
from cashman_project.db.types import SQL


class CategoryKey(SortKey):
    """The key of a row's category. A row without one comes after those of all categories."""

    template = "COALESCE(' ' || %(expressions)s, '~')"

    def __init__(self) -> None:
        super().__init__(F("category__key"))


class GroupKey(SortKey):
    """The group of a category, and then its name. Those without a group come after all others.

    What stands between them sorts before whatever another group may continue with.
    """

    label = _("group")

    def __init__(self) -> None:
        super().__init__(F("group_key"), F("key"))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self._sql(compiler, "CHR(1) || CHR(1)")

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self._sql(compiler, "CHAR(1, 1)")

    def _sql(self, compiler: SQLCompiler, between: str) -> SQL:
        group, name = (compiler.compile(column)[0] for column in self.get_source_expressions())
        return f"(COALESCE(' ' || {group}, '~') || {between} || {name})", []


class AbsoluteAmountKey(SortKey):
    """The currency, and then the absolute amount: amounts of different currencies are not compared."""

    label = _("absolute amount")
    is_number = True

    def __init__(self) -> None:
        super().__init__(F("currency"), F("amount"))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        currency, amount = self._columns(compiler)
        return f"""({currency} || LPAD(ABS({amount})::text, 19, '0')) COLLATE "C\"""", []

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        currency, amount = self._columns(compiler)
        return f"({currency} || PRINTF('%%019d', ABS({amount})))", []

    def _columns(self, compiler: SQLCompiler) -> list[str]:
        return [compiler.compile(column)[0] for column in self.get_source_expressions()]


ORDERINGS: dict[str, OrderedBy] = {
    "date": "date",
    "description": "description_folded",
    "category": CategoryKey(),
    "amount": "amount",
    "absolute_amount": AbsoluteAmountKey(),
    "created_at": "created_at",
}
