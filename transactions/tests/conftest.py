"""How the properties of the ledger are looked for."""

from hypothesis import HealthCheck, settings

# The same examples at every run: a failure is met by whoever causes it. The fixtures, which are made once for all
# examples of a test, are people; each example makes its own rows.
settings.register_profile(
    "cashman",
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("cashman")
