"""What an answer of the API means: bodies, errors, values as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError, OutcomeUnknown, Unauthorized, Unavailable
from migrator.wire import NOT_CARRIED_OUT

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]
"""An object of a JSON body; its fields are looked at one by one."""


class Refusal(InputError):
    """A request was turned down; nothing of it was carried out.

    Attributes:
        code: Brevo's own word, which many CRM errors lack; then the status.
        message: Brevo's own message.
    """

    def __init__(self, status: int, code: str, message: str, what: str) -> None:
        super().__init__(f"Brevo turned {what} down ({status} {code}): {message}")
        self.status = status
        self.code = code
        self.message = message


def body(response: httpx.Response) -> Any:  # noqa: ANN401  # whatever JSON can say
    """The answer's JSON, decimals as the text they were written in; None when it is none."""
    try:
        return response.json(parse_float=str)
    except ValueError:
        return None


def objects(value: object) -> list[Json]:
    """The JSON objects of a list; everything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def nested(value: Json, name: str) -> Json:
    """The JSON object in a field; empty when there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def whole(value: object) -> int | None:
    """An integer, also one written as text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() else None


def text(value: object) -> str | None:
    """A value of an attribute as text; None = blank. Several values are joined by ``;``.

    >>> text(12), text(True), text(["a", "b"]), text("")
    ('12', 'true', 'a;b', None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(found for item in value if (found := text(item))) or None
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def instant(value: object) -> datetime | None:
    """An instant of seconds or milliseconds, which Brevo writes both; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def check(response: httpx.Response, what: str) -> Any:  # noqa: ANN401  # whatever JSON can say
    """The body of a good answer.

    Args:
        response: any answer below 500.
        what: the request, for messages.

    Raises:
        Unauthorized: 401, 402, 403.
        Unavailable: 423, 429, 477: not carried out.
        Refusal: everything else that is no success.
    """
    status = response.status_code
    found = body(response)
    if 200 <= status < 300:
        return found
    error = found if isinstance(found, dict) else {}
    # Only ``message`` is always there; errors about ids, for one, come without a code.
    code = str(error.get("code") or status)
    message = str(error.get("message") or "no reason given")
    if status in {401, 402, 403}:
        raise _unauthorized(status, message, what)
    if status in NOT_CARRIED_OUT:
        raise Unavailable(
            f"Brevo kept putting {what} off ({status} {code}): {message}. "
            "Nothing is lost; resume later."
        )
    if not error:
        raise InputError(
            f"{what} was answered with status {status}, and not by Brevo's API as it seems. "
            "Look whether BREVO_BASE_URL is right."
        )
    raise Refusal(status, code, message, what)


def _unauthorized(status: int, message: str, what: str) -> Unauthorized:
    """A 401 is also what an address gets that the account's IP security does not know."""
    if "ip address" in message.casefold():
        return Unauthorized(
            f"Brevo blocks this computer's IP address ({message}). Allow it in Brevo under "
            "Security > Authorised IPs (app.brevo.com/security/authorised_ips), then go on."
        )
    if status == 401:
        return Unauthorized(
            f"Brevo does not accept the API key ({message}). Set BREVO_API_KEY to a key of the "
            "account (Settings > SMTP & API); one that is not used for 90 days expires."
        )
    return Unauthorized(
        f"Brevo forbids {what}: {message}. Look after the rights of the key's user and the "
        "account's plan."
    )


class Odd(Unavailable):
    """An answer to a reading request that is not as documented."""


def odd(what: str, why: str) -> Odd:
    """An answer to a reading request that is not as documented."""
    return Odd(
        f"{what} was answered, but {why}. Look whether BREVO_BASE_URL is right and nothing stands "
        "in between; nothing is lost."
    )


def unclear(what: str, why: str) -> OutcomeUnknown:
    """An answer to a writing request that is not as documented: it may have been carried out."""
    return OutcomeUnknown(f"{what} was accepted, but {why}. It may have been carried out.")
