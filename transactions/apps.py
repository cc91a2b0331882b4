from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        from . import sqlite  # noqa: F401  # connects its receiver
