"""Contacts: their key is the e-mail address, which Brevo keeps unique and in small letters."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

from migrator.model import Held, ObjectType, OpState, Outcome
from migrator.vendors.brevo.answers import Json, Refusal, instant, nested, text, whole
from migrator.vendors.brevo.jobs import Job, Watch
from migrator.vendors.brevo.pages import Order, ask
from migrator.vendors.brevo.settle import refused
from migrator.vendors.brevo.singly import changed, in_doubt
from migrator.vendors.brevo.stream import by_offset
from migrator.vendors.brevo.values import for_json, same
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from migrator.model import Op
    from migrator.vendors.brevo.calls import Page
    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.brevo.session import Session

EMAIL = "email"
CREATED = "createdAt"

_AT_ONCE = 5
"""Requests for single contacts under way at once; their quota allows ten a second."""

_BODY = 7_000_000
"""Characters of an import's JSON; 10 MB is the limit, 8 MB recommended."""

NOT_IMPORTED = (
    "Brevo took the contacts, but this one is not among them afterwards; it gives no reason. "
    "Usually the e-mail address is not valid, or a value such as SMS belongs to another contact."
)


async def lookup(session: Session, emails: Collection[str]) -> dict[str, Json]:
    """Contacts by address in small letters, with the fewest requests: by pages, or one by one."""
    wanted = {folded(email) for email in emails if email.strip()}
    return await _look(session, wanted, _email, session.contact_calls.contact)


async def by_id(session: Session, ids: Collection[str]) -> dict[str, Json]:
    """Contacts by id, likewise."""
    return await _look(session, set(ids), _id, session.contact_calls.contact_of_id)


async def _look(
    session: Session,
    missing: set[str],
    name: Callable[[Json], str],
    single: Callable[[str], Awaitable[Json | None]],
) -> dict[str, Json]:
    found: dict[str, Json] = {}
    pages_left = math.inf

    async def page_at(index: int) -> Page:
        nonlocal pages_left
        page = await ask(session, ObjectType.CONTACTS, Order(newest=False), index, 1)
        if page.total is not None and page.items:
            pages_left = (page.total - index) / len(page.items) - 1
        return page

    if len(missing) > 1:
        async for batch in by_offset(page_at, set()):
            for item in batch.items:
                if (one := name(item)) in missing:
                    found[one] = item
                    missing.discard(one)
            if len(missing) < 2 or len(missing) <= pages_left < math.inf:
                break
        else:
            return found
    singly = await _one_by_one(sorted(missing), single)
    return found | {one: item for one, item in singly.items() if item is not None}


def address(op: Op) -> str:
    """The address of a contact to create, as Brevo keeps it."""
    return folded(op.properties.get(EMAIL, op.key))


def _email(item: Json) -> str:
    """A contact's address; one that is known by its telephone number has none."""
    return folded(text(item.get(EMAIL)) or "")


def _id(item: Json) -> str:
    return str(item["id"])


async def _one_by_one(
    names: Sequence[str], single: Callable[[str], Awaitable[Json | None]]
) -> dict[str, Json | None]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> Json | None:
        async with slots:
            return await single(name)

    tasks = [asyncio.ensure_future(one(name)) for name in names]
    try:
        return dict(zip(names, await asyncio.gather(*tasks), strict=True))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def resolve(session: Session, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Ids of contacts by e-mail address."""
    found = await lookup(session, names)
    return {name: (str(found[folded(name)]["id"]),) for name in names if folded(name) in found}


def held(item: Json, schema: Schema, properties: Collection[str]) -> Held:
    """A contact as the account holds it; with all its attributes when none is named.

    Its address and the moment of its creation stand beside the attributes. What it is linked to it
    does not show: that is told by the deals and companies.
    """
    attributes = nested(item, "attributes")
    names = properties or {EMAIL, *attributes}
    found = {name: text(attributes.get(schema.internal(name))) for name in names}
    found |= {name: text(item.get(name)) for name in (EMAIL, CREATED) if name in found}
    changed = instant(item.get("modifiedAt"))
    return Held(ObjectType.CONTACTS, _id(item), _email(item) or None, found, updated_at=changed)


# -- writing ---------------------------------------------------------------------------------------


async def create(session: Session, ops: Sequence[Op], note: Callable[[str], None]) -> list[Outcome]:
    """Create contacts; one whose address is there already is that contact."""
    schema = await session.schema(ObjectType.CONTACTS)
    if len(ops) < session.options.import_from:
        return await _create_singly(session, schema, ops)
    return await _create_by_import(session, schema, ops, note)


async def _create_by_import(
    session: Session, schema: Schema, ops: Sequence[Op], note: Callable[[str], None]
) -> list[Outcome]:
    """Import in bodies below the limit, one after the other: parallel imports get stuck.

    To import a contact twice does no harm: what is there stays as it is.
    """
    list_id = await _list(session)
    outcomes: list[Outcome] = []
    accepted = False
    with in_doubt(f"Brevo took a part of {len(ops)} contacts", lambda: accepted):
        for chunk in _chunks(schema, ops):
            contents = [content for _, content in chunk]
            rows = [op for op, _ in chunk]
            try:
                process = await session.contact_calls.import_contacts(contents, list_id)
            except Refusal as refusal:
                outcomes += [refused(op, refusal.code, refusal.message) for op in rows]
                continue
            accepted = True
            job = Job().taken(process)
            note(str(job))
            watch = Watch(session, ObjectType.CONTACTS, job, session.clock.monotonic())
            outcomes += await settle(watch, rows)
    return outcomes


def _chunks(schema: Schema, ops: Sequence[Op]) -> list[list[tuple[Op, Json]]]:
    chunks: list[list[tuple[Op, Json]]] = [[]]
    size = 0
    for op in ops:
        content = _content(schema, op)
        length = len(json.dumps(content)) + 2
        if chunks[-1] and size + length > _BODY:
            chunks.append([])
            size = 0
        chunks[-1].append((op, content))
        size += length
    return chunks


async def settle(watch: Watch, ops: Sequence[Op]) -> list[Outcome]:
    """Wait for an import of contacts to end; those that are there by then are written."""
    session = watch.session
    found: dict[str, Json] = {}
    addresses = {op.key: address(op) for op in ops}

    async def read() -> frozenset[str]:
        found.update(await lookup(session, [a for a in addresses.values() if a not in found]))
        return frozenset(key for key, address in addresses.items() if address not in found)

    await watch.end(read, len(ops))
    return [
        Outcome(op.key, OpState.WRITTEN, str(found[addresses[op.key]]["id"]))
        if addresses[op.key] in found
        else refused(op, "not_imported", NOT_IMPORTED)
        for op in ops
    ]


async def _list(session: Session) -> int:
    """The list that imported contacts go to: Brevo wants one. Found by name, else created."""
    name = session.options.contact_list
    offset = 0
    while True:
        page = await session.contact_calls.lists(offset)
        for item in page.items:
            if folded(str(item.get("name"))) == folded(name) and (id_ := whole(item.get("id"))):
                return id_
        offset += len(page.items)
        if not page.items or (page.total is not None and offset >= page.total):
            break
    folders = [whole(item.get("id")) for item in await session.contact_calls.folders()]
    folder = next((id_ for id_ in folders if id_), None)
    if folder is None:
        folder = await session.contact_calls.create_folder(name)
    return await session.contact_calls.create_list(name, folder)


async def _create_singly(session: Session, schema: Schema, ops: Sequence[Op]) -> list[Outcome]:
    outcomes: list[Outcome] = []

    def any_written() -> bool:
        return any(outcome.state is OpState.WRITTEN for outcome in outcomes)

    with in_doubt(f"Brevo created a part of {len(ops)} contacts", any_written):
        for op in ops:
            try:
                id_ = await session.contact_calls.create_contact(_content(schema, op))
            except Refusal as refusal:
                outcomes.append(await _there_already(session, op, refusal))
            else:
                outcomes.append(Outcome(op.key, OpState.WRITTEN, id_))
    session.wrote()
    return outcomes


async def _there_already(session: Session, op: Op, refusal: Refusal) -> Outcome:
    """A refusal; one for a duplicate is no loss when the duplicate has this very address."""
    if refusal.code == "duplicate_parameter" or "already" in refusal.message.casefold():
        item = await session.contact_calls.contact(address(op))
        if item is not None and _email(item) == address(op):
            return Outcome(op.key, OpState.WRITTEN, str(item["id"]))
    return refused(op, refusal.code, refusal.message)


def _content(schema: Schema, op: Op) -> Json:
    attributes = {
        schema.internal(name): for_json(schema.info(name), value)
        for name, value in op.properties.items()
        if name != EMAIL
    }
    content: Json = {EMAIL: op.properties[EMAIL]} if EMAIL in op.properties else {}
    return {**content, "attributes": attributes} if attributes else content


async def update(session: Session, ops: Sequence[Op]) -> list[Outcome]:
    """Change contacts one by one, and look at each: what does not suit a field is just ignored."""
    schema = await session.schema(ObjectType.CONTACTS)
    outcomes: list[Outcome] = []
    with in_doubt(f"Brevo changed a part of {len(ops)} contacts", lambda: bool(outcomes)):
        for op in ops:
            try:
                await session.contact_calls.update_contact(str(op.id), _changes(schema, op))
            except Refusal as refusal:
                outcomes.append(refused(op, refusal.code, refusal.message))
                continue
            session.wrote()
            item = await session.contact_calls.contact_of_id(str(op.id))
            outcomes.append(changed(op, _lacking(session, schema, op, item), None))
    return outcomes


def _changes(schema: Schema, op: Op) -> Json:
    """The body of an update, in which the address is an attribute as all others (its page)."""
    content = _content(schema, op)
    attributes = {**content.get("attributes", {})}
    if EMAIL in content:
        attributes["EMAIL"] = content[EMAIL]
    return {"attributes": attributes}


def _lacking(session: Session, schema: Schema, op: Op, item: Json | None) -> tuple[str, ...]:
    """Properties that a contact holds otherwise after an update."""
    there = held(item, schema, op.properties).properties if item else {}
    wanted = {name: folded(v) if name == EMAIL else v for name, v in op.properties.items()}
    return tuple(
        name
        for name, ours in wanted.items()
        if not same(schema.info(name), ours, there.get(name), session.zone)
    )
