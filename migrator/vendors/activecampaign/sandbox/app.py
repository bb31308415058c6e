"""The sandbox: a request in, an answer out, with tokens, the quota and faults."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn

import httpx

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    Call,
    Refusal,
    bare,
    dump,
)
from migrator.vendors.activecampaign.sandbox.options import ActiveCampaignOptions
from migrator.vendors.activecampaign.sandbox.quota import Quota
from migrator.vendors.activecampaign.sandbox.routes import Routes
from migrator.vendors.activecampaign.sandbox.seed import imitate
from migrator.vendors.activecampaign.sandbox.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.activecampaign.sandbox.answers import Json, Object
    from migrator.vendors.activecampaign.sandbox.rows import Deal

_NO_QUERY = httpx.QueryParams()
_HTML = (
    b"<!DOCTYPE html><html><head><title>Service unavailable</title></head>"
    b"<body><h1>Please try again in a few minutes.</h1></body></html>"
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ActiveCampaignSandbox:
    """An imitated ActiveCampaign account, held in memory.

    Args:
        options: how it behaves; ``changes`` are the same options by name.
        now: the time of day (aware).
        clock: seconds that only go forward, for the quota, imports and the lag of lists.

    Attributes:
        requests: requests per endpoint, such as ``PUT /dealStages/{id}/deals``.
        count_429: requests refused for the quota, whatever the status that says so.
    """

    def __init__(
        self,
        options: ActiveCampaignOptions | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
        **changes: Any,  # noqa: ANN401 - the fields of the options, which check their names
    ) -> None:
        self.options = replace(options or ActiveCampaignOptions(), **changes)
        self.requests: Counter[str] = Counter()
        self.count_429 = 0
        self._now = now
        self._tenant = Tenant(self.options, now, clock)
        if self.options.like is not None:
            imitate(self._tenant, self.options.like)
        self._quota = Quota(self.options, clock)
        self._routes = Routes(self._tenant)
        self._lock = Lock()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; threads wait for each other."""
        with self._lock:
            return self._handle(request)

    def routes(self) -> tuple[str, ...]:
        """Names of all endpoints, as in :attr:`requests`."""
        return self._routes.names

    def records(self, type: str) -> list[dict[str, Any]]:
        """Every stored record of a type, as reads give it, without its ``links``.

        ``type`` is deals, contacts, companies (accounts), notes or tasks. A deal has its custom
        fields under ``fields``, by label; a stub is its own four values and ``fields``.
        """
        with self._lock:
            tenant, routes = self._tenant, self._routes
            rows: dict[str, Callable[[], list[Object]]] = {
                "deals": lambda: [self._deal(one) for one in tenant.deals],
                "contacts": lambda: [routes.contacts.row(one) for one in tenant.contacts],
                "companies": lambda: [routes.companies.row(one) for one in tenant.companies],
                "notes": lambda: [routes.notes.row(one) for one in tenant.notes],
                "tasks": lambda: [routes.tasks.row(one) for one in tenant.tasks],
            }
            found = rows[type]()
        for row in found:
            row.pop("links", None)
        return found

    def state(self) -> Mapping[str, object]:
        """Counts for a person who looks: records per type, requests per endpoint, refusals."""
        with self._lock:
            tenant = self._tenant
            return {
                "account": tenant.name,
                "records": {
                    "deals": len(tenant.deals),
                    "contacts": len(tenant.contacts),
                    "companies": len(tenant.companies),
                    "notes": len(tenant.notes),
                    "tasks": len(tenant.tasks),
                },
                "requests": dict(sorted(self.requests.items())),
                "requests_total": self.requests.total(),
                "refused_429": self.count_429,
            }

    def _deal(self, deal: Deal) -> Object:
        rows, fields = self._tenant.data.rows, self._tenant.fields.rows
        held: Object = {
            fields[field].label: rows[ids[-1]].value for field, ids in deal.values.items()
        }
        return {**self._routes.deals.row(deal), "fields": held}

    def _handle(self, request: httpx.Request) -> httpx.Response:
        now = format_datetime(self._now(), usegmt=True)
        headers = {"X-Request-Id": self._tenant.token(32), "Date": now}
        self._routes.imports.run_due()
        try:
            answer = self._answer(request, headers)
        except Refusal as refusal:
            answer = Answer(refusal.status, refusal.body, refusal.plain)
        except _Page as page:
            headers["Content-Type"] = "text/html; charset=UTF-8"
            return httpx.Response(page.status, headers=headers, content=_HTML)
        kind = "text/plain" if answer.plain else "application/json"
        headers["Content-Type"] = f"{kind}; charset=utf-8"
        return httpx.Response(answer.status, headers=headers, content=dump(answer.body))

    def _answer(self, request: httpx.Request, headers: dict[str, str]) -> Answer:
        options = self.options
        self._authenticate(request)
        if not self._quota.take():
            self.count_429 += 1
            headers |= self._quota.refusal_headers()
            # The body of such an answer is UNCERTAIN.
            raise Refusal(options.over_limit_status, {"message": "Too Many Requests"})
        headers |= self._quota.headers()
        self._fault()
        found = self._routes.find(request.method, request.url.path)
        if found is None:
            raise Refusal(404, {"message": f"No route for {request.method} {request.url.path}"})
        route, args = found
        self.requests[route.name] += 1
        if route.name in options.html:
            raise _Page(options.html[route.name])
        content = request.read()
        query = request.url.params if request.url.query else _NO_QUERY
        call = Call(args, query, _parse(content), len(content))
        if request.method != "GET":
            self._tenant.changes += 1
        return self._mark(route.name, lambda: route.handler(call))

    def _mark(self, name: str, run: Callable[[], Answer]) -> Answer:
        """Have JSON called text where the options say so, refusals included."""
        if name not in self.options.plain:
            return run()
        try:
            answer = run()
        except Refusal as refusal:
            raise Refusal(refusal.status, refusal.body, plain=True) from refusal
        return replace(answer, plain=True)

    def _authenticate(self, request: httpx.Request) -> None:
        token = request.headers.get("Api-Token", "")
        if not token or (self.options.token is not None and token != self.options.token):
            raise bare(self.options.bad_token_status)

    def _fault(self) -> None:
        """What goes wrong by chance; nothing has been done then."""
        options, chance = self.options, self._tenant.random
        if options.forbidden_share and chance.random() < options.forbidden_share:
            raise bare(403)
        if options.html_share and chance.random() < options.html_share:
            raise _Page(503)


class _Page(Exception):
    """Shape 7: a proxy's page instead of an answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _forbid(constant: str) -> NoReturn:
    raise ValueError(constant)


def _parse(content: bytes) -> Json:
    if not content:
        return None
    try:
        parsed: Json = json.loads(content, parse_constant=_forbid)
    except (ValueError, RecursionError) as error:
        raise bare() from error
    return parsed
