"""Finding records again, by key or by name, and reading all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import Held, ObjectType
from migrator.vendors.brevo import contacts
from migrator.vendors.brevo.answers import Json, instant, nested, text
from migrator.vendors.brevo.pages import UPDATED, by_key, every
from migrator.vendors.brevo.schema import KEYED
from migrator.vendors.brevo.settle import linked_ids
from migrator.vendors.shared.names import folded, looks_like_domain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.brevo.session import Session

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
    if not wanted:
        return {}
    schema = await session.schema(type)
    if type in KEYED and schema.key is None:
        return {}  # an account without the key attribute holds nothing of ours
    await session.caught_up()
    began = session.clock.monotonic()
    found = await _look(session, type, wanted, schema, properties)
    missing = [key for key in wanted if key not in found]
    if missing and began < session.began + session.options.list_lag:
        await session.lag_since(session.began)
        found |= await _look(session, type, missing, schema, properties)
    return found


async def _look(
    session: Session,
    type: ObjectType,
    keys: list[str],
    schema: Schema,
    properties: Collection[str],
) -> dict[str, Held]:
    if type is ObjectType.CONTACTS:
        people = await contacts.lookup(session, keys)
        return {
            key: contacts.held(people[folded(key)], schema, properties)
            for key in keys
            if folded(key) in people
        }
    found = await by_key(session, type, keys)
    return {key: held(items[0], schema, properties) for key, items in found.items()}


async def resolve(
    session: Session, type: ObjectType, names: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Ids of contacts by e-mail address, of companies by domain, else by name: all that match."""
    wanted = [name for name in dict.fromkeys(names) if name.strip()]
    if not wanted:
        return {}
    await session.caught_up()
    if type is ObjectType.CONTACTS:
        return await contacts.resolve(session, wanted)
    asked = {folded(name) for name in wanted}
    by_domain: dict[str, list[str]] = {}
    by_name: dict[str, list[str]] = {}
    async for page in every(session, type):
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


async def export(
    session: Session, type: ObjectType, properties: Collection[str]
) -> AsyncIterator[Held]:
    """Every record of the type once, with its links."""
    await session.caught_up()
    if type is ObjectType.CONTACTS:
        async for contact in contacts.export(session, properties):
            yield contact
    elif type in {ObjectType.NOTES, ObjectType.TASKS}:
        async for activity in _activities(session, type, properties):
            yield activity
    else:
        schema = await session.schema(type)
        async for page in every(session, type):
            for item in page:
                yield held(item, schema, properties)


async def _activities(
    session: Session, type: ObjectType, properties: Collection[str]
) -> AsyncIterator[Held]:
    """Notes or tasks; their properties are the fields of the answer, all of them when none named.

    Neither list tells its length: it ends with an empty page.
    """
    ask = session.calls.notes if type is ObjectType.NOTES else session.calls.tasks
    seen: set[str] = set()
    offset = 0
    while items := await ask(offset, min(100, session.options.page)):
        offset += len(items)
        fresh = [item for item in items if (id_ := text(item.get("id"))) and id_ not in seen]
        if not fresh:
            return  # a server that ignores the offset shows the same page for ever
        for item in fresh:
            seen.add(str(item["id"]))
            yield _activity(item, type, properties)


def _activity(item: Json, type: ObjectType, properties: Collection[str]) -> Held:
    link_names = {name for names in _ACTIVITY_LINKS.values() for name in names}
    names = list(properties) or [name for name in item if name not in {"id", *link_names}]
    links = {}
    for to, spellings in _ACTIVITY_LINKS.items():
        ids = [text(id_) for name in spellings for id_ in item.get(name) or ()]
        if ids:
            links[to] = tuple(id_ for id_ in dict.fromkeys(ids) if id_)
    values = {name: text(item.get(name)) for name in names}
    return Held(type, str(item["id"]), None, values, links, instant(item.get("updatedAt")))
