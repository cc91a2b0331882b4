from functools import partial

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class TransactionsConfig(AppConfig):
    name = "transactions"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        from ledgers.resources import register
        from users.serializers import MeSerializer

        from . import checks, schema, triggers  # noqa: F401  # the first two register themselves
        from .account_serializers import AccountSerializer, StoredCheckSerializer
        from .models import Account, BalanceCheck, Category, Rule, Tag, Transaction, Transfer
        from .name_fields import DefaultAccountField
        from .rule_serializers import RuleSerializer
        from .serializers import CategorySerializer, TagSerializer, TransactionSerializer
        from .services import erasure  # noqa: F401  # connects its receivers
        from .transfer_serializers import StoredTransferSerializer

        transactions = ngettext_lazy("%(count)s transaction", "%(count)s transactions", "rows")
        categories = ngettext_lazy("%(count)s category", "%(count)s categories", "rows")
        register(Transaction, TransactionSerializer, transactions)
        register(Category, CategorySerializer, categories)
        register(Account, AccountSerializer, ngettext_lazy("%(count)s account", "%(count)s accounts", "rows"))
        register(BalanceCheck, StoredCheckSerializer, ngettext_lazy("%(count)s check", "%(count)s checks", "rows"))
        register(Transfer, StoredTransferSerializer, ngettext_lazy("%(count)s transfer", "%(count)s transfers", "rows"))
        register(Tag, TagSerializer, ngettext_lazy("%(count)s tag", "%(count)s tags", "rows"))
        register(Rule, RuleSerializer, ngettext_lazy("%(count)s rule", "%(count)s rules", "rows"))
        MeSerializer.more["account"] = partial(
            DefaultAccountField,
            allow_null=True,
            required=False,
            help_text=_("The account of new transactions that have its currency."),
        )
        post_migrate.connect(triggers.restore, sender=self)
