"""An outside issuer for the tests of tokens."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from cashman_project.environment import Issuer
from users.oidc import keepers
from users.tests.issuer import AUDIENCE, LocalIssuer, local_issuer


@pytest.fixture
def issuer(settings: Settings) -> Iterator[LocalIssuer]:
    """An issuer whose tokens are taken, and whose people become users at first sight."""
    with local_issuer() as issuer:
        settings.OIDC = Issuer(issuer.url, AUDIENCE, "", provision=True)
        yield issuer
    keepers.clear()  # the next issuer may get this port
