from cashman_project.api.routers import OptionalSlashRouter

from . import views

router = OptionalSlashRouter()
# Django tries them in this order; most requests are for the first one.
router.register("transactions", views.TransactionViewSet, basename="transaction")
router.register("incomes", views.IncomeViewSet, basename="income")
router.register("expenses", views.ExpenseViewSet, basename="expense")
router.register("categories", views.CategoryViewSet, basename="category")

urlpatterns = router.urls
