"""Custom fields of deals and their values: one method per operation of the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.answers import Json, number, written
from migrator.vendors.activecampaign.http import Http, Page, Reader, every, read_rows
from migrator.vendors.activecampaign.things import Datum, FieldMeta, read_datum, read_meta
from migrator.wire import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.vendors.activecampaign.values import Wire

_META = "dealCustomFieldMeta"
_METUM = "dealCustomFieldMetum"
_DATA = "dealCustomFieldData"
_DATUM = "dealCustomFieldDatum"


class FieldCalls:
    """Operations on custom fields (``meta``) and on single values (``data``)."""

    def __init__(self, http: Http) -> None:
        self._http = http

    # -- fields --------------------------------------------------------------------------------

    async def metas(self) -> list[FieldMeta]:
        """``GET /dealCustomFieldMeta``: all of them; the list had no ``meta`` in recordings."""
        reader = self._http.reader(_META, _META)
        pages = [page async for page in every([reader], "custom fields")]
        return [meta for page in pages for meta in read_rows(read_meta, page.rows)]

    async def meta(self, field: str) -> FieldMeta:
        """``GET /dealCustomFieldMeta/{id}``."""
        return await self._http.one(f"{_META}/{field}", _METUM, read_meta)

    async def create_meta(self, content: Mapping[str, object]) -> FieldMeta:
        """``POST /dealCustomFieldMeta``: two of one label are possible, so it is sent once."""
        answer = await self._http.send("POST", _META, {_METUM: dict(content)}, effect=Effect.ONCE)
        return written(answer, _METUM, read_meta, f"POST {_META}")

    async def update_meta(self, field: str, content: Mapping[str, object]) -> FieldMeta:
        """``PUT /dealCustomFieldMeta/{id}``; with a wrong wrapper it would change nothing, 200."""
        path = f"{_META}/{field}"
        answer = await self._http.send(
            "PUT", path, {_METUM: dict(content)}, effect=Effect.REPEATABLE
        )
        return written(answer, _METUM, read_meta, f"PUT {path}")

    async def delete_meta(self, field: str) -> None:
        """``DELETE /dealCustomFieldMeta/{id}``: the field and all its values."""
        await self._http.send("DELETE", f"{_META}/{field}", effect=Effect.REPEATABLE)

    # -- values --------------------------------------------------------------------------------

    def data_reader(self) -> Reader:
        """Reads pages of ``GET /dealCustomFieldData``, all values of all deals.

        UNCERTAIN: only ``filters[dealId]`` is documented here; pages are what other lists have,
        and an order that is not known is ignored.
        """
        return self._http.reader(_DATA, _DATA, {"orders[id]": "ASC"})

    async def data_page(self, offset: int = 0) -> Page:
        """The page of all values that begins at an offset."""
        return await self.data_reader()(offset)

    async def data_of(self, deal: str) -> list[Datum]:
        """``GET /dealCustomFieldData?filters[dealId]=``: the values of one deal.

        Filters may be ignored, so that what belongs to others is left out here.
        """
        reader = self._http.reader(_DATA, _DATA, {"filters[dealId]": deal})
        pages = [page async for page in every([reader], "values of a deal")]
        found = [datum for page in pages for datum in read_rows(read_datum, page.rows)]
        return [datum for datum in found if datum.deal == deal]

    async def datum(self, id: str) -> Datum:
        """``GET /dealCustomFieldData/{id}``."""
        return await self._http.one(f"{_DATA}/{id}", _DATUM, read_datum)

    async def create_datum(self, deal: str, field: str, value: Wire) -> Datum:
        """``POST /dealCustomFieldData``: what a second one for the same field does is unknown."""
        content = {_DATUM: {"dealId": deal, "customFieldId": field, **value.content()}}
        answer = await self._http.send("POST", _DATA, content, effect=Effect.ONCE)
        return written(answer, _DATUM, read_datum, f"POST {_DATA}")

    async def update_datum(self, id: str, value: Wire) -> None:
        """``PUT /dealCustomFieldData/{id}``."""
        path = f"{_DATA}/{id}"
        await self._http.send("PUT", path, {_DATUM: value.content()}, effect=Effect.REPEATABLE)

    async def delete_datum(self, id: str) -> None:
        """``DELETE /dealCustomFieldData/{id}``: the deal has no value there then."""
        await self._http.send("DELETE", f"{_DATA}/{id}", effect=Effect.REPEATABLE)

    async def create_data(self, values: Sequence[tuple[str, str, Wire]]) -> None:
        """``POST /dealCustomFieldData/bulkCreate``: triples of deal, field and value.

        The body is a bare list. No limit is documented, nor what becomes of a value that is there
        already (UNCERTAIN): only for fields that are known to be blank, and sent once. Options
        are not validated, and the answer names no ids.
        """
        items: list[Json] = [
            {"dealId": number(deal), "customFieldId": number(field), **value.content()}
            for deal, field, value in values
        ]
        await self._http.send("POST", f"{_DATA}/bulkCreate", items, effect=Effect.ONCE)

    async def update_data(self, values: Sequence[tuple[str, Wire]]) -> frozenset[str] | None:
        """``PATCH /dealCustomFieldData/bulkUpdate``: pairs of the value's own id and the value.

        The body is a bare list; no limit is documented. The answer is a sentence with the ids of
        the values that were changed, as recorded; None when it is another one.
        """
        items: list[Json] = [{"id": number(id_), **value.content()} for id_, value in values]
        path = f"{_DATA}/bulkUpdate"
        answer = await self._http.send("PATCH", path, items, effect=Effect.REPEATABLE)
        _, named, ids = str(answer.get("message")).partition("ID(s):")
        return frozenset(re.findall(r"\d+", ids)) if named else None
