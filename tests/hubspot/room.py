"""HubSpot's adapter in a sandbox of its own, with what it sends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from migrator.model import Action, Op, OpState
from migrator.vendors.base import Reading
from migrator.vendors.hubspot.product import PRODUCT
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from migrator.wire import Allowance, Fault, FaultKind, Faulty, connect
from tests.contract.base import DEALS, NEEDED, TYPES
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence

    from migrator.model import Account, Held, Link, ObjectType, Outcome
    from migrator.vendors.base import Vendor

_ANY = httpx.Client(headers={"Authorization": "Bearer any"}, base_url="https://api.hubapi.com")


class Room:
    """An account with what the contract needs; without key fields, if so.

    Attributes:
        sent: method, path and body of each request, in both versions' common form.
        lose: kinds of fault for requests whose path ends so, the first first; taken as they come.
    """

    def __init__(
        self, settings: Mapping[str, str] | None = None, *, keyed: bool = True, **options: Any
    ) -> None:
        self.clock = VirtualClock()
        self.sandbox = HubSpotSandbox(now=self.clock.now, clock=self.clock.monotonic, **options)
        self.sent: list[tuple[str, str, Any]] = []
        self.lose: dict[str, list[FaultKind]] = {}
        self.settings = dict(settings or {})
        self.vendor = self.opened()
        self.account: Account = self.run(self._prepared(keyed=keyed))
        self.sent.clear()

    async def _prepared(self, *, keyed: bool) -> Account:
        account = await self.vendor.describe(TYPES)
        wanted = NEEDED if keyed else replace(NEEDED, keys=())
        await self.vendor.provision(self.vendor.lacking(account, wanted))
        return await self.vendor.describe(TYPES)

    def opened(self) -> Vendor:
        """Another process that is connected to the account."""
        product = PRODUCT.configure(self.settings)
        network = httpx.MockTransport(self._answer)
        transport = Faulty(network, self._fault, self.clock)
        client = connect(
            product,
            "any",
            str(product.base_url),
            self.clock,
            transport=transport,
            allowance=Allowance(patient=True),
        )
        return product.connect(client, self.clock)

    def _fault(self, request: httpx.Request) -> Fault | None:
        for tail, kinds in self.lose.items():
            if request.url.path.endswith(tail) and kinds:
                return Fault(kinds.pop(0))
        return None

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            content = json.loads(request.content or b"{}")
        except ValueError:  # a file
            content = {}
        path = request.url.raw_path.decode().replace("/2026-03", "")
        self.sent.append((request.method, path, content))
        return self.sandbox.handle(request)

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """What a coroutine gives, in the room's time."""
        return self.clock.run(main)

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """What somebody else gets of the account."""
        self.clock.seconds += 0.2  # so that the quota is never spent by it
        response = self.sandbox.handle(_ANY.build_request(method, path, json=content))
        assert response.status_code < 300, response.text
        return json.loads(response.content) if response.content else None

    def paths(self) -> list[str]:
        """Paths of the requests since the last time they were asked for."""
        paths = [path for _, path, _ in self.sent]
        self.sent.clear()
        return paths

    def create(self, ops: Sequence[Op]) -> dict[str, str]:
        """Ids by key of records that are created, all of one type."""
        return {key: str(one.id) for key, one in self.write(ops).items()}

    def write(self, ops: Sequence[Op]) -> dict[str, Outcome]:
        """Outcomes by key of ops of one action, none of which may be refused."""
        found: dict[str, Outcome] = {}
        for start in range(0, len(ops), 100):
            batch = ops[start : start + 100]
            for outcome in self.run(self.vendor.write(batch[0].type, batch[0].action, batch)):
                assert outcome.state is OpState.WRITTEN, outcome
                found[outcome.key] = outcome
        assert len(found) == len(ops)
        return {op.key: found[op.key] for op in ops}

    def deals(self, count: int, **properties: str) -> dict[str, str]:
        """Ids by key ``k1 k2 ...`` of deals that migrator made."""
        given = {"dealname": "D", "pipeline": "default", "dealstage": "qualifiedtobuy"}
        return self.create(
            [
                creating(DEALS, i, {**given, **properties, "migrator_key": f"k{i}"})
                for i in range(1, count + 1)
            ]
        )

    def record(
        self, type: str, links: Mapping[str, int] | None = None, /, **properties: str
    ) -> str:
        """The id of a record that somebody else made, linked to ids by kinds of association."""
        associations = [
            {
                "to": {"id": id_},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}],
            }
            for id_, kind in (links or {}).items()
        ]
        content = {"properties": properties, "associations": associations}
        return str(self.call("POST", f"/crm/objects/2026-03/{type}", content)["id"])

    def pages(self, type: ObjectType, names: Iterable[str] = (), **more: Any) -> list[Any]:
        """All pages of a type."""

        async def main() -> list[Any]:
            found = self.vendor.pages(type, list(names), Reading(**more))
            return [page async for page in found]

        return list(self.run(main()))

    def held(self, type: ObjectType, names: Iterable[str] = (), **more: Any) -> dict[str, Held]:
        """All records of a type by id."""
        pages = self.pages(type, names, **more)
        found = [one for page in pages for one in page.records]
        assert len({one.id for one in found}) == len(found)
        return {one.id: one for one in found}


def creating(
    type: ObjectType, number: int, properties: Mapping[str, str], links: tuple[Link, ...] = ()
) -> Op:
    """An op that creates a record with the key ``k<number>``."""
    return Op(number, type, Action.CREATE, f"k{number}", None, dict(properties), links=links)
