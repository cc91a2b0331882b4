"""What the checklists of CONTRIBUTING.md say to do, done: a field `payee`, a resource `labels`, a grouping `weekday`.

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
    "transactions/serializers.py": [('            "external_id",\n            "transfer"', '            "payee",\n')],
    "transactions/admin.py": [('"external_id"),\n    ]', '"payee", ')],
    "transactions/examples.py": [
        ('    "external_id": None,', '    "payee": "",\n'),
        ('    "external_id": "bank-4711",\n}', '    "payee": "Luigi",\n'),
    ],
    "transactions/tests/test_api_transactions.py": [
        ('        "external_id",\n        "transfer"', '        "payee",\n')
    ],
    "docs/api.md": [
        ("| `external_id` | what", '| `payee` | who was paid, up to 100 characters on one line, or "" |\n'),
        ('"external_id": null, "transfer": null, "split": null', '"payee": "", '),
        ("external_id,transfer,split", "payee,"),
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

LABEL_MODEL = '''"""Labels: names to find transactions by."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from cashman_project.db.derived_fields import KeyField
from cashman_project.texts import check_visible
from ledgers.models.owned import OwnedModel

from ..names import LONGEST_NAME, name_key
from .named import NameField


class Label(OwnedModel):
    """A name to find transactions by."""

    resource = "labels"

    name = NameField(_("name"), max_length=LONGEST_NAME)
    key = KeyField(source="name", max_length=6 * LONGEST_NAME + 1)

    class Meta(OwnedModel.Meta):
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ["key", "id"]
        indexes: ClassVar = [models.Index(fields=["owner", "revision", "id"], name="label_revision")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "key"],
                name="label_name_unique",
                violation_error_message=_("You already have a label with this name."),
            )
        ]

    def __str__(self) -> str:
        return str(self.name)

    def clean(self) -> None:
        """Raise ValidationError unless the name has a visible character."""
        check_visible(self, "name")
        self.key = name_key(self.name)
'''
LABEL_SERIALIZER = '''class LabelSerializer(StrictModelSerializer[Label]):
    """A name to find transactions by."""

    class Meta:
        model = Label
        fields = ["id", "name", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]


'''
LABEL_VIEWSET = '''class LabelViewSet(LedgerMixin, OwnedModelViewSet):
    """What transactions can be found by."""

    fastpath = True
    queryset = Label.objects.all()
    serializer_class = LabelSerializer
    orderings = {"name": "key", "created_at": "created_at"}
    default_ordering = "name"


'''
LABEL_ADMIN = """@admin.register(Label)
class LabelAdmin(OwnedModelAdmin):
    fields = ["owner", "name"]
    list_display = ["name", "owner"]
    list_filter = [("owner", AutocompleteFilter)]
    list_select_related = ["owner"]
    sortable_by = ["name"]
    search_fields = ["key__holds"]
    autocomplete_fields = ["owner"]


"""
LABEL_TABLE = """/labels                nobody    401 401  401     401  401 401   401    401
/labels                owner     200 200  204     201  405 405   405    405
/labels/<pk>           nobody    401 401  401     401  401 401   401    401
/labels/<pk>           owner     200 200  204     405  200 200   204    405
/labels/<pk>           stranger  404 404  204     405  404 404   404    405
/labels/<pk>/history   nobody    401 401  401     401  401 401   401    401
/labels/<pk>/history   owner     200 200  204     405  405 405   405    405
/labels/<pk>/history   stranger  404 404  204     405  405 405   405    405
/labels.csv            nobody    401 401  401     401  401 401   401    401
/labels.csv            owner     200 200  204     405  405 405   405    405
"""
LABEL_FACTORY = """class LabelFactory(factory.django.DjangoModelFactory[Label]):
    class Meta:
        model = Label

    name = factory.Sequence(lambda n: f"Label {n}")


"""
MODELS = "Transaction\n"  # the end of an import of models
LABELS: Edits = {
    "transactions/models/label.py": [("", LABEL_MODEL)],
    "transactions/models/__init__.py": [
        ("from .transaction import", "from .label import Label\n"),
        ('    "Transaction",', '    "Label",\n'),
    ],
    "transactions/serializers.py": [
        (f"{MODELS}from .name_fields", "Label, "),
        ("class TransactionListSerializer(", LABEL_SERIALIZER),
    ],
    "transactions/name_views.py": [
        ("NamedModel, Tag, Transaction\nfrom .name_fields", "Label, "),
        ("    TagInUseSerializer,\n    TagSerializer", "    LabelSerializer,\n"),
        ("class NameViewSet(", LABEL_VIEWSET),
    ],
    "transactions/apps.py": [
        ("Transfer\n        from .name_fields", "Label, "),
        ("TransactionSerializer\n        from .services", "LabelSerializer, "),
        (
            "        register(Category,",
            '        register(Label, LabelSerializer, ngettext_lazy("%(count)s label", "%(count)s labels", "rows"))\n',
        ),
    ],
    "transactions/urls.py": [
        ("\nurlpatterns = ", 'router.register("labels", name_views.LabelViewSet, basename="label")\n'),
    ],
    "transactions/admin.py": [
        ("NamedModel, Tag, Transaction\nfrom .names", "Label, "),
        ("@admin.register(Category)", LABEL_ADMIN),
    ],
    "transactions/templates/nav.html": [
        (
            '<a href="{{ summary }}"',
            '{% url "label-list" as labels %}\n'
            '<a href="{{ labels }}"{% if labels in request.path %} aria-current="page"{% endif %}>'
            '{% translate "Labels" %}</a>\n',
        )
    ],
    "transactions/templates/transactions/root.html": [
        (
            '  <li><a href="{{ data.summary }}">',
            '  <li><a href="{{ data.labels }}">{% translate "Labels" %}</a></li>\n',
        )
    ],
    "cashman_project/urls.py": [('    "summary": "summary",', '    "labels": "label-list",\n')],
    "transactions/tests/permissions.txt": [("/incomes.csv         nobody", LABEL_TABLE)],
    "transactions/tests/test_permissions.py": [
        ('    "/categories": {"name": "Lottery"},', '    "/labels": {"name": "Lottery"},\n'),
        ('    "/categories": CategoryFactory,', '    "/labels": LabelFactory,\n'),
        ("    PairFactory,\n", "    LabelFactory,\n"),
    ],
    "transactions/tests/factories.py": [
        ("Transfer\nfrom users", "Label, "),
        ("class IncomeFactory(", LABEL_FACTORY),
    ],
    "transactions/tests/test_architecture.py": [
        ('    "transactions.MonthTotal": {', '    "transactions.Label": {"users.User"},\n'),
    ],
    "transactions/tests/query_counts.txt": [
        (
            "/tokens: GET",
            "/labels: GET 1, POST 2\n/labels.csv: GET 2\n/labels/<pk>: GET 1, PUT 4, PATCH 4, DELETE 3\n"
            "/labels/<pk>/history: GET 4\n",
        )
    ],
    "cashman_project/api/tests/test_schema.py": [
        ('"transactions", "incomes", "expenses", "categories", "tags"', '"labels", ')
    ],
    "users/tests/test_erased.py": [
        ('    body = {"description": f"{MARK} bulbs"', '    as_user.post("/labels", {"name": f"{MARK} label"})\n'),
    ],
    "moving/files.py": [
        ("    RejectedTransfer,\n    Rule", "    Label,\n"),
        ('    File("accounts"', '    File("labels", Label, "Your labels."),\n'),
    ],
    "moving/tests/books.py": [("    many = [", '    ok(client.post("/labels", {"name": "Trip"}))\n')],
    "docs/moving.md": [("`accounts.jsonl`", "`labels.jsonl`, ")],
    "docs/api.md": [("## You\n", '## Labels\n\n```console\n$ curl -s -H "$AUTH" $API/labels\n...\n```\n\n')],
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
    "docs/api.md": [("`category`, `group`, `account`, `tag` and `type`, and the sums", "`weekday`, ")],
}
