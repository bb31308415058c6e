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
    created: datetime | None = None

    def properties(self) -> dict[str, str | None]:
        """Its fields by the API's names."""
        return {
            "email": self.email or None,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "phone": self.phone,
            "cdate": self.created.isoformat() if self.created else None,
        }


def read_contact(row: Json) -> Contact | None:
    """A row of ``contacts``; the address of one who has none is blank."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    return Contact(
        id_,
        text_of(row.get("email")) or "",
        text_of(row.get("firstName")),
        text_of(row.get("lastName")),
        text_of(row.get("phone")),
        instant(row.get("udate")),
        instant(row.get("cdate")),
    )


@dataclass(frozen=True, slots=True)
class Company:
    """A company, which ActiveCampaign calls an account."""

    id: str
    name: str
    url: str | None = None
    owner: str | None = None
    updated: datetime | None = None
    created: datetime | None = None

    def properties(self) -> dict[str, str | None]:
        """Its fields by the API's names."""
        return {
            "name": self.name,
            "accountUrl": self.url,
            "owner": self.owner,
            "createdTimestamp": self.created.isoformat() if self.created else None,
        }


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
        instant(row.get("createdTimestamp")),
    )


@dataclass(frozen=True, slots=True)
class Works:
    """That a contact belongs to a company: a contact has one at most."""

    id: str
    contact: str
    company: str


def read_works(row: Json) -> Works | None:
    """A row of ``accountContacts``."""
    id_, contact, company = (id_of(row.get(name)) for name in ("id", "contact", "account"))
    if id_ is None or contact is None or company is None:
        return None
    return Works(id_, contact, company)


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
