"""Contacts, companies and users as we use them; see :mod:`.things`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.answers import id_of, text_of
from migrator.vendors.activecampaign.things import instant

if TYPE_CHECKING:
    from datetime import datetime

    from migrator.vendors.activecampaign.answers import Json


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact."""

    id: str
    email: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    updated: datetime | None = None

    def properties(self) -> dict[str, str | None]:
        """Its fields by the API's names."""
        return {
            "email": self.email,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "phone": self.phone,
        }


def read_contact(row: Json) -> Contact | None:
    """A row of ``contacts``; one without an address is of no use to us."""
    id_, email = id_of(row.get("id")), text_of(row.get("email"))
    if id_ is None or email is None:
        return None
    return Contact(
        id_,
        email,
        text_of(row.get("firstName")),
        text_of(row.get("lastName")),
        text_of(row.get("phone")),
        instant(row.get("udate")),
    )


@dataclass(frozen=True, slots=True)
class Company:
    """A company, which ActiveCampaign calls an account."""

    id: str
    name: str
    url: str | None = None
    owner: str | None = None
    updated: datetime | None = None

    def properties(self) -> dict[str, str | None]:
        """Its fields by the API's names."""
        return {"name": self.name, "accountUrl": self.url, "owner": self.owner}


def read_company(row: Json) -> Company | None:
    """A row of ``accounts``."""
    id_, name = id_of(row.get("id")), text_of(row.get("name"))
    if id_ is None or name is None:
        return None
    return Company(
        id_,
        name,
        text_of(row.get("accountUrl")),
        id_of(row.get("owner")),
        instant(row.get("updatedTimestamp")),
    )


@dataclass(frozen=True, slots=True)
class User:
    """A user of the account, who can own deals; ``zone`` is known of the key's own user only."""

    id: str
    email: str
    name: str
    zone: str | None = None


def read_user(row: Json) -> User | None:
    """A row of ``users``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    names = (text_of(row.get(name)) or "" for name in ("firstName", "lastName"))
    full = " ".join(name.strip() for name in names if name.strip())
    zone = text_of(row.get("localZoneid"))
    return User(id_, text_of(row.get("email")) or "", full, zone)


@dataclass(frozen=True, slots=True)
class Import:
    """How far an import of contacts is; ``failed`` are addresses, ``done`` are ids."""

    status: str
    done: tuple[str, ...]
    failed: tuple[str, ...]


def read_import(row: Json) -> Import | None:
    """The answer of ``import/info``."""
    status = text_of(row.get("status"))
    if status is None:
        return None
    done, failed = row.get("success"), row.get("failure")
    return Import(
        status.casefold(),
        tuple(str(item) for item in done) if isinstance(done, list) else (),
        tuple(str(item) for item in failed) if isinstance(failed, list) else (),
    )
