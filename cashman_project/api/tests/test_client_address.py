"""Whom a request counts for: NUM_PROXIES says what of X-Forwarded-For can be believed."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from ..client_address import client_address

PEER = "192.0.2.200"
CASES: list[tuple[int, str | None, str]] = [
    # No proxy: whatever the client says of itself
    (0, None, PEER),
    (0, "198.51.100.1", PEER),
    (0, "198.51.100.1, 198.51.100.2", PEER),
    # The last entry is the client of the only proxy. The one before it is the client of the first of two proxies
    (1, "198.51.100.1", "198.51.100.1"),
    (1, "203.0.113.9, 198.51.100.1", "198.51.100.1"),
    (1, "203.0.113.9,198.51.100.1", "198.51.100.1"),
    (1, "garbage, 198.51.100.1 ", "198.51.100.1"),
    (2, "203.0.113.9, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
    (10, ",".join(f"198.51.100.{number}" for number in range(12)), "198.51.100.2"),
    # Too few entries, or not an address: the peer's address is used
    (1, None, PEER),
    (1, "", PEER),
    (1, ",", PEER),
    (1, "198.51.100.1,", PEER),
    (2, "198.51.100.1", PEER),
    (1, "unknown", PEER),
    (1, "_hidden", PEER),
    (1, "198.51.100.256", PEER),
    (1, "198.51.100.01", PEER),
    (1, "1", PEER),
    (1, "198.51.100.1 198.51.100.2", PEER),
    (1, "\x00", PEER),
    (1, "\ud800", PEER),
    (1, "１９８.51.100.1", PEER),
    (1, 100_000 * "1", PEER),
    (1, "[", PEER),
    (1, ":", PEER),
    (1, "%", PEER),
    (1, "2001:db8::/64", PEER),
    # With a port
    (1, "198.51.100.1:4711", "198.51.100.1"),
    (1, "[2001:db8::1]:4711", "2001:db8::/64"),
    (1, "[2001:db8::1]", "2001:db8::/64"),
    # A network of IPv6 is one client; an IPv4 address in IPv6's clothes is the same as without
    (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    (1, "2001:DB8:1:2::9", "2001:db8:1:2::/64"),
    (1, "2001:db8:1:3::9", "2001:db8:1:3::/64"),
    (1, "fe80::1%eth0", "fe80::/64"),
    (1, "::1", "::/64"),
    (1, "::ffff:198.51.100.1", "198.51.100.1"),
]


@pytest.mark.parametrize(("proxies", "forwarded", "expected"), CASES, ids=[ascii(case)[:60] for case in CASES])
def test_the_address_is_the_one_that_a_proxy_vouches_for(
    proxies: int, forwarded: str | None, expected: str, settings: Settings
) -> None:
    settings.NUM_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=PEER)

    assert client_address(request) == expected


@pytest.mark.parametrize("peer", ["", "unix:", "/run/socket"])
def test_a_connection_without_an_address_is_unknown(peer: str) -> None:
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=peer)) == "unknown"


def test_the_longest_address_has_24_characters() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")

    assert client_address(request) == "ffff:ffff:ffff:ffff::/64"
