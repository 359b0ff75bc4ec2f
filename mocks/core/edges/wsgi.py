"""Flask mounts a site's routes: the reference lane, and the one that works without a socket.

The app takes every method on every route, because what the vendor says to a method is the vendor's business, and it
redirects nothing by itself.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from ..web.message import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..web.routes import Responder, Route

REQUEST = "vendorlab.request"
WIRE = "vendorlab.wire"
THEN = "vendorlab.then"
UNROUTED = "unrouted"

Environ = dict[str, Any]


_COMPILING = threading.Lock()
"""werkzeug compiles routes through ``ast``, which CPython 3.11 does not bear in two threads at once."""


def mount(dispatch: Responder) -> flask.Flask:
    """A Flask app that answers for one site: its routes, and the vendor's own page for all the rest."""
    app = flask.Flask(f"vendorlab.{dispatch.site.name}", static_folder=None)
    unrouted = _view(dispatch, dispatch.unrouted)
    app.view_functions[UNROUTED] = unrouted
    for route in dispatch.site.routes:
        app.view_functions[route.path] = _view(dispatch, route)
    with _COMPILING:
        app.url_map = _compiled(tuple(route.path for route in dispatch.site.routes))
    app.register_error_handler(HTTPException, lambda _error: unrouted())
    return app


@lru_cache(maxsize=64)
def _compiled(paths: tuple[str, ...]) -> Map:
    """What finds the endpoint of a path, each endpoint being named as its route; the worlds of a process share it.

    To compile it is nearly all the time that a mount takes, and it never changes after.
    """
    found = Map(merge_slashes=False, redirect_defaults=False)
    for path in paths:
        found.add(Rule(path, endpoint=path))
        if path.endswith("/"):  # or werkzeug would redirect in its own words
            found.add(Rule(path.removesuffix("/"), endpoint=UNROUTED))
    found.update()
    return found


def _view(dispatch: Responder, route: Route) -> Callable[..., flask.Response]:
    largest_body = dispatch.site.largest_body

    def view(**params: str) -> flask.Response:
        environ = flask.request.environ
        request: Request | None = environ.get(REQUEST) or read(environ, largest_body)
        if request is None or len(request.body) > largest_body:
            bare = Request(environ["REQUEST_METHOD"], _path(environ), peer=environ.get("REMOTE_ADDR", ""))
            return _respond(dispatch.refuse(413, bare, "body-too-large"), environ)
        request.params = params
        # werkzeug takes several slashes at the start for one, and no vendor does
        chosen = dispatch.unrouted if request.path.startswith("//") else route
        return _respond(dispatch(chosen, request), environ)

    return view


def read(environ: Environ, largest_body: int) -> Request | None:
    """The request in a WSGI environment; None when its body is larger than allowed."""
    length = environ.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isascii() and length.isdigit() else 0
    if size > largest_body:
        return None
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    if content_type := environ.get("CONTENT_TYPE"):
        headers["content-type"] = content_type
    if size:
        headers["content-length"] = length
    return Request(
        environ["REQUEST_METHOD"],
        _path(environ),
        environ.get("QUERY_STRING", ""),
        headers,
        environ["wsgi.input"].read(size) if size else b"",
        environ.get("REMOTE_ADDR", "127.0.0.1"),
        environ["wsgi.url_scheme"],
    )


def _path(environ: Environ) -> str:
    path: str = environ.get("PATH_INFO", "/")
    return path.encode("latin-1").decode("utf-8", "replace")


def _respond(answer: Answer, environ: Environ) -> flask.Response:
    environ[WIRE] = answer.wire
    response = flask.Response(answer.body, status=answer.status or 500)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    if "Content-Length" not in response.headers:
        response.headers["Content-Length"] = str(len(answer.body))
    if REQUEST in environ:
        environ[THEN] = answer.then  # the edge that called knows when the answer has left
    elif answer.then is not None:
        response.call_on_close(answer.then)
    return response


def _no_write(_data: bytes) -> None:
    """WSGI's old way to write; nothing here uses it."""


def call(app: flask.Flask, request: Request) -> Answer:
    """Send a request that an edge has read already through the app, in this very thread."""
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": request.peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        REQUEST: request,
    }
    answer = Answer(500)

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        answer.status = int(status[:3])
        answer.headers = headers
        return _no_write

    chunks: Any = app.wsgi_app(environ, start_response)
    answer.body = b"".join(chunks)
    chunks.close()
    answer.wire, answer.then = environ.get(WIRE), environ.get(THEN)
    return answer
