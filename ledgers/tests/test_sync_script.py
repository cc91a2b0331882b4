"""The script of docs/api.md keeps a copy of the ledger."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults.common import PERSON, Client
from transactions.tests.live import LiveServer

API = (Path(settings.BASE_DIR) / "docs/api.md").read_text(encoding="utf-8")


@pytest.mark.live
def test_the_script_misses_nothing(live: LiveServer, tmp_path: Path) -> None:
    assert shutil.which("jq"), "The script needs jq; on Debian: apt install jq"
    [script] = re.findall(r"^```bash\n(.*?)^```$", API, re.DOTALL | re.MULTILINE)
    (tmp_path / "sync.sh").write_text(script)
    person = {**PERSON, "username": "follower"}
    assert live.request("POST", "/auth/register", person).status == 201
    client = Client(live, json.loads(live.request("POST", "/auth/token", person).body)["access"])
    environment = {
        "PATH": live.environment["PATH"],
        "API": live.url,
        "AUTH": f"Authorization: Bearer {client.token}",
    }

    def synchronized() -> dict[str, object]:
        subprocess.run(["bash", "sync.sh"], cwd=tmp_path, env=environment, check=True)  # noqa: S607
        copy: dict[str, dict[str, object]] = json.loads((tmp_path / "copy.json").read_text())
        return copy["rows"]

    def stored() -> dict[str, object]:
        return {
            f"{resource}/{row['id']}": row
            for resource in ("transactions", "categories")
            for row in client.rows(f"/{resource}")
        }

    assert synchronized() == {}
    category = json.loads(client.send("POST", "/categories", {"name": 'Büro "é"'}).body)
    body = {"type": "EXPENSE", "description": "x\\y", "amount": 1, "category": category["name"], "notes": "a\n\tb"}
    rows = json.loads(client.send("POST", "/transactions", 1_500 * [body]).body)
    assert synchronized() == stored()
    assert len(stored()) == 1_501
    client.send("PATCH", f"/categories/{category['id']}", {"name": "Office"})
    client.send("POST", "/transactions/delete", {"ids": [row["id"] for row in rows[:700]]})
    assert synchronized() == stored()
    (tmp_path / "copy.json").write_text('{"cursor": "nonsense", "rows": {}}')
    with pytest.raises(subprocess.CalledProcessError):
        synchronized()
    client.connection.close()
