"""What schemathesis is told beside its configuration: who it is, and which rules no schema says."""

import json
import os
import urllib.request
from typing import Any

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

LIFETIME = 240  # seconds of the 300 that a token is good for

# Codes of faults that a request can have which keeps to the schema.
BEYOND_THE_SCHEMA = {
    "blank",  # nothing but white space
    "does_not_exist",  # another row's id, another category's name
    "duplicate_id",  # an array names a row twice
    "invalid_cursor",  # cursors are made by the service alone
    "invalid_currency",  # the codes are many, and change
    "invalid_language",
    "invalid_time_zone",
    "negative",  # as an income; which kind it is, another field says
    "null_characters_not_allowed",
    "past",  # a moment that has passed
    "password_entirely_numeric",
    "password_too_common",
    "password_too_short",
    "password_too_similar",
    "read_only",  # what may be sent back may not be changed
    "too_many_decimals",  # how many there may be is the currency's to say
    "unknown_field",  # a read-only field may be sent back, so that the schema can't forbid all that it doesn't name
    "wrong_password",
    "zero",  # in whatever notation
}
# Fields with faults of the code "invalid".
LIMITED = {
    *("date", "date_after", "date_before", "updated_after", "expires_at"),  # the years 1900 to 2200
    *("category", "search", "external_id"),  # no NUL
    "group_by",  # no key twice
}


@schemathesis.auth(refresh_interval=LIFETIME)
class Bearer:
    """Sends an access token, got by the refresh token that comes with each: guessed passwords lock a login."""

    refresh = os.environ["FUZZ_REFRESH"]

    def get(self, case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str:
        body = json.dumps({"refresh": Bearer.refresh}).encode()
        address = f"{os.environ['FUZZ_URL']}/auth/token/refresh"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            tokens = json.load(response)
        Bearer.refresh = tokens["refresh"]
        return str(tokens["access"])

    def set(self, case: schemathesis.Case[Any], data: Any, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.check
def valid_requests_are_accepted(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that what keeps to the schema is accepted, or breaks a rule that the schema can't say."""
    if response.status_code == 400 and all(_is_beyond_the_schema(fault) for fault in response.json()["errors"]):
        return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.check
def invalid_requests_are_refused(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that what breaks the schema is refused; an empty query parameter counts as absent, as a form sends it."""
    if "" in (case.query or {}).values():
        return None
    return negative_data_rejection(ctx, response, case)


def _is_beyond_the_schema(fault: dict[str, Any]) -> bool:
    field = str(fault["field"]).rpartition(".")[2]
    return fault["code"] in BEYOND_THE_SCHEMA or (fault["code"] == "invalid" and field in LIMITED)
