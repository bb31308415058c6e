"""Answers in ActiveCampaign's shapes, and the reading of requests.

Errors come in seven shapes; the last, a body that is no JSON, is the application's own business.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Object: TypeAlias = "dict[str, Json]"

PAGE = 20
MOST = 100
"""Rows on a page when nobody says, and at most; a larger ``limit`` is cut without a word."""

_ORDER = re.compile(r"orders\[([^\]]+)\]")
_DIGITS = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body; ``plain`` = sent as text, as the documentation shows of some."""

    status: int
    body: Json
    plain: bool = False


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is turned down."""

    status: int
    body: Json
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request, taken apart.

    Attributes:
        args: the variable parts of the path.
        body: the JSON body, None when there is none.
        size: bytes of the body.
    """

    args: Mapping[str, str]
    query: httpx.QueryParams
    body: Json
    size: int = 0

    @property
    def id(self) -> str:
        """The ``{id}`` of the path."""
        return self.args["id"]

    def wrapped(self, name: str) -> Object:
        """What the body holds under its wrapper; nothing under another name is looked at."""
        inner = self.body.get(name) if isinstance(self.body, dict) else None
        return inner if isinstance(inner, dict) else {}

    def objects(self, value: Json) -> list[Object]:
        """``value`` as a list of objects, else a 400."""
        if not isinstance(value, list):
            raise bare()
        found = [one for one in value if isinstance(one, dict)]
        if len(found) < len(value):
            raise bare()
        return found

    def filter(self, name: str) -> str | None:
        """A ``filters[...]`` of the query that says something."""
        return self.query.get(f"filters[{name}]") or None

    def orders(self) -> list[tuple[str, bool]]:
        """The ``orders[...]`` of the query: name, and whether descending."""
        return [
            (found[1], text.strip().upper() == "DESC")
            for name, text in self.query.multi_items()
            if (found := _ORDER.fullmatch(name))
        ]

    def limit(self, default: int = PAGE) -> int:
        """Rows wanted, at most 100; nonsense counts as unsaid."""
        found = whole(self.query.get("limit"))
        return min(found, MOST) if found is not None and found > 0 else default

    def offset(self) -> int:
        """Rows to leave out."""
        return max(0, whole(self.query.get("offset")) or 0)


def whole(value: object) -> int | None:
    """A whole number, or text that is one."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return None


def text_of(value: Json) -> str:
    """A value as the text that is stored."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def id_text(value: int | None) -> str | None:
    """An id as reads give it."""
    return None if value is None else str(value)


def bare(status: int = 400) -> Refusal:
    """Shape 6: nothing but a status."""
    return Refusal(status, {})


def attribute(title: str, code: str, name: str, *, plain: bool = False) -> Refusal:
    """Shape 1: a 422 that points at an attribute."""
    pointer = f"/data/attributes/{name}"
    error: Object = {"title": title, "detail": "", "code": code, "source": {"pointer": pointer}}
    return Refusal(422, {"errors": [error]}, plain)


def titled(status: int, title: str, *, plain: bool = False, **more: Json) -> Refusal:
    """Shape 2: an error with its status in the body."""
    return Refusal(status, {"errors": [{"status": status, "title": title, **more}]}, plain)


def detailed(detail: str) -> Refusal:
    """Shape 3: a 422 with a detail and nothing else."""
    return Refusal(422, {"errors": [{"detail": detail}]})


def no_result(name: str, id: object) -> Refusal:
    """Shape 4: what live answers say of an id that is not there."""
    return Refusal(404, {"message": f"No Result found for {name} with id {id}"})


def not_found(*, plain: bool = False) -> Refusal:
    """The 404 of custom fields (shape 2)."""
    return titled(404, "Not Found", plain=plain)


def not_imported(message: str, reasons: Iterable[Json] = ()) -> Refusal:
    """Shape 5: what the bulk import says, a rate limit included."""
    body: Object = {"success": 0, "message": message}
    listed = list(reasons)
    if listed:
        body["failureReasons"] = listed
    return Refusal(400, body)


def dump(body: Json) -> bytes:
    """A body as it goes over the wire: escaped, as PHP does."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")
