"""Hooks of schemathesis: its token, and the rules that no schema can express."""

import json
import os
import urllib.request
from collections.abc import Callable
from typing import Any, ClassVar

import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from cashman_project.api.dates import FIRST_DATE, LAST_DATE

LIFETIME = 240  # seconds of the 300 for which a token is valid

# Fields and parameters that name rows.
NAMES = {
    *("category", "exclude_category", "account", "exclude_account", "tag", "tags", "exclude_tag"),
    *("from", "to", "into", "group"),
}
NEW_PASSWORDS = {"password", "new_password"}

# Faults that a request can have which keeps to the schema: the code, and the fields that it may be of.
BEYOND_THE_SCHEMA = {
    "blank": {
        *NAMES,
        "description",
        "name",
        "refresh",
        "identifier",
        "external_id",
        "words",
        "starts_with",
    },  # nothing that shows, in whatever script
    "does_not_exist": {*NAMES, "expense", "income", "id", "ids"},  # another category's name, another row's id
    "duplicate": {"id"},  # an array of objects names a row twice
    "comma": {"words", "starts_with"},
    "empty": {"when", "set"},  # of a rule: no condition, or nothing that it gives
    "in_use": {"currency"},  # of an account that has transactions
    "incomplete": {"opening", "date", "balance"},
    "currency_mismatch": {"currency", "account"},
    "not_exact": {"parts", "amount"},  # what the parts of a split add up to
    # An address may be "", for which no schema that generators understand has a form. A tag has no comma. What a
    # transfer has, its accounts decide.
    "invalid": {"email", "name", "tags", "from", "to", "received", "received_on", "expense", "income"}
    | {"amount_min", "amount_max"},  # of a rule: absolute, and the first one is not above the second
    "max_words": {"words"},
    "no_words": {"words", "starts_with"},
    "not_with_force": {"into"},
    "null_characters_not_allowed": {"tags", "words", "starts_with"},
    "number_of_parts": {"parts"},
    "invalid_cursor": {"cursor", "since"},  # they are made by the service alone
    "invalid_currency": {"currency"},  # the codes are many, and change
    "invalid_language": {"language"},
    "invalid_time_zone": {"time_zone"},
    "needs_array": {"existing"},  # which is for arrays, and the schema of one row does not say that
    "needs_dates": {"compare"},  # of /summary: what other parameters have to say, or may not say
    "needs_export": {"pivot"},
    "needs_period": {"balance", "fill"},
    "needs_pivot": {"value"},
    "too_many": {"compare", "fill", "filter"},
    "negative": {"amount"},  # of an income among /transactions; which kind it is, another field says
    "not_one_line": {
        "description",
        "external_id",
        "name",
        "identifier",
        "group",
        "words",
        "starts_with",
    },  # but breaks at the ends are cut off
    "past": {"expires_at"},  # a timestamp in the past
    "password_entirely_numeric": NEW_PASSWORDS,
    "password_too_common": NEW_PASSWORDS,
    "password_too_short": NEW_PASSWORDS,
    "password_too_similar": NEW_PASSWORDS,
    "required": {"password", "received"},  # of who has one, and between two currencies
    "too_many_decimals": {
        "amount",
        "balance",
        "received",
        "amount_min",
        "amount_max",
    },  # how many there may be is the currency's to say
    "wrong_password": {"current_password", "password"},
}
# A change may send a read-only field back as it is: what that is, no schema can say.
OF_CHANGES = {"read_only"}

FILES = {"/imports", "/me/import"}  # paths that take a file

# Statuses that no body or parameter decides by itself, and the request that can get them.
NOT_OF_THE_INPUT: dict[int, Callable[[schemathesis.Case[Any]], bool]] = {
    400: lambda case: case.method == "POST" and case.path in FILES,  # what is in a file, and beside it in a form
    401: lambda case: case.path.startswith("/auth/") or case.headers.get("Authorization") not in Bearer.sent,
    404: lambda case: "{" in case.path,
    409: lambda case: case.method in ("POST", "PUT", "PATCH", "DELETE"),  # a name is taken, a category in use
    412: lambda case: not {"If-Match", "Min-Revision"}.isdisjoint(case.headers),
    413: lambda case: isinstance(case.body, list),  # thousands of rows, which together are too large a body
    422: lambda case: "Idempotency-Key" in case.headers,  # it may belong to another request
    429: lambda case: case.path in ("/auth/token", "/auth/password", "/me/erase", "/auth/register", "/tokens"),
}

dates = st.dates(FIRST_DATE, LAST_DATE)
schemathesis.openapi.format("date", dates.map(str))
schemathesis.openapi.format(
    "date-time", st.builds("{}T{}{}".format, dates, st.times(), st.sampled_from(["Z", "+05:30", "-11:00"]))
)


@schemathesis.auth(refresh_interval=LIFETIME)
class Bearer:
    """Sends an access token, got by the refresh token that comes with each: guessed passwords lock a login."""

    refresh = os.environ["FUZZ_REFRESH"]
    sent: ClassVar[set[str]] = set()

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
        Bearer.sent.add(f"Bearer {data}")


@schemathesis.check
def valid_requests_are_accepted(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that what keeps to the schema is accepted, or breaks a rule that the schema can't say."""
    if _is_not_of_the_input(response, case):
        return None
    faults = response.json()["errors"] if response.status_code == 400 else []
    if faults and all(_is_beyond_the_schema(fault, case) for fault in faults):
        return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.check
def invalid_requests_are_refused(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that what breaks the schema is refused as such, unless it is for what comes before."""
    is_read_as_empty = not str(case.headers.get("Min-Revision", "")).isascii()  # by the server
    if is_read_as_empty or _is_not_of_the_input(response, case):
        return None
    return negative_data_rejection(ctx, response, case)


def _is_not_of_the_input(response: schemathesis.Response, case: schemathesis.Case[Any]) -> bool:
    can_get = NOT_OF_THE_INPUT.get(response.status_code)
    return can_get is not None and can_get(case)


def _is_beyond_the_schema(fault: dict[str, Any], case: schemathesis.Case[Any]) -> bool:
    if fault["code"] in OF_CHANGES:
        return case.method in ("PUT", "PATCH")
    if str(fault["field"]).startswith(
        "filter."
    ):  # in a body, as in the query of a list, whose schema says what it may be
        return True
    field = next(part for part in reversed(str(fault["field"]).split(".")) if not part.isdigit())  # without its place
    return field in BEYOND_THE_SCHEMA.get(fault["code"], set())
