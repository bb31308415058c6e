"""Odd portals, what HubSpot does not create, and the product as the wire sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import (
    InputError,
)
from migrator.model import (
    KEY_FIELD,
    Account,
    FieldInfo,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Provision,
)
from migrator.vendors.hubspot.product import PRODUCT
from migrator.vendors.registry import names, product
from tests.hubspot.portal import Answer, Body, Portal, refusal, reply
from tests.support import Rehearsal, deals
from tests.test_quota_used import TEMPLATE

if TYPE_CHECKING:
    from pathlib import Path

DEALS, CONTACTS, COMPANIES = ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES


# -- describing and setting up ---------------------------------------------------------------------


def test_describing_odd_portals() -> None:
    """What is archived, internal, read-only or no person is seen as such."""

    def handle(_method: str, path: str, _body: Body) -> Answer:
        if "details" in path:
            extra = {"additionalCurrencies": ["eur"], "companyCurrency": "USD"}
            return reply(200, portalId=5, **extra)
        if "owners" in path:
            people = [
                {"id": "1", "email": "a@x.org", "firstName": "A"},
                {"id": "2", "type": "QUEUE"},
            ]
            return reply(200, results=[] if "archived=true" in path else people)
        if "pipelines" in path:
            stages = [
                {"id": "s3", "displayOrder": 3, "metadata": {"probability": "odd"}},
                {"id": "s2", "displayOrder": 2, "metadata": {"probability": "0.0"}},
                {"id": "s1", "displayOrder": 1, "metadata": {"isClosed": "true"}},
                {"id": "s0", "displayOrder": 0, "archived": True},
            ]
            return reply(
                200,
                results=[
                    {"id": "p", "stages": stages},
                    {"id": "q", "archived": True, "stages": []},
                ],
            )
        fields = [
            {"name": "blob", "type": "json"},
            {"name": "calc", "type": "number", "calculated": True},
            {"name": "ro", "type": "string", "modificationMetadata": {"readOnlyValue": True}},
        ]
        return reply(200, results=fields)

    portal = Portal(handle)
    account = portal.clock.run(portal.vendor.describe([DEALS]))
    assert (account.id, account.currencies, account.time_zone) == ("5", ("USD", "EUR"), None)
    assert [owner.id for owner in account.owners] == ["1"]
    (pipeline,) = account.pipelines
    assert [(s.id, str(s.status)) for s in pipeline.stages] == [
        ("s1", "lost"),
        ("s2", "lost"),
        ("s3", "open"),
    ]
    assert all(field.read_only for field in account.fields[DEALS].values())


def test_a_key_field_that_is_not_unique_is_refused() -> None:
    """It is told before anything is written, with the way out; also when it is restored so."""
    plain = FieldInfo("migrator_key", "Key", "text")
    account = Account("hubspot", "1", "T", (), (), {DEALS: {"migrator_key": plain}})
    portal = Portal(lambda *_: reply(201, name="migrator_key", hasUniqueValue=False))
    wanted = Provision(keys=(DEALS, CONTACTS))
    with pytest.raises(InputError, match="unique values"):
        portal.vendor.lacking(account, wanted)
    with pytest.raises(InputError, match="unique values"):
        portal.clock.run(portal.vendor.provision(Provision(keys=(DEALS,))))
    assert portal.vendor.lacking(Account("hubspot", "1", "T", (), (), {}), wanted).keys == (DEALS,)


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (Provision(keys=(DEALS,)), "ten properties"),
        (Provision(fields={DEALS: (NewField("X", "X"),)}), "small letters"),
        (Provision(fields={DEALS: (NewField("t", "T", "choice", ("a;b",)),)}), "semicolon"),
        (Provision(pipelines=(NewPipeline("P", (NewStage("S"),)),)), "plan"),
        (Provision(pipelines=(NewPipeline("Old", (NewStage("S"),)),)), 'stage "S"'),
        (Provision(fields={DEALS: (NewField("old", "O", "choice", ("new",)),)}), "no options"),
    ],
)
def test_what_hubspot_does_not_create(missing: Provision, text: str) -> None:
    """Its message comes with the way out."""

    def handle(method: str, path: str, _body: Body) -> Answer:
        if method != "GET":
            return reply(400, **refusal("limit reached"))
        if path.endswith("/old"):
            return reply(200, type="enumeration", options=[{"value": "a", "label": "A"}])
        if "pipelines" in path:
            return reply(200, results=[{"id": "1", "label": "Old", "stages": []}])
        return reply(404, **refusal("none", "OBJECT_NOT_FOUND"))

    portal = Portal(handle)
    with pytest.raises(InputError, match=text) as refused:
        portal.clock.run(portal.vendor.provision(missing))
    if "semicolon" not in text:
        assert "limit reached" in str(refused.value)


def test_somebody_else_creates_it_first() -> None:
    """A 409 means that it is there by now: options are completed, nothing else is changed."""
    there: set[str] = set()

    def handle(method: str, path: str, body: Body) -> Answer:
        if method == "POST":
            there.add(str(body.get("name")))
            return reply(409, **refusal("exists", "OBJECT_ALREADY_EXISTS"))
        if method == "PATCH":
            return reply(200)
        if "pipelines" not in path and path.rpartition("/")[2] not in there:
            return reply(404, **refusal("none", "OBJECT_NOT_FOUND"))
        options = [{"value": "a", "label": "A"}]
        return reply(200, type="enumeration", hasUniqueValue=True, options=options, results=[])

    portal = Portal(handle)
    missing = Provision(
        keys=(DEALS,),
        fields={DEALS: (NewField("tier", "Tier", "choice", ("A", "B")),)},
        pipelines=(NewPipeline("P", (NewStage("S", probability="5%"),)),),
    )
    portal.clock.run(portal.vendor.provision(missing))
    (patched,) = (body for method, _, body in portal.sent if method == "PATCH")
    assert [option["value"] for option in patched["options"]] == ["a", "B"]
    created = [body["name"] for method, path, body in portal.sent if _creates(method, path)]
    assert created == [KEY_FIELD, "tier"]


def _creates(method: str, path: str) -> bool:
    return method == "POST" and "properties" in path


def test_what_was_not_there_is_created_without_another_look() -> None:
    """A key and a field of text are one request each."""
    portal = Portal(lambda *_: reply(201, hasUniqueValue=True))
    fields = {DEALS: (NewField("old_id", "Old id", "text"),)}
    portal.clock.run(portal.vendor.provision(Provision(keys=(DEALS,), fields=fields)))
    assert [method for method, _, _ in portal.sent] == ["POST", "POST"]


def test_a_first_run_writes_soon(tmp_path: Path) -> None:
    """Of ten seconds' answers, few come before the first write, though its key field is created.

    The account is described, the deals are looked for, the key field is created, and the account is
    described again: one answer's time each.
    """
    rehearsal = Rehearsal(tmp_path)
    creates: list[float] = []

    class Slow(httpx.AsyncBaseTransport):
        def __init__(self, crm: httpx.AsyncBaseTransport) -> None:
            self._crm = crm

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/batch/create"):
                creates.append(rehearsal.clock.seconds)
            await asyncio.sleep(10.0)
            return await self._crm.handle_async_request(request)

    rehearsal.wrap = Slow
    begun = rehearsal.clock.seconds
    template = rehearsal.template(TEMPLATE.partition("create:")[0])
    report = rehearsal.load(template, rehearsal.source(deals(3)))
    assert report.rows["created"] == 3
    assert creates[0] - begun <= 40.0


def test_a_property_that_cannot_be_read_is_not_taken_for_missing() -> None:
    """Only a 404 says that a property is not there."""
    portal = Portal(lambda *_: reply(400, **refusal("odd")))
    tier = NewField("tier", "Tier", "choice", ("A", "B"))
    with pytest.raises(InputError, match="odd"):
        portal.clock.run(portal.vendor.provision(Provision(fields={DEALS: (tier,)})))
    assert [method for method, _, _ in portal.sent] == ["GET"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("0.25", "0.2"),
        ("75", "0.8"),
        ("33%", "0.3"),
        ("1", "0.9"),
        ("0", "0.1"),
        ("NaN", "0.5"),
        (None, "0.5"),
        ("often", "0.5"),
    ],
)
def test_probabilities_are_steps(given: str | None, sent: str) -> None:
    """An open stage has 0.1 to 0.9 in steps of 0.1, given as a share or in per cent."""
    portal = Portal(lambda method, *_: reply(200 if method == "GET" else 201, results=[]))
    stages = (NewStage("S", probability=given),)
    portal.clock.run(portal.vendor.provision(Provision(pipelines=(NewPipeline("P", stages),))))
    (stage,) = portal.sent[-1][2]["stages"]
    assert stage["metadata"] == {"probability": sent}


# -- the product -----------------------------------------------------------------------------------


def test_the_registry() -> None:
    """Products by name in any letter case; a name that is none gets the nearest one."""
    assert "hubspot" in names()
    assert product(" HubSpot") is PRODUCT
    with pytest.raises(InputError, match='Did you mean "hubspot"'):
        product("hubpsot")


def test_what_headers_tell() -> None:
    """The windows and what is left of them; nothing from an answer without headers."""
    headers = {
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Remaining": "17",
        "X-HubSpot-RateLimit-Daily": "650000",
    }
    burst, day = PRODUCT.learn(httpx.Response(200, headers=headers))
    assert (burst.rate.requests, burst.rate.per.total_seconds(), burst.left) == (190, 10, 17)
    assert (day.rate.requests, day.rate.per.days, day.left) == (650_000, 1, None)
    assert PRODUCT.learn(httpx.Response(200, headers={"X-HubSpot-RateLimit-Max": "x"})) == ()
    search = httpx.Request("POST", "https://x.test/crm/objects/2026-03/companies/search")
    assert PRODUCT.bucket(search) == "search"
