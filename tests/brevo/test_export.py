"""The way out: what is read of an account, at what price, and what it says in canonical fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import (
    Account,
    Action,
    DealStatus,
    FieldInfo,
    Held,
    Link,
    NewField,
    ObjectType,
    Op,
    Owner,
    Page,
    Pipeline,
    Place,
    Provision,
    Record,
    Stage,
)
from migrator.vendors.base import Reading
from migrator.vendors.brevo.decode import Decoder, exported, number
from migrator.vendors.shared.values import zulu
from tests.brevo.bench import bench, connected, deals, everything
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, Shelf, op, opened
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from datetime import datetime

    from tests.brevo.bench import Bench

NOTES, TASKS = ObjectType.NOTES, ObjectType.TASKS

ACCOUNT = Account(
    vendor="brevo",
    id="1",
    name="Acme",
    pipelines=(Pipeline("p1", "Sales", (Stage("s1", "New"), Stage("s2", "Won", DealStatus.WON))),),
    owners=(Owner("u1", "ann@acme.com", ""), Owner("u2", "", "Bo Berg"), Owner("u3", "", "")),
    fields={
        DEALS: {
            "deal_name": FieldInfo("deal_name", "Deal name", "text"),
            "deal_owner": FieldInfo("deal_owner", "Owner", "choice", {"u1": "ann@acme.com"}),
            "amount": FieldInfo("amount", "Amount", "number"),
            "close_date": FieldInfo("close_date", "Close date", "date"),
            "created_at": FieldInfo("created_at", "Created", "date", read_only=True),
            "stage_updated_at": FieldInfo("stage_updated_at", "Moved", "date", read_only=True),
            "tier": FieldInfo("tier", "Tier", "choice", {"k1": "Gold", "k2": "Silver"}),
            "tags": FieldInfo("tags", "Tags", "choice", {"a": "A;B", "b": "Be"}, multiple=True),
            "vip": FieldInfo("vip", "VIP", "bool"),
            "keeper": FieldInfo("keeper", "Keeper", "choice", {"u1": "ann@acme.com"}),
            "migrator_key": FieldInfo("migrator_key", "migrator_key", "text"),
        },
        CONTACTS: {
            "PRENOM": FieldInfo("PRENOM", "PRENOM", "text"),
            "LASTNAME": FieldInfo("LASTNAME", "LASTNAME", "text"),
            "SMS": FieldInfo("SMS", "SMS", "text"),
            "SCORE": FieldInfo("SCORE", "SCORE", "number"),
            "SENT": FieldInfo("SENT", "SENT", "number", read_only=True),
        },
        COMPANIES: {"phone_number": FieldInfo("phone_number", "Phone", "number")},
        TASKS: {"taskTypeId": FieldInfo("taskTypeId", "Type", "choice", {"t1": "Call"})},
    },
    time_zone="Europe/Berlin",
)


def said(type: ObjectType, /, **properties: str | None) -> dict[str, str]:
    """What a record with these properties says."""
    return Decoder(ACCOUNT).decode(Held(type, "1", None, properties))


# -- in canonical fields ---------------------------------------------------------------------------


def test_a_deal() -> None:
    """Names stand for ids, which stand beside them; a status follows from the stage."""
    assert said(
        DEALS,
        deal_name="Roof",
        pipeline="p1",
        deal_stage="s2",
        deal_owner="u1",
        amount="1234.50",
        deal_description=None,
        migrator_key="K-1",
        tier="k1",
        tags="a;b;gone",
        vip="1",
        keeper="u1",
        created_at="2026-03-31T11:00:00.250+02:00",
        other="as it is",
    ) == {
        "name": "Roof",
        "pipeline": "Sales",
        "pipeline_id": "p1",
        "stage": "Won",
        "stage_id": "s2",
        "status": "won",
        "owner": "ann@acme.com",
        "owner_id": "u1",
        "amount": "1234.5",
        "custom.tier": "Gold",
        "custom.tags": "A;B;Be;gone",
        "custom.vip": "true",
        "custom.keeper": "ann@acme.com",
        "created_at": "2026-03-31T09:00:00.250Z",
        "custom.other": "as it is",
    }


def test_ids_that_nobody_knows() -> None:
    """What the account does not know any more is called by its id, and says no status."""
    found = said(DEALS, pipeline="p9", deal_stage="s9", deal_owner="u9", tier="k9", vip="perhaps")
    assert (found["pipeline"], found["stage"], found["owner"]) == ("p9", "s9", "u9")
    assert (found["custom.tier"], found["custom.vip"]) == ("k9", "perhaps")
    assert "status" not in found
    assert said(DEALS, deal_owner="u2")["owner"] == "Bo Berg"
    assert said(DEALS, deal_owner="u3")["owner"] == "u3"


@pytest.mark.parametrize(
    ("held", "day"),
    [
        ("2026-03-31", "2026-03-31"),
        ("2026-03-31T00:00:00.000Z", "2026-03-31"),
        ("2026-03-31T00:00:00+05:30", "2026-03-31"),
        ("2026-03-30T22:00:00Z", "2026-03-31"),  # midnight in Berlin
        ("2026-03-31T08:30:00.000Z", "2026-03-31T08:30:00Z"),
        ("31/03/2026", "31/03/2026"),
    ],
)
def test_days_and_instants(held: str, day: str) -> None:
    """A day in whichever form it is given back; any other moment is an instant."""
    assert said(DEALS, close_date=held)["close_date"] == day


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9)))
def test_numbers(value: object) -> None:
    """A number is a plain decimal of the same value, without zeros at its end."""
    text = number(str(value))
    assert float(text) == float(str(value))
    assert "E" not in text.upper()
    assert "." not in text or not text.endswith("0")
    assert text != "-0"


def test_the_currency_is_told_where_the_user_names_it() -> None:
    """Brevo's deals have none: those with an amount are in the one of the option."""
    account = replace(ACCOUNT, currency="EUR")
    decoder = Decoder(account)
    with_amount = decoder.decode(Held(DEALS, "1", None, {"amount": "5"}))
    assert with_amount == {"amount": "5", "currency": "EUR"}
    assert decoder.decode(Held(DEALS, "1", None, {"deal_name": "x"})) == {"name": "x"}


def test_people_companies_and_activities() -> None:
    """The canonical fields of the other types, whatever language an account was opened in."""
    contact = {"email": "a@x.org", "PRENOM": "Ann", "LASTNAME": "B", "SMS": "+49 30", "SCORE": "1"}
    assert said(CONTACTS, **contact, createdAt="2026-03-31T09:00:00.000Z") == {
        "email": "a@x.org",
        "first_name": "Ann",
        "last_name": "B",
        "phone": "+49 30",
        "custom.SCORE": "1",
        "created_at": "2026-03-31T09:00:00Z",
    }
    assert said(COMPANIES, name="Acme", owner="u1", phone_number="4930", migrator_key="x") == {
        "name": "Acme",
        "owner": "ann@acme.com",
        "phone": "4930",
    }
    authors = (
        '{"id": "u1", "email": "ann@acme.com"}',
        '{"id": "u1"}',
        '{"_id": "u9", "name": {"fullName": "Cy"}}',
        '{"id": "u9", "name": "Cy"}',
        '{"id": "u9"}',
        "u1",
    )
    assert [said(NOTES, text="Hi", authorId=one)["owner"] for one in authors] == [
        "ann@acme.com",
        "ann@acme.com",
        "Cy",
        "Cy",
        "u9",
        "ann@acme.com",
    ]
    task = {"name": "Ring", "notes": "now", "taskTypeId": "t1", "date": "2026-03-05T09:00:00+01:00"}
    assert said(TASKS, **task, done="true", assignToId="u1", createdAt="soon") == {
        "title": "Ring",
        "body": "now",
        "kind": "Call",
        "due_at": "2026-03-05T08:00:00Z",
        "done": "true",
        "owner": "ann@acme.com",
        "created_at": "soon",
    }


def test_what_is_exported() -> None:
    """What people fill, and the moment of creation; the key stands apart."""
    assert set(exported(DEALS, ACCOUNT)) == {
        *ACCOUNT.fields[DEALS],
        "pipeline",
        "deal_stage",
    } - {"stage_updated_at", "migrator_key"}
    assert set(exported(CONTACTS, ACCOUNT)) == {
        "email",
        "PRENOM",
        "LASTNAME",
        "SMS",
        "SCORE",
        "createdAt",
    }
    assert "owner" in exported(COMPANIES, replace(ACCOUNT, fields={}))


def test_names_of_contacts_and_companies_are_written_as_they_are_read() -> None:
    """What is said of a contact or company can be said to an account of the same product."""
    desk = bench()
    place = Place("f.csv", 1, 2)
    for type, values in (
        (CONTACTS, {"first_name": "Ann", "last_name": "B", "phone": "+4930"}),
        (COMPANIES, {"name": "Acme", "domain": "acme.com", "owner": "anna.berg@example.com"}),
    ):
        encoded = desk.vendor.encode(Record(type, "a@x.org", values, {}, place), desk.account)
        assert encoded.problems == ()
        back = desk.vendor.decode(Held(type, "1", None, encoded.properties), desk.account)
        assert {name: back[name] for name in values} == values


# -- what is read, and what it costs ---------------------------------------------------------------


def activities(desk: Bench, deal: str, count: int) -> dict[ObjectType, list[str]]:
    """Ids of notes and tasks of a deal, made by somebody."""
    made: dict[ObjectType, list[str]] = {NOTES: [], TASKS: []}
    types = call(desk, "GET", "/crm/tasktypes")
    for i in range(count):
        note = call(desk, "POST", "/crm/notes", {"text": f"Note {i}", "dealIds": [deal]})
        made[NOTES].append(note["id"])
        content = {
            "name": f"Task {i}",
            "taskTypeId": types[1]["id"],
            "date": "2026-05-05T09:00:00Z",
            "dealsIds": [deal],
        }
        made[TASKS].append(call(desk, "POST", "/crm/tasks", content)["id"])
    return made


def call(desk: Bench, method: str, path: str, content: object = None) -> Any:
    """A request by hand."""
    url = f"https://api.brevo.com/v3{path}"
    request = httpx.Request(method, url, json=content, headers={"api-key": "x"})
    return desk.sandbox.handle(request).json()


@pytest.mark.parametrize("dates", ["as_written", "instants"])
def test_dates_come_back_as_they_went(dates: str) -> None:
    """However an account shows dates, days are days, and instants instants."""
    desk = bench(dates=dates)
    new = Provision(fields={DEALS: (NewField("signed_at", "Signed at", "datetime"),)})
    desk.run(desk.vendor.provision(new))
    account = desk.run(desk.vendor.describe([DEALS]))
    values = {"close_date": "2026-03-31", "signed_at": "2026-02-03T08:30:00Z"}
    desk.write([replace(op("k"), properties={**op("k").properties, **values})])
    names = desk.vendor.exported(DEALS, account)
    ((held,),) = [page.records for page in pages(desk, DEALS, names)]
    found = desk.vendor.decode(held, account)
    assert found["close_date"] == "2026-03-31"
    assert found["custom.signed_at"] == "2026-02-03T08:30:00Z"


def pages(
    desk: Bench, type: ObjectType, names: tuple[str, ...] = (), since: datetime | None = None
) -> list[Page]:
    """All pages of a type."""

    async def main() -> list[Page]:
        return [p async for p in desk.vendor.pages(type, names, Reading(since=since))]

    found: list[Page] = desk.run(main())
    return found


def test_a_thousand_deals_cost_one_request() -> None:
    """A thousand on a page, which tells that there are no more; attributes are read before."""
    desk = bench(limits=False)
    desk.write(deals(1_000))
    desk.clock.seconds += 3_600
    desk.sent.clear()
    assert len(desk.run(everything(desk.vendor, DEALS))) == 1_000
    assert desk.counts() == {"GET /crm/deals": 1}
    desk.sent.clear()
    assert desk.run(desk.vendor.count(DEALS)) == 1_000
    assert desk.counts() == {"GET /crm/deals": 1}


def test_records_of_all_types_by_id() -> None:
    """Those that are gone are absent, however few or many are asked for; so is a wrong id."""
    desk = bench(limits=False)
    outcomes = desk.write(deals(2))
    deal = str(outcomes["k0"].id)
    made = activities(desk, deal, 6)
    people = desk.people(*(f"p{i}@x.org" for i in range(6)))
    made[CONTACTS] = list(people.values())
    for type, ids in made.items():
        for wanted in (ids[:1], ids, [*ids[1:4], "0" * 24], ["0" * 24], []):
            found = desk.run(desk.vendor.read(type, wanted))
            assert set(found) == set(wanted) & set(ids)
            assert all(one.id == id_ for id_, one in found.items())
    assert desk.run(desk.vendor.read(NOTES, made[NOTES], ["text"]))[made[NOTES][0]].properties == {
        "text": "Note 0"
    }
    assert desk.run(desk.vendor.count(NOTES)) is None
    assert desk.run(desk.vendor.count(CONTACTS)) == 6
    assert desk.run(desk.vendor.count(COMPANIES)) == 0
    contact = desk.run(desk.vendor.read(CONTACTS, made[CONTACTS][:1]))[made[CONTACTS][0]]
    assert contact.properties == {"email": "p0@x.org"}
    assert contact.key == "p0@x.org"


def test_many_by_id_while_others_delete() -> None:
    """Records that slip from page to page while others are deleted are not taken for gone."""
    clock = VirtualClock()
    shelf = Shelf(clock, deals={f"d{i:03}": float(i) for i in range(100)})
    asked = 0

    def answer(request: httpx.Request) -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            for i in range(75, 95):
                del shelf.deals[f"d{i:03}"]

    shelf.answers["GET /crm/deals"] = answer
    vendor = opened(clock, shelf.handle, page=30)
    ids = [f"id-d{i:03}" for i in range(100)]
    found = clock.run(vendor.read(DEALS, ids))
    stay = {f"id-d{i:03}" for i in range(100) if not 75 <= i < 95}
    assert stay <= set(found)


def test_activities_by_pages_or_singly() -> None:
    """Of few among many no more pages are read than there are ids; then each by itself."""
    desk = bench({"page": "5"}, limits=False)
    outcomes = desk.write(deals(1))
    made = activities(desk, str(outcomes["k0"].id), 30)
    desk.sent.clear()
    wanted = made[NOTES][-3:]
    assert set(desk.run(desk.vendor.read(NOTES, wanted))) == set(wanted)
    assert desk.counts()["GET /crm/notes"] == 3
    assert len(desk.sent) == 6


@pytest.mark.parametrize("type", [NOTES, TASKS])
def test_notes_and_tasks_are_exported(type: ObjectType) -> None:
    """All of them, with their links, their author or assignee, and the type of a task by name."""
    desk = bench({"page": "7"}, limits=False)
    account = desk.run(desk.vendor.describe([DEALS, type]))
    deal = str(desk.write(deals(1))["k0"].id)
    began = desk.clock.now()
    ids = activities(desk, deal, 20)[type]
    names = desk.vendor.exported(type, account)
    found = {h.id: h for page in pages(desk, type, names) for h in page.records}
    assert list(found) == ids
    assert {h.links[DEALS] for h in found.values()} == {(deal,)}
    first = desk.vendor.decode(found[ids[0]], account)
    assert first["owner"] == "anna.berg@example.com"
    assert first["created_at"] == zulu(began)
    if type is TASKS:
        assert (first["title"], first["kind"], first["done"]) == ("Task 0", "Call", "false")
        assert first["due_at"] == "2026-05-05T09:00:00Z"
    else:
        assert first["body"] == "Note 0"


@pytest.mark.parametrize("type", [DEALS, COMPANIES])
def test_only_what_was_changed(type: ObjectType) -> None:
    """Where the user relies on Brevo's filter, an increment costs a page; else it reads all."""
    desk = bench({"modified_since": "true", "page": "20"}, limits=False)
    ops = [
        Op(1, type, Action.CREATE, f"k{i}", None, {"name": f"C{i}", "migrator_key": f"k{i}"})
        for i in range(100)
    ]
    if type is DEALS:
        ops = deals(100)
    outcomes = desk.write(ops)
    desk.clock.seconds += 100 * 3_600
    since = desk.clock.now() - timedelta(hours=1)
    name = "amount" if type is DEALS else "domain"
    desk.write([Op(1, type, Action.UPDATE, "k7", outcomes["k7"].id, {name: "7"})])
    desk.clock.seconds += 3_600
    desk.sent.clear()
    ((found,),) = [page.records for page in pages(desk, type, (), since)]
    assert (found.key, len(desk.sent)) == ("k7", 1)
    assert found.updated_at is not None
    assert found.updated_at >= since
    careful = connected(desk.clock, desk.sandbox, desk.sent, {})

    async def every() -> int:
        found = careful.pages(type, reading=Reading(since=since))
        return sum([len(page.records) async for page in found])

    assert desk.run(every()) == 100


def test_a_filter_that_is_refused() -> None:
    """All records are read then."""
    clock = VirtualClock()
    shelf = Shelf(clock, deals={f"d{i:02}": float(i) for i in range(25)})

    def answer(request: httpx.Request) -> httpx.Response | None:
        refused = "modifiedSince" in request.url.params
        return httpx.Response(400, json={"message": "Invalid value"}) if refused else None

    shelf.answers["GET /crm/deals"] = answer
    vendor = opened(clock, shelf.handle, modified_since=True, page=10)

    async def every() -> list[str]:
        found = vendor.pages(DEALS, reading=Reading(since=clock.now()))
        return [one.id async for page in found for one in page.records]

    assert clock.run(every()) == [f"id-d{i:02}" for i in range(25)]


def test_links_of_deals_and_companies_come_along() -> None:
    """From either side; contacts do not show theirs."""
    desk = bench(limits=False)
    people = desk.people("a@x.org")
    links = (Link(CONTACTS, "a@x.org", people["a@x.org"]),)
    desk.write(deals(3, links))
    (page,) = pages(desk, DEALS)
    assert {one.links[CONTACTS] for one in page.records} == {tuple(people.values())}
    (page,) = pages(desk, CONTACTS)
    assert page.records[0].links == {}
