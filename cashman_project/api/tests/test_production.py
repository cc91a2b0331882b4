"""What differs in production: the environment, the proxy before the service, and the start of the container."""

import http.client
import json
import os
import re
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from django.conf import settings

from transactions.tests.live import PATIENCE, LiveServer, running, serve

ROOT: Path = settings.BASE_DIR


def production(directory: Path) -> dict[str, str]:
    """Return the environment that the image has, with `directory` for /data, and no more than that."""
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    names = "DATABASE_URL|SECRET_KEY_FILE|JWT_SIGNING_KEY_FILE|ALLOWED_HOSTS"
    found = dict(re.findall(rf"^ +({names})=(\S+)", image, re.MULTILINE))
    assert len(found) == 4
    environment = {name: value.replace("/data", str(directory)) for name, value in found.items()}
    return environment | {"DEBUG": "", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with no other environment."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


# -- The container's start --------------------------------------------------------------------


@pytest.mark.live
def test_a_container_makes_what_it_lacks_and_keeps_it(tmp_path: Path) -> None:
    held = []
    for _start in range(2):
        server = LiveServer(production(tmp_path), ["./docker-entrypoint.sh"])
        with running(server):
            assert server.request("GET", "/readyz").status == 200
            assert server.request("GET", "/ping").headers["location"] == f"https://127.0.0.1:{server.port}/ping"
            assert server.stop() == 0
        held.append({path.name: path.read_text("ascii") for path in tmp_path.glob("*_key")})

    assert sorted(held[0]) == ["jwt_signing_key", "secret_key"]
    assert held[0] == held[1]
    assert held[0]["secret_key"] != held[0]["jwt_signing_key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_container_runs_what_it_is_given(tmp_path: Path) -> None:
    done = subprocess.run(
        ["./docker-entrypoint.sh", "printf", "%s|", "two words"],
        cwd=ROOT,
        env=production(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "two words|"
    assert list(tmp_path.iterdir()) == []


# -- Secrets ----------------------------------------------------------------------------------


def test_the_password_of_the_database_comes_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "database_password"
    environment = production(tmp_path) | {"DATABASE_URL": "postgres://cashman@db/cashman"}
    environment["DATABASE_PASSWORD_FILE"] = str(file)

    made = run(environment, "manage.py", "makesecrets")
    read = run(environment, "-c", "from cashman_project import settings; print(settings.DATABASES['default'])")

    assert made.stdout.splitlines()[-1] == f"Made {file}"
    assert f"'PASSWORD': '{file.read_text('ascii')}'" in read.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_replica_has_the_password_and_limits_of_its_own_and_several_servers_find_the_primary() -> None:
    environment = {
        "DEBUG": "on",
        "DATABASE_URL": "postgres://cashman@one:5432,two:5433/cashman",
        "DATABASE_REPLICA_URL": "postgres://reader@two:5433/cashman",
        "DATABASE_PASSWORD": "hunter2",
        "DISABLE_SERVER_SIDE_CURSORS": "on",
    }
    code = "import json; from cashman_project import settings; print(json.dumps(settings.DATABASES))"

    read = json.loads(run(environment, "-c", code).stdout)

    primary, replica = read["default"], read["replica"]
    assert (primary["HOST"], primary["PORT"]) == ("one,two", "5432,5433")
    assert primary["OPTIONS"]["target_session_attrs"] == "read-write"
    assert (replica["HOST"], replica["PORT"], replica["USER"], replica["PASSWORD"]) == (
        "two",
        5433,
        "reader",
        "hunter2",
    )
    assert "target_session_attrs" not in replica["OPTIONS"]
    assert (primary["POOLED"], "options" in primary["OPTIONS"]) == (True, False)  # behind a pooler, as only it is
    assert (replica["POOLED"], replica["OPTIONS"]["options"]) == (False, "-c statement_timeout=30s -c lock_timeout=5s")


def test_a_secret_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    done = run(production(tmp_path / "missing"), "manage.py", "makesecrets")

    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: SECRET_KEY_FILE: {tmp_path}/missing/secret_key can't be written (No such file or directory)\n"
    )


# -- Settings ---------------------------------------------------------------------------------


def test_the_deployment_checks_find_nothing(tmp_path: Path) -> None:
    environment = production(tmp_path)
    run(environment, "manage.py", "makesecrets")

    done = run(environment, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert (done.returncode, done.stdout, done.stderr) == (0, "System check identified no issues (1 silenced).\n", "")


def test_compose_passes_every_setting_on() -> None:
    source = (ROOT / "cashman_project/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'read(?:_secret|_text)?\(\s*"(\w+)"', source))
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]

    assert {name.removesuffix("_FILE") for name in services["web"]["environment"]} == read - {"DEBUG", "HOST", "PORT"}


# -- Behind a proxy that ends TLS -------------------------------------------------------------


@pytest.mark.live
@pytest.mark.parametrize(("proxies", "trusted"), [("0", False), ("1", True)])
def test_a_proxy_says_what_came_by_tls_where_there_is_one(tmp_path: Path, proxies: str, trusted: bool) -> None:
    with serve(tmp_path, HTTPS="on", NUM_PROXIES=proxies, ALLOWED_HOSTS="cashman.example") as server:
        by_tls = server.request("GET", "/", headers={"Host": "cashman.example", "X-Forwarded-Proto": "https"})
        plain = server.request("GET", "/", headers={"Host": "cashman.example", "X-Forwarded-Proto": "http"})
        unsaid = server.request("GET", "/", headers={"Host": "cashman.example"})

    for answer in [plain, unsaid] if trusted else [by_tls, plain, unsaid]:
        assert (answer.status, answer.headers["location"]) == (301, "https://cashman.example/")
    if trusted:
        assert by_tls.status == 200
        assert by_tls.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert by_tls.json()["incomes"] == "https://cashman.example/incomes"


@pytest.mark.live
def test_preloading_is_asked_for_by_who_runs_it(tmp_path: Path) -> None:
    environment = {"HTTPS": "on", "NUM_PROXIES": "1", "HSTS_PRELOAD": "on"}
    with serve(tmp_path, **environment) as server:
        answer = server.request("GET", "/", headers={"X-Forwarded-Proto": "https"})

    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"


@pytest.mark.live
def test_cookies_are_for_this_site_and_tls_alone(tmp_path: Path) -> None:
    user = {"username": "alice", "password": "correct horse battery"}
    sent = {"Host": "cashman.example", "X-Forwarded-Proto": "https", "Referer": "https://cashman.example/"}
    with serve(tmp_path, HTTPS="on", NUM_PROXIES="1", ALLOWED_HOSTS="cashman.example", ALLOW_SIGNUP="on") as server:
        assert server.request("POST", "/auth/register", user, headers=sent).status == 201
        form = server.request("GET", "/api-auth/login/", headers=sent)
        csrf_cookie = form.headers["set-cookie"]
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form.body.decode())[0]
        sent |= {"Cookie": csrf_cookie.partition(";")[0], "Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        with closing(connection):
            connection.request("POST", "/api-auth/login/", urlencode(user | {"csrfmiddlewaretoken": token}), sent)
            answer = connection.getresponse()
            cookies = {cookie.partition("=")[0]: cookie for cookie in answer.headers.get_all("Set-Cookie", [])}

    assert (answer.status, answer.headers["Location"]) == (302, "/")
    attributes = {name: set(cookie.split("; ")[1:]) for name, cookie in cookies.items()}
    assert attributes.keys() == {"csrftoken", "sessionid"}
    for name in attributes:
        assert {"Secure", "SameSite=Lax", "Path=/"} < attributes[name]
    assert "HttpOnly" in attributes["sessionid"]
    assert "Max-Age=1209600" in attributes["sessionid"]
    assert not [one for cookie in attributes.values() for one in cookie if one.startswith("Domain")]
