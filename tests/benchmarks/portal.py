"""The HubSpot of the benchmarks: as little of it as loading deals takes, and counting.

It knows what all tools are asked to do alike (create, update, upsert and read deals in batches) and
what describing an account takes; it checks nothing but what one bad row and a unique property need.
It is no sandbox: those imitate, this one only must never be what is measured.

Sources: HubSpot's guides "using object APIs" (batches of a hundred; 207 with a trace id on every
input, without them 400 for the whole batch), "error handling", "usage guidelines" (headers, 429).
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.benchmarks.replies import (
    KEY,
    MOMENTS,
    NOT_VALID,
    SCHEMA,
    SPENT,
    STANDARD,
    Answer,
    Json,
    fault,
    missing,
    property_,
    row_error,
    shown,
)
from tests.benchmarks.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_UNLIMITED = 1_000_000
_BATCH = 100
_DEALS = "/crm/objects/deals"
_VERSION = re.compile(r"^/(crm|account-info)/v\d+/|^(/crm/\w+|/account-info)/\d{4}-\d\d(?=/|$)")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a measurement asks of the portal.

    Attributes:
        latency: seconds from a request to its answer, at least.
        quota: requests per ``window``; 0 = as good as none.
        window: seconds, rolling.
        lose: the so-manyth create or upsert whose answer never comes, from 1; 0 = none.
        refuse: key of the one deal that the portal turns down; blank = none.
        keyed: whether the key property is there: ``""`` no, ``plain``, or ``unique`` values only.
    """

    latency: float = 0.0
    quota: int = 0
    window: float = 10.0
    lose: int = 0
    refuse: str = ""
    keyed: str = ""


@dataclass(slots=True)
class _Counts:
    requests: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    rows: int = 0
    times: list[float] = field(default_factory=list)
    first_write: float = 0.0
    last_write: float = 0.0


class Portal:
    """One account, and what was asked of it."""

    def __init__(self) -> None:
        self.reset({})

    def reset(self, given: Mapping[str, Any]) -> None:
        """Forget everything, and behave by these settings from now on."""
        known = {one.name for one in fields(Settings)}
        if unknown := set(given) - known:
            raise ValueError(f"no such settings: {', '.join(sorted(unknown))}")
        self._begin_anew(Settings(**given))

    def _begin_anew(self, settings: Settings) -> None:
        self.settings = settings
        self._counts = _Counts()
        self._recent: deque[float] = deque()
        self._deals = Shelf()
        self._own: dict[str, Json] = {}
        self._writes = 0
        self._found = 0
        self._now = 0.0
        if settings.keyed:
            self._own[KEY] = property_(KEY, unique=settings.keyed == "unique")

    def change(self, given: Mapping[str, Any]) -> None:
        """Behave by these settings from now on, and forget nothing but the counts."""
        kept = asdict(self.settings) | dict(given)
        self.settings = Settings(**kept)
        self._counts, self._writes, self._found = _Counts(), 0, 0
        self._recent.clear()

    # -- counting ------------------------------------------------------------------------------

    @property
    def created(self) -> int:
        """Deals that were created, duplicates included."""
        return len(self._deals)

    def stats(self) -> Json:
        """What happened since the last reset; ``times`` of all requests that were let through."""
        counts = self._counts
        return {
            "requests": dict(counts.requests),
            "total": sum(counts.requests.values()),
            "refused_429": counts.refused,
            "rows": counts.rows,
            "created": self.created,
            "distinct": self._deals.keys,
            "duplicates": self.created - self._deals.keys,
            "found": self._found,
            "times": counts.times,
            "first_write": counts.first_write,
            "last_write": counts.last_write,
        }

    # -- answering -----------------------------------------------------------------------------

    def handle(self, method: str, path: str, body: bytes, now: float) -> Answer:
        """Answer one request that arrives at ``now`` (seconds, from any origin)."""
        path, _, query = path.partition("?")
        path = _VERSION.sub(lambda found: found[2] or f"/{found[1]}/", path)
        name = f"{method} {path}"
        self._counts.requests[name] += 1
        self._now = now
        if not self._admits(now):
            self._counts.refused += 1
            return Answer(429, SPENT, self._rate_headers())
        self._counts.times.append(now)
        answer = self._answered(method, path, query, body)
        return Answer(answer.status, answer.body, self._rate_headers(), answer.lost)

    def _admits(self, now: float) -> bool:
        if not self.settings.quota:
            return True
        recent = self._recent
        while recent and recent[0] <= now - self.settings.window:
            recent.popleft()
        if len(recent) >= self.settings.quota:
            return False
        recent.append(now)
        return True

    def _rate_headers(self) -> tuple[tuple[str, str], ...]:
        most = self.settings.quota or _UNLIMITED
        left = most - len(self._recent)
        return (
            ("X-HubSpot-RateLimit-Max", str(most)),
            ("X-HubSpot-RateLimit-Remaining", str(left)),
            ("X-HubSpot-RateLimit-Interval-Milliseconds", str(round(self.settings.window * 1000))),
            ("X-HubSpot-RateLimit-Daily", str(1000 * _UNLIMITED)),
            ("X-HubSpot-RateLimit-Daily-Remaining", str(1000 * _UNLIMITED)),
        )

    def _answered(self, method: str, path: str, query: str, body: bytes) -> Answer:
        if method == "POST" and (work := self._posts().get(path)):
            content = json.loads(body)
            if len(content.get("inputs", ())) > _BATCH:
                return fault(400, "VALIDATION_ERROR", f"more than {_BATCH} inputs")
            return work(content)
        if path.startswith("/crm/properties/"):
            return self._properties(method, path, body)
        if method == "GET" and path == _DEALS:
            return self._listed(query)
        if method == "GET" and (found := SCHEMA.get(path)):
            return Answer(200, found)
        return fault(404, "OBJECT_NOT_FOUND", f"{method} {path} is not known here")

    def _posts(self) -> dict[str, Callable[[Json], Answer]]:
        return {
            _DEALS: self._single,
            f"{_DEALS}/batch/create": self._create,
            f"{_DEALS}/batch/upsert": self._upsert,
            f"{_DEALS}/batch/update": self._update,
            f"{_DEALS}/batch/read": self._read,
            f"{_DEALS}/search": self._searched,
        }

    def _searched(self, content: Json) -> Answer:
        """How many deals there are, and nothing more of a search."""
        del content
        return Answer(200, {"total": len(self._deals), "results": []})

    def _listed(self, query: str) -> Answer:
        """A page of the list of deals."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        start = int(asked.get("after", "0"))
        end = min(start + int(asked.get("limit", "10")), len(self._deals))
        wanted = [name for name in asked.get("properties", "").split(",") if name]
        results = [self._shown(id_, wanted) for id_ in range(start + 1, end + 1)]
        self._found += len(results)
        more = {"paging": {"next": {"after": str(end)}}} if end < len(self._deals) else {}
        return Answer(200, {"results": results} | more)

    # -- writing -------------------------------------------------------------------------------

    def _create(self, content: Json) -> Answer:
        return self._written(content["inputs"], self._add, 201)

    def _upsert(self, content: Json) -> Answer:
        return self._written(content["inputs"], self._put, 200)

    def _written(self, inputs: list[Json], put: Callable[[Json], Json], status: int) -> Answer:
        self._note_write()
        bad = [one for one in inputs if self._turns_down(one, put)]
        traced = all(one.get("objectWriteTraceId") for one in inputs)
        if bad and not traced:
            return fault(400, "VALIDATION_ERROR", NOT_VALID)
        results = [put(one) for one in inputs if one not in bad] if bad else list(map(put, inputs))
        self._counts.rows += len(results)
        found: Json = {"status": "COMPLETE", "results": results}
        if bad:
            errors = [row_error(one["objectWriteTraceId"]) for one in bad]
            found |= {"numErrors": len(errors), "errors": errors}
        lost = self._writes == self.settings.lose
        return Answer(207 if bad else status, found | MOMENTS, lost=lost)

    def _note_write(self) -> None:
        self._writes += 1
        self._counts.last_write = self._now
        if self._writes == 1:
            self._counts.first_write = self._now

    def _turns_down(self, one: Json, put: Callable[[Json], Json]) -> bool:
        key = _key(one)
        taken = put == self._add and self._is_unique() and self._deals.of_key(key) is not None
        return taken or bool(self.settings.refuse and key == self.settings.refuse)

    def _is_unique(self) -> bool:
        return bool(self._own.get(KEY, {}).get("hasUniqueValue"))

    def _add(self, one: Json) -> Json:
        properties = one["properties"]
        return shown(self._deals.add(_key(one), properties), properties)

    def _put(self, one: Json) -> Json:
        there = self._deals.of_key(_key(one))
        if there is None:
            return self._add(one) | {"new": True}
        self._deals.update(there, one["properties"])
        return shown(there, self._deals[there]) | {"new": False}

    def _single(self, one: Json) -> Answer:
        if self._turns_down(one, self._add):
            return fault(400, "VALIDATION_ERROR", NOT_VALID)
        self._note_write()
        self._counts.rows += 1
        return Answer(201, self._add(one), lost=self._writes == self.settings.lose)

    def _update(self, content: Json) -> Answer:
        results = []
        for one in content["inputs"]:
            id_ = int(one["id"])
            self._deals.update(id_, one["properties"])
            results.append(shown(id_, self._deals[id_]))
        self._counts.rows += len(results)
        return Answer(200, {"status": "COMPLETE", "results": results} | MOMENTS)

    # -- reading -------------------------------------------------------------------------------

    def _read(self, content: Json) -> Answer:
        wanted = content.get("properties", [])
        by_key = bool(content.get("idProperty"))
        if by_key and content["idProperty"] not in self._own:
            return fault(400, "VALIDATION_ERROR", f"no property {content['idProperty']}")
        results, unknown = [], []
        for one in content["inputs"]:
            id_ = self._deals.of_key(one["id"]) if by_key else self._by_id(one["id"])
            if id_ is None:
                unknown.append(one["id"])
            else:
                results.append(self._shown(id_, wanted))
        self._found += len(results)
        found: Json = {"status": "COMPLETE", "results": results}
        if unknown:
            found |= {"numErrors": 1, "errors": [missing(unknown)]}
        return Answer(207 if unknown else 200, found | MOMENTS)

    def _by_id(self, text: str) -> int | None:
        return int(text) if text.isdigit() and int(text) in self._deals else None

    def _shown(self, id_: int, wanted: Iterable[str]) -> Json:
        deal = self._deals[id_]
        return shown(id_, {name: deal.get(name) for name in wanted})

    # -- properties ----------------------------------------------------------------------------

    def _properties(self, method: str, path: str, body: bytes) -> Answer:
        type_, _, name = path.removeprefix("/crm/properties/").partition("/")
        there = STANDARD | self._own if type_ == "deals" else {}
        if method == "POST" and not name and type_ == "deals":
            new = json.loads(body)
            if new["name"] in there:
                return fault(409, "OBJECT_ALREADY_EXISTS", f"{new['name']} is there")
            self._own[new["name"]] = new
            return Answer(201, new)
        if method == "GET" and not name:
            return Answer(200, {"results": list(there.values())})
        if method == "GET" and name in there:
            return Answer(200, there[name])
        return fault(404, "OBJECT_NOT_FOUND", f"no property {name} of {type_}")


def _key(one: Json) -> str:
    return str(one["properties"].get(KEY, ""))
