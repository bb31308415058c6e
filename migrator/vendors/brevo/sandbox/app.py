"""The sandbox: a request in, an answer out, with keys, plans and quotas."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

from migrator.vendors.brevo.sandbox.answers import Answer, Call, Refusal, dump
from migrator.vendors.brevo.sandbox.options import BrevoOptions
from migrator.vendors.brevo.sandbox.organization import Organization
from migrator.vendors.brevo.sandbox.quota import Quota
from migrator.vendors.brevo.sandbox.routes import Routes, place
from migrator.vendors.brevo.sandbox.seed import imitate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.brevo.sandbox.answers import Object


def _utc_now() -> datetime:
    return datetime.now(UTC)


class BrevoSandbox:
    """An imitated Brevo account, held in memory.

    Imports are worked on as the clock goes on: whatever is asked first does what is due.

    Args:
        options: how it behaves; ``changes`` are the same options by name.
        now: the time of day (aware).
        clock: seconds that only go forward, for quotas, imports and late lists.

    Attributes:
        requests: requests per endpoint, such as ``POST /crm/deals/import``.
        count_429: requests refused for a quota.
    """

    def __init__(
        self,
        options: BrevoOptions | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
        **changes: Any,  # noqa: ANN401 - the fields of BrevoOptions, which checks their names
    ) -> None:
        self.options = replace(options or BrevoOptions(), **changes)
        self.requests: Counter[str] = Counter()
        self.count_429 = 0
        self._org = Organization(self.options, now, clock)
        if self.options.like is not None:
            imitate(self._org, self.options.like)
        self._quota = Quota(self.options, clock)
        self._routes = Routes(self._org)
        self._lock = Lock()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; threads wait for each other."""
        with self._lock:
            self._routes.jobs.advance()
            return self._handle(request)

    def routes(self) -> tuple[str, ...]:
        """Names of all endpoints, as :attr:`requests` counts them."""
        return tuple(route.name for route in self._routes.all)

    def requests_in(self, bucket: str) -> int:
        """Requests that counted against a quota: ``crm`` (all but contacts) or ``contacts``."""
        return self._quota.used[bucket]

    def records(self, type: str) -> list[dict[str, Any]]:
        """Every record of a type as it is now: its attributes, its ``id`` and its links."""
        with self._lock:
            self._routes.jobs.advance()
            if type in {"notes", "tasks", "files"}:
                held: dict[str, Object] = getattr(self._org, type)
                return [dict(one) for one in held.values()]
            if type == "contacts":
                return [
                    {
                        **row.values,
                        "EMAIL": row.email,
                        "EXT_ID": row.ext_id,
                        "id": row.id,
                        "listIds": sorted(row.lists),
                        "linkedDealsIds": row.links("deals"),
                        "linkedCompaniesIds": row.links("companies"),
                    }
                    for row in self._org.contacts.rows.values()
                ]
            shown = self._routes.deals if type == "deals" else self._routes.companies
            found = [shown.body(row) for row in self._org.table(type).rows.values()]
            return [{**shown_attributes(one), **one} for one in found]

    def state(self) -> Mapping[str, object]:
        """Counts for a person who looks: records per type, requests per endpoint, 429s."""
        with self._lock:
            self._routes.jobs.advance()
            org = self._org
            return {
                "account": org.id,
                "records": {
                    "deals": len(org.deals.rows),
                    "contacts": len(org.contacts.rows),
                    "companies": len(org.companies.rows),
                    "notes": len(org.notes),
                    "tasks": len(org.tasks),
                    "files": len(org.files),
                },
                "requests": dict(sorted(self.requests.items())),
                "requests_total": self.requests.total(),
                "requests_by_quota": {
                    "crm": self._quota.used["crm"],
                    "contacts": self._quota.used["contacts"],
                },
                "refused_429": self.count_429,
            }

    def _handle(self, request: httpx.Request) -> httpx.Response:
        headers = {"sib-request-id": str(UUID(int=self._org.random.getrandbits(128), version=4))}
        path = place(request.url.raw_path.partition(b"?")[0].decode("ascii"))
        content = self._routes.download(path) if request.method == "GET" else None
        if content is not None:
            return httpx.Response(200, content=content, headers=headers)
        bucket = Quota.bucket(path)
        try:
            self._authenticate(request)
            allowed = self._quota.take(bucket)
            headers.update(self._quota.headers(bucket, refused=not allowed))
            answer = self._answer(request, path) if allowed else self._too_many()
        except Refusal as refusal:
            answer = refusal.answer()
        return _respond(answer, headers)

    def _too_many(self) -> Answer:
        """UNCERTAIN: no page shows the body; the code is not among the listed ones."""
        self.count_429 += 1
        message = "Too many requests, please try again later"
        return Answer(429, {"code": "too_many_requests", "message": message})

    def _authenticate(self, request: httpx.Request) -> None:
        key = request.headers.get("api-key", "").strip()
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if not key and scheme.lower() == "bearer":
            key = bearer.strip()
        if not key:
            raise Refusal(401, "unauthorized", "authentication not found in headers")
        if self.options.blocked_ip is not None:
            raise Refusal(
                401,
                "unauthorized",
                f"We have detected you are using an unrecognised IP address "
                f"{self.options.blocked_ip}. If you performed this action make sure to add the "
                "new IP address in this link: https://app.brevo.com/security/authorised_ips",
            )
        if self.options.token is not None and key != self.options.token:
            raise Refusal(401, "unauthorized", "Key not found")

    def _answer(self, request: httpx.Request, path: str) -> Answer:
        found = self._routes.find(request.method, path)
        if found is None:
            if self._routes.knows(path):
                raise Refusal(405, "method_not_allowed", "Method not allowed")
            raise Refusal(404, None, "Route not found")
        route, args = found
        self.requests[route.name] += 1
        if route.name in self.options.forbidden:
            raise Refusal(403, "permission_denied", "Your plan does not include this feature")
        url = request.url
        call = Call(
            args,
            url.params,
            request.read(),
            request.headers.get("Content-Type", ""),
            f"{url.scheme}://{url.netloc.decode('ascii')}",
        )
        return route.handler(call)


def shown_attributes(body: Object) -> dict[str, Any]:
    """The attributes of a record on one level; the rest of its body goes beside them."""
    attributes = body.pop("attributes")
    return dict(attributes) if isinstance(attributes, dict) else {}


def _respond(answer: Answer, headers: Mapping[str, str]) -> httpx.Response:
    if answer.body is None:
        return httpx.Response(answer.status, headers=headers)
    sent = {"Content-Type": "application/json", **headers}
    return httpx.Response(answer.status, headers=sent, content=dump(answer.body))
