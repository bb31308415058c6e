"""The users of an account by what a file calls them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.errors import did_you_mean
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.model import Owner


class Owners:
    """Users by e-mail address, else by full name.

    Args:
        owners: active ones and those who were deactivated, where the vendor shows them.
        ids: whether an id is understood too. Where ids are small numbers, the one of somebody in
            the source would be somebody else here.
    """

    def __init__(self, owners: Iterable[Owner], *, ids: bool = False) -> None:
        # Active ones last, so that of two users of one name or address the active one stays.
        ordered = sorted(owners, key=lambda owner: owner.active)
        shared = Counter(folded(owner.name) for owner in ordered if owner.active)
        self._named: dict[str, Owner | None] = {}
        """Folded id, name or address to user; None = several active ones are called so."""
        if ids:
            self._named.update((folded(owner.id), owner) for owner in ordered)
        for owner in ordered:
            if owner.name:
                name = folded(owner.name)
                self._named[name] = owner if shared[name] < 2 else None
        self._named.update((folded(owner.email), owner) for owner in ordered if owner.email)
        active = [owner for owner in ordered if owner.active]
        self._known = [owner.email for owner in active if owner.email]
        self._known += [owner.name for owner in active if owner.name]
        has_names = any(owner.name for owner in ordered)
        self._user = "user" if has_names else "user with the e-mail address"

    def id(self, name: str) -> str:
        """The id of an active user."""
        wanted = folded(name)
        owner = self._named.get(wanted)
        if owner is None and wanted in self._named:
            message = f'Several users are called "{name}": use the e-mail address.'
            raise BadValue("ambiguous_owner", message)
        if owner is None:
            near = did_you_mean(name, self._known)
            raise BadValue("unknown_owner", f'The account has no {self._user} "{name}".{near}')
        if not owner.active:
            message = f'The user "{name}" was deactivated and can own nothing.'
            raise BadValue("inactive_owner", message)
        return owner.id
