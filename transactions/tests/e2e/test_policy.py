"""A browser loads only what the Content-Security-Policy allows: a refusal is an error in its console."""

import pytest
from playwright.sync_api import expect

from transactions.tests.e2e.conftest import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.live]


def test_the_docs_work_under_the_policy(visit: Visit) -> None:
    page = visit().page

    page.goto("/docs")
    page.get_by_role("button", name="GET /ping").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table .microlight").first).to_contain_text('"status": "ok"')


def test_the_admin_works_under_the_policy(visit: Visit) -> None:
    page = visit().page

    page.goto("/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("main").get_by_role("link", name="Transactions", exact=True).click()
    page.get_by_role("link", name="Add transaction").click()
    page.locator(".select2-selection").first.click()  # an input to find a row by typing, which a script makes
    page.locator(".select2-search__field").fill("dem")
    page.get_by_role("option", name="demo").click()

    expect(page.locator(".select2-selection").first).to_contain_text("demo")


def test_a_script_in_a_page_is_not_run(visit: Visit) -> None:
    visitor = visit()
    visitor.page.goto("/api-auth/login/")

    visitor.page.evaluate("""() => {
        const script = document.createElement("script")
        script.textContent = "document.title = 'taken over'"
        document.body.append(script)
    }""")

    expect(visitor.page).to_have_title("Sign in · Cashman")
    assert "Content Security Policy" in visitor.faults.pop()
