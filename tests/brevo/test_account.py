"""The account as it is described, what it lacks, what is created, and the product's settings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import InputError, Unauthorized, Unavailable
from migrator.model import (
    Action,
    DealStatus,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Provision,
    Rate,
    Shape,
)
from migrator.vendors.brevo.product import PRODUCT
from migrator.wire import Quota
from tests.brevo.double import COMPANIES, CONTACTS, DEALS, Shelf, fixed, opened, path
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from migrator.model import Account
    from migrator.vendors.base import Vendor

PIPELINE = {
    "pipeline": "p1",
    "pipeline_name": "Deals Pipeline",
    "stages": [{"id": "s1", "name": "New", "winProbability": 100}, {"id": "s2", "name": "Won"}],
}


@pytest.fixture
def clock() -> VirtualClock:
    """Time for this test."""
    return VirtualClock()


@pytest.fixture
def shelf(clock: VirtualClock) -> Shelf:
    """An account that can be described."""
    shelf = Shelf(clock)
    shelf.answers = {
        "GET /account": fixed(
            200,
            {
                "organization_id": "org1",
                "companyName": "Acme",
                "email": "me@x.org",
                "dateTimePreferences": {"timezone": "Europe/Paris"},
            },
        ),
        "GET /crm/pipeline/details/all": fixed(200, [PIPELINE]),
    }
    return shelf


def described(clock: VirtualClock, shelf: Shelf, *types: ObjectType, **options: Any) -> Account:
    """The account as one vendor describes it."""
    return clock.run(opened(clock, shelf.handle, **options).describe(types or (DEALS,)))


def test_an_account(clock: VirtualClock, shelf: Shelf) -> None:
    """Stages mean what they are called; a winProbability means nothing."""
    account = described(clock, shelf, DEALS, ObjectType.NOTES, currency="eur")
    assert (account.id, account.name, account.time_zone) == ("org1", "Acme", "Europe/Paris")
    assert account.currency == "EUR"
    (pipeline,) = account.pipelines
    assert [s.status for s in pipeline.stages] == [DealStatus.OPEN, DealStatus.WON]
    assert set(account.fields[ObjectType.NOTES]) == {"text", "authorId", "createdAt"}
    assert "migrator_key" in account.fields[DEALS]
    assert shelf.asked.count("GET /crm/attributes/deals") == 1


def test_owners_of_companies(clock: VirtualClock, shelf: Shelf) -> None:
    """Where the deals' owner lists no users, the companies' owner does."""
    owner = {
        "internalName": "owner",
        "attributeTypeName": "user",
        "label": "Owner",
        "required": False,
        "attributeOptions": [{"key": "u1", "value": "ann@x.org"}],
    }
    assert described(clock, shelf).owners == ()
    shelf.answers["GET /crm/attributes/companies"] = fixed(200, [owner])
    (found,) = described(clock, shelf).owners
    assert (found.id, found.email) == ("u1", "ann@x.org")


@pytest.mark.parametrize("status", [400, 404, 405])
def test_the_deprecated_pipeline(clock: VirtualClock, shelf: Shelf, status: int) -> None:
    """Where all pipelines are refused, the default one is read by the old form."""
    shelf.answers["GET /crm/pipeline/details/all"] = fixed(status, {"message": "gone"})
    shelf.answers["GET /crm/pipeline/details"] = fixed(200, PIPELINE)
    assert [p.label for p in described(clock, shelf).pipelines] == ["Deals Pipeline"]


def test_pipelines_that_are_refused(clock: VirtualClock, shelf: Shelf) -> None:
    """Any other refusal is told."""
    shelf.answers["GET /crm/pipeline/details/all"] = fixed(422, {"message": "no"})
    with pytest.raises(InputError, match="422"):
        described(clock, shelf)


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (fixed(200, {}), InputError, "names no account"),
        (fixed(200, []), Unavailable, "not with a JSON object"),
        (lambda _: httpx.Response(200, text="<html>"), Unavailable, "BREVO_BASE_URL"),
        (lambda _: httpx.Response(404, text="<html>"), InputError, "BREVO_BASE_URL"),
        (fixed(401, {"message": "Key not found", "code": "unauthorized"}), Unauthorized, "API key"),
        (
            fixed(401, {"message": "We have detected you are using an unrecognised IP address 1"}),
            Unauthorized,
            "authorised_ips",
        ),
        (fixed(403, {"message": "not allowed"}), Unauthorized, "not allowed"),
        (fixed(402, {"code": "not_enough_credits"}), Unauthorized, "plan"),
        (fixed(423, {"message": "locked"}), Unavailable, "putting GET /account off"),
    ],
)
def test_refused(
    clock: VirtualClock, shelf: Shelf, answer: Any, error: type[Exception], told: str
) -> None:
    """Whatever the account's answer is, the user learns what to do."""
    shelf.answers["GET /account"] = answer
    with pytest.raises(error, match=told):
        described(clock, shelf)


@pytest.mark.parametrize(
    ("asked", "content"),
    [("GET /crm/pipeline/details/all", {}), ("GET /crm/attributes/deals", "odd")],
)
def test_odd_lists(clock: VirtualClock, shelf: Shelf, asked: str, content: object) -> None:
    """A list that is none is no answer."""
    shelf.answers[asked] = fixed(200, content)
    with pytest.raises(Unavailable, match="JSON array"):
        described(clock, shelf)


# -- what is missing, what is created --------------------------------------------------------------


def sandboxed(clock: VirtualClock, **options: Any) -> tuple[Vendor, Any]:
    """A vendor on a sandbox, and the sandbox."""
    sandbox = PRODUCT.sandbox(now=clock.now, clock=clock.monotonic, limits=False, **options)
    return opened(clock, sandbox.handle), sandbox


def test_pipelines_are_for_a_person(clock: VirtualClock) -> None:
    """A pipeline or stage that is missing is listed with what to do; one that is there is not."""
    vendor, _ = sandboxed(clock, pipelines={"Renewals": ["Due", "Won"]})
    won = NewStage("won", DealStatus.WON)
    wanted = (
        NewPipeline("renewals", (NewStage("Due"), NewStage("Talks"), won)),
        NewPipeline("Renewal", (NewStage("Due"),)),
    )
    account = clock.run(vendor.describe((DEALS,)))
    lacking = vendor.lacking(account, Provision(pipelines=wanted))
    assert [[s.label for s in p.stages] for p in lacking.pipelines] == [["Talks"], ["Due"]]
    with pytest.raises(InputError) as told:
        clock.run(vendor.provision(lacking))
    for words in ('in the pipeline "Renewals"', '"Talks"', '"Renewal" (there is one called'):
        assert words in str(told.value)
    clock.run(vendor.provision(Provision(pipelines=(NewPipeline("Renewals", (won,)),))))
    foreseen = vendor.provisional(account, lacking)
    assert not vendor.lacking(foreseen, Provision(pipelines=wanted))


def test_fields_by_name_label_or_slug(clock: VirtualClock) -> None:
    """A field is found by what it was asked for, whatever internal name Brevo chose."""
    vendor, _ = sandboxed(clock)
    wanted = Provision(
        fields={
            DEALS: (
                NewField("source_note", "Source note"),
                NewField("x_9", "A quite different label", "choice", ("A", "B")),
            ),
            COMPANIES: (NewField("size", "Size", "number"),),
            CONTACTS: (
                NewField("nickname", "Nickname"),
                NewField("kind", "Kind", "choice", ("F",)),
            ),
        }
    )
    types = (DEALS, COMPANIES, CONTACTS)
    before = clock.run(vendor.describe(types))
    clock.run(vendor.provision(vendor.lacking(before, wanted)))
    account = clock.run(vendor.describe(types))
    assert not vendor.lacking(account, wanted)
    labels = {info.label for info in account.fields[DEALS].values()}
    assert {"Source note", "x_9"} <= labels
    assert "NICKNAME" in account.fields[CONTACTS]


def test_options_of_a_fresh_process(clock: VirtualClock) -> None:
    """Brevo's list shows no ids, and options are added by id: a person must add them."""
    vendor, sandbox = sandboxed(clock)
    tier = NewField("tier", "Tier", "choice", ("Gold",))
    clock.run(vendor.provision(Provision(fields={DEALS: (tier,)})))
    more = Provision(fields={DEALS: (NewField("tier", "Tier", "choice", ("Gold", "Bronze")),)})
    with pytest.raises(InputError, match="Add them in Brevo under Settings: Bronze"):
        clock.run(opened(clock, sandbox.handle).provision(more))
    clock.run(vendor.provision(more))
    options = clock.run(vendor.describe((DEALS,))).fields[DEALS]["tier"].options
    assert set(options.values()) == {"Gold", "Bronze"}


def test_options_that_are_refused(clock: VirtualClock, shelf: Shelf) -> None:
    """Where a list shows an id and Brevo refuses the change, its message is told."""
    item = {
        "internalName": "tier",
        "id": "a1",
        "attributeTypeName": "single-select",
        "label": "Tier",
        "attributeOptions": [{"key": "k", "value": "Gold"}],
    }
    shelf.answers["GET /crm/attributes/deals"] = fixed(200, [item])
    shelf.answers["PATCH /crm/attributes/a1"] = fixed(400, {"message": "too many"})
    more = Provision(fields={DEALS: (NewField("tier", "Tier", "choice", ("Bronze",)),)})
    with pytest.raises(InputError, match="too many"):
        clock.run(opened(clock, shelf.handle).provision(more))


def test_attributes_that_are_refused(clock: VirtualClock, shelf: Shelf) -> None:
    """A refusal is told with Brevo's message, unless the attribute is there by then."""
    shelf.answers["POST /crm/attributes"] = fixed(400, {"message": "limit reached"})
    missing = Provision(fields={DEALS: (NewField("size", "Size"),)})
    with pytest.raises(InputError, match="limit reached"):
        clock.run(opened(clock, shelf.handle).provision(missing))

    def later(_: httpx.Request) -> httpx.Response:
        there = shelf.asked.count("GET /crm/attributes/deals") > 3
        return httpx.Response(200, json=[{"internalName": "size"}] if there else [])

    shelf.answers["GET /crm/attributes/deals"] = later
    clock.run(opened(clock, shelf.handle).provision(missing))
    long = Provision(fields={DEALS: (NewField("x" * 60, "x" * 60),)})
    shelf.answers.pop("GET /crm/attributes/deals")
    with pytest.raises(InputError, match="60 characters"):
        clock.run(opened(clock, shelf.handle).provision(long))


def test_comparing_before_anything_was_described(clock: VirtualClock, shelf: Shelf) -> None:
    """Texts are compared as long as no kind is known; then by kind."""
    vendor = opened(clock, shelf.handle)
    assert not vendor.same(DEALS, "amount", "1.0", "1")
    clock.run(vendor.find(DEALS, ["a"]))
    assert vendor.same(DEALS, "amount", "1.0", "1")


# -- the product -----------------------------------------------------------------------------------


def test_rates_are_those_of_the_plan() -> None:
    """Plan and override decide the windows; contacts have their own."""
    hour = timedelta(hours=1)
    assert PRODUCT.rates[""] == (Rate(100, hour),)
    assert PRODUCT.configure({"plan": "advanced"}).rates[""] == (Rate(200, hour),)
    assert PRODUCT.configure({"plan": "extended"}).rates["contacts"] == (
        Rate(60, timedelta(seconds=1)),
    )
    assert PRODUCT.configure({"crm_per_hour": "50"}).rates[""] == (Rate(50, hour),)
    for given in ({"plan": "free"}, {"crm_per_hour": "0"}, {"page": "1001"}, {"pages": "1"}):
        with pytest.raises(InputError):
            PRODUCT.configure(given)


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("https://api.brevo.com/v3/contacts", "contacts"),
        ("https://api.brevo.com/v3/contacts/import", "contacts"),
        ("https://api.brevo.com/v3/crm/deals", ""),
        ("https://api.brevo.com/v3/companies", ""),
        ("https://api.brevo.com/v3/processes/5", ""),
    ],
)
def test_buckets(url: str, bucket: str) -> None:
    """Contacts count apart, everything else together."""
    assert PRODUCT.bucket(httpx.Request("GET", url)) == bucket


def test_learning_from_headers() -> None:
    """A reset of a second means a window of one; CRM answers tell nothing."""
    names = ("limit", "remaining", "reset")

    def learnt(*texts: str) -> tuple[Quota, ...]:
        headers = {f"x-sib-ratelimit-{n}": t for n, t in zip(names, texts, strict=False)}
        return PRODUCT.learn(httpx.Response(200, headers=headers))

    assert learnt() == ()
    assert learnt("20", "19", "1") == (Quota(Rate(20, timedelta(seconds=1)), 19, 1),)
    assert learnt("36000", "12", "1800") == (Quota(Rate(36_000, timedelta(hours=1)), 12, 1_800),)
    assert learnt("many", "19", "1") == ()
    assert learnt("20", "19") == ()
    assert not PRODUCT.spent(httpx.Response(429))
    assert not PRODUCT.passing(httpx.Response(403))
    assert PRODUCT.headers("k") == {"api-key": "k"}


def test_requests_by_bucket(clock: VirtualClock, shelf: Shelf) -> None:
    """The plan's count: files with polls and pages, or singles, each in its own quota."""
    vendor = opened(clock, shelf.handle)

    def foretold(type: ObjectType, action: Action, count: int, **more: Any) -> tuple[int, int]:
        names = frozenset(more.pop("names", ("x", "migrator_key")))
        found = vendor.requests({Shape(type, action, names, **more): count})
        return found[""], found["contacts"]

    assert vendor.requests({}) == {"": 0, "contacts": 0}
    assert foretold(DEALS, Action.CREATE, 10_000) == (14, 0)
    assert foretold(DEALS, Action.CREATE, 20_003) == (2 * 14 + 6, 0)
    assert foretold(DEALS, Action.UPDATE, 1_000) == (5, 0)
    assert foretold(DEALS, Action.UPDATE, 1_000, links=(CONTACTS,)) == (10, 0)
    assert foretold(DEALS, Action.UPDATE, 2, links=(CONTACTS,), names=()) == (4, 0)
    assert foretold(DEALS, Action.DELETE, 30) == (30, 0)
    assert foretold(COMPANIES, Action.CREATE, 2) == (4, 0)
    assert foretold(CONTACTS, Action.CREATE, 3) == (0, 3)
    assert foretold(CONTACTS, Action.CREATE, 5_000) == (3, 7)
    assert foretold(CONTACTS, Action.UPDATE, 7) == (0, 14)
    assert foretold(DEALS, Action.CREATE, 2_000, names=["x"]) == (4_000, 0)
    blank = frozenset({"x"})
    assert foretold(DEALS, Action.UPDATE, 20_001, clears=blank) == (2 * 14 + 5, 0)
    assert foretold(DEALS, Action.UNLINK, 9, names=(), links=(CONTACTS, COMPANIES)) == (9, 0)
    assert path(httpx.Request("GET", "http://x/v3/crm/deals")) == "GET /crm/deals"
