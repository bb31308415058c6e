"""A Brevo sandbox that looks like a real account."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from migrator.model import Account, DealStatus, FieldInfo, ObjectType, Owner, Pipeline, Stage
from tests.brevo.sandbox import Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = "6abbf6c91b0b941f05b2e76d"
KIM = "6abb00000000000000000001"
ACCOUNT = Account(
    vendor="brevo",
    id="5fa2b8c123456789abcdef01",
    name="Acme",
    pipelines=(
        Pipeline(
            PIPELINE,
            "Partner",
            (
                Stage("s1", "In", probability="0.3"),
                Stage("s2", "Talk"),
                Stage("s3", "Won", DealStatus.WON),
                Stage("s4", "Lost", DealStatus.LOST),
            ),
        ),
    ),
    owners=(
        Owner(KIM, "kim@example.com", "Kim Berg"),
        Owner("6abb00000000000000000002", "gone@example.com", "", active=False),
    ),
    fields={
        ObjectType.DEALS: {
            "deal_name": FieldInfo("deal_name", "Title", "text"),
            "region": FieldInfo("region", "Region", "choice", {"no": "Norway"}),
            "tags": FieldInfo("tags", "Tags", "choice", {"x": "X"}, multiple=True),
            "buddy": FieldInfo("buddy", "Buddy", "choice"),
            "signed": FieldInfo("signed", "Signed", "datetime"),
            "score": FieldInfo("score", "Score", "number", read_only=True),
        },
        ObjectType.CONTACTS: {
            "EMAIL": FieldInfo("EMAIL", "E-mail", "text"),
            "AGE": FieldInfo("AGE", "Age", "number"),
        },
        ObjectType.NOTES: {"text": FieldInfo("text", "Text", "text")},
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
def test_a_sandbox_like_an_account_turns_down_what_the_account_would(
    form: str, tmp_path: Path
) -> None:
    """`--like`: pipelines, owners and fields are the account's own, with its own ids."""
    path = written(tmp_path)
    like = {
        "path": path,
        "text": str(path),
        "mapping": json.loads(path.read_text(encoding="utf-8")),
        "account": ACCOUNT,
    }[form]
    crm = Rehearsal(like=like)
    good = {"pipeline": PIPELINE, "deal_stage": "s1", "deal_owner": "kim@example.com"}
    good |= {"region": "no", "tags": ["x"], "buddy": KIM, "signed": "2026-03-01T10:00:00Z"}  # type: ignore[dict-item]
    crm.deal("x", **good)
    for bad in (
        {"deal_stage": "s9"},
        {"deal_owner": "gone@example.com"},
        {"deal_owner": "anna.berg@example.com"},
        {"region": "se"},
        {"tags": ["y"]},
        {"score": 1},
        {"other": "x"},
    ):
        body = {"name": "x", "attributes": {**good, **bad}}
        assert crm.call("POST", "/crm/deals", body, 400)["message"] == "Invalid attribute"
    chances = [one["winProbability"] for one in crm.pipeline()["stages"]]
    assert chances == [30, 100, 100, 0]
    account = crm.get("/account")
    assert account["organization_id"] == ACCOUNT.id
    assert account["companyName"] == "Acme"
    assert account["dateTimePreferences"]["timezone"] == "Europe/Oslo"
    listed = crm.get("/crm/attributes/deals")
    assert listed[0]["label"] == "Title"
    crm.contact(AGE=7, AGES=8)
    assert crm.get("/contacts/1")["attributes"] == {"AGE": 7}


def test_an_account_without_details_keeps_the_sandboxs_own() -> None:
    """What the file does not tell stays as it is in an empty sandbox."""
    crm = Rehearsal(like={"id": "demo", "pipelines": [], "owners": []})
    assert crm.get("/account")["companyName"] == "Sandbox"
    crm.deal("x", deal_owner="anna.berg@example.com", **crm.place(5))
