"""Tokens of an identity provider (OpenID Connect) and the keys that they are signed with."""
