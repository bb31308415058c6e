"""HubSpot by hand: answers in shapes its sandbox does not give."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from migrator.model import (
    Action,
    ObjectType,
    Op,
    Outcome,
)
from migrator.vendors.hubspot.api import HubSpot
from migrator.vendors.hubspot.product import PRODUCT
from migrator.wire import Tuning, connect
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES
Body = dict[str, Any]
Answer = httpx.Response | Exception


class Portal:
    """Answers by hand: ``handle`` gets method, path and body of each request."""

    def __init__(self, handle: Callable[[str, str, Body], Answer]) -> None:
        self.clock = VirtualClock()
        self.sent: list[tuple[str, str, Body]] = []
        self._handle = handle
        client = connect(
            PRODUCT,
            "pat-1",
            "https://api.hubapi.com",
            self.clock,
            transport=httpx.MockTransport(self._answer),
            tuning=Tuning(seed=1),
        )
        self.vendor = HubSpot(client, self.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            content = json.loads(request.content) if request.content else {}
        except ValueError:  # a form
            content = {"form": request.content.decode()}
        path = request.url.raw_path.decode().replace("/2026-03", "")
        self.sent.append((request.method, path, content))
        answer = self._handle(request.method, path, content)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def write(self, ops: list[Op], type: ObjectType = DEALS) -> dict[str, Outcome]:
        """Outcomes by key."""
        outcomes = self.clock.run(self.vendor.write(type, ops[0].action, ops))
        found = {outcome.key: outcome for outcome in outcomes}
        assert len(found) == len(outcomes) == len(ops)
        return found


def reply(status: int, /, **body: object) -> httpx.Response:
    """An answer with a JSON object."""
    return httpx.Response(status, json=body)


def ops(count: int, action: Action = Action.CREATE, type: ObjectType = DEALS) -> list[Op]:
    """Ops with the keys k1, k2 ... and, unless they create, the ids 101, 102 ..."""
    return [
        Op(
            seq=i,
            type=type,
            action=action,
            key=f"k{i}",
            id=None if action is Action.CREATE else str(100 + i),
            properties={"migrator_key": f"k{i}", "dealname": "D"},
        )
        for i in range(1, count + 1)
    ]


def created(given: Body, **more: object) -> Body:
    """A result as HubSpot gives it for one input."""
    key = given["properties"]["migrator_key"]
    return {"id": f"9{key[1:]}", "properties": {"migrator_key": key}, **more}


def refusal(message: str = "no", category: str = "VALIDATION_ERROR", **more: object) -> Body:
    """An error's body."""
    return {"status": "error", "message": message, "category": category, **more}


def conflict(name: str) -> Body:
    """HubSpot's error for a unique value that is taken."""
    detail = {"isValid": False, "error": "CONFLICTING_UNIQUE_VALUE", "name": name, "message": "x"}
    return refusal(f"Property values were not valid: [{json.dumps(detail)}]")


def found(key: str, **more: object) -> Body:
    """A result of a read."""
    return {"id": f"9{key}", "properties": {"migrator_key": key}, **more}
