"""What ActiveCampaign calls accounts, and which contacts belong to them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    Refusal,
    attribute,
    id_text,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.rows import Company, Contact, Membership

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant


class Companies:
    """The endpoints of ``/accounts`` and ``/accountContacts``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._key: object = None
        self._rows: list[Company] = []

    def index(self, call: Call) -> Answer:
        """A page of accounts, those whose name contains ``search=``."""
        word = call.query.get("search", "").casefold()
        key = (self._tenant.changes, word)
        if key != self._key:
            self._rows = [one for one in self._tenant.companies if word in one.name.casefold()]
            self._key = key
        counts = call.query.get("count_deals", "").lower() in {"1", "true"}
        members = Counter(one.account for one in self._tenant.memberships)
        deals = Counter(one.account for one in self._tenant.deals) if counts else None
        found: list[Json] = []
        for one in page(self._rows, call):
            row = self.row(one)
            row["contactCount"] = str(members[one.id])
            if deals is not None:
                row["dealCount"] = str(deals[one.id])
            found.append(row)
        return Answer(200, {"accounts": found, "meta": {"total": str(len(self._rows))}})

    def get(self, call: Call) -> Answer:
        """One account."""
        return Answer(200, {"account": self.row(self._tenant.companies.get(call.id))})

    def create(self, call: Call) -> Answer:
        """A new account; names are unique, letter case does not count (UNCERTAIN)."""
        given = call.wrapped("account")
        name = text_of(given.get("name")).strip()
        if not name:
            raise attribute("The account name was not provided.", "field_missing", "name")
        if name.casefold() in self._tenant.by_name:
            raise _duplicate(name)
        company = self.add(name)
        self._apply(company, given)
        return Answer(201, {"account": self._written(company)})

    def update(self, call: Call) -> Answer:
        """Change an account; another wrapper changes nothing."""
        company = self._tenant.companies.get(call.id)
        given = call.wrapped("account")
        name = text_of(given.get("name")).strip()
        if name:
            if self._tenant.by_name.get(name.casefold(), company.id) != company.id:
                raise _duplicate(name)
            del self._tenant.by_name[company.name.casefold()]
            self._tenant.by_name[name.casefold()] = company.id
            company.name = name
        if given:
            self._apply(company, given)
            company.updated = self._tenant.time()
        return Answer(200, {"account": self._written(company)})

    def delete(self, call: Call) -> Answer:
        """Take an account away; its deals and contacts lose it (UNCERTAIN)."""
        company = self._tenant.companies.get(call.id)
        self._tenant.companies.remove(company.id)
        del self._tenant.by_name[company.name.casefold()]
        for deal in self._tenant.deals:
            if deal.account == company.id:
                deal.account = None
        for member in [one for one in self._tenant.memberships if one.account == company.id]:
            self._tenant.memberships.remove(member.id)
            self._tenant.contacts.rows[member.contact].account = None
        return Answer(200, {})

    def add(self, name: str) -> Company:
        """A new account that is nothing but a name."""
        table, time = self._tenant.companies, self._tenant.time()
        id = table.next_id()
        self._tenant.by_name[name.casefold()] = id
        return table.put(id, Company(id, name, None, 1, time, time))

    def by_name(self, name: str) -> Company | None:
        """The account with this name."""
        return self._tenant.companies.find(self._tenant.by_name.get(name.casefold()))

    def row(self, company: Company) -> Object:
        """An account as reads give it."""
        base = f"https://sandbox.api-us1.com/api/3/accounts/{company.id}"
        return {
            "name": company.name,
            "accountUrl": company.url,
            "owner": str(company.owner),
            "createdTimestamp": self._tenant.local(company.created),
            "updatedTimestamp": self._tenant.local(company.updated),
            "links": {"notes": f"{base}/notes", "accountContacts": f"{base}/accountContacts"},
            "id": str(company.id),
        }

    # --- contacts of accounts

    def members(self, call: Call) -> Answer:
        """Which contact belongs to which account, by ``filters[contact]`` or ``[account]``."""
        contact, account = call.filter("contact"), call.filter("account")
        rows = [
            one
            for one in self._tenant.memberships
            if (contact is None or one.contact == whole(contact))
            and (account is None or one.account == whole(account))
        ]
        found = [self._member_row(one) for one in page(rows, call)]
        return Answer(200, {"accountContacts": [*found], "meta": {"total": str(len(rows))}})

    def join(self, call: Call) -> Answer:
        """Make a contact belong to an account; it can belong to one only."""
        given = call.wrapped("accountContact")
        account = self._related(given.get("account"), "account")
        contact = self._related(given.get("contact"), "contact")
        person = self._tenant.contacts.rows[contact]
        if person.account is not None:
            title = (
                "This contact is already associated with an account. We currently do not "
                "support contacts on multiple accounts."
            )
            raise attribute(title, "field_invalid", "account,contact", plain=True)
        member = self.enter(person, account, text_of(given.get("jobTitle")))
        echoed: Object = {"contact": given["contact"], "account": given["account"]}
        return Answer(201, {"accountContact": {**self._member_row(member), **echoed}})

    def enter(self, person: Contact, account: int, job_title: str = "") -> Membership:
        """Write down that a contact belongs to an account."""
        table, time = self._tenant.memberships, self._tenant.time()
        id = table.next_id()
        person.account = account
        return table.put(id, Membership(id, person.id, account, job_title, time, time))

    # --- inside

    def _related(self, value: Json, name: str) -> int:
        if value is None or value == "":
            raise attribute(f"The {name} attribute was not provided", "field_missing", name)
        table = self._tenant.companies if name == "account" else self._tenant.contacts
        row = table.find(value)
        if row is None:
            raise attribute(f"The related {name} does not exist.", "related_missing", name)
        return row.id

    def _written(self, company: Company) -> Object:
        """The answer to a write: links are an empty list there (documented)."""
        fields: list[Json] = [{**one, "accountId": str(company.id)} for one in company.fields]
        return {**self.row(company), "links": [], "fields": fields}

    def _apply(self, company: Company, given: Object) -> None:
        if "accountUrl" in given:
            company.url = text_of(given["accountUrl"]) or None
        owner = self._tenant.users.find(given.get("owner"))
        company.owner = owner.id if owner else company.owner
        fields = given.get("fields")
        if isinstance(fields, list):
            company.fields = [one for one in fields if isinstance(one, dict)]

    def _member_row(self, member: Membership) -> Object:
        return {
            "account": id_text(member.account),
            "contact": id_text(member.contact),
            "jobTitle": member.job_title,
            "createdTimestamp": self._tenant.local(member.created),
            "updatedTimestamp": self._tenant.local(member.updated),
            "links": {},
            "id": str(member.id),
        }


def _duplicate(name: str) -> Refusal:
    title = f'An account named "{name}" already exists. Please choose a new name.'
    return attribute(title, "duplicate", "name", plain=True)
