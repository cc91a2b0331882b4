"""Middleware: what happens before and after every view."""
