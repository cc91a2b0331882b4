"""Answer requests without a server, for callgrind: `python -m benchmarks.in_process wsgi module:application`.

It runs in the environment of the application that it measures, so it needs only Python. callgrind dumps its counts when
`os.getloadavg` is called, because nothing else calls that.
"""

import asyncio
import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any

WARM_UPS, COUNTED = 40, 100

Ask = Callable[[str, str, str, str], bytes]


def wsgi(application: Any) -> Ask:
    """Return what asks a WSGI application (PEP 3333) as granian would: method, path, body, token."""

    def ask(method: str, path: str, body: str, token: str) -> bytes:
        content = body.encode()
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "5000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:5000",
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if not token:
            del environ["HTTP_AUTHORIZATION"]
        if content:
            environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(content))}
        started: list[str] = []
        answer = application(environ, lambda status, *_: started.append(status))
        text = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        assert started[0].startswith("2"), (started, text)
        return text

    return ask


def asgi(application: Any) -> Ask:
    """Return what asks an ASGI application, all in one event loop: method, path, body, token."""
    loop = asyncio.new_event_loop()

    async def answer(method: str, path: str, body: str, token: str) -> bytes:
        headers = [(b"host", b"127.0.0.1:5000"), (b"authorization", f"Bearer {token}".encode())]
        if body:
            headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 40_000),
            "server": ("127.0.0.1", 5_000),
            "state": {},
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body.encode(), "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await application(scope, receive, send)
        assert sent[0]["status"] < 300, sent
        return b"".join(message.get("body", b"") for message in sent[1:])

    return lambda *request: loop.run_until_complete(answer(*request))


def count(ask: Ask) -> None:
    """Answer W1, W2 and W3, each WARM_UPS times and then, between two marks, COUNTED times."""
    with_id = "memory" not in sys.argv[2]
    for workload in ("W1", "W2", "W3"):
        token = os.environ.get("TOKEN") or login(ask)
        requests = [("GET", "/transactions", "")]
        if workload == "W2" and with_id:
            rows = json.loads(ask(*requests[0], token))["results"][:10]
            requests = [("GET", f"/transactions/{row['id']}", "") for row in rows]
        elif workload == "W3":
            row = {"type": "EXPENSE", "description": "weekly market", "date": "2024-01-10", "category": "Groceries"}
            requests = [("POST", "/transactions", json.dumps({**row, "amount": f"{n}.40"})) for n in range(10, 20)]
        for number in range(WARM_UPS):
            ask(*requests[number % len(requests)], token)
        os.getloadavg()
        for number in range(COUNTED):
            ask(*requests[number % len(requests)], token)
        os.getloadavg()


def login(ask: Ask) -> str:
    body = json.dumps({"username": "user0001", "password": os.environ["PASSWORD"]})
    token: str = json.loads(ask("POST", "/auth/token", body, ""))["access"]
    return token


if __name__ == "__main__":
    module, name = sys.argv[2].split(":")
    count({"wsgi": wsgi, "asgi": asgi}[sys.argv[1]](getattr(importlib.import_module(module), name)))
