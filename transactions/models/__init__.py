from .base import OwnedForeignKey, OwnedModel
from .category import Category
from .month_total import MonthTotal
from .transaction import Expense, Income, Transaction

__all__ = ["Category", "Expense", "Income", "MonthTotal", "OwnedForeignKey", "OwnedModel", "Transaction"]
