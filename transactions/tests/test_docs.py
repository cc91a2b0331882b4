"""README.md and docs/ say what is so: their examples run against a real server, by bash and curl as they stand there.
What the READMEs in other languages (docs/readme/) tell readers to run is letter by letter what README.md does.

In a ```console block a line that starts with "$ " is a command (and goes on after a backslash at its end); the lines
after it are what it prints. White space counts within quotes alone. Within quotes `...` is any text, outside of them
any text without braces, and on a line of its own anything.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings

from cashman_project.languages import LANGUAGES
from transactions.tests.live import LiveServer, serve

ROOT: Path = settings.BASE_DIR
ADDRESS = "http://127.0.0.1:5000"  # the service's address on the pages
MOST_TOLD = 5  # examples: the first wrong one may make others wrong
END = "-- end of what the command prints --"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLE = re.compile(r"^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", re.MULTILINE)
TOKEN = re.compile(r'(?P<quoted>"(?:\\.|[^"\\])*")|(?P<line>\n *\.\.\.(?=\n))|(?P<dots>\.\.\.)|(?P<space>\s)|.')

# Each page, with the environment in which it tells readers to follow it.
PAGES = {
    "README.md": {},
    "docs/api.md": {"ALLOW_SIGNUP": "on", "CORS_ALLOWED_ORIGINS": "https://app.example"},
}

TRANSLATED = {code: f"docs/readme/README.{code}.md" for code in LANGUAGES if code != "en"}
CODE = re.compile(r"^```\w*\n.*?^```\n|(?:^    [^\n]*\n)+", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
VERBATIM = re.compile(r"`([^`]+)`|<(http[^>]+)>")  # what no language translates: code and addresses in the text


class Example(NamedTuple):
    line: int
    command: str
    output: str


def examples(page: str) -> Iterator[Example]:
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        for match in EXAMPLE.finditer(block[1]):
            line = text.count("\n", 0, block.start(1) + match.start()) + 1
            yield Example(line, match[1].rstrip("\n"), match[2])


def outputs(commands: list[str], server: LiveServer, directory: Path) -> list[str]:
    """Run the commands in one shell; return what each prints, as if the server were at the pages' address."""
    script = "".join(f"{command}\necho; echo '{END}'\n" for command in commands).replace(ADDRESS, server.url)
    environment = {"PATH": server.environment["PATH"], "HOME": str(directory)}
    done = subprocess.run(
        ["bash", "-c", script],  # noqa: S607  # the newcomer's own
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.replace(server.url, ADDRESS).split(f"\n{END}\n")[:-1]


def stands_for(output: str, printed: str) -> bool:
    """Return whether an example's output is what was printed, but for white space and what `...` stands for."""
    pattern = ""
    for token in TOKEN.finditer(output):
        if token["quoted"]:
            pattern += re.escape(token["quoted"]).replace(r"\.\.\.", '[^"]*')
        elif token["line"]:
            pattern += ".*"
        elif token["dots"]:
            pattern += "[^{}]*"
        elif not token["space"]:
            pattern += re.escape(token[0])
    squeezed = TOKEN.sub(lambda token: "" if token["space"] else token[0], printed)
    return re.fullmatch(pattern, squeezed, re.DOTALL) is not None


@pytest.mark.live
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_do_what_it_says(page: str, tmp_path: Path) -> None:
    assert shutil.which("curl"), "The examples need curl; on Debian: apt install curl"
    tour = list(examples(page))
    assert tour, "no example found"

    with serve(tmp_path, **PAGES[page]) as server:
        server.manage("demo")
        printed = outputs([example.command for example in tour], server, tmp_path)

    assert len(printed) == len(tour)
    wrong = [
        f"{page}:{example.line} prints something else:\n$ {example.command}\n{output}"
        for example, output in zip(tour, printed, strict=True)
        if not stands_for(example.output, output)
    ]
    assert not wrong, "\n".join(wrong[:MOST_TOLD])


@pytest.mark.parametrize(
    ("output", "printed", "same"),
    [
        ('{"a": 1,\n "b": "x y"}', '{"a":1,"b":"x y"}', True),
        ('{"b": "x y"}', '{"b":"xy"}', False),
        ('{"id": "..."}', '{"id":"01a2"}', True),
        ('{"id": "..."}', '{"id":"01a2","extra":1}', False),
        ('{"id": "...", ...}', '{"id":"01a2","extra":1}', True),
        ('[{"id": 1, ...}]', '[{"id":1,"b":2},{"id":2}]', False),
        ('[{"id": 1},\n ...\n]', '[{"id":1},{"id":2}]', True),
        ("", "Traceback", False),
    ],
)
def test_how_an_output_is_compared(output: str, printed: str, same: bool) -> None:
    assert stands_for(output, printed) is same


def test_the_pages_list_every_setting_and_no_other() -> None:
    source = (ROOT / "cashman_project/settings.py").read_text(encoding="utf-8")
    secrets = set(re.findall(r'read_(?:secret|text)\(\s*"(\w+)"', source))
    read = set(re.findall(r'read\(\s*"(\w+)"', source)) | secrets

    table = re.findall(r"^\| `(\w+)`", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    sample = re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)

    assert set(table) == read
    assert set(sample) == read | {f"{name}_FILE" for name in secrets}


def test_links_between_the_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    links = [(page, link) for page in pages for link in LINK.findall(page.read_text("utf-8"))]

    assert links
    assert [link for page, link in links if not (page.parent / link).exists()] == []


def code(page: str) -> list[str]:
    return CODE.findall((ROOT / page).read_text(encoding="utf-8"))


def verbatim(page: str) -> set[str]:
    text = CODE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return {span or address for span, address in VERBATIM.findall(text)}


def test_each_language_has_a_readme_which_the_english_one_links_to() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/readme/*")}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\[([^\]]+)\]\((docs/readme/[^)]+)\)", readme)

    assert files == set(TRANSLATED.values())
    assert links == [(LANGUAGES[language], page) for language, page in TRANSLATED.items()]


@pytest.mark.parametrize("page", TRANSLATED.values())
def test_a_readme_in_another_language_has_the_code_of_the_english_one(page: str) -> None:
    """A block may leave out the first or last lines of README.md's, which are run above, but changes no letter."""
    run = code("README.md")
    known = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/settings.md"))

    assert [block for block in code(page) if not any(f"\n{block}" in f"\n{whole}" for whole in run)] == []
    assert {text for text in verbatim(page) if text not in known} == set()


@pytest.mark.parametrize("page", TRANSLATED.values())
def test_the_readmes_in_other_languages_have_the_same_code_and_links(page: str) -> None:
    german = TRANSLATED["de"]
    links, expected = (sorted(LINK.findall((ROOT / name).read_text(encoding="utf-8"))) for name in (page, german))

    assert code(page) == code(german)
    assert code(page)
    assert verbatim(page) == verbatim(german)
    assert links == expected
    assert {"../../README.md", "../api.md", "../deploy.md"} <= set(links)
