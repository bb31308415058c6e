"""The same row has the same problems in every CRM, and the same wish is fulfilled in each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import (
    KEY_FIELD,
    Account,
    DealStatus,
    FieldInfo,
    NewField,
    NewPipeline,
    NewStage,
    ObjectType,
    Owner,
    Pipeline,
    Place,
    Provision,
    Record,
    Stage,
)
from migrator.vendors.registry import names, product
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from migrator.vendors.base import Vendor

DEALS, CONTACTS = ObjectType.DEALS, ObjectType.CONTACTS

FIELDS = {
    info.name: info
    for info in (
        FieldInfo(KEY_FIELD, KEY_FIELD, "text", unique=True),
        FieldInfo("tier", "Tier", "choice", {"Gold": "Gold", "Twin": "Twin", "twin": "twin"}),
        FieldInfo("tags", "Tags", "choice", {"A": "A", "B": "B"}, multiple=True),
        FieldInfo("seats", "Seats", "number"),
    )
}
ACCOUNT = Account(
    vendor="any",
    id="1",
    name="Test",
    pipelines=(
        Pipeline(
            "p1",
            "Sales",
            (Stage("s1", "New"), Stage("s2", "Won", DealStatus.WON), Stage("s3", "Talks")),
        ),
        Pipeline(
            "p2", "Renewals", (Stage("s4", "Talks"), Stage("s5", "Same"), Stage("s6", "same"))
        ),
        Pipeline("p3", "Twin", ()),
        Pipeline("p4", "Twin", ()),
    ),
    owners=(
        Owner("u1", "ann@example.com", "Ann Lee"),
        Owner("u2", "bob@example.com", "Bob Ray"),
        Owner("u3", "bob2@example.com", "Bob Ray"),
        Owner("u4", "old@example.com", "Old Hand", active=False),
    ),
    fields={DEALS: FIELDS, CONTACTS: {}},
)


VENDORS = {name: product(name).connect(httpx.AsyncClient(), VirtualClock()) for name in names()}


@pytest.fixture(params=names())
def vendor(request: pytest.FixtureRequest) -> Vendor:
    """Each CRM, without an account behind it."""
    return VENDORS[request.param]


def deal(*without: str, **given: str) -> Record:
    """A deal with name, pipeline and stage, ``custom_x`` for ``custom.x``."""
    values = {"name": "Deal", "pipeline": "Sales", "stage": "New"}
    values |= {name.replace("custom_", "custom."): value for name, value in given.items()}
    kept = {name: value for name, value in values.items() if name not in without}
    return Record(DEALS, "k", kept, {CONTACTS: ("a@example.com",)}, Place("f", 1, 2))


@pytest.mark.parametrize(
    ("record", "field", "code", "hint"),
    [
        (deal(stage="Newer"), "stage", "unknown_stage", 'Did you mean "New"?'),
        (deal(pipeline="Sails"), "pipeline", "unknown_pipeline", 'Did you mean "Sales"?'),
        (deal(pipeline="Twin"), "pipeline", "ambiguous_pipeline", "p3, p4"),
        (deal("pipeline", stage="Talks"), "pipeline", "missing_pipeline", '"Sales", "Renewals"'),
        (deal(pipeline="Renewals", stage="Same"), "stage", "ambiguous_stage", "s5, s6"),
        (deal("stage"), "stage", "missing_stage", "stage"),
        (deal(status="perhaps"), "status", "unknown_status", "open, won and lost"),
        (deal(owner="ann@exmaple.com"), "owner", "unknown_owner", 'Did you mean "ann@example.com"'),
        (deal(owner="Bob Ray"), "owner", "ambiguous_owner", "e-mail address"),
        (deal(owner="Old Hand"), "owner", "inactive_owner", "deactivated"),
        (deal(custom_tier="Glod"), "custom.tier", "unknown_option", 'Did you mean "Gold"?'),
        (deal(custom_tier="TWIN"), "custom.tier", "ambiguous_option", "several"),
        (deal(custom_tags="A;C"), "custom.tags", "unknown_option", '"C"'),
        (deal(custom_seats="many"), "custom.seats", "invalid_number", "1234.50"),
        (deal(custom_teir="Gold"), "custom.teir", "unknown_field", 'Did you mean "tier"?'),
        (deal(custom_migrator_key="x"), "custom.migrator_key", "read_only_field", "source key"),
        (deal(custom_seats="1", custom_Seats="2"), "custom.Seats", "duplicate_field", "seats"),
        (deal("name"), "name", "missing_name", "for every deal"),
    ],
)
def test_the_same_problem_everywhere(
    vendor: Vendor, record: Record, field: str, code: str, hint: str
) -> None:
    """One code, one field at fault, one wording, whichever CRM a file goes to."""
    if vendor.name == "hubspot" and code == "duplicate_field":
        code, hint = "unknown_field", "Seats"  # names there are what people see, to the letter
    (problem,) = vendor.encode(record, ACCOUNT).problems
    assert (problem.field, problem.code) == (field, code)
    assert hint in problem.message
    assert problem.value == record.values.get(field, "")


def test_a_name_that_means_one_thing_means_it_everywhere(vendor: Vendor) -> None:
    """Letter case and blanks are no matter; several options are all understood."""
    record = deal(
        pipeline=" SALES", stage="talks ", owner="Ann lee", custom_tier="GOLD", custom_tags="b; A"
    )
    found = vendor.encode(record, ACCOUNT)
    assert found.problems == ()
    assert {"p1", "s3", "u1", "Gold"} <= set(found.properties.values())
    assert {part for part in found.properties["tags"].replace("|", ";").split(";") if part} == {
        "A",
        "B",
    }


# -- what an account lacks -------------------------------------------------------------------------

LABELS = st.sampled_from(["New", "Won", "won", "Due", "Gold", " gold"])
KINDS = st.sampled_from(["text", "number", "date", "datetime", "bool"])
WORDS = st.sampled_from(["tier", "seats", "renewal_on", "source_note"])


def labelled(new: NewField) -> NewField:
    """With a label that makes the name, in another letter case."""
    return replace(new, label=new.name.replace("_", " ").upper())


NEW_FIELDS = st.one_of(
    st.builds(NewField, WORDS, st.just(""), KINDS),
    st.builds(NewField, WORDS, st.just(""), st.just("choice"), st.lists(LABELS).map(tuple)),
).map(labelled)
NEW_PIPELINES = st.builds(
    NewPipeline,
    st.sampled_from(["Sales", "sales ", "Renewals", "Other"]),
    st.lists(st.builds(NewStage, LABELS), max_size=3).map(tuple),
)
WISHES = st.builds(
    Provision,
    st.lists(st.sampled_from([DEALS, CONTACTS]), unique=True).map(tuple),
    st.lists(NEW_FIELDS, max_size=3, unique_by=lambda new: new.name).map(
        lambda news: {DEALS: tuple(news)}
    ),
    st.lists(NEW_PIPELINES, max_size=2).map(tuple),
)
ACCOUNTS = st.sampled_from([ACCOUNT, replace(ACCOUNT, fields={}, pipelines=())])


@pytest.mark.parametrize("name", names())
@given(account=ACCOUNTS, wanted=WISHES)
def test_an_account_with_what_it_lacked_lacks_nothing(
    name: str, account: Account, wanted: Provision
) -> None:
    """What is foreseen fulfils the wish, and takes nothing away that was there."""
    vendor = VENDORS[name]
    missing = vendor.lacking(account, wanted)
    foreseen = vendor.provisional(account, missing)
    assert not vendor.lacking(foreseen, wanted)
    for type, infos in account.fields.items():
        for info in infos.values():
            assert info.options.items() <= foreseen.fields[type][info.name].options.items()
    for before, after in zip(account.pipelines, foreseen.pipelines, strict=False):
        assert after.stages[: len(before.stages)] == before.stages
        assert all(s.id.startswith("new:") for s in after.stages[len(before.stages) :])
    if not missing:
        assert foreseen == account
