"""Reads settings from the environment (12-factor), strictly.

A wrong or missing value raises nothing here. It is added to `errors`, so that one system check can report all
of them at once and say for each what would be right. They are translated only then, because the language of commands is
itself a setting.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from .languages import LANGUAGES

T = TypeVar("T")
DatabaseSettings: TypeAlias = dict[str, Any]  # Any: each of Django's settings of a database has a type of its own

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")

SECRET_BYTES = 32  # what HS256 asks of its key (RFC 7518, section 3.2)
HOST_NAME = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+")
# What somebody probably meant by a wrong host of ALLOWED_HOSTS, or by a wrong origin (RFC 6454).
MEANT_HOST = re.compile(
    r"(?:[a-z]+://)?(?:\*(?=\.))?(?P<host>\*|\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])\.?(?::\d+)?(?:/.*)?"
)
MEANT_ORIGIN = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>(?:\*\.)?[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d+))?(?:/.*)?"
)
DEFAULT_PORTS = {"http": "80", "https": "443"}  # which browsers leave out
errors: list[tuple[str, ValueError]] = []  # the name of the setting, and what is wrong with it
names: set[str] = set()  # of all variables that are read


class Invalid(ValueError):
    """What is wrong with a setting, in the language in which it is read: `text` with `values` in its places."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text, values)
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return gettext(self.text) % self.values


@dataclass(frozen=True)
class IdentityProvider:
    """An identity provider whose tokens are accepted: `url` is their `iss`, and their `aud` must name `audience`.

    If `keys_url` is empty, it is found by discovery. If `provision` is on, a user is created for an unknown person.
    """

    url: str
    audience: str
    keys_url: str
    provision: bool


def told() -> list[str]:
    """Return the errors, in the present language."""
    return [f"{name}: {error}" for name, error in errors]


def read(name: str, parse: Callable[[str], T], default: T) -> T:
    """Return the variable `name` parsed, or `default` if it is absent, empty or wrong (which is reported)."""
    names.add(name)
    text = os.environ.get(name, "").strip()
    return _parsed(name, text, parse, default) if text else default


def read_text(name: str) -> str:
    """Return the variable `name`, or the content of the file that `name`_FILE names; "" if both are absent."""
    names.add(f"{name}_FILE")
    return read(name, str, "") or read(f"{name}_FILE", _file_content, "")


def read_secret(name: str, *, debug_value: str | None) -> str:
    """Return a secret from the variable `name`, or from the file that `name`_FILE names.

    If both are absent, return `debug_value`. If that is None too, or if the secret has fewer than 32 bytes, this is
    reported.
    """
    secret = read_text(name) or debug_value or ""
    if len(secret.encode()) < SECRET_BYTES:
        message = _("missing or too short; set it, or %(name)s_FILE, to %(count)d random bytes or more")
        errors.append((name, Invalid(message, name=name, count=SECRET_BYTES)))
    return secret or "missing"


def flag(text: str) -> bool:
    """Parse a switch. Raises ValueError unless it is on or off."""
    try:
        return {
            "on": True,
            "true": True,
            "yes": True,
            "1": True,
            "off": False,
            "false": False,
            "no": False,
            "0": False,
        }[text.lower()]
    except KeyError:
        raise Invalid(_("%(value)r is neither on nor off"), value=text) from None


def number(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a parser of whole numbers between `minimum` and `maximum`, both included."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and minimum <= int(text) <= maximum):
            message = _("%(value)r is not a whole number from %(minimum)d to %(maximum)d")
            raise Invalid(message, value=text, minimum=minimum, maximum=maximum)
        return int(text)

    return parse


def words(text: str) -> list[str]:
    """Parse a comma-separated list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def address(text: str) -> str:
    """Parse the IP address of a network to listen on. Raises ValueError on anything else."""
    try:
        return str(ip_address(text))
    except ValueError:
        message = _("%(value)r is not an IP address, such as 127.0.0.1 (this machine only) or 0.0.0.0 (every network)")
        raise Invalid(message, value=text) from None


def base_path(text: str) -> str:
    """Parse the path below which everything is, such as /cashman; "" for the root. Raises ValueError on any other."""
    right = "/".join(["", *(part for part in text.split("/") if part)])
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", right):
        raise Invalid(_("%(value)r is not a path of plain letters and digits, such as /cashman"), value=text)
    if text not in (right, "/"):
        raise Invalid(_("%(value)r is not a path from the root; write %(right)s"), value=text, right=right)
    return right


def hosts(text: str) -> list[str]:
    """Parse a list of host names: example.com, .example.com (with all subdomains), 192.0.2.1, [2001:db8::1], or *.

    Raises ValueError on anything that a Host header can't match, such as a scheme, a port, a path or a space.
    """
    for host in (found := words(text)):
        match = MEANT_HOST.fullmatch(host.lower())
        right = match["host"] if match else ""
        if host.lower() != right and right:
            message = _("%(value)r is not a host name, such as cashman.example or [::1]; write %(right)s")
            raise Invalid(message, value=host, right=right)
        if host.lower() != right:
            message = _("%(value)r is not a host name, such as cashman.example or [::1]; separate several by commas")
            raise Invalid(message, value=host)
    return found


def origins(text: str) -> list[str]:
    """Parse a list of origins (RFC 6454), such as https://app.example:8443.

    Raises ValueError on anything that an Origin header can't be: no scheme, a path, a space, a default port, capitals.
    """
    return _origins(text, pattern=False)


def origin_patterns(text: str) -> list[str]:
    """Parse a list of origins, in which https://*.app.example stands for all subdomains. Raises ValueError."""
    return _origins(text, pattern=True)


def _origins(text: str, *, pattern: bool) -> list[str]:
    for origin in (found := words(text)):
        match = MEANT_ORIGIN.fullmatch(origin.lower())
        right = ""
        if match and (pattern or "*" not in match["host"]):
            scheme = match["scheme"] or ("http" if _is_here(match["host"]) else "https")
            port = match["port"]
            right = f"{scheme}://{match['host']}" + (f":{port}" if port and port != DEFAULT_PORTS.get(scheme) else "")
        if origin != right and right:
            message = _("%(value)r is not an origin, such as https://app.example; write %(right)s")
            raise Invalid(message, value=origin, right=right)
        if origin != right:
            message = _("%(value)r is not an origin, such as https://app.example; separate several by commas")
            raise Invalid(message, value=origin)
    return found


def time_zone(text: str) -> str:
    """Parse an IANA time zone name. Raises ValueError on an unknown one."""
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError):
        raise Invalid(_("%(value)r is not an IANA time zone, such as Europe/Berlin"), value=text) from None


def language(code: str) -> str:
    """Parse a language code. Raises ValueError if there are no texts in this language."""
    if code not in LANGUAGES:
        raise Invalid(_("%(value)r is not one of %(choices)s"), value=code, choices=", ".join(LANGUAGES))
    return code


def database(url: str) -> DatabaseSettings:
    """Parse a database URL into Django's settings. Raises ValueError unless it is SQLite or PostgreSQL."""
    if not url.startswith(("sqlite:///", "postgres://", "postgresql://")):
        raise Invalid(_("it must start with postgres:// (server) or sqlite:/// (file)"))
    try:
        return dict(environ.Env.db_url_config(url))
    except ValueError:  # its message may show a part of the password
        message = _("its port is not a number; if the password has one of : / ? # @, it must be percent-encoded")
        raise Invalid(message) from None


def database_server(url: str) -> DatabaseSettings:
    """Parse the URL of a PostgreSQL server into Django's settings. Raises ValueError on any other."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise Invalid(_("it must start with postgres:// (server)"))
    return database(url)


def secure_url(text: str) -> str:
    """Parse an https:// URL, or an http:// URL of this machine. Raises ValueError on any other."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise Invalid(_("%(value)r is not a URL"), value=text) from None
    host = url.hostname or ""
    if not (text.isascii() and text.isprintable() and host and port != 0) or set(" #@\\") & set(text):
        raise Invalid(_("%(value)r is not a URL with a host and a path"), value=text)
    if url.scheme != "https" and not (url.scheme == "http" and _is_here(host)):
        raise Invalid(_("%(value)r must start with https:// (http:// is only for this machine)"), value=text)
    return text


def identity_provider(
    *, domain: str, api_audience: str, issuer: str, audience: str, keys_url: str, provision: bool
) -> IdentityProvider | None:
    """Return the provider of AUTH0_DOMAIN and API_AUDIENCE, or of OIDC_ISSUER and OIDC_AUDIENCE. None if none is set.

    If only one setting of a pair is set, or both pairs are, or a value is wrong, this is reported.
    """
    if (domain or api_audience) and (issuer or audience or keys_url):
        message = _("set AUTH0_DOMAIN and API_AUDIENCE, or OIDC_*, not both")
        errors.append(("AUTH0_DOMAIN, OIDC_ISSUER", Invalid(message)))
        return None
    if domain or api_audience:
        needed = {"AUTH0_DOMAIN": domain, "API_AUDIENCE": api_audience}
    elif issuer or audience or keys_url or provision:
        needed = {"OIDC_ISSUER": issuer, "OIDC_AUDIENCE": audience}
    else:
        return None
    missing = [name for name, value in needed.items() if not value]
    if missing:
        first, second = needed
        message = _("missing; an identity provider needs %(first)s and %(second)s")
        errors.append((", ".join(missing), Invalid(message, first=first, second=second)))
        return None
    if domain:
        issuer = _parsed("AUTH0_DOMAIN", domain, _auth0_issuer, "")
        return IdentityProvider(issuer, api_audience, f"{issuer}.well-known/jwks.json", provision)
    issuer = _parsed("OIDC_ISSUER", issuer, _issuer_url, "")
    if keys_url:
        keys_url = _parsed("OIDC_JWKS_URL", keys_url, secure_url, "")
    return IdentityProvider(issuer, audience, keys_url, provision)


def _parsed(name: str, text: str, parse: Callable[[str], T], default: T) -> T:
    try:
        return parse(text)
    except ValueError as error:
        errors.append((name, error))
        return default


def _auth0_issuer(domain: str) -> str:
    if not HOST_NAME.fullmatch(domain.lower()):
        raise Invalid(_("%(value)r is not a host name, such as tenant.eu.auth0.com"), value=domain)
    return f"https://{domain.lower()}/"


def _issuer_url(text: str) -> str:
    if "?" in text:  # OpenID Connect Discovery, section 3
        raise Invalid(_("%(value)r has a query, but the URL of an issuer has none"), value=text)
    return secure_url(text)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _file_content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        message = _("%(file)s can't be read (%(reason)s)")
        raise Invalid(message, file=path, reason=error.strerror) from None
