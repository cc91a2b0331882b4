"""The catalogues of texts in other languages, and what keeps them complete (docs/translating.md)."""
