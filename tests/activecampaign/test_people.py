"""Contacts and companies: found by the fewest requests, created many at once, never twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import OutcomeUnknown, Unavailable
from migrator.model import Action, ObjectType, Op, OpState, Shape
from migrator.vendors.base import records
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import COMPANIES, CONTACTS, DEALS, NOTES, Portal, by_key

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def portal() -> Portal:
    """An empty account."""
    return Portal()


def creates(type: ObjectType, *names: str) -> list[Op]:
    """Ops that create contacts or companies."""
    name = "email" if type is CONTACTS else "name"
    return [Op(n, type, Action.CREATE, key, None, {name: key}) for n, key in enumerate(names, 1)]


def addresses(count: int) -> list[str]:
    """Addresses that differ."""
    return [f"p{n}@example.com" for n in range(count)]


async def there(portal: Portal, type: ObjectType, names: Sequence[str]) -> dict[str, str]:
    """Ids of contacts or companies that were created."""
    found: dict[str, str] = {}
    size = portal.vendor.capabilities.batch[type, Action.CREATE]
    ops = creates(type, *names)
    for start in range(0, len(ops), size):
        for outcome in await portal.vendor.write(type, Action.CREATE, ops[start : start + size]):
            assert outcome.state is OpState.WRITTEN, outcome
            found[outcome.key] = str(outcome.id)
    return found


# -- finding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("held", "asked", "most"), [(250, 1, 1), (250, 2, 3), (250, 240, 3)])
def test_contacts_are_resolved_by_the_fewest_requests(
    portal: Portal, held: int, asked: int, most: int
) -> None:
    """One by one when there are few, by the list of all when that is fewer pages."""

    async def main() -> None:
        ids = await there(portal, CONTACTS, addresses(held))
        names = addresses(held)[-asked:]
        portal.asked.clear()
        found = await portal.vendor.resolve(CONTACTS, [names[0].upper(), *names[1:]])
        expected = {name: (ids[name],) for name in names[1:]} | {names[0].upper(): (ids[names[0]],)}
        assert found == expected
        assert portal.asked.total() <= most

    portal.run(main())


def test_contacts_that_are_not_there_are_absent(portal: Portal) -> None:
    """Whichever way they were looked for."""

    async def main() -> None:
        await there(portal, CONTACTS, addresses(120))
        unknown = [f"q{n}@example.com" for n in range(3)]
        assert await portal.vendor.resolve(CONTACTS, unknown[:1]) == {}
        assert await portal.vendor.resolve(CONTACTS, unknown) == {}
        assert await portal.vendor.find(CONTACTS, [*unknown, ""]) == {}

    portal.run(main())


@pytest.mark.parametrize("held", [3, 230])
def test_companies_are_resolved(portal: Portal, held: int) -> None:
    """By name in any letter case, by the host of the website; several of a host are all given."""

    async def main() -> None:
        ids = await there(portal, COMPANIES, [f"Firm {n}" for n in range(held)])
        calls = portal.vendor.calls.people
        sites = ["https://www.acme.example/x", "http://acme.example", "bolt.example", "http://["]
        firms = [
            (await calls.create_company({"name": f"S{n}", "accountUrl": site})).id
            for n, site in enumerate(sites)
        ]
        found = await portal.vendor.resolve(COMPANIES, ["FIRM 0", "ACME.example", "none.example"])
        assert {name: set(some) for name, some in found.items()} == {
            "FIRM 0": {ids["Firm 0"]},
            "ACME.example": set(firms[:2]),
        }
        portal.asked.clear()
        assert await portal.vendor.resolve(COMPANIES, ["Firm 1", "Nobody Ltd"]) == {
            "Firm 1": (ids["Firm 1"],)
        }
        assert portal.asked.total() <= 4
        assert (await portal.vendor.find(COMPANIES, ["firm 2"]))["firm 2"].id == ids["Firm 2"]

    portal.run(main())


# -- creating --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "imports"), [(9, 0), (10, 1), (250, 1)])
def test_many_contacts_are_imported(portal: Portal, count: int, imports: int) -> None:
    """A handful singly; from ten on by an import, whose id is noted before it is waited for."""
    jobs: list[str] = []

    async def main() -> None:
        ops = creates(CONTACTS, *addresses(count))
        outcomes = by_key(await portal.vendor.write(CONTACTS, Action.CREATE, ops, jobs.append))
        assert outcomes.keys() == set(addresses(count))
        assert {one.state for one in outcomes.values()} == {OpState.WRITTEN}
        assert portal.asked["POST import/bulk_import"] == imports == len(jobs)
        assert portal.asked["POST contact/sync"] == (0 if imports else count)
        foretold = portal.vendor.requests({Shape(CONTACTS, Action.CREATE): count})[""]
        assert portal.asked.total() <= foretold
        again = by_key(await portal.vendor.write(CONTACTS, Action.CREATE, ops))
        assert {key: one.id for key, one in again.items()} == {
            key: one.id for key, one in outcomes.items()
        }

    portal.run(main())


@pytest.mark.parametrize(
    "bad", ["no address", "@x.org", "a@b", "a@b@x.org", "a@.org", "", "x" * 300]
)
def test_a_bad_address_costs_one_row(portal: Portal, bad: str) -> None:
    """It is refused before it can turn a whole import down."""

    async def main() -> None:
        ops = creates(CONTACTS, *addresses(12), bad)
        outcomes = by_key(await portal.vendor.write(CONTACTS, Action.CREATE, ops))
        assert outcomes[bad].code == "invalid_email"
        assert sum(one.state is OpState.WRITTEN for one in outcomes.values()) == 12

    portal.run(main())


def test_an_address_that_the_import_fails_is_refused() -> None:
    """It is named in the import's result; the others are written."""
    portal = Portal(imitated={"import_failures": ["P3@example.com", "p3@example.com"]})

    async def main() -> None:
        ops = creates(CONTACTS, *addresses(12))
        outcomes = by_key(await portal.vendor.write(CONTACTS, Action.CREATE, ops))
        refused = {key for key, one in outcomes.items() if one.state is OpState.REFUSED}
        assert refused == {"p3@example.com"}
        assert outcomes["p3@example.com"].code == "import_failed"

    portal.run(main())


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("count", [12, 9 + 3])
def test_a_contact_that_turns_an_import_down_is_found(
    portal: Portal, first: int, count: int
) -> None:
    """Whether contacts are counted from 0 or 1: the suspects go singly, the rest is imported."""

    async def main() -> None:
        ops = creates(CONTACTS, *addresses(count))
        reasons = [{"contact": 4 + first, "failureReason": "Field 'email' incorrect format"}]
        _turn_down(portal, reasons)
        outcomes = by_key(await portal.vendor.write(CONTACTS, Action.CREATE, ops))
        refused = {key for key, one in outcomes.items() if one.state is OpState.REFUSED}
        assert refused == {"p4@example.com"}
        assert outcomes["p4@example.com"].message

    portal.run(main())


@pytest.mark.parametrize("reasons", [[{"contact": "P4@example.com"}], ["something else"], []])
def test_whatever_an_import_says_all_contacts_have_an_outcome(
    portal: Portal, reasons: list[object]
) -> None:
    """Named by address or not at all: the bad one is refused, the others are written."""

    async def main() -> None:
        ops = creates(CONTACTS, *addresses(12))
        _turn_down(portal, reasons)
        outcomes = by_key(await portal.vendor.write(CONTACTS, Action.CREATE, ops))
        refused = {key for key, one in outcomes.items() if one.state is OpState.REFUSED}
        assert refused == {"p4@example.com"}

    portal.run(main())


def _turn_down(portal: Portal, reasons: list[object] | list[dict[str, object]]) -> None:
    """Let the API dislike one address: singly, and in every import it is part of."""

    def import_(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if b"p4@" not in request.content:
            return response
        body = {"success": 0, "message": "did not pass validation", "failureReasons": reasons}
        return httpx.Response(400, json=body)

    def sync(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if b"p4@" not in request.content:
            return response
        return httpx.Response(422, json={"errors": [{"title": "Email address is invalid."}]})

    portal.alter("POST", "/import/bulk_import", import_)
    portal.alter("POST", "/contact/sync", sync)


def test_an_import_over_its_rate_is_tried_again(portal: Portal) -> None:
    """Its "rate limit" comes as a 400 and passes."""
    left = [2]

    def limited(_: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not left[0]:
            return response
        left[0] -= 1
        body = {"success": 0, "message": "Rate limit exceeded.", "failureReasons": ["Up to 100"]}
        return httpx.Response(400, json=body)

    portal.alter("POST", "/import/bulk_import", limited)
    assert len(portal.run(there(portal, CONTACTS, addresses(12)))) == 12
    left[0] = 99
    with pytest.raises(Unavailable):
        portal.run(there(portal, CONTACTS, addresses(12)))


def test_an_import_that_hangs_is_left_to_the_next_load() -> None:
    """After a while the run stops with a word; the import is not started again."""
    portal = Portal(imitated={"import_delay": 10_000.0})

    async def main() -> None:
        ops = creates(CONTACTS, *addresses(12))
        with pytest.raises(OutcomeUnknown, match="15 minutes"):
            await portal.vendor.write(CONTACTS, Action.CREATE, ops)
        assert portal.asked["POST import/bulk_import"] == 1

    portal.run(main())


def test_a_contact_that_an_import_loses_is_sent_by_itself(portal: Portal) -> None:
    """One that is neither there nor named as failed is not taken for written; its answer tells."""

    def empty(_: httpx.Request, __: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={"contacts": [], "meta": {"total": "0"}})

    async def main() -> None:
        ops = creates(CONTACTS, *addresses(12))
        portal.alter("GET", "/contacts", empty)
        outcomes = await portal.vendor.write(CONTACTS, Action.CREATE, ops)
        assert {one.state for one in outcomes} == {OpState.WRITTEN}
        assert portal.asked["POST contact/sync"] == len(ops)

    portal.run(main())


def test_ids_that_the_filter_ignores_are_looked_up_by_address(portal: Portal) -> None:
    """Without the filter by ids contacts are found all the same."""
    handle = portal.sandbox.handle

    def ignoring(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_remove_param("ids")
        again = httpx.Request(request.method, url, headers=request.headers, content=request.content)
        response: httpx.Response = handle(again)
        return response

    async def main() -> None:
        await there(portal, CONTACTS, [f"old{n}@example.com" for n in range(120)])
        portal.sandbox.handle = ignoring
        assert len(await there(portal, CONTACTS, addresses(30))) == 30

    portal.run(main())


def test_an_import_that_names_no_batch_is_unknown(portal: Portal) -> None:
    """Accepted, but nobody knows as what."""
    portal.alter("POST", "/import/bulk_import", lambda _, __: httpx.Response(200, json={}))
    with pytest.raises(OutcomeUnknown, match="names no batch"):
        portal.run(there(portal, CONTACTS, addresses(12)))


def test_large_contacts_are_split_by_size(portal: Portal) -> None:
    """No import is larger than what it may be."""
    sizes: list[int] = []

    def measure(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        sizes.append(len(request.content))
        return response

    async def main() -> None:
        ops = [
            replace(op, properties={**op.properties, "firstName": "\u00e4" * 20_000})
            for op in creates(CONTACTS, *addresses(25))
        ]
        portal.alter("POST", "/import/bulk_import", measure)
        outcomes = await portal.vendor.write(CONTACTS, Action.CREATE, ops)
        assert {one.state for one in outcomes} == {OpState.WRITTEN}
        assert len(sizes) > 1
        assert max(sizes) <= 400_000

    portal.run(main())


def test_a_company_that_is_there_is_the_one_wanted(portal: Portal) -> None:
    """Names are unique: the second create gives the first one's id; others are refused."""

    async def main() -> None:
        first = await there(portal, COMPANIES, ["Acme"])
        assert await there(portal, COMPANIES, ["Acme"]) == first
        (nameless,) = creates(COMPANIES, "")
        (outcome,) = await portal.vendor.write(COMPANIES, Action.CREATE, [nameless])
        assert outcome.state is OpState.REFUSED
        portal.alter("GET", "/accounts", lambda _, __: httpx.Response(200, json={"accounts": []}))
        (op,) = creates(COMPANIES, "Acme")
        (outcome,) = await portal.vendor.write(COMPANIES, Action.CREATE, [op])
        assert (outcome.state, outcome.code) == (OpState.REFUSED, "duplicate")

    portal.run(main())


@pytest.mark.parametrize(("type", "name"), [(CONTACTS, "phone"), (COMPANIES, "name")])
def test_changing_and_deleting(portal: Portal, type: ObjectType, name: str) -> None:
    """Contacts and companies are changed and deleted by id; deleting twice is harmless."""

    async def main() -> None:
        key = "ann@example.com" if type is CONTACTS else "acme"
        (id_,) = (await there(portal, type, [key])).values()
        change = Op(1, type, Action.UPDATE, key, id_, {name: "12345"})
        (outcome,) = await portal.vendor.write(type, Action.UPDATE, [change])
        assert outcome.state is OpState.WRITTEN
        (held,) = [held async for held in records(portal.vendor.pages(type))]
        assert held.properties[name] == "12345"
        for _ in range(2):
            (outcome,) = await portal.vendor.write(
                type, Action.DELETE, [replace(change, action=Action.DELETE)]
            )
            assert outcome.state is OpState.WRITTEN
        assert [held async for held in records(portal.vendor.pages(type))] == []
        (outcome,) = await portal.vendor.write(type, Action.UPDATE, [change])
        assert outcome.state is OpState.REFUSED

    portal.run(main())


@pytest.mark.parametrize("type", [CONTACTS, COMPANIES, DEALS, NOTES])
def test_a_delete_that_is_turned_down_is_refused(portal: Portal, type: ObjectType) -> None:
    """Only what is gone counts as deleted."""
    people = {"email": "a@example.com"}
    create = Op(1, CONTACTS, Action.CREATE, "a@example.com", None, people)
    portal.run(portal.vendor.write(CONTACTS, Action.CREATE, [create]))
    fault = Fault(FaultKind.STATUS, 409)
    vendor = portal.open(lambda request: fault if request.method == "DELETE" else None)
    op = Op(1, type, Action.DELETE, "k", "1", {})
    (outcome,) = portal.run(vendor.write(type, Action.DELETE, [op]))
    assert outcome.state is OpState.REFUSED


# -- what it costs ---------------------------------------------------------------------------------


def test_requests_are_foretold(portal: Portal) -> None:
    """By what the ops have in common; a hundred owners are one request."""

    def count(action: Action, number: int, *names: str, links: Sequence[ObjectType] = ()) -> int:
        shape = Shape(DEALS, action, frozenset(names), tuple(links))
        return portal.open(default_contact="7").requests({shape: number})[""]

    assert count(Action.CREATE, 10, "title") == 10
    assert count(Action.CREATE, 10, "title", links=[CONTACTS, COMPANIES]) == 10
    assert count(Action.CREATE, 10, "title", links=[CONTACTS, CONTACTS]) == 20
    assert count(Action.UPDATE, 1000, "owner") == 10
    assert count(Action.UPDATE, 1000, "title") == 1000
    assert count(Action.UPDATE, 1000, "tier") == 1000
    assert count(Action.UPDATE, 10, links=[COMPANIES]) == 20
    assert count(Action.DELETE, 10) == 10
    role = portal.open(role="Finance", default_contact="7")
    two = Shape(DEALS, Action.CREATE, frozenset({"title"}), (CONTACTS, CONTACTS))
    assert role.requests({two: 10})[""] == 30
    units = portal.open(zero_decimal="units")
    assert units.requests({Shape(DEALS, Action.UPDATE, frozenset({"value"})): 10})[""] == 20

    async def after_an_export() -> int:
        assert [held async for held in records(portal.vendor.pages(DEALS))] == []
        return portal.vendor.requests({Shape(DEALS, Action.UPDATE, frozenset({"tier"})): 1000})[""]

    assert portal.run(after_an_export()) == 10
