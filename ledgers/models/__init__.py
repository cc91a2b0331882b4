from .foreign_key import OwnedForeignKey
from .owned import OwnedModel

__all__ = ["OwnedForeignKey", "OwnedModel"]
