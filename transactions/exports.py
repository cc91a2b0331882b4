"""Lists of transactions in the formats of other programs (docs/adr/0052-sent-again-and-read-elsewhere.md)."""

from typing import IO, TYPE_CHECKING

from cashman_project.api.export import OwnOrderRenderer, rows_of
from cashman_project.api.owner import owner_of
from cashman_project.api.types import OwnedRows

from .services import beancount, hledger, ofx
from .services.journals import Journal

if TYPE_CHECKING:
    from cashman_project.api.viewsets import OwnedModelViewSet


class OFXRenderer(OwnOrderRenderer):
    """Statements as banks give them: OFX 2.1.1, which is XML."""

    media_type = "application/x-ofx"
    format = "ofx"

    def write(self, file: IO[bytes], view: "OwnedModelViewSet", queryset: OwnedRows) -> None:
        for text in ofx.statements(owner_of(view.request), queryset, lambda rows: rows_of(view, rows)):
            file.write(text.encode())


class JournalRenderer(OwnOrderRenderer):
    """A journal of hledger."""

    media_type = "text/x-hledger"
    format = "journal"
    texts = staticmethod(hledger.journal_texts)

    def write(self, file: IO[bytes], view: "OwnedModelViewSet", queryset: OwnedRows) -> None:
        journal = Journal(owner_of(view.request), queryset, lambda rows: rows_of(view, rows))
        is_whole = queryset.model.only_type is None and not view.is_filtered()
        for text in self.texts(journal, is_whole=is_whole):
            file.write(text.encode())


class BeancountRenderer(JournalRenderer):
    """A journal of Beancount."""

    media_type = "text/x-beancount"
    format = "beancount"
    texts = staticmethod(beancount.journal_texts)


BOOKS = (OFXRenderer, JournalRenderer, BeancountRenderer)
