"""Comma, semicolon and tab separated statements, as banks and other programs write them."""
