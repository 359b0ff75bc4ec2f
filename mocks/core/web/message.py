"""Requests and answers as plain values, the same whichever edge they came by."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..traces import Span

MOST_FIELDS = 1_000
"""Form or query fields one request may carry: Django's own bound."""

LARGEST_BODY = 2_621_440
"""Bytes of a request body: Django's own default bound for data in memory (2.5 MiB)."""

FORM = "application/x-www-form-urlencoded"

ANONYMOUS = "anonymous"
"""The principal of a request that nobody in particular made, as far as was looked at."""


class TooManyFieldsError(ValueError):
    """A query or form with more than ``MOST_FIELDS`` fields."""


class MalformedFormError(ValueError):
    """A multipart body that cannot be read."""


class Request:
    """One HTTP request.

    Attributes:
        method: in capitals, as sent.
        path: percent-decoded.
        query: raw, without the question mark.
        headers: lower-case names; repeated fields joined by a comma.
        body: whole; the edges bound its size.
        peer: the client's address.
        scheme: ``http`` or ``https``.
        params: what the route's placeholders matched.
        principal: who is asking, once that is known: a user's name or a client id; until then ``anonymous``.
        credential: the credential used, masked for the journal.
        detail: what else the journal should remember, without secrets.
        span: where it stands in its caller's trace; None when in none.
        vary: request headers that the answer came to depend on, besides those that it always depends on.
    """

    __slots__ = (
        "_form",
        "_query_fields",
        "body",
        "credential",
        "detail",
        "headers",
        "method",
        "params",
        "path",
        "peer",
        "principal",
        "query",
        "scheme",
        "span",
        "vary",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        peer: str = "127.0.0.1",
        scheme: str = "http",
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers: Mapping[str, str] = headers or {}
        self.body = body
        self.peer = peer
        self.scheme = scheme
        self.params: Mapping[str, str] = {}
        self.principal = ANONYMOUS
        self.credential = ""
        self.detail: dict[str, Any] = {}
        self.span: Span | None = None
        self.vary: tuple[str, ...] = ()
        self._query_fields: dict[str, str] | None = None
        self._form: dict[str, str] | None = None

    @property
    def query_fields(self) -> dict[str, str]:
        """The query's fields; of a repeated one the last, as Django's ``QueryDict`` gives it."""
        if self._query_fields is None:
            self._query_fields = _fields(self.query)
        return self._query_fields

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form body; empty for every other media type."""
        if self._form is None:
            self._form = self._read_form()
        return self._form

    @property
    def media_type(self) -> str:
        """The body's media type in lower case, without parameters; empty when not given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def _read_form(self) -> dict[str, str]:
        media_type = self.media_type
        if not self.body:
            return {}
        if media_type == FORM:
            return _fields(self.body.decode("utf-8", "replace"))
        if media_type == "multipart/form-data":
            return _multipart(self.body, self.headers["content-type"])
        return {}


@dataclass(frozen=True, slots=True)
class Wire:
    """How the bytes of an answer go wrong on their way.

    Attributes:
        delay: seconds of line time before the first byte.
        cut_after: bytes of the body that still arrive; then the connection ends.
        reset: the connection ends with a reset instead of a close.
        silent: not one byte arrives, the head included.
        chunk: bytes sent at a time when the body drips; 0 sends it whole.
        interval: seconds of line time between two chunks.
    """

    delay: float = 0.0
    cut_after: int | None = None
    reset: bool = False
    silent: bool = False
    chunk: int = 0
    interval: float = 0.0


@dataclass(slots=True)
class Answer:
    """One HTTP answer.

    Attributes:
        cause: why it is what it is, in one word or two, for the journal.
        wire: how its bytes go wrong, if they do.
        then: what happens once it has left.
    """

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    cause: str = "ok"
    wire: Wire | None = None
    then: Callable[[], object] | None = None


def cookies(request: Request) -> dict[str, str]:
    """The cookies that a browser sent; of a repeated name the last."""
    pairs = (part.partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _fields(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise TooManyFieldsError(f"more than {MOST_FIELDS} fields") from error


def _in_memory(*_args: Any, **_kwargs: Any) -> BytesIO:
    """Where a file in a form goes, to be thrown away with the rest; werkzeug's own choice leaves a temporary one."""
    return BytesIO()


def _multipart(body: bytes, content_type: str) -> dict[str, str]:
    from werkzeug.formparser import FormDataParser  # noqa: PLC0415  rare, and not needed to start

    parser = FormDataParser(
        stream_factory=_in_memory,
        max_form_memory_size=len(body),
        max_form_parts=MOST_FIELDS,
        silent=False,
    )
    media_type, _, rest = content_type.partition(";")
    options = {
        key.strip().lower(): value.strip().strip('"') for key, _, value in (p.partition("=") for p in rest.split(";"))
    }
    try:
        _, form, _ = parser.parse(BytesIO(body), media_type.strip().lower(), len(body), options)
    except (ValueError, LookupError) as error:
        raise MalformedFormError(str(error)) from error
    except Exception as error:  # werkzeug's own HTTP exceptions: too large, too many
        raise TooManyFieldsError(str(error)) from error
    return {key: form.getlist(key)[-1] for key in form}
