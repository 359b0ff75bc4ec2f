"""``vendorlab relay udp`` as a user starts it: what it prints, writes and refuses, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tests.cli.conftest import Result

PATIENCE = 10.0
GET = bytes([0x41, 0x01, 0x12, 0x34, 0xAB])


@pytest.fixture
def echo() -> Generator[str]:
    """A server that answers each datagram with the same; gives its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        host, port = server.getsockname()

        def answer() -> None:
            while (found := server.recvfrom(65_536))[0] != b"stop":
                server.sendto(*found)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"{host}:{port}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", (host, port))
        thread.join()


@contextmanager
def relayed(folder: Path, to: str, *arguments: str) -> Generator[tuple[subprocess.Popen[str], socket.socket]]:
    """A relay in a process of its own, and a socket towards it."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "vendorlab", "relay", "udp", "--to", to, "--ready-file", str(ready), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), process.communicate()[1]
        host, _, port = json.loads(ready.read_text())["address"].rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            client.connect((host, int(port)))
            yield process, client
    finally:
        process.kill()
        process.communicate()


def said(client: socket.socket, *words: bytes) -> list[bytes]:
    """Send datagrams, the last of which comes back, and give what does."""
    for word in words:
        client.send(word)
    found = [client.recv(65_536)]
    while found[-1] != words[-1]:
        found.append(client.recv(65_536))
    return found


def ended(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert err == ""
    return process.returncode, out


def test_relay_loses_the_one_that_is_meant_and_tells_at_the_end(tmp_path: Path, echo: str) -> None:
    with relayed(tmp_path, echo, "--direction", "out", "--nth", "2", "--drop") as (process, client):
        assert said(client, b"1", b"2", b"3") == [b"1", b"3"]
        code, out = ended(process, signal.SIGINT)
    assert code == 130
    assert out.splitlines() == [
        "in: 3 received, 3 sent",
        "out: 3 received, 2 sent",
        "clients: 1",
        "fault-1: matched 3, struck 1",
    ]
    assert not (tmp_path / "ready.json").exists()


def test_relay_speaks_json_of_every_datagram(tmp_path: Path, echo: str) -> None:
    options = ("--type", "con", "--direction", "out", "--duplicate", "1", "--log-format", "json", "-v")
    with relayed(tmp_path, echo, *options) as (process, client):
        address = ":".join(map(str, client.getsockname()))
        assert said(client, GET, b"no coap") == [GET, GET, b"no coap"]
        code, out = ended(process, signal.SIGTERM)
    assert code == 0
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert {line["event"] for line in lines[:-1]} == {"datagram"}
    described = {"type": "CON", "code": "0.01", "mid": "4660", "token": "ab"}
    fault = {"fault": "fault-1", "sent": [{"delay": 0.0, "bytes": 5}, {"delay": 0.0, "bytes": 5}]}
    struck = {"event": "datagram", "direction": "out", "peer": address, "bytes": 5} | described | fault
    assert struck in lines
    assert lines[-1]["event"] == "end"
    assert lines[-1]["struck"] == {"duplicate": 1}
    assert (lines[-1]["in"]["sent"], lines[-1]["out"]["sent"]) == (2, 3)


def test_relay_takes_a_plan_and_replays_it_by_its_seed(tmp_path: Path, echo: str) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "- name: half\n  match: {direction: in}\n  when: {chance: 0.5}\n  action: {kind: drop}\n"
        "- action: {kind: corrupt, offset: 0, byte: 33}\n  match: {direction: out}\n"
    )
    words = [bytes([65, number]) for number in range(40)]
    drawn: list[set[bytes]] = []
    for seed in ("7", "7", "8"):
        with relayed(tmp_path, echo, "--plan", str(plan), "--seed", seed, "-v") as (process, client):
            for word in words:
                client.send(word)
            assert process.stdout is not None
            taken: list[str] = []
            while len(taken) < len(words):
                line = process.stdout.readline()
                taken += [line] if line.startswith("in") else []
            drawn.append({words[number] for number, line in enumerate(taken) if "nothing" not in line})
            got = {client.recv(9) for _ in drawn[-1]}
            assert got == {b"!" + word[1:] for word in drawn[-1]}
    assert drawn[0] == drawn[1] != drawn[2]
    assert 0 < len(drawn[0]) < 40


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to", "127.0.0.1"], "--to takes HOST:PORT"),
        (["--to", "127.0.0.1:0"], "--to takes HOST:PORT"),
        (["--to", "127.0.0.1:99999"], "--to takes HOST:PORT"),
        (["--to", "coap://127.0.0.1:5683"], "--to takes HOST:PORT"),
        (["--to", "192.0.2.1:5683"], "not on this machine; say --allow-remote"),
        (["--to", "[2001:db8::1]:5683"], "not on this machine; say --allow-remote"),
        (["--to", "127.0.0.1:9", "--listen", "0.0.0.0:0"], "--listen 0.0.0.0:0 is not on this machine"),
        (["--to", "127.0.0.1:9", "--nth", "1"], "exactly one of --delay, --truncate, --drop"),
        (["--to", "127.0.0.1:9", "--drop", "--delay", "1s"], "exactly one of"),
        (["--to", "127.0.0.1:9", "--drop", "--gap", "1s"], "--gap goes with --duplicate"),
        (["--to", "127.0.0.1:9", "--corrupt", "all"], "--corrupt takes `seeded`"),
        (["--to", "127.0.0.1:9", "--drop", "--chance", "2"], "$.when.chance"),
        (["--to", "127.0.0.1:9", "--drop", "--type", "ACK", "--protocol", "udp"], "give it the protocol coap"),
        (["--to", "127.0.0.1:9", "--idle", "0s"], "--idle is a second at least"),
        (["--drop"], "Missing option"),
    ],
    ids=" ".join,
)
def test_relay_refuses_what_makes_no_sense_in_one_line(
    command: Callable[..., Result], arguments: list[str], told: str
) -> None:
    result = command("relay", "udp", *arguments)
    assert (result.code, result.out) == (2, "")
    assert told in " ".join(result.err.split())
    assert result.err.count("\n") == 1


def test_relay_refuses_a_plan_that_is_not_for_it(command: Callable[..., Result], tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    for content, told in [
        ('{"action": {"kind": "cut"}}', "`cut` is nothing for datagrams"),
        ('[{"action": {"kind": "drop"}, "match": {"device": "a"}}]', "knows nothing of a device"),
        ('[{"action": {"kind": "drop"}, "colour": 1}]', "colour"),
        ("[1]", "is not a rule or a list of rules"),
        ("{", "is not a rule or a list of rules"),
    ]:
        plan.write_text(content)
        result = command("relay", "udp", "--to", "127.0.0.1:9", "--plan", str(plan))
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert told in result.err


def test_relay_to_itself_or_on_a_taken_port_is_refused(command: Callable[..., Result], echo: str) -> None:
    taken = command("relay", "udp", "--to", "127.0.0.1:9", "--listen", echo)
    assert (taken.code, "in use" in taken.err) == (2, True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    itself = command("relay", "udp", "--to", place, "--listen", place)
    assert (itself.code, "to itself" in itself.err) == (2, True)


def test_reader_that_leaves_ends_the_relay(tmp_path: Path, echo: str) -> None:
    with relayed(tmp_path, echo, "-v") as (process, client):
        assert process.stdout is not None
        process.stdout.close()
        client.send(b"x")
        assert process.wait(PATIENCE) == 0
