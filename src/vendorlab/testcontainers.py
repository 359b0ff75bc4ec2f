"""The fakes in a container that ends with a test: `VendorlabContainer`, for testcontainers (the extra of that name).

For programs that run in containers themselves. Tests in Python need none: `vendorlab.world()` starts in milliseconds.
"""

from __future__ import annotations

import io
import secrets
import tarfile
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import WaitStrategy

from vendorlab.clients.control import ControlClient, ControlUnreachable
from vendorlab.mocks import registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from testcontainers.core.waiting_utils import WaitStrategyTarget

    from vendorlab.clients.control import Vendor

_TOKEN = "VENDORLAB_CONTROL_TOKEN"  # noqa: S105  a variable's name


class Healthy(WaitStrategy):
    """Waits until the control API says that everything listens; a container that ends meanwhile is told at once."""

    def __init__(self) -> None:
        super().__init__()
        self._poll_interval = 0.1  # the library's second is longer than the fakes take

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Wait.

        Raises:
            RuntimeError: the container ended, such as for a setting that does not exist; with what it printed.
            TimeoutError: it runs, and is not healthy in time.
        """
        assert isinstance(container, VendorlabContainer)
        deadline = time.monotonic() + self._startup_timeout
        trouble = "something in it does not listen yet"
        while True:
            container.reload()
            if container.status in {"exited", "dead"}:
                out, err = (stream.decode(errors="replace") for stream in container.get_logs())
                raise RuntimeError(f"vendorlab ended rather than served:\n{out}{err}")
            try:
                if container.status == "running" and container.control.health().status == "ok":
                    return
            except ControlUnreachable as error:
                trouble = str(error)
            if time.monotonic() > deadline:
                raise TimeoutError(f"vendorlab is not healthy after {self._startup_timeout:g} seconds: {trouble}")
            time.sleep(self._poll_interval)


class VendorlabContainer(DockerContainer):
    """A container of vendorlab's image, with a world in it.

    Args:
        vendors: which live in it; none means all that the image starts.
        image: the image; its name may be that of one vendor's.
        seed: all chance comes from it.
        start: where the clock starts; a naive time is in UTC. Default: now.
        profiles: a dated behaviour by vendor, as ``{"scanalytics": "modern"}``.
        settings: switches by vendor, as ``{"scanalytics": {"refresh_grace": 60}}``.
        more: for ``DockerContainer``, such as ``network`` and ``network_aliases``.

    Whatever else `vendorlab up` takes from the environment is given by ``with_env``, before it starts. The control
    token is made anew for each, unless ``VENDORLAB_CONTROL_TOKEN`` is given so. It serves http, so
    ``VENDORLAB_TLS_DIR`` is not for it; Itron's MQTT broker speaks TLS, and ``ca`` tells whom to trust.

    Raises:
        ValueError: there is no such vendor; or a profile or setting has a space in it, which would part it.

    Example::

        with VendorlabContainer("scanalytics", seed=7) as fakes:
            program.run(fakes.url("scanalytics"), fakes.credentials("scanalytics"))
            fakes.control.advance(86_401)
    """

    def __init__(
        self,
        *vendors: str,
        image: str = "vendorlab",
        seed: int = 0,
        start: datetime | None = None,
        profiles: Mapping[str, str] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> None:
        try:
            _, meant = registry.chosen(vendors)
        except KeyError as error:
            raise ValueError(f"there is no vendor {error}; there are: {', '.join(registry.names())}") from error
        super().__init__(image, **more)
        self._control: ControlClient | None = None
        switches = {
            f"{vendor}.{key}": value for vendor, each in (settings or {}).items() for key, value in each.items()
        }
        variables = {
            _TOKEN: secrets.token_urlsafe(24),
            "VENDORLAB_SEED": str(seed),
            "VENDORLAB_START": start.isoformat() if start else "",
            "VENDORLAB_PROFILES": _pairs(profiles or {}),
            "VENDORLAB_SETTINGS": _pairs(switches),
            "VENDORLAB_VENDORS": " ".join(vendors),
        }
        for name, value in variables.items():
            if value:  # an empty one would take the place of what the image says
                self.env.setdefault(name, value)
        self.with_exposed_ports(registry.CONTROL_PORT)
        for one in registry.ADDRESSES:
            if meant is None or one.name in meant:
                self.with_exposed_ports(f"{one.port}/udp" if one.udp else one.port)
        self.waiting_for(Healthy())

    @property
    def control(self) -> ControlClient:
        """Its control API: the clock, faults, journal and everything else."""
        if self._control is None:
            place = f"http://{self._place(registry.CONTROL_PORT)}"
            self._control = ControlClient(place, self.env[_TOKEN])
        return self._control

    def url(self, vendor: str) -> str:
        """Where this machine reaches a vendor: by the name of an address, or by its own, then by its first address.

        On a network of containers it is where it always is, by the container's name: ``http://NAME:7071`` and so on.

        Raises:
            ValueError: it is not in this container.
        """
        address, found = self._vendor(vendor)
        return urlsplit(found.url)._replace(netloc=self._place(address.port)).geturl()

    def credentials(self, vendor: str) -> Mapping[str, Any]:
        """What a client needs, by the names of the ready file.

        Raises:
            ValueError: it is not in this container.
        """
        return self._vendor(vendor)[1].credentials

    def ca(self, vendor: str) -> str | None:
        """The certificate authority to trust for a vendor, as PEM; None where it speaks without TLS.

        Raises:
            ValueError: it is not in this container.
        """
        path = self._vendor(vendor)[1].ca
        if path is None:
            return None
        chunks, _ = self.get_wrapped_container().get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            file = archive.extractfile(archive.getmembers()[0])
            assert file is not None, f"{path} is no file"
            return file.read().decode()

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Stop it and forget it, with its state."""
        if self._control is not None:
            self._control.close()
            self._control = None
        super().stop(force, delete_volume)

    def _vendor(self, name: str) -> tuple[registry.Address, Vendor]:
        address, here = registry.address(name), self.control.vendors()
        if address is None or address.name not in here:
            raise ValueError(f"there is no vendor {name!r} in this container; there are: {', '.join(here)}")
        return address, here[address.name]

    def _place(self, port: int) -> str:
        host = self.get_container_host_ip()
        return f"[{host}]:{self.get_exposed_port(port)}" if ":" in host else f"{host}:{self.get_exposed_port(port)}"


def _pairs(values: Mapping[str, Any]) -> str:
    """Several as one variable holds them."""
    pairs = [f"{key}={value}" for key, value in values.items()]
    for pair in pairs:
        if len(pair.split()) != 1:
            raise ValueError(f"{pair!r} has a space in it, and the environment parts what it carries by spaces")
    return " ".join(pairs)
