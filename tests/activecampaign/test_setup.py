"""Describing an account, and creating what it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from migrator.errors import InputError, OutcomeUnknown
from migrator.model import (
    KEY_FIELD,
    Action,
    DealStatus,
    FieldInfo,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Provision,
    Shape,
)
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import (
    COMPANIES,
    CONTACTS,
    DEALS,
    TYPES,
    Portal,
    created,
    parents,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model import Account


@pytest.fixture
def portal() -> Portal:
    """An empty account."""
    return Portal()


def pipelines(*labels: str, title: str = "Renewals") -> Provision:
    """A pipeline with these stages."""
    return Provision(pipelines=(NewPipeline(title, tuple(NewStage(label) for label in labels)),))


async def provided(portal: Portal, wanted: Provision) -> Account:
    """The account after creating what it lacks."""
    account = await portal.vendor.describe(TYPES)
    await portal.vendor.provision(portal.vendor.lacking(account, wanted))
    after = await portal.vendor.describe(TYPES)
    assert not portal.vendor.lacking(after, wanted)
    return after


def stages(account: Account, title: str = "Renewals") -> list[str]:
    """Titles of the stages of a pipeline, in order."""
    (found,) = (p for p in account.pipelines if p.label == title)
    return [stage.label for stage in found.stages]


def lost(
    method: str, ending: str, kind: FaultKind, times: int = 1
) -> Callable[[httpx.Request], Fault | None]:
    """A fault on the first requests to a path."""
    left = [times]

    def plan(request: httpx.Request) -> Fault | None:
        if request.method == method and request.url.path.endswith(ending) and left[0]:
            left[0] -= 1
            return Fault(kind)
        return None

    return plan


# -- describing ------------------------------------------------------------------------------------


def test_an_account_is_described_in_four_requests(portal: Portal) -> None:
    """Host, pipelines, users, fields, currency and zone, without reading a single record."""

    async def main() -> None:
        account = await portal.vendor.describe(TYPES)
        assert account.id == "acme.api-us1.test"
        assert account.currency == "USD"
        assert account.time_zone == "America/Chicago"
        assert next(owner.email for owner in account.owners) == "anna.berg@example.com"
        assert stages(account, "Pipeline") == ["To Contact", "In Contact", "Follow Up"]
        assert set(account.fields[CONTACTS]) == {
            "email",
            "firstName",
            "lastName",
            "phone",
            "cdate",
        }
        assert set(account.fields[COMPANIES]) == {
            "name",
            "accountUrl",
            "owner",
            "createdTimestamp",
        }
        assert portal.asked.total() == 4

    portal.run(main())


def test_an_account_of_several_currencies_has_none_of_its_own(portal: Portal) -> None:
    """Then each deal takes its pipeline's; the option decides for all."""

    async def main() -> None:
        group, _ = await portal.vendor.calls.pipelines.create_group("Europe", "EUR")
        account = await portal.prepared()
        assert account.currency is None
        europe = replace(account, pipelines=tuple(p for p in account.pipelines if p.id == group.id))
        op = portal.op(europe, "k", amount="1")
        (outcome,) = await portal.vendor.write(DEALS, Action.CREATE, [op])
        assert (await portal.vendor.calls.deals.get(str(outcome.id))).currency == "eur"
        chosen = portal.open(currency="gbp")
        assert (await chosen.describe(())).currency == "GBP"
        (outcome,) = await chosen.write(DEALS, Action.CREATE, [replace(op, key="l")])
        assert (await portal.vendor.calls.deals.get(str(outcome.id))).currency == "gbp"

    portal.run(main())


def test_stages_that_did_not_come_along_are_asked_for(portal: Portal) -> None:
    """The list of pipelines names stages that it did not bring: they are read."""

    def without(_: httpx.Request, response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={**response.json(), "dealStages": []})

    portal.alter("GET", "/dealGroups", without)
    account = portal.run(portal.vendor.describe(()))
    assert stages(account, "Pipeline") == ["To Contact", "In Contact", "Follow Up"]


@pytest.mark.parametrize("there", [False, True])
def test_a_role_is_created_where_it_is_wanted(there: bool) -> None:
    """With the first secondary contact, once, and not by looking; the plan knows what it takes."""
    portal = Portal(options={"role": "Finance"})

    async def main() -> None:
        account = await portal.prepared()
        if there:
            await portal.open().calls.deals.create_role("FINANCE")
        account = await portal.vendor.describe(TYPES)
        before = [one.title for one in await portal.vendor.calls.deals.roles()]
        people = await parents(portal, CONTACTS, *(f"p{n}@x.org" for n in range(3)))
        op = portal.op(account, "k", *people)
        portal.asked.clear()
        shape = Shape(DEALS, Action.CREATE, frozenset(op.properties), (CONTACTS,) * 3)
        foretold = portal.vendor.requests({shape: 1})[""]
        linked = await created(portal, op)
        assert portal.asked.total() == foretold
        roles = await portal.vendor.calls.deals.roles()
        assert [one.title for one in roles] == before + ([] if there else ["Finance"])
        for link in people[1:]:
            (one,) = await portal.vendor.calls.deals.secondary_of_contact(str(link.id))
            assert (one.deal, one.role) == (linked.id, roles[-1].id)
        other = portal.open()
        assert await other.tenant.role() == roles[-1].id
        assert await other.tenant.role() == roles[-1].id

    portal.run(main())


# -- fields ----------------------------------------------------------------------------------------


def test_fields_are_created_under_the_names_asked_for(portal: Portal) -> None:
    """By the label when that makes the name, else by the name; in kinds that lose nothing."""
    news = (
        NewField("source_note", "Source note"),
        NewField("seats", "Number of seats", "number"),
        NewField("is_partner", "Partner?", "bool"),
        NewField("tier", "Tier", "choice", ("Gold", "Gold", "Tin")),
    )

    async def main() -> None:
        account = await provided(portal, Provision(keys=TYPES, fields={DEALS: news}))
        infos = account.fields[DEALS]
        assert infos["source_note"].label == "Source note"
        assert infos["seats"].label == "seats"
        assert infos["is_partner"].kind == "bool"
        assert list(infos["tier"].options) == ["Gold", "Tin"]
        assert infos[KEY_FIELD].kind == "text"
        metas = {meta.label: meta.type for meta in await portal.vendor.calls.fields.metas()}
        assert (metas["Source note"], metas[KEY_FIELD]) == ("textarea", "text")

    portal.run(main())


def test_a_field_that_is_there_by_another_name_is_used(portal: Portal) -> None:
    """A field of the label asked for, in any letter case, is not created again."""

    async def main() -> None:
        calls = portal.vendor.calls.fields
        await calls.create_meta({"fieldLabel": "ACCOUNT TIER", "fieldType": "text"})
        new = NewField("tier", "Account tier")
        account = await portal.vendor.describe(TYPES)
        assert not portal.vendor.lacking(account, Provision(fields={DEALS: (new,)}))
        before = len(await calls.metas())
        await portal.vendor.provision(Provision(fields={DEALS: (new,)}))
        assert len(await calls.metas()) == before

    portal.run(main())


def test_a_key_field_of_another_kind_is_told(portal: Portal) -> None:
    """A field of that name which cannot hold keys stops the run before it begins."""

    async def main() -> None:
        calls = portal.vendor.calls.fields
        await calls.create_meta({"fieldLabel": KEY_FIELD, "fieldType": "date"})
        account = await portal.vendor.describe(TYPES)
        with pytest.raises(InputError, match="Rename it"):
            portal.vendor.lacking(account, Provision(keys=(DEALS,)))

    portal.run(main())


@pytest.mark.parametrize(
    "wanted",
    [
        Provision(keys=(DEALS,)),
        Provision(fields={DEALS: (NewField("tier", "Tier", "choice", ("Gold",)),)}),
    ],
)
def test_a_field_whose_answer_was_lost_is_created_once(portal: Portal, wanted: Provision) -> None:
    """It is looked for; when it is not there, the user is told that nobody knows."""

    async def main() -> None:
        before = len(await portal.vendor.calls.fields.metas())
        landed = portal.open(lost("POST", "Meta", FaultKind.LOST_AFTER))
        await landed.provision(wanted)
        assert len(await portal.vendor.calls.fields.metas()) == before + 1
        await portal.vendor.provision(wanted)
        assert len(await portal.vendor.calls.fields.metas()) == before + 1
        unknown = portal.open(lost("POST", "Meta", FaultKind.LOST_BEFORE))
        with pytest.raises(OutcomeUnknown):
            await unknown.provision(Provision(fields={DEALS: (NewField("other", "Other"),)}))

    portal.run(main())


def test_what_cannot_be_created_is_told_with_a_way_out(portal: Portal) -> None:
    """Options with bars, fields of contacts, and whatever ActiveCampaign turns down."""

    async def main() -> None:
        bars = NewField("x", "X", "choice", ("a||b",))
        with pytest.raises(InputError, match="two bars"):
            await portal.vendor.provision(Provision(fields={DEALS: (bars,)}))
        shoe = NewField("shoe", "Shoe size")
        with pytest.raises(InputError, match="Shoe size"):
            await portal.vendor.provision(Provision(fields={CONTACTS: (shoe,)}))
        no = httpx.Response(422, json={"errors": [{"title": "Too many fields"}]})
        portal.alter("POST", "/dealCustomFieldMeta", lambda _, __: no)
        with pytest.raises(InputError, match="Too many fields"):
            await portal.vendor.provision(Provision(keys=(DEALS,)))

    portal.run(main())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(422, json={"errors": [{"title": "No room"}]}), "No room"),
        (httpx.Response(200, json={"dealCustomFieldMetum": {"id": "1"}}), "though it said so"),
    ],
)
def test_options_that_are_not_added_are_told(
    portal: Portal, answer: httpx.Response, expected: str
) -> None:
    """A refusal, and a 200 that changed nothing."""

    def field(*options: str) -> Provision:
        return Provision(fields={DEALS: (NewField("tier", "Tier", "choice", options),)})

    async def main() -> None:
        await provided(portal, field("Gold"))
        handle = portal.sandbox.handle
        portal.sandbox.handle = lambda r: answer if r.method == "PUT" else handle(r)
        with pytest.raises(InputError, match=expected):
            await portal.vendor.provision(field("Gold", "Tin"))
        await portal.vendor.provision(field("Gold"))

    portal.run(main())


def test_a_provisional_account_has_what_is_missing(portal: Portal) -> None:
    """Fields with their options, pipelines with their stages; ids that cannot be real ones."""
    wanted = Provision(
        keys=TYPES,
        fields={
            DEALS: (
                NewField("ok", "OK", "bool"),
                NewField("tier", "Tier", "choice", ("Gold",)),
            )
        },
        pipelines=(NewPipeline("Pipeline", (NewStage("Won", DealStatus.WON),)),),
    )

    async def main() -> None:
        account = await portal.vendor.describe(TYPES)
        missing = portal.vendor.lacking(account, wanted)
        assert missing.keys == (DEALS,)
        foreseen = portal.vendor.provisional(account, missing)
        infos = foreseen.fields[DEALS]
        assert infos["ok"] == FieldInfo("ok", "OK", "bool", {"Yes": "Yes", "No": "No"})
        assert list(infos["tier"].options) == ["Gold"]
        (pipeline,) = foreseen.pipelines
        assert pipeline.stages[-1].id.startswith("new:")
        assert pipeline.stages[-1].status is DealStatus.WON

    portal.run(main())


# -- pipelines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        ["Due"],
        ["Due", "Won"],
        ["Due", "Won", "Lost"],
        ["Due", "Talks", "Won", "Lost", "Late"],
        ["In Contact", "Won"],
        ["Won", "follow up", "Lost", "To Contact"],
    ],
)
def test_a_new_pipeline_has_the_stages_asked_for_and_no_others(
    portal: Portal, labels: list[str]
) -> None:
    """The automatic stages are renamed or deleted, whatever is asked for; nobody else's are."""

    async def main() -> None:
        account = await provided(portal, pipelines(*labels))
        assert stages(account) == labels
        assert stages(account, "Pipeline") == ["To Contact", "In Contact", "Follow Up"]
        group = next(p for p in account.pipelines if p.label == "Renewals")
        rows = await portal.vendor.calls.pipelines.stages(group.id)
        assert sorted(row.order for row in rows) == list(range(1, len(labels) + 1))

    portal.run(main())


def test_a_pipeline_left_behind_by_a_kill_is_completed(portal: Portal) -> None:
    """Empty and with nothing but automatic stages: they are used; none is deleted."""

    async def main() -> None:
        await portal.vendor.calls.pipelines.create_group("Renewals", "usd")
        account = await provided(portal, pipelines("Due", "Won"))
        assert stages(account) == ["Due", "Won", "Follow Up"]

    portal.run(main())


def test_a_pipeline_with_deals_keeps_its_stages(portal: Portal) -> None:
    """Where a deal is, the automatic stages are somebody's: ours come behind them."""

    async def main() -> None:
        account = await portal.prepared()
        await portal.vendor.write(DEALS, Action.CREATE, [portal.op(account, "k")])
        account = await provided(portal, pipelines("Due", title="pipeline"))
        assert stages(account, "Pipeline") == ["To Contact", "In Contact", "Follow Up", "Due"]

    portal.run(main())


@pytest.mark.parametrize("ending", ["/dealGroups", "/dealStages"])
def test_a_pipeline_whose_answer_was_lost_is_created_once(portal: Portal, ending: str) -> None:
    """Pipelines and stages may share titles, so what was lost is looked for first."""
    wanted = pipelines("Due", "Talks", "Won", "Lost")

    async def main() -> None:
        await portal.open(lost("POST", ending, FaultKind.LOST_AFTER)).provision(wanted)
        assert stages(await portal.vendor.describe(())) == ["Due", "Talks", "Won", "Lost"]
        fresh = pipelines("A", "B", "C", "D", title="Other")
        with pytest.raises(OutcomeUnknown):
            await portal.open(lost("POST", ending, FaultKind.LOST_BEFORE)).provision(fresh)

    portal.run(main())


def test_a_pipeline_that_is_turned_down_is_told(portal: Portal) -> None:
    """With ActiveCampaign's reason and the way out."""
    no: dict[str, Any] = {"errors": [{"title": "No more pipelines in your plan"}]}
    portal.alter("POST", "/dealGroups", lambda _, __: httpx.Response(422, json=no))
    with pytest.raises(InputError, match="No more pipelines in your plan"):
        portal.run(portal.vendor.provision(pipelines("Due")))


def test_a_new_pipeline_that_brings_no_stages_is_asked_for_them(portal: Portal) -> None:
    """The answer to its creation need not have the stages in it."""

    def without(_: httpx.Request, response: httpx.Response) -> httpx.Response:
        return httpx.Response(201, json={"dealGroup": response.json()["dealGroup"]})

    portal.alter("POST", "/dealGroups", without)
    account = portal.run(provided(portal, pipelines("Due")))
    assert stages(account) == ["Due"]


def test_other_types_have_no_key_field(portal: Portal) -> None:
    """Contacts are told by their address, companies by their name."""
    account = portal.run(portal.vendor.describe(list(ObjectType)))
    keys = tuple(type for type in ObjectType if type is not DEALS)
    assert not portal.vendor.lacking(account, Provision(keys=keys))
    assert account.fields.keys() == set(ObjectType)
