"""The profile of hypothesis is that of the transactions."""

import transactions.tests.conftest  # noqa: F401  # loads it
