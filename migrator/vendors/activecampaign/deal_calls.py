"""Deals, their secondary contacts and roles: one method per operation of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import OutcomeUnknown
from migrator.vendors.activecampaign.answers import Json, Refusal, number, written
from migrator.vendors.activecampaign.http import Http, Page, Reader, every, read_rows
from migrator.vendors.activecampaign.things import (
    Deal,
    Saved,
    Secondary,
    Titled,
    read_deal,
    read_saved,
    read_secondary,
    read_titled,
)
from migrator.wire import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class OwnersSet:
    """What became of each deal of a bulk change of owners: ids of deals."""

    changed: frozenset[str]
    unchanged: frozenset[str]
    failed: frozenset[str]


class DealCalls:
    """Operations on deals and on what hangs on them."""

    def __init__(self, http: Http) -> None:
        self._http = http

    # -- deals ---------------------------------------------------------------------------------

    def reader(
        self,
        order: str = "id",
        direction: str = "ASC",
        filters: Mapping[str, str] | None = None,
        *,
        include_fields: bool = False,
    ) -> Reader:
        """Reads pages of ``GET /deals``.

        Without an order the pages overlap and miss rows. ``orders[id]`` is not documented and
        works; ``orders[cdate]`` is documented. Filters that ActiveCampaign does not know are
        ignored: whoever filters looks at what comes. ``include_fields`` sideloads custom values.
        """
        params = {f"filters[{name}]": value for name, value in (filters or {}).items()}
        params[f"orders[{order}]"] = direction
        if include_fields:
            params["include"] = "dealCustomFieldData"
        return self._http.reader("deals", "deals", params)

    async def page(
        self,
        offset: int = 0,
        order: str = "id",
        direction: str = "ASC",
        filters: Mapping[str, str] | None = None,
    ) -> Page:
        """``GET /deals``: one page; see :meth:`reader`."""
        return await self.reader(order, direction, filters)(offset)

    async def create(self, content: Mapping[str, object]) -> Saved:
        """``POST /deals`` -> 201. There is no idempotency key: it is sent once.

        The answer echoes the request; it does not prove what was stored.
        """
        answer = await self._http.send("POST", "deals", {"deal": dict(content)}, effect=Effect.ONCE)
        return written(answer, "deal", read_saved, "POST deals")

    async def get(self, deal: str) -> Deal:
        """``GET /deals/{id}``: a stub where the user may not see the pipeline."""
        return await self._http.one(f"deals/{deal}", "deal", read_deal)

    async def update(self, deal: str, content: Mapping[str, object]) -> Saved:
        """``PUT /deals/{id}``: only the keys that are sent change. Its answer is an echo too."""
        path = f"deals/{deal}"
        answer = await self._http.send(
            "PUT", path, {"deal": dict(content)}, effect=Effect.REPEATABLE
        )
        return written(answer, "deal", read_saved, f"PUT {path}")

    async def delete(self, deal: str) -> None:
        """``DELETE /deals/{id}`` -> 200 ``{}``, for good."""
        await self._http.send("DELETE", f"deals/{deal}", effect=Effect.REPEATABLE)

    async def set_owners(self, owners: Sequence[tuple[str, str]]) -> OwnersSet:
        """``PATCH /deals/bulkUpdate``: pairs of deal and owner; changes owners and nothing else.

        An unknown owner turns the whole request down (422); a deal may fail alone.
        """
        items = [{"id": number(deal), "ownerId": number(owner)} for deal, owner in owners]
        path = "deals/bulkUpdate"
        answer = await self._http.send("PATCH", path, {"deals": items}, effect=Effect.REPEATABLE)
        named = [answer.get(name) for name in ("success", "nochange", "failed")]
        if not any(isinstance(ids, list) for ids in named):
            raise OutcomeUnknown(f"PATCH {path} was accepted, but the answer names no deals.")
        ids = [frozenset(map(str, ids)) if isinstance(ids, list) else frozenset() for ids in named]
        return OwnersSet(*ids)

    async def of_contact(self, contact: str, offset: int = 0) -> Page:
        """``GET /contacts/{id}/deals``: whether it knows pages is not documented."""
        return await self._http.page(f"contacts/{contact}/deals", "deals", offset=offset)

    # -- secondary contacts --------------------------------------------------------------------

    def secondary_reader(self) -> Reader:
        """Reads pages of ``GET /contactDeals``."""
        return self._http.reader("contactDeals", "contactDeals")

    async def secondary_of_contact(self, contact: str) -> list[Secondary]:
        """``GET /contacts/{id}/contactDeals``: the deals a contact is a secondary one of."""
        reader = self._http.reader(f"contacts/{contact}/contactDeals", "contactDeals")
        pages = [page async for page in every([reader], "deals of a contact")]
        return [one for page in pages for one in read_rows(read_secondary, page.rows)]

    async def add_secondary(self, deal: str, contact: str) -> Secondary:
        """``POST /contactDeals``; a second time it is a 422 "already associated"."""
        content = {"contactDeal": {"contact": number(contact), "deal": number(deal)}}
        path = "contactDeals"
        answer = await self._http.send("POST", path, content, effect=Effect.REPEATABLE)
        return written(answer, "contactDeal", read_secondary, f"POST {path}")

    async def get_secondary(self, id: str) -> Secondary:
        """``GET /contactDeals/{id}``."""
        return await self._http.one(f"contactDeals/{id}", "contactDeal", read_secondary)

    async def set_role(self, id: str, role: str) -> Secondary:
        """``PUT /contactDeals/{id}``: the only way to give a role."""
        path = f"contactDeals/{id}"
        content = {"contactDeal": {"role": number(role)}}
        answer = await self._http.send("PUT", path, content, effect=Effect.REPEATABLE)
        return written(answer, "contactDeal", read_secondary, f"PUT {path}")

    async def remove_secondary(self, id: str) -> None:
        """``DELETE /contactDeals/{id}``."""
        await self._http.send("DELETE", f"contactDeals/{id}", effect=Effect.REPEATABLE)

    # -- roles ---------------------------------------------------------------------------------

    async def roles(self, search: str = "") -> list[Titled]:
        """``GET /dealRoles``; ``search`` narrows by title where it is understood."""
        params = {"search": search} if search else {}
        return read_rows(
            read_titled, (await self._http.page("dealRoles", "dealRoles", params)).rows
        )

    async def create_role(self, title: str) -> Titled:
        """``POST /dealRoles``.

        UNCERTAIN: the documented body has no wrapper, unlike all others. It is tried first; when
        it is turned down or its title is lost on the way, the wrapped form is.
        """
        try:
            answer = await self._post_role({"title": title})
            found = written(answer, "dealRole", read_titled, "POST dealRoles")
        except Refusal as refusal:
            if refusal.status not in {400, 422}:
                raise
        else:
            if found.title == title:
                return found
            await self.delete_role(found.id)
        answer = await self._post_role({"dealRole": {"title": title}})
        return written(answer, "dealRole", read_titled, "POST dealRoles")

    async def _post_role(self, content: Json) -> Json:
        return await self._http.send("POST", "dealRoles", content, effect=Effect.ONCE)

    async def delete_role(self, role: str) -> None:
        """``DELETE /dealRoles/{id}``."""
        await self._http.send("DELETE", f"dealRoles/{role}", effect=Effect.REPEATABLE)
