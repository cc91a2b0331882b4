"""What tests of plans share."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from statements.formats.results import Options
from statements.tests.compared import answers

CSV = b"""Date,Description,Amount,Balance
2026-11-01,Rent,-500.00,500.00
2026-11-02,Coffee,-3.50,496.50
2026-11-02,Coffee,-3.50,493.00
2026-11-30,Salary,2000.00,2493.00
"""
HEADER = b"Date,Description,Amount\n"


def upload(client: APIClient, content: bytes, **options: Any) -> Any:
    """Send a file as a form does, and return the response."""
    file = SimpleUploadedFile("november.csv", content)
    response = client.post("/imports", {"file": file, **options}, format="multipart")
    assert response.status_code in (201, 400), response.content
    return response


def commit(client: APIClient, plan: Any) -> dict[str, Any]:
    """Commit a plan, or the one of a response, and return it."""
    plan = plan if isinstance(plan, dict) else plan.json()
    response = client.post(f"/imports/{plan['id']}/commit", {})
    assert response.status_code == 200, response.content
    committed: dict[str, Any] = response.json()
    return committed


def undo(client: APIClient, plan: dict[str, Any], *, force: bool = False) -> dict[str, Any]:
    """Undo a commit, and return what it says."""
    response = client.delete(f"/imports/{plan['id']}{'?force=true' if force else ''}")
    assert response.status_code == 200, response.content
    undone: dict[str, Any] = response.json()
    return undone


def rows_of(client: APIClient, plan: str, query: str = "") -> list[dict[str, Any]]:
    """Return the rows of a plan."""
    rows: list[dict[str, Any]] = client.get(f"/imports/{plan}/rows?page_size=500{query}").json()["results"]
    return rows


def verdicts(client: APIClient, plan: str) -> list[str]:
    return [row["verdict"] for row in rows_of(client, plan)]


def answered(client: APIClient, plan: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Answer the questions of a plan, as the sample says or else by the first choice."""
    for _time in range(5):
        if not plan["questions"]:
            break
        said: dict[str, Any] = {}
        for question in plan["questions"]:
            option = question["option"]
            value = question["choices"][0]["value"] if question["choices"] else "Giro"
            name = {"date_format": "date_order"}.get(option, option)
            is_read = name in Options.__dataclass_fields__
            told = getattr(answers({name}, options), name) if is_read else options.get(name)
            said[option] = {question["example"]: value} if option == "accounts" else told or value
        response = client.patch(f"/imports/{plan['id']}", said)
        assert response.status_code == 200, response.content
        plan = response.json()
    return plan
