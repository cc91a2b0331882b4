from ledgers.models.foreign_key import OwnedForeignKey
from ledgers.models.owned import OwnedModel

from .category import Category
from .month_total import MonthTotal
from .transaction import Expense, Income, Transaction

__all__ = ["Category", "Expense", "Income", "MonthTotal", "OwnedForeignKey", "OwnedModel", "Transaction"]
