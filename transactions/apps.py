from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        from . import (
            schema,  # noqa: F401  # registers its extension
            sqlite,  # noqa: F401  # connects its receiver
        )
