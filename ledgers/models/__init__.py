from .foreign_key import OwnedForeignKey
from .ledger import Change, Ledger, Operation, Revision
from .owned import OwnedModel

__all__ = ["Change", "Ledger", "Operation", "OwnedForeignKey", "OwnedModel", "Revision"]
