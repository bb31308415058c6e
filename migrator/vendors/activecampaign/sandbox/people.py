"""Secondary contacts of deals (``contactDeals``) and their roles; users and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    attribute,
    bare,
    id_text,
    no_result,
    text_of,
)
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.rows import Role, Secondary, User

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.contacts import Contacts
    from migrator.vendors.activecampaign.sandbox.deals import Deals
    from migrator.vendors.activecampaign.sandbox.rows import Contact, Deal
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant


class SecondaryContacts:
    """The endpoints of ``/contactDeals``; the primary contact stands on the deal itself."""

    def __init__(self, tenant: Tenant, deals: Deals, contacts: Contacts) -> None:
        self._tenant = tenant
        self._deals = deals
        self._contacts = contacts

    def index(self, call: Call) -> Answer:
        """A page of all secondary contacts."""
        rows = list(self._tenant.secondary)
        found = [self._row(one) for one in page(rows, call)]
        return Answer(200, {"contactDeals": [*found], "meta": {"total": str(len(rows))}})

    def of_deal(self, call: Call) -> Answer:
        """Those of one deal, by the deal's own link; all on one page (UNCERTAIN)."""
        deal = self._tenant.deals.get(call.id)
        rows = [self._tenant.secondary.rows[id] for id in deal.secondary.values()]
        return Answer(200, {"contactDeals": [self._row(one) for one in rows]})

    def of_contact(self, call: Call) -> Answer:
        """The deals that a contact is a secondary one of."""
        contact = self._tenant.contacts.get(call.id)
        rows = [one for one in self._tenant.secondary if one.contact == contact.id]
        found = page(rows, call)
        deals = self._tenant.deals.rows
        body: Object = {
            "contacts": [self._contacts.row(contact)] if found else [],
            "deals": [self._deals.row(deals[one.deal]) for one in found],
            "contactDeals": [self._row(one) for one in found],
        }
        return Answer(200, body)

    def get(self, call: Call) -> Answer:
        """One secondary contact."""
        return Answer(200, {"contactDeal": self._row(self._tenant.secondary.get(call.id))})

    def create(self, call: Call) -> Answer:
        """A secondary contact of a deal; a role can only be given afterwards (documented)."""
        given = call.wrapped("contactDeal")
        contact = self._contact(given.get("contact"))
        deal = self._deal(given.get("deal"))
        _forbid_second(deal, contact)
        table, time = self._tenant.secondary, self._tenant.time()
        id = table.next_id()
        row = table.put(id, Secondary(id, deal.id, contact.id, None, time))
        deal.secondary[contact.id] = id
        self._touch(deal)
        return self._written(row, deal, given, "contact", "deal")

    def update(self, call: Call) -> Answer:
        """Change the role, the contact or the deal; another wrapper changes nothing."""
        row = self._tenant.secondary.get(call.id)
        given = call.wrapped("contactDeal")
        contact = self._contact(given["contact"]) if "contact" in given else None
        deal = self._deal(given["deal"]) if "deal" in given else self._tenant.deals.rows[row.deal]
        role = self._tenant.roles.find(given.get("role"))
        if given.get("role") is not None and role is None:
            raise attribute("The related role does not exist.", "related_missing", "role")
        person = contact or self._tenant.contacts.rows[row.contact]
        if (deal.id, person.id) != (row.deal, row.contact):
            _forbid_second(deal, person)
            self._tenant.deals.rows[row.deal].secondary.pop(row.contact)
            deal.secondary[person.id] = row.id
            row.deal, row.contact = deal.id, person.id
        row.role = role.id if role else row.role
        return self._written(row, deal, given, "contact", "deal", "role")

    def delete(self, call: Call) -> Answer:
        """Take a secondary contact away from its deal."""
        row = self._tenant.secondary.get(call.id)
        self._tenant.secondary.remove(row.id)
        deal = self._tenant.deals.rows[row.deal]
        deal.secondary.pop(row.contact)
        self._touch(deal)
        return Answer(200, {})

    def _touch(self, deal: Deal) -> None:
        if self._tenant.options.links_touch_mdate:
            deal.updated = self._tenant.time()

    def _contact(self, value: Json) -> Contact:
        if value is None or value == "":
            title = "The contactDeal contact was not provided."
            raise attribute(title, "field_missing", "contact", plain=True)
        contact = self._tenant.contacts.find(value)
        if contact is None:
            title = "The related contact does not exist."
            raise attribute(title, "related_missing", "contact", plain=True)
        return contact

    def _deal(self, value: Json) -> Deal:
        if value is None or value == "":
            title = "The contactDeal deal was not provided."
            raise attribute(title, "field_missing", "deal", plain=True)
        deal = self._tenant.deals.find(value)
        if deal is None:
            title = "The related deal does not exist."
            raise attribute(title, "related_missing", "deal", plain=True)
        return deal

    def _row(self, row: Secondary) -> Object:
        base = f"/api/3/contactDeals/{row.id}"
        return {
            "deal": str(row.deal),
            "contact": str(row.contact),
            "role": id_text(row.role),
            "cdate": self._tenant.local(row.created),
            "links": {"deal": f"{base}/deal", "contact": f"{base}/contact"},
            "id": str(row.id),
        }

    def _written(self, row: Secondary, deal: Deal, given: Object, *names: str) -> Answer:
        """The answer to a write: what was sent comes back as it was sent."""
        echoed = {name: given[name] for name in names if given.get(name) is not None}
        shown: Object = {**self._row(row), **echoed}
        return Answer(200, {"deals": [self._deals.row(deal)], "contactDeal": shown})


class Roles:
    """The endpoints of ``/dealRoles``: no reading one by one, and no changing."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def index(self, call: Call) -> Answer:
        """All roles whose title contains ``search=``."""
        word = call.query.get("search", "").casefold()
        rows = [one for one in self._tenant.roles if word in one.title.casefold()]
        found = [self._row(one) for one in page(rows, call)]
        return Answer(200, {"dealRoles": [*found], "meta": {"total": str(len(rows))}})

    def create(self, call: Call) -> Answer:
        """A role; sent in the form that is not read, its title comes out empty (UNCERTAIN)."""
        form = self._tenant.options.role_body
        titles = []
        if form != "wrapped" and isinstance(call.body, dict):
            titles.append(text_of(call.body.get("title")))
        if form != "bare":
            titles.append(text_of(call.wrapped("dealRole").get("title")))
        title = next((one for one in titles if one), "")
        table, time = self._tenant.roles, self._tenant.time()
        id = table.next_id()
        return Answer(200, {"dealRole": self._row(table.put(id, Role(id, title, time, time)))})

    def delete(self, call: Call) -> Answer:
        """Take a role away, also from those who have it."""
        role = self._tenant.roles.find(call.id)
        if role is None:
            raise bare()
        self._tenant.roles.remove(role.id)
        for row in self._tenant.secondary:
            if row.role == role.id:
                row.role = None
        return Answer(200, {})

    def _row(self, role: Role) -> Object:
        return {
            "title": role.title,
            "created_timestamp": self._tenant.local(role.created),
            "updated_timestamp": self._tenant.local(role.updated),
            "links": [],
            "id": str(role.id),
        }


class Users:
    """The endpoints of ``/users`` and ``/groups``, which are only read here."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def index(self, call: Call) -> Answer:
        """All users; deactivated ones are not among them (UNCERTAIN)."""
        rows = list(self._tenant.users)
        found = [self._row(one) for one in page(rows, call)]
        return Answer(200, {"users": [*found], "meta": {"total": str(len(rows))}})

    def me(self, _: Call) -> Answer:
        """Whom the token belongs to: the first user."""
        return Answer(200, {"user": self._row(next(iter(self._tenant.users)))})

    def get(self, call: Call) -> Answer:
        """A user by id."""
        return Answer(200, {"user": self._row(self._tenant.users.get(call.id))})

    def by_email(self, call: Call) -> Answer:
        """A user by address. The answer for an unknown one is UNCERTAIN."""
        return self._by("email", call.args["email"])

    def by_username(self, call: Call) -> Answer:
        """A user by name, which here is the address up to the at sign."""
        return self._by("username", call.args["username"])

    def groups(self, _: Call) -> Answer:
        """The user groups: the administrators only."""
        group: Object = {"title": "Admin", "descript": "", "id": "3", "p_admin": "1"}
        return Answer(200, {"groups": [group], "meta": {"total": "1"}})

    def _by(self, kind: str, asked: str) -> Answer:
        for user in self._tenant.users:
            name = user.email if kind == "email" else _username(user)
            if name.casefold() == asked.casefold():
                return Answer(200, {"user": self._row(user)})
        raise no_result("User", asked)

    def _row(self, user: User) -> Object:
        base = f"https://sandbox.api-us1.com/api/3/users/{user.id}"
        return {
            "username": _username(user),
            "firstName": user.first_name,
            "lastName": user.last_name,
            "email": user.email,
            "phone": "",
            "signature": None,
            "localZoneid": self._tenant.zone.key,
            "links": {"lists": f"{base}/lists", "configs": f"{base}/configs"},
            "id": str(user.id),
        }


def _username(user: User) -> str:
    return user.email.partition("@")[0]


def _forbid_second(deal: Deal, contact: Contact) -> None:
    """A contact stands on a deal once, be it as its primary one (UNCERTAIN) or besides."""
    if contact.id in deal.secondary or contact.id == deal.contact:
        title = "The given contact is already associated to the deal"
        raise attribute(title, "field_invalid", "contact")
