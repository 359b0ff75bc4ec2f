"""A container engine in small, made of namespaces, for machines that have none.

It builds the stages of our Dockerfile, and runs what comes out as strictly as ``docker-compose.yml`` does. A base image
is a root file system out of Debian's packages, made anew. ``RUN`` runs chrooted in it, and reaches the package index as
this machine does. A container has processes, mounts and a network of its own, in which there is just loopback; its root
cannot be written to; it runs as the image's user and gets no privileges.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.containers.dockerfile import Instruction, Stage, expand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What the real base has of these comes with apt there, libstdc++ for one, without which numpy is no use.
PACKAGES = "python3,python3-pip,python3-venv,passwd,coreutils,dash,libc-bin,libstdc++6,sed,grep,findutils"

# What a `RUN` sees of this machine: how to reach the package index.
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/etc/pip.conf")

_WRITES = ("RUN", "COPY", "WORKDIR")
"""Instructions that change files: a stage without one has those of the stage that it stands on."""

_NAMESPACES = ("unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child")

# The first process of a container; it becomes the image's command.
_ENTER = """
import ctypes, fcntl, os, socket, struct, subprocess, sys
root, volume, user, *command = sys.argv[1:]
mount = lambda *words: subprocess.run(["mount", *words], check=True)
mount("--make-rprivate", "/")
mount("--bind", root, root)
mount("--bind", volume, root + "/var/lib/vendorlab")
mount("-t", "tmpfs", "tmpfs", root + "/tmp")
mount("-t", "proc", "proc", root + "/proc")
mount("--rbind", "/dev", root + "/dev")
mount("-o", "remount,bind,ro", root)
with socket.socket() as any_socket:  # SIOCSIFFLAGS: loopback is up
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
os.execvp("chroot", ["chroot", "--userspec=" + user, root, *command])
"""


@dataclass(frozen=True)
class Image:
    """A root file system, and what a container of it is started with."""

    root: Path
    env: dict[str, str] = field(default_factory=dict[str, str])
    folder: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()


class Builder:
    """Builds stages, each once.

    Args:
        stages: of the Dockerfile.
        context: the folder that ``COPY`` copies from.
        work: where root file systems go.
    """

    def __init__(self, stages: Mapping[str, Stage], context: Path, work: Path) -> None:
        self._stages = stages
        self._context = context
        self._work = work
        self._built: dict[str, Image] = {}

    def build(self, name: str) -> Image:
        """The image of a stage, or of a base."""
        if name not in self._built:
            self._built[name] = self._stage(self._stages[name]) if name in self._stages else self._base(name)
        return self._built[name]

    def _base(self, name: str) -> Image:
        assert name.startswith("docker.io/library/python:"), f"{name} is not what Debian's python3 may stand in for"
        suite = name.partition("@")[0].rpartition("-")[2]  # the Debian release that the base is of
        root = self._work / "base"
        made = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={PACKAGES}", suite, str(root)]
        subprocess.run(made, check=True, capture_output=True, text=True)
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\n")
        # Each container is given this machine's devices; and a copy of /dev/zero as a file would never end.
        shutil.rmtree(root / "dev")
        for folder in ("proc", "dev", "tmp", "root"):
            (root / folder).mkdir(exist_ok=True)
        return Image(root, {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"})

    def _stage(self, stage: Stage) -> Image:
        image = self.build(stage.base)
        if any(one.name in _WRITES for one in stage.instructions):
            root = self._work / stage.name
            _copy_tree(image.root, root)
            image = replace(image, root=root)
        for one in stage.instructions:
            image = self._carry_out(one, image)
        return image

    def _carry_out(self, one: Instruction, image: Image) -> Image:  # one line for each instruction
        match one.name:
            case "RUN":
                self._run(one.text, image)
            case "COPY":
                self._copy(one, image)
            case "WORKDIR":
                (image.root / one.text.lstrip("/")).mkdir(parents=True, exist_ok=True)
                return replace(image, folder=one.text)
            case "ENV":
                pairs = (word.partition("=") for word in one.words)
                return replace(image, env=image.env | {key: expand(value, image.env) for key, _, value in pairs})
            case "USER":
                return replace(image, user=one.text)
            case "ENTRYPOINT":
                return replace(image, entrypoint=tuple(one.words))
            case "CMD":
                return replace(image, command=tuple(one.words))
            case "HEALTHCHECK":
                return replace(image, health=tuple(replace(one, text=one.text.removeprefix("CMD ")).words))
            case "EXPOSE" | "VOLUME":
                pass
            case name:
                raise ValueError(f"this engine does not know {name}")
        return image

    def _copy(self, one: Instruction, image: Image) -> None:
        *sources, target = one.words
        inside = Path(image.folder) / target
        place = image.root / str(inside).lstrip("/")
        start = self.build(one.flags["from"]).root if "from" in one.flags else self._context
        for source in sources:
            found = start / source.lstrip("/")
            if found.is_dir():
                _copy_tree(found, place, () if "from" in one.flags else _left_out(self._context))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, place)

    def _run(self, text: str, image: Image) -> None:
        passed = {key: value for key, value in os.environ.items() if key.startswith("PIP_") or "proxy" in key.lower()}
        seen = [path for path in _NETWORK if Path(path).exists()]
        for path in seen:
            place = image.root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.mkdir(exist_ok=True) if Path(path).is_dir() else place.touch()
        binds = "".join(f"mount --rbind {path} $0{path}; " for path in [*seen, "/dev"])
        script = f'set -e; {binds} exec chroot $0 sh -c \'cd $0; eval "$1"\' "$1" "$2"'
        command = ["unshare", "--mount", "sh", "-c", script, str(image.root), image.folder, text]
        done = subprocess.run(command, env=image.env | passed, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"RUN {text}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"


class Container:
    """A container that runs: ``docker run --read-only --tmpfs /tmp --network none --volume ...``."""

    def __init__(self, image: Image, volume: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self.image = image
        self.volume = volume
        self.env = image.env | dict(env or {})
        uid, gid = map(int, image.user.split(":"))
        volume.mkdir(exist_ok=True)
        os.chown(volume, uid, gid)  # as an engine does, which begins a volume with what the image has in its place
        command = ["env", f"--chdir={image.folder}", *image.entrypoint, *(arguments or image.command)]
        self._process = subprocess.Popen(
            [*_NAMESPACES, sys.executable, "-c", _ENTER, str(image.root), str(volume), image.user, *command],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def first(self) -> int:
        """Its first process, by the number that this machine knows it by."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text().split()[0])

    def run(self, *command: str, inside: bool = True) -> subprocess.CompletedProcess[str]:
        """``docker exec``; or, not inside, a program of this machine on the container's network."""
        enter = ["nsenter", "--target", str(self.first), "--net"]
        if inside:
            uid, gid = self.image.user.split(":")
            enter += ["--mount", "--pid", "--root", "--wd", "--setuid", uid, "--setgid", gid]
        return subprocess.run(
            [*enter, "--", *command], env=self.env if inside else None, capture_output=True, text=True, check=False
        )

    def wait_healthy(self, seconds: float = 60) -> float:
        """Run the image's own check until it ends well; return the seconds that took."""
        began = time.monotonic()
        while True:
            assert self._process.poll() is None, self._process.stdout.read() if self._process.stdout else ""
            try:
                if self.run(*self.image.health).returncode == 0:
                    return time.monotonic() - began
            except IndexError:
                pass  # it has no process yet
            assert time.monotonic() - began < seconds, "it did not become healthy"
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float, str]:
        """``docker stop``: the exit code, the seconds that it took, and all that it printed."""
        began = time.monotonic()
        os.kill(self.first, number)
        out, _ = self._process.communicate(timeout=15)
        return self._process.returncode, time.monotonic() - began, out

    def finish(self) -> tuple[int, str]:
        """Wait until it ends by itself: the exit code, and all that it printed."""
        out, _ = self._process.communicate(timeout=60)
        return self._process.returncode, out

    def kill(self) -> None:
        """End it anyhow. Its first process is ended by itself: one that changed its user outlives its parent."""
        if self._process.poll() is None:
            with contextlib.suppress(IndexError, ProcessLookupError):
                os.kill(self.first, signal.SIGKILL)
            self._process.kill()
        self._process.communicate()


def _left_out(context: Path) -> list[str]:
    """What ``.dockerignore`` leaves out below the folders that it lets in."""
    lines = (context / ".dockerignore").read_text().splitlines()
    return [line.removeprefix("**/") for line in lines if line.startswith("**/")]


def _copy_tree(source: Path, target: Path, left_out: Sequence[str] = ()) -> None:
    """Copy a folder's files, folders and links with their owners; anything else in it is an error and not read."""
    target.mkdir(parents=True, exist_ok=True)
    for one in source.iterdir():
        if any(fnmatch.fnmatch(one.name, pattern) for pattern in left_out):
            continue
        place = target / one.name
        kind = one.lstat().st_mode
        if stat.S_ISDIR(kind):
            _copy_tree(one, place, left_out)
        elif stat.S_ISLNK(kind):
            place.symlink_to(one.readlink())
        elif stat.S_ISREG(kind):
            shutil.copy2(one, place)
            os.chown(place, one.stat().st_uid, one.stat().st_gid)
            place.chmod(stat.S_IMODE(kind))
        else:
            raise ValueError(f"{one} is neither a file nor a folder nor a link")
    shutil.copystat(source, target)
    os.chown(target, source.stat().st_uid, source.stat().st_gid)
