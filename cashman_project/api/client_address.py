"""The client address of a request."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
IPV6_PREFIX = 64  # bits: a client with one address of such a network has all of them


def client_address(request: HttpRequest) -> str:
    """Return the client's address: an IPv4 address, or the /64 network of an IPv6 one ("2001:db8::/64").

    Behind NUM_PROXIES proxies it is that entry of X-Forwarded-For, counted from the right: each proxy adds the address
    of its client, and the entries further left may be made up by the client. If there are no proxies, no such entry, or
    it is not an address, it is the address of the connection's peer, or "unknown". It has at most 24 characters.
    """
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    count = settings.NUM_PROXIES
    forwarded = entries[-count] if 0 < count <= len(entries) else ""
    return _network(forwarded) or _network(request.META.get("REMOTE_ADDR", "")) or UNKNOWN


def _network(text: str) -> str:
    """Return the normal form of an address, without the port that some proxies add; "" if it is not an address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((int(address), IPV6_PREFIX), strict=False))
    return str(address)
