"""The deprecated way to link deals, for accounts whose tokens were made for it.

``PUT /deals/v1/deal/:dealId/associations/:OBJECTTYPE?id=:objectId&id=:objectId`` links one deal to
any number of contacts or companies; ``DELETE`` of the same address parts them. The v1 APIs are
unsupported after September 2027; batches of :mod:`~migrator.vendors.hubspot.links` link a hundred
deals in the time that this links one.
Source: "Associate a deal with a contact or company" (legacy reference, marked deprecated).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from migrator.errors import InputError
from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.hubspot.answers import body, is_row_fault, read_fault
from migrator.wire import Effect, request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Op
    from migrator.vendors.hubspot.answers import Fault
    from migrator.vendors.hubspot.calls import Calls

NOTICE = (
    "Deals are linked by HubSpot's v1 associations, which are unsupported after September 2027 and "
    "take a request for each deal; leave the option associations away to link in batches."
)

_OBJECT_TYPE = {ObjectType.CONTACTS: "CONTACT", ObjectType.COMPANIES: "COMPANY"}


async def link(calls: Calls, ops: Sequence[Op]) -> list[Outcome]:
    """Link existing deals to contacts and companies; linking again changes nothing."""
    return [await _link(calls, op) for op in ops]


async def _link(calls: Calls, op: Op) -> Outcome:
    for type in dict.fromkeys(link.type for link in op.links):
        ids = [str(link.id) for link in op.links if link.type is type]
        fault = await _request(calls, "PUT", op, type, ids)
        if fault is not None:
            message = f"the record was written, but not its links: {fault.message}"
            return Outcome(op.key, OpState.REFUSED, None, fault.code, message)
    return Outcome(op.key, OpState.WRITTEN, op.id)


async def unlink(calls: Calls, op: Op, type: ObjectType, ids: Sequence[str]) -> Fault | None:
    """Take links of one deal to contacts or companies away; why HubSpot does not, if so."""
    return await _request(calls, "DELETE", op, type, ids)


async def _request(
    calls: Calls, method: str, op: Op, type: ObjectType, ids: Sequence[str]
) -> Fault | None:
    if op.type is not ObjectType.DEALS or type not in _OBJECT_TYPE:
        raise InputError(f"HubSpot's v1 associations do not link {op.type} to {type}.")
    query = urlencode([("id", id_) for id_ in ids])
    path = f"/deals/v1/deal/{op.id}/associations/{_OBJECT_TYPE[type]}?{query}"
    response = await request(calls.client, method, path, effect=Effect.REPEATABLE)
    found = body(response)
    if is_row_fault(response.status_code, found):
        return read_fault(found)
    calls.check(response, f"{method} {path}")
    return None
