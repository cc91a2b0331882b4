"""Naive DRF with one thing changed: what a request creates is one transaction, not one for each row."""

from typing import Any

from django.db import transaction
from rest_framework.routers import SimpleRouter

from .drf import TransactionViewSet


class AtomicTransactionViewSet(TransactionViewSet):
    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        super().perform_create(serializer)


router = SimpleRouter(trailing_slash=False)
router.register("transactions", AtomicTransactionViewSet, basename="transaction")
urlpatterns = router.urls
