"""An ActiveCampaign sandbox that looks like a real account."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from migrator.errors import InputError
from migrator.model import Account, DealStatus, FieldInfo, ObjectType, Owner, Pipeline, Stage
from migrator.vendors.activecampaign.sandbox import ActiveCampaignSandbox
from tests.activecampaign.sandbox import FORECAST, Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = Account(
    vendor="activecampaign",
    id="acme.api-us1.com",
    name="Acme",
    pipelines=(
        Pipeline("7", "Partner", (Stage("31", "In"), Stage("30", "Won", DealStatus.WON))),
        Pipeline("x", "Other", (Stage("y", "New"),)),
    ),
    owners=(Owner("9", "kim@example.com", "Kim Berg"), Owner("8", "x@example.com", "", False)),
    fields={
        ObjectType.DEALS: {
            "title": FieldInfo("title", "Title", "text"),
            "7": FieldInfo("7", "Region", "choice", {"no": "Norway"}, multiple=True),
            "fields.12": FieldInfo("fields.12", "Source id", "text"),
            "3": FieldInfo("3", "Forecasted Close Date", "date"),
            "DEAL_SIZE_2": FieldInfo("DEAL_SIZE_2", "Size", "choice", {"s": "Small"}),
            "Paid": FieldInfo("Paid", "Paid", "bool"),
            "winProbability": FieldInfo("winProbability", "Win", "number", read_only=True),
        },
        ObjectType.CONTACTS: {
            "email": FieldInfo("email", "Email", "text"),
            "5": FieldInfo("5", "City", "text"),
        },
    },
    currency="NOK",
    time_zone="Europe/Oslo",
)


def written(folder: Path) -> Path:
    """The account as a file."""
    path = folder / "account.json"
    path.write_text(json.dumps(asdict(ACCOUNT)), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["path", "text", "mapping", "account"])
def test_a_sandbox_like_an_account_has_what_the_account_has(form: str, tmp_path: Path) -> None:
    """`--like`: pipelines, owners, fields, currency and time zone are the account's own."""
    path = written(tmp_path)
    like = {
        "path": path,
        "text": str(path),
        "mapping": json.loads(path.read_text(encoding="utf-8")),
        "account": ACCOUNT,
    }[form]
    crm = Rehearsal(like=like)
    groups = crm.get("dealGroups")
    assert [(one["id"], one["title"]) for one in groups["dealGroups"]] == [
        ("7", "Partner"),
        ("8", "Other"),
    ]
    assert [(one["id"], one["title"]) for one in groups["dealStages"]] == [
        ("31", "In"),
        ("30", "Won"),
        ("32", "New"),
    ]
    assert {one["currency"] for one in groups["dealGroups"]} == {"nok"}
    assert crm.get("users/me")["user"]["email"] == "kim@example.com"
    id = crm.deal(group="7", stage=None, owner="9")
    assert (crm.stored(id)["stage"], crm.stored(id)["cdate"]) == ("31", "2026-06-01T14:00:00+02:00")
    for bad in ({"owner": "8"}, {"stage": "1"}, {"group": "1"}):
        crm.call(
            "POST", "deals", crm.body(**{"group": "7", "stage": "31", "owner": "9", **bad}), 400
        )
    assert crm.sandbox.state()["account"] == "Acme"


def test_fields_keep_the_ids_and_tags_that_their_names_tell() -> None:
    """The close date moves to the account's id; built-in and read-only names are no fields."""
    crm = Rehearsal(like=ACCOUNT)
    rows = {one["fieldLabel"]: one for one in crm.get("dealCustomFieldMeta")["dealCustomFieldMeta"]}
    assert set(rows) == {"Region", "Source id", "Forecasted Close Date", "Size", "Paid"}
    assert (rows["Region"]["id"], rows["Region"]["fieldType"]) == ("7", "multiselect")
    assert rows["Region"]["fieldOptions"] == ["Norway"]
    assert (rows["Source id"]["id"], rows["Source id"]["personalization"]) == (
        "12",
        "DEAL_SOURCE_ID",
    )
    close = rows["Forecasted Close Date"]
    assert (close["id"], close["personalization"], close["knownFieldId"]) == ("3", FORECAST, 13)
    assert (rows["Size"]["personalization"], rows["Size"]["fieldType"]) == (
        "DEAL_SIZE_2",
        "dropdown",
    )
    assert len({one["id"] for one in rows.values()}) == len(rows)
    assert [one["title"] for one in crm.get("fields")["fields"]] == ["City"]


def test_the_close_date_is_there_even_where_the_file_does_not_tell() -> None:
    """Under its usual id, or another one where that is taken; found by its tag in any case."""
    for fields, id in (({}, "7"), ({"7": FieldInfo("7", "Region", "text")}, "8")):
        crm = Rehearsal(like=replace(ACCOUNT, fields={ObjectType.DEALS: fields}))
        rows = crm.get("dealCustomFieldMeta")["dealCustomFieldMeta"]
        assert [one["id"] for one in rows if one["personalization"] == FORECAST] == [id]
        assert len(rows) == len(fields) + 1


def test_an_account_without_details_keeps_the_sandboxs_own() -> None:
    """What the file does not tell stays as it is in an empty sandbox."""
    crm = Rehearsal(like={"id": "demo", "pipelines": [], "owners": []})
    assert crm.get("users")["meta"] == {"total": "4"}
    assert crm.stored(crm.deal())["currency"] == "usd"


def test_a_time_zone_that_is_none_is_an_error_for_the_user() -> None:
    """It is told like anything else that is no account."""
    odd = {"id": "1", "pipelines": [], "owners": [], "time_zone": "Moon/Base"}
    with pytest.raises(InputError, match="describe"):
        ActiveCampaignSandbox(like=odd)
