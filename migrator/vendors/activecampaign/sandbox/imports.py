"""The bulk import of contacts: queued now, carried out later."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from migrator.vendors.activecampaign.sandbox.answers import Answer, not_imported, text_of
from migrator.vendors.activecampaign.sandbox.contacts import is_email

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.companies import Companies
    from migrator.vendors.activecampaign.sandbox.contacts import Contacts
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

MOST_CONTACTS = 250
MOST_BYTES = 400_000
PER_MINUTE = 100
SINGLE_PER_MINUTE = 20
"""Imports per minute, and those among them that hold a single contact."""


@dataclass(slots=True)
class Batch:
    """One import; it has run once ``done`` holds what became of it."""

    id: str
    contacts: list[Object]
    due: float
    day: str
    done: bool = False
    success: list[Json] = field(default_factory=list)
    failure: list[Json] = field(default_factory=list)


class Imports:
    """The endpoints of ``/import``."""

    def __init__(self, tenant: Tenant, contacts: Contacts, companies: Companies) -> None:
        self._tenant = tenant
        self._contacts = contacts
        self._companies = companies
        self._batches: dict[str, Batch] = {}
        self._waiting: deque[Batch] = deque()
        self._recent: deque[tuple[float, bool]] = deque()

    def create(self, call: Call) -> Answer:
        """Queue an import. One bad contact rejects all, and a rate limit is a 400."""
        listed = call.body.get("contacts") if isinstance(call.body, dict) else None
        if not isinstance(listed, list) or not listed:
            raise _invalid("Field 'contacts' is required")
        self._limit(single=len(listed) == 1)
        if call.size > MOST_BYTES:
            raise _invalid(f"The payload exceeds {MOST_BYTES} bytes")
        if len(listed) > MOST_CONTACTS:
            raise _invalid(f"No more than {MOST_CONTACTS} contacts per request")
        contacts = [one if isinstance(one, dict) else {} for one in listed]
        reasons: list[Json] = [
            {"contact": number, "failureReason": f"Field 'email' {reason}"}
            for number, one in enumerate(contacts)
            if (reason := _wrong(one))
        ]
        if reasons:
            raise _invalid(*reasons)
        id = str(UUID(int=self._tenant.random.getrandbits(128), version=4))
        due = self._tenant.clock() + self._tenant.options.import_delay
        day = self._tenant.naive(self._tenant.time())[:10]
        batch = Batch(id, contacts, due, day)
        self._batches[id] = batch
        self._waiting.append(batch)
        body: Object = {
            "Success": 1,
            "queued_contacts": len(contacts),
            "batchId": id,
            "message": "Contact import queued",
        }
        return Answer(200, body)

    def info(self, call: Call) -> Answer:
        """What became of one import: ids without addresses, and addresses without ids."""
        id = call.query.get("batchId")
        if not id:
            raise not_imported("'batchId' is a required field.")
        batch = self._batches.get(id)
        if batch is None:
            raise not_imported("The batch was not found.")
        status = "completed" if batch.done else "waiting"
        return Answer(200, {"status": status, "success": batch.success, "failure": batch.failure})

    def index(self, _: Call) -> Answer:
        """How many imports wait, and how many have run, per day."""
        return Answer(
            200,
            {
                "outstanding": self._per_day(done=False),
                "recentlyCompleted": self._per_day(done=True),
            },
        )

    def run_due(self) -> None:
        """Carry out what is due by now."""
        while self._waiting and self._waiting[0].due <= self._tenant.clock():
            self._run(self._waiting.popleft())
            self._tenant.changes += 1

    def _run(self, batch: Batch) -> None:
        failing = {one.casefold() for one in self._tenant.options.import_failures}
        for given in batch.contacts:
            email = text_of(given["email"]).strip()
            if email.casefold() in failing:
                batch.failure.append(email)
            else:
                batch.success.append(str(self._take(email, given)))
        batch.done = True

    def _take(self, email: str, given: Object) -> int:
        """Create or update one contact; its id."""
        contact = self._contacts.by_email(email) or self._contacts.add(email)
        for name in ("first_name", "last_name", "phone"):
            if given.get(name) is not None:
                setattr(contact, name, text_of(given[name]))
        for one in _listed(given, "fields"):
            if not isinstance(one, dict):
                continue
            known = self._tenant.contact_fields.find(one.get("id"))
            if known is not None:
                contact.values[known.id] = text_of(one.get("value"))
        for tag in _listed(given, "tags"):
            self._contacts.tag(contact, text_of(tag))
        name = text_of(given.get("customer_acct_name")).strip()
        if name and contact.account is None:
            company = self._companies.by_name(name) or self._companies.add(name)
            self._companies.enter(contact, company.id)
        contact.updated = self._tenant.time()
        return contact.id

    def _limit(self, *, single: bool) -> None:
        now = self._tenant.clock()
        while self._recent and self._recent[0][0] <= now - 60:
            self._recent.popleft()
        singles = sum(one for _, one in self._recent)
        most = len(self._recent) >= PER_MINUTE
        if self._tenant.options.limits and (most or (single and singles >= SINGLE_PER_MINUTE)):
            allowed = PER_MINUTE if most else SINGLE_PER_MINUTE
            reason = f"Up to {allowed} imports may be requested per minute."
            raise not_imported("Rate limit exceeded.", [reason])
        self._recent.append((now, single))

    def _per_day(self, *, done: bool) -> list[Json]:
        days: dict[str, list[int]] = {}
        for batch in self._batches.values():
            if batch.done == done:
                count = days.setdefault(batch.day, [0, 0])
                count[0] += 1
                count[1] += len(batch.contacts)
        return [
            {"forDate": day, "batches": str(batches), "contacts": str(contacts)}
            for day, (batches, contacts) in days.items()
        ]


def _listed(given: Object, name: str) -> list[Json]:
    found = given.get(name)
    return found if isinstance(found, list) else []


def _wrong(contact: Object) -> str:
    """What is wrong with the address of a contact, if anything."""
    email = contact.get("email")
    if not isinstance(email, str) or not email.strip():
        return "is required"
    return "" if is_email(email.strip()) else "incorrect format"


def _invalid(*reasons: Json) -> Exception:
    message = (
        "JSON payload did not pass validation. Please fix failure Reasons and retry. "
        "The import was not queued for processing."
    )
    return not_imported(message, reasons)
