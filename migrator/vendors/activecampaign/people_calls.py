"""Contacts, companies, users: one method per operation of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import OutcomeUnknown
from migrator.vendors.activecampaign.answers import Json, must, text_of, written
from migrator.vendors.activecampaign.http import Http, Page, Reader, every, read_rows
from migrator.vendors.activecampaign.people_things import (
    Company,
    Contact,
    Import,
    User,
    read_company,
    read_contact,
    read_import,
    read_user,
)
from migrator.wire import Effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_IMPORT = "import/bulk_import"


class PeopleCalls:
    """Operations on contacts, companies (``accounts``) and users."""

    def __init__(self, http: Http) -> None:
        self._http = http

    # -- users ---------------------------------------------------------------------------------

    async def me(self) -> User:
        """``GET /users/me``: the user the key belongs to, with the time zone."""
        return await self._http.one("users/me", "user", read_user)

    async def users(self) -> list[User]:
        """``GET /users``: those who can own deals."""
        reader = self._http.reader("users", "users")
        pages = [page async for page in every([reader], "users")]
        return [user for page in pages for user in read_rows(read_user, page.rows)]

    # -- contacts ------------------------------------------------------------------------------

    async def contacts_after(self, after: str = "0") -> Page:
        """``GET /contacts?orders[id]=ASC&id_greater=``: the documented way through many."""
        return await self._http.page(
            "contacts", "contacts", {"orders[id]": "ASC", "id_greater": after}
        )

    async def page_of_ids(self, ids: Iterable[str]) -> Page:
        """``GET /contacts?ids=``: a hundred ids at most; the filter may be ignored."""
        return await self._http.page("contacts", "contacts", {"ids": ",".join(sorted(ids))})

    async def contacts_of_ids(self, ids: Iterable[str]) -> list[Contact]:
        """The contacts of ``page_of_ids`` that were asked for."""
        wanted = set(ids)
        found = read_rows(read_contact, (await self.page_of_ids(wanted)).rows)
        return [one for one in found if one.id in wanted]

    async def contact_of_email(self, email: str) -> Contact | None:
        """``GET /contacts?email=``: exact, in any letter case."""
        page = await self._http.page("contacts", "contacts", {"email": email})
        wanted = email.strip().casefold()
        found = read_rows(read_contact, page.rows)
        return next((one for one in found if one.email.strip().casefold() == wanted), None)

    async def contact(self, id: str) -> Contact:
        """``GET /contacts/{id}``."""
        return await self._http.one(f"contacts/{id}", "contact", read_contact)

    async def sync_contact(self, content: Mapping[str, object]) -> Contact:
        """``POST /contact/sync``: creates, or updates the contact of that address."""
        path = "contact/sync"
        answer = await self._http.send(
            "POST", path, {"contact": dict(content)}, effect=Effect.REPEATABLE
        )
        return written(answer, "contact", read_contact, f"POST {path}")

    async def update_contact(self, id: str, content: Mapping[str, object]) -> None:
        """``PUT /contacts/{id}``."""
        await self._http.send(
            "PUT", f"contacts/{id}", {"contact": dict(content)}, effect=Effect.REPEATABLE
        )

    async def delete_contact(self, id: str) -> None:
        """``DELETE /contacts/{id}``."""
        await self._http.send("DELETE", f"contacts/{id}", effect=Effect.REPEATABLE)

    async def import_contacts(self, contacts: Sequence[Mapping[str, object]]) -> str:
        """``POST /import/bulk_import``: at most 250 contacts and 400,000 bytes; the batch's id.

        It creates or updates by address, so that repeating it is harmless. One bad contact turns
        all down (400), and so does the hundred-and-first import of a minute.
        """
        answer = await self._http.send(
            "POST", _IMPORT, {"contacts": [dict(one) for one in contacts]}, effect=Effect.REPEATABLE
        )
        batch = text_of(answer.get("batchId"))
        if batch is None:
            raise OutcomeUnknown(f"POST {_IMPORT} was accepted, but the answer names no batch.")
        return batch

    async def import_state(self, batch: str) -> Import:
        """``GET /import/info?batchId=``."""
        path = "import/info"
        answer = await self._http.get(path, {"batchId": batch})
        return must(read_import(answer), f"GET {path}")

    async def imports_waiting(self) -> int:
        """``GET /import/bulk_import``: contacts of all batches that are not worked off yet."""
        answer: Json = await self._http.get(_IMPORT)
        rows = answer.get("outstanding")
        counts = (
            (text_of(row.get("contacts")) for row in rows if isinstance(row, dict))
            if (isinstance(rows, list))
            else ()
        )
        return sum(int(count) for count in counts if count and count.isdigit())

    # -- companies -----------------------------------------------------------------------------

    def works_reader(self) -> Reader:
        """Reads pages of ``GET /accountContacts``: which contact belongs to which company."""
        return self._http.reader("accountContacts", "accountContacts")

    def company_reader(self, search: str = "") -> Reader:
        """Reads pages of ``GET /accounts``; ``search`` narrows by name where it is understood."""
        return self._http.reader("accounts", "accounts", {"search": search} if search else {})

    async def company(self, id: str) -> Company:
        """``GET /accounts/{id}``."""
        return await self._http.one(f"accounts/{id}", "account", read_company)

    async def create_company(self, content: Mapping[str, object]) -> Company:
        """``POST /accounts``: names are unique, a second one is a 422 ``duplicate``."""
        path = "accounts"
        answer = await self._http.send(
            "POST", path, {"account": dict(content)}, effect=Effect.REPEATABLE
        )
        return written(answer, "account", read_company, f"POST {path}")

    async def update_company(self, id: str, content: Mapping[str, object]) -> None:
        """``PUT /accounts/{id}``."""
        await self._http.send(
            "PUT", f"accounts/{id}", {"account": dict(content)}, effect=Effect.REPEATABLE
        )

    async def delete_company(self, id: str) -> None:
        """``DELETE /accounts/{id}``."""
        await self._http.send("DELETE", f"accounts/{id}", effect=Effect.REPEATABLE)
