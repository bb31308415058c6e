"""Creating, repairing, updating and deleting deals, and linking them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.errors import OutcomeUnknown, Unauthorized, Unavailable
from migrator.model import Action, Link, OpState
from migrator.vendors.base import records
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import COMPANIES, CONTACTS, DEALS, Portal, by_key, update

if TYPE_CHECKING:
    from migrator.model import Account, Op
    from migrator.vendors.activecampaign.things import Deal


@pytest.fixture
def portal() -> Portal:
    """An empty account."""
    return Portal()


async def contact(portal: Portal, address: str) -> Link:
    """A link to a new contact."""
    found = await portal.vendor.calls.people.sync_contact({"email": address})
    return Link(CONTACTS, address, found.id)


async def company(portal: Portal, name: str) -> Link:
    """A link to a new company."""
    found = await portal.vendor.calls.people.create_company({"name": name})
    return Link(COMPANIES, name, found.id)


async def created(portal: Portal, account: Account, count: int, **values: str) -> list[Op]:
    """Ops of deals that are there, with their ids."""
    ops = [replace(portal.op(account, f"k{n}", **values), seq=n) for n in range(1, count + 1)]
    outcomes = by_key(await portal.vendor.write(DEALS, Action.CREATE, ops))
    return [replace(op, id=outcomes[op.key].id) for op in ops]


# -- creating --------------------------------------------------------------------------------------


def test_what_a_row_leaves_out_is_said_explicitly(portal: Portal) -> None:
    """Owner, currency, value, status and contact are sent, whatever the row names."""

    async def main() -> None:
        account = await portal.prepared()
        (op,) = await created(portal, account, 1)
        deal = await portal.vendor.calls.deals.get(str(op.id))
        assert (deal.owner, deal.currency, deal.cents, deal.status) == ("1", "usd", "0", "0")
        nobody = await portal.vendor.calls.people.contact_of_email("nobody@example.com")
        assert nobody is not None
        assert (deal.contact, deal.group, deal.stage) == (nobody.id, "1", "1")

    portal.run(main())


def test_a_deal_with_a_company_needs_no_contact(portal: Portal) -> None:
    """The default contact is for deals with neither contact nor company."""

    async def main() -> None:
        account = await portal.prepared()
        link = await company(portal, "Acme")
        (outcome,) = await portal.vendor.write(
            DEALS, Action.CREATE, [portal.op(account, "k", link)]
        )
        deal = await portal.vendor.calls.deals.get(str(outcome.id))
        assert (deal.contact, deal.account) == (None, link.id)

    portal.run(main())


def test_without_a_default_contact_such_a_row_is_refused_before_it_leaves(portal: Portal) -> None:
    """A create whose links were all skipped is refused by us, and nothing is sent."""

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k")
        vendor = portal.open(default_contact="")
        (outcome,) = await vendor.write(DEALS, Action.CREATE, [op])
        assert (outcome.state, outcome.code) == (OpState.REFUSED, "no_contact")
        assert portal.asked["POST deals"] == 0

    portal.run(main())


def test_a_default_contact_may_be_an_id(portal: Portal) -> None:
    """An id is taken as it is."""

    async def main() -> None:
        account = await portal.prepared()
        link = await contact(portal, "ann@example.com")
        vendor = portal.open(default_contact=str(link.id))
        (outcome,) = await vendor.write(DEALS, Action.CREATE, [portal.op(account, "k")])
        assert (await vendor.calls.deals.get(str(outcome.id))).contact == link.id

    portal.run(main())


@pytest.mark.parametrize("errors", ["bare", "attributes", "no_result"])
def test_a_refused_deal_is_an_outcome(errors: str) -> None:
    """Whatever shape the refusal has, the row is refused and the others are written."""
    portal = Portal(imitated={"deal_errors": errors})

    async def main() -> None:
        account = await portal.prepared()
        ops = [portal.op(account, key) for key in "abc"]
        ops[1] = replace(ops[1], properties={**ops[1].properties, "stage": "4711"})
        outcomes = by_key(await portal.vendor.write(DEALS, Action.CREATE, ops))
        states = {key: outcome.state for key, outcome in outcomes.items()}
        assert states == {"a": OpState.WRITTEN, "b": OpState.REFUSED, "c": OpState.WRITTEN}
        assert outcomes["b"].code
        assert outcomes["b"].message
        assert (await portal.held()).keys() == {"a", "c"}

    portal.run(main())


def test_a_value_that_cannot_be_written_is_refused_by_us(portal: Portal) -> None:
    """A field that is gone, and a value finer than cents, cost their row alone."""

    async def main() -> None:
        account = await portal.prepared()
        ops = [portal.op(account, key) for key in "abc"]
        ops[0] = replace(ops[0], properties={**ops[0].properties, "gone": "x"})
        ops[1] = replace(ops[1], properties={**ops[1].properties, "value": "1.505"})
        outcomes = by_key(await portal.vendor.write(DEALS, Action.CREATE, ops))
        assert outcomes["a"].code == "unknown_field"
        assert outcomes["b"].code == "too_precise"
        assert outcomes["c"].state is OpState.WRITTEN

    portal.run(main())


def unsaved(_: httpx.Request, response: httpx.Response) -> httpx.Response:
    """The answer to a deal whose custom fields failed."""
    body = response.json()
    body["deal"]["customFieldSaveStatus"] = {"status": "failed"}
    return httpx.Response(response.status_code, json=body)


def bare(portal: Portal, method: str, ending: str) -> None:
    """Let deals be written without their custom fields, and say so."""
    handle = portal.sandbox.handle

    def without(request: httpx.Request) -> httpx.Response:
        if request.method != method or not request.url.path.endswith(ending):
            answer: httpx.Response = handle(request)
            return answer
        body = json.loads(request.content)
        body["deal"].pop("fields", None)
        again = httpx.Request(method, request.url, headers={"Api-Token": "k"}, json=body)
        return unsaved(request, handle(again))

    portal.sandbox.handle = without


@pytest.mark.parametrize("status", ["failed", "error", "partial"])
def test_fields_that_failed_are_stored_by_an_update(status: str) -> None:
    """Whatever but success the status says: the deal is not created again, and has its fields."""
    portal = Portal(imitated={"failed_status": status})

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k", custom_tier="gold", custom_seats="12")
        bare(portal, "POST", "/deals")
        (outcome,) = await portal.open().write(DEALS, Action.CREATE, [op])
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "")
        assert (portal.asked["POST deals"], portal.asked["PUT deals/{id}"]) == (1, 1)
        held = await portal.held()
        assert (held["k"].properties["tier"], held["k"].properties["seats"]) == ("Gold", "12")

    portal.run(main())


def test_fields_that_an_update_does_not_store_are_stored_singly(portal: Portal) -> None:
    """Where even that fails, the fields are named, and the deal is written all the same."""

    async def main() -> None:
        account = await portal.prepared()
        ops = [portal.op(account, key, custom_tier="gold", custom_seats="12") for key in "ab"]
        bare(portal, "POST", "/deals")
        no = httpx.Response(422, json={"errors": [{"detail": "could not be saved"}]})
        portal.block("PUT", "/deals/1", no)
        bare(portal, "PUT", "/deals/2")
        first, second = await portal.open().write(DEALS, Action.CREATE, ops)
        assert (first.code, second.code) == ("", "")
        assert (await portal.held()).keys() == {"a", "b"}
        assert portal.asked["POST dealCustomFieldData"] == 6
        portal.block("PUT", "/deals/3", no)
        portal.block("POST", "/dealCustomFieldData", no)
        (third,) = await portal.open().write(
            DEALS, Action.CREATE, [portal.op(account, "c", custom_tier="gold")]
        )
        assert (third.state, third.id, third.code) == (OpState.WRITTEN, "3", "fields_refused")
        assert "tier" in third.message
        assert 'give deal 3 the value "c" in the field migrator_key by hand' in third.message
        assert portal.asked["POST deals"] == 3

    portal.run(main())


def test_fields_of_an_update_that_failed_are_stored_singly(portal: Portal) -> None:
    """Values that are there are replaced, the others created, and the outcome tells the rest."""

    async def main() -> None:
        account = await portal.prepared()
        (op,) = await created(portal, account, 1, custom_tier="gold")
        bare(portal, "PUT", "/deals/1")
        no = httpx.Response(422, json={"errors": [{"detail": "could not be saved"}]})
        change = update(op, op.id, title="New", tier="Silver", seats="5")
        (outcome,) = await portal.open().write(DEALS, Action.UPDATE, [change])
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "")
        held = (await portal.held())["k1"].properties
        assert (held["title"], held["tier"], held["seats"]) == ("New", "Silver", "5")
        portal.block("POST", "/dealCustomFieldData", no)
        change = update(op, op.id, title="Newer", source_note="x")
        (outcome,) = await portal.open().write(DEALS, Action.UPDATE, [change])
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")
        assert "source_note" in outcome.message
        assert "by hand" not in outcome.message

    portal.run(main())


def test_values_that_cannot_be_looked_at_are_named(portal: Portal) -> None:
    """The deal is there; whether its fields are cannot be told, so all of them are named."""

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k")
        bare(portal, "POST", "/deals")
        portal.alter("PUT", "/deals/1", unsaved)
        no = httpx.Response(400, text="{}")
        portal.alter("GET", "/dealCustomFieldData", lambda _, __: no)
        (outcome,) = await portal.open().write(DEALS, Action.CREATE, [op])
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "fields_refused")

    portal.run(main())


def test_a_repair_without_an_answer_is_unknown(portal: Portal) -> None:
    """The deal is there, its fields perhaps: recovering finds out."""

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k")
        bare(portal, "POST", "/deals")
        lost = Fault(FaultKind.LOST_BEFORE)
        vendor = portal.open(lambda request: lost if request.method == "PUT" else None)
        with pytest.raises(OutcomeUnknown):
            await vendor.write(DEALS, Action.CREATE, [op])

    portal.run(main())


def test_yen_as_they_are(portal: Portal) -> None:
    """With units asked for, an amount in yen is not multiplied, on create and on update."""

    async def main() -> None:
        account = await portal.prepared()
        vendor = portal.open(zero_decimal="units")
        op = portal.op(account, "k", amount="1000", currency="JPY")
        (outcome,) = await vendor.write(DEALS, Action.CREATE, [op])
        assert (await vendor.calls.deals.get(str(outcome.id))).cents == "1000"
        await vendor.write(DEALS, Action.UPDATE, [update(op, outcome.id, value="2000")])
        assert (await vendor.calls.deals.get(str(outcome.id))).cents == "2000"
        (held,) = [held async for held in records(vendor.pages(DEALS, ["value"]))]
        assert held.properties["value"] == "2000"

    portal.run(main())


def test_money_in_a_custom_field_without_a_currency(portal: Portal) -> None:
    """It is in the currency of the deal, or of the deal's pipeline."""

    async def main() -> None:
        content = {"fieldLabel": "Fee", "fieldType": "currency"}
        await portal.vendor.calls.fields.create_meta(content)
        account = await portal.prepared()
        (op,) = await created(portal, account, 1, custom_fee="12.50")
        (outcome,) = await portal.vendor.write(DEALS, Action.UPDATE, [update(op, op.id, fee="9")])
        assert outcome.state is OpState.WRITTEN
        data = await portal.vendor.calls.fields.data_of(str(op.id))
        assert ("900", "USD") in {(str(d.value), (d.currency or "").upper()) for d in data}
        assert (await portal.held())["k1"].properties["fee"] == "9"

    portal.run(main())


def test_a_status_that_is_no_number_is_refused_by_us(portal: Portal) -> None:
    """Before it leaves; the op was not made by ``encode``."""
    op = update(portal.op(portal.run(portal.prepared()), "k"), "1", status="won")
    (outcome,) = portal.run(portal.vendor.write(DEALS, Action.UPDATE, [op]))
    assert outcome.code == "invalid_number"


def test_a_status_of_fields_that_is_not_there_is_checked(portal: Portal) -> None:
    """When the answer does not say whether fields were saved, they are read, and repaired."""
    bodies: list[bytes] = []

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k", custom_tier="gold")
        handle = portal.sandbox.handle

        def without_status(request: httpx.Request) -> httpx.Response:
            response: httpx.Response = handle(request)
            if (request.method, request.url.path) == ("POST", "/api/3/deals"):
                body = response.json()
                del body["deal"]["customFieldSaveStatus"]
                bodies.append(request.content)
                return type(response)(response.status_code, json=body)
            return response

        portal.sandbox.handle = without_status
        (outcome,) = await portal.open().write(DEALS, Action.CREATE, [op])
        assert (outcome.state, outcome.code) == (OpState.WRITTEN, "")
        assert portal.asked["GET dealCustomFieldData"] == 1
        assert len(bodies) == 1
        assert portal.asked["PUT deals/{id}"] == 0

    portal.run(main())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(FaultKind.LOST_AFTER), OutcomeUnknown),
        (Fault(FaultKind.LOST_BEFORE), OutcomeUnknown),
        (Fault(FaultKind.STATUS, 500), OutcomeUnknown),
        (Fault(FaultKind.STATUS, 503), OutcomeUnknown),
        (Fault(FaultKind.STATUS, 403), Unauthorized),
        (Fault(FaultKind.STATUS, 402), Unauthorized),
        (Fault(FaultKind.STATUS, 429), Unavailable),
        (Fault(FaultKind.NO_CONNECTION), Unavailable),
    ],
)
def test_a_create_is_sent_once(portal: Portal, fault: Fault, error: type[Exception]) -> None:
    """Whatever happens on its way, no second deal comes of it; only certain refusals repeat."""

    async def main() -> None:
        account = await portal.prepared()
        op = portal.op(account, "k")

        def spoil(request: httpx.Request) -> Fault | None:
            return fault if (request.method, request.url.path[-6:]) == ("POST", "/deals") else None

        with pytest.raises(error):
            await portal.open(spoil).write(DEALS, Action.CREATE, [op])
        assert len(await portal.held()) == (fault.kind is FaultKind.LOST_AFTER)

    portal.run(main())


def test_an_answer_without_a_deal_is_unknown(portal: Portal) -> None:
    """A 201 with nothing readable in it is neither success nor refusal."""

    async def main() -> None:
        account = await portal.prepared()
        handle = portal.sandbox.handle

        def odd(request: httpx.Request) -> httpx.Response:
            response: httpx.Response = handle(request)
            return (
                type(response)(201, json={"deal": "ok"}) if request.method == "POST" else response
            )

        op = portal.op(account, "k")
        portal.sandbox.handle = odd
        with pytest.raises(OutcomeUnknown, match="no readable"):
            await portal.open(default_contact="1").write(DEALS, Action.CREATE, [op])

    portal.run(main())


def test_what_stops_a_batch_in_its_middle_leaves_the_rest_without_outcomes(portal: Portal) -> None:
    """What was written is told; of the rest nothing is known, so that it will be asked about."""

    async def main() -> None:
        account = await portal.prepared()
        ops = [portal.op(account, key) for key in "ab"]
        posts: list[str] = []

        def second(request: httpx.Request) -> Fault | None:
            if (request.method, request.url.path[-6:]) != ("POST", "/deals"):
                return None
            posts.append(request.method)
            return Fault(FaultKind.NO_CONNECTION) if len(posts) > 1 else None

        outcomes = await portal.open(second).write(DEALS, Action.CREATE, ops)
        assert by_key(outcomes).keys() == {"a"}
        assert (await portal.held()).keys() == {"a"}

    portal.run(main())


# -- updating --------------------------------------------------------------------------------------


def test_updates_of_owners_share_a_request(portal: Portal) -> None:
    """A hundred new owners are one request; one that is gone is refused, others are written."""

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 12)
        await portal.vendor.write(DEALS, Action.DELETE, [replace(ops[3], action=Action.DELETE)])
        changes = [update(op, op.id, owner="2") for op in ops]
        outcomes = by_key(await portal.vendor.write(DEALS, Action.UPDATE, changes))
        refused = {key for key, one in outcomes.items() if one.state is OpState.REFUSED}
        assert refused == {"k4"}
        assert len(outcomes) == 12
        assert portal.asked["PATCH deals/bulkUpdate"] == 1
        assert portal.asked["PUT deals/{id}"] == 0
        assert {held.properties["owner"] for held in (await portal.held()).values()} == {"2"}

    portal.run(main())


def test_an_unknown_owner_costs_one_row(portal: Portal) -> None:
    """The bulk request is turned down whole; then each deal is changed by itself."""

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 3)
        changes = [update(op, op.id, owner="2") for op in ops]
        changes[1] = update(ops[1], ops[1].id, owner="4711")
        outcomes = by_key(await portal.vendor.write(DEALS, Action.UPDATE, changes))
        assert [outcomes[key].state for key in ("k1", "k2", "k3")] == [
            OpState.WRITTEN,
            OpState.REFUSED,
            OpState.WRITTEN,
        ]
        owners = {key: held.properties["owner"] for key, held in (await portal.held()).items()}
        assert owners == {"k1": "2", "k2": "1", "k3": "2"}

    portal.run(main())


@pytest.mark.parametrize("unknown", ["refuse", "skip"])
@pytest.mark.parametrize("existing", ["overwrite", "second_row", "error"])
def test_updates_of_custom_values_share_requests(unknown: str, existing: str) -> None:
    """After an export values of many deals change in two requests: old ones, and blank fields."""
    portal = Portal(imitated={"bulk_unknown": unknown, "existing_datum": existing})

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 30, custom_tier="gold")
        assert len([held async for held in records(portal.vendor.pages(DEALS, ["tier"]))]) == 30
        before = portal.asked.total()
        changes = [update(op, op.id, tier="Silver", seats=str(op.seq)) for op in ops]
        outcomes = await portal.vendor.write(DEALS, Action.UPDATE, changes)
        assert {one.state for one in outcomes} == {OpState.WRITTEN}
        assert portal.asked.total() - before == 2
        held = await portal.held()
        assert {held[op.key].properties["tier"] for op in ops} == {"Silver"}
        assert [held[op.key].properties["seats"] for op in ops] == [str(op.seq) for op in ops]
        # Again, with values created a moment ago whose ids nobody told us.
        again = [update(op, op.id, seats="99") for op in ops]
        await portal.vendor.write(DEALS, Action.UPDATE, again)
        held = await portal.held()
        assert {held[op.key].properties["seats"] for op in ops} == {"99"}

    portal.run(main())


def test_ids_of_values_are_listed_when_that_pays(portal: Portal) -> None:
    """Without an export, the list of values is read once it costs less than single updates."""

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 30)
        vendor = portal.open()
        few = [update(op, op.id, tier="Gold") for op in ops[:3]]
        await vendor.write(DEALS, Action.UPDATE, few)
        assert portal.asked["PUT deals/{id}"] == 3
        many = [update(op, op.id, tier="Silver") for op in ops]
        await vendor.write(DEALS, Action.UPDATE, many)
        assert portal.asked["PUT deals/{id}"] == 3
        assert portal.asked["POST dealCustomFieldData/bulkCreate"] == 1
        assert {held.properties["tier"] for held in (await portal.held()).values()} == {"Silver"}

    portal.run(main())


def test_ids_of_values_are_not_listed_when_that_costs_more(portal: Portal) -> None:
    """A list of more pages than there are deals to change is left alone, until it has paid off."""

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 12, custom_source_note="x")
        vendor = portal.open()
        handle = portal.sandbox.handle

        def long_list(request: httpx.Request) -> httpx.Response:
            response: httpx.Response = handle(request)
            if request.method == "GET" and request.url.path.endswith("/dealCustomFieldData"):
                body = response.json()
                body["meta"] = {"total": 1500}
                return type(response)(200, json=body)
            return response

        portal.sandbox.handle = long_list
        changes = [update(op, op.id, source_note="y") for op in ops]
        outcomes = await vendor.write(DEALS, Action.UPDATE, changes)
        assert {one.state for one in outcomes} == {OpState.WRITTEN}
        assert portal.asked["PUT deals/{id}"] == 12
        assert portal.asked["GET dealCustomFieldData"] == 1

    portal.run(main())


def test_a_value_that_is_gone_costs_nothing_but_requests(portal: Portal) -> None:
    """When a bulk request is turned down, each deal is changed by itself."""

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 12, custom_tier="gold")
        assert len([held async for held in records(portal.vendor.pages(DEALS))]) == 12
        await portal.open().write(DEALS, Action.DELETE, [replace(ops[5], action=Action.DELETE)])
        changes = [update(op, op.id, tier="Silver") for op in ops]
        outcomes = by_key(await portal.vendor.write(DEALS, Action.UPDATE, changes))
        refused = {key for key, one in outcomes.items() if one.state is OpState.REFUSED}
        assert refused == {"k6"}
        assert {held.properties["tier"] for held in (await portal.held()).values()} == {"Silver"}

    portal.run(main())


def test_a_bulk_create_without_an_answer_doubles_no_value() -> None:
    """The values are looked at anew before anything is sent again."""
    portal = Portal(imitated={"existing_datum": "second_row"})

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 15)
        faults = [Fault(FaultKind.LOST_AFTER)]

        def lost(request: httpx.Request) -> Fault | None:
            bulk = request.url.path.endswith("/bulkCreate")
            return faults.pop() if bulk and faults else None

        vendor = portal.open(lost)
        changes = [update(op, op.id, tier="Silver") for op in ops]
        with pytest.raises(OutcomeUnknown):
            await vendor.write(DEALS, Action.UPDATE, changes)
        outcomes = await vendor.write(DEALS, Action.UPDATE, changes)
        assert {one.state for one in outcomes} == {OpState.WRITTEN}
        tier = (await vendor.tenant.fields()).meta("tier")
        assert tier is not None
        for op in ops:
            data = await vendor.calls.fields.data_of(str(op.id))
            assert [one.value for one in data if one.field == tier.id] == ["Silver"]

    portal.run(main())


def test_everything_else_is_one_request_per_deal(portal: Portal) -> None:
    """Title, value, stage, status and custom values of a deal go together."""

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 2)
        changes = [
            update(op, op.id, title="New", value="5", status="1", stage="2", tier="Gold")
            for op in ops
        ]
        for _ in range(2):
            outcomes = await portal.vendor.write(DEALS, Action.UPDATE, changes)
            assert {one.state for one in outcomes} == {OpState.WRITTEN}
        assert portal.asked["PUT deals/{id}"] == 4
        for held in (await portal.held()).values():
            named = {name: held.properties[name] for name in changes[0].properties}
            assert named == dict(changes[0].properties)
        nothing = update(ops[0], ops[0].id)
        (outcome,) = await portal.vendor.write(DEALS, Action.UPDATE, [nothing])
        assert outcome.id == ops[0].id

    portal.run(main())


def test_a_field_that_is_gone_costs_one_update(portal: Portal) -> None:
    """A custom value without a field is refused by us; the others of the batch are written."""

    async def main() -> None:
        account = await portal.prepared()
        ops = await created(portal, account, 2)
        changes = [update(ops[0], ops[0].id, gone="x"), update(ops[1], ops[1].id, tier="Gold")]
        outcomes = by_key(await portal.vendor.write(DEALS, Action.UPDATE, changes))
        assert outcomes["k1"].code == "unknown_field"
        assert outcomes["k2"].state is OpState.WRITTEN

    portal.run(main())


def test_deleting_twice_is_harmless(portal: Portal) -> None:
    """A deal that is gone already counts as deleted."""

    async def main() -> None:
        account = await portal.prepared()
        ops = [replace(op, action=Action.DELETE) for op in await created(portal, account, 1)]
        for _ in range(2):
            (outcome,) = await portal.vendor.write(DEALS, Action.DELETE, ops)
            assert outcome.state is OpState.WRITTEN
        assert await portal.held() == {}

    portal.run(main())


# -- linking ---------------------------------------------------------------------------------------


async def on_deal(portal: Portal, id: str | None) -> tuple[Deal, set[str]]:
    """A deal and the ids of all its contacts."""
    deal = await portal.vendor.calls.deals.get(str(id))
    linked = await portal.vendor.linked(DEALS, [deal.id], CONTACTS)
    return deal, set(linked[deal.id])


@pytest.mark.parametrize("role", ["", "Finance"])
def test_links_of_a_create(role: str) -> None:
    """First contact and company go along; other contacts follow, with a role on request."""
    portal = Portal(options={"role": role})

    async def main() -> None:
        vendor = portal.open(role="")
        if role:
            await vendor.calls.deals.create_role(role)
        account = await portal.prepared()
        people = [await contact(portal, f"p{n}@example.com") for n in range(3)]
        firms = [await company(portal, name) for name in ("Acme", "Bolt")]
        op = portal.op(account, "k", *people, firms[0])
        (outcome,) = await portal.vendor.write(DEALS, Action.CREATE, [op])
        written = replace(op, id=outcome.id)
        for _ in range(2):
            (linked,) = await portal.vendor.link([written])
            assert linked.state is OpState.WRITTEN
        deal, contacts = await on_deal(portal, outcome.id)
        assert contacts == {link.id for link in people}
        assert (deal.contact, deal.account) == (people[0].id, firms[0].id)
        secondary = await vendor.calls.deals.secondary_of_contact(str(people[1].id))
        assert bool(secondary[0].role) == bool(role)
        (refused,) = await portal.vendor.link([replace(written, links=(*op.links, firms[1]))])
        assert (refused.state, refused.code) == (OpState.REFUSED, "link_refused")
        assert "Bolt" in refused.message

    portal.run(main())


def test_a_create_with_one_contact_and_one_company_needs_no_linking(portal: Portal) -> None:
    """What went along with the deal is not asked for again."""

    async def main() -> None:
        account = await portal.prepared()
        links = (await contact(portal, "a@example.com"), await company(portal, "Acme"))
        op = replace(portal.op(account, "k", *links), id="1")
        before = portal.asked.total()
        (outcome,) = await portal.vendor.link([op])
        assert outcome.state is OpState.WRITTEN
        assert portal.asked.total() == before

    portal.run(main())


def test_links_of_an_update(portal: Portal) -> None:
    """Empty places of the deal are filled; its own contact and company are never replaced."""

    async def main() -> None:
        account = await portal.prepared()
        ann, bob = [await contact(portal, f"{name}@example.com") for name in ("ann", "bob")]
        acme, bolt = [await company(portal, name) for name in ("Acme", "Bolt")]
        vendor = portal.vendor
        ops = [portal.op(account, "a", ann), portal.op(account, "b", acme)]
        ids = {one.key: one.id for one in await vendor.write(DEALS, Action.CREATE, ops)}
        changes = [
            replace(update(op, ids[op.key]), links=links)
            for op, links in zip(ops, [(bob, acme), (ann, bob)], strict=True)
        ]
        for _ in range(2):
            assert {one.state for one in await vendor.link(changes)} == {OpState.WRITTEN}
        for key in "ab":
            deal, contacts = await on_deal(portal, ids[key])
            assert contacts == {ann.id, bob.id}
            assert (deal.contact, deal.account) == (ann.id, acme.id)
        (refused,) = await vendor.link([replace(changes[0], links=(bolt,))])
        assert refused.state is OpState.REFUSED
        nowhere = replace(changes[0], links=(Link(CONTACTS, "ghost@example.com", "4711"),))
        (refused,) = await vendor.link([nowhere])
        assert "ghost@example.com" in refused.message
        gone = replace(changes[1], id="4711")
        (refused,) = await vendor.link([gone])
        assert refused.state is OpState.REFUSED
        linked = await vendor.linked(DEALS, [str(id_) for id_ in ids.values()], COMPANIES)
        assert set(linked.values()) == {frozenset({acme.id})}

    portal.run(main())


def test_a_place_that_cannot_be_filled_is_named(portal: Portal) -> None:
    """A company that does not exist is refused by name."""

    async def main() -> None:
        account = await portal.prepared()
        (op,) = await created(portal, account, 1)
        ghost = Link(COMPANIES, "Ghost Ltd", "4711")
        (outcome,) = await portal.vendor.link([replace(update(op, op.id), links=(ghost,))])
        assert outcome.state is OpState.REFUSED
        assert "Ghost Ltd" in outcome.message

    portal.run(main())
