"""The port of a server in a test: nobody else has it, on no address, and nobody is given it meanwhile."""

import socket

import pytest

from tests import servers


def test_a_port_in_use_at_another_address_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as client, socket.socket() as control:
        client.bind(("127.0.0.9", 0))
        port: int = client.getsockname()[1]
        control.bind(("127.0.0.1", port))  # who looks at this address alone would have taken it
        control.close()
        monkeypatch.setattr(servers, "PORTS", [port] * 100)
        with pytest.raises(OSError, match="none of a hundred ports"):
            servers.free_port()


def test_a_port_that_is_free_is() -> None:
    port = servers.free_port()
    with socket.socket() as server:
        server.bind(("", port))
    assert port in servers.PORTS
