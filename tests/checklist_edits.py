"""What the checklists of CONTRIBUTING.md say to do, done: a field `payee`, a resource `tags`, a grouping `weekday`.

By checklist and file: pairs of a text that is there once, and what is to stand before it. A file that is not there yet
is made of the one text that it has.
"""

Edits = dict[str, list[tuple[str, str]]]

PAYEE: Edits = {
    "transactions/models/transaction.py": [
        (
            "    external_id = models.CharField(",
            '    payee = models.CharField(\n        _("payee"), max_length=100, blank=True, default="", db_default="",'
            " validators=[validate_one_line]\n    )\n",
        )
    ],
    "transactions/serializers.py": [('            "external_id",\n            "version"', '            "payee",\n')],
    "transactions/admin.py": [('"external_id"]', '"payee", ')],
    "transactions/examples.py": [
        ('    "external_id": None,', '    "payee": "",\n'),
        ('    "external_id": "bank-4711",\n}', '    "payee": "Luigi",\n'),
    ],
    "transactions/tests/test_api_transactions.py": [('"external_id"),\n', '"payee", ')],
    "docs/api.md": [
        ("| `external_id` | what", '| `payee` | who was paid, up to 100 characters on one line, or "" |\n'),
        ('"external_id": null, "version": 1, "created_at"', '"payee": "", '),
        ("external_id,version,created_at", "payee,"),
    ],
}
PAYEE_FILTER: Edits = {
    "transactions/filters.py": [
        (
            "    external_id = django_filters",
            "    payee = django_filters.CharFilter(max_length=100, strip=False)\n",
        )
    ],
    "transactions/tests/books.py": [('    "amount_min=100": "', '    "payee=nobody": "",\n')],
    "docs/api.md": [("| `updated_after` |", "| `payee` | with exactly that payee |\n")],
}

TAG_MODEL = '''"""Tags: names to find transactions by."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from cashman_project.db.derived_fields import KeyField
from cashman_project.texts import check_visible
from ledgers.models.owned import OwnedModel

from ..category_names import LONGEST_NAME, category_key
from .category import CategoryNameField


class Tag(OwnedModel):
    """A name to find transactions by."""

    resource = "tags"

    name = CategoryNameField(_("name"), max_length=LONGEST_NAME)
    key = KeyField(source="name", max_length=6 * LONGEST_NAME + 1)

    class Meta(OwnedModel.Meta):
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["key", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "key"],
                name="tag_name_unique",
                violation_error_message=_("You already have a tag with this name."),
            )
        ]

    def __str__(self) -> str:
        return str(self.name)

    def clean(self) -> None:
        """Raise ValidationError unless the name has a visible character."""
        check_visible(self, "name")
        self.key = category_key(self.name)
'''
TAG_SERIALIZER = '''class TagSerializer(StrictModelSerializer[Tag]):
    """A name to find transactions by."""

    class Meta:
        model = Tag
        fields = ["id", "name", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]


'''
TAG_VIEWSET = '''class TagViewSet(LedgerMixin, OwnedModelViewSet):
    """What transactions can be found by."""

    fastpath = True
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    orderings = {"name": "key", "created_at": "created_at"}
    default_ordering = "name"


'''
TAG_ADMIN = """@admin.register(Tag)
class TagAdmin(OwnedModelAdmin):
    fields = ["owner", "name"]
    list_display = ["name", "owner"]
    list_filter = [("owner", AutocompleteFilter)]
    list_select_related = ["owner"]
    sortable_by = ["name"]
    search_fields = ["key__holds"]
    autocomplete_fields = ["owner"]


"""
TAG_TABLE = """/tags                nobody    401 401  401     401  401 401   401    401
/tags                owner     200 200  204     201  405 405   405    405
/tags/<pk>           nobody    401 401  401     401  401 401   401    401
/tags/<pk>           owner     200 200  204     405  200 200   204    405
/tags/<pk>           stranger  404 404  204     405  404 404   404    405
/tags/<pk>/history   nobody    401 401  401     401  401 401   401    401
/tags/<pk>/history   owner     200 200  204     405  405 405   405    405
/tags/<pk>/history   stranger  404 404  204     405  405 405   405    405
/tags.csv            nobody    401 401  401     401  401 401   401    401
/tags.csv            owner     200 200  204     405  405 405   405    405
"""
TAG_FACTORY = """class TagFactory(factory.django.DjangoModelFactory[Tag]):
    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"Tag {n}")


"""
MODELS = "Transaction\n"  # the end of an import of models
TAGS: Edits = {
    "transactions/models/tag.py": [("", TAG_MODEL)],
    "transactions/models/__init__.py": [
        ("from .transaction import", "from .tag import Tag\n"),
        ('"Transaction"]', '"Tag", '),
    ],
    "transactions/serializers.py": [
        (f"{MODELS}from .querysets import Cat", "Tag, "),
        ("class TransactionListSerializer(", TAG_SERIALIZER),
    ],
    "transactions/views.py": [
        (f"{MODELS}from .orderings import ORD", "Tag, "),
        ("    TransactionSerializer,\n)", "    TagSerializer,\n"),
        ("@extend_schema_view(\n    destroy", TAG_VIEWSET),
    ],
    "transactions/apps.py": [
        ("Transaction\n        from .serializers", "Tag, "),
        ("TransactionSerializer\n        from .services", "TagSerializer, "),
        (
            "        register(Category,",
            '        register(Tag, TagSerializer, ngettext_lazy("%(count)s tag", "%(count)s tags", "rows"))\n',
        ),
    ],
    "transactions/urls.py": [
        ("\nurlpatterns = ", 'router.register("tags", views.TagViewSet, basename="tag")\n'),
    ],
    "transactions/admin.py": [
        (f"{MODELS}from .templatetags", "Tag, "),
        ("@admin.register(Category)", TAG_ADMIN),
    ],
    "transactions/templates/nav.html": [
        (
            '<a href="{{ summary }}"',
            '{% url "tag-list" as tags %}\n'
            '<a href="{{ tags }}"{% if tags in request.path %} aria-current="page"{% endif %}>'
            '{% translate "Tags" %}</a>\n',
        )
    ],
    "transactions/templates/transactions/root.html": [
        (
            '  <li><a href="{{ data.summary }}">',
            '  <li><a href="{{ data.tags }}">{% translate "Tags" %}</a></li>\n',
        )
    ],
    "cashman_project/urls.py": [('    "summary": "summary",', '    "tags": "tag-list",\n')],
    "transactions/tests/permissions.txt": [("/incomes.csv         nobody", TAG_TABLE)],
    "transactions/tests/test_permissions.py": [
        ('    "/categories": {"name": "Lottery"},', '    "/tags": {"name": "Lottery"},\n'),
        ('    "/categories": CategoryFactory,', '    "/tags": TagFactory,\n'),
        ("\nfrom users.models import User\nfrom users.sessions", ", TagFactory"),
    ],
    "transactions/tests/factories.py": [
        (f"{MODELS}from users", "Tag, "),
        ("class IncomeFactory(", TAG_FACTORY),
    ],
    "transactions/tests/test_architecture.py": [
        ('    "transactions.MonthTotal": {', '    "transactions.Tag": {"users.User"},\n'),
    ],
    "transactions/tests/query_counts.txt": [
        (
            "/tokens: GET",
            "/tags: GET 1, POST 2\n/tags.csv: GET 2\n/tags/<pk>: GET 1, PUT 4, PATCH 4, DELETE 3\n"
            "/tags/<pk>/history: GET 4\n",
        )
    ],
    "cashman_project/api/tests/test_schema.py": [
        ('"transactions", "incomes", "expenses", "categories", "personal', '"tags", ')
    ],
    "users/tests/test_erased.py": [
        ('    body = {"description": f"{MARK} bulbs"', '    as_user.post("/tags", {"name": f"{MARK} tag"})\n'),
    ],
    "docs/api.md": [("## You\n", '## Tags\n\n```console\n$ curl -s -H "$AUTH" $API/tags\n...\n```\n\n')],
}

WEEKDAY_CLASS = '''class Weekday(Func):
    """The day of the week as ISO 8601 has it: "1" is Monday."""

    output_field = models.CharField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        template = "SUBSTR('7123456', STRFTIME('%%%%w', %(expressions)s) + 1, 1)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, template="TO_CHAR(%(expressions)s, 'ID')", **context)


'''
WEEKDAY: Edits = {
    "transactions/groupings.py": [
        ("@lru_cache(maxsize=20_000)", WEEKDAY_CLASS),
        ('    "category": Grouping(', '    "weekday": Grouping(Weekday("date"), example="5"),\n'),
    ],
    "transactions/tests/test_totals.py": [
        ('    "month": lambda entry', '    "weekday": lambda entry: f"{entry.date:%u}",\n'),
    ],
    "reports/summary_page.py": [
        ('    "category": gettext_lazy(', '    "weekday": gettext_lazy("Days of the week"),\n')
    ],
    "docs/api.md": [("`category` and `type`, and the sums", "`weekday`, ")],
}
