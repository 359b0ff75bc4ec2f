"""A small tree of resources for clients of other makes to try: what each does is said by its path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.mocks.core.coap.codes import CBOR, LINK_FORMAT, TEXT, Code
from vendorlab.mocks.core.coap.errors import MethodNotAllowedError, NotFoundError
from vendorlab.mocks.core.coap.options import Option, Options
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.uri import proxy_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.mocks.core.coap.exchange import Exchange
    from vendorlab.mocks.core.coap.message import Message

BIG = b"".join(b"%07d\n" % number for number in range(375))  # 3000 bytes
PLAIN = Options([(Option.CONTENT_FORMAT, TEXT)])
LINKS = Options([(Option.CONTENT_FORMAT, LINK_FORMAT)])
BINARY = Options([(Option.CONTENT_FORMAT, CBOR)])


class Tree:
    """The resources, and what they have been told.

    Args:
        later: calls something after seconds; who has to wait uses it.
    """

    def __init__(self, later: Callable[[float, Callable[[], object]], object]) -> None:
        self.later = later
        self.stored = b""
        self.posts: list[bytes] = []
        self.count = 0
        self.asked: list[str] = []

    def handle(self, request: Message, exchange: Exchange) -> Response | None:
        options = request.options
        if Option.PROXY_URI in options or Option.PROXY_SCHEME in options:
            target = proxy_target(options, "localhost")
            self.asked.append(target.uri)
            segments = target.path
        else:
            segments = options.path
        return self.resource("/".join(segments), request, exchange)

    def resource(self, name: str, request: Message, exchange: Exchange) -> Response | None:
        get = request.code == Code.GET
        match name:
            case ".well-known/core" if get:
                return Response(Code.CONTENT, b'</big>;sz=3000,</time>;obs,</store>,</slow>,</post>;rt="x"', LINKS)
            case "hello" if get:
                return Response(Code.CONTENT, b"Hello, " + "&".join(request.options.query).encode(), PLAIN)
            case "big" if get:
                return Response(Code.CONTENT, BIG, PLAIN)
            case "time" if get:
                exchange.observe("time")
                return self.time()
            case "slow" if get:
                self.later(0.2, lambda: exchange.reply(Response(Code.CONTENT, b"at last", PLAIN)))
                return None
            case "store" if get:
                return Response(Code.CONTENT, self.stored, BINARY)
            case "store" if request.code == Code.PUT:
                self.stored = request.payload
                return Response(Code.CHANGED)
            case "post" if request.code == Code.POST:
                self.posts.append(request.payload)
                return Response(Code.CREATED, b"", Options([(Option.LOCATION_PATH, str(len(self.posts)))]))
            case "hello" | "big" | "time" | "slow" | "store" | "post":
                raise MethodNotAllowedError
            case _:
                raise NotFoundError("nothing here")

    def time(self) -> Response:
        self.count += 1
        return Response(Code.CONTENT, b"%d" % self.count, PLAIN)
