"""Answers in Brevo's shapes, and the reading of requests.

An error is flat: ``{"code": ..., "message": ...}``, and ``code`` is missing now and then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Object: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back: a status and, unless it is None, a JSON body."""

    status: int
    body: Json = None


@dataclass(eq=False)
class Refusal(Exception):
    """A request that Brevo turns down; ``code`` None = the body has none."""

    status: int
    code: str | None
    message: str
    metadata: Mapping[str, Json] = field(default_factory=dict)

    def answer(self) -> Answer:
        """The flat error."""
        body: Object = {} if self.code is None else {"code": self.code}
        body["message"] = self.message
        if self.metadata:
            body["metadata"] = dict(self.metadata)
        return Answer(self.status, body)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, taken apart.

    Attributes:
        args: the variable parts of the path.
        origin: scheme and host of the request, for addresses in answers.
    """

    args: Mapping[str, str]
    query: httpx.QueryParams
    content: bytes
    content_type: str
    origin: str

    def object(self) -> Object:
        """The body as a JSON object."""
        try:
            parsed: Json = json.loads(self.content)
        except ValueError as error:
            raise bad("Request body is not valid JSON") from error
        if not isinstance(parsed, dict):
            raise bad("Request body is not a JSON object")
        return parsed

    def whole(self, name: str, default: int, most: int | None = None, least: int = 0) -> int:
        """A whole number of the query string."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit()):
            raise invalid(f"{name} is not valid")
        number = int(text)
        if number < least or (most is not None and number > most):
            raise Refusal(400, "out_of_range", f"{name} exceeds max value")
        return number

    def descending(self) -> bool:
        """The direction of a list; the newest come first unless asked otherwise."""
        direction = self.query.get("sort", "desc")
        if direction not in {"asc", "desc"}:
            raise invalid("sort should be either asc or desc")
        return bool(direction == "desc")


def bad(message: str) -> Refusal:
    """A 400 for a request that cannot be understood."""
    return Refusal(400, "bad_request", message)


def invalid(message: str) -> Refusal:
    """A 400 for a value."""
    return Refusal(400, "invalid_parameter", message)


def missing(name: str) -> Refusal:
    """A 400 for a value that is not there."""
    return Refusal(400, "missing_parameter", f"{name} is missing")


def not_found(what: str) -> Refusal:
    """A 404 for a record."""
    return Refusal(404, "document_not_found", f"{what} not found")


def bad_route_id(name: str = "id") -> Refusal:
    """A 400 for an id in the path that is none; recorded without a code."""
    return Refusal(400, None, f"Route attribute {name} is not valid.")


def text_of(body: Mapping[str, Json], name: str) -> str | None:
    """A text of the body, None = absent."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} should be a string")
    return value


def flag_of(body: Mapping[str, Json], name: str, default: bool) -> bool:  # noqa: FBT001
    """A boolean of the body."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"{name} should be a boolean")
    return value


def object_of(body: Mapping[str, Json], name: str) -> Object:
    """An object of the body, absent = empty."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{name} should be an object")
    return value


def list_of(body: Mapping[str, Json], name: str) -> list[Json]:
    """A list of the body, absent = empty."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid(f"{name} should be an array")
    return value


def dump(body: Json) -> bytes:
    """A body as it goes over the wire."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
