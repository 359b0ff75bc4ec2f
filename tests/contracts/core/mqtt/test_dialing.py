"""Where lines go: addresses, TLS, budgets, and what is said where nothing answers."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.errors import BudgetSpentError, UnreachableError, UsageError
from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.dialing import Dialer
from vendorlab.contracts.core.mqtt.packets import Kind
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PONG = packets.packet(Kind.PINGRESP)


def access(url: str, budget: int | None = None, ca: str | None = None, **credentials: str) -> Access:
    return Access(Target("itron-mqtt", url, credentials, ca), budget=budget)


@contextmanager
def answering(context: ssl.SSLContext | None = None) -> Generator[int]:
    """A server that answers the first bytes of each of its connections with PINGRESP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                    with context.wrap_socket(sock, server_side=True) if context else sock as line:
                        line.recv(100)
                        line.sendall(PONG)
                except OSError:
                    if server.fileno() < 0:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def test_ports_are_those_of_the_schemes_unless_said() -> None:
    found = [Dialer(access(url)) for url in ("mqtts://broker.example.com", "mqtt://127.0.0.1", "mqtts://[::1]:1")]
    assert [(each.host, each.port, each.secure) for each in found] == [
        ("broker.example.com", 8883, True),
        ("127.0.0.1", 1883, False),
        ("::1", 1, True),
    ]


@pytest.mark.parametrize("url", ["http://127.0.0.1", "ssl://127.0.0.1:8883"])
def test_address_of_another_scheme_is_wrong_use(url: str) -> None:
    with pytest.raises(UsageError, match="begins with mqtts:// or mqtt://"):
        Dialer(access(url))


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "4000"])
def test_time_out_that_makes_no_sense_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError, match="a time-out is a number of seconds"):
        Dialer(access("mqtt://127.0.0.1", timeout=text))


def test_time_out_is_what_the_target_says() -> None:
    assert Dialer(access("mqtt://127.0.0.1", timeout="2.5")).timeout == 2.5


def test_line_in_the_clear_is_opened() -> None:
    with answering() as port:
        dialer = Dialer(access(f"mqtt://127.0.0.1:{port}"))
        dialer.open().ping()
        dialer.close()


@pytest.mark.parametrize("trusted", [True, False])
def test_line_with_tls_is_opened_if_its_authority_is_trusted(tmp_path: Path, trusted: bool) -> None:
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert("127.0.0.1")
    certificate.configure_cert(context)
    (authority if trusted else other).cert_pem.write_to_path(tmp_path / "ca.pem")
    with answering(context) as port:
        dialer = Dialer(access(f"mqtts://127.0.0.1:{port}", ca=str(tmp_path / "ca.pem")))
        if trusted:
            dialer.open().ping()
        else:
            with pytest.raises(AssertionError, match=r"the certificate is not trusted: .*; set the target's CA"):
                dialer.open()
        dialer.close()


def test_server_without_tls_is_the_targets_fault() -> None:
    with answering() as port:
        dialer = Dialer(access(f"mqtts://127.0.0.1:{port}"))
        with pytest.raises(AssertionError, match="no TLS could be agreed on"):
            dialer.open()


def test_target_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dialer = Dialer(access(f"mqtt://127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(UnreachableError, match=r"target unreachable: mqtt://127\.0\.0\.1:"):
            dialer.open()


def test_lines_count_against_the_budget_unless_they_are_owed() -> None:
    with answering() as port:
        spent = access(f"mqtt://127.0.0.1:{port}", budget=1)
        dialer = Dialer(spent)
        dialer.open()
        with pytest.raises(BudgetSpentError):
            dialer.open()
        with dialer.owed():
            dialer.open()
        dialer.close()
    assert spent.budget.spent == 2
