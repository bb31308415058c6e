"""Housekeeping by name: what is done, what is refused, and what is told."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from migrator.errors import InputError, OutcomeUnknown
from migrator.model import Action, Op
from migrator.vendors.activecampaign.chores import CHORES
from migrator.vendors.activecampaign.values import Wire
from migrator.vendors.product import DoesChores
from migrator.vendors.registry import names, product
from migrator.wire import Fault, FaultKind
from tests.activecampaign.portal import CONTACTS, DEALS, Portal, created, parents


@pytest.fixture
def portal() -> Portal:
    """An empty account."""
    return Portal()


def done(portal: Portal, chore: str, *arguments: str) -> str:
    """What a chore says."""
    return portal.run(portal.vendor.do(chore, arguments))


def refused(portal: Portal, chore: str, *arguments: str) -> str:
    """Why a chore is not done."""
    with pytest.raises(InputError) as error:
        done(portal, chore, *arguments)
    return str(error.value)


async def a_deal(portal: Portal, key: str = "k1", **values: str) -> Op:
    """A deal in the first stage, as an update of it."""
    return await created(portal, portal.op(await portal.prepared(), key, **values))


# -- in general ------------------------------------------------------------------------------------


def test_who_has_chores_can_do_them(portal: Portal) -> None:
    """A product that names chores makes vendors that do them, and no other does."""
    for name in names():
        made = product(name)
        connected = made.connect(httpx.AsyncClient(base_url="http://x.test"), portal.clock)
        assert isinstance(connected, DoesChores) == bool(made.chores), name


@pytest.mark.parametrize(
    ("chore", "arguments", "expected"),
    [
        ("delete-feild", ("Tier",), 'no chore "delete-feild". Did you mean "delete-field"'),
        ("delete-field", (), "`delete-field FIELD`, and the arguments given are 0"),
        ("imports", ("x",), "`imports`, and the arguments given are 1"),
        ("order-stages", ("Pipeline",), "order-stages PIPELINE STAGE..."),
        ("rename-pipeline", ("Pipeline", " "), "one of them is blank"),
    ],
)
def test_what_cannot_be_asked_for(
    portal: Portal, chore: str, arguments: tuple[str, ...], expected: str
) -> None:
    """Nothing is sent for a chore that is unknown, or has other arguments."""
    assert expected in refused(portal, chore, *arguments)
    assert not portal.asked


@pytest.mark.parametrize("chore", [name for name, one in CHORES.items() if one.arguments])
def test_what_is_not_there_is_told(portal: Portal, chore: str) -> None:
    """A name or an id that the account does not have changes nothing; new titles are created."""
    if chore.startswith("create-"):
        assert "is created, with the id" in done(portal, chore, "4711")
        assert "already, with the id" in done(portal, chore, "4711")
        return
    count = len(CHORES[chore].arguments)
    why = refused(portal, chore, *["4711"] * count)
    assert "4711" in why
    assert any(words in why for words in ("There is no", "The account has no")), why
    assert {one.partition(" ")[0] for one in portal.asked} == {"GET"}


# -- pipelines and stages --------------------------------------------------------------------------


def test_pipelines_and_stages_by_title_or_id(portal: Portal) -> None:
    """They are renamed, ordered and deleted, and each chore says what it has done."""
    portal.run(portal.vendor.calls.pipelines.create_group("Other", "usd"))
    assert done(portal, "rename-pipeline", "1", " Sales ") == (
        'The pipeline "Pipeline" is called "Sales" now.'
    )
    assert '"New" now' in done(portal, "rename-stage", "sales", "1", "New")
    order = done(portal, "order-stages", "Sales", "follow up", "2")
    assert order == 'The stages of "Sales" are in this order now: Follow Up, In Contact, New.'
    assert 'stage "In Contact" of "Sales" is deleted' in done(portal, "delete-stage", "Sales", "2")
    account = portal.run(portal.vendor.describe(()))
    assert [stage.label for stage in account.pipelines[0].stages] == ["Follow Up", "New"]
    assert "is deleted with its stages" in done(portal, "delete-pipeline", "Other")
    account = portal.run(portal.vendor.describe(()))
    assert [pipeline.label for pipeline in account.pipelines] == ["Sales"]


def test_deals_are_never_lost(portal: Portal) -> None:
    """A stage or a pipeline with a deal in it stays, and the way out is told."""
    portal.run(a_deal(portal))
    assert "migrator move-stage" in refused(portal, "delete-stage", "Pipeline", "To Contact")
    assert "--update-only" in refused(portal, "delete-pipeline", "Pipeline")
    assert not any(one.startswith("DELETE") for one in portal.asked)


def test_a_deletion_whose_answer_is_lost_is_done(portal: Portal) -> None:
    """The second try finds nothing any more, and that is what was asked for."""
    lost = [Fault(FaultKind.LOST_AFTER)]
    there = portal.open(lambda one: lost.pop() if lost and one.method == "DELETE" else None)
    assert "is deleted" in portal.run(there.do("delete-stage", ["Pipeline", "Follow Up"]))
    assert portal.asked["DELETE dealStages/{id}"] == 2


def test_a_deletion_that_is_turned_down_is_told(portal: Portal) -> None:
    """Nothing is called deleted that is there."""
    portal.block("DELETE", "/dealStages/3", httpx.Response(422, json={"message": "the last one"}))
    assert "refuses that: the last one" in refused(portal, "delete-stage", "1", "3")


# -- fields ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["list", "include"])
def test_a_field_without_values_is_deleted(way: str) -> None:
    """By title, name or id; not while a deal has a value in it, however values are read."""
    portal = Portal({"custom_fields": way})
    op = portal.run(a_deal(portal, custom_tier="Gold", custom_seats="3"))
    why = refused(portal, "delete-field", "tier")
    assert f"such as that of deal {op.id}" in why
    assert portal.asked["DELETE dealCustomFieldMeta/{id}"] == 0
    for field in ("Renewal on", "is_partner"):
        assert "is deleted" in done(portal, "delete-field", field)
    blank = replace(op, properties={"tier": "", "seats": ""})
    portal.run(portal.vendor.write(DEALS, Action.UPDATE, [blank]))
    assert done(portal, "delete-field", "TIER") == 'The field "Tier" is deleted.'
    seats = next(
        one for one in portal.run(portal.vendor.calls.fields.metas()) if one.label == "Seats"
    )
    assert "is deleted" in done(portal, "delete-field", seats.id)
    left = portal.run(portal.vendor.describe([DEALS])).fields[DEALS]
    assert not {"tier", "seats", "renewal_on", "is_partner"} & left.keys()
    assert "source_note" in left


def test_zero_is_a_value(portal: Portal) -> None:
    """And so is one in a deal that cannot be looked at for another reason than being gone."""
    op = portal.run(a_deal(portal, custom_seats="0"))
    assert "has values" in refused(portal, "delete-field", "Seats")
    portal.block("GET", f"/deals/{op.id}", httpx.Response(409, json={"message": "busy"}))
    assert "busy" in refused(portal, "delete-field", "Seats")
    assert portal.asked["DELETE dealCustomFieldMeta/{id}"] == 0


def test_a_value_of_a_deal_that_is_gone_does_not_count(portal: Portal) -> None:
    """Values may be listed still when their deal was deleted."""
    op = portal.run(a_deal(portal, custom_seats="3"))
    portal.block("GET", f"/deals/{op.id}", httpx.Response(404, json={"message": "No Result"}))
    assert "is deleted" in done(portal, "delete-field", "Seats")


def test_fields_that_stay(portal: Portal) -> None:
    """The key field, what ActiveCampaign has of itself, and one of two of the same title."""
    portal.run(portal.prepared())
    assert "keeps the source keys" in refused(portal, "delete-field", "migrator_key")
    made = {"dealCustomFieldMetum": {"id": "88", "fieldLabel": "Forecast", "knownFieldId": 13}}
    portal.alter(
        "GET",
        "/dealCustomFieldMeta",
        lambda _, answer: httpx.Response(
            200,
            json={
                "dealCustomFieldMeta": [
                    *answer.json()["dealCustomFieldMeta"],
                    made["dealCustomFieldMetum"],
                ]
            },
        ),
    )
    portal.block("GET", "/dealCustomFieldMeta/88", httpx.Response(200, json=made))
    assert "ActiveCampaign's own" in refused(portal, "delete-field", "Forecast")
    twin = {"fieldLabel": "Tier", "fieldType": "text"}
    portal.run(portal.vendor.calls.fields.create_meta(twin))
    assert "There are 2 fields" in refused(portal, "delete-field", "Tier")
    assert portal.asked["DELETE dealCustomFieldMeta/{id}"] == 0


# -- roles and task types --------------------------------------------------------------------------


def test_roles(portal: Portal) -> None:
    """A role is created once in any letter case, and deleted when nobody has it any more."""
    vendor = portal.open(role="Finance")
    before = {role.title for role in portal.run(vendor.calls.deals.roles())}
    ann, ben = portal.run(parents(portal, CONTACTS, "ann@example.com", "ben@example.com"))
    account = portal.run(portal.prepared())
    op = portal.run(created(portal, portal.op(account, "k1", ann)))
    portal.run(vendor.link([replace(op, links=(ann, ben))]))
    assert "There is a role" in done(portal, "create-role", "FINANCE")
    assert f"contact {ben.id} in deal {op.id}" in refused(portal, "delete-role", "finance")
    ((link,),) = (portal.run(vendor.calls.deals.secondary_of_contact(str(ben.id))),)
    told = done(portal, "show-contact-of-deal", link.id)
    assert told.startswith(f"Deal {op.id} has contact ben@example.com ({ben.id})")
    assert told.endswith("with the role Finance.")
    portal.run(vendor.calls.deals.remove_secondary(link.id))
    assert done(portal, "delete-role", "finance") == 'The role "Finance" is deleted.'
    left = {role.title for role in portal.run(vendor.calls.deals.roles())}
    assert left == before


def test_a_contact_without_a_role(portal: Portal) -> None:
    """No role is told where there is none."""
    ann, ben = portal.run(parents(portal, CONTACTS, "ann@example.com", "ben@example.com"))
    account = portal.run(portal.prepared())
    op = portal.run(created(portal, portal.op(account, "k1", ann, ben)))
    (link,) = portal.run(portal.vendor.calls.deals.secondary_of_contact(str(ben.id)))
    told = done(portal, "show-contact-of-deal", link.id)
    assert told == (f"Deal {op.id} has contact ben@example.com ({ben.id}) besides its primary one.")


def test_task_types(portal: Portal) -> None:
    """A type is created once, retired, and put into use again by its title."""
    assert "is created" in done(portal, "create-task-type", "Fax")
    assert "already" in done(portal, "create-task-type", "fax")
    assert "migrator move-tasks" in done(portal, "retire-task-type", "Fax")
    types = {one.title: one for one in portal.run(portal.vendor.calls.tasks.types())}
    assert not types["Fax"].active
    assert done(portal, "create-task-type", "FAX") == 'The task type "Fax" is in use again.'
    assert portal.run(portal.vendor.calls.tasks.type(types["Fax"].id)).active
    assert portal.asked["POST dealTasktypes"] == 1


@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE])
def test_a_task_type_whose_answer_is_lost(portal: Portal, kind: FaultKind) -> None:
    """It is looked for by its title; where it is not there, nobody knows, and that is said."""
    vendor = portal.open(lambda one: Fault(kind) if one.method == "POST" else None)
    if kind is FaultKind.LOST_AFTER:
        assert "is created" in portal.run(vendor.do("create-task-type", ["Fax"]))
        return
    with pytest.raises(OutcomeUnknown):
        portal.run(vendor.do("create-task-type", ["Fax"]))


# -- looking ---------------------------------------------------------------------------------------


def test_history_names_who_changed_what(portal: Portal) -> None:
    """A line each, the oldest first, of the deal with that id or title and no other."""
    op = portal.run(a_deal(portal, "k1"))
    other = portal.run(a_deal(portal, "k2"))
    for stage in ("2", "3"):
        portal.run(portal.clock.sleep(60))
        portal.run(portal.vendor.calls.deals.update(str(op.id), {"stage": stage}))
    portal.run(portal.vendor.calls.deals.update(str(other.id), {"stage": "3"}))
    head, *lines = done(portal, "history", "DEAL K1").splitlines()
    assert head == f'History of deal {op.id}, "Deal k1":'
    assert lines == sorted(lines)
    assert [line.rpartition("before: ")[2] for line in lines[-2:]] == ["1", "2"]
    assert len(lines) == 3
    (user, *_) = portal.run(portal.vendor.calls.people.users())
    assert all(user.name in line for line in lines)
    assert done(portal, "history", str(op.id)).splitlines() == [head, *lines]


def test_history_that_is_odd(portal: Portal) -> None:
    """Unknown users and moments are called so; a deal without history is told."""
    op = portal.run(a_deal(portal))
    rows = [
        {"id": "2", "deal": op.id, "user": "77", "cdate": "0000-00-00 00:00:00"},
        {"id": "x", "deal": op.id, "dataAction": "add", "cdate": "2026-04-01T09:00:00-05:00"},
    ]
    for shown, expected in (
        (rows, ["at an unknown time  user 77  changed", "2026-04-01 14:00:00 UTC  user unknown"]),
        ([], []),
    ):
        answer = httpx.Response(200, json={"dealActivities": shown, "meta": {"total": len(shown)}})
        portal.block("GET", "/dealActivities", answer)
        head, *lines = done(portal, "history", str(op.id)).splitlines()
        assert ("no history" in head) == (not shown)
        assert [line[: len(text)] for line, text in zip(lines, expected, strict=True)] == expected


def test_titles_of_deals_that_repeat(portal: Portal) -> None:
    """Several deals of one title are told with their ids; a title may be a number."""
    first, second = (portal.run(a_deal(portal, key, name="2031")) for key in ("k1", "k2"))
    why = refused(portal, "history", "2031")
    assert "There are 2 deals" in why
    assert f"{first.id}, {second.id}" in why
    portal.run(portal.vendor.calls.deals.update(str(first.id), {"title": "2032"}))
    assert f"deal {first.id}," in done(portal, "history", "2032")
    portal.block("GET", "/deals/2032", httpx.Response(409, json={"message": "busy"}))
    assert "busy" in refused(portal, "history", "2032")


def test_values_by_id(portal: Portal) -> None:
    """A value comes with its deal and its field, and money with its currency."""
    op = portal.run(a_deal(portal))
    calls = portal.vendor.calls.fields
    money = portal.run(calls.create_meta({"fieldLabel": "Fee", "fieldType": "currency"}))
    text = portal.run(calls.create_meta({"fieldLabel": "Why", "fieldType": "text"}))
    fee = portal.run(calls.create_datum(str(op.id), money.id, Wire(995, "eur")))
    why = portal.run(calls.create_datum(str(op.id), text.id, Wire("cheap")))
    told = done(portal, "show-value", fee.id)
    assert told.startswith(f'Deal {op.id}, field "Fee": 995 EUR, changed at 20')
    assert 'field "Why": cheap' in done(portal, "show-value", why.id)
    bare = {"id": "9", "dealId": op.id, "customFieldId": text.id, "fieldValue": "x"}
    answer = httpx.Response(200, json={"dealCustomFieldDatum": bare})
    portal.block("GET", "/dealCustomFieldData/9", answer)
    assert done(portal, "show-value", "9") == f'Deal {op.id}, field "Why": x.'
    portal.block("GET", f"/dealCustomFieldMeta/{text.id}", httpx.Response(409, json={}))
    assert "409" in refused(portal, "show-value", why.id)


def test_imports_under_way(portal: Portal) -> None:
    """Contacts of all batches that are not worked off are counted together."""
    assert done(portal, "imports") == "No import of contacts is under way."
    waiting = {"outstanding": [{"batchId": "a", "contacts": "1200"}, {"contacts": 34}]}
    portal.block("GET", "/import/bulk_import", httpx.Response(200, json=waiting))
    assert done(portal, "imports").endswith("still works off: 1,234.")


def test_an_address_that_a_contact_lacks(portal: Portal) -> None:
    """A contact may have no address; it is told by its id."""
    ann, ben = portal.run(parents(portal, CONTACTS, "ann@example.com", "ben@example.com"))
    account = portal.run(portal.prepared())
    portal.run(created(portal, portal.op(account, "k1", ann, ben)))
    (link,) = portal.run(portal.vendor.calls.deals.secondary_of_contact(str(ben.id)))
    nobody = httpx.Response(200, json={"contact": {"id": ben.id, "email": ""}})
    portal.block("GET", f"/contacts/{ben.id}", nobody)
    assert f"has contact ({ben.id})" in done(portal, "show-contact-of-deal", link.id)
