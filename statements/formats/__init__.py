"""Readers of bank statements: bytes in, statements and lines out. They know no database, no owner and no request."""
