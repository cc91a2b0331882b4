"""BASE_PATH=/cashman behind a real nginx: everything is below that path, and nothing leads out of it."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest

from transactions.tests.live import PATIENCE, LiveServer, migrated, running, unchecked

pytestmark = pytest.mark.live

HOST = "cashman.example"
BASE = "/cashman"
PASSWORD = "correct horse battery"
FORM = "application/x-www-form-urlencoded"
# The proxy passes paths on whole, as docs/deploy.md has it, or without the prefix. The rest of the host is another's.
PASSES = {"whole": "http://127.0.0.1:{port}", "cut off": "http://127.0.0.1:{port}/"}
CONFIGURATION = """
daemon off; pid {directory}/pid; error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{listen};
        location / {{ return 418 "another application"; }}
        location {base}/ {{
            proxy_pass {target};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
}}
"""


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Browser:
    """A browser at the proxy, of whose host other applications have set cookies too."""

    port: int
    token: str = ""
    cookies: dict[str, tuple[str, str]] = field(default_factory=dict)  # by name: the path and the value

    def send(self, method: str, path: str, data: Any = None, **headers: str) -> Answer:
        """Send a request, a dict as a form unless the browser has a token; follow no redirect."""
        sent = {"Host": HOST, "Accept": "text/html,*/*;q=0.8", "Referer": f"https://{HOST}{BASE}/", **headers}
        own = [f"{name}={value}" for name, (where, value) in self.cookies.items() if below(path, where)]
        # RFC 6265: those of the longest path first; what comes last wins in Django.
        sent["Cookie"] = "; ".join([*own, "sessionid=others", "csrftoken=others", "messages=others"])
        body = None
        if self.token:
            sent |= {"Accept": "application/json", "Authorization": f"Bearer {self.token}", **headers}
        if data is not None:
            is_form = not self.token and isinstance(data, dict)
            body = urlencode(data) if is_form else json.dumps(data)
            sent |= {"Content-Type": FORM if is_form else "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode("utf-8", "replace"))
        for header in answer.headers.get_all("Set-Cookie", []):
            for name, cookie in SimpleCookie(header).items():
                assert cookie["path"] == BASE, header
                assert name.endswith("_cashman"), header
                self.cookies[name] = (cookie["path"], cookie.value)
        return answer

    def submit(self, page: str, data: dict[str, str], to: str = "") -> Answer:
        """Send the form of a page, with the CSRF token that it holds."""
        [token, *_rest] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', self.send("GET", page).text)
        return self.send("POST", to or page, {"csrfmiddlewaretoken": token, **data})

    def sign_in(self, username: str) -> None:
        answer = self.submit(f"{BASE}/api-auth/login/", {"username": username, "password": PASSWORD})
        assert (answer.status, answer.headers["Location"]) == (302, f"{BASE}/")


def below(path: str, base: str) -> bool:
    return path == base or path.startswith(f"{base}/")


@contextmanager
def nginx(directory: Path, target: str) -> Iterator[int]:
    """Run nginx before the target until the block ends; yields its port."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "The tests of BASE_PATH need nginx; on Debian: apt install nginx-light"
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = free.getsockname()[1]
    file = directory / "nginx.conf"
    file.write_text(CONFIGURATION.format(directory=directory, listen=listen, target=target, base=BASE), "utf-8")
    with subprocess.Popen([program, "-p", directory, "-c", file, "-e", directory / "error.log"]) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", listen)).close()
                    break
                except ConnectionRefusedError:
                    assert time.monotonic() < deadline, (directory / "error.log").read_text("utf-8")
            yield listen
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server for real below BASE_PATH, with alice, bob, and staff."""
    directory = tmp_path_factory.mktemp("base-path")
    environment = {
        "DEBUG": "off",
        "DATABASE_URL": migrated(directory),
        "SECRET_KEY": 64 * "s",
        "JWT_SIGNING_KEY": 64 * "j",
        "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "NUM_PROXIES": "1",
        "ALLOW_SIGNUP": "on",
        "BASE_PATH": BASE,
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    }
    server = unchecked(environment)
    server.manage("createsuperuser", "--no-input", "--username=staff", "--email=staff@cashman.example")
    with running(server):
        for name in ("alice", "bob"):
            user = {"username": name, "password": PASSWORD}
            headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
            assert server.request("POST", "/cashman/auth/register", user, headers=headers).status == 201
        yield server


@pytest.fixture(scope="module", params=PASSES)
def proxy(request: pytest.FixtureRequest, server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The port of an nginx that is before the server."""
    with nginx(tmp_path_factory.mktemp("nginx"), PASSES[request.param].format(port=server.port)) as port:
        yield port


@pytest.fixture
def alice(proxy: int) -> Browser:
    """A program that sends a token of alice."""
    return program(proxy, "alice")


@pytest.fixture
def page_of_alice(proxy: int) -> Browser:
    """A browser in which alice is signed in."""
    browser = Browser(proxy)
    browser.sign_in("alice")
    return browser


def program(proxy: int, username: str) -> Browser:
    answer = Browser(proxy, token="none").send(
        "POST", f"{BASE}/auth/token", {"username": username, "password": PASSWORD}, Authorization=""
    )
    assert answer.status == 200, answer.text
    return Browser(proxy, token=answer.json()["access"])


def links(answer: Answer, page: str) -> set[str]:
    """Return the path of each link, form, picture, style and script of a page."""
    found = re.findall(r'(?:href|src|action)="([^"#]*)', answer.text)
    return {urljoin(f"https://{HOST}{page}", unescape(link)) for link in found}


def kinds_of(link: str) -> set[tuple[str, str]]:
    """Return the path of a link with each of its parameters' names. Links of no new one are like others."""
    parts = urlsplit(link)
    return {(parts.path, name) for name in ("", *parse_qs(parts.query))}


# -- Programs ---------------------------------------------------------------------------------


def test_links_of_the_root_and_of_pages_lead_on(alice: Browser, proxy: int) -> None:
    rows = [{"description": f"row {number}", "amount": number} for number in range(1, 8)]
    assert alice.send("POST", f"{BASE}/incomes", rows).status == 201

    for url in alice.send("GET", f"{BASE}/").json().values():
        assert url.startswith(f"https://{HOST}{BASE}/")
        assert alice.send("GET", url.removeprefix(f"https://{HOST}"), Accept="*/*").status in (200, 405), url
    for path in (f"{BASE}/incomes?page_size=3", f"{BASE}/transactions.json?page_size=3&search=row"):
        page, seen = alice.send("GET", path).json(), 0
        while page["next"]:
            assert page["next"].startswith(f"https://{HOST}{path.partition('?')[0]}?cursor=")
            previous, page = page, alice.send("GET", page["next"].removeprefix(f"https://{HOST}")).json()
            back = alice.send("GET", page["previous"].removeprefix(f"https://{HOST}")).json()
            assert back["results"] == previous["results"]
            seen += len(page["results"])
        assert seen >= 4
    assert program(proxy, "bob").send("GET", f"{BASE}/transactions").json()["results"] == []


def test_what_was_made_is_where_location_says(alice: Browser, proxy: int) -> None:
    made = {
        "/expenses": {"description": "coffee", "amount": 4},
        "/expenses.json": {"description": "tea", "amount": 3},
        "/categories": {"name": f"Food {proxy}"},
    }
    for path, data in made.items():
        answer = alice.send("POST", f"{BASE}{path}", data)
        assert answer.status == 201, answer.text
        location = answer.headers["Location"]
        assert location.startswith(f"https://{HOST}{BASE}{path.removesuffix('.json')}/")
        assert alice.send("GET", location.removeprefix(f"https://{HOST}")).json() == answer.json()
        assert program(proxy, "bob").send("GET", location.removeprefix(f"https://{HOST}")).status == 404
    token = alice.send("POST", f"{BASE}/tokens", {"name": "script", "scope": "read", "password": PASSWORD})
    if token.status == 201:
        assert token.headers["Location"].startswith(f"https://{HOST}{BASE}/tokens/")


def test_a_key_answers_again_however_the_path_comes(alice: Browser, server: LiveServer, proxy: int) -> None:
    data = {"description": "once", "amount": 1}
    first = alice.send("POST", f"{BASE}/incomes", data, **{"Idempotency-Key": f"key {proxy}".replace(" ", "-")})
    assert first.status == 201
    for path in (f"{BASE}/incomes", "/incomes"):
        again = server.request(
            "POST",
            path,
            data,
            token=alice.token,
            headers={"Idempotency-Key": f"key-{proxy}", "Host": HOST, "X-Forwarded-Proto": "https"},
        )
        assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
        assert (again.json(), again.headers["location"]) == (first.json(), first.headers["Location"])


def test_errors_have_their_shape_and_the_rest_of_the_host_is_anothers(alice: Browser) -> None:
    assert alice.send("GET", f"{BASE}/nothing").json()["code"] == "not_found"
    assert alice.send("GET", f"{BASE}/nothing").headers["Content-Type"] == "application/problem+json"
    assert alice.send("GET", "/incomes").status == 418
    assert alice.send("GET", f"{BASE}incomes").status == 418


def test_probes_need_no_prefix(server: LiveServer) -> None:
    for path in ("/livez", "/readyz", f"{BASE}/livez", f"{BASE}/readyz/"):
        assert server.request("GET", path).status == 200
    assert server.request("GET", f"{BASE}x/livez", headers={"X-Forwarded-Proto": "https"}).status == 404


def test_plain_http_is_sent_to_https_below_the_prefix(server: LiveServer) -> None:
    for path in ("/incomes?x=1", f"{BASE}/incomes?x=1"):
        answer = server.request("GET", path, headers={"Host": HOST, "X-Forwarded-Proto": "http"})
        assert (answer.status, answer.headers["location"]) == (301, f"https://{HOST}{BASE}/incomes?x=1")
    root = server.request("GET", BASE, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
    assert (root.status, root.json()["me"]) == (200, f"https://{HOST}{BASE}/me")


def test_the_schema_says_where_the_paths_are(alice: Browser) -> None:
    document = alice.send("GET", f"{BASE}/schema", Accept="application/vnd.oai.openapi+json")

    assert document.status == 200, document.text
    assert document.json()["servers"] == [{"url": BASE}]
    assert "/incomes" in document.json()["paths"]


# -- Pages ------------------------------------------------------------------------------------


def test_every_link_of_every_page_stays_below_the_prefix_and_works(page_of_alice: Browser) -> None:
    row = page_of_alice.submit(f"{BASE}/expenses", {"description": "lunch", "amount": "12"})
    assert (row.status, row.headers["Location"]) == (303, f"{BASE}/expenses")
    start = f"https://{HOST}{BASE}/"
    waiting, seen, kinds = [start], set[str](), kinds_of(start)
    while waiting:
        url = waiting.pop()
        parts = urlsplit(url)
        seen.add(parts.path.removeprefix(BASE))
        answer = page_of_alice.send("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        assert answer.status in (200, 405), (url, answer.text)  # 405: where a form goes that is sent only
        if answer.headers["Content-Type"].startswith("text/html"):
            for link in sorted(links(answer, parts.path)):
                place = urlsplit(link)
                assert place.netloc == HOST, link
                assert below(place.path, BASE), link
                if not kinds_of(link) <= kinds:
                    kinds |= kinds_of(link)
                    waiting.append(link)
    places = {"/", "/transactions", "/incomes", "/expenses", "/categories", "/summary", "/me", "/tokens"}
    assert places | {"/static/pages/pages.css", "/static/pages/icon.svg", "/docs", "/schema"} <= seen
    assert any(re.fullmatch("/expenses/[0-9a-f-]{36}", path) for path in seen)


def test_notices_and_errors_are_pages_below_the_prefix(page_of_alice: Browser) -> None:
    page_of_alice.submit(f"{BASE}/incomes", {"description": "gift", "amount": "5"})
    assert "messages_cashman" in page_of_alice.cookies
    assert "gift" in page_of_alice.send("GET", f"{BASE}/incomes").text.partition('class="notice"')[2][:300]
    assert page_of_alice.cookies["messages_cashman"] == (BASE, "")

    lost = page_of_alice.send("GET", f"{BASE}/nowhere")
    assert lost.status == 404
    assert [link for link in links(lost, f"{BASE}/nowhere") if not below(urlsplit(link).path, BASE)] == []
    refused = page_of_alice.submit(f"{BASE}/incomes", {"description": "", "amount": "x"})
    assert refused.status == 400


def test_signing_in_leads_back_and_out(proxy: int) -> None:
    browser = Browser(proxy)
    path = f"{BASE}/summary?group_by=year"
    page = browser.send("GET", path)
    assert page.status == 401
    assert f'<form class="card login" method="post" action="{BASE}/api-auth/login/">' in page.text
    assert f'name="next" value="{path}"' in page.text

    answer = browser.submit(f"{BASE}/api-auth/login/", {"username": "alice", "password": PASSWORD, "next": path})
    assert (answer.status, answer.headers["Location"]) == (302, path)
    assert browser.send("GET", path).status == 200
    out = browser.submit(path, {"next": f"{BASE}/"}, to=f"{BASE}/api-auth/logout/")
    assert (out.status, out.headers["Location"]) == (302, f"{BASE}/")
    assert browser.send("GET", path).status == 401


def test_the_admin_works(proxy: int) -> None:
    browser = Browser(proxy)
    for path, location in ((f"{BASE}/admin", f"{BASE}/admin/"), (f"{BASE}/admin/", f"{BASE}/admin/login/?next=")):
        answer = browser.send("GET", path)
        assert (answer.status, answer.headers["Location"].startswith(location)) == (302, True)
    entered = browser.submit(
        f"{BASE}/admin/login/", {"username": "staff", "password": PASSWORD, "next": f"{BASE}/admin/"}
    )
    assert (entered.status, entered.headers["Location"]) == (302, f"{BASE}/admin/")
    for path in ("/admin/", "/admin/users/user/", "/admin/transactions/transaction/"):
        page = browser.send("GET", f"{BASE}{path}")
        assert page.status == 200
        assert [link for link in links(page, f"{BASE}{path}") if not below(urlsplit(link).path, BASE)] == []
    styles = [link for link in links(page, BASE) if link.endswith(".css")]
    assert styles
    for link in styles:
        assert browser.send("GET", link.removeprefix(f"https://{HOST}")).status == 200
    assert browser.send("GET", f"{BASE}/admin/users/user").headers["Location"] == f"{BASE}/admin/users/user/"
    error = browser.send("GET", f"{BASE}/admin/nothing/", Accept="application/json")
    assert (error.status, error.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_the_page_of_the_documentation_loads_its_parts(page_of_alice: Browser) -> None:
    page = page_of_alice.send("GET", f"{BASE}/docs")
    parts = links(page, f"{BASE}/docs")
    assert len([part for part in parts if part.endswith(".js") or "script=" in part]) >= 2
    script = next(part for part in parts if "script=" in part).removeprefix(f"https://{HOST}")
    assert f'"{BASE}/schema' in page_of_alice.send("GET", script).text
