"""Tokens of an identity provider (OpenID Connect) and the keys that they are signed with.

The reasons are in docs/adr/0012-identity-provider.md.
"""
