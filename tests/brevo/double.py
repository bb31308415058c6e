"""A few endpoints of Brevo by hand, for what a test wants to say exactly; and how to connect."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx

from migrator.model import Action, ObjectType, Op, Sent
from migrator.vendors.brevo.api import Brevo
from migrator.vendors.brevo.options import BrevoOptions
from migrator.vendors.brevo.product import PRODUCT
from migrator.wire import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.model import Link
    from migrator.vendors.brevo.answers import Json
    from tests.virtual_time import VirtualClock

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES

ATTRIBUTES = [
    {"internalName": "deal_name", "attributeTypeName": "text", "label": "Deal name"},
    {"internalName": "amount", "attributeTypeName": "number", "label": "Amount"},
    {"internalName": "created_at", "attributeTypeName": "date", "label": "Created"},
    {"internalName": "migrator_key", "attributeTypeName": "text", "label": "migrator_key"},
]

Answer = httpx.Response | None


def opened(
    clock: VirtualClock, handle: Callable[[httpx.Request], httpx.Response], **options: Any
) -> Brevo:
    """A vendor that speaks to a handler; no quota holds it up unless an option says so."""
    given = {"crm_per_hour": 100_000, **options}
    product = PRODUCT.configure({name: str(value) for name, value in given.items()})
    transport = httpx.MockTransport(handle)
    client = connect(product, "xkeysib-1", "http://brevo.test/v3", clock, transport=transport)
    return Brevo(client, clock, BrevoOptions(**given))


def op(key: str, *links: Link, action: Action = Action.CREATE, **properties: str) -> Op:
    """An op on a deal; its id is made of the key where it has one."""
    given = {"deal_name": f"Deal {key}", "migrator_key": key, **properties}
    if action is not Action.CREATE:
        given = properties
    id_ = None if action is Action.CREATE else f"id-{key}"
    return Op(1, DEALS, action, key, id_, given, links=links)


def sent(clock: VirtualClock, ops: Sequence[Op], job: str | None = None) -> list[Sent]:
    """Ops as the journal remembers them."""
    return [Sent(one, clock.now(), job) for one in ops]


def path(request: httpx.Request) -> str:
    """Method and path, without the version."""
    return f"{request.method} {request.url.path.removeprefix('/v3')}"


@dataclass
class Shelf:
    """Deals that appear at their time, and processes that say what they are told to.

    Attributes:
        deals: key to the second (of the clock) from which the list shows it.
        processes: id to what its status is at a second; None = there is no such process.
        names: id to a process's name, where it is not that of an import.
        created: key to what the list says of when a deal was created.
        links: key to the ids of the contacts that a deal is linked to.
        dated: whether answers have a Date.
        asked: what was asked, in order.
        answers: what to answer instead, by method and path.
    """

    clock: VirtualClock
    deals: dict[str, float] = field(default_factory=dict)
    processes: dict[int, Callable[[float], str | None]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)
    links: dict[str, list[int]] = field(default_factory=dict)
    dated: bool = False
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Callable[[httpx.Request], Answer]] = field(default_factory=dict)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        asked = path(request)
        self.asked.append(asked)
        instead = self.answers.get(asked)
        response = (instead(request) if instead else None) or self._answer(asked, request)
        if self.dated:
            response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        return response

    def _answer(self, asked: str, request: httpx.Request) -> httpx.Response:
        if asked.startswith("GET /crm/attributes/"):
            return httpx.Response(200, json=ATTRIBUTES)
        return self._record(asked, request)

    def _record(self, asked: str, request: httpx.Request) -> httpx.Response:
        if asked == "GET /crm/deals":
            return self._shown(self._page(request.url.params))
        if asked == "POST /crm/deals/import":
            return self._shown({"processId": 78})
        if asked == "GET /processes":
            shown = [self._process(id_) for id_ in sorted(self.processes, reverse=True)]
            return self._shown({"processes": [one for one in shown if one]})
        if asked.startswith("GET /processes/"):
            return self._shown(self._process(int(asked.rpartition("/")[2])))
        key = asked.removeprefix("GET /crm/deals/id-")
        return self._shown(self._deal(key) if key in self.deals else None)

    def _shown(self, found: Json | None) -> httpx.Response:
        return httpx.Response(200, json=found) if found else not_found()

    def _process(self, id: int) -> Json | None:
        told = self.processes.get(id)
        status = told(self.clock.seconds) if told else None
        if status is None:
            return None
        return {"id": id, "name": self.names.get(id, "IMPORT"), "status": status}

    def _page(self, params: httpx.QueryParams) -> Json:
        shown = sorted(
            ((at, key) for key, at in self.deals.items() if at <= self.clock.seconds),
            reverse=params.get("sort") != "asc",
        )
        offset, limit = int(params["offset"]), int(params["limit"])
        page = [self._deal(key) for _, key in shown[offset : offset + limit]]
        return {"items": page, "pager": {"limit": limit, "total": len(shown)}}

    def _deal(self, key: str) -> Json:
        attributes = {
            "deal_name": f"Deal {key}",
            "migrator_key": key,
            "created_at": self.created.get(key, "2026-03-31T09:00:00Z"),
        }
        return {
            "id": f"id-{key}",
            "attributes": attributes,
            "linkedContactsIds": self.links.get(key, []),
        }


def not_found() -> httpx.Response:
    """As Brevo says that something is not there."""
    return httpx.Response(404, json={"code": "document_not_found", "message": "not found"})


def fixed(status: int, content: object = None) -> Callable[[httpx.Request], Answer]:
    """An answer whatever is asked."""
    return lambda _: httpx.Response(status, content=json.dumps(content).encode())
