"""ActiveCampaign's own ways of parting, deleting, and of telling what changed."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from migrator.errors import InputError, OutcomeUnknown
from migrator.model import KEY_FIELD, Action, Op, OpState, Sent, Shape
from migrator.wire import Effect, Fault, FaultKind
from tests.activecampaign.portal import (
    COMPANIES,
    CONTACTS,
    DEALS,
    NOTES,
    Portal,
    by_key,
    created,
    parents,
    written,
)
from tests.activecampaign.sandbox import Rehearsal

# -- parting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["null", "blank", "nothing"])
def test_a_company_is_taken_away_as_the_account_lets(by: str) -> None:
    """Null and blank text are tried; where neither helps it is refused with a way out."""
    portal = Portal(imitated={"parent_taken_by": by})

    async def main() -> None:
        account = await portal.prepared()
        links = await parents(portal, CONTACTS, "a@example.com")
        links += await parents(portal, COMPANIES, "acme")
        op = await created(portal, portal.op(account, "d", *links))
        (outcome,) = await portal.vendor.unlink([replace(op, links=tuple(links[1:]))])
        linked = await portal.vendor.linked(DEALS, [str(op.id)], COMPANIES)
        if by == "nothing":
            assert outcome.state is OpState.REFUSED
            assert 'company "acme": ActiveCampaign keeps it' in outcome.message
        else:
            assert outcome.state is OpState.WRITTEN
        assert bool(linked[str(op.id)]) == (by == "nothing")

    portal.run(main())


def test_the_last_parent_stays(portal: Portal) -> None:
    """A deal must have a contact or a company: of two that are taken away the contact stays."""

    async def main() -> None:
        account = await portal.prepared()
        links = await parents(portal, CONTACTS, "a@example.com", "b@example.com")
        links += await parents(portal, COMPANIES, "acme")
        op = await created(portal, portal.op(account, "d", *links))
        (outcome,) = await portal.vendor.unlink([replace(op, links=tuple(links))])
        assert outcome.state is OpState.REFUSED
        assert 'contact "a@example.com": a deal must have' in outcome.message
        assert "acme" not in outcome.message
        held = (await portal.held())["d"]
        assert held.links == {CONTACTS: (str(links[0].id),), COMPANIES: ()}

    portal.run(main())


@pytest.fixture
def portal() -> Portal:
    """An account."""
    return Portal()


def test_who_took_it_away_does_not_matter(portal: Portal) -> None:
    """An association, a contact or a deal that is gone by now is no link any more."""

    async def main() -> None:
        account = await portal.prepared()
        links = await parents(portal, CONTACTS, "a@example.com", "b@example.com", "c@example.com")
        op = await created(portal, portal.op(account, "d", *links))
        (association,) = await portal.vendor.calls.deals.secondary_of_contact(str(links[1].id))
        vendor = portal.open()
        portal.block("DELETE", f"contactDeals/{association.id}", httpx.Response(404, json={}))
        await portal.vendor.calls.people.delete_contact(str(links[2].id))
        parting = replace(op, links=tuple(links[1:]))
        assert (await vendor.unlink([parting]))[0].state is OpState.WRITTEN
        await portal.vendor.calls.deals.delete(str(op.id))
        assert (await vendor.unlink([replace(op, links=tuple(links))]))[0].state is OpState.WRITTEN
        nothing = [replace(op, links=()), replace(op, key="c", type=CONTACTS, links=())]
        assert [o.state for o in await vendor.unlink(nothing)] == [OpState.WRITTEN] * 2

    portal.run(main())


def test_what_is_turned_down_is_told(portal: Portal) -> None:
    """An association that stays, a list that is closed, and links of what has none."""

    async def main() -> None:
        account = await portal.prepared()
        links = await parents(portal, CONTACTS, "a@example.com", "b@example.com")
        op = await created(portal, portal.op(account, "d", *links))
        no = httpx.Response(422, json={"errors": [{"title": "not now"}]})
        firm = replace(op, type=COMPANIES)
        (outcome,) = await portal.vendor.unlink([firm])
        assert "have no links" in outcome.message
        portal.block("DELETE", "contactDeals/1", no)
        (outcome,) = await portal.vendor.unlink([replace(op, links=tuple(links[1:]))])
        assert outcome.message.endswith('contact "b@example.com": not now')
        portal.block("GET", f"contacts/{links[1].id}/contactDeals", no)
        (outcome,) = await portal.vendor.unlink([replace(op, links=tuple(links[1:]))])
        assert outcome.state is OpState.REFUSED
        portal.block("GET", f"deals/{op.id}", no)
        with pytest.raises(InputError, match="not now"):
            await portal.vendor.unlink([replace(op, links=tuple(links[:1]))])

    portal.run(main())


# -- from both ends --------------------------------------------------------------------------------


def test_a_long_list_of_a_contact_is_not_trusted(portal: Portal) -> None:
    """A list as long as a default page may go on: then all deals are read."""

    async def main() -> None:
        account = await portal.prepared()
        (link,) = await parents(portal, CONTACTS, "a@example.com")
        ids = set()
        for n in range(23):
            outcome = await written(portal, portal.op(account, f"d{n}", link))
            ids.add(outcome.id)

        def short(_: httpx.Request, response: httpx.Response) -> httpx.Response:
            return httpx.Response(200, json={"deals": response.json()["deals"][:20]})

        portal.alter("GET", f"contacts/{link.id}/deals", short)
        linked = await portal.open().linked(CONTACTS, [str(link.id), "404"], DEALS)
        assert linked == {str(link.id): ids, "404": frozenset()}

    portal.run(main())


def test_a_contact_that_is_gone_has_no_deals(portal: Portal) -> None:
    """Nothing is linked to nobody; a list that is closed to us is no empty list."""

    async def main() -> None:
        await portal.prepared()
        assert await portal.vendor.linked(CONTACTS, ["404"], DEALS) == {"404": frozenset()}
        assert await portal.vendor.linked(CONTACTS, ["1"], COMPANIES) == {"1": frozenset()}
        with pytest.raises(InputError):
            await portal.vendor.linked(DEALS, ["1"], NOTES)
        no = httpx.Response(422, json={"errors": [{"title": "not now"}]})
        portal.block("GET", "contacts/7/deals", no)
        with pytest.raises(InputError, match="not now"):
            await portal.vendor.linked(CONTACTS, ["7"], DEALS)

    portal.run(main())


# -- when it was changed ---------------------------------------------------------------------------


@pytest.mark.parametrize("touches", [False, True])
@pytest.mark.parametrize("reading", ["list", "include"])
def test_a_custom_value_tells_when_it_was_changed(touches: bool, reading: str) -> None:
    """Though a deal's own date may not move with its custom values, their own dates do.

    That a value was taken away shows only where the deal's date moves with it.
    """
    portal = Portal({"custom_fields": reading}, {"fields_touch_mdate": touches, "time_zone": "UTC"})

    async def main() -> None:
        account = await portal.prepared()
        op = await created(portal, portal.op(account, "d", custom_source_note="x"))
        calls = portal.vendor.calls.fields
        fields = await portal.vendor.tenant.fields()
        (datum,) = [
            one
            for one in await calls.data_of(str(op.id))
            if fields.name(one.field) == "source_note"
        ]
        before = (await portal.held())["d"].updated_at
        portal.clock.seconds += 60
        await calls._http.send(
            "PUT",
            f"dealCustomFieldData/{datum.id}",
            {"dealCustomFieldDatum": {"fieldValue": "by hand"}},
            effect=Effect.ONCE,
        )
        after = (await portal.held())["d"].updated_at
        assert before is not None
        assert after is not None
        assert 60 <= (after - before).total_seconds() <= 62
        found = (await portal.vendor.find(DEALS, ["d"]))["d"]
        assert found.updated_at == after
        portal.clock.seconds += 60
        await calls.delete_datum(datum.id)
        at_last = (await portal.held())["d"].updated_at
        assert at_last is not None
        assert (at_last > after) == touches

    portal.run(main())


# -- deleting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("go", ["deals_stay", "deals_go"])
def test_a_contact_with_deals_stays(go: str) -> None:
    """Its deals might go with it: it is refused, and named are they; without them it goes."""
    portal = Portal(imitated={"contact_deleted": go})

    async def main() -> None:
        account = await portal.prepared()
        (ann,) = await parents(portal, CONTACTS, "a@example.com")
        op = await created(portal, portal.op(account, "d", ann))
        delete = Op(1, CONTACTS, Action.DELETE, ann.key, ann.id, {})
        outcome = await written(portal, delete)
        assert (outcome.state, outcome.code) == (OpState.REFUSED, "has_deals")
        assert f"ids {op.id}" in outcome.message
        await portal.vendor.calls.deals.delete(str(op.id))
        assert (await written(portal, delete)).state is OpState.WRITTEN

    portal.run(main())


@pytest.mark.parametrize("go", [False, True])
def test_both_readings_of_a_deleted_contact(go: bool) -> None:
    """The sandbox leaves its deals as they are, or takes them along."""
    desk = Rehearsal(contact_deleted="deals_go" if go else "deals_stay")
    contact = desk.contact("a@example.com")
    deal = desk.deal(contact=contact)
    desk.call("DELETE", f"contacts/{contact}")
    assert desk.call("GET", f"deals/{deal}", expect=None).status_code == (404 if go else 200)


@pytest.mark.parametrize("by", ["null", "blank", "nothing"])
def test_both_readings_of_a_blank_parent(by: str) -> None:
    """The sandbox takes a parent away by null, by blank text, or never; the last one stays."""
    desk = Rehearsal(parent_taken_by=by)
    account = desk.call("POST", "accounts", {"account": {"name": "Acme"}}, 201)["account"]["id"]
    deal = desk.deal(contact=desk.contact(), account=account)
    for value in (None, ""):
        helps = by == ("null" if value is None else "blank")
        desk.call("PUT", f"deals/{deal}", {"deal": {"account": value}})
        held = desk.call("GET", f"deals/{deal}")["deal"]["account"]
        assert (held is None) == helps
        if helps:
            both = {"deal": {"contact": value, "account": value}}
            assert desk.call("PUT", f"deals/{deal}", both, None).status_code == 400
        desk.call("PUT", f"deals/{deal}", {"deal": {"account": account}})
    assert desk.call("PUT", f"deals/{deal}", {"deal": {"title": ""}}, None).status_code == 400


# -- without a key ---------------------------------------------------------------------------------


def test_with_the_key_and_without_at_once(portal: Portal) -> None:
    """Those with a key are found by it; a title that is there may be the other's or not."""

    async def main() -> None:
        account = await portal.prepared()
        keyed, twin, nowhere = (portal.op(account, key) for key in ("k", "t", "n"))
        twin, nowhere = (
            replace(op, properties={n: v for n, v in op.properties.items() if n != KEY_FIELD})
            for op in (twin, nowhere)
        )
        await written(portal, twin)
        sent = []
        for op, kind in (
            (keyed, FaultKind.LOST_AFTER),
            (twin, FaultKind.LOST_AFTER),
            (nowhere, FaultKind.LOST_BEFORE),
        ):
            sent.append(Sent(op, portal.clock.now()))
            posts = Fault(kind)
            faulty = portal.open(lambda r, f=posts: f if r.method == "POST" else None)  # type: ignore[misc]
            with pytest.raises(OutcomeUnknown):
                await faulty.write(DEALS, Action.CREATE, [op])
        found = by_key(await portal.open().recover(DEALS, sent))
        assert found.keys() == {"k", "t"}
        assert found["k"].state is OpState.WRITTEN
        assert (found["t"].state, found["t"].code) == (OpState.SENT, "unknown")
        assert "2 of that name are there now (ids 1, 3)" in found["t"].message

    portal.run(main())


def test_what_the_way_back_takes(portal: Portal) -> None:
    """Clearing, parting and deleting, by what the ops have in common."""

    def count(shape: Shape) -> int:
        return portal.vendor.requests({shape: 10})[""]

    note, both = frozenset({"source_note"}), frozenset({"source_note", "title"})
    assert count(Shape(DEALS, Action.UPDATE, note, clears=note)) == 20
    assert count(Shape(DEALS, Action.UPDATE, both, clears=note)) == 30
    words = frozenset({"description"})
    assert count(Shape(DEALS, Action.UPDATE, words, clears=words)) == 10
    assert count(Shape(DEALS, Action.UNLINK, links=(CONTACTS, COMPANIES))) == 52
    assert count(Shape(DEALS, Action.DELETE)) == 10
    assert count(Shape(CONTACTS, Action.DELETE)) == 20
    assert count(Shape(COMPANIES, Action.DELETE)) == 10
