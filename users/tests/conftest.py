"""Alice with a password, for tests that need one, and an identity provider."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from cashman_project.environment import IdentityProvider
from users.models import User
from users.tests.issuer import AUDIENCE, LocalIssuer, local_issuer
from users.tests.tokens import PASSWORD

from ..oidc.tokens import caches


@pytest.fixture
def issuer(settings: Settings) -> Iterator[LocalIssuer]:
    """An issuer whose tokens are taken, and whose people become users at first sight."""
    with local_issuer() as issuer:
        settings.OIDC = IdentityProvider(issuer.url, AUDIENCE, "", provision=True)
        yield issuer
    caches.clear()  # the next issuer may get this port


@pytest.fixture
def known(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.save()
    return alice
