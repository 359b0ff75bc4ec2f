"""Certificates: what is in them, where they lie, and that one which cannot be used is refused and left alone."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from vendorlab.mocks.core.edges import certificates
from vendorlab.mocks.core.edges.certificates import CertificateError, TlsFiles, identities, kept, temporary

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    """A certificate that is kept."""
    return kept(tmp_path / "tls", (), NOW)


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Everything in a folder, and when it changed; taking the lock may change that of its file."""
    files = [path for path in folder.iterdir() if path.is_file()]
    return {path.name: (path.read_bytes(), path.name != ".lock" and path.stat().st_mtime_ns) for path in files}


def refused(folder: Path, *names: str, now: datetime = NOW) -> str:
    """What is said of a folder that is not taken; it is as it was."""
    before = content(folder)
    with pytest.raises(CertificateError) as refusal:
        kept(folder, names, now)
    assert content(folder) == before
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


# --- what is made ----------------------------------------------------------------------------------------------------


def test_it_is_for_loopback_and_the_hosts_given_for_a_year(tmp_path: Path) -> None:
    files = kept(tmp_path / "tls", ["0.0.0.0", "Vendors.Example.COM.", "*.vendors.example", "127.0.0.1"], NOW)
    leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "vendors.example.com", "*.vendors.example"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "0.0.0.0"]
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (NOW - timedelta(days=1), NOW + timedelta(days=365))


def test_the_authority_may_sign_nothing_but_servers_and_its_key_is_nowhere(files: TlsFiles) -> None:
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert {path.name for path in files.folder.iterdir()} - {".lock"} == {"ca.pem", "server.pem", "server-key.pem"}
    held = [path for path in files.folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert held == [files.key]
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    assert key.public_key() != ca.public_key()


def test_openssl_finds_no_fault_with_it(files: TlsFiles, tool: Callable[[str], str]) -> None:
    command = [tool("openssl"), "verify", "-x509_strict", "-attime", f"{NOW.timestamp():.0f}", "-purpose", "sslserver"]
    command += ["-verify_ip", "::1", "-CAfile", str(files.ca), str(files.certificate)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_folder_and_the_key_are_for_their_owner_alone(files: TlsFiles) -> None:
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (files.folder, files.key, files.ca)]
    assert modes == [0o700, 0o600, 0o644]
    with temporary((), NOW) as made:
        assert [stat.S_IMODE(path.stat().st_mode) for path in (made.folder, made.key)] == [0o700, 0o600]


def test_every_authority_is_another_one(tmp_path: Path) -> None:
    made = [kept(tmp_path / name, (), NOW) for name in ("one", "other")]
    subjects = {x509.load_pem_x509_certificate(files.ca.read_bytes()).subject for files in made}
    assert len(subjects) == 2


def test_a_temporary_one_goes_away_whatever_happens() -> None:
    with temporary((), NOW) as files:
        assert files.ca.exists()
    assert not files.folder.exists()
    with pytest.raises(ZeroDivisionError), temporary((), NOW) as files:
        _ = 1 / 0
    assert not files.folder.exists()


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_kept_one_is_taken_up_again_untouched(files: TlsFiles) -> None:
    before = content(files.folder)
    assert kept(files.folder, ["LOCALHOST", "::1"], NOW + timedelta(days=364)) == files
    assert content(files.folder) == before


def test_an_empty_folder_that_is_there_is_used(tmp_path: Path) -> None:
    assert kept(tmp_path, (), NOW).folder == tmp_path


def test_a_relative_folder_becomes_a_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert kept(Path("tls"), (), NOW).ca == tmp_path / "tls" / "ca.pem"


def test_a_folder_that_can_be_read_only_will_do(files: TlsFiles) -> None:
    (files.folder / ".lock").unlink(missing_ok=True)
    files.folder.chmod(0o500)
    try:
        assert kept(files.folder, (), NOW) == files
        assert not (files.folder / ".lock").exists()
    finally:
        files.folder.chmod(0o700)


def test_those_who_start_at_once_get_the_same_one(tmp_path: Path) -> None:
    seen: list[bytes] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        seen.append(kept(tmp_path / "tls", (), NOW).ca.read_bytes())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(seen), len(set(seen))) == (8, 1)


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server-key.pem"])
@pytest.mark.parametrize("locked", [True, False])
def test_one_that_is_not_whole_is_refused(files: TlsFiles, name: str, locked: bool) -> None:
    (files.folder / name).unlink()
    if not locked:
        (files.folder / ".lock").unlink(missing_ok=True)
    told = refused(files.folder)
    assert f"{name} is missing; remove the folder" in told


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server-key.pem"])
@pytest.mark.parametrize("damage", [b"", b"nothing", b"half", b"-----BEGIN CERTIFICATE-----\n"], ids=str)
def test_a_damaged_one_is_refused(files: TlsFiles, name: str, damage: bytes) -> None:
    path = files.folder / name
    path.write_bytes(path.read_bytes()[:150] if damage == b"half" else damage)
    assert "it is damaged" in refused(files.folder)


@settings(max_examples=100)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), which=st.sampled_from(["ca", "certificate", "key"]))
def test_a_bit_that_fell_over_is_noticed_or_harms_nobody(
    tls_files: TlsFiles, tmp_path_factory: pytest.TempPathFactory, at: int, bit: int, which: str
) -> None:
    folder = tmp_path_factory.mktemp("fallen")
    for path in (tls_files.ca, tls_files.certificate, tls_files.key):
        shutil.copy(path, folder)
    path = getattr(TlsFiles(folder), which)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << bit
    path.write_bytes(data)
    try:
        kept(folder, (), datetime.now(UTC))
    except CertificateError:
        return
    ssl.create_default_context(cafile=TlsFiles(folder).ca)


@pytest.mark.parametrize("swapped", ["ca", "certificate", "key"])
def test_parts_of_two_are_refused(files: TlsFiles, tmp_path: Path, swapped: str) -> None:
    other = kept(tmp_path / "other", (), NOW)
    shutil.copy(getattr(other, swapped), getattr(files, swapped))
    assert "its parts do not belong together" in refused(files.folder)


@pytest.mark.parametrize("days", [-2, 365, 4_000])
def test_one_that_is_not_valid_now_is_refused_with_its_days(files: TlsFiles, days: int) -> None:
    told = refused(files.folder, now=NOW + timedelta(days=days))
    assert "it is valid from 2026-11-20 to 2027-11-21; remove the folder for a new one, and trust that" in told


def test_one_for_other_hosts_is_refused_with_those_that_it_lacks(files: TlsFiles) -> None:
    assert "it is not for vendors.example, 10.0.0.7;" in refused(files.folder, "vendors.example", "10.0.0.7")


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear Ada")
    assert "name an empty folder" in refused(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("a file")
    with pytest.raises(CertificateError, match="cannot be used for a certificate"):
        kept(tmp_path / "tls", (), NOW)
    with pytest.raises(CertificateError, match="cannot be used for a certificate"):
        kept(tmp_path / "tls" / "below", (), NOW)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "https://a",
        "a:80",
        "a_b",
        "*",
        "*.*.a",
        "-a",
        "a-",
        "ab--c",
        "a..b",
        "é.example",
        "a/8",
        "10.0.0.0/8",
        "a@b",
    ],
)
def test_what_is_no_host_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="host names and addresses"):
        kept(tmp_path / "tls", [name], NOW)
    assert not (tmp_path / "tls").exists()


def test_names_are_kept_once_and_zones_go() -> None:
    assert identities(["LocalHost", "::1", "fe80::1%eth0", "a.example", "A.example."]) == [
        *("localhost", "127.0.0.1", "::1", "fe80::1", "a.example")
    ]


@settings(max_examples=60)
@given(name=st.text(st.sampled_from("ab-_.*0129:/@ é"), max_size=12) | st.text(max_size=20))
def test_any_name_is_refused_or_a_certificate_can_be_made_for_it(name: str) -> None:
    try:
        identities([name])
    except CertificateError:
        return
    with temporary([name], NOW) as files:
        certificates._check(files, identities([name]), NOW)


def test_an_international_name_is_taken_in_ascii(tmp_path: Path) -> None:
    name = "xn--caf-dma.example"
    assert kept(tmp_path / "tls", [name], NOW) == kept(tmp_path / "tls", [name.upper()], NOW)
    with pytest.raises(CertificateError, match="a certificate cannot be for"):
        kept(tmp_path / "other", ["xn--0.example"], NOW)


# --- without the extra -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["trustme", "cryptography"])
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, files: TlsFiles
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    place = tmp_path / "new" if module == "trustme" else files.folder
    with pytest.raises(CertificateError, match=rf"TLS needs {module}: pip install 'vendorlab\[tls\]'"):
        kept(place, (), NOW)
