from cashman_project.api.routers import OptionalSlashRouter

from . import views

router = OptionalSlashRouter()
router.register("incomes", views.IncomeViewSet, basename="income")
router.register("expenses", views.ExpenseViewSet, basename="expense")
router.register("transactions", views.TransactionViewSet, basename="transaction")
router.register("categories", views.CategoryViewSet, basename="category")

urlpatterns = router.urls
