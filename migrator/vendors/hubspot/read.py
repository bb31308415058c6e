"""Finding records again, by key, by id or by name, and how many there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from migrator.errors import InputError, Unavailable
from migrator.model import KEY_FIELD, Held, ObjectType
from migrator.vendors.hubspot.answers import Json, Refusal, objects
from migrator.vendors.hubspot.calls import chunks, next_page, together
from migrator.vendors.hubspot.fields import UNKEYED
from migrator.vendors.hubspot.records import Query, by_id, missing, query
from migrator.vendors.hubspot.setup import KEYED
from migrator.vendors.shared.names import looks_like_domain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from migrator.vendors.hubspot.calls import Calls

_MORE_EMAILS = "hs_additional_emails"
"""A contact is found by its second address too, and answers with its first."""

_SEARCH_BODY = 3_000
"""Most characters of a search's body (search guide)."""

_SEARCH_PAGE = 200


class _NoKeyProperty(Exception):
    """The portal has no key property yet, so no record of ours either."""


# -- by key ----------------------------------------------------------------------------------------


async def find(
    calls: Calls, type: ObjectType, keys: Iterable[str], properties: Collection[str]
) -> dict[str, Held]:
    """Records by key, read from the primary store: a write that was answered is visible here.

    (Search is not used for this: what was just written may be missing there for a while.)
    """
    if type in UNKEYED:
        return {}
    asked = query(calls, type, properties)
    wanted = [key for key in dict.fromkeys(keys) if key.strip()]
    jobs = [_find_chunk(asked, chunk) for chunk in chunks(wanted)]
    try:
        parts = await together(jobs)
    except _NoKeyProperty:
        return {}
    return {key: held for part in parts for key, held in part.items()}


async def _find_chunk(query: Query, keys: list[str]) -> dict[str, Held]:
    found, unmentioned = await _ask(query, keys)
    if unmentioned:  # callers report ids that were silently left out: ask for these once more
        again, _ = await _ask(query, unmentioned)
        found |= again
    return found


async def _ask(query: Query, keys: list[str]) -> tuple[dict[str, Held], list[str]]:
    """What one batch/read finds, and the keys of which its answer says nothing."""
    names = [*query.properties, *([_MORE_EMAILS] if query.type is ObjectType.CONTACTS else [])]
    content = {
        "properties": names,
        "idProperty": query.key,
        "inputs": [{"id": key} for key in _distinct(query.type, keys)],
    }
    path = query.calls.paths.objects(query.type, "batch/read")
    try:
        answer = await query.calls.read(path, content)
    except Refusal as refusal:
        return await _ask_less(query, keys, refusal), []
    faults = [missing(error) for error in objects(answer.get("errors"))]
    found: dict[str, Held] = {}
    for item in objects(answer.get("results")):
        held = query.held(item)
        for key in _keys_of(query.type, item, held.key, keys):
            found[key] = held
    told = {id_.casefold() for fault in faults for id_ in fault.ids}
    if any(not fault.ids for fault in faults):
        return found, []  # an error that names nobody speaks for all that are not there
    return found, [key for key in keys if key not in found and key.casefold() not in told]


def _distinct(type: ObjectType, keys: list[str]) -> list[str]:
    """Keys as they go into one request, no two of which name one record."""
    if type is not ObjectType.CONTACTS:
        return keys
    return list({key.strip().casefold(): key.strip() for key in keys}.values())


def _keys_of(type: ObjectType, item: Json, key: str | None, asked: Sequence[str]) -> Iterator[str]:
    """Those of the keys asked for by which a record was found.

    A source key must stand there as it was asked for: were letter case ignored, the record of one
    row could pass for that of another. Addresses are one in any letter case.
    """
    if type is not ObjectType.CONTACTS:
        yield from [key] if key is not None and key in asked else []
        return
    more = str((item.get("properties") or {}).get(_MORE_EMAILS) or "").split(";")
    folded = {text.strip().casefold() for text in [key or "", *more]}
    yield from (one for one in asked if one.strip().casefold() in folded)


async def _ask_less(query: Query, keys: list[str], refusal: Refusal) -> dict[str, Held]:
    """After a refusal of the whole read: the key property is missing, or one key is to blame."""
    if refusal.status != 400:
        raise refusal
    if query.type in KEYED:
        await _check_key_property(query)
        raise refusal
    if len(keys) == 1:
        return {}
    half = len(keys) // 2
    first, _ = await _ask(query, keys[:half])
    second, _ = await _ask(query, keys[half:])
    return first | second


async def _check_key_property(query: Query) -> None:
    try:
        found = await query.calls.get(query.calls.paths.properties(query.type, KEY_FIELD))
    except Refusal as refusal:
        if refusal.status == 404:
            raise _NoKeyProperty from refusal
        raise
    if not found.get("hasUniqueValue"):
        raise InputError(
            f"The property {KEY_FIELD} of {query.type} does not require unique values, so records "
            "cannot be found by it. Delete it in HubSpot; migrator creates it as it must be."
        )


# -- by id -----------------------------------------------------------------------------------------


async def read(
    calls: Calls, type: ObjectType, ids: Iterable[str], properties: Collection[str]
) -> dict[str, Held]:
    """Records by id, a hundred a request; what is no number is the id of none."""
    asked = query(calls, type, properties)
    wanted = [id_ for id_ in dict.fromkeys(ids) if id_.isascii() and id_.isdecimal()]
    parts = await together([by_id(asked, chunk) for chunk in chunks(wanted)])
    return {id_: asked.held(item) for part in parts for id_, item in part.items()}


# -- by name ---------------------------------------------------------------------------------------


async def resolve(
    calls: Calls, type: ObjectType, names: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Ids of contacts by e-mail address, of companies by domain, else by name; of deals by key."""
    if type in UNKEYED:
        return {}
    wanted = [name for name in dict.fromkeys(names) if name.strip()]
    if type is not ObjectType.COMPANIES:
        found = await find(calls, type, wanted, ())
        return {name: (held.id,) for name, held in found.items()}
    domains = [name for name in wanted if looks_like_domain(name)]
    ids = await _companies(calls, "domain", domains)
    others = [name for name in wanted if name not in ids]
    return ids | await _companies(calls, "name", others)


async def _companies(calls: Calls, name: str, values: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Companies one of whose two properties is one of these values, letter case ignored.

    Neither property is unique, so only a search finds them: five per second and account.
    """
    spellings: dict[str, list[str]] = {}
    for value in values:
        spellings.setdefault(value.strip().lower(), []).append(value)
    found: dict[str, list[str]] = {}
    for chunk in await together([_search(calls, body, name) for body in _bodies(name, spellings)]):
        for item in chunk:
            text = str((item.get("properties") or {}).get(name) or "")
            found.setdefault(text.strip().casefold(), []).append(str(item["id"]))
    return {
        value: tuple(dict.fromkeys(ids))
        for lower, given in spellings.items()
        if (ids := found.get(lower.casefold()))
        for value in given
    }


def _bodies(name: str, values: Iterable[str]) -> Iterator[Json]:
    """Searches for these values; IN wants them in small letters (search guide).

    A name that alone fills a body is left out: HubSpot's own names are shorter by far.
    """
    base = len(json.dumps(_search_body(name, []), ensure_ascii=True)) + len('"after":"10000",')
    room = _SEARCH_BODY - base
    chunk: list[str] = []
    size = 0
    for value in values:
        length = len(json.dumps(value, ensure_ascii=True)) + 2
        if length > room:
            continue
        if size + length > room:
            yield _search_body(name, chunk)
            chunk, size = [], 0
        chunk.append(value)
        size += length
    if chunk:
        yield _search_body(name, chunk)


def _search_body(name: str, values: list[str]) -> Json:
    return {
        "filterGroups": [{"filters": [{"propertyName": name, "operator": "IN", "values": values}]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": [name],
        "limit": _SEARCH_PAGE,
    }


async def _search(calls: Calls, content: Json, name: str) -> list[Json]:
    """All results of one search, with exactly the values asked for or more."""
    path = calls.paths.objects(ObjectType.COMPANIES, "search")
    results: list[Json] = []
    after: str | None = None
    while True:
        page = await calls.read(path, {**content, "after": after} if after else content)
        results += [
            item for item in objects(page.get("results")) if name in (item.get("properties") or {})
        ]
        if (after := next_page(page)) is None:
            return results


async def count(calls: Calls, type: ObjectType) -> int:
    """How many records a search for nothing in particular finds."""
    answer = await calls.read(calls.paths.objects(type, "search"), {"limit": 1})
    total = answer.get("total")
    if not isinstance(total, int):
        raise Unavailable(f"A search for all {type} was answered without their number.")
    return total


_SAME_NAME = 20
"""Records of one name that are looked for."""


async def of_name(calls: Calls, type: ObjectType, name: str) -> list[str] | None:
    """Ids of the newest records of a name, as far as a search knows them; None = too long a name.

    What was written in the last moments may be missing.
    """
    property = "dealname" if type is ObjectType.DEALS else "name"
    content = {
        "filterGroups": [
            {"filters": [{"propertyName": property, "operator": "EQ", "value": name}]}
        ],
        "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        "properties": [property],
        "limit": _SAME_NAME,
    }
    if len(json.dumps(content)) > _SEARCH_BODY:
        return None
    answer = await calls.read(calls.paths.objects(type, "search"), content)
    return [str(item["id"]) for item in objects(answer.get("results"))]
