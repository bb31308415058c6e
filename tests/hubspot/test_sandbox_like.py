"""A HubSpot sandbox that looks like a real account."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from migrator.model import (
    Account,
    DealStatus,
    FieldInfo,
    ObjectType,
    Owner,
    Pipeline,
    Stage,
)
from tests.hubspot.sandbox import Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

PIPELINES = "/crm/pipelines/2026-03/deals"
PROPERTIES = "/crm/properties/2026-03/deals"

ACCOUNT = Account(
    vendor="hubspot",
    id="4711",
    name="Acme",
    pipelines=(
        Pipeline(
            "77",
            "Partner",
            (
                Stage("1", "In", probability="0.3"),
                Stage("2", "Talk"),
                Stage("3", "Won", DealStatus.WON),
                Stage("4", "Lost", DealStatus.LOST),
            ),
        ),
    ),
    owners=(Owner("9", "kim@example.com", "Kim Berg"), Owner("8", "x@example.com", "", False)),
    fields={
        ObjectType.DEALS: {
            "dealstage": FieldInfo("dealstage", "Stage", "choice", {"1": "In"}),
            "region": FieldInfo("region", "Region", "choice", {"no": "Norway"}, multiple=True),
            "ext": FieldInfo("ext", "Ext", "text", unique=True),
            "buddy": FieldInfo("buddy", "Buddy", "choice"),
            "score": FieldInfo("score", "Score", "number", read_only=True),
            "dealname": FieldInfo("dealname", "Title", "text"),
        }
    },
    currency="NOK",
    currencies=("NOK", "SEK"),
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
    """`--like`: pipelines, owners, fields and currencies are the account's own."""
    path = written(tmp_path)
    like = {
        "path": path,
        "text": str(path),
        "mapping": json.loads(path.read_text(encoding="utf-8")),
        "account": ACCOUNT,
    }[form]
    crm = Rehearsal(like=like)
    good = {"dealname": "x", "pipeline": "77", "dealstage": "1", "hubspot_owner_id": "9"}
    good |= {"region": "no", "ext": "e1", "deal_currency_code": "SEK", "buddy": "31"}
    crm.call("POST", crm.objects(), {"properties": good}, 201)
    for bad in (
        {"ext": "e1"},
        {"ext": "e2", "dealstage": "closedwon"},
        {"ext": "e2", "hubspot_owner_id": "8"},
        {"ext": "e2", "deal_currency_code": "USD"},
        {"ext": "e2", "score": "1"},
        {"ext": "e2", "region": "se"},
    ):
        crm.refusal({**good, **bad})
    stages = crm.call("GET", PIPELINES, expect=200)["results"][0]["stages"]
    assert [one["metadata"]["probability"] for one in stages] == ["0.3", "0.5", "1.0", "0.0"]
    details = crm.call("GET", "/account-info/v3/details", expect=200)
    assert (details["portalId"], details["additionalCurrencies"]) == (4711, ["SEK"])
    assert crm.call("GET", f"{PROPERTIES}/dealname", expect=200)["label"] == "Title"


def test_an_account_without_details_keeps_the_sandboxs_own() -> None:
    """What the file does not tell stays as it is in an empty sandbox."""
    crm = Rehearsal(like={"id": "demo", "pipelines": [], "owners": []})
    details = crm.call("GET", "/account-info/v3/details", expect=200)
    assert (details["portalId"], details["companyCurrency"]) == (48_000_001, "USD")
    crm.deal()
