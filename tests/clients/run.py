"""Clients that others' generators make from /schema: each is generated, compiled, and makes live calls.

`python -m tests.clients.run` runs a server with an SQLite file of its own, and each client against it; ONLY=go,java
picks some. README.md beside this file says what each needs. The last line has the figures; the exit status is 1 where
anything failed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from transactions.tests.live import LiveServer, running

HERE = Path(__file__).parent
DRIVERS = HERE / "drivers"
BUILD = HERE / ".build"  # what is generated, to be looked at; made anew each time
TOOLS = HERE / "node_modules" / ".bin"
PYTHON = HERE / ".venv" / "bin" / "python"
PATIENCE = 600  # seconds that a step may take
OUTPUT = 4_000  # characters of what failed
JARS = ("geronimo-annotation-1.3-spec", "httpmime", "httpclient", "httpcore")  # of Debian, for Java; bodies of forms

Environment = Mapping[str, str]


class Failed(Exception):
    """A step did not work: its output."""


def step(command: list[str], cwd: Path, environment: Environment | None = None) -> str:
    """Run the command; return what it prints. Raises Failed if it fails, or takes longer than PATIENCE."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} took more than {PATIENCE} seconds.") from None
    if done.returncode:
        raise Failed(f"{' '.join(command)[:200]}\n{done.stdout[:OUTPUT]}")
    return done.stdout


def jar() -> str:
    """Return the path of openapi-generator, which a package of PyPI brings."""
    [path] = (HERE / ".venv").glob("lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar")
    return str(path)


def openapi_generator(name: str, schema: Path, into: Path, *options: str) -> None:
    """Generate a client by the generator of that name."""
    step(["java", "-jar", jar(), "generate", "-g", name, "-i", str(schema), "-o", str(into), *options], BUILD)


def python(schema: Path, at: Path, live: Environment) -> str:
    openapi_generator("python", schema, at, "--additional-properties=packageName=cashman_og")
    return step(
        [str(PYTHON), "-W", "error", str(DRIVERS / "python" / "openapi_generator.py")],
        at,
        {**live, "PYTHONPATH": str(at)},
    )


def python_client(schema: Path, at: Path, live: Environment) -> str:
    options = ["--path", str(schema), "--output-path", "cashman_client", "--meta", "none", "--fail-on-warning"]
    options += ["--config", str(Path(__file__).with_name("openapi_python_client.yaml"))]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it calls ruff by name
    step([sys.executable, "-m", "openapi_python_client", "generate", *options], at, {"PATH": path})
    driver = str(DRIVERS / "python" / "openapi_python_client.py")
    return step([sys.executable, driver], at, {**live, "PYTHONPATH": str(at)})


def go(schema: Path, at: Path, live: Environment) -> str:
    package = at / "src" / "cashman"
    openapi_generator("go", schema, package, "--additional-properties=packageName=cashman")
    shutil.rmtree(package / "test")  # of the generator's own, which need packages that Debian lacks
    environment = {"GO111MODULE": "off", "GOPATH": f"{at}:/usr/share/gocode", "GOCACHE": str(at / "cache")}
    step(["go", "vet", "cashman"], at, environment)
    step(["go", "build", "-o", "journey", str(DRIVERS / "go" / "main.go")], at, environment)
    return step([str(at / "journey")], at, live)


def java(schema: Path, at: Path, live: Environment) -> str:
    properties = "openApiNullable=false,invokerPackage=cashman,apiPackage=cashman.api,modelPackage=cashman.model"
    openapi_generator("java", schema, at, "--library=native", f"--additional-properties={properties}")
    sources = [str(path) for path in (at / "src" / "main").rglob("*.java")]
    debian = [f"/usr/share/java/{name}.jar" for name in JARS]
    classpath = ":".join([jar(), *debian])  # Jackson is in the generator's jar
    arguments = at / "sources"
    arguments.write_text("\n".join([*sources, str(DRIVERS / "java" / "Journey.java")]), encoding="utf-8")
    step(["javac", "-proc:none", "-nowarn", "-d", "classes", "-cp", classpath, f"@{arguments}"], at)
    return step(["java", "-cp", f"classes:{classpath}", "Journey"], at, live)


def _typescript(driver: str, at: Path, live: Environment) -> str:
    """Compile the driver and the client beside it, as strictly as TypeScript can, and run it."""
    for name in (driver, "journey.ts", "axios_answer.ts"):
        shutil.copy(DRIVERS / "typescript" / name, at)
    options = ["--strict", "--target", "es2022", "--module", "node16", "--skipLibCheck", "--types", "node"]
    step([str(TOOLS / "tsc"), *options, "--outDir", "out", driver], at)
    return step(["node", f"out/{driver.removesuffix('.ts')}.js"], at, live)


def typescript_axios(schema: Path, at: Path, live: Environment) -> str:
    options = "--additional-properties=useSingleRequestParameter=true"
    openapi_generator("typescript-axios", schema, at / "generated", options)
    return _typescript("openapi_generator_axios.ts", at, live)


def openapi_typescript(schema: Path, at: Path, live: Environment) -> str:
    step([str(TOOLS / "openapi-typescript"), str(schema), "-o", "generated/schema.d.ts"], at)
    return _typescript("openapi_typescript.ts", at, live)


def hey_api(schema: Path, at: Path, live: Environment) -> str:
    step([str(TOOLS / "openapi-ts"), "-i", str(schema), "-o", "generated"], at)
    return _typescript("hey_api.ts", at, live)


def orval(schema: Path, at: Path, live: Environment) -> str:
    options = f"{{ client: 'fetch', target: 'generated/api.ts', baseUrl: '{live['CASHMAN_URL']}' }}"
    configuration = f"module.exports = {{ cashman: {{ input: '{schema}', output: {options} }} }};\n"
    (at / "orval.config.cjs").write_text(configuration, encoding="utf-8")
    step([str(TOOLS / "orval"), "--config", "orval.config.cjs"], at)
    return _typescript("orval.ts", at, live)


def redocly(schema: Path, at: Path, live: Environment) -> str:
    step([str(TOOLS / "redocly"), "lint", str(schema)], at, {"REDOCLY_TELEMETRY": "off"})
    return "no error"


def spectral(schema: Path, at: Path, live: Environment) -> str:
    (at / "rules.yaml").write_text('extends: ["spectral:oas"]\n', encoding="utf-8")
    step([str(TOOLS / "spectral"), "lint", "--ruleset", "rules.yaml", str(schema)], at)
    return "no error"


class Target(NamedTuple):
    """What is tried, and the programs that it needs."""

    run: Callable[[Path, Path, Environment], str]
    programs: tuple[str, ...]


TARGETS = {
    "openapi-python-client": Target(python_client, ()),
    "python": Target(python, ("java",)),
    "go": Target(go, ("java", "go")),
    "java": Target(java, ("java", "javac")),
    "typescript-axios": Target(typescript_axios, ("java", "node")),
    "openapi-typescript": Target(openapi_typescript, ("node",)),
    "hey-api": Target(hey_api, ("node",)),
    "orval": Target(orval, ("node",)),
    "redocly": Target(redocly, ("node",)),
    "spectral": Target(spectral, ("node",)),
}


def attempt(name: str, server: LiveServer, schema: Path) -> bool:
    """Try the target as a new user without an e-mail address; print how it went, and return whether it did."""
    began = time.monotonic()
    at = BUILD / name
    at.mkdir()
    credentials = {"username": f"{name}-{uuid4().hex}", "password": "correct horse battery"}
    answer = server.request("POST", "/auth/register", credentials)
    assert answer.status == 201, answer.body
    live = {
        "CASHMAN_URL": server.url,
        "CASHMAN_USERNAME": credentials["username"],
        "CASHMAN_PASSWORD": credentials["password"],
    }
    try:
        missing = [program for program in TARGETS[name].programs if shutil.which(program) is None]
        if missing:
            raise Failed(f"There is no {' and no '.join(missing)} here: see README.md beside {Path(__file__).name}.")
        done = TARGETS[name].run(schema, at, live).strip().splitlines()[-1]
    except Failed as failure:
        print(f"{name}: FAILED\n{failure}", flush=True)
        return False
    print(f"{name}: {done}, {time.monotonic() - began:.0f} s", flush=True)
    return True


def main() -> int:
    names = os.environ.get("ONLY", ",".join(TARGETS)).split(",")
    if unknown := set(names) - TARGETS.keys():
        print(f"ONLY: there is no {', '.join(unknown)}; there are {', '.join(TARGETS)}")
        return 1
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir()
    with tempfile.TemporaryDirectory() as directory:
        server = LiveServer({"DATABASE_URL": f"sqlite:///{Path(directory) / 'clients.sqlite3'}", "ALLOW_SIGNUP": "on"})
        server.manage("migrate", "--verbosity=0")
        with running(server):
            schema = BUILD / "schema.json"
            schema.write_bytes(server.request("GET", "/schema").body)
            good = [attempt(name, server, schema) for name in names]
    print(f"clients: {sum(good)} of {len(good)} good")
    return 0 if all(good) else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
