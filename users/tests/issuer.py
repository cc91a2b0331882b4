"""A real issuer of tokens on a port of this machine, which answers well, or in one of many bad ways."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE = "https://cashman.example/api"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
HEADER = {"alg": "RS256", "typ": "JWT", "kid": "first"}

Answer = Callable[["Handler"], None]


@cache
def rsa_key(name: str, bits: int = 2048) -> RSAPrivateKey:
    """Return the key of this name, which is made once."""
    return generate_private_key(65537, bits)


def jwk_of(name: str, key: RSAPrivateKey | None = None, /, **members: Any) -> dict[str, Any]:
    """Return the public half of the key (or of that name's) as a JSON Web Key; a member of None is left out."""
    numbers = (key or rsa_key(name)).public_key().public_numbers()
    jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name}
    jwk |= {"n": number_of(numbers.n), "e": number_of(numbers.e)}
    return {member: value for member, value in (jwk | members).items() if value is not None}


def pem_of(key: RSAPrivateKey) -> str:
    """Return the public half of the key as most libraries want it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(claims: object, header: object = HEADER, key: RSAPrivateKey | None = None) -> str:
    """Return a token of `claims` (an object, or raw JSON), signed for RS256 by `key`, or else by "first"."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    message = b".".join(_base64(part) for part in parts)
    signature = (key or rsa_key("first")).sign(message, PKCS1v15(), SHA256())
    return b".".join((message, _base64(signature))).decode()


class LocalIssuer:
    """An identity provider at `url` with the keys `keys`; `answers` has its response for each path, `asked` its
    requests."""

    def __init__(self) -> None:
        self.keys: list[Any] = [jwk_of("first")]
        self.answers: dict[str, Answer] = {DISCOVERY: configuration, KEYS: key_set}
        self.asked: list[str] = []
        self.arrived = threading.Semaphore(0)  # released once for each request
        self.ended = threading.Event()  # what hangs or drips does so until then
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"issuer": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good token with these changes; a claim of None is left out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "auth0|alice", "iat": now, "exp": now + 60}
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, **changes: Any) -> str:
        """Return a token that is good but for these changes of its claims."""
        return signed(self.claims(**changes))


class Handler(BaseHTTPRequestHandler):
    """Answers as `answers` says."""

    issuer: LocalIssuer

    def do_GET(self) -> None:
        self.issuer.asked.append(self.path)
        self.issuer.arrived.release()
        with suppress(ConnectionError):  # a client that has waited long enough
            self.issuer.answers.get(self.path, not_found)(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def send(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer with this body and these headers."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def local_issuer() -> Iterator[LocalIssuer]:
    """Run an issuer until the block ends."""
    issuer = LocalIssuer()
    thread = threading.Thread(target=issuer.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        issuer.ended.set()
        issuer.server.shutdown()
        thread.join()
        issuer.server.server_close()


# -- Ways to answer ---------------------------------------------------------------------------


def says(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the way that answers with this content, as JSON unless it is bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda handler: handler.send(body, status, headers)


def configuration(handler: Handler) -> None:
    """Say where the keys are."""
    handler.send(_configuration(handler.issuer))


def key_set(handler: Handler) -> None:
    """Give the keys."""
    handler.send(json.dumps({"keys": handler.issuer.keys}).encode())


def not_found(handler: Handler) -> None:
    """Have nothing here."""
    handler.send(b"", 404)


def hang(handler: Handler) -> None:
    """Say nothing, but hold the connection."""
    handler.issuer.ended.wait()


def hang_first(handler: Handler) -> None:
    """Give the keys, at the end."""
    hang(handler)
    key_set(handler)


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""


def speak_otherwise(handler: Handler) -> None:
    """Speak no HTTP."""
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def drip_headers(handler: Handler) -> None:
    """Never come to the end of the headers, though each byte of them soon."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    _drip(handler)


def drip_body(handler: Handler) -> None:
    """Say where the keys are, byte by byte, without ever ending."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n" + _configuration(handler.issuer))
    _drip(handler)


def _configuration(issuer: LocalIssuer) -> bytes:
    return json.dumps({"issuer": issuer.url, "jwks_uri": f"{issuer.url[:-1]}{KEYS}"}).encode()


def _drip(handler: Handler) -> None:
    while not handler.issuer.ended.wait(0.01):
        handler.wfile.write(b" ")


def number_of(number: int) -> str:
    """Return a number as a JSON Web Key holds it (RFC 7518, section 2)."""
    return _base64(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
