"""``userprofile``, ``config`` and ``controller``: who may do what, and what the server says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .. import wire
from ..calls import CONTROLLER, GEOZONE_EITHER, Method, optional, several, text
from ..dates import write_date
from ..errors import InvalidParameter, MissingParameter
from ..models import User
from ..seed import CITY_ZONE
from ..serial import Array

if TYPE_CHECKING:
    from ..calls import Call
    from ..serial import Tree

_PROPERTY = "property."


def _current_user(call: Call) -> Tree:
    return wire.user(call.user)


def _all_users(call: Call) -> Tree:
    return Array("SLVUser", map(wire.user, call.backend.people.users()))


def _create_user(call: Call) -> Tree:
    names = ("login", "password", "email", "phone")
    if any(len(call[name]) > 200 for name in (*names, "firstName", "lastName")):
        raise InvalidParameter("A user's data have up to 200 characters each")
    made = call.backend.people.create(
        User(
            profile=call["profilName"],
            first_name=call["firstName"],
            last_name=call["lastName"],
            **{name: call[name] for name in names},
        )
    )
    return wire.user(made)


def _delete_user(call: Call) -> Tree:
    call.backend.people.delete(call["login"])
    call.backend.sessions.end_all(call["login"])
    return wire.result(None)


def _change_password(call: Call) -> Tree:
    call.backend.people.change_password(call.user, call["previousPassword"], call["newPassword"])
    return "OK"


def _current_profile(call: Call) -> Tree:
    return wire.profile(call.backend.people.profile(call.user.profile))


def _create_profile(call: Call) -> Tree:
    root = call.backend.assets.geozone(call["geozoneId"]).id
    return wire.profile(call.backend.people.create_profile(call["profilName"], root))


def _update_profile(call: Call) -> Tree:
    """The properties' names stand in the names of the parameters (public)."""
    given = {
        name.removeprefix(_PROPERTY): values[-1] for name, values in call.fields.items() if name.startswith(_PROPERTY)
    }
    if not given:
        raise MissingParameter(f"{_PROPERTY}…")
    call.backend.people.update_profile(call["profilName"], given)
    return "OK"


def _delete_profile(call: Call) -> Tree:
    call.backend.people.delete_profile(call["profilName"])
    return wire.result(None)


def _server_properties(call: Call) -> Tree:
    known = {"version": call.version.name, "build": call.version.build}
    wanted = list(dict.fromkeys(call["name"])) or list(known)
    for name in wanted:
        if name not in known:
            raise InvalidParameter(f"Unknown property '{name[:100]}'; there are: {', '.join(known)}")
    return wire.pairs({name: known[name] for name in wanted})


def _system_time(call: Call) -> Tree:
    call.backend.assets.controller(call["controllerStrId"])
    return write_date(call.now, ZoneInfo(CITY_ZONE))


_PROFILE = text("profilName")

METHODS = (
    Method(service="userprofile", name="getCurrentUser", answer="SLVUser", handler=_current_user),
    Method(service="userprofile", name="getAllUsers", answer="SLVUser-array", handler=_all_users),
    Method(
        service="userprofile",
        name="createUser",
        answer="SLVUser",
        handler=_create_user,
        parameters=(
            _PROFILE,
            text("login"),
            text("password"),
            *(optional(name, default="") for name in ("firstName", "lastName", "email", "phone")),
        ),
        writes=True,
    ),
    Method(
        service="userprofile",
        name="deleteUser",
        answer=wire.RESULT,
        handler=_delete_user,
        parameters=(text("login"),),
        writes=True,
    ),
    Method(
        service="userprofile",
        name="changePassword",
        answer="string",
        handler=_change_password,
        parameters=(text("previousPassword"), text("newPassword")),
    ),
    Method(service="userprofile", name="getCurrentProfil", answer="SLVProfil", handler=_current_profile),
    Method(
        service="userprofile",
        name="createProfil",
        answer="SLVProfil",
        handler=_create_profile,
        parameters=(_PROFILE, GEOZONE_EITHER),
        writes=True,
    ),
    Method(
        service="userprofile",
        name="updateProfilProperties",
        answer="string",
        handler=_update_profile,
        parameters=(_PROFILE,),
        writes=True,
    ),
    Method(
        service="userprofile",
        name="deleteProfil",
        answer=wire.RESULT,
        handler=_delete_profile,
        parameters=(_PROFILE,),
        writes=True,
    ),
    Method(
        service="config",
        name="getServerProperties",
        answer=f"{wire.PAIR}-array",
        handler=_server_properties,
        parameters=(several("name", required=False),),
    ),
    Method(
        service="controller",
        name="getSystemTimeStringInLocalTime",
        answer="string",
        handler=_system_time,
        parameters=(CONTROLLER,),
    ),
)
