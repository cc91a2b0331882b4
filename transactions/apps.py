from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class TransactionsConfig(AppConfig):
    name = "transactions"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        from ledgers.resources import register

        from . import checks, schema, triggers  # noqa: F401  # the first two register themselves
        from .models import Category, Transaction
        from .serializers import CategorySerializer, TransactionSerializer
        from .services import erasure  # noqa: F401  # connects its receivers

        transactions = ngettext_lazy("%(count)s transaction", "%(count)s transactions", "rows")
        categories = ngettext_lazy("%(count)s category", "%(count)s categories", "rows")
        register(Transaction, TransactionSerializer, transactions)
        register(Category, CategorySerializer, categories)
        post_migrate.connect(triggers.restore, sender=self)
