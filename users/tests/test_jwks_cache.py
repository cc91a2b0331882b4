"""How long a provider's keys are kept, which requests wait for them, and how often they are fetched; the tests set the
clock."""

from collections.abc import Iterator
from threading import Thread
from threading import enumerate as enumerate_threads

import pytest

from users.tests.issuer import (
    KEYS,
    LocalIssuer,
    hang,
    hang_first,
    hang_up,
    jwk_of,
    key_set,
    local_issuer,
    rsa_key,
    says,
)

from ..oidc.jwks_cache import (
    ERROR_PAUSE,
    FRESH,
    LONGEST_USE,
    SEARCH_PAUSE,
    TIMEOUT,
    JWKSCache,
    KeysUnavailable,
    UnknownKey,
)

PATIENCE = 60.0
CLIENTS = 8


class Clock:
    """Stands still until it is moved."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with local_issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: LocalIssuer, clock: Clock) -> JWKSCache:
    return jwks_cache_of(issuer, clock)


def jwks_cache_of(issuer: LocalIssuer, clock: Clock, timeout: float = PATIENCE) -> JWKSCache:
    return JWKSCache(issuer.url, f"{issuer.url[:-1]}{KEYS}", timeout=timeout, clock=clock)


def outcome(keys: JWKSCache, kid: str | None = "first") -> str:
    """Return what becomes of asking for the key: its name, "unknown", or how long to wait."""
    try:
        numbers = keys.find(kid).public_numbers()
    except UnknownKey:
        return "unknown"
    except KeysUnavailable as error:
        return f"wait {error.wait}"
    [name] = [name for name in ("first", "second") if rsa_key(name).public_key().public_numbers() == numbers]
    return name


def fetchers(keys: JWKSCache) -> list[Thread]:
    """Return the thread of the fetch that is under way, if one is."""
    return [thread for thread in enumerate_threads() if thread.name == f"keys of {keys.issuer}"]


def settled(keys: JWKSCache) -> None:
    """Wait until no fetch is under way."""
    for thread in fetchers(keys):
        thread.join()


def outcomes(keys: JWKSCache, kid: str = "first", clients: int = CLIENTS) -> list[str]:
    """Return what becomes of asking from many threads at once."""
    found: list[str] = []
    threads = [Thread(target=lambda: found.append(outcome(keys, kid))) for _client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_keys_are_fetched_once_and_kept(keys: JWKSCache, issuer: LocalIssuer, clock: Clock) -> None:
    for _request in range(3):
        assert outcome(keys) == "first"
        clock.move(FRESH / 3 - 1)

    assert issuer.asked == [KEYS]


def test_a_set_that_is_not_fresh_is_fetched_anew_beside_the_requests(
    keys: JWKSCache, issuer: LocalIssuer, clock: Clock
) -> None:
    assert outcome(keys) == "first"
    issuer.keys = [jwk_of("second")]
    issuer.answers[KEYS] = hang_first

    clock.move(FRESH)

    assert outcomes(keys) == CLIENTS * ["first"]
    issuer.ended.set()  # had anyone waited for it, it would have been too late by now
    settled(keys)
    assert outcome(keys, "second") == "second"
    assert issuer.asked == [KEYS, KEYS]


def test_a_key_that_is_taken_back_goes_with_the_next_set(keys: JWKSCache, issuer: LocalIssuer, clock: Clock) -> None:
    assert outcome(keys) == "first"
    issuer.keys = [jwk_of("second")]
    clock.move(FRESH)
    assert outcome(keys) == "first"
    settled(keys)

    assert outcome(keys) == "unknown"
    assert outcome(keys, "second") == "second"


@pytest.mark.parametrize("bad", ["refusing", "HTML", "an empty set", "a list"])
def test_the_last_good_set_is_kept_for_an_hour(bad: str, keys: JWKSCache, issuer: LocalIssuer, clock: Clock) -> None:
    answers = {"refusing": hang_up, "HTML": says(b"<html>"), "an empty set": says({"keys": []}), "a list": says([])}
    assert outcome(keys) == "first"
    issuer.answers[KEYS] = answers[bad]

    clock.move(LONGEST_USE - 1)
    assert outcome(keys) == "first"
    settled(keys)
    clock.move(1)
    assert outcome(keys) == f"wait {ERROR_PAUSE}"

    issuer.answers[KEYS] = key_set
    clock.move(ERROR_PAUSE)
    assert outcome(keys) == "first"


def test_a_failure_is_remembered_for_five_seconds(keys: JWKSCache, issuer: LocalIssuer, clock: Clock) -> None:
    issuer.answers[KEYS] = hang_up
    assert outcomes(keys, clients=1) == [f"wait {ERROR_PAUSE}"]
    issuer.answers[KEYS] = key_set

    for _request in range(3):
        assert outcome(keys) == f"wait {ERROR_PAUSE}"
        clock.move(ERROR_PAUSE / 3 - 0.1)
    assert issuer.asked == [KEYS]

    clock.move(1)
    assert outcome(keys) == "first"
    assert issuer.asked == [KEYS, KEYS]


def test_a_failure_to_fetch_anew_is_remembered_too(keys: JWKSCache, issuer: LocalIssuer, clock: Clock) -> None:
    assert outcome(keys) == "first"
    issuer.answers[KEYS] = hang_up
    clock.move(FRESH)

    for _request in range(5):
        assert outcome(keys) == "first"
        settled(keys)
    assert len(issuer.asked) == 2

    clock.move(ERROR_PAUSE)
    assert outcome(keys) == "first"
    settled(keys)
    assert len(issuer.asked) == 3


def test_one_fetches_and_the_others_are_told_to_wait(keys: JWKSCache, issuer: LocalIssuer) -> None:
    issuer.answers[KEYS] = hang_first
    found: list[str] = []
    first = Thread(target=lambda: found.append(outcome(keys)))
    first.start()
    issuer.arrived.acquire()

    assert outcomes(keys) == CLIENTS * [f"wait {TIMEOUT}"]
    assert found == []
    assert len(fetchers(keys)) == 1  # still

    issuer.ended.set()
    first.join()
    assert found == ["first"]
    assert issuer.asked == [KEYS]


def test_nobody_waits_longer_than_the_time_of_a_fetch(issuer: LocalIssuer, clock: Clock) -> None:
    issuer.answers[KEYS] = hang
    keys = jwks_cache_of(issuer, clock, timeout=0.2)

    waited = outcome(keys)
    settled(keys)

    assert waited in (f"wait {TIMEOUT}", f"wait {ERROR_PAUSE}")
    assert outcome(keys) == f"wait {ERROR_PAUSE}"
    assert issuer.asked == [KEYS]


def test_a_new_key_is_looked_for_at_once(keys: JWKSCache, issuer: LocalIssuer) -> None:
    assert outcome(keys) == "first"
    issuer.keys.append(jwk_of("second"))

    assert outcome(keys, "second") == "second"
    assert issuer.asked == [KEYS, KEYS]


def test_unknown_keys_are_looked_for_once_in_thirty_seconds(keys: JWKSCache, issuer: LocalIssuer, clock: Clock) -> None:
    assert outcome(keys) == "first"

    for number in range(20):
        assert outcome(keys, f"unknown {number}") == "unknown"
    assert outcome(keys, None) == "first"
    clock.move(SEARCH_PAUSE - 1)
    assert outcome(keys, "second") == "unknown"
    assert len(issuer.asked) == 2

    issuer.keys.append(jwk_of("second"))
    clock.move(1)
    assert outcome(keys, "second") == "second"
    assert len(issuer.asked) == 3


def test_unknown_keys_that_come_at_once_are_looked_for_once(keys: JWKSCache, issuer: LocalIssuer) -> None:
    assert outcome(keys) == "first"

    assert set(outcomes(keys, "second")) <= {"unknown", f"wait {TIMEOUT}"}
    assert issuer.asked == [KEYS, KEYS]


def test_a_key_that_can_not_be_looked_for_is_not_called_unknown(
    keys: JWKSCache, issuer: LocalIssuer, clock: Clock
) -> None:
    assert outcome(keys) == "first"
    issuer.answers[KEYS] = hang_up

    for _request in range(2):
        assert outcome(keys, "second") == f"wait {ERROR_PAUSE}"
        clock.move(ERROR_PAUSE)
    assert len(issuer.asked) == 2
    assert outcome(keys) == "first"


def test_a_crowd_makes_one_fetch(keys: JWKSCache, issuer: LocalIssuer) -> None:
    for _round in range(20):
        assert set(outcomes(keys)) <= {"first", f"wait {TIMEOUT}"}
    assert issuer.asked == [KEYS]
