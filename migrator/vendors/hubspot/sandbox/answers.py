"""Answers in HubSpot's shapes, and the reading of request bodies.

Error bodies follow HubSpot's error-handling page; every field of them is optional there, and the
ones sent here are those that real answers carry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import httpx

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Object: TypeAlias = dict[str, Json]

OBJECT_BATCH = 100
"""Most inputs in one request of an object batch endpoint (using-object-apis)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back: a status and, unless it is None, a JSON body."""

    status: int
    body: Json = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request, taken apart.

    Attributes:
        version: ``v1``, ``v3``, ``v4`` or a date such as ``2026-03``.
        args: the variable parts of the path.
        body: the JSON body, None when there is none.
        content: the body as it came, of a form only.
        content_type: the header, of a form only.
    """

    version: str
    args: Mapping[str, str]
    query: httpx.QueryParams
    body: Json
    size: int = 0
    content: bytes = b""
    content_type: str = ""

    @property
    def enforces(self) -> bool:
        """Whether the version obeys the account's own rules, as 2026-09 does (changelog)."""
        return self.version == "2026-09"

    def object(self) -> Object:
        """The body as a JSON object."""
        return as_object(self.body)

    def inputs(self, most: int = OBJECT_BATCH) -> list[Object]:
        """The ``inputs`` of a batch, at most ``most`` of them."""
        given = self.object().get("inputs")
        if not isinstance(given, list):
            raise missing_fields("inputs")
        if len(given) > most:
            raise invalid(f"Batch size of {len(given)} inputs exceeds the limit of {most}.")
        return [as_object(one) for one in given]

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number of the query string between 1 and ``most``."""
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not 0 < int(text) <= most:
            raise invalid(f"Query parameter {name} must be a whole number from 1 to {most}.")
        return int(text)

    def flag(self, name: str) -> bool:
        """A boolean of the query string, absent = false."""
        text: str = self.query.get(name, "")
        return text.lower() == "true"

    def names(self, name: str) -> list[str]:
        """A list in the query string: repeated, comma separated, or both."""
        texts = self.query.get_list(name)
        return [part.strip() for text in texts for part in text.split(",") if part.strip()]


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """Why one property of one input is not valid."""

    name: str
    code: str
    message: str


@dataclass(eq=False)
class Refusal(Exception):
    """A request, or one input of a batch, that HubSpot turns down."""

    status: int
    category: str
    message: str
    errors: Sequence[Object] = ()
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sub_category: str | None = None

    def body(self, correlation_id: str) -> Object:
        """The body of an answer that fails as a whole."""
        body: Object = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            "category": self.category,
        }
        if self.sub_category:
            body["subCategory"] = self.sub_category
        if self.context:
            body["context"] = texts(self.context)
        if self.errors:
            body["errors"] = list(self.errors)
        return body

    def row(self, **more: Sequence[str]) -> Object:
        """One item of the ``errors`` of a 207; its details are in the message only."""
        body: Object = {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": texts({**self.context, **more}),
            "errors": [],
            "links": {},
        }
        if self.sub_category:
            body["subCategory"] = self.sub_category
        return body


class Malformed(Refusal):
    """A body that cannot be read: it fails the whole call, even where rows fail singly."""


def texts(lists: Mapping[str, Sequence[str]]) -> Object:
    """Lists of text as JSON."""
    return {name: list(values) for name, values in lists.items()}


def invalid(message: str, **context: Sequence[str]) -> Refusal:
    """A 400 for a request that cannot be understood or breaks a limit."""
    return Refusal(400, "VALIDATION_ERROR", message, context=context)


def malformed(message: str) -> Malformed:
    """A 400 for a body that is not what the endpoint reads."""
    return Malformed(400, "VALIDATION_ERROR", f"Invalid input JSON: {message}")


def missing_fields(*names: str) -> Malformed:
    """A 400 for a body that lacks a field of the protocol (not a property)."""
    listed = ", ".join(names)
    return malformed(f"Some required fields were not set: [{listed}]")


def not_found(message: str = "resource not found") -> Refusal:
    """A 404."""
    return Refusal(404, "OBJECT_NOT_FOUND", message)


def invalid_properties(problems: Iterable[ValueProblem], portal: int) -> Refusal:
    """A 400 that embeds its details as JSON in the message, as HubSpot's do."""
    found = list(problems)
    details = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": portal,
        }
        for problem in found
    ]
    listed = json.dumps(details, separators=(",", ":"), ensure_ascii=False)
    errors: list[Object] = [
        {
            "message": problem.message,
            "code": problem.code,
            "context": {"propertyName": [problem.name]},
        }
        for problem in found
    ]
    message = f"Property values were not valid: {listed}"
    return Refusal(400, "VALIDATION_ERROR", message, errors=errors)


def as_object(value: Json) -> Object:
    """``value`` if it is a JSON object, else a 400."""
    if not isinstance(value, dict):
        raise malformed("an object was expected.")
    return value


def as_objects(value: Json) -> list[Object]:
    """``value`` if it is a list of JSON objects or absent, else a 400."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise malformed("a list was expected.")
    return [as_object(one) for one in value]


def as_names(value: Json) -> list[str]:
    """``value`` as a list of text, absent = empty, else a 400."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise malformed("a list of strings was expected.")
    return cast("list[str]", value)


def as_text(value: Json) -> str:
    """A property value or an id as text; JSON numbers and booleans are taken as well."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    raise malformed("a property value must be a string.")


def dump(body: Json) -> bytes:
    """A body as it goes over the wire."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
