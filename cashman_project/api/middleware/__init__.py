"""Middleware: what happens around every request, whichever view it reaches."""
