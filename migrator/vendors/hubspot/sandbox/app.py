"""The sandbox: a request in, an answer out, with tokens, scopes and quotas."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

from migrator.vendors.hubspot.sandbox.answers import (
    Answer,
    Call,
    Refusal,
    dump,
    malformed,
    not_found,
)
from migrator.vendors.hubspot.sandbox.imports import Imports
from migrator.vendors.hubspot.sandbox.portal import HubSpotOptions, Portal
from migrator.vendors.hubspot.sandbox.quota import Quota, too_many
from migrator.vendors.hubspot.sandbox.records import Records
from migrator.vendors.hubspot.sandbox.routes import Routes, place
from migrator.vendors.hubspot.sandbox.schema import KINDS
from migrator.vendors.hubspot.sandbox.seed import imitate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.hubspot.sandbox.answers import Json
    from migrator.vendors.hubspot.sandbox.routes import Route

MAX_URL = 8_192
"""Longest path with query; UNCERTAIN: 414 is documented, the length is not."""

_SEARCH = "/search"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HubSpotSandbox:
    """An imitated HubSpot account, held in memory.

    Args:
        options: how it behaves; ``changes`` are the same options by name.
        now: the time of day (aware).
        clock: seconds that only go forward, for quotas and search lag.

    Attributes:
        requests: requests per endpoint, such as ``POST objects/{type}/batch/create``.
        count_429: requests refused for a quota.
    """

    def __init__(
        self,
        options: HubSpotOptions | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
        **changes: Any,  # noqa: ANN401 - the fields of HubSpotOptions, which checks their names
    ) -> None:
        self.options = replace(options or HubSpotOptions(), **changes)
        self.requests: Counter[str] = Counter()
        self.count_429 = 0
        self._portal = Portal(self.options, now, clock)
        if self.options.like is not None:
            imitate(self._portal, self.options.like)
        self._quota = Quota(self.options, self._portal.time_zone, now, clock)
        self._imports = Imports(self._portal)
        self._routes = Routes(self._portal, self._imports)
        self._records = Records(self._portal)
        self._lock = Lock()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; threads wait for each other."""
        with self._lock:
            return self._handle(request)

    def routes(self) -> tuple[str, ...]:
        """Names of all endpoints, as :attr:`requests` counts them."""
        return tuple(route.name for route in self._routes.all)

    def records(self, type: str, *, archived: bool = False) -> list[dict[str, str]]:
        """Every record of a type: all its properties with a value, and its ``id``."""
        with self._lock:
            self._imports.advance()
            kind = KINDS[type]
            return [
                {
                    **row.properties,
                    **{
                        name: value
                        for name in kind.defaults
                        if (value := self._records.value(kind, row, name)) is not None
                    },
                    "id": str(row.id),
                }
                for row in self._portal.tables[kind.name].rows.values()
                if (row.archived_at is not None) == archived
            ]

    def associations(self, source: str, target: str) -> dict[str, dict[str, tuple[int, ...]]]:
        """Links from one type to another: id to linked ids to association type ids.

        A user's own type stands as its id and :data:`.link_types.USER_KEYS`.
        """
        with self._lock:
            self._imports.advance()
            found: dict[str, dict[str, tuple[int, ...]]] = {}
            for id, other, types in self._portal.links.pairs(source, target):
                found.setdefault(str(id), {})[str(other)] = types
            return found

    def state(self) -> Mapping[str, object]:
        """Counts for a person who looks: records per type, requests per endpoint, 429s."""
        with self._lock:
            self._imports.advance()
            return {
                "account": self._portal.id,
                "records": {name: table.live for name, table in self._portal.tables.items()},
                "requests": dict(sorted(self.requests.items())),
                "requests_total": self.requests.total(),
                "refused_429": self.count_429,
            }

    def _handle(self, request: httpx.Request) -> httpx.Response:
        correlation = str(UUID(int=self._portal.random.getrandbits(128), version=4))
        search = request.url.path.endswith(_SEARCH)
        headers: dict[str, str] = {}
        self._imports.advance()
        try:
            self._authenticate(request)
            policy = self._quota.take(search=search)
            if not search:
                headers = self._quota.headers()
            if policy is not None:
                self.count_429 += 1
                return _respond(429, dict(too_many(policy, correlation)), headers)
            answer = self._route(request)
        except Refusal as refusal:
            self.count_429 += refusal.status == 429
            answer = Answer(refusal.status, refusal.body(correlation))
        return _respond(answer.status, answer.body, headers)

    def _authenticate(self, request: httpx.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            message = "Authentication credentials not found. This API supports OAuth 2.0."
            raise Refusal(401, "INVALID_AUTHENTICATION", message)
        if self.options.token is not None and token.strip() != self.options.token:
            message = "The token is invalid, expired or revoked."
            raise Refusal(401, "INVALID_AUTHENTICATION", message)

    def _route(self, request: httpx.Request) -> Answer:
        if len(request.url.raw_path) > MAX_URL:
            raise Refusal(414, "URI_TOO_LONG", "The address is too long; ask by batch read.")
        where = place(request.url.path)
        found = self._routes.find(request.method, where) if where else None
        if where is None or found is None:
            raise not_found()
        route, args = found
        self.requests[route.name] += 1
        self._authorize(route, args)
        content = request.read()
        query, type_ = request.url.params, request.headers.get("Content-Type", "")
        if type_.lower().startswith("multipart/form-data"):
            call = Call(where.version, args, query, None, len(content), content, type_)
        else:
            call = Call(where.version, args, query, _parse(content), len(content))
        return route.handler(call)

    def _authorize(self, route: Route, args: Mapping[str, str]) -> None:
        scopes = self.options.scopes
        if scopes is None or not route.scope:
            return
        needed = route.scope
        if "." not in needed:
            kind = self._portal.kind(args["type"]).name
            # Notes and tasks are covered by the scopes of contacts (tasks guide).
            kind = "contacts" if kind in {"notes", "tasks"} else kind
            needed = f"crm.{route.scope}.{kind}.{'read' if route.reads else 'write'}"
        if needed not in scopes:
            message = "This app hasn't been granted all required scopes to make this call."
            detail: dict[str, Json] = {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": [needed]},
            }
            raise Refusal(403, "MISSING_SCOPES", message, errors=[detail])


def _parse(content: bytes) -> Json:
    if not content:
        return None
    try:
        parsed: Json = json.loads(content)
    except ValueError as error:
        raise malformed(str(error)) from error
    return parsed


def _respond(status: int, body: Json, headers: Mapping[str, str]) -> httpx.Response:
    if body is None:
        return httpx.Response(status, headers=headers)
    sent = {"Content-Type": "application/json;charset=utf-8", **headers}
    return httpx.Response(status, headers=sent, content=dump(body))
