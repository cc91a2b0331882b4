"""Examples for the API's description. The tests send the requests and hold the answers against the schema."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

TOKENS = {"access": "eyJhbGciOi...", "refresh": "eyJhbGciOi..."}
ME: dict[str, Any] = {
    "id": "019a3e2c-5a00-7b1d-8c40-2e5f0b8a6d31",
    "username": "demo",
    "email": "",
    "currency": "USD",
    "time_zone": "UTC",
    "language": "en",
}
PERSONAL_TOKEN: dict[str, Any] = {
    "id": "019a3e2c-6b10-7c2e-9d41-3f601c9b7e42",
    "name": "backup",
    "scope": "read",
    "expires_at": None,
    "last_used_at": None,
    "created_at": "2026-11-01T08:15:00Z",
}


def _sent(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def _answered(value: Any) -> OpenApiExample:
    return OpenApiExample("Answer", value, response_only=True)


MES = [_sent("Preferences", {"currency": "EUR", "time_zone": "Europe/Berlin"}), _answered(ME)]
REGISTRATIONS = [_sent("WithoutEmail", {"username": "wanda", "password": "sal volatile 47"})]
CREDENTIALS = [_sent("Demo", {"username": "demo", "password": "demo"})]
REFRESHES = [_sent("Refresh", {"refresh": TOKENS["refresh"]})]
TOKEN_PAIRS = [_answered(TOKENS)]
PASSWORDS = [_sent("Passwords", {"current_password": "demo", "new_password": "smelling salts 48"})]
ERASURES = [_sent("Password", {"password": "demo"})]
PERSONAL_TOKENS = [_sent("Backup", {"name": "backup", "scope": "read", "password": "demo"}), _answered(PERSONAL_TOKEN)]
ISSUED_PERSONAL_TOKENS = [_answered(PERSONAL_TOKEN | {"token": f"cashman_{64 * 'x'}"})]
