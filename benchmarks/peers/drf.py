"""Django REST Framework as its tutorial has it: a ModelViewSet, a ModelSerializer, pages by number."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from rest_framework import pagination, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from .common import PAGE_SIZE
from .models import Category, Transaction

FIELDS = (
    "id",
    "type",
    "description",
    "amount",
    "currency",
    "date",
    "category",
    "notes",
    "external_id",
    "version",
    "created_at",
    "updated_at",
)


class CategoryField(serializers.SlugRelatedField):
    def get_queryset(self) -> Any:
        return Category.objects.filter(owner=self.context["request"].user)


class TransactionSerializer(serializers.ModelSerializer):
    amount = serializers.DecimalField(max_digits=15, decimal_places=2)
    category = CategoryField(slug_field="name", allow_null=True, required=False)

    class Meta:
        model = Transaction
        fields = FIELDS
        read_only_fields = ("version",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["type"] == "EXPENSE":
            attrs["amount"] = -abs(attrs["amount"])
        elif attrs["amount"] < 0:
            raise serializers.ValidationError({"amount": "An income is above zero."})
        return {"currency": self.context["request"].user.currency, **attrs}


class SummarySerializer(serializers.Serializer):
    currency = serializers.CharField()
    month = serializers.DateField(format="%Y-%m")
    category = serializers.CharField(source="category__name")
    income = serializers.DecimalField(max_digits=20, decimal_places=2)
    expense = serializers.DecimalField(max_digits=20, decimal_places=2)
    net = serializers.DecimalField(max_digits=20, decimal_places=2)
    count = serializers.IntegerField()


class Pages(pagination.PageNumberPagination):
    page_size = PAGE_SIZE

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})


class TransactionViewSet(viewsets.ModelViewSet):
    serializer_class = TransactionSerializer
    pagination_class = Pages

    def get_queryset(self) -> Any:
        return Transaction.objects.filter(owner=self.request.user).select_related("category")

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(kwargs.get("data"), list):
            kwargs["many"] = True
        return super().get_serializer(*args, **kwargs)

    def perform_create(self, serializer: Any) -> None:
        serializer.save(owner=self.request.user)

    @action(detail=False)
    def export(self, request: Request) -> Response:
        return Response(self.get_serializer(self.get_queryset(), many=True).data)

    @action(detail=False)
    def summary(self, request: Request) -> Response:
        rows = (
            self.get_queryset()
            .filter(date__year=request.query_params["year"])
            .values("currency", "category__name", month=TruncMonth("date"))
            .annotate(
                income=Sum("amount", filter=Q(type="INCOME"), default=Decimal(0)),
                expense=Sum("amount", filter=Q(type="EXPENSE"), default=Decimal(0)),
                net=Sum("amount"),
                count=Count("id"),
            )
            .order_by("month", "category__name", "currency")
        )
        return Response({"results": SummarySerializer(rows, many=True).data})


router = SimpleRouter(trailing_slash=False)
router.register("transactions", TransactionViewSet, basename="transaction")
urlpatterns = router.urls
