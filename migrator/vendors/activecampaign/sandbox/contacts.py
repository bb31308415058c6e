"""Contacts, their custom fields and their tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    Refusal,
    attribute,
    bare,
    id_text,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.rows import Contact, ContactField, Tag
from migrator.vendors.activecampaign.sandbox.values import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NAMES = {"firstName": "first_name", "lastName": "last_name", "phone": "phone"}
_SORTS = {"id": "id", "email": "email", "cdate": "created"}

_DULL: dict[str, Any] = {
    "orgid": "0",
    "orgname": "",
    "segmentio_id": "",
    "bounced_hard": "0",
    "bounced_soft": "0",
    "bounced_date": "0000-00-00",
    "ip": "0",
    "ua": "",
    "socialdata_lastcheck": "0000-00-00 00:00:00",
    "email_local": "",
    "email_domain": "",
    "sentcnt": "0",
    "rating_tstamp": "0000-00-00",
    "gravatar": "0",
    "deleted": "0",
    "anonymized": "0",
    "deleted_at": "0000-00-00 00:00:00",
    "created_by": "0",
    "updated_by": "0",
    "email_empty": False,
    "mpp_tracking": "0",
}
"""What answers carry of every contact and nobody here can change."""


def is_email(text: str) -> bool:
    """Whether a text may be the address of a contact."""
    return bool(_EMAIL.fullmatch(text))


class Contacts:
    """The endpoints of ``/contacts`` and ``/contact/sync``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._key: object = None
        self._rows: list[Contact] = []

    def index(self, call: Call) -> Answer:
        """A page of contacts in the order of ids, unless another one is asked for."""
        asked = tuple(one for one in call.query.multi_items() if one[0] not in {"limit", "offset"})
        key = (self._tenant.changes, asked)
        if key != self._key:
            self._rows, self._key = self._select(call), key
        found = [self.row(one) for one in page(self._rows, call)]
        total = str(len(self._rows))
        return Answer(200, {"scoreValues": [], "contacts": [*found], "meta": {"total": total}})

    def get(self, call: Call) -> Answer:
        """One contact, with what hangs on it."""
        contact = self._tenant.contacts.get(call.id)
        values = self._values(contact)
        body: Object = {
            "contactAutomations": [],
            "contactLists": [],
            "deals": [
                {"id": str(deal.id), "title": deal.title, "contact": str(contact.id)}
                for id in contact.deals
                for deal in (self._tenant.deals.rows[id],)
            ],
            "fieldValues": [*values],
            "geoAddresses": [],
            "geoIps": [],
            "contact": {
                **self.row(contact),
                "fieldValues": [one["id"] for one in values],
                "deals": [str(id) for id in contact.deals],
            },
        }
        return Answer(200, body)

    def create(self, call: Call) -> Answer:
        """A new contact; an address that is there already is a 422."""
        given = call.wrapped("contact")
        email = self._email(given)
        if email.casefold() in self._tenant.by_email:
            raise _duplicate()
        contact = self.add(email)
        self._apply(contact, given)
        return Answer(201, self._written(contact))

    def sync(self, call: Call) -> Answer:
        """Create or update by address: 201 or 200. The only upsert there is."""
        given = call.wrapped("contact")
        email = given.get("email")
        if not isinstance(email, str) or not is_email(email):
            raise bare()
        contact = self.by_email(email)
        status = 200 if contact else 201
        contact = contact or self.add(email)
        self._apply(contact, given)
        return Answer(status, self._written(contact))

    def update(self, call: Call) -> Answer:
        """Change a contact; another wrapper changes nothing."""
        contact = self._tenant.contacts.get(call.id)
        given = call.wrapped("contact")
        if "email" in given:
            email = self._email(given)
            if self._tenant.by_email.get(email.casefold(), contact.id) != contact.id:
                raise _duplicate()
            del self._tenant.by_email[contact.email.casefold()]
            self._tenant.by_email[email.casefold()] = contact.id
            contact.email = email
        if given:
            self._apply(contact, given)
        return Answer(200, self._written(contact))

    def delete(self, call: Call) -> Answer:
        """Take a contact away; deals that stay keep its id (UNCERTAIN)."""
        contact = self._tenant.contacts.find(call.id)
        if contact is None:
            raise Refusal(404, {"message": f"No result found for contact with id {call.id}"})
        self._tenant.contacts.remove(contact.id)
        del self._tenant.by_email[contact.email.casefold()]
        for one in [row for row in self._tenant.secondary if row.contact == contact.id]:
            self._tenant.secondary.remove(one.id)
            self._tenant.deals.rows[one.deal].secondary.pop(contact.id)
        for member in [row for row in self._tenant.memberships if row.contact == contact.id]:
            self._tenant.memberships.remove(member.id)
        return Answer(200, {})

    def by_email(self, email: str) -> Contact | None:
        """The contact with this address; letter case does not matter."""
        return self._tenant.contacts.find(self._tenant.by_email.get(email.casefold()))

    def add(self, email: str) -> Contact:
        """A new contact that is nothing but an address."""
        table, time = self._tenant.contacts, self._tenant.time()
        id = table.next_id()
        contact = Contact(id, email, "", "", "", self._tenant.token(32), time, time)
        self._tenant.by_email[email.casefold()] = id
        return table.put(id, contact)

    def tag(self, contact: Contact, name: str) -> None:
        """Give a contact a tag, which is made if need be."""
        table = self._tenant.tags
        found = next((one for one in table if one.name.casefold() == name.casefold()), None)
        if found is None:
            id = table.next_id()
            found = table.put(id, Tag(id, name, self._tenant.time()))
        contact.tags[found.id] = None

    def row(self, contact: Contact) -> Object:
        """A contact as reads give it."""
        created, updated = self._tenant.local(contact.created), self._tenant.local(contact.updated)
        base = f"https://sandbox.api-us1.com/api/3/contacts/{contact.id}"
        return {
            **_DULL,
            "cdate": created,
            "email": contact.email,
            "phone": contact.phone,
            "firstName": contact.first_name,
            "lastName": contact.last_name,
            "hash": contact.hash,
            "udate": updated,
            "links": {
                "contactData": f"{base}/contactData",
                "contactDeals": f"{base}/contactDeals",
                "deals": f"{base}/deals",
                "fieldValues": f"{base}/fieldValues",
                "accountContacts": f"{base}/accountContacts",
            },
            "id": str(contact.id),
            "organization": id_text(contact.account),
        }

    def _select(self, call: Call) -> list[Contact]:
        query = call.query
        email = query.get("email")
        if email:
            found = self.by_email(email)
            rows = [found] if found else []
        else:
            rows = list(self._tenant.contacts)
        for test in self._tests(call):
            rows = [one for one in rows if test(one)]
        for order, descending in reversed(call.orders()):
            name = _SORTS.get(order)
            if name is not None and (name != "id" or descending):
                rows.sort(key=lambda one, name=name: getattr(one, name), reverse=descending)  # type: ignore[misc]
        return rows

    def _tests(self, call: Call) -> list[Callable[[Contact], bool]]:
        """The documented filters of contacts; others are ignored without a word."""
        query = call.query
        tests: list[Callable[[Contact], bool]] = []
        if "ids" in query or "ids[]" in query:
            ids = _ids(query.get_list("ids") + query.get_list("ids[]"))
            tests.append(lambda one: one.id in ids)
        tests += [
            _contains(word, only_email=name == "email_like")
            for name in ("search", "email_like")
            if (word := query.get(name, "").casefold())
        ]
        after, before = whole(query.get("id_greater")), whole(query.get("id_less"))
        if after is not None:
            tests.append(lambda one: one.id > after)
        if before is not None:
            tests.append(lambda one: one.id < before)
        tag = whole(query.get("tagid"))
        if tag:
            tests.append(lambda one: tag in one.tags)
        for prefix in ("created", "updated"):
            since = moment(call.filter(f"{prefix}_after"), self._tenant.zone)
            until = moment(call.filter(f"{prefix}_before"), self._tenant.zone)
            if since is not None or until is not None:
                tests.append(_between(prefix, since, until))
        return tests

    def _email(self, given: Object) -> str:
        email = given.get("email")
        if not isinstance(email, str) or not email.strip():
            raise attribute("The contact email was not provided.", "field_missing", "email")
        if not is_email(email.strip()):
            raise attribute("Email address is invalid.", "field_invalid", "email")
        return email.strip()

    def _apply(self, contact: Contact, given: Object) -> None:
        for name, stored in _NAMES.items():
            if given.get(name) is not None:
                setattr(contact, stored, text_of(given[name]))
        values = given.get("fieldValues")
        for one in values if isinstance(values, list) else []:
            if not isinstance(one, dict):
                continue
            field = self._tenant.contact_fields.find(one.get("field"))
            if field is not None:
                contact.values[field.id] = text_of(one.get("value"))
        contact.updated = self._tenant.time()

    def _written(self, contact: Contact) -> Object:
        values = self._values(contact)
        ids: list[Json] = [one["id"] for one in values]
        return {"fieldValues": [*values], "contact": {**self.row(contact), "fieldValues": ids}}

    def _values(self, contact: Contact) -> list[Object]:
        time = self._tenant.local(contact.updated)
        return [
            {
                "contact": str(contact.id),
                "field": str(field),
                "value": value,
                "cdate": time,
                "udate": time,
                # One id per contact and field, as long as there are fewer than 1,000 fields.
                "id": str(contact.id * 1000 + field),
                "owner": str(contact.id),
            }
            for field, value in contact.values.items()
        ]


class ContactFields:
    """The endpoints of ``/fields`` and ``/tags``, which are only read here."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def index(self, call: Call) -> Answer:
        """All fields of contacts."""
        rows = list(self._tenant.contact_fields)
        found = [self._row(one) for one in page(rows, call, 100)]
        meta: Object = {"total": str(len(rows))}
        return Answer(200, {"fieldOptions": [], "fieldRels": [], "fields": [*found], "meta": meta})

    def get(self, call: Call) -> Answer:
        """One field."""
        return Answer(200, {"field": self._row(self._tenant.contact_fields.get(call.id))})

    def tags(self, call: Call) -> Answer:
        """All tags, or those that contain ``search=``."""
        word = call.query.get("search", "").casefold()
        rows = [one for one in self._tenant.tags if word in one.name.casefold()]
        found: list[Json] = [
            {
                "tagType": "contact",
                "tag": one.name,
                "description": "",
                "cdate": self._tenant.local(one.created),
                "id": str(one.id),
            }
            for one in page(rows, call)
        ]
        return Answer(200, {"tags": found, "meta": {"total": str(len(rows))}})

    def _row(self, field: ContactField) -> Object:
        time = self._tenant.local(field.created)
        return {
            "title": field.title,
            "descript": None,
            "type": field.type,
            "isrequired": "0",
            "perstag": field.tag,
            "defval": None,
            "visible": "1",
            "ordernum": str(field.id),
            "cdate": time,
            "udate": time,
            "options": [*field.options],
            "relations": [],
            "id": str(field.id),
        }


def _ids(texts: list[str]) -> set[int]:
    found = (whole(part.strip()) for text in texts for part in text.split(","))
    return {one for one in found if one is not None}


def _contains(word: str, *, only_email: bool) -> Callable[[Contact], bool]:
    if only_email:
        return lambda one: word in one.email.casefold()
    return lambda one: word in f"{one.email} {one.first_name} {one.last_name}".casefold()


def _between(prefix: str, since: float | None, until: float | None) -> Callable[[Contact], bool]:
    def test(one: Contact) -> bool:
        time = one.created if prefix == "created" else one.updated
        return (since is None or time >= since) and (until is None or time < until)

    return test


def _duplicate() -> Refusal:
    return attribute("Email address already exists in the system", "duplicate", "email")
