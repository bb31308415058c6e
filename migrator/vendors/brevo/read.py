"""Finding records again, by key or by name, and reading all of them."""

from __future__ import annotations

from datetime import UTC, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from migrator.model import Held, ObjectType, Page
from migrator.vendors.base import Reading
from migrator.vendors.brevo import contacts
from migrator.vendors.brevo.answers import Json, instant, nested, text
from migrator.vendors.brevo.pages import UPDATED, batches, by_id, by_key, every
from migrator.vendors.brevo.schema import ACTIVITIES, KEYED
from migrator.vendors.brevo.settle import linked_ids
from migrator.vendors.shared.names import folded, looks_like_domain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection
    from datetime import datetime

    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.brevo.session import Session

_A_DAY = timedelta(days=1)

_Found = TypeVar("_Found")

_PARENTS = {
    ObjectType.DEALS: (ObjectType.CONTACTS, ObjectType.COMPANIES),
    ObjectType.COMPANIES: (ObjectType.CONTACTS, ObjectType.DEALS),
}
_ACTIVITY_LINKS = {
    ObjectType.CONTACTS: ("contactsIds", "contactIds"),
    ObjectType.COMPANIES: ("companiesIds", "companyIds"),
    ObjectType.DEALS: ("dealsIds", "dealIds"),
}
"""Tasks spell their links the one way, notes the other."""


def held(item: Json, schema: Schema, properties: Collection[str]) -> Held:
    """A deal or company as the account holds it; with all its attributes when none is named.

    Its date of change moves with its attributes, and by the one recording there is not with its
    links (UNCERTAIN). It is exact to the second.
    """
    attributes = nested(item, "attributes")
    type = schema.type
    names = properties or schema.fields.keys() | attributes.keys()
    return Held(
        type,
        str(item["id"]),
        text(attributes.get(schema.key)) if schema.key else None,
        {name: text(attributes.get(schema.internal(name))) for name in names},
        {to: ids for to in _PARENTS[type] if (ids := linked_ids(item, to))},
        instant(attributes.get(UPDATED[type])),
    )


async def find(
    session: Session, type: ObjectType, keys: Collection[str], properties: Collection[str]
) -> dict[str, Held]:
    """Records by key: pages from the newest back until all are found.

    What was written a moment ago may be missing in a list. Of what this session wrote the lag is
    waited for; what another wrote before it began is looked for once more when it is missing.
    """
    wanted = [key for key in keys if key.strip()]
    if not wanted or type in ACTIVITIES:
        return {}
    schema = await session.schema(type)
    if type in KEYED and schema.key is None:
        return {}  # an account without the key attribute holds nothing of ours

    async def people(keys: list[str]) -> dict[str, Held]:
        found = await contacts.lookup(session, keys)
        return {
            key: contacts.held(found[folded(key)], schema, properties)
            for key in keys
            if folded(key) in found
        }

    if type is ObjectType.CONTACTS:
        return await _patiently(session, wanted, people)
    found = await _patiently(session, wanted, partial(by_key, session, type))
    return {key: held(items[0], schema, properties) for key, items in found.items()}


async def _patiently(
    session: Session,
    wanted: list[str],
    look: Callable[[list[str]], Awaitable[dict[str, _Found]]],
) -> dict[str, _Found]:
    """What a look finds, once more after the lag where something is missing that may be new."""
    await session.caught_up()
    began = session.clock.monotonic()
    found = await look(wanted)
    missing = [key for key in wanted if key not in found]
    if missing and began < session.began + session.options.list_lag:
        await session.lag_since(session.began)
        found |= await look(missing)
    return found


async def resolve(
    session: Session, type: ObjectType, names: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """All ids of contacts by address, of companies by domain, else by name, of deals by key."""
    wanted = [name for name in dict.fromkeys(names) if name.strip()]
    if not wanted:
        return {}
    await session.caught_up()
    if type is ObjectType.CONTACTS:
        return await contacts.resolve(session, wanted)
    if type is ObjectType.DEALS:
        return await _deals(session, wanted)
    return await _companies(session, wanted)


async def _deals(session: Session, keys: list[str]) -> dict[str, tuple[str, ...]]:
    if (await session.schema(ObjectType.DEALS)).key is None:
        return {}
    found = await _patiently(session, keys, partial(by_key, session, ObjectType.DEALS))
    return {key: tuple(str(item["id"]) for item in items) for key, items in found.items()}


async def _companies(session: Session, wanted: list[str]) -> dict[str, tuple[str, ...]]:
    asked = {folded(name) for name in wanted}
    by_domain: dict[str, list[str]] = {}
    by_name: dict[str, list[str]] = {}
    async for page in every(session, ObjectType.COMPANIES):
        for item in page:
            attributes = nested(item, "attributes")
            for known, name in ((by_domain, "domain"), (by_name, "name")):
                value = folded(text(attributes.get(name)) or "")
                if value in asked:
                    known.setdefault(value, []).append(str(item["id"]))
    found = {}
    for name in wanted:
        domain = by_domain.get(folded(name)) if looks_like_domain(name) else None
        ids = domain or by_name.get(folded(name))
        if ids:
            found[name] = tuple(ids)
    return found


async def pages(
    session: Session, type: ObjectType, properties: Collection[str], reading: Reading
) -> AsyncIterator[Page]:
    """Every record of the type with its links, page by page.

    Behind the end of a list by page number nothing can be looked for but by reading it again.
    """
    if reading.behind and (type is ObjectType.COMPANIES or not reading.place):
        return
    await session.caught_up()
    convert = await _converter(session, type, properties)
    filters = _since(session, type, reading.since)
    async for batch in batches(session, type, reading, filters):
        yield Page(tuple(convert(item) for item in batch.items), batch.place)


async def _converter(
    session: Session, type: ObjectType, properties: Collection[str]
) -> Callable[[Json], Held]:
    """What makes of an answer a record with these properties."""
    if type in ACTIVITIES:
        return lambda item: activity(item, type, properties)
    schema = await session.schema(type)
    make = contacts.held if type is ObjectType.CONTACTS else held
    return lambda item: make(item, schema, properties)


def _since(session: Session, type: ObjectType, since: datetime | None) -> dict[str, str] | None:
    """What to ask for to get only what was changed, where the user wants to rely on it.

    UNCERTAIN: that the filter goes by the date of change that a record shows, and in which zone.
    So it is asked for a day more.
    """
    if since is None or not session.options.modified_since or type not in KEYED:
        return None
    moment = (since - _A_DAY).astimezone(UTC)
    return {"modifiedSince": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


async def read(
    session: Session, type: ObjectType, ids: Collection[str], properties: Collection[str]
) -> dict[str, Held]:
    """Records by id, with the fewest requests; those that are gone are absent."""
    if not ids:
        return {}
    await session.caught_up()
    convert = await _converter(session, type, properties)
    if type is ObjectType.CONTACTS:
        items = await contacts.by_id(session, ids)
    elif type in ACTIVITIES:
        items = await activities_by_id(session, type, ids)
    else:
        items = await by_id(session, type, ids)
    return {id_: convert(item) for id_, item in items.items()}


async def activities_by_id(
    session: Session, type: ObjectType, ids: Collection[str]
) -> dict[str, Json]:
    """Notes or tasks by id: as many pages as there are ids, at most, then each by itself."""
    missing = dict.fromkeys(ids)
    found: dict[str, Json] = {}
    if len(missing) > 1:
        asked = 0
        async for batch in batches(session, type, Reading()):
            asked += 1
            for item in batch.items:
                if (id_ := str(item["id"])) in missing:
                    found[id_] = item
                    del missing[id_]
            if asked >= len(missing):
                break
        else:
            return found  # the whole list was read: they are gone
    for id_ in missing:
        single = await session.calls.record(type, id_)
        if single is not None:
            found[id_] = single
    return found


async def count(session: Session, type: ObjectType) -> int | None:
    """How many records a list says there are; those of notes and tasks do not say."""
    if type in ACTIVITIES:
        return None
    params = {"limit": "1", "sort": "asc"}
    if type is ObjectType.CONTACTS:
        return (await session.contact_calls.contacts({**params, "offset": "0"})).total
    first = {"page": "1"} if type is ObjectType.COMPANIES else {"offset": "0"}
    return (await session.calls.records(type, params | first)).total


def activity(item: Json, type: ObjectType, properties: Collection[str]) -> Held:
    """A note or a task; its properties are the fields of the answer, all when none is named."""
    link_names = {name for names in _ACTIVITY_LINKS.values() for name in names}
    names = list(properties) or [name for name in item if name not in {"id", *link_names}]
    links = {}
    for to, spellings in _ACTIVITY_LINKS.items():
        ids = [text(id_) for name in spellings for id_ in item.get(name) or ()]
        if ids:
            links[to] = tuple(id_ for id_ in dict.fromkeys(ids) if id_)
    values = {name: text(item.get(name)) for name in names}
    return Held(type, str(item["id"]), None, values, links, instant(item.get("updatedAt")))
