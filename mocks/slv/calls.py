"""What a method is, as data; how its parameters are read; and a call of it.

The two styles of URLs spell some names differently (public): ``getGeozoneDevices`` and ``geozoneId`` in a path,
``getGeoZoneDevices`` and ``geoZoneId`` with a servlet. Names are told apart by case, and unknown parameters are
ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ..core.web.message import FORM
from .dates import read_date
from .errors import InvalidParameter, MissingParameter, TooManyParameters
from .serial import Tree

if TYPE_CHECKING:
    from datetime import tzinfo

    from ..core.web.message import Request
    from .backend import Backend
    from .models import User
    from .settings import Version

MOST_PARAMETERS = 10_000
"""Parameters of one request: what a servlet container reads by default."""

Fields = Mapping[str, Sequence[str]]


class Style(Enum):
    """How a call is addressed."""

    PATH = "path"
    SERVLET = "servlet"


class Type(Enum):
    """What a parameter is; the names are those that ``desc`` gives."""

    TEXT = "string"
    INT = "int"
    FLOAT = "double"
    BOOL = "boolean"
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter.

    Attributes:
        name: in a path.
        type: what it is.
        required: a call without it is refused.
        many: it may be repeated, and is a list.
        default: what it is when it is not given.
        servlet: its name with a servlet, if that differs.
        also: names that are taken as well, because working clients were seen to use them.
    """

    name: str
    type: Type = Type.TEXT
    required: bool = True
    many: bool = False
    default: Any = None
    servlet: str = ""
    also: tuple[str, ...] = ()

    def spelled(self, style: Style) -> tuple[str, ...]:
        """The names that it goes by."""
        name = self.name if style is Style.PATH or not self.servlet else self.servlet
        return (name, *(other for other in self.also if other != name))

    def read(self, fields: Fields, style: Style, zone: tzinfo) -> Any:
        """Its value in a request."""
        names = self.spelled(style)
        given = [text for name in names for text in fields.get(name, ())]
        if not given:
            if self.required:
                raise MissingParameter(names[0])
            return [] if self.many else self.default
        if self.many:
            return [self._one(text, names[0], zone) for text in given]
        return self._one(given[0], names[0], zone)

    def _one(self, text: str, name: str, zone: tzinfo) -> Any:
        try:
            return _READ[self.type](text, zone)
        except ValueError as error:
            raise InvalidParameter(f"Parameter '{name}' is no {self.type.value}: {text[:100]!r} ({error})") from None


def text(name: str, **more: Any) -> Parameter:
    """A parameter that is a text."""
    return Parameter(name=name, **more)


def optional(name: str, kind: Type = Type.TEXT, default: Any = None, **more: Any) -> Parameter:
    """A parameter that may be left out."""
    return Parameter(name=name, type=kind, required=False, default=default, **more)


def number(name: str, **more: Any) -> Parameter:
    """A parameter that is a whole number."""
    return Parameter(name=name, type=Type.INT, **more)


def several(name: str, kind: Type = Type.TEXT, *, required: bool = True) -> Parameter:
    """A parameter that may be repeated."""
    return Parameter(name=name, type=kind, many=True, required=required)


def flag(name: str, *, default: bool = False) -> Parameter:
    """A parameter that is true or false."""
    return optional(name, Type.BOOL, default)


CONTROLLER = text("controllerStrId")
ON_CONTROLLER = text("idOnController")
KEY = (CONTROLLER, ON_CONTROLLER)
GEOZONE = number("geozoneId", servlet="geoZoneId")
GEOZONE_EITHER = number("geozoneId", servlet="geoZoneId", also=("geoZoneId",))
RECURSE = flag("recurse")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may be carried out.

    Attributes:
        backend: who knows.
        version: of the server.
        user: who calls.
        arguments: by the parameters' names in a path.
        fields: all that was given, for methods whose parameters' names are data.
        body: of a POST that is no form.
        zone: of dates.
    """

    backend: Backend
    version: Version
    user: User
    arguments: Mapping[str, Any]
    fields: Fields
    body: str
    zone: tzinfo

    def __getitem__(self, name: str) -> Any:
        """An argument."""
        return self.arguments[name]

    @property
    def now(self) -> int:
        """Whole seconds since 1970."""
        return self.backend.now


Handler = Callable[[Call], Tree]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of a service.

    Attributes:
        service: as in a path.
        name: as in a path.
        answer: the name of the XML root, which is the class of what it answers.
        handler: what it does.
        parameters: what it takes.
        writes: it changes something.
        also: names that it goes by in a path as well.
    """

    service: str
    name: str
    answer: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    writes: bool = False
    also: tuple[str, ...] = ()

    @property
    def servlet(self) -> str:
        """Its name with a servlet."""
        return self.name.replace("Geozone", "GeoZone")

    @property
    def operation(self) -> str:
        """Its name in journals and faults, the same in both styles."""
        return f"{self.service}/{self.name}"

    @property
    def action(self) -> str:
        """Its name where a profile blocks it (public)."""
        return f"{SERVLETS[self.service]}!{self.servlet}"

    def read(self, fields: Fields, style: Style, zone: tzinfo) -> dict[str, Any]:
        """The arguments in a request."""
        return {one.name: one.read(fields, style, zone) for one in self.parameters}


SERVLETS: dict[str, str] = {
    name.lower(): f"SLV{name}API"
    for name in (
        "Asset",
        "AssetManagement",
        "UserProfile",
        "Logging",
        "LoggingManagement",
        "Batch",
        "ControllerManagement",
        "MonitoringManagement",
        "Dimming",
        "DimmingScheduler",
        "Controller",
        "AlarmManagement",
        "Alarm",
        "WorkOrder",
        "Reporting",
        "Config",
    )
}
"""The services, by their names in a path, and the servlet of each. ``alarm`` and ``workorder`` are our names."""


def fields_of(request: Request) -> tuple[dict[str, list[str]], str]:
    """All parameters of a request, those of the query before those of a form; and the body where it is no form.

    Raises:
        TooManyParameters: There are more than a servlet container reads.
    """
    body = request.body.decode("utf-8", "replace") if request.body else ""
    is_form = request.media_type == FORM
    try:
        given = _pairs(request.query) + (_pairs(body) if is_form else [])
    except ValueError:
        raise TooManyParameters from None
    if len(given) > MOST_PARAMETERS:
        raise TooManyParameters
    found: dict[str, list[str]] = {}
    for name, value in given:
        found.setdefault(name, []).append(value)
    return found, "" if is_form else body


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS) if text else []


def _read_int(text: str, _zone: tzinfo) -> int:
    if not text.removeprefix("-").isdigit() or not text.isascii() or len(text) > 19:
        raise ValueError("not a whole number")
    return int(text)


def _read_float(text: str, _zone: tzinfo) -> float:
    found = float(text)
    if found != found or abs(found) > 1e15:  # noqa: PLR0124  NaN is not itself
        raise ValueError("not a number")
    return found


def _read_bool(text: str, _zone: tzinfo) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


_READ: dict[Type, Callable[[str, tzinfo], Any]] = {
    Type.TEXT: lambda text, _: text,
    Type.INT: _read_int,
    Type.FLOAT: _read_float,
    Type.BOOL: _read_bool,
    Type.DATE: read_date,
}
