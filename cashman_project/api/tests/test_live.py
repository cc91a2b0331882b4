"""What only a real server on a real wire can show."""

from transactions.tests.live import LiveServer


def test_the_server_is_ready(live: LiveServer) -> None:
    assert live.request("GET", "/readyz").json() == {"status": "ok"}
