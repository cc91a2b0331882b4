from ledgers.models.foreign_key import OwnedForeignKey
from ledgers.models.owned import OwnedModel

from .account import Account, BalanceCheck
from .category import Category
from .month_total import MonthTotal
from .named import NamedModel
from .rule import Rule
from .tag import Tag, TransactionTag
from .transaction import Expense, Income, Transaction
from .transfer import RejectedTransfer, Transfer

__all__ = [
    "Account",
    "BalanceCheck",
    "Category",
    "Expense",
    "Income",
    "MonthTotal",
    "NamedModel",
    "OwnedForeignKey",
    "OwnedModel",
    "RejectedTransfer",
    "Rule",
    "Tag",
    "Transaction",
    "TransactionTag",
    "Transfer",
]
