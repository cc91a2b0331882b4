from django.urls import re_path

from cashman_project.api.routers import OptionalSlashRouter

from . import views

router = OptionalSlashRouter()
router.register("incomes", views.IncomeViewSet, basename="income")
router.register("expenses", views.ExpenseViewSet, basename="expense")
router.register("transactions", views.TransactionViewSet, basename="transaction")
router.register("categories", views.CategoryViewSet, basename="category")

# Django tries the routes in this order. The summary comes first because it is requested often.
urlpatterns = [re_path("^summary/?$", views.SummaryView.as_view(), name="summary"), *router.urls]
