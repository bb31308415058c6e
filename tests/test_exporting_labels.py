"""Labels of links in an exported file: complete, resumed, and told to whoever loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from migrator.errors import MigratorError
from migrator.export import LINKS, Spool, labels_left_behind, surveyed, write_export
from migrator.model import ObjectType
from migrator.report import remarks_of
from tests.exports import DEALS, Reader, filled, plan_narrow, rehearsal, rows_of
from tests.test_exporting import Dying, runs_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal

CONTACTS, COMPANIES = ObjectType.CONTACTS, ObjectType.COMPANIES
ROOT = "/crm/associations/2026-03/deals"
ROLE = "Decision Maker"


def labelled(folder: Path, count: int = 60) -> Rehearsal:
    """An account whose deals have links with labels: each to its company, one to its contact."""
    there = filled("hubspot", folder, count)
    Reader(there).export(folder / "before.csv")
    rows = rows_of(folder / "before.csv")
    _give(
        there, "companies", "Supplier; main", [(row, row["company_ids"]) for row in rows.values()]
    )
    _give(there, "contacts", ROLE, [(rows["k7"], rows["k7"]["contact_ids"])])
    return there


def _give(there: Rehearsal, to: str, label: str, links: list[tuple[dict[str, str], str]]) -> None:
    client = there.stranger()
    answer = client.post(f"{ROOT}/{to}/labels", json={"label": label, "name": to})
    number = answer.raise_for_status().json()["results"][0]["typeId"]
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": number}]
    inputs = [
        {"from": {"id": row["record"].rpartition("/")[2]}, "to": {"id": id_}, "types": types}
        for row, id_ in links
    ]
    client.post(f"{ROOT}/{to}/batch/create", json={"inputs": inputs}).raise_for_status()


def test_a_file_tells_who_is_what(tmp_path: Path) -> None:
    """Beside the names of links stands what each is called, in columns of their own."""
    there = labelled(tmp_path)
    for ending in ("csv", "parquet", "ndjson"):
        Reader(there).export(tmp_path / f"out.{ending}")
    rows = rows_of(tmp_path / "out.csv")
    assert rows["k7"]["contact_labels"] == f"p7@example.com: {ROLE}"
    assert rows["k7"]["company_labels"] == 'Firm 2: "Supplier; main"'
    assert [key for key, row in rows.items() if row["contact_labels"]] == ["k7"]
    assert all(row["company_labels"] for row in rows.values())
    parquet = pl.read_parquet(tmp_path / "out.parquet")
    ndjson = pl.read_ndjson(tmp_path / "out.ndjson")
    assert parquet["company_labels"].to_list() == ndjson["company_labels"].to_list()
    names = list(rows["k7"])
    assert names[names.index("contacts") : names.index("contact_ids")] == [
        "contacts", "companies", "contact_labels", "company_labels"
    ]  # fmt: skip


def test_without_labels_there_is_no_column_for_them(tmp_path: Path) -> None:
    """Files of accounts that know nothing of labels are as they were."""
    there = filled("hubspot", tmp_path, 3)
    Reader(there).export(tmp_path / "out.csv")
    assert not [name for name in rows_of(tmp_path / "out.csv")["k1"] if name.endswith("_labels")]


def test_wherever_an_export_with_labels_dies_it_goes_on(tmp_path: Path) -> None:
    """Stopped at any request, it goes on, and the file is that of one that was never stopped."""
    there = labelled(tmp_path, 40)
    whole = tmp_path / "whole.csv"
    Reader(there).export(whole)
    stopped = 0
    for at in range(30):
        target = tmp_path / f"stopped-{at}.csv"
        there.wrap = lambda inner, at=at: Dying(inner, at)  # type: ignore[misc]
        begun = runs_of(there)
        try:
            Reader(there).export(target)
        except MigratorError:
            there.wrap = lambda inner: inner
            if runs_of(there) == begun:
                continue  # it had not begun: nobody knew yet which account it is
            stopped += 1
            Reader(there).go_on()
        assert rows_of(target) == rows_of(whole)
    assert 5 < stopped < 30


def test_a_load_says_which_labels_stay(tmp_path: Path) -> None:
    """By name and number, in the plan and in the report; changes of the account itself do not."""
    there = labelled(tmp_path / "there")
    target = tmp_path / "out.csv"
    Reader(there).export(target)
    other = rehearsal("brevo", tmp_path / "other")
    (left,) = (
        line
        for line in remarks_of(other.plan("migrator", str(target)).run)
        if line.startswith("Links come without")
    )
    assert left == (
        f"Links come without their labels: of contacts {ROLE} (1); "
        "of companies Supplier; main (60)."
    )
    run = plan_narrow(there, target, "description").run
    assert not [line for line in remarks_of(run) if "labels" in line]


def test_roles_are_exported(tmp_path: Path) -> None:
    """Where secondary contacts have roles, these are their labels."""
    there = filled("activecampaign", tmp_path, 6)
    client = there.stranger()
    contacts = client.get("/api/3/contacts").json()["contacts"]
    deal = client.get("/api/3/deals").json()["deals"][0]
    role = client.post("/api/3/dealRoles", json={"title": ROLE}).json()["dealRole"]["id"]
    other = next(one for one in contacts if one["id"] != deal["contact"])
    content = {"contact": int(other["id"]), "deal": int(deal["id"])}
    made = client.post("/api/3/contactDeals", json={"contactDeal": content}).json()["contactDeal"]
    path = f"/api/3/contactDeals/{made['id']}"
    client.put(path, json={"contactDeal": {"role": int(role)}}).raise_for_status()
    Reader(there).export(tmp_path / "out.csv")
    told = [row["contact_labels"] for row in rows_of(tmp_path / "out.csv").values()]
    assert [one for one in told if one] == [f"{other['email'].lower()}: {ROLE}"]


def test_a_link_without_a_name_is_called_by_its_id(tmp_path: Path) -> None:
    """A label is told also where the linked record has no name in the file."""
    row = {
        "id": "1", "record": "v/1/deals/1", "key": "k1", "name": "D", "contact_ids": ["7"],
        "company_ids": [], "contact_labels": {"7": ["Payer", ROLE]},
    }  # fmt: skip
    target = tmp_path / "out.csv"
    with Spool(tmp_path / "records.ndjson") as spool:
        spool.add([row])
        write_export(surveyed(DEALS, spool), spool, {link: {} for link in LINKS[DEALS]}, target)
    assert rows_of(target)["k1"]["contact_labels"] == f"7: Payer;7: {ROLE}"


@pytest.mark.parametrize("cells", [[], [None], ["nothing of the kind"]])
def test_nothing_stays_where_there_are_no_labels(cells: list[str | None]) -> None:
    """A column that is blank, or was written over by somebody, says of no label that it stays."""
    frame = pl.LazyFrame({"contact_labels": pl.Series(cells, dtype=pl.String)})
    assert labels_left_behind(DEALS, frame, ["contact_labels"]) == ()
    assert labels_left_behind(DEALS, frame, []) == ()
