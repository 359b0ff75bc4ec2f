"""Who may do what: accounts and their profiles. The seed's, and what people made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from .errors import Conflict, InvalidParameter, LimitExceeded, Unknown
from .models import ROOT, Profile, User
from .seed import ADMINISTRATOR, VIEWER, profile, users

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..core.ids import Ids
    from .tables import Tables

MOST_PEOPLE = 1_000
"""Accounts, and profiles; the vendor's own bounds are not known."""

LONGEST_PASSWORD = 200

_T = TypeVar("_T", User, Profile)


class People:
    """Accounts and profiles.

    Args:
        tables: what people changed.
        ids: the seed.
        writes: every action that changes something: a viewer may do none of them.
    """

    def __init__(self, tables: Tables, ids: Ids, writes: Collection[str]) -> None:
        self._tables = tables
        self._ids = ids
        self._writes = ",".join(sorted(writes))
        self.take_seed()

    def take_seed(self) -> None:
        """Be those of the seed as it is now."""
        self.first = users(self._ids)
        seeded = (profile(ADMINISTRATOR, ROOT), profile(VIEWER, ROOT, self._writes))
        self._seed_users = {user.login: user for user in self.first}
        self._seed_profiles = {one.name: one for one in seeded}

    # --- accounts ------------------------------------------------------------------------------------------------

    def user(self, login: str) -> User | None:
        """An account by its login."""
        return self._find("user", login, User) or self._seed_users.get(login)

    def users(self) -> list[User]:
        """Every account."""
        return list((self._seed_users | self._all("user", User)).values())

    def login(self, login: str, password: str) -> User | None:
        """The account that these credentials open."""
        user = self.user(login)
        return user if user is not None and password and user.password == password else None

    def create(self, user: User) -> User:
        """Add an account."""
        if not user.login.strip() or len(user.login) > LONGEST_PASSWORD or ":" in user.login:
            raise InvalidParameter("Parameter 'login' is empty, too long, or holds a colon")
        _check_password(user.password)
        self.profile(user.profile)
        if self.user(user.login) is not None:
            raise Conflict(f"User '{user.login}' exists already")
        self._put("user", user.login, user)
        return user

    def delete(self, login: str) -> None:
        """Take an account away that somebody made."""
        if login in self._seed_users:
            raise Conflict(f"User '{login}' cannot be deleted")
        if self.user(login) is None:
            raise Unknown("user", login)
        self._tables.write("DELETE FROM slv_people WHERE kind = 'user' AND name = ?", login)

    def change_password(self, user: User, previous: str, new: str) -> None:
        """Give an account another password."""
        if previous != user.password:
            raise InvalidParameter("The previous password is wrong")
        _check_password(new)
        self._put("user", user.login, msgspec.structs.replace(user, password=new))

    # --- profiles ------------------------------------------------------------------------------------------------

    def profile(self, name: str) -> Profile:
        """A profile by its name."""
        found = self._find("profil", name, Profile) or self._seed_profiles.get(name)
        if found is None:
            raise Unknown("profil", name)
        return found

    def profiles(self) -> list[Profile]:
        """Every profile."""
        return list((self._seed_profiles | self._all("profil", Profile)).values())

    def create_profile(self, name: str, root: int) -> Profile:
        """Add a profile."""
        if not name.strip() or len(name) > LONGEST_PASSWORD:
            raise InvalidParameter("Parameter 'profilName' is empty or too long")
        if any(one.name == name for one in self.profiles()):
            raise Conflict(f"Profil '{name}' exists already")
        made = profile(name, root)
        self._put("profil", name, made)
        return made

    def update_profile(self, name: str, properties: dict[str, str]) -> None:
        """Change some of a profile's properties."""
        known = self.profile(name)
        merged = known.properties | properties
        if len(merged) > 100 or any(len(key) + len(value) > 20_000 for key, value in properties.items()):
            raise LimitExceeded("A profil has up to 100 properties of 20000 characters")
        self._put("profil", name, Profile(name=name, properties=merged))

    def delete_profile(self, name: str) -> None:
        """Take a profile away that nobody has."""
        self.profile(name)
        if name in self._seed_profiles or any(user.profile == name for user in self.users()):
            raise Conflict(f"Profil '{name}' is in use")
        self._tables.write("DELETE FROM slv_people WHERE kind = 'profil' AND name = ?", name)

    # --- inside --------------------------------------------------------------------------------------------------

    def _find(self, kind: str, name: str, form: type[_T]) -> _T | None:
        row = self._tables.row("SELECT document FROM slv_people WHERE kind = ? AND name = ?", kind, name)
        return None if row is None else msgspec.json.decode(row[0], type=form)

    def _all(self, kind: str, form: type[_T]) -> dict[str, _T]:
        rows = self._tables.rows("SELECT name, document FROM slv_people WHERE kind = ? ORDER BY name", kind)
        return {name: msgspec.json.decode(document, type=form) for name, document in rows}

    def _put(self, kind: str, name: str, document: User | Profile) -> None:
        (count,) = self._tables.rows("SELECT count(*) FROM slv_people WHERE kind = ?", kind)[0]
        if (
            count >= MOST_PEOPLE
            and self._tables.row("SELECT 1 FROM slv_people WHERE kind = ? AND name = ?", kind, name) is None
        ):
            raise LimitExceeded(f"There are {MOST_PEOPLE} of kind {kind} already")
        text = msgspec.json.encode(document).decode()
        self._tables.write("INSERT OR REPLACE INTO slv_people VALUES (?, ?, ?)", kind, name, text)


def _check_password(password: str) -> None:
    if not 1 <= len(password) <= LONGEST_PASSWORD:
        raise InvalidParameter(f"A password has 1 to {LONGEST_PASSWORD} characters")
