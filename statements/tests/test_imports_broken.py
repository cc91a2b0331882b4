"""Files that are broken on purpose: each is planned or refused, and what is planned is committed and undone."""

from random import Random

import pytest
from rest_framework.test import APIClient

from statements.tests.broken import changed, soup
from statements.tests.compared import OWN, samples
from statements.tests.plans import rows_of
from transactions.models import Transaction
from transactions.tests.shares import cases
from users.models import User

CASES = cases(150)


@pytest.mark.parametrize("seed", range(2))
def test_broken_files_do_no_harm(seed: int, as_alice: APIClient, alice: User) -> None:
    random = Random(seed)
    contents = [path.read_bytes() for path in samples(OWN)]
    query = "account=Giro&create_account=true&create_categories=true&currency=EUR"
    planned = committed = 0
    for _case in range(CASES):
        content = changed(random.choice(contents), random) if random.random() < 0.8 else soup(random)
        response = as_alice.post(f"/imports?{query}", content, content_type="application/octet-stream")
        assert response.status_code in (201, 400), (content, response.content)
        if response.status_code == 400:
            continue
        planned += 1
        path = f"/imports/{response.json()['id']}"
        assert len(rows_of(as_alice, response.json()["id"])) <= 500
        done = as_alice.post(f"{path}/commit", {})
        assert done.status_code in (200, 409), (content, done.content)
        if done.status_code == 200:
            committed += 1
            assert as_alice.delete(path).status_code == 200, content
            assert not Transaction.objects.filter(owner=alice).exists()
        assert as_alice.delete(path).status_code == 204
    assert planned > CASES / 10
    assert committed > CASES / 20
