"""Reads settings from the environment (12-factor), strictly.

A wrong or missing value raises nothing here. It is added to `errors`, so that one system check can report all
of them at once and say for each what would be right.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ

from .languages import LANGUAGES

T = TypeVar("T")

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
errors: list[str] = []
names: set[str] = set()  # of all variables that are read


@dataclass(frozen=True)
class IdentityProvider:
    """An identity provider whose tokens are accepted: `url` is their `iss`, and their `aud` must name `audience`.

    If `keys_url` is empty, it is found by discovery. If `provision` is on, a user is created for an unknown person.
    """

    url: str
    audience: str
    keys_url: str
    provision: bool


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
        errors.append(f"{name}: missing or too short; set it, or {name}_FILE, to {SECRET_BYTES} random bytes or more")
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
        raise ValueError(f"{text!r} is neither on nor off") from None


def number(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a parser of whole numbers between `minimum` and `maximum`, both included."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and minimum <= int(text) <= maximum):
            raise ValueError(f"{text!r} is not a whole number from {minimum} to {maximum}")
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
        raise ValueError(
            f"{text!r} is not an IP address, such as 127.0.0.1 (this machine only) or 0.0.0.0 (every network)"
        ) from None


def base_path(text: str) -> str:
    """Parse the path below which everything is, such as /cashman; "" for the root. Raises ValueError on any other."""
    right = "/".join(["", *(part for part in text.split("/") if part)])
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", right):
        raise ValueError(f"{text!r} is not a path of plain letters and digits, such as /cashman")
    if text not in (right, "/"):
        raise ValueError(f"{text!r} is not a path from the root; write {right}")
    return right


def hosts(text: str) -> list[str]:
    """Parse a list of host names: example.com, .example.com (with all subdomains), 192.0.2.1, [2001:db8::1], or *.

    Raises ValueError on anything that a Host header can't match, such as a scheme, a port, a path or a space.
    """
    for host in (found := words(text)):
        match = MEANT_HOST.fullmatch(host.lower())
        right = match["host"] if match else ""
        if host.lower() != right:
            raise ValueError(_wrong(host, "a host name, such as cashman.example or [::1]", right))
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
        if origin != right:
            raise ValueError(_wrong(origin, "an origin, such as https://app.example", right))
    return found


def _wrong(text: str, what: str, right: str) -> str:
    return f"{text!r} is not {what}; " + (f"write {right}" if right else "separate several by commas")


def time_zone(text: str) -> str:
    """Parse an IANA time zone name. Raises ValueError on an unknown one."""
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError):
        raise ValueError(f"{text!r} is not an IANA time zone, such as Europe/Berlin") from None


def language(code: str) -> str:
    """Parse a language code. Raises ValueError if there are no texts in this language."""
    if code not in LANGUAGES:
        raise ValueError(f"{code!r} is not one of {', '.join(LANGUAGES)}")
    return code


def database(url: str) -> dict[str, Any]:  # Any: the types of Django's settings for a database
    """Parse a database URL into Django's settings. Raises ValueError unless it is SQLite or PostgreSQL."""
    if not url.startswith(("sqlite:///", "postgres://", "postgresql://")):
        raise ValueError("it must start with postgres:// (server) or sqlite:/// (file)")
    try:
        return dict(environ.Env.db_url_config(url))
    except ValueError:  # its message may show a part of the password
        message = "its port is not a number; if the password has one of : / ? # @, it must be percent-encoded"
        raise ValueError(message) from None


def secure_url(text: str) -> str:
    """Parse an https:// URL, or an http:// URL of this machine. Raises ValueError on any other."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError(f"{text!r} is not a URL") from None
    host = url.hostname or ""
    if not (text.isascii() and text.isprintable() and host and port != 0) or set(" #@\\") & set(text):
        raise ValueError(f"{text!r} is not a URL with a host and a path")
    if url.scheme != "https" and not (url.scheme == "http" and _is_here(host)):
        raise ValueError(f"{text!r} must start with https:// (http:// is only for this machine)")
    return text


def identity_provider(
    *, domain: str, api_audience: str, issuer: str, audience: str, keys_url: str, provision: bool
) -> IdentityProvider | None:
    """Return the provider of AUTH0_DOMAIN and API_AUDIENCE, or of OIDC_ISSUER and OIDC_AUDIENCE. None if none is set.

    If only one setting of a pair is set, or both pairs are, or a value is wrong, this is reported.
    """
    if (domain or api_audience) and (issuer or audience or keys_url):
        errors.append("AUTH0_DOMAIN, OIDC_ISSUER: set AUTH0_DOMAIN and API_AUDIENCE, or OIDC_*, not both")
        return None
    if domain or api_audience:
        needed = {"AUTH0_DOMAIN": domain, "API_AUDIENCE": api_audience}
    elif issuer or audience or keys_url or provision:
        needed = {"OIDC_ISSUER": issuer, "OIDC_AUDIENCE": audience}
    else:
        return None
    missing = [name for name, value in needed.items() if not value]
    if missing:
        errors.append(f"{', '.join(missing)}: missing; an identity provider needs {' and '.join(needed)}")
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
        errors.append(f"{name}: {error}")
        return default


def _auth0_issuer(domain: str) -> str:
    if not HOST_NAME.fullmatch(domain.lower()):
        raise ValueError(f"{domain!r} is not a host name, such as tenant.eu.auth0.com")
    return f"https://{domain.lower()}/"


def _issuer_url(text: str) -> str:
    if "?" in text:  # OpenID Connect Discovery, section 3
        raise ValueError(f"{text!r} has a query, but the URL of an issuer has none")
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
        raise ValueError(f"{path} can't be read ({error.strerror})") from None
