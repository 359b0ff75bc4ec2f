"""Devices from CSV: one row each, told apart by controller and id. A row that makes no sense spoils no other.

The columns are inferred. ``controllerStrId`` and ``idOnController`` there must be; there may be ``userName``,
``categoryStrId``, ``geoZoneId``, ``lat``, ``lng``, ``nodeTypeStrId``, and any name of a property. Commas or
semicolons part them.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from .assets import DEFAULT_WATTS, check_property
from .errors import InvalidParameter, LimitExceeded, Refusal
from .models import CONTROLLER, METER, ROOT, STREETLIGHT, Device
from .values import VALUES, Kind

if TYPE_CHECKING:
    from .assets import Assets

MOST_ROWS = 20_000
MOST_COLUMNS = 100
_MOST_TOLD = 20

CONTROLLER_ID, ID, NAME, CATEGORY, GEOZONE, LAT, LNG, NODE = (
    "controllerStrId",
    "idOnController",
    "userName",
    "categoryStrId",
    "geoZoneId",
    "lat",
    "lng",
    "nodeTypeStrId",
)
_NAMED = (CONTROLLER_ID, ID, NAME, CATEGORY, GEOZONE, LAT, LNG, NODE)


def read(text: str) -> dict[str, Any]:
    """Columns and rows of a CSV file, with the line of each row.

    Raises:
        InvalidParameter: It is no CSV file with such columns.
        LimitExceeded: It is too long.
    """
    head = text.lstrip("\ufeff").partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=";" if ";" in head else ",", strict=True
    )
    try:
        columns = [name.strip() for name in next(reader, list[str]())]
        if CONTROLLER_ID not in columns or ID not in columns:
            raise InvalidParameter(f"The file's first line does not name the columns {CONTROLLER_ID} and {ID}")
        if len(columns) > MOST_COLUMNS or len(set(columns)) != len(columns):
            raise InvalidParameter("The file names too many columns, or one twice")
        for name in columns:
            if name not in _NAMED and (name not in VALUES or VALUES[name].kind is not Kind.PROPERTY):
                raise InvalidParameter(f"The file names the column '{name[:100]}', which no device has")
        rows: list[list[Any]] = []
        for row in reader:
            if row:
                rows.append([reader.line_num, *row])
            if len(rows) > MOST_ROWS:
                raise LimitExceeded(f"The file has more than {MOST_ROWS} rows")
    except csv.Error as error:
        raise InvalidParameter(f"The file cannot be read: {error}") from None
    return {"columns": columns, "rows": rows}


def carry_out(assets: Assets, file: dict[str, Any], at: int) -> str | None:
    """Create or change what a file says; returns what was wrong with it, or None."""
    columns: list[str] = file["columns"]
    problems: list[str] = []
    for line, *cells in file["rows"]:
        try:
            if len(cells) != len(columns):
                raise InvalidParameter(f"{len(cells)} cells for {len(columns)} columns")
            given = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if cell.strip()}
            _take(assets, given, at)
        except Refusal as refusal:
            problems.append(f"line {line}: {refusal}")
    if not problems:
        return None
    more = f"; and {len(problems) - _MOST_TOLD} more" if len(problems) > _MOST_TOLD else ""
    return "; ".join(problems[:_MOST_TOLD]) + more


def _take(assets: Assets, given: dict[str, str], at: int) -> None:
    properties = {name: value for name, value in given.items() if name in VALUES}
    for name, value in properties.items():
        check_property(name, value)
    device = assets.find(given.get(CONTROLLER_ID, ""), given.get(ID, ""))
    if device is None:
        device = assets.create_device(new_device(given, at))
    for name, value in properties.items():
        assets.set_property(device, name, value)


def new_device(given: dict[str, str], at: int) -> Device:
    """A device that somebody describes, by the names of the parameters of ``createCategoryDevice``."""
    category = given.get(CATEGORY, STREETLIGHT)
    if category not in (STREETLIGHT, CONTROLLER, METER):
        raise InvalidParameter(f"Unknown category '{category[:100]}'")
    lat, lng = _degrees(given.get(LAT, ""), LAT, 90), _degrees(given.get(LNG, ""), LNG, 180)
    geozone = given.get(GEOZONE, str(ROOT))
    if not geozone.isascii() or not geozone.isdigit() or len(geozone) > 15:
        raise InvalidParameter(f"Parameter '{GEOZONE}' is not a number")
    light = category == STREETLIGHT
    return Device(
        id=0,
        name=given.get(NAME) or given.get(ID, ""),
        category=category,
        controller=given.get(CONTROLLER_ID, ""),
        on_controller=given.get(ID, ""),
        geozone=int(geozone),
        lat=lat,
        lng=lng,
        node_type=given.get(NODE),
        watts=DEFAULT_WATTS if light else 0,
        installed=at,
        properties={"installStatus": "To be installed"} if light else {},
    )


def _degrees(text: str, name: str, most: int) -> float:
    try:
        degrees = float(text)
    except ValueError:
        raise InvalidParameter(f"Parameter '{name}' is missing or not a number") from None
    if not -most <= degrees <= most:
        raise InvalidParameter(f"Parameter '{name}' lies between -{most} and {most}")
    return degrees
