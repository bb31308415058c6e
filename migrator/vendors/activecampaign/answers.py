"""What an answer of the API means: its seven shapes of errors, and who is to blame.

======  ==========================================================  ==============================
shape   body                                                        seen at
======  ==========================================================  ==============================
1       ``errors[]`` with title, detail, code, source.pointer       contacts, accounts, contactDeals
2       ``errors[]`` with status and title                          bulkUpdate, stages, field metas
3       ``errors[]`` with nothing but detail                        dealCustomFieldData
4       ``message``                                                 404 of most objects
5       ``success``: 0, ``message``, ``failureReasons[]``           the import of contacts
6       ``{}``                                                      declared for most of deals
7       no JSON at all, or JSON sent as ``text/plain``              gateways; some 422
======  ==========================================================  ==============================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from migrator.errors import InputError, OutcomeUnknown, Unauthorized, Unavailable
from migrator.wire import NOT_CARRIED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

Json = dict[str, Any]
"""An object of a JSON body; its fields are looked at one by one."""

_T = TypeVar("_T")

_TAG = re.compile(r"<[^>]*>")
_HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_SHOWN = 200
"""Most characters of a page that is no JSON which a message repeats."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error says.

    Attributes:
        code: ActiveCampaign's own, such as ``duplicate``; else a word for the status.
        message: a line for a person.
        pointers: the attributes it blames (``email`` of ``/data/attributes/email``).
        reasons: what an import says of single contacts, as it stands there.
        readable: the body was JSON; else something in between may have answered.
    """

    code: str
    message: str
    pointers: frozenset[str] = frozenset()
    reasons: tuple[object, ...] = ()
    readable: bool = True


class Refusal(InputError):
    """A whole request was turned down; nothing of it was carried out."""

    def __init__(self, status: int, fault: Fault, what: str) -> None:
        super().__init__(f"ActiveCampaign turned {what} down ({status}): {fault.message}")
        self.status = status
        self.fault = fault

    @property
    def not_found(self) -> bool:
        """Whether what the path names is not there."""
        return self.status == 404


def parsed(response: httpx.Response) -> Json | None:
    """The answer's JSON object, whatever its content type says; None when there is none.

    An empty list stands for an empty object: PHP writes both alike.
    """
    try:
        found = response.json()
    except ValueError:  # no JSON, or no text of any encoding
        return None
    if isinstance(found, dict):
        return found
    return {} if found == [] else None


def objects(value: object) -> list[Json]:
    """The JSON objects of a list; everything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def whole(value: object) -> int | None:
    """A count, which is a text in most lists and a number in some; None when it is neither.

    >>> whole("13"), whole(13), whole(None), whole("many")
    (13, 13, None, None)
    """
    text = "" if isinstance(value, bool) else str(value).strip()
    return int(text) if text.isascii() and text.isdigit() else None


def text_of(value: object) -> str | None:
    """A scalar as text; None when it is blank.

    >>> text_of(5), text_of("5"), text_of(True), text_of(""), text_of(None)
    ('5', '5', '1', None, None)
    """
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, (str, int, float)) and value != "" else None


def id_of(value: object) -> str | None:
    """An id as text; ``0`` stands for none.

    >>> id_of(7), id_of("7"), id_of("0"), id_of(None)
    ('7', '7', None, None)
    """
    text = text_of(value)
    return None if text in {None, "0"} else text


def number(id: str) -> int | str:
    """An id as requests write it where numbers are documented.

    >>> number("12"), number("no id")
    (12, 'no id')
    """
    return int(id) if id.isascii() and id.isdigit() else id


def read_fault(response: httpx.Response) -> Fault:
    """What a bad answer says, in whichever of the seven shapes."""
    found = parsed(response)
    status = response.status_code
    if found is None:
        return Fault(f"http_{status}", _plain(response), readable=False)
    errors = found.get("errors")
    if isinstance(errors, (list, str)) and errors:
        return _read_errors(errors, status)
    message = text_of(found.get("message")) or text_of(found.get("error"))
    reasons = found.get("failureReasons")
    if isinstance(reasons, list) and reasons:
        lines = [text_of(item) or _reason(item) for item in reasons]
        told = "; ".join(dict.fromkeys(line for line in lines if line))
        whole_message = f"{message or 'refused'} {told}".strip()
        return Fault("import_refused", whole_message, reasons=tuple(reasons))
    code = "not_found" if status == 404 else f"http_{status}"
    return Fault(code, message or f"status {status} without a reason")


def _read_errors(errors: list[Any] | str, status: int) -> Fault:
    entries = objects(errors)
    lines = [_line(entry) for entry in entries]
    if not entries:  # seen nowhere, but a list of sentences would be understood
        lines = [errors] if isinstance(errors, str) else [str(entry) for entry in errors]
    codes = [str(entry["code"]) for entry in entries if entry.get("code")]
    pointers = {
        str(entry["source"]["pointer"]).rpartition("/")[2]
        for entry in entries
        if isinstance(entry.get("source"), dict) and entry["source"].get("pointer")
    }
    message = "; ".join(dict.fromkeys(line for line in lines if line))
    fallback = "not_found" if status == 404 else f"http_{status}"
    return Fault(
        next(iter(codes), fallback),
        message or f"status {status} without a reason",
        frozenset(pointers),
    )


def _line(entry: Json) -> str:
    title, detail = text_of(entry.get("title")), text_of(entry.get("detail"))
    if title and detail and detail != title:
        return f"{title}: {detail}"
    return title or detail or ""


def _reason(item: object) -> str:
    return str(item.get("failureReason") or "") if isinstance(item, dict) else ""


def _plain(response: httpx.Response) -> str:
    """A page for people, as far as it helps to tell who wrote it."""
    try:
        page = response.text
    except (LookupError, ValueError):  # an encoding nobody knows
        page = ""
    words = " ".join(_TAG.sub(" ", _HIDDEN.sub(" ", page)).split())
    return words[:_SHOWN] or f"status {response.status_code} without a reason"


def over_import_rate(response: httpx.Response) -> bool:
    """Whether this is the import's own "too many requests", which comes as a 400."""
    if response.status_code != 400:
        return False
    found = parsed(response) or {}
    return "rate limit" in str(found.get("message") or "").lower()


def check(response: httpx.Response, what: str) -> Json:
    """The body of a good answer; empty when it has none.

    Args:
        response: any answer below 500.
        what: the request, for messages.

    Raises:
        Unauthorized: 401, 402, 403.
        Unavailable: 429, and whatever else says that nothing was done.
        InputError: something that is not the API answered that there is no such thing.
        Refusal: everything else that is no success.
    """
    status = response.status_code
    if 200 <= status < 300:
        return parsed(response) or {}
    fault = read_fault(response)
    if status in {401, 402, 403}:
        raise _unauthorized(status, fault, what)
    if status in NOT_CARRIED_OUT or over_import_rate(response):
        raise Unavailable(
            f"ActiveCampaign kept putting {what} off ({status}): {fault.message} "
            "Nothing is lost; resume later."
        )
    if not fault.readable and (status in {404, 405} or status < 400):
        raise InputError(
            f"{what} was answered with status {status}, and not by ActiveCampaign's API as it "
            "seems. Look whether ACTIVECAMPAIGN_BASE_URL is right: it stands in ActiveCampaign "
            "under Settings > Developer."
        )
    raise Refusal(status, fault, what)


def _unauthorized(status: int, fault: Fault, what: str) -> Unauthorized:
    """A wrong token, a user without the right, and a plan without deals all look alike."""
    said = "" if fault.message.startswith("status ") else f" ({fault.message})"
    return Unauthorized(
        f"ActiveCampaign forbids {what}: status {status}{said}. Look whether "
        "ACTIVECAMPAIGN_API_TOKEN is the key under Settings > Developer of the account that "
        "ACTIVECAMPAIGN_BASE_URL names, whether the key's user may see and change deals, and "
        "whether the account's plan has deals."
    )


def forbidden(response: httpx.Response) -> Fault:
    """A 403 that concerns one record: the same was allowed for others."""
    fault = read_fault(response)
    said = "" if fault.message.startswith("status ") else f" ({fault.message})"
    return replace(
        fault,
        code="forbidden",
        message=f"ActiveCampaign forbids it for this record, though not for others{said}: the "
        "key's user may have no right to its pipeline or for such a change, or a firewall takes "
        "offence at its text",
    )


def must(found: _T | None, what: str) -> _T:
    """What an answer that only reads has to hold.

    Raises:
        Unavailable: it is not there.
    """
    if found is None:
        raise Unavailable(
            f"{what} was answered, but not as ActiveCampaign's API answers. Look whether "
            "ACTIVECAMPAIGN_BASE_URL is right and nothing stands in between."
        )
    return found


def written(answer: Json, name: str, read: Callable[[Json], _T | None], what: str) -> _T:
    """What the answer to a write says was written.

    Raises:
        OutcomeUnknown: it says nothing readable, though the status was good.
    """
    row = answer.get(name)
    found = read(row) if isinstance(row, dict) else None
    if found is None:
        raise OutcomeUnknown(
            f"{what} was accepted, but the answer has no readable {name}. It was most likely "
            "carried out."
        )
    return found
