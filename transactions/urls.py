from cashman_project.api.routers import OptionalSlashRouter

from . import account_views, name_views, rule_views, transfer_views, views

router = OptionalSlashRouter()
# Django tries them in this order; most requests are for the first one.
router.register("transactions", views.TransactionViewSet, basename="transaction")
router.register("incomes", views.IncomeViewSet, basename="income")
router.register("expenses", views.ExpenseViewSet, basename="expense")
router.register("categories", name_views.CategoryViewSet, basename="category")
router.register("tags", name_views.TagViewSet, basename="tag")
router.register("accounts", account_views.AccountViewSet, basename="account")
router.register("rules", rule_views.RuleViewSet, basename="rule")
router.register("transfers", transfer_views.TransferViewSet, basename="transfer")

urlpatterns = router.urls
