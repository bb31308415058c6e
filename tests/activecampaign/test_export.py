"""The way out of ActiveCampaign: pages, hidden deals, records by id, canonical values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Action, DealStatus, FieldInfo, Held, Link, Pipeline, Place, Record, Stage
from migrator.vendors.activecampaign.authorship import with_author, without_author
from migrator.vendors.base import Reading
from tests.activecampaign.portal import COMPANIES, CONTACTS, DEALS, NOTES, TASKS, Portal, parents
from tests.activecampaign.test_encode import ACCOUNT
from tests.activecampaign.test_read import filled

if TYPE_CHECKING:
    from migrator.model import ObjectType, Page

ALL = (DEALS, CONTACTS, COMPANIES, NOTES, TASKS)


async def pages(portal: Portal, type: ObjectType, **more: Any) -> list[Page]:
    """All pages of a type, with everything that is exported."""
    account = await portal.vendor.describe(ALL)
    names = portal.vendor.exported(type, account)
    return [page async for page in portal.vendor.pages(type, names, Reading(**more))]


def records(found: list[Page]) -> dict[str, Held]:
    """Their records by id, each of which came once."""
    rows = [held for page in found for held in page.records]
    by_id = {held.id: held for held in rows}
    assert len(by_id) == len(rows)
    return by_id


@pytest.mark.parametrize(
    ("custom_fields", "expected"),
    [
        ("list", {"GET deals": 11, "GET dealCustomFieldData": 21, "GET contactDeals": 1}),
        ("include", {"GET deals": 11, "GET contactDeals": 1}),
    ],
)
def test_what_an_export_costs(custom_fields: str, expected: dict[str, int]) -> None:
    """Of a thousand deals with two custom values each: a request for each ninety-nine rows."""
    portal = Portal(options={"custom_fields": custom_fields})

    async def main() -> None:
        await filled(portal, 1000)
        await portal.clock.sleep(60)
        await portal.vendor.describe(ALL)
        portal.asked.clear()
        names = ["title", "seats"]
        found = [page async for page in portal.vendor.pages(DEALS, names)]
        assert len(records(found)) == 1000
        assert portal.asked == expected

    portal.run(main())


@pytest.mark.parametrize("ordered", [True, False])
def test_deals_that_come_meanwhile_come_whole(ordered: bool) -> None:
    """A deal that others create after all values were read comes with its values and contacts."""
    portal = Portal(imitated={"order_by_id": ordered, "data_ordered": ordered})

    async def main() -> None:
        account, _ = await filled(portal, 230)
        (person,) = await parents(portal, CONTACTS, "second@example.com")
        stranger = portal.open()
        await stranger.describe(ALL)
        await portal.clock.sleep(60)
        late = [portal.op(account, f"late-{n}", custom_seats=str(n)) for n in range(3)]
        found: list[Page] = []
        await portal.vendor.describe(ALL)
        async for page in portal.vendor.pages(DEALS, ["seats"]):
            if not found:
                outcomes = await stranger.write(DEALS, Action.CREATE, late)
                ids = {one.key: one.id for one in outcomes}
                there = replace(late[0], id=ids["late-0"], action=Action.UPDATE, links=(person,))
                await stranger.link([there])
            found.append(page)
        by_key = {one.key: one for one in records(found).values()}
        assert [by_key[op.key].properties["seats"] for op in late] == ["0", "1", "2"]
        assert person.id in by_key[late[0].key].links[CONTACTS]

    portal.run(main())


@pytest.mark.parametrize("ordered", [True, False])
def test_hidden_deals_are_told_once(ordered: bool) -> None:
    """By however many processes an export is read, they are part of what the account counts."""
    portal = Portal(imitated={"stubs": 7, "order_by_id": ordered})

    async def main() -> None:
        await filled(portal, 230)
        total = await portal.vendor.count(DEALS)
        seen: set[str] = set()
        place, hidden = "", 0
        while True:
            page = await anext(portal.open().pages(DEALS, reading=Reading(set(seen), place)), None)
            if page is None:
                break
            place, hidden = page.place, hidden + page.hidden
            seen |= {held.id for held in page.records}
        assert (len(seen), hidden) == (230, 7)
        assert total == 237

    portal.run(main())


def test_people_come_with_their_companies() -> None:
    """Over several pages, and companies with their people; an address may be missing."""
    portal = Portal()

    async def main() -> None:
        people = [
            (await portal.vendor.calls.people.sync_contact({"email": f"P{n}@x.org"})).id
            for n in range(130)
        ]
        (acme,) = await parents(portal, COMPANIES, "Acme")
        api = {"Api-Token": "secret"}
        for id_ in (people[0], people[-1]):
            body = {"accountContact": {"contact": id_, "account": acme.id}}
            url = f"{portal.base_url}/api/3/accountContacts"
            portal.sandbox.handle(httpx.Request("POST", url, headers=api, json=body))
        found = records(await pages(portal, CONTACTS))
        assert found.keys() == set(people)
        assert found[people[0]].links == {COMPANIES: (acme.id,)}
        assert found[people[1]].links == {COMPANIES: ()}
        (firm,) = records(await pages(portal, COMPANIES)).values()
        assert set(firm.links[CONTACTS]) == {people[0], people[-1]}
        assert (await portal.vendor.count(CONTACTS), await portal.vendor.count(COMPANIES)) == (
            130,
            1,
        )

        def nameless(_: httpx.Request, response: httpx.Response) -> httpx.Response:
            body = response.json()
            body["contacts"][0]["email"] = ""
            return httpx.Response(200, json=body)

        portal.alter("GET", "/contacts", nameless)
        found = records(await pages(portal, CONTACTS, seen=set(people[2:])))
        assert found[people[0]].key is None
        assert found[people[0]].properties["email"] is None
        assert found.keys() == set(people[:2])

    portal.run(main())


def test_contacts_go_on_behind_the_last_one() -> None:
    """The pages before are not read again."""
    portal = Portal()

    async def main() -> None:
        for n in range(130):
            await portal.vendor.calls.people.sync_contact({"email": f"P{n}@x.org"})
        first, *_ = await pages(portal, CONTACTS)
        portal.asked.clear()
        seen = {held.id for held in first.records}
        rest = await pages(portal, CONTACTS, seen=seen, place=first.place)
        assert len(records(rest)) == 30
        assert portal.asked["GET contacts"] == 1

    portal.run(main())


@pytest.mark.parametrize("count", [3, 40])
@pytest.mark.parametrize("type", ALL)
def test_records_by_id(type: ObjectType, count: int) -> None:
    """Of every type, few or many, those that are gone left out, as an export has them."""
    portal = Portal(imitated={"stubs": 1})

    async def main() -> None:
        await with_all(portal, 45)
        account = await portal.vendor.describe(ALL)
        names = portal.vendor.exported(type, account)
        everything = records(await pages(portal, type))
        assert len(everything) >= 45
        wanted = list(everything)[:count]
        found = await portal.vendor.read(type, [*wanted, "4711", "1" * 9], names)
        assert found.keys() == set(wanted)
        for id_, one in found.items():
            assert one.properties == everything[id_].properties
            assert (one.key, one.updated_at) == (everything[id_].key, everything[id_].updated_at)
        assert (await portal.vendor.read(type, wanted[:1]))[wanted[0]].properties

    portal.run(main())


async def with_all(portal: Portal, count: int) -> None:
    """So many deals, contacts, companies, notes and tasks."""
    _, ops = await filled(portal, count)
    calls = portal.vendor.calls
    for n, op in enumerate(ops):
        on = (DEALS, str(op.id))
        await calls.people.sync_contact({"email": f"p{n}@x.org", "firstName": "Ann"})
        await calls.people.create_company({"name": f"Acme {n}"})
        await calls.tasks.create_note(on, f"Note {n}")
        due = {"duedate": "2026-04-01T12:00:00+00:00", "dealTasktype": "1"}
        await calls.tasks.create(on, {**due, "title": f"Task {n}"})


def test_many_by_id_are_read_from_their_lists() -> None:
    """Where that is fewer requests than one by one; the list is read as far as it has to be."""
    portal = Portal()

    async def main() -> None:
        _, ops = await filled(portal, 350)
        ids = [str(op.id) for op in ops]
        await portal.vendor.describe([DEALS])
        portal.asked.clear()
        assert len(await portal.vendor.read(DEALS, ids[:90], ["title"])) == 90
        assert portal.asked["GET deals/{id}"] == 0
        assert portal.asked.total() <= 12
        portal.asked.clear()
        await portal.vendor.read(DEALS, ids[:2], ["title"])
        assert portal.asked.total() == 4

    portal.run(main())


def test_contacts_by_id_where_the_filter_is_ignored() -> None:
    """Others come instead: those that do not are asked for by themselves."""
    portal = Portal()

    async def main() -> None:
        calls = portal.vendor.calls.people
        made = [await calls.sync_contact({"email": f"p{n}@x.org"}) for n in range(3)]
        row = {"id": made[0].id, "email": "p0@x.org"}
        ignoring = httpx.Response(200, json={"contacts": [row], "meta": {"total": "3"}})
        portal.alter("GET", "/contacts", lambda _, __: ignoring)
        found = await portal.vendor.read(CONTACTS, [made[1].id, made[2].id, "4711"], ["email"])
        assert {id_: one.properties["email"] for id_, one in found.items()} == {
            made[1].id: "p1@x.org",
            made[2].id: "p2@x.org",
        }

    portal.run(main())


def test_changes_of_custom_values_count_as_changes() -> None:
    """Whether they change the deal's own date is not documented; theirs tells."""
    portal = Portal()

    async def main() -> None:
        _, ops = await filled(portal, 2)
        await portal.clock.sleep(3600)
        since = portal.clock.now() - timedelta(seconds=1)  # dates are in whole seconds
        change = replace(ops[0], action=Action.UPDATE, properties={"seats": "99"})
        await portal.vendor.write(DEALS, Action.UPDATE, [change])
        found = records(await pages(portal, DEALS, since=since))
        changed = {id_ for id_, one in found.items() if one.updated_at and one.updated_at >= since}
        assert changed == {ops[0].id}

    portal.run(main())


# -- canonical values ------------------------------------------------------------------------------


def decoded(type: ObjectType, **properties: str | None) -> dict[str, str]:
    """The canonical values of a record in the account of the tests of encode."""
    return Portal().vendor.decode(Held(type, "1", "k", properties), ACCOUNT)


def test_ids_that_the_account_does_not_know() -> None:
    """They are their own labels: a pipeline, a stage or a user may be gone."""
    assert decoded(DEALS, group="77", stage="88", owner="99") == {
        "pipeline": "77",
        "pipeline_id": "77",
        "stage": "88",
        "stage_id": "88",
        "owner": "99",
        "owner_id": "99",
    }


def test_the_status_is_the_deals_own() -> None:
    """Before the stage's, which tells where the deal does not; an unknown one is none."""
    pipeline = Pipeline(
        "9", "Sales", (Stage("1", "Due"), replace(Stage("2", "Won"), status=DealStatus.WON))
    )
    account = replace(ACCOUNT, pipelines=(pipeline,))
    vendor = Portal().vendor
    told = {}
    for stage, status in (("2", "0"), ("1", "2"), ("2", None), ("1", "7")):
        properties = {"stage": stage, "status": status}
        told[stage, status] = vendor.decode(Held(DEALS, "1", None, properties), account)["status"]
    assert list(told.values()) == ["open", "lost", "won", "open"]


@pytest.mark.parametrize(
    ("type", "name", "value", "expected"),
    [
        (DEALS, "value", "1234.50", {"amount": "1234.5"}),
        (DEALS, "value", "0", {"amount": "0"}),
        (DEALS, "currency", "eur", {"currency": "EUR"}),
        (DEALS, "percent", "40", {"probability": "40"}),
        (DEALS, "cdate", "2026-05-01T10:00:00+02:00", {"created_at": "2026-05-01T08:00:00Z"}),
        (DEALS, "contact", "5", {}),
        (DEALS, "mdate", "2026-05-01T10:00:00+02:00", {}),
        (DEALS, "migrator_key", "k", {}),
        (DEALS, "description", "", {}),
        (DEALS, "forecasted_close_date", "2026-03-31", {"close_date": "2026-03-31"}),
        (DEALS, "seats", "1E+2", {"custom.seats": "100"}),
        (DEALS, "no_such_field", "x", {"custom.no_such_field": "x"}),
        (DEALS, "tags", "||a||b||", {"custom.tags": "a;b"}),
        (DEALS, "partner", "No", {"custom.partner": "false"}),
        (DEALS, "partner", "Maybe", {"custom.partner": "Maybe"}),
        (DEALS, "signed", "2026-05-01T10:00:00+02:00", {"custom.signed": "2026-05-01T08:00:00Z"}),
        (DEALS, "signed", "soon", {"custom.signed": "soon"}),
        (CONTACTS, "firstName", "Ann", {"first_name": "Ann"}),
        (COMPANIES, "accountUrl", "https://www.Acme.example/x", {"domain": "acme.example"}),
        (COMPANIES, "accountUrl", "http://[", {}),
        (COMPANIES, "owner", "1", {"owner": "ann@example.com", "owner_id": "1"}),
        (TASKS, "status", "1", {"done": "true"}),
        (TASKS, "status", "0", {"done": "false"}),
        (TASKS, "dealTasktype", "3", {"kind": "3"}),
    ],
)
def test_values(type: ObjectType, name: str, value: str, expected: dict[str, str]) -> None:
    """Each kind in canonical text; what cannot be read so stays as it is."""
    kinds = {"seats": "number", "partner": "bool", "signed": "datetime", "tags": "choice"}
    fields = {
        field: FieldInfo(field, field, kind, multiple=kind == "choice")
        for field, kind in kinds.items()
    }
    account = replace(ACCOUNT, fields={DEALS: fields})
    assert Portal().vendor.decode(Held(type, "1", "k", {name: value}), account) == expected


def test_the_probability_is_exported_where_it_is_in_use() -> None:
    """As it is written: by an option, for its field is not documented."""
    given = {
        reading: Portal(options={"probability": reading}).vendor.exported(DEALS, ACCOUNT)
        for reading in ("ignore", "percent")
    }
    assert set(given["percent"]) - set(given["ignore"]) == {"percent"}
    assert not {"migrator_key", "contact", "mdate"} & set(given["percent"])


AUTHORS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="[]\n\r"), min_size=1)
MOMENTS = st.none() | st.sampled_from(["2026-03-31", "2026-03-31T09:00:00Z"])


@given(st.text(min_size=1), AUTHORS, MOMENTS)
def test_notes_say_who_wrote_them(text: str, who: str | None, when: str | None) -> None:
    """And give it back, however odd the text is."""
    who = " ".join(who.split()) if who else None
    back = without_author(with_author(text, who or None, when))
    if who or when:
        assert back == (text, who or None, when)


def test_the_author_in_a_note_is_truer_than_the_user_of_the_key() -> None:
    """A note that nothing of the kind stands in has the user's name and the moment it was made."""
    own = decoded(NOTES, note="Hello", user="1", cdate="2026-06-01T07:00:00-05:00")
    assert own == {
        "body": "Hello",
        "owner": "ann@example.com",
        "owner_id": "1",
        "created_at": "2026-06-01T12:00:00Z",
    }
    text = "Hello\n\n[Written by bob@x.org at 2020-01-01]"
    theirs = decoded(NOTES, note=text, user="1", cdate="2026-06-01T07:00:00-05:00")
    assert theirs == {"body": "Hello", "owner": "bob@x.org", "created_at": "2020-01-01"}


def test_what_was_encoded_decodes() -> None:
    """Contacts, companies and tasks too."""
    portal = Portal()
    given: list[tuple[ObjectType, dict[str, str]]] = [
        (CONTACTS, {"email": "a@x.org", "first_name": "A", "last_name": "B", "phone": "1"}),
        (COMPANIES, {"name": "Acme", "domain": "acme.org", "owner": "anna.berg@example.com"}),
        (
            TASKS,
            {
                "title": "Ring",
                "body": "Ask",
                "kind": "Call",
                "due_at": "2026-05-01T08:00:00Z",
                "done": "true",
                "owner": "anna.berg@example.com",
            },
        ),
        (NOTES, {"body": "Hi", "owner": "x@y.org", "created_at": "2026-05-01T08:00:00Z"}),
    ]

    async def main() -> None:
        account = await portal.vendor.describe(ALL)
        for type, values in given:
            record = Record(type, "a@x.org", values, {DEALS: ("d",)}, Place("f", 1, 2))
            sent = portal.vendor.encode(record, account)
            assert sent.problems == ()
            back = portal.vendor.decode(Held(type, "1", None, sent.properties), account)
            back.pop("owner_id", None)
            assert back == values

    portal.run(main())


def test_links_of_a_deal_are_exported() -> None:
    """Its first contact, the others, and its company."""
    portal = Portal()

    async def main() -> None:
        account = await portal.prepared()
        people = await parents(portal, CONTACTS, "a@x.org", "b@x.org")
        (firm,) = await parents(portal, COMPANIES, "Acme")
        op = portal.op(account, "k", *people, Link(COMPANIES, "Acme", firm.id))
        (outcome,) = await portal.vendor.write(DEALS, Action.CREATE, [op])
        await portal.vendor.link([replace(op, id=outcome.id)])
        (held,) = records(await pages(portal, DEALS)).values()
        assert held.links == {
            CONTACTS: tuple(str(link.id) for link in people),
            COMPANIES: (firm.id,),
        }

    portal.run(main())
