"""Reading deals: all of them, or those with certain source keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.errors import InputError, Unavailable
from migrator.model import KEY_FIELD, Held, ObjectType
from migrator.vendors.activecampaign import values
from migrator.vendors.activecampaign.answers import Refusal, id_of, objects
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS
from migrator.vendors.activecampaign.http import PAGE, read_rows
from migrator.vendors.activecampaign.listing import Mark, listed
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.stream import Progress, Read, streamed
from migrator.vendors.activecampaign.things import (
    Deal,
    read_datum,
    read_deal,
    read_included,
    read_secondary,
)
from migrator.vendors.base import records

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from migrator.model import Page
    from migrator.vendors.activecampaign.answers import Json
    from migrator.vendors.activecampaign.catalogue import Fields
    from migrator.vendors.activecampaign.http import Page as Rows
    from migrator.vendors.activecampaign.http import Reader
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Datum

FEW = 5
"""So many deals are read one by one without a look at how many pages there are."""

BEGINNING = Mark()

_NO_INCLUDE = "This ActiveCampaign account gives no custom values along with the list of deals"


# -- all -------------------------------------------------------------------------------------------


async def pages(
    tenant: Tenant,
    names: Collection[str],
    scratch: Scratch,
    progress: Progress,
    *,
    labels: bool = False,
) -> AsyncIterator[Page]:
    """Every deal the user may see, in the order of ids, with custom values and links.

    A deal of which the user may see nothing but the title is hidden: its pipeline was deleted, or
    is not for that user.

    Args:
        tenant: the account.
        names: properties to give; none = all there are.
        scratch: an empty one; it holds all values afterwards, unless they came with the deals, or
            no deal did that the caller lacks.
        progress: where to begin.
        labels: give the roles of secondary contacts.
    """
    fields = await tenant.fields()
    names = names or [*DEAL_FIELDS, *fields.infos()]
    included = tenant.options.custom_fields == "include"
    join = _Join(tenant, scratch, progress, values=not included, labels=labels)

    def read(rows: Rows) -> Read:
        if included:
            scratch.put(_included(rows))
        return join.joined(read_rows(read_deal, rows.rows), fields, names)

    readers = [
        join.before(tenant.calls.deals.reader(order, include_fields=included))
        for order in ("id", "cdate")
    ]
    try:
        async for page in streamed(readers, "deals", read, progress):
            yield page
    except Refusal as refusal:
        if included and refusal.status in {400, 422}:
            raise InputError(
                f"{_NO_INCLUDE} ({refusal.fault.message}). Set the option custom_fields=list."
            ) from refusal
        raise


class _Join:
    """What deals are joined with: read before the first one, once more for those that came after.

    Deals are created while a long list of values is read, or in the minutes after; they would come
    without their own. The lists are gone on with where they end, so that this takes a request each,
    and is done once for all deals that are new by then. For those that the caller has, nothing is.
    """

    def __init__(  # what to join with what
        self, tenant: Tenant, scratch: Scratch, progress: Progress, *, values: bool, labels: bool
    ) -> None:
        self._tenant = tenant
        self._scratch = scratch
        self._progress = progress
        self._values = values
        self._labels = labels
        self._roles: Mapping[str, str] | None = None
        self._value_mark = self._contact_mark = BEGINNING
        self._begun = False
        self._read_at: datetime | None = None

    async def _read(self) -> None:
        """Put down what is new."""
        self._begun = True
        there = self._tenant.calls.told_at
        if self._values:
            self._value_mark = await fill(self._tenant, self._scratch, self._value_mark)
        self._contact_mark = await fill_contacts(self._tenant, self._scratch, self._contact_mark)
        if self._labels and self._scratch.has_roles():
            self._roles = await self._tenant.role_titles()
        lag = timedelta(seconds=self._tenant.options.list_lag)
        self._read_at = there - lag if there else None

    def before(self, reader: Reader) -> Reader:
        """The same list of deals; what new ones are joined with is read when they come."""

        async def page(offset: int) -> Rows:
            rows = await reader(offset)
            if any(self._is_unread(row) for row in rows.rows):
                await self._read()
            return rows

        return page

    def _is_unread(self, row: Json) -> bool:
        """Created since the last reading, or shortly before, and nothing of it was put down."""
        deal = read_deal(row)
        if deal is None or self._progress.has(deal.id):
            return False
        if not self._begun:
            return True
        if deal.created is None or self._read_at is None:
            return False
        return deal.created >= self._read_at and not self._scratch.has(deal.id)

    def joined(self, deals: Sequence[Deal], fields: Fields, names: Collection[str]) -> Read:
        """A page of deals, those that the caller lacks with all that they are joined with."""
        shown = [deal for deal in deals if not deal.disabled]
        fresh = [deal for deal in shown if not self._progress.has(deal.id)]
        ids = [deal.id for deal in fresh]
        data, others = self._scratch.of_deals(ids), self._scratch.contacts_of(ids)
        found = [
            held(self._tenant, fields, deal, data.get(deal.id, []), names, others.get(deal.id, []))
            for deal in fresh
        ]
        return Read(
            self._labelled(found),
            [deal.id for deal in deals if deal.disabled],
            [deal.id for deal in shown],
        )

    def _labelled(self, deals: list[Held]) -> list[Held]:
        """The deals with the roles of their secondary contacts, where these are asked for."""
        if self._roles is None:
            return deals
        roles = self._scratch.roles_of(deal.id for deal in deals)
        return [_called(deal, roles.get(deal.id, {}), self._roles) for deal in deals]


def _called(deal: Held, roles: Mapping[str, str], titles: Mapping[str, str]) -> Held:
    """A deal with the titles of roles, by contact; a role that is not listed is told by its id."""
    labels = {contact: (titles.get(role, role),) for contact, role in roles.items()}
    return replace(deal, labels={ObjectType.CONTACTS: labels}) if labels else deal


def every_deal(tenant: Tenant, names: Collection[str], scratch: Scratch) -> AsyncIterator[Held]:
    """The same, from the beginning and record by record."""
    return records(pages(tenant, names, scratch, Progress(set(), "")))


def _included(page: Rows) -> list[Datum]:
    """The custom values that came with a page of deals; a wish that is not known is ignored."""
    rows = page.body.get("dealCustomFieldData")
    if not isinstance(rows, list):
        raise InputError(f"{_NO_INCLUDE}. Set the option custom_fields=list.")
    given = objects(rows)
    found = read_rows(read_included, given)
    if len(found) < sum(bool(row.get("deal_id") or row.get("dealId")) for row in given):
        raise InputError(
            f"{_NO_INCLUDE} in a form that is known. Set the option custom_fields=list."
        )
    return found


async def fill(tenant: Tenant, scratch: Scratch, since: Mark = BEGINNING) -> Mark:
    """Put all values of custom fields down that stand behind a mark; the mark behind them.

    Raises:
        Unavailable: a deal's value cannot be read. It may be a key, and be missed as such.
    """
    reader = tenant.calls.fields.data_reader()
    behind = since
    async for page, mark in listed([reader], "values of custom fields", since):
        behind = mark
        found = read_rows(read_datum, page.rows)
        if len(found) < sum(bool(id_of(row.get("dealId"))) for row in page.rows):
            raise Unavailable(
                "ActiveCampaign lists values of custom fields in a form that migrator does not "
                "know, among which may be source keys. Nothing was written for want of them; "
                "please report it."
            )
        scratch.put(found)
    return behind


async def fill_contacts(tenant: Tenant, scratch: Scratch, since: Mark = BEGINNING) -> Mark:
    """Put all secondary contacts down that stand behind a mark; the mark behind them."""
    reader = tenant.calls.deals.secondary_reader()
    behind = since
    async for page, mark in listed([reader], "secondary contacts", since):
        behind = mark
        scratch.put_contacts(read_rows(read_secondary, page.rows))
    return behind


def texts(tenant: Tenant, fields: Fields, data: Iterable[Datum]) -> dict[str, str | None]:
    """Custom values by the field's name; those of fields that are gone are left out."""
    found: dict[str, str | None] = {}
    for datum in data:
        name = fields.name(datum.field)
        meta = fields.meta(name) if name else None
        if name and meta:
            found[name] = values.from_wire(meta, datum, tenant.money)
    return found


def held(  # all that a deal is made of
    tenant: Tenant,
    fields: Fields,
    deal: Deal,
    data: Collection[Datum],
    names: Collection[str],
    secondary: Iterable[str] = (),
) -> Held:
    """A deal as the core knows it: its value is in main units, as amounts of money always are.

    UNCERTAIN is whether a changed custom value changes the deal's own ``mdate``. Each value tells
    when it was changed itself, so the latest of all is when the deal was. That one was taken away,
    or a secondary contact came, only ``mdate`` could tell.
    """
    custom = texts(tenant, fields, data)
    value = tenant.money.amount(deal.cents, deal.currency)
    known = {**deal.properties(), "value": value, **custom}
    changed = [moment for moment in (deal.updated, *(one.updated for one in data)) if moment]
    return Held(
        ObjectType.DEALS,
        deal.id,
        custom.get(KEY_FIELD),
        {name: known.get(name) for name in names},
        links=links_of(deal, secondary),
        updated_at=max(changed, default=None),
    )


def links_of(deal: Deal, secondary: Iterable[str]) -> dict[ObjectType, tuple[str, ...]]:
    """Ids of what a deal is linked to; the primary contact is the first of its contacts."""
    contacts = dict.fromkeys([deal.contact, *secondary])
    return {
        ObjectType.CONTACTS: tuple(id_ for id_ in contacts if id_),
        ObjectType.COMPANIES: (deal.account,) if deal.account else (),
    }


# -- by key ----------------------------------------------------------------------------------------


async def find(tenant: Tenant, keys: Collection[str], names: Collection[str]) -> dict[str, Held]:
    """The deals that hold one of these keys: nothing can be asked for by a custom field.

    All values of custom fields are read, then the deals, one by one or all, whichever is fewer.
    Of several deals with one key the oldest is given.
    """
    wanted = {key for key in keys if key.strip()}
    meta = await tenant.key() if wanted else None
    if meta is None:
        return {}
    if tenant.options.custom_fields == "include":
        return await _find_in_all(tenant, wanted, names)
    scratch = Scratch()
    try:
        await fill(tenant, scratch)
        holders = scratch.holders(meta.id, wanted)
        if not await one_by_one(tenant, len(holders)):
            return await _find_in_all(tenant, wanted, names)
        fields = await tenant.fields()
        found: dict[str, Held] = {}
        for key, ids in holders.items():
            for id_ in ids:
                deal = await one_deal(tenant, id_)
                if deal is None:
                    continue
                data = scratch.of_deals([id_]).get(id_, [])
                found.setdefault(key, held(tenant, fields, deal, data, names))
                break
        return found
    finally:
        scratch.close()


async def resolve(tenant: Tenant, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Ids of the deals that hold these keys, by key; several where several deals have one.

    A value may be listed still when its deal is gone: where several deals have one key, they are
    looked at.
    """
    wanted = {key for key in keys if key.strip()}
    meta = await tenant.key() if wanted else None
    if meta is None:
        return {}
    if tenant.options.custom_fields == "include":
        return await _resolve_in_all(tenant, wanted)
    scratch = Scratch()
    try:
        await fill(tenant, scratch)
        holders = scratch.holders(meta.id, wanted)
    finally:
        scratch.close()
    there: dict[str, tuple[str, ...]] = {}
    for key, ids in holders.items():
        several = dict.fromkeys(ids)
        if len(several) > 1:
            several = dict.fromkeys([id_ for id_ in several if await one_deal(tenant, id_)])
        if several:
            there[key] = tuple(several)
    return there


async def _resolve_in_all(tenant: Tenant, wanted: set[str]) -> dict[str, tuple[str, ...]]:
    scratch = Scratch()
    found: dict[str, tuple[str, ...]] = {}
    try:
        async for one in every_deal(tenant, [KEY_FIELD], scratch):
            if one.key in wanted:
                found[one.key] = (*found.get(one.key, ()), one.id)
    finally:
        scratch.close()
    return found


async def _find_in_all(tenant: Tenant, wanted: set[str], names: Collection[str]) -> dict[str, Held]:
    scratch = Scratch()
    found: dict[str, Held] = {}
    try:
        async for one in every_deal(tenant, names, scratch):
            if one.key in wanted:
                found.setdefault(one.key, one)
    finally:
        scratch.close()
    return found


async def one_by_one(tenant: Tenant, count: int) -> bool:
    """Whether reading so many deals singly takes fewer requests than reading all."""
    if count <= FEW:
        return True
    page = await tenant.calls.deals.page()
    return page.total is not None and count <= page.total // PAGE


async def one_deal(tenant: Tenant, id: str) -> Deal | None:
    """A deal by id; None when it is gone, or cannot be seen."""
    try:
        deal = await tenant.calls.deals.get(id)
    except Refusal as refusal:
        if refusal.not_found:
            return None
        raise
    return None if deal.disabled else deal
