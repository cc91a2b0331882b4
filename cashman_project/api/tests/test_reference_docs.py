"""The reference pages are complete: settings, commands, decisions, and every file that they name exists."""

import ast
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core import checks
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.test import override_settings

from cashman_project import environment

ROOT = Path(settings.BASE_DIR)
DECISIONS = sorted((ROOT / "docs/adr").glob("0*.md"))
# Right values, unless a test sets others.
RIGHT = {"SECRET_KEY": "s" * 32, "JWT_SIGNING_KEY": "j" * 32, "ALLOWED_HOSTS": "cashman.example"}
# `VARIABLE=value VARIABLE=value` gives `the message`
ERROR = re.compile(r"^- Error: `([^`]+)`(?: alone)? gives\s+`([^`]+)`$", re.MULTILINE)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Return the text below each heading of the third level, up to the next heading."""
    return dict(re.findall(r"^### (\S+)\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE))


SETTINGS = sections(page("docs/settings.md"))
ERRORS = [[" ".join(part.split()) for part in error] for text in SETTINGS.values() for error in ERROR.findall(text)]


def variables() -> dict[str, ast.expr | None]:
    """Return each variable that settings.py reads, with the expression of its default, if it names one."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.walk(ast.parse(page("cashman_project/settings.py"))):
        match node:
            case ast.Call(func=ast.Name("read"), args=[ast.Constant(str(name)), _parse, default]):
                found[name] = default
            case ast.Call(func=ast.Name("read_text" | "read_secret"), args=[ast.Constant(str(name))]):
                found |= {name: None, f"{name}_FILE": None}
    return found


VARIABLES = variables()


def messages(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the checks say of settings that are read with these variables."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "cashman_project.settings", raising=False)  # so that it is read again
    wrong: list[str] = []
    monkeypatch.setattr(environment, "errors", wrong)
    read = runpy.run_module("cashman_project.settings")
    with override_settings(**{name: read[name] for name in given if name in read and name != "DEBUG"}):
        return [*wrong, *(message.msg for message in checks.run_checks())]


# -- Settings ---------------------------------------------------------------------------------


def test_the_reference_has_every_setting_and_no_other() -> None:
    assert len(VARIABLES) > 20
    assert set(SETTINGS) == set(VARIABLES)
    contents = page("docs/settings.md").partition("## Database")[0]
    assert set(re.findall(r"\[([A-Z0-9_]+)\]\(#(\w+)\)", contents)) == {(name, name.lower()) for name in VARIABLES}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_has_its_default_and_an_example(name: str) -> None:
    default = re.search(r"^- Default: (.+)$", SETTINGS[name], re.MULTILINE)
    assert default, "no default"
    assert f"- Example: `{name}=" in SETTINGS[name]

    expression = VARIABLES[name]
    if isinstance(expression, ast.Constant):
        value = expression.value
        text = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
        assert default[1].startswith(f"`{text}`" if text else "none")


@pytest.mark.parametrize(("given", "message"), ERRORS, ids=[given for given, _message in ERRORS])
def test_a_wrong_value_says_what_the_reference_says(given: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assignments = dict(word.split("=", 1) for word in shlex.split(given))
    assert message in messages(RIGHT | assignments, monkeypatch)


def test_the_reference_tells_of_an_error_wherever_there_can_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert messages(RIGHT, monkeypatch) == []
    untold = {name for name, text in SETTINGS.items() if not ERROR.search(text)}
    assert untold == {"DATABASE_PASSWORD"}  # any text is a password


# -- Commands ---------------------------------------------------------------------------------


def own_commands() -> dict[str, str]:
    """Return the app of each command that is ours."""
    return {name: app for name, app in get_commands().items() if (ROOT / app.partition(".")[0]).is_dir()}


def test_the_reference_has_every_command_and_no_other() -> None:
    assert len(own_commands()) > 3
    assert set(sections(page("docs/commands.md"))) == set(own_commands())


@pytest.mark.parametrize("name", own_commands())
def test_a_command_has_its_arguments_and_an_example(name: str) -> None:
    text = sections(page("docs/commands.md"))[name]
    shared = {action.dest for action in BaseCommand().create_parser("manage.py", "")._actions}
    command = load_command_class(own_commands()[name], name)
    own = [action for action in command.create_parser("manage.py", name)._actions if action.dest not in shared]

    assert f"manage.py {name}" in text
    for argument in own:
        assert f"`{argument.option_strings[-1] if argument.option_strings else argument.dest}" in text


def test_the_reference_has_every_make_target_and_no_other() -> None:
    targets = re.findall(r"^([a-z0-9-]+):.*?## ", page("Makefile"), re.MULTILINE)  # as `make help` finds them
    assert len(targets) > 10
    assert re.findall(r"^\| `make ([a-z0-9-]+)`", page("docs/commands.md"), re.MULTILINE) == sorted(targets)


# -- Decisions --------------------------------------------------------------------------------


def test_every_decision_is_in_the_index() -> None:
    rows = re.findall(r"^\| \[(\d+)\]\((\S+)\) \| (.+) \| (.+) \|$", page("docs/adr/README.md"), re.MULTILINE)
    written = []
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        number, title = re.findall(r"\A# (\d+)\. (.+)\n", text)[0]
        status = re.findall(r"^- Status: (.+)$", text, re.MULTILINE)
        written.append((number, path.name, title, *status))
        assert path.name.startswith(f"{int(number):04}-")
    assert len(written) > 15
    assert rows == written


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_a_date_and_its_three_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^- Date: \d{4}-\d\d-\d\d", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


# -- Files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["docs/architecture.md", "docs/glossary.md", "SECURITY.md", "docs/adr/*.md"])
def test_every_file_that_a_page_names_is_there(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob(name)]
    named = {path for text in texts for path in re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|txt|html|css))?)`", text)}
    assert texts
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
