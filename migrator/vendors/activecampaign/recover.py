"""What became of deals that were sent and have no answer.

There is no idempotency key and no search by a custom field. So we look at the deals that can be
it: those of the op's contact, or all that are new enough, and compare the source key in their
custom field. ActiveCampaign may work on after we gave up waiting, so we look several times before
we call a deal missing.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.errors import OutcomeUnknown
from migrator.model import KEY_FIELD, Action, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.content import currency_wanted, first_parents, read_content
from migrator.vendors.activecampaign.http import PAGE, every, read_rows, walk
from migrator.vendors.activecampaign.read import fill, texts
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.things import Deal, read_deal
from migrator.vendors.activecampaign.values import BadValue
from migrator.vendors.activecampaign.write import repair

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from migrator.model import Op, Sent
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.wire import Clock

MARGIN = timedelta(days=1)
"""How far our clock may be from ActiveCampaign's."""

WAITS = (2.0, 5.0, 15.0)
"""Seconds to wait before each look."""

_FEW = 10
"""So many ops are looked for with their contacts."""

_SHORT_LIST = 20
"""The default length of a page: a contact's list that long may go on, should it not know pages."""


async def recover(tenant: Tenant, clock: Clock, sent: Sequence[Sent]) -> list[Outcome]:
    """Outcomes of creates that landed; one that surely did not has none, and is sent again.

    Updates and deletes have none either: doing them twice does no harm.

    Raises:
        OutcomeUnknown: more deals without a key look like a row's than there are such rows.
    """
    creates = {one.op.key: one.op for one in sent if one.op.action is Action.CREATE}
    if not creates:
        return []
    since = min(one.at for one in sent if one.op.key in creates) - MARGIN
    outcomes: list[Outcome] = []
    for wait in WAITS:
        await clock.sleep(wait)
        found = await _look(tenant, list(creates.values()), since)
        outcomes += found
        for outcome in found:
            del creates[outcome.key]
        if not creates:
            break
    return outcomes


async def _look(tenant: Tenant, ops: Sequence[Op], since: datetime) -> list[Outcome]:
    """One look at everything that may be one of these ops."""
    candidates = await _candidates(tenant, ops, since)
    keys = await _keys(tenant, ops, candidates)
    wanted = {op.key for op in ops}
    outcomes: list[Outcome] = []
    keyless: list[Deal] = []
    found: set[str] = set()
    for deal in candidates:  # the oldest first, should two have one key
        key = keys.get(deal.id)
        if key is None:
            keyless.append(deal)
        elif key in wanted and key not in found:
            found.add(key)
            outcomes.append(Outcome(key, OpState.WRITTEN, deal.id))
    rest = [op for op in ops if op.key not in found]
    return outcomes + await _adopt(tenant, rest, keyless)


# -- what it may be --------------------------------------------------------------------------------


async def _candidates(tenant: Tenant, ops: Sequence[Op], since: datetime) -> list[Deal]:
    """Deals that are new enough, by age; those of the ops' contacts where that tells all."""
    found: dict[str, Deal] | None = None
    if len(ops) <= _FEW:
        found = await _of_contacts(tenant, ops)
    if found is None:
        found = await newest(tenant, since)
    new = [deal for deal in found.values() if deal.created is None or deal.created >= since]
    visible = [deal for deal in new if not deal.disabled]
    return sorted(visible, key=lambda deal: (int(deal.id) if deal.id.isdigit() else 0, deal.id))


async def _of_contacts(tenant: Tenant, ops: Sequence[Op]) -> dict[str, Deal] | None:
    """The deals of all contacts of these ops; None when that cannot be told."""
    found: dict[str, Deal] = {}
    contacts: set[str] = set()
    for op in ops:
        contact = (await _parents(tenant, op)).get("contact")
        if contact is None or contact == _ANY:
            return None
        contacts.add(contact)
    for contact in contacts:
        try:
            page = await tenant.calls.deals.of_contact(contact)
        except Refusal:  # the contact is gone
            return None
        if page.total is None and len(page.rows) >= _SHORT_LIST:
            return None
        if page.total is not None and page.total > len(page.rows):
            return None
        found |= {deal.id: deal for deal in read_rows(read_deal, page.rows)}
    return found


async def newest(tenant: Tenant, since: datetime) -> dict[str, Deal]:
    """All deals created since, and some more, read from the newest back.

    The order by id is not documented. Where it is not kept the documented one by creation is
    asked for, and where that is not kept either, all deals are read.
    """
    for order in ("id", "cdate"):
        found: dict[str, Deal] = {}
        kept = True
        last: Deal | None = None
        async for page in walk(tenant.calls.deals.reader(order, "DESC"), set()):
            deals = read_rows(read_deal, page.rows)
            for deal in deals:
                kept = kept and (last is None or _descends(last, deal, order))
                last = deal
                found[deal.id] = deal
            if not kept:
                break
            dates = [deal.created for deal in deals if deal.created is not None]
            if dates and dates[-1] < since:
                return found
        if kept:
            return found
    readers = [tenant.calls.deals.reader("id"), tenant.calls.deals.reader("cdate")]
    found = {}
    async for page in every(readers, "deals"):
        found |= {deal.id: deal for deal in read_rows(read_deal, page.rows)}
    return found


def _descends(before: Deal, after: Deal, order: str) -> bool:
    if order == "id":
        numbers = before.id.isdigit() and after.id.isdigit()
        return numbers and int(before.id) > int(after.id)
    if before.created is None or after.created is None:
        return True
    return before.created >= after.created


# -- which of them it is ---------------------------------------------------------------------------


async def _keys(tenant: Tenant, ops: Sequence[Op], deals: Sequence[Deal]) -> dict[str, str]:
    """Source keys of these deals: read one by one, or all values, whichever is fewer.

    One by one those that look like an op come first; when each op is found, the rest is left.
    """
    meta = await tenant.key()
    if meta is None or not deals:
        return {}
    fields = await tenant.fields()
    if len(deals) > 1:
        page = await tenant.calls.fields.data_page()
        pages = -(-(page.total or 0) // (PAGE - 1))
        if page.total is not None and pages < len(deals):
            return await _keys_of_all(tenant, deals)
    titles = {op.properties.get("title") for op in ops}
    ordered = sorted(deals, key=lambda deal: deal.title not in titles)
    wanted = {op.key for op in ops}
    found: dict[str, str] = {}
    for deal in ordered:
        if not wanted:
            break
        key = texts(tenant, fields, await tenant.calls.fields.data_of(deal.id)).get(KEY_FIELD)
        if key is not None:
            found[deal.id] = key
            wanted.discard(key)
    return found


async def _keys_of_all(tenant: Tenant, deals: Sequence[Deal]) -> dict[str, str]:
    fields = await tenant.fields()
    scratch = Scratch()
    try:
        await fill(tenant, scratch)
        data = scratch.of_deals(deal.id for deal in deals)
        keys = {id_: texts(tenant, fields, of_deal).get(KEY_FIELD) for id_, of_deal in data.items()}
    finally:
        scratch.close()
    return {id_: key for id_, key in keys.items() if key is not None}


# -- created, but its fields failed ----------------------------------------------------------------

_ANY = "*"
"""Stands for a parent that is not known (any more)."""

_Look = tuple[str | None, ...]


async def _adopt(tenant: Tenant, ops: Sequence[Op], keyless: Sequence[Deal]) -> list[Outcome]:
    """Deals without a key that look just like an op: created, and then its fields failed."""
    wanted: defaultdict[_Look, list[Op]] = defaultdict(list)
    for op in ops if keyless else ():
        wanted[await _look_wanted(tenant, op)].append(op)
    outcomes = []
    for look, alike in wanted.items():
        deals = [deal for deal in keyless if _is_like(_look_of(deal), look)]
        if len(deals) > len(alike):
            raise _too_many(deals, alike, await tenant.key_name())
        for op, deal in zip(alike, deals, strict=False):
            currency = await currency_wanted(tenant, op)
            content = await read_content(tenant, op.properties, currency)
            outcomes.append(await repair(tenant, deal.id, op, content))
    return outcomes


def _too_many(deals: Sequence[Deal], ops: Sequence[Op], key_name: str) -> OutcomeUnknown:
    ids = ", ".join(deal.id for deal in deals[:10])
    keys = ", ".join(op.key for op in ops[:10])
    return OutcomeUnknown(
        f"{len(deals)} deals without a source key (ids {ids}) look exactly like {len(ops)} rows "
        f"that were sent without an answer (keys {keys}). Look at them in ActiveCampaign: write "
        f'the key into the field "{key_name}" of those that are from this file, delete or change '
        "the others, then resume."
    )


def _is_like(deal: _Look, wanted: _Look) -> bool:
    return all(want in (_ANY, has) for has, want in zip(deal, wanted, strict=True))


def _look_of(deal: Deal) -> _Look:
    title, currency = (deal.title or "").strip(), (deal.currency or "").lower()
    return (title, deal.cents, currency, deal.stage, deal.contact, deal.account)


async def _look_wanted(tenant: Tenant, op: Op) -> _Look:
    given = op.properties
    parents = await _parents(tenant, op)
    currency = await currency_wanted(tenant, op)
    return (
        given.get("title", "").strip(),
        tenant.money.cents(given.get("value", "0"), currency),
        currency.lower(),
        given.get("stage"),
        parents.get("contact"),
        parents.get("account"),
    )


async def _parents(tenant: Tenant, op: Op) -> dict[str, str]:
    """Ids of the contact and the company a deal was sent with, :data:`_ANY` where not known."""
    unknown = {"contact": _ANY, "account": _ANY}
    if any(link.id is None for link in op.links):
        return unknown
    try:
        return await first_parents(tenant, op)
    except BadValue:  # neither was given; the option was another one then
        return unknown
