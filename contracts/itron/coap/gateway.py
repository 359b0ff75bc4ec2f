"""The Gateway as this suite asks it: its sessions, and requests to devices in either form of a forward proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from vendorlab.contracts.core.coap.line import Answer, Heard, Line
from vendorlab.contracts.core.coap.message import Message, Option, Options, Type, uint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.coap.resources import Resources

GET, POST, PUT, DELETE = "0.01", "0.02", "0.03", "0.04"
CREATED, DELETED, VALID, CHANGED, CONTENT = "2.01", "2.02", "2.03", "2.04", "2.05"
BAD_REQUEST, UNAUTHORIZED, BAD_OPTION, FORBIDDEN, NOT_FOUND = "4.00", "4.01", "4.02", "4.03", "4.04"
NOT_ALLOWED, NOT_ACCEPTABLE, TOO_LARGE = "4.05", "4.06", "4.13"
FAILED, NOT_IMPLEMENTED, BAD_GATEWAY, UNAVAILABLE, TIMED_OUT = "5.00", "5.01", "5.02", "5.03", "5.04"
NO_PROXY, TOO_MANY_HOPS = "5.05", "5.08"

TEXT, LINKS, OCTETS, CBOR = 0, 40, 42, 60
DOMAIN = "SG.YEL01.SSN.SSNSGS.NET"
DEVICE_PORT = 4849
SESSIONS = ((Option.URI_PATH.value, b"sessions"),)
REGISTER, DEREGISTER = (Option.OBSERVE.value, b""), (Option.OBSERVE.value, b"\x01")

Form = Literal["Proxy-Uri", "Proxy-Scheme"]
FORMS: tuple[Form, ...] = ("Proxy-Uri", "Proxy-Scheme")


class Gateway:
    """One socket to the Gateway, with a session or without.

    Args:
        access: What may be done to the target.
        heard: Shared by the sockets of a run.
        resources: What may be answered.

    Attributes:
        line: The socket.
        domain: What stands behind a device's name.
        opened: Whether a session was opened here and not closed.
    """

    def __init__(self, access: Access, heard: Heard, resources: Resources) -> None:
        self._access = access
        self._resources = resources
        self.line = Line(access, heard)
        self.domain = access.target.credentials.get("domain", DOMAIN)
        self.opened = False

    # --- sessions ----------------------------------------------------------------------------------------------------

    def open(self, token: str | bytes, *options: tuple[int, bytes], kind: Type = Type.CON) -> Answer:
        """Ask for a session with a token, as the vendor's clients do."""
        payload = token.encode() if isinstance(token, str) else token
        plain = (Option.CONTENT_FORMAT.value, b"")
        answer = self.ask(POST, *SESSIONS, *(options or (plain,)), payload=payload, kind=kind)
        self.opened = self.opened or answer.code[0] == "2"
        return answer

    def opening(self, token: str) -> Self:
        """Open a session, and expect that it is."""
        __tracebackhide__ = True
        answer = self.open(token)
        answer.check(answer.code[0] == "2", "a session")
        return self

    def end(self, kind: Type = Type.CON) -> Answer:
        """Ask for the session's end."""
        answer = self.ask(DELETE, *SESSIONS, kind=kind)
        self.opened = False
        return answer

    def leave(self) -> None:
        """End the session if there is one, be the budget spent, and close the socket."""
        try:
            if self.opened:
                self.line.ask(self.line.request(DELETE, *SESSIONS), owed=True)
        finally:
            self.line.close()

    # --- requests ----------------------------------------------------------------------------------------------------

    def ask(
        self,
        code: str,
        *options: tuple[int, bytes],
        payload: bytes = b"",
        kind: Type = Type.CON,
        token: bytes | None = None,
    ) -> Answer:
        """Ask the Gateway itself, or whom the options say, and hold the answer against the table of resources."""
        __tracebackhide__ = True
        answer = self.line.ask(self.line.request(code, *options, payload=payload, kind=kind, token=token))
        operation = self._resources.check(answer)
        if operation is not None:
            self._access.answers[operation.name, answer.code] += 1
        return answer

    def look(self, mac: str, path: str) -> Answer:
        """GET from a device whatever is there: what the answer should be is not asked."""
        __tracebackhide__ = True
        return self.line.ask(self.line.request(GET, *self.to(mac, path)))

    def get(self, mac: str, path: str, *options: tuple[int, bytes], form: Form = "Proxy-Uri") -> Answer:
        """GET from a device; a path may have a query."""
        __tracebackhide__ = True
        return self.ask(GET, *self.to(mac, path, form), *options)

    def put(self, mac: str, path: str, payload: bytes = b"", form: Form = "Proxy-Uri") -> Answer:
        """PUT to a device, as the vendor's clients do: what there is of a payload is octets."""
        __tracebackhide__ = True
        kind = ((Option.CONTENT_FORMAT.value, uint(OCTETS)),) if payload else ()
        return self.ask(PUT, *self.to(mac, path, form), *kind, payload=payload)

    def host(self, mac: str) -> str:
        """Return a device's name."""
        return f"SSN{mac}.{self.domain}"

    def uri(self, mac: str, path: str) -> str:
        """Return the URI of a device's resource."""
        return f"coap://{self.host(mac)}:{DEVICE_PORT}{path}"

    def to(self, mac: str, path: str, form: Form = "Proxy-Uri") -> Options:
        """Return the options that lead to a device's resource."""
        if form == "Proxy-Uri":
            return ((Option.PROXY_URI, self.uri(mac, path).encode()),)
        return self.taken_apart(self.host(mac), path)

    def taken_apart(self, host: str, path: str, scheme: str = "coap", port: int | None = DEVICE_PORT) -> Options:
        """Return a URI as Proxy-Scheme and Uri options."""
        where, _, query = path.partition("?")
        return (
            (Option.PROXY_SCHEME, scheme.encode()),
            (Option.URI_HOST, host.encode()),
            *([] if port is None else [(Option.URI_PORT.value, uint(port))]),
            *((Option.URI_PATH.value, each.encode()) for each in where.strip("/").split("/") if each),
            *((Option.URI_QUERY.value, each.encode()) for each in query.split("&") if each),
        )


class Observation:
    """A resource of a device that is observed.

    Args:
        gateway: A socket with a session.
        options: What leads there.
        token: The observation's; None makes one.

    Attributes:
        answer: To the registration.
        token: The observation's.
        heard: How many notifications came.
    """

    def __init__(self, gateway: Gateway, options: Options, token: bytes | None = None) -> None:
        self.token = gateway.line.token() if token is None else token
        self.heard = 0
        self._gateway = gateway
        self._options = options
        gateway.line.watch(self.token)
        self.answer = gateway.ask(GET, *options, REGISTER, token=self.token)

    def next(self, timeout: float) -> Message | None:
        """Return the next notification, None if none comes in time; one that asks for it is acknowledged."""
        message = self._gateway.line.notification(self.token, timeout)
        if message is not None:
            self.heard += 1
            self._gateway.line.acknowledge(message)
        return message

    def expect(self, timeout: float) -> Message:
        """Return the next notification, and expect that there is one."""
        __tracebackhide__ = True
        message = self.next(timeout)
        if message is None:
            raise AssertionError(f"there was no notification within {timeout:g} seconds")
        return message

    def cancel(self) -> Answer:
        """Ask for the observation's end."""
        __tracebackhide__ = True
        return self.ending(self._gateway, self._options, self.token)

    @staticmethod
    def ending(gateway: Gateway, options: Options, token: bytes) -> Answer:
        """Ask for an observation's end, by whichever form."""
        __tracebackhide__ = True
        return gateway.ask(GET, *options, DEREGISTER, token=token)


def described(answer: Answer) -> Mapping[int, tuple[bytes, ...]]:
    """Return an answer's options by number, in order."""
    return {number: tuple(answer.message.values(number)) for number, _ in answer.message.options}
