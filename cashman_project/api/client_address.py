"""The client address of a request."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
IPV6_PREFIX = 64  # bits: a client usually has all addresses of such a network


def client_address(request: HttpRequest) -> str:
    """Return the client's address: an IPv4 address, or the /64 network of an IPv6 one ("2001:db8::/64").

    Behind proxies it is the entry NUM_PROXIES of X-Forwarded-For, counted from the right: each proxy appends the
    address of its client, and a client can invent the entries further left. If there are no proxies, or no such entry,
    or it is not an address, this is the address of the connection's peer, or "unknown". It has at most 24 characters.
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
