"""Alice with a password, for what is asked for one."""

import pytest

from users.models import User
from users.tests.tokens import PASSWORD


@pytest.fixture
def known(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.save()
    return alice
