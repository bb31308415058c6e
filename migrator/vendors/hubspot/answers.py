"""What an answer of the API means: bodies, error shapes, who is to blame.

"Treat every field of an error as optional" (HubSpot, error handling): nothing here relies on one.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migrator import json_text
from migrator.errors import InputError, QuotaSpent, Unauthorized, Unavailable
from migrator.wire import NOT_CARRIED_OUT, told_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

Json = dict[str, Any]
"""An object of a JSON body; its fields are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error says.

    Attributes:
        code: the most telling of its codes, such as ``INVALID_OPTION``.
        message: a line for a person, without the embedded JSON.
        properties: names of the properties it blames.
        traces: trace ids of the inputs it blames.
        ids: record ids or key values it blames.
        category: HubSpot's own category, upper case.
    """

    code: str
    message: str
    properties: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    category: str = ""

    @property
    def not_found(self) -> bool:
        """Whether it says that something is not there."""
        return "NOT_FOUND" in self.category or "NOT_FOUND" in self.code


class Refusal(InputError):
    """A whole request was turned down; nothing of it was carried out."""

    def __init__(self, status: int, fault: Fault, what: str) -> None:
        super().__init__(f"HubSpot turned {what} down ({status} {fault.code}): {fault.message}")
        self.status = status
        self.fault = fault


def body(response: httpx.Response) -> Json:
    """The answer's JSON object; empty when it is none."""
    try:
        found = json_text.loads(response.content)
    except ValueError:  # another encoding, a mark before it, half a letter: rare, and slower
        try:
            found = response.json()
        except ValueError:  # no JSON, or no text of any encoding
            return {}
    return found if isinstance(found, dict) else {}


def objects(value: object) -> list[Json]:
    """The JSON objects of a list; everything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def read_fault(error: Mapping[str, Any]) -> Fault:
    """What an error body, or one entry of a 207's ``errors``, says.

    Property errors hide a JSON list in ``message``; in a 207 it may be the only detail.

    >>> read_fault({"category": "VALIDATION_ERROR", "message": 'Property values were not valid: '
    ...   '[{"isValid":false,"message":"x is no option","error":"INVALID_OPTION","name":"t"}]'})
    ... # doctest: +ELLIPSIS
    Fault(code='INVALID_OPTION', message='t: x is no option', properties=frozenset({'t'}), ...)
    """
    text = str(error.get("message") or "")
    details = list(_embedded(text)) or [_detail(item) for item in objects(error.get("errors"))]
    category = str(error.get("category") or error.get("errorType") or "").upper()
    sub = error.get("subCategory")
    codes = [code for code, _, _ in details if code]
    lines = [f"{name}: {line}" if name else line for _, name, line in details if line]
    return Fault(
        code=next(iter(codes), "") or (sub if isinstance(sub, str) else "") or category or "ERROR",
        message="; ".join(lines) or text or "no reason given",
        properties=frozenset(name for _, name, _ in details if name),
        traces=_context(error, "objectWriteTraceId"),
        ids=_context(error, "ids") | _context(error, "id"),
        category=category,
    )


def _embedded(text: str) -> Iterator[tuple[str, str, str]]:
    """Code, property and message of each entry of the JSON list in a message."""
    start = text.find("[{")
    if start < 0:
        return
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:  # cut short, or it only looked like one
        return
    for item in objects(found):
        yield (
            str(item.get("error") or item.get("code") or ""),
            str(item.get("name") or ""),
            str(item.get("message") or item.get("localizedErrorMessage") or ""),
        )


def _detail(item: Json) -> tuple[str, str, str]:
    names = sorted(_context(item, "propertyName"))
    name = names[0] if names else str(item.get("in") or "")
    return str(item.get("code") or ""), name, str(item.get("message") or "")


def _context(error: Mapping[str, Any], name: str) -> frozenset[str]:
    context = error.get("context")
    values = context.get(name) if isinstance(context, dict) else None
    if isinstance(values, list):
        return frozenset(str(value) for value in values)
    return frozenset({str(values)}) if isinstance(values, str | int) else frozenset()


def is_row_fault(status: int, found: Json) -> bool:
    """Whether a whole-batch refusal may be the fault of one row, so that halving it helps.

    A 404 without HubSpot's own error body comes from something else at that address.
    """
    return status == 413 or (
        status in {400, 404, 409, 422} and bool({"category", "errors", "correlationId"} & {*found})
    )


def daily(response: httpx.Response) -> bool:
    """Whether a 429 is for the day, so that waiting is of no use within a run."""
    found = body(response)
    policy = str(found.get("policyName") or "").upper()
    return policy == "DAILY" or "daily limit" in str(found.get("message") or "").lower()


def check(response: httpx.Response, what: str, zone: str | None) -> Json:
    """The body of a good answer.

    Args:
        response: any answer below 500.
        what: the request, for messages.
        zone: the portal's time zone, where it is known.

    Raises:
        Unauthorized: 401, 403.
        QuotaSpent: 429 of the daily quota.
        Unavailable: 423, 429, 477: not carried out.
        Refusal: everything else that is no success.
    """
    status = response.status_code
    if 200 <= status < 300:
        return body(response)
    found = body(response)
    fault = read_fault(found)
    if status in {401, 403}:
        raise _unauthorized(status, found, fault, what)
    if status == 429 and daily(response):
        raise _spent(response, fault, zone)
    if status in NOT_CARRIED_OUT:
        raise Unavailable(
            f"HubSpot kept putting {what} off ({status} {fault.code}): {fault.message} "
            "Nothing is lost; resume later."
        )
    if not found:
        raise InputError(
            f"{what} was answered with status {status}, and not by HubSpot's API as it seems. "
            "Look whether HUBSPOT_BASE_URL is right."
        )
    raise Refusal(status, fault, what)


def _unauthorized(status: int, found: Json, fault: Fault, what: str) -> Unauthorized:
    scopes: set[str] = set()
    for item in [found, *objects(found.get("errors"))]:
        for name in ("requiredGranularScopes", "requiredScopes", "missingScopes"):
            scopes |= _context(item, name)
    if scopes:
        needed = ", ".join(sorted(scopes))
        return Unauthorized(
            f"The HubSpot token lacks a scope for {what}: it needs one of {needed}. Add it to the "
            "service key (or private app) the token belongs to."
        )
    if status == 401:
        return Unauthorized(
            f"HubSpot does not accept the token ({fault.message}). Set HUBSPOT_TOKEN to the token "
            "of a service key or of a private app of the account."
        )
    return Unauthorized(
        f"HubSpot forbids {what}: {fault.message} ({fault.code}). Look after the rights of the "
        "service key (or private app) and the account's plan."
    )


def _spent(response: httpx.Response, fault: Fault, zone: str | None) -> QuotaSpent:
    """The daily quota starts anew at midnight in the portal's time zone (usage guidelines)."""
    until = None
    now = told_at(response)
    with contextlib.suppress(ValueError, OSError, ZoneInfoNotFoundError):  # an unknown zone
        if now is not None:
            local = now.astimezone(ZoneInfo(zone or ""))
            midnight = datetime(local.year, local.month, local.day, tzinfo=local.tzinfo)
            until = (midnight + timedelta(days=1)).astimezone(UTC)
    when = f"at {until:%Y-%m-%d %H:%M} UTC" if until else "at midnight in the account's time zone"
    return QuotaSpent(
        f"HubSpot's daily quota of requests is used up ({fault.message}). It starts anew {when}. "
        "Nothing is lost; resume then.",
        until,
    )
