"""One knock before a suite: what would fail every test is one line with a remedy."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.preflight import preflight
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from vendorlab.mocks.core.edges.certificates import TlsFiles

URL = "https://a.example.com"
CREDENTIALS = {"username": "ada@example.com", "password": "hunter2-hunter2", "client_id": "app"}


def knock(answer: httpx.Response | Exception, vendor: str = "scanalytics", **credentials: str) -> httpx.Request | None:
    """Knock at a target that answers so, and return what it was asked."""
    seen: list[httpx.Request] = []

    def sent(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    beside = {"itron-platform": Target("itron-platform", "https://platform.example.com")}
    preflight(Target(vendor, URL, credentials or CREDENTIALS), beside, httpx.MockTransport(sent))
    return seen[0] if seen else None


def test_suite_logs_in_once_as_it_does_anyway() -> None:
    asked = knock(httpx.Response(200, json={"access_token": "x"}))
    assert asked is not None
    assert (asked.method, str(asked.url)) == ("POST", f"{URL}/o/token/")
    assert b"username=ada%40example.com&password=hunter2-hunter2&client_id=app" in asked.content


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(401, json={"error": "invalid_grant"}),
         ["401 'invalid_grant'", "VENDORLAB_SCANALYTICS_PASSWORD"]),
        (httpx.Response(429, headers={"Retry-After": "37"}), ["429", "throttles", "in 37 seconds"]),
        (httpx.Response(503), ["503", "out of order", "later"]),
        (httpx.Response(301, headers={"Location": "https://b.example.com/"}), ["https://b.example.com/", "--target"]),
        (httpx.Response(200, html="<title>Sign in</title>"), ["HTML", "'Sign in'", "something stand before it"]),
        (httpx.Response(403, html="<h1>Forbidden"), ["403", "HTML"]),
        (httpx.Response(404, json={"detail": "Not found."}), ["404 'Not found.'", "the address of scanalytics"]),
        (httpx.ConnectError("[Errno 111] Connection refused"), ["target unreachable", "something listen there"]),
        (httpx.ConnectTimeout("late"), ["target unreachable", "30 seconds"]),
        (httpx.RemoteProtocolError("illegal status line"), ["does not speak HTTP"]),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1)"),
         ["does not verify: self-signed;", "VENDORLAB_SCANALYTICS_CA"]),
        (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), ["no TLS", "plain http"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_a_remedy(answer: httpx.Response | Exception, words: list[str]) -> None:
    with pytest.raises(UsageError) as found:
        knock(answer)
    line = str(found.value)
    assert [word for word in words if word not in line] == []
    assert ("\n" in line, "hunter2" in line) == (False, False)


def test_tokens_of_another_address_are_asked_for_there() -> None:
    asked = knock(httpx.Response(200), "itron-coap", devices="a", client_id="me", client_secret="s" * 8)
    assert asked is not None
    assert str(asked.url) == "https://platform.example.com/api/tokens"


def test_who_has_a_token_does_not_log_in() -> None:
    assert knock(httpx.Response(401), "itron-coap", devices="a", client_id="me", client_secret="s", token="t") is None


def test_who_lacks_a_credential_does_not_log_in() -> None:
    assert knock(httpx.Response(401), username="ada@example.com") is None


def test_broker_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UsageError, match=r"target unreachable: mqtts://127.0.0.1.*does something listen"):
        preflight(Target("itron-mqtt", f"mqtts://127.0.0.1:{port}"), {})


def test_brokers_certificate_that_nobody_vouches_for_is_told(tls_files: TlsFiles) -> None:
    import threading

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_files.certificate, tls_files.key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            plain, _ = server.accept()
            with plain, pytest.raises(OSError):  # noqa: PT011 - the client ends it, however TLS calls that
                context.wrap_socket(plain, server_side=True)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(UsageError, match=r"certificate is not trusted.*VENDORLAB_ITRON_MQTT_CA"):
            preflight(Target("itron-mqtt", f"mqtts://127.0.0.1:{server.getsockname()[1]}"), {})
        thread.join()
