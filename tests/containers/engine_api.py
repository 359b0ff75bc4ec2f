"""The Docker Engine's API in small, over a unix socket: what testcontainers asks of it, and no more.

An image is this tree. A container is a `vendorlab` process with the image's environment and its own, on ports that are
free here; they are what the engine publishes. As with the engine, they are known when it starts, before any of them
is listened on.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.serving import make_server

from vendorlab.mocks.registry import ADDRESSES, CONTROL_PORT

LOWEST, HIGHEST = 20_000, 32_000  # below the ports that the system gives out by itself
PORTS = {f"{CONTROL_PORT}/tcp": 0} | {
    f"{one.port}/{'udp' if one.udp else 'tcp'}": number for number, one in enumerate(ADDRESSES, 1)
}
"""Every port of the image, and how far from the first it is with `--port-base`."""


@dataclass
class Running:
    """A container."""

    asked: dict[str, Any]
    home: Path
    astray: int
    base: int = 0
    process: subprocess.Popen[bytes] | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def status(self) -> str:
        """As the engine has it."""
        if self.process is None:
            return "created"
        return "running" if self.process.poll() is None else "exited"

    def start(self) -> None:
        """Run its command."""
        self.base = free_base()
        own = dict(pair.split("=", 1) for pair in self.asked["Env"])
        image = {"HOME": str(self.home), "VENDORLAB_STATE": str(self.home / "state"), "PYTHONUNBUFFERED": "1"}
        machine = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        command = [sys.executable, "-m", "vendorlab", *(self.asked.get("Cmd") or ["up"]), "--port-base", str(self.base)]
        with (self.home / "out").open("wb") as out, (self.home / "err").open("wb") as err:
            self.process = subprocess.Popen(command, env=machine | image | own, cwd=self.home, stdout=out, stderr=err)

    def end(self) -> None:
        """Kill it, and forget its volume."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home)

    def inspected(self) -> dict[str, Any]:
        """What `docker inspect` shows."""
        published = {
            port: [{"HostIp": "127.0.0.1", "HostPort": str(self.base + PORTS[port] + self.astray)}]
            for port in self.asked["ExposedPorts"]
        }
        return {
            "Id": self.id,
            "Name": "/fakes",
            "Image": "sha256:0",
            "Config": {"Tty": False, "Image": self.asked["Image"], "Labels": self.asked["Labels"]},
            "State": {"Status": self.status},
            "HostConfig": {"LogConfig": {"Type": "json-file"}},
            "NetworkSettings": {"Ports": published if self.status == "running" else {}},
        }


class Engine:
    """The engine.

    Args:
        folder: for its socket and its containers; a short name, as sockets need one.

    Attributes:
        astray: by how much it publishes wrong ports, where nothing listens.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self.images = {"vendorlab:latest"}
        self.astray = 0
        self.pulled: list[str] = []
        self.containers: dict[str, Running] = {}
        self.created: list[Running] = []
        self._server = make_server(self.host, 0, self._app(), threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        """End it, and what it still runs."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for one in self.containers.values():
            one.end()

    def _app(self) -> Flask:
        app = Flask("engine")
        app.get("/version")(self._version)
        app.get("/v1.47/images/<path:name>/json")(self._image)
        app.post("/v1.47/images/create")(self._pull)
        app.post("/v1.47/containers/create")(self._create)
        app.get("/v1.47/containers/<name>/json")(self._inspect)
        app.post("/v1.47/containers/<name>/start")(self._start)
        app.get("/v1.47/containers/<name>/logs")(self._logs)
        app.get("/v1.47/containers/<name>/archive")(self._archive)
        app.delete("/v1.47/containers/<name>")(self._remove)
        return app

    def _version(self) -> Any:
        return {"ApiVersion": "1.47", "MinAPIVersion": "1.24"}

    def _inspect(self, name: str) -> Any:
        return self.containers[name].inspected()

    def _image(self, name: str) -> Any:
        if (name if ":" in name else f"{name}:latest") not in self.images:
            return {"message": f"No such image: {name}"}, 404
        return {"Id": "sha256:0", "RepoTags": [name]}

    def _pull(self) -> Any:
        name = f"{request.args['fromImage']}:{request.args['tag']}"
        self.pulled.append(name)
        self.images.add(name)
        return Response("{}\n", mimetype="application/json")

    def _create(self) -> Any:
        asked = request.get_json()
        home = self.folder / f"container-{len(self.created)}"
        home.mkdir()
        made = Running(asked, home, self.astray)
        self.created.append(made)
        self.containers[made.id] = made
        return {"Id": made.id, "Warnings": []}, 201

    def _start(self, name: str) -> Any:
        self.containers[name].start()
        return "", 204

    def _logs(self, name: str) -> Any:
        streams = [(1, "out", "stdout"), (2, "err", "stderr")]
        frames = b""
        for number, file, asked in streams:
            if request.args.get(asked, "0").lower() in {"1", "true"}:
                text = (self.containers[name].home / file).read_bytes()
                frames += struct.pack(">BxxxL", number, len(text)) + text
        return Response(frames, mimetype="application/vnd.docker.multiplexed-stream")

    def _archive(self, name: str) -> Any:
        path = Path(request.args["path"])
        assert path.is_relative_to(self.containers[name].home)
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w") as archive:
            archive.add(path, path.name)
        return Response(held.getvalue(), mimetype="application/x-tar", headers={"X-Docker-Container-Path-Stat": "e30="})

    def _remove(self, name: str) -> Any:
        assert request.args.get("force") == request.args.get("v") == "True"
        self.containers.pop(name).end()
        return "", 204


def free_base() -> int:
    """The first of as many ports in a row as the image has, all of them free."""
    width = len(PORTS)
    while True:
        base = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if all(_free(port, kind) for port in range(base, base + width) for kind in _KINDS):
            return base


_KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def _free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
