"""Examples for the API's schema. The tests send the requests and compare the responses with the schema."""

from drf_spectacular.utils import OpenApiExample

TOKENS = {"access": "eyJhbGciOi...", "refresh": "eyJhbGciOi..."}
ME: dict[str, object] = {
    "id": "019a3e2c-5a00-7b1d-8c40-2e5f0b8a6d31",
    "username": "demo",
    "email": "",
    "currency": "USD",
    "time_zone": "UTC",
    "month_start": 1,
    "language": "en",
    "account": None,
}
PERSONAL_TOKEN: dict[str, object] = {
    "id": "019a3e2c-6b10-7c2e-9d41-3f601c9b7e42",
    "name": "backup",
    "scope": "read",
    "expires_at": None,
    "last_used_at": None,
    "created_at": "2026-11-01T08:15:00Z",
}


def _request(name: str, value: object) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def _response(value: object) -> OpenApiExample:
    return OpenApiExample("Answer", value, response_only=True)


MES = [
    _request("Preferences", {"currency": "EUR", "time_zone": "Europe/Berlin"}),
    _request("PaidOnThe25th", {"month_start": 25}),
    _response(ME),
]
REGISTRATIONS = [_request("WithoutEmail", {"username": "wanda", "password": "sal volatile 47"})]
CREDENTIALS = [_request("Demo", {"username": "demo", "password": "demo"})]
REFRESHES = [_request("Refresh", {"refresh": TOKENS["refresh"]})]
TOKEN_PAIRS = [_response(TOKENS)]
PASSWORDS = [_request("Passwords", {"current_password": "demo", "new_password": "smelling salts 48"})]
ERASURES = [_request("Password", {"password": "demo"})]
PERSONAL_TOKENS = [
    _request("Backup", {"name": "backup", "scope": "read", "password": "demo"}),
    _response(PERSONAL_TOKEN),
]
ISSUED_PERSONAL_TOKENS = [_response(PERSONAL_TOKEN | {"token": f"cashman_{64 * 'x'}"})]
