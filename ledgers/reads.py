"""What all views share that read a ledger."""

from cashman_project.api.fastpath.owner_query import OwnerColumn

from .querysets import last_revision


class LedgerReads:
    """Reads the rows of the owner's ledger. The ledger's last revision decides which database they are read from."""

    def owner_columns(self) -> tuple[OwnerColumn, ...]:
        return (last_revision(),)
