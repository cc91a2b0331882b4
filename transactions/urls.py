from cashman_project.api.routers import OptionalSlashRouter

from . import account_views, transfer_views, views

router = OptionalSlashRouter()
router.register("incomes", views.IncomeViewSet, basename="income")
router.register("expenses", views.ExpenseViewSet, basename="expense")
router.register("transactions", views.TransactionViewSet, basename="transaction")
router.register("categories", views.CategoryViewSet, basename="category")
router.register("tags", views.TagViewSet, basename="tag")
router.register("accounts", account_views.AccountViewSet, basename="account")
router.register("transfers", transfer_views.TransferViewSet, basename="transfer")

urlpatterns = router.urls
