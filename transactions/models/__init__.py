from .base import OwnedForeignKey, OwnedModel
from .category import Category
from .transaction import Expense, Income, Transaction

__all__ = ["Category", "Expense", "Income", "OwnedForeignKey", "OwnedModel", "Transaction"]
