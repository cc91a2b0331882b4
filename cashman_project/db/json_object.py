"""A JSON object of columns, written by the database."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, TextField, Value
from django.db.models.sql.compiler import SQLCompiler

from .types import SQL


class ColumnsJSON(Func):
    """The columns with these names as the text of a JSON object. Their values are as the database stores them.

    Django's JSONObject would first ask SQLite, in a transaction, whether it knows JSON.
    """

    output_field = TextField()

    def __init__(self, *names: str) -> None:
        super().__init__(*[part for name in names for part in (Value(name), F(name))])

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template="JSON_BUILD_OBJECT(%(expressions)s)::text")

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, function="JSON_OBJECT")
