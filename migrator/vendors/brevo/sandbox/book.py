"""The contacts of an account: what identifies one, and what values they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.brevo.sandbox.answers import Refusal, invalid
from migrator.vendors.brevo.sandbox.store import Contact
from migrator.vendors.brevo.sandbox.values import is_email, is_phone, moment, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.brevo.sandbox.answers import Json
    from migrator.vendors.brevo.sandbox.store import Instant, Table

DEFAULT_TYPES = {"LASTNAME": "text", "FIRSTNAME": "text", "SMS": "text", "EXT_ID": "text"}


class ContactAttribute(NamedTuple):
    """A field of contacts."""

    category: str
    type: str


class Identity(NamedTuple):
    """What makes a contact the same one; each is unique in the account."""

    email: str | None
    ext_id: str | None
    sms: str | None


class Book:
    """All contacts, found by any part of their identity.

    Attributes:
        attributes: by name, which is in upper case.
    """

    def __init__(self, table: Table[Contact]) -> None:
        self.table = table
        self.attributes = {
            name: ContactAttribute("normal", type) for name, type in DEFAULT_TYPES.items()
        }
        self._emails: dict[str, Contact] = {}
        self._ext_ids: dict[str, Contact] = {}
        self._phones: dict[str, Contact] = {}
        self._last = 0

    def by_email(self, email: str) -> Contact | None:
        """Letter case does not matter."""
        return self._emails.get(email.strip().lower())

    def by_ext_id(self, ext_id: str) -> Contact | None:
        """Letter case matters."""
        return self._ext_ids.get(ext_id)

    def by_phone(self, phone: str) -> Contact | None:
        """With or without the plus sign."""
        return self._phones.get(_digits(phone))

    def holder(self, who: Identity) -> Contact | None:
        """The contact there is; the external id wins, then the e-mail address (help centre)."""
        found = self.by_ext_id(who.ext_id) if who.ext_id else None
        if found is None and who.email:
            found = self.by_email(who.email)
        if found is None and who.sms:
            found = self.by_phone(who.sms)
        return found

    def identity(self, email: Json, ext_id: Json, attributes: Mapping[str, Json]) -> Identity:
        """Who is meant, or a 400 for something that identifies nobody."""
        ext_id = attributes.get("EXT_ID", ext_id)
        sms = attributes.get("SMS")
        if email is not None and not (isinstance(email, str) and is_email(email.strip())):
            raise invalid("email is not valid")
        if not _blank(sms) and not is_phone(str(sms)):
            raise invalid("Invalid phone number")
        return Identity(
            email.strip().lower() if isinstance(email, str) else None,
            str(ext_id) if ext_id else None,
            str(sms) if sms else None,
        )

    def checked(self, attributes: Mapping[str, Json]) -> dict[str, Json]:
        """The values to keep, null = clear.

        Attributes that the account lacks and values of another type are ignored (documented).
        """
        kept: dict[str, Json] = {}
        for name, value in attributes.items():
            attribute = self.attributes.get(name)
            if attribute is None or name in {"EXT_ID", "EMAIL"}:
                continue
            if _blank(value):
                kept[name] = None
            elif (found := _value(attribute.type, value)) is not None:
                kept[name] = found
        return kept

    def free(self, who: Identity, contact: Contact | None) -> None:
        """A 400 when a part of the identity belongs to another contact."""
        holders = {
            "email": self.by_email(who.email) if who.email else None,
            "ext_id": self.by_ext_id(who.ext_id) if who.ext_id else None,
            "SMS": self.by_phone(who.sms) if who.sms else None,
        }
        taken: list[Json] = [
            name for name, holder in holders.items() if holder is not None and holder is not contact
        ]
        if taken:
            first = taken[0]
            raise Refusal(
                400,
                "duplicate_parameter",
                f"Unable to create contact, {first} is already associated with another Contact",
                {"duplicate_identifiers": taken},
            )

    def add(self, who: Identity, values: Mapping[str, Json], at: Instant) -> Contact:
        """Keep a new contact whose identity was found free."""
        self._last += 1
        contact = Contact(self._last, {}, at.epoch, at.epoch)
        self.table.add(contact, at.clock)
        self.change(contact, who, values, at)
        return contact

    def change(
        self, contact: Contact, who: Identity, values: Mapping[str, Json], at: Instant
    ) -> None:
        """Merge checked values and the parts of the identity that are given."""
        self._drop(contact)
        contact.email = who.email or contact.email
        contact.ext_id = who.ext_id or contact.ext_id
        for name, value in values.items():
            if value is None:
                contact.values.pop(name, None)
            else:
                contact.values[name] = value
        contact.updated = at.epoch
        self._keep(contact)
        self.table.changed(contact, at.clock)

    def remove(self, contact: Contact, clock: float) -> None:
        """Delete a contact."""
        self._drop(contact)
        self.table.remove(contact, clock)

    def _keep(self, contact: Contact) -> None:
        if contact.email:
            self._emails[contact.email] = contact
        if contact.ext_id:
            self._ext_ids[contact.ext_id] = contact
        if sms := contact.values.get("SMS"):
            self._phones[_digits(str(sms))] = contact

    def _drop(self, contact: Contact) -> None:
        self._emails.pop(contact.email or "", None)
        self._ext_ids.pop(contact.ext_id or "", None)
        self._phones.pop(_digits(str(contact.values.get("SMS", ""))), None)


def _blank(value: Json) -> bool:
    return value is None or value == ""


def _digits(phone: str) -> str:
    return phone.removeprefix("+").removeprefix("00")


def _value(type: str, value: Json) -> Json:
    """The value as it is kept, None = it is of another type."""
    match type, value:
        case "float", str():
            found: Json = number(value)
        case "float", bool():
            found = None
        case "float", int() | float():
            found = value
        case "boolean", bool():
            found = value
        case "boolean", str():
            found = {"true": True, "yes": True, "false": False, "no": False}.get(value.lower())
        case "date", str():
            found = moment(value, as_written=True)
        case (("text" | "id" | "user"), str() | int() | float()):
            found = value if isinstance(value, str) else str(value)
        case "multiple-choice", list():
            found = value
        case _:
            found = None
    return found
