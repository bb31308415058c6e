"""Moves of accounts that are not tidy: nothing is lost without a word, nothing is doubled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import polars as pl
import pytest

from migrator.errors import InputError, Locked
from migrator.export import Spool, statuses, surveyed, write_export
from migrator.model import DealStatus, ObjectType, Pipeline, Stage
from migrator.runs.emptying import Emptying, find_tasks
from migrator.runs.target import connected, folder_lock
from migrator.template import distinct_places, moving_template, parse_template, with_closing_stages
from tests.exports import Reader, filled, rehearsal, rows_of
from tests.test_emptying import emptied
from tests.test_moving import fetched, loaded

if TYPE_CHECKING:
    from pathlib import Path

DEALS = ObjectType.DEALS


@pytest.mark.parametrize("target", ["hubspot", "brevo"])
def test_deals_that_are_closed_in_any_stage(target: str, tmp_path: Path) -> None:
    """Where a status is no stage, deals keep it: the other pipeline gets a stage for it."""
    source = filled("activecampaign", tmp_path / "a", 8)
    deals = source.sandbox.records("deals")
    for deal, status in zip(deals[:2], ("1", "2"), strict=True):
        source.clock.run(source.clock.sleep(2))
        body = {"deal": {"status": status, "stage": deals[0]["stage"]}}
        source.stranger().put(f"/api/3/deals/{deal['id']}", json=body).raise_for_status()
    there = rehearsal(target, tmp_path / "b")
    _, report = loaded(there, fetched(source, target))
    assert (report.rows["created"], report.rows["rejected"]) == (8, 0)


def test_closing_stages() -> None:
    """A stage is added for a status that a pipeline's deals have and none of its stages says."""
    pipelines = (
        Pipeline("1", "A", (Stage("s", "New"),)),
        Pipeline("2", "B", (Stage("t", "Done", DealStatus.WON),)),
    )
    found = with_closing_stages(
        pipelines, {("A", DealStatus.LOST), ("B", DealStatus.WON), ("B", DealStatus.LOST)}
    )
    assert [[stage.label for stage in one.stages] for one in found] == [
        ["New", "Lost"],
        ["Done", "Lost"],
    ]
    template = parse_template(moving_template(distinct_places(found), ()))
    assert [one.label for one in template.provision().pipelines] == ["A", "B"]
    assert parse_template(moving_template(distinct_places(()), ())).provision().pipelines == ()


def test_options_that_get_ids_when_they_are_made(tmp_path: Path) -> None:
    """The first load into a new choice writes its values, whatever the CRM calls them inside."""
    for vendor in ("brevo", "activecampaign", "hubspot"):
        there = rehearsal(vendor, tmp_path / vendor)
        template = there.template(
            "name: t\nkey: {from: id}\nfields:\n  name: {from: title}\n  stage: {from: stage}\n"
            "  pipeline: {default: Renewals}\n  custom.kind: {from: kind}\n"
            "  companies: {from: company, on_missing: create}\n"
            "create:\n  fields:\n"
            "    - {name: kind, label: Kind, kind: choice, options: [New business, Renewal]}\n"
            "  pipelines:\n    - label: Renewals\n      stages: [{label: Due}]\n"
        )
        source = there.source("id,title,stage,kind,company\nk1,A,Due,New business,F\n")
        report = there.load(template, source)
        assert (report.rows["created"], report.turned_down) == (1, 0)
        there.clock.run(there.clock.sleep(60))
        assert there.verify().agrees


def test_a_deal_and_its_copy(tmp_path: Path) -> None:
    """Two deals with one source key are two in the other CRM as well."""
    source = filled("brevo", tmp_path / "a", 3)
    (first, *_) = source.sandbox.records("deals")
    copy = {"name": "Copy", "attributes": {"migrator_key": "k1"}}
    source.stranger().post("/crm/deals", json=copy).raise_for_status()
    source.clock.run(source.clock.sleep(60))
    there = rehearsal("hubspot", tmp_path / "b")
    request = fetched(source, "hubspot")
    keys = pl.read_parquet(request.files[0])["key"].to_list()
    assert sum(key.startswith("brevo/") for key in keys) == 2
    assert loaded(there, request)[1].rows["created"] == 4
    assert first


def test_companies_keep_their_names(tmp_path: Path) -> None:
    """A company is created by its name; those that share one are told apart by their domains."""
    source = filled("hubspot", tmp_path / "a", 5)
    client = source.stranger()
    firms = source.sandbox.records("companies")
    for firm, name, domain in zip(
        firms,
        ("Acme Incorporated", "Same", "Same"),
        ("acme.com", "one.com", "two.com"),
        strict=False,
    ):
        body = {"properties": {"name": name, "domain": domain}}
        client.patch(f"/crm/v3/objects/companies/{firm['id']}", json=body).raise_for_status()
    there = rehearsal("brevo", tmp_path / "b")
    planned, _ = loaded(there, fetched(source, "brevo"))
    names = {firm["name"] for firm in there.sandbox.records("companies")}
    assert {"Acme Incorporated", "one.com", "two.com"} <= names
    assert any("their other fields" in line for line in planned.run.settings["request"]["stays"])


def test_texts_that_are_none(tmp_path: Path) -> None:
    """Half a surrogate pair and an amount of forty digits do not stop an export."""
    with Spool(tmp_path / "records.ndjson") as spool:
        rows = [
            {"id": "1", "record": "v/a/deals/1", "key": "1", "name": "half \ud83d", "amount": "1"},
            {"id": "2", "record": "v/a/deals/2", "key": "2", "name": "b", "amount": "9" * 40},
        ]
        spool.add(rows)
        target = tmp_path / "out.parquet"
        count, _ = write_export(surveyed(DEALS, spool), spool, {}, target)
    found = rows_of(target)
    assert (count, found["2"]["amount"], found["1"]["name"][:5]) == (2, "9" * 40, "half ")


def test_statuses_of_an_export(tmp_path: Path) -> None:
    """Which statuses deals of a pipeline have is read from the file."""
    source = filled("hubspot", tmp_path, 8)
    target = tmp_path / "out.parquet"
    Reader(source).export(target)
    assert statuses(target) == {("Renewals", status) for status in DealStatus}


def test_one_process_an_export(tmp_path: Path) -> None:
    """A second process does not go on with an export while the first one does."""
    expected = pytest.raises(Locked, match="Another process works")
    with folder_lock(tmp_path), expected, folder_lock(tmp_path):
        pass
    (tmp_path / "file").write_text(json.dumps({}))
    there = rehearsal("hubspot", tmp_path / "a")
    with pytest.raises(InputError, match="Nothing was read"):
        Reader(there).export(tmp_path / "file" / "out.csv")


def test_a_name_before_an_id(tmp_path: Path) -> None:
    """What is called as something else is numbered is taken by its name; two of a name are told."""
    there = filled("activecampaign", tmp_path, 4)
    (pipeline,) = (one for one in there.account().pipelines if one.label == "Renewals")
    client = there.stranger()
    for stage, title in zip(pipeline.stages[:2], (pipeline.stages[2].id, "Twice"), strict=True):
        there.clock.run(there.clock.sleep(2))
        body = {"dealStage": {"title": title}}
        client.put(f"/api/3/dealStages/{stage.id}", json=body).raise_for_status()
    there.clock.run(there.clock.sleep(2))
    body = {"dealStage": {"title": "Twice"}}
    client.put(f"/api/3/dealStages/{pipeline.stages[3].id}", json=body).raise_for_status()
    with pytest.raises(InputError, match='Several are called "Twice"'):
        emptied(there, Emptying("Renewals", "Twice", "Won"))
    report = emptied(there, Emptying("Renewals", pipeline.stages[2].id, "Won"))
    assert report.rows["updated"] == 1


def test_a_title_of_a_kind_before_an_id(tmp_path: Path) -> None:
    """A kind of task is taken by its title where that is another one's id; two of one are told."""
    there = rehearsal("activecampaign", tmp_path)
    client = there.stranger()
    types = client.get("/api/3/dealTasktypes").json()["dealTasktypes"]
    first, second, third = (one["id"] for one in types[:3])
    body = {"dealTasktype": {"title": first}}
    there.clock.run(there.clock.sleep(2))
    client.put(f"/api/3/dealTasktypes/{second}", json=body).raise_for_status()
    space = there.workspace()

    async def main(kind: str) -> str:
        async with connected(there.target, space) as session:
            return (await find_tasks(space, session, kind, third)).old[0]

    def renamed(request: httpx.Request) -> httpx.Response:
        answer = there.answer(request)
        if not request.url.path.endswith("/dealTasktypes"):
            return answer
        content = answer.json()
        for one in content["dealTasktypes"][:2]:
            one["title"] = "Same"
        return httpx.Response(200, json=content)

    assert there.clock.run(main(first)) == second
    there.wrap = lambda _: httpx.MockTransport(renamed)
    with pytest.raises(InputError, match=f'are called "same": name the id \\({first}, {second}'):
        there.clock.run(main("same"))
    space.close()
