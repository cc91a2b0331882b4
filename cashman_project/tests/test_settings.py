"""What the environment may say: what is wrong stops the start and is told with what would be right."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.conf import settings
from django.utils import translation

from cashman_project import environment
from cashman_project.misspelt import misspelt

# What is common in the environments of shells, containers, services and other programs.
COMMON = """
    ALL_PROXY AUTH0_AUDIENCE AUTH0_CLIENT_ID AUTH0_CLIENT_SECRET AWS_SECRET_ACCESS_KEY BASE_DIR BASE_URL
    CASHMAN_PORT CASHMAN_PORT_5000_TCP CASHMAN_SERVICE_HOST CI COLORTERM COLUMNS COMPOSE_PROJECT_NAME
    CREDENTIALS_DIRECTORY DATABASE_HOST DATABASE_NAME DATABASE_PORT DATABASE_USER DBUS_SESSION_BUS_ADDRESS DB_HOST
    DB_PORT DB_URL DEBIAN_FRONTEND DEBUGINFOD_URLS DEBUG_LEVEL DISPLAY DJANGO_SETTINGS_MODULE DOCKER_HOST EDITOR ENV
    FORCE_COLOR GITHUB_ACTIONS GPG_KEY GUNICORN_WORKERS HOME HOSTNAME HOSTTYPE HOST_IP HOST_PORT HTTPS_PROXY
    HTTP_PROXY INVOCATION_ID JOURNAL_STREAM JWT_SECRET KUBERNETES_PORT KUBERNETES_SERVICE_HOST
    KUBERNETES_SERVICE_PORT LANG LANGUAGE LC_ALL LC_CTYPE LINES LISTEN_FDS LOGNAME LOG_LEVEL LS_COLORS MACHTYPE MAIL
    MAKEFLAGS MAKELEVEL NODE_ENV NOTIFY_SOCKET NO_COLOR NO_PROXY OIDC_CLIENT_ID OIDC_CLIENT_SECRET OLDPWD OSTYPE
    PAGER PATH PGDATABASE PGHOST PGPASSWORD PGPORT PGUSER PORT_RANGE POSTGRES_PASSWORD POSTGRES_USER PS1 PWD
    PYTEST_XDIST_WORKER PYTHONPATH PYTHON_VERSION REDIS_URL RUNNER_OS SECRET SECRET_KEY_BASE SERVER_NAME
    SERVICE_HOST SHELL SHLVL SSH_AUTH_SOCK STATE_DIRECTORY SUDO_USER TEMP TERM TERM_PROGRAM TIME_FORMAT TIME_STYLE
    TMP TMPDIR TZ USER USERNAME VIRTUAL_ENV VISUAL WATCHDOG_USEC WEB_CONCURRENCY WINDOWID XAUTHORITY XDG_RUNTIME_DIR
    http_proxy https_proxy no_proxy
"""


def check(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py's check with these variables beside a working environment."""
    given = {
        "PATH": os.environ["PATH"],
        "DEBUG": "on",
        "HOME": "/",
        "HOSTNAME": "box",
        "PORT_RANGE": "1-9",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )


# -- Misspelt names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("ALOW_SIGNUP", "ALLOW_SIGNUP"),
        ("ALLOW_SIGNUPS", "ALLOW_SIGNUP"),
        ("ALLOWED_HOST", "ALLOWED_HOSTS"),
        ("ALOWED_HOST", "ALLOWED_HOSTS"),
        ("PROT", "PORT"),
        ("PRT", "PORT"),
        ("HSOT", "HOST"),
        ("DEBUGG", "DEBUG"),
        ("DEBIG", "DEBUG"),
        ("debug", "DEBUG"),
        ("HTTP", "HTTPS"),
        ("WORKER", "WORKERS"),
        ("TIMEZONE", "TIME_ZONE"),
        ("BASEPATH", "BASE_PATH"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("SECRET_KEY_FLIE", "SECRET_KEY_FILE"),
        ("CORS_ALLOW_ORIGINS", "CORS_ALLOWED_ORIGINS"),
    ],
)
def test_a_misspelt_name_is_found(given: str, right: str) -> None:
    assert misspelt([given, "HOME", right], environment.names) == {given: right}


def test_no_other_name_is() -> None:
    assert {"PORT", "HOST", "ALLOW_SIGNUP", "SECRET_KEY_FILE", "DATABASE_PASSWORD_FILE"} < environment.names
    assert misspelt([*COMMON.split(), *environment.names], environment.names) == {}


def test_a_misspelt_name_is_told_at_start_and_stops_nothing() -> None:
    done = check(ALOW_SIGNUP="on", PROT="80")

    assert done.returncode == 0
    assert "ALOW_SIGNUP: not a setting of Cashman; ALLOW_SIGNUP is. Is it misspelt?" in done.stderr
    assert "PROT: not a setting of Cashman; PORT is. Is it misspelt?" in done.stderr
    assert done.stderr.count("W001") == 2
    assert check().stderr == ""


# -- Wrong values -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (environment.hosts, "cashman.example, .example.com,192.0.2.1,[2001:db8::1],*", None),
        (environment.hosts, "Cashman.example", None),
        (environment.origins, "https://app.example,http://localhost:3000,https://[::1]:8443", None),
        (environment.origins, "capacitor://localhost,chrome-extension://abcdef", None),
        (environment.origin_patterns, "https://*.app.example", None),
        (environment.address, "127.0.0.1", "127.0.0.1"),
        (environment.address, "::", "::"),
        (environment.base_path, "/cashman", "/cashman"),
        (environment.base_path, "/apps/cash.man_2", "/apps/cash.man_2"),
        (environment.base_path, "/", ""),
    ],
)
def test_what_is_right_is_taken(parse: Callable[[str], object], text: str, value: str | None) -> None:
    assert parse(text) == (environment.words(text) if value is None else value)


@pytest.mark.parametrize(
    ("parse", "text", "right"),
    [
        (environment.hosts, "https://cashman.example", "write cashman.example"),
        (environment.hosts, "cashman.example/", "write cashman.example"),
        (environment.hosts, "http://Cashman.example:8443/api", "write cashman.example"),
        (environment.hosts, "cashman.example:443", "write cashman.example"),
        (environment.hosts, "ok.example,[::1]:5000", "write [::1]"),
        (environment.hosts, "*.cashman.example", "write .cashman.example"),
        (environment.hosts, "cashman.example.", "write cashman.example"),
        (environment.hosts, "a.example b.example", "separate several by commas"),
        (environment.hosts, "::1", "such as cashman.example or [::1]"),
        (environment.hosts, "my_host", "such as cashman.example"),
        (environment.hosts, "https://", "such as cashman.example"),
        (environment.origins, "app.example", "write https://app.example"),
        (environment.origins, "localhost:3000", "write http://localhost:3000"),
        (environment.origins, "https://app.example/", "write https://app.example"),
        (environment.origins, "https://app.example/login?x=1", "write https://app.example"),
        (environment.origins, "https://App.example", "write https://app.example"),
        (environment.origins, "https://app.example:443", "write https://app.example"),
        (environment.origins, "http://app.example:80", "write http://app.example"),
        (environment.origins, "https://a.example https://b.example", "separate several by commas"),
        (environment.origins, "https://*.app.example", "such as https://app.example"),
        (environment.origins, "*", "such as https://app.example"),
        (environment.origin_patterns, "*.app.example", "write https://*.app.example"),
        (environment.address, "localhost", "such as 127.0.0.1"),
        (environment.address, "0.0.0.0:5000", "such as 127.0.0.1"),
        (environment.address, "[::1]", "such as 127.0.0.1"),
        (environment.base_path, "cashman", "write /cashman"),
        (environment.base_path, "/cashman/", "write /cashman"),
        (environment.base_path, "//cashman", "write /cashman"),
        (environment.base_path, "/cash man", "such as /cashman"),
        (environment.base_path, "/../etc", "such as /cashman"),
        (environment.base_path, "https://cashman.example/x", "such as /cashman"),
        (environment.base_path, "/a?b", "such as /cashman"),
        (environment.number(0, 60), "-1", "from 0 to 60"),
        (environment.number(0, 60), "61", "from 0 to 60"),
        (environment.number(0, 60), "ten", "from 0 to 60"),
        (environment.number(0, 60), "1.5", "from 0 to 60"),
        (environment.number(0, 60), "\u0661", "from 0 to 60"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_right(parse: Callable[[str], object], text: str, right: str) -> None:
    with pytest.raises(ValueError, match=r"^'") as raised:
        parse(text)

    assert right in str(raised.value)


def test_what_is_wrong_is_told_in_the_language_in_which_it_is_read() -> None:
    """A setting is read before the language is known."""
    fault = environment.Invalid("Sign in")

    assert str(fault) == "Sign in"
    with translation.override("de"):
        assert str(fault) == "Anmelden"


def test_wrong_values_stop_the_start_and_each_is_told() -> None:
    done = check(
        ALLOWED_HOSTS="https://cashman.example",
        BASE_PATH="cashman",
        CORS_ALLOWED_ORIGINS="https://app.example/",
        CSRF_TRUSTED_ORIGINS="app.example",
        DATABASE_URL="postgres://cashman:hun/ter2@db/cashman",
        HOST="::",
        REFRESH_LEEWAY="61",
    )

    assert done.returncode == 1
    for fault in (
        "ALLOWED_HOSTS: 'https://cashman.example' is not a host name, such as cashman.example or [::1]; "
        "write cashman.example",
        "BASE_PATH: 'cashman' is not a path from the root; write /cashman",
        "CORS_ALLOWED_ORIGINS: 'https://app.example/' is not an origin, such as https://app.example; "
        "write https://app.example",
        "CSRF_TRUSTED_ORIGINS: 'app.example' is not an origin, such as https://app.example; write https://app.example",
        "DATABASE_URL: its port is not a number; if the password has one of : / ? # @, it must be percent-encoded",
        "HOST: :: lets others in, and with DEBUG anyone knows the keys; leave one of the two out",
        "REFRESH_LEEWAY: '61' is not a whole number from 0 to 60",
    ):
        assert f"?: (api.E001) {fault}" in done.stderr
    assert done.stderr.count("(api.E001)") == 7
    assert "Traceback" not in done.stderr
    assert "hun" not in done.stderr
