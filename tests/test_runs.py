"""A run from its files to its books, in a sandbox in this process."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import httpx
import polars as pl
import pytest

from migrator.errors import InputError, Locked, Unauthorized, Unavailable
from migrator.journal import RunState
from migrator.runs.checking import check_files
from migrator.runs.inputs import Request
from migrator.runs.limits import Limit
from migrator.runs.target import account_lock, target_from
from tests.support import TEMPLATE, Rehearsal, deals


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    """A sandbox and an empty workspace."""
    return Rehearsal(tmp_path)


def test_every_row_has_an_outcome_and_the_account_holds_them(rehearsal: Rehearsal) -> None:
    """Counts and sums of the report, the account and the source are the same."""
    source = rehearsal.source(deals(250))
    report = rehearsal.load(rehearsal.template(), source)
    assert report.rows["created"] == report.source_rows == 250
    assert report.adds_up
    assert report.turned_down == 0
    held = rehearsal.sandbox.records("deals")
    assert Counter(r["migrator_key"] for r in held) == Counter(f"k{n}" for n in range(1, 251))
    expected = sum((Decimal(f"{n}.50") for n in range(1, 251)), Decimal(0))
    assert sum((Decimal(r["amount"]) for r in held), Decimal(0)) == expected
    by_currency = [s for s in report.sums if s.dimension == "currency"]
    assert sum((s.amount for s in by_currency), Decimal(0)) == expected
    result = rehearsal.verify()
    assert result.agrees
    assert result.checked == 250


def test_a_second_run_finds_nothing_to_do(rehearsal: Rehearsal) -> None:
    """Loading the same file again creates and updates nothing."""
    source, template = rehearsal.source(deals(120)), rehearsal.template()
    rehearsal.load(template, source)
    writes = _writes(rehearsal)
    report = rehearsal.load(template, source)
    assert report.rows["unchanged"] == 120
    assert _writes(rehearsal) == writes


def _writes(rehearsal: Rehearsal) -> int:
    return sum(
        n
        for name, n in rehearsal.sandbox.requests.items()
        if "create" in name or "update" in name or "upsert" in name
    )


def test_a_changed_row_is_updated_alone(rehearsal: Rehearsal) -> None:
    """One changed amount is one update of one field; the value before is kept."""
    template = rehearsal.template()
    rehearsal.load(template, rehearsal.source(deals(50)))
    changed = deals(50, amount=lambda n: "999.00" if n == 7 else f"{n}.50")
    planned = rehearsal.plan(template, rehearsal.source(changed))
    assert planned.plan.counts["update"] == 1
    assert planned.plan.counts["unchanged"] == 49
    changes = pl.read_parquet(planned.run.settings["files"]["plan"]).filter(action="update")
    assert changes.select("before", "after").rows() == [('{"amount":"7.5"}', '{"amount":"999"}')]
    report = rehearsal.execute(planned.run)
    assert report.rows["updated"] == 1
    held = {r["migrator_key"]: r["amount"] for r in rehearsal.sandbox.records("deals")}
    assert held["k7"] == "999"


def test_blank_cells_never_overwrite(rehearsal: Rehearsal) -> None:
    """A blank in the file leaves what the account holds."""
    template = rehearsal.template()
    rehearsal.load(template, rehearsal.source(deals(3)))
    report = rehearsal.load(template, rehearsal.source(deals(3, amount=lambda _: "")))
    assert report.rows["unchanged"] == 3


@pytest.mark.parametrize(
    ("policy", "expected"), [("overwrite", "9"), ("fill_blank", "1.5"), ("never", "1.5")]
)
def test_on_conflict(rehearsal: Rehearsal, policy: str, expected: str) -> None:
    """Only ``overwrite`` replaces a value that the account has."""
    text = TEMPLATE.replace("{from: amount}", f"{{from: amount, on_conflict: {policy}}}")
    template = rehearsal.template(text)
    rehearsal.load(template, rehearsal.source(deals(1)))
    rehearsal.load(template, rehearsal.source(deals(1, amount=lambda _: "9.00")))
    (record,) = rehearsal.sandbox.records("deals")
    assert record["amount"] == expected
    assert rehearsal.verify().agrees


def test_one_bad_row_costs_one_row(rehearsal: Rehearsal) -> None:
    """An unknown stage rejects its row, with a hint; the mended file writes one more."""
    template = rehearsal.template()
    bad = deals(300, stage=lambda n: "Qualifed To Buy" if n == 150 else "Qualified To Buy")
    report = rehearsal.load(template, rehearsal.source(bad))
    assert (report.rows["created"], report.rows["rejected"]) == (299, 1)
    assert report.adds_up
    rejects = pl.read_csv(report.files["rejects"], infer_schema=False)
    assert rejects.columns[:4] == ["id", "title", "stage", "amount"]
    (row,) = rejects.to_dicts()
    assert (row["id"], row["_record"], row["_line"]) == ("k150", "150", "151")
    assert (row["_field"], row["_code"], row["_value"]) == (
        "stage",
        "unknown_stage",
        "Qualifed To Buy",
    )
    assert "Qualified To Buy" in row["_error"]
    mended = report.files["rejects"]
    text = rehearsal.folder.joinpath("mended.csv")
    with open(mended, encoding="utf-8") as stream:  # noqa: PTH123
        text.write_text(stream.read().replace("Qualifed", "Qualified"), encoding="utf-8")
    again = rehearsal.load(template, str(text))
    assert again.rows["created"] == again.source_rows == 1
    assert len(rehearsal.keys()) == 300


@pytest.mark.parametrize("turned_down_by", ["rule", "crm"])
def test_ten_thousand_deals_with_one_bad_row(rehearsal: Rehearsal, turned_down_by: str) -> None:
    """9,999 are written, one is named; the mended file writes exactly that one."""
    template = rehearsal.template(
        TEMPLATE.replace("  owner:", "  custom.contract_no: {from: contract}\n  owner:")
    )
    unique = {"name": "contract_no", "label": "Contract", "groupName": "dealinformation"}
    unique |= {"type": "string", "fieldType": "text", "hasUniqueValue": True}  # type: ignore[dict-item]
    rehearsal.stranger().post("/crm/v3/properties/deals", json=unique).raise_for_status()
    title = (lambda n: "" if n == 5_000 else f"Deal {n}") if turned_down_by == "rule" else str
    planned = rehearsal.plan(template, rehearsal.source(deals(10_000, title=title, contract=str)))
    with rehearsal.stranger() as person:
        taken = {"dealname": "X", "dealstage": "closedwon", "contract_no": "5000"}
        if turned_down_by == "crm":  # after the plan, which would have known
            made = person.post("/crm/v3/objects/deals", json={"properties": taken})
        report = rehearsal.execute(planned.run)
        if turned_down_by == "crm":
            person.delete(f"/crm/v3/objects/deals/{made.json()['id']}").raise_for_status()
    assert report.rows["created"] == 9_999
    assert report.rows["rejected" if turned_down_by == "rule" else "refused"] == 1
    assert report.adds_up
    (row,) = pl.read_csv(report.files["rejects"], infer_schema=False).to_dicts()
    assert row["id"] == "k5000"
    if turned_down_by == "crm":
        assert "already has that value" in row["_error"]
    mended = deals(10_000, contract=str)
    report = rehearsal.load(template, rehearsal.source(mended, "mended.csv"))
    assert report.rows["created"] == 1
    assert len(set(rehearsal.keys())) == len(rehearsal.keys()) == 10_000


def test_contacts_and_companies_are_linked(rehearsal: Rehearsal) -> None:
    """Companies are created once and linked; unknown contacts park their deals by policy."""
    source = rehearsal.source(
        deals(
            20,
            company=lambda n: f"Firm {n % 3}",
            contact=lambda n: "nobody@example.com" if n == 4 else "",
        )
    )
    report = rehearsal.load(rehearsal.template(), source)
    assert (report.rows["created"], report.rows["parked"]) == (19, 1)
    assert report.parents_created == 3
    links = rehearsal.sandbox.associations("deals", "companies")
    assert len(links) == 19
    assert len({company for linked in links.values() for company in linked}) == 3
    (row,) = pl.read_csv(report.files["rejects"], infer_schema=False).to_dicts()
    assert row["_code"] == "parked"
    assert "nobody@example.com" in row["_error"]


def test_missing_contacts_can_be_skipped_or_created(rehearsal: Rehearsal) -> None:
    """``skip_link`` writes the deal without it, ``create`` makes the contact, once."""
    source = rehearsal.source(deals(4, contact=lambda n: f"Person{n % 2}@example.com"))
    planned = rehearsal.plan(rehearsal.template(contacts="skip_link"), source)
    assert planned.plan.skipped_links == 4
    report = rehearsal.load(rehearsal.template(contacts="create"), source)
    assert (report.rows["created"], report.parents_created) == (4, 2)
    links = rehearsal.sandbox.associations("deals", "contacts")
    assert sorted(len(to) for to in links.values()) == [1, 1, 1, 1]
    again = rehearsal.load(rehearsal.template(contacts="create"), source)
    assert (again.rows["unchanged"], again.parents_created) == (4, 0)


def test_a_link_that_is_new_is_an_update(rehearsal: Rehearsal) -> None:
    """A deal that is the same but lacks a link gets just that link."""
    template = rehearsal.template()
    rehearsal.load(template, rehearsal.source(deals(5)))
    linked = rehearsal.source(deals(5, company=lambda _: "Acme"))
    report = rehearsal.load(template, linked)
    assert report.rows["updated"] == 5
    assert len(rehearsal.sandbox.associations("deals", "companies")) == 5
    assert rehearsal.load(template, linked).rows["unchanged"] == 5


def test_a_file_that_only_fixes_owners_updates_them(rehearsal: Rehearsal) -> None:
    """A record that is there needs no name and no stage to be updated; a new one does."""
    rehearsal.load(rehearsal.template(), rehearsal.source(deals(5)))
    owner = next(iter(rehearsal.account().owners)).email
    template = rehearsal.template("name: owners\nkey: {from: id}\nfields: {owner: {from: owner}}\n")
    rows = "".join(f"k{n},{owner}\n" for n in range(1, 8))
    report = rehearsal.load(template, rehearsal.source("id,owner\n" + rows))
    assert (report.rows["updated"], report.rows["rejected"]) == (5, 2)
    assert report.adds_up
    assert report.codes == {"missing_stage": 2}
    assert all("hubspot_owner_id" in record for record in rehearsal.sandbox.records("deals"))


def test_a_new_account_is_not_searched_for_what_it_cannot_hold(rehearsal: Rehearsal) -> None:
    """10,000 new deals cost 100 batches: an account without the key field holds no key."""
    rehearsal.load(rehearsal.template(), rehearsal.source(deals(1_000)))
    batches = {name: n for name, n in rehearsal.sandbox.requests.items() if "batch" in name}
    assert batches == {"POST objects/{type}/batch/create": 10}


def test_a_dry_run_is_dry(rehearsal: Rehearsal) -> None:
    """A plan sends no request that changes anything, not even to create fields."""
    rehearsal.plan(rehearsal.template(), rehearsal.source(deals(10)))
    assert all(
        name.startswith("GET") or name.endswith(("/read", "/search"))
        for name in rehearsal.sandbox.requests
    )
    assert rehearsal.sandbox.records("deals") == []


def test_pipelines_are_created_when_asked_for(rehearsal: Rehearsal) -> None:
    """A template's own pipeline is created, and the plan is made again with its real ids."""
    text = TEMPLATE.replace("Sales Pipeline", "Bespoke").replace(
        "fields:",
        "create:\n  pipelines:\n    - label: Bespoke\n      stages:\n"
        "        - {label: Qualified To Buy}\n        - {label: Won, status: won}\nfields:",
    )
    template = rehearsal.template(text)
    planned = rehearsal.plan(template, rehearsal.source(deals(12)))
    assert planned.plan.counts["create"] == 12
    assert [p.label for p in planned.missing.pipelines] == ["Bespoke"]
    report = rehearsal.execute(planned.run)
    assert report.rows["created"] == 12
    assert rehearsal.verify().agrees


def test_a_plan_refuses_an_account_that_changed_since(rehearsal: Rehearsal) -> None:
    """Somebody's new stage between plan and run stops the run before anything is written."""
    planned = rehearsal.plan(rehearsal.template(), rehearsal.source(deals(2)))
    client = rehearsal.stranger()
    body = {"label": "New", "displayOrder": 9, "metadata": {"probability": "0.5"}}
    client.post("/crm/v3/pipelines/deals/default/stages", json=body).raise_for_status()
    with pytest.raises(InputError, match="was changed since"):
        rehearsal.execute(planned.run)
    assert rehearsal.sandbox.records("deals") == []


def test_another_source_or_template_is_refused(rehearsal: Rehearsal) -> None:
    """Going on with a run whose file or template was edited is an error, not a mixture."""
    template, source = rehearsal.template(), rehearsal.source(deals(2))
    planned = rehearsal.plan(template, source)
    rehearsal.source(deals(3))
    with pytest.raises(InputError, match=r"source of run .*deals\.csv.* was changed"):
        rehearsal.execute(planned.run)
    rehearsal.source(deals(2))
    rehearsal.template(TEMPLATE.replace("rules: [required]", "rules: []"))
    with pytest.raises(InputError, match=r"template of run .* was changed"):
        rehearsal.execute(planned.run)


def test_a_sample_goes_first_and_is_not_done_twice(rehearsal: Rehearsal) -> None:
    """A sample holds the edge cases; the rest of the run writes the others, each once."""
    source = rehearsal.source(
        deals(
            200,
            amount=lambda n: "1000000.00" if n == 77 else "1.00",
            title=lambda n: "Ünïcode deal" if n == 55 else f"Deal {n}",
        )
    )
    report = rehearsal.load(rehearsal.template(), source, sample=10)
    assert report.state == RunState.SAMPLED
    assert (report.rows["created"], report.rows["left"]) == (10, 190)
    assert {"k77", "k55"} <= set(rehearsal.keys())
    space = rehearsal.workspace()
    run = space.journal.run()
    space.close()
    report = rehearsal.execute(run)
    assert report.rows["created"] == 200
    assert Counter(rehearsal.keys()) == Counter(f"k{n}" for n in range(1, 201))


def test_too_many_rejects_stop_before_anything_is_written(rehearsal: Rehearsal) -> None:
    """--max-rejects is a promise about the account: nothing is written when it is exceeded."""
    source = rehearsal.source(deals(10, title=lambda n: "" if n < 4 else "x"))
    with pytest.raises(InputError, match="3 of 10 rows are rejected"):
        rehearsal.plan(rehearsal.template(), source, limit=Limit(2))
    with pytest.raises(InputError, match="--max-rejects 20%"):
        rehearsal.plan(rehearsal.template(), source, limit=Limit(20, percent=True))
    planned = rehearsal.plan(rehearsal.template(), source, limit=Limit(30, percent=True))
    assert planned.run.settings["rejected"] == 3


def test_a_check_needs_no_account(rehearsal: Rehearsal) -> None:
    """A check of a file counts and names its rejects without any secret."""
    space = rehearsal.workspace()
    source = rehearsal.source(deals(10, title=lambda n: "" if n == 4 else "x"))
    checked = check_files(space, Request(rehearsal.template(), (source,)))
    assert checked.rejected == 1
    data = checked.data()
    assert data["rows"] == 10
    assert data["codes"] == {"required": 1}
    assert json.dumps(data)
    space.close()


def test_one_run_at_a_time_on_an_account(rehearsal: Rehearsal) -> None:
    """A second run on the same account is told so and writes nothing."""
    planned = rehearsal.plan(rehearsal.template(), rehearsal.source(deals(2)))
    with (
        account_lock(rehearsal.target, planned.account.id),
        pytest.raises(Locked, match="Another run"),
    ):
        rehearsal.execute(planned.run)
    assert rehearsal.execute(planned.run).rows["created"] == 2


def test_a_missing_secret_names_the_variable() -> None:
    """Without a token the user is told which variable to set."""
    with pytest.raises(Unauthorized, match="HUBSPOT_TOKEN is not set"):
        target_from("hubspot", {})
    target = target_from("hubspot", {"HUBSPOT_TOKEN": "s3cr3t"})
    assert "s3cr3t" not in repr(target)
    assert target.base_url == "https://api.hubapi.com"


def test_server_down_is_resumable(rehearsal: Rehearsal) -> None:
    """A run against a server that went away stops with "resume", and resumes to the end."""
    planned = rehearsal.plan(rehearsal.template(), rehearsal.source(deals(250)))
    down = True

    async def handle(request: httpx.Request) -> httpx.Response:
        if down and "batch/create" in request.url.path:
            raise httpx.ConnectError("refused", request=request)
        return rehearsal.answer(request)

    rehearsal.wrap = lambda _: httpx.MockTransport(handle)
    with pytest.raises(Unavailable, match="Nothing is lost"):
        rehearsal.execute(planned.run)
    down = False
    report = rehearsal.execute(planned.run)
    assert report.rows["created"] == 250
    assert Counter(rehearsal.keys()) == Counter(f"k{n}" for n in range(1, 251))


def test_verify_misses_links_and_knows_kinds(rehearsal: Rehearsal) -> None:
    """A link that somebody removed is a difference; another spelling of a number is none."""
    stranger = rehearsal.stranger()
    size = {"name": "size", "label": "Size", "groupName": "dealinformation"}
    size |= {"type": "number", "fieldType": "number"}
    stranger.post("/crm/v3/properties/deals", json=size).raise_for_status()
    template = rehearsal.template(
        TEMPLATE.replace("  owner:", "  custom.size: {from: size}\n  owner:")
    )
    source = rehearsal.source(deals(4, company=lambda _: "Acme", size=lambda _: "5"))
    rehearsal.load(template, source)
    for record in rehearsal.sandbox.records("deals"):
        body = {"properties": {"size": "5.0"}}
        stranger.patch(f"/crm/v3/objects/deals/{record['id']}", json=body).raise_for_status()
    assert rehearsal.verify().agrees
    links = rehearsal.sandbox.associations("deals", "companies")
    deal, companies = next(iter(links.items()))
    company = next(iter(companies))
    stranger.delete(
        f"/crm/v4/objects/deals/{deal}/associations/companies/{company}"
    ).raise_for_status()
    result = rehearsal.verify()
    assert not result.agrees
    assert result.unlinked == 1
    assert result.examples[0].field == "companies"


def test_a_run_whose_folder_is_gone_says_so(rehearsal: Rehearsal) -> None:
    """Without its files a run cannot tell what was turned down: it is an error, not a guess."""
    planned = rehearsal.plan(rehearsal.template(), rehearsal.source(deals(3)))
    shutil.rmtree(rehearsal.folder / ".migrator" / "runs" / planned.run.id)
    with pytest.raises(InputError, match="deleted or emptied"):
        rehearsal.execute(planned.run)


def test_the_lock_does_not_mind_how_an_address_is_written(rehearsal: Rehearsal) -> None:
    """A slash or a path at the end, or other letter case, is the same account."""
    target = rehearsal.target
    for url in (target.base_url.upper() + "/", target.base_url + "/api/3", target.base_url + ":80"):
        other = replace(target, base_url=url)
        with account_lock(target, "42"), pytest.raises(Locked), account_lock(other, "42"):
            pass


def test_a_run_that_was_stopped_while_planning_cannot_be_verified(rehearsal: Rehearsal) -> None:
    """It is told so, and a resume says to start again."""
    planned = rehearsal.plan(rehearsal.template(), rehearsal.source(deals(3)))
    space = rehearsal.workspace()
    space.journal.set_state(planned.run.id, RunState.PLANNING)
    space.close()
    with pytest.raises(InputError, match="stopped while it was planned"):
        rehearsal.verify()
    with pytest.raises(InputError, match="Start it again"):
        rehearsal.execute(planned.run)


def test_a_rejected_deal_on_several_lines_comes_back_whole(rehearsal: Rehearsal) -> None:
    """All its lines are in rejects.csv; mended and fed back, its sum is the sum of all lines."""
    text = TEMPLATE + "group: {sum: [amount]}\n"
    template = rehearsal.template(text)
    rows = "k1,Big,Qualifed To Buy,10\nk2,Small,Qualified To Buy,5\n"
    rows += "k1,Big,Qualifed To Buy,20\nk1,Big,Qualifed To Buy,30\n"
    report = rehearsal.load(template, rehearsal.source("id,title,stage,amount\n" + rows))
    assert report.adds_up
    assert (report.rows["created"], report.rows["rejected"], report.rows["merged"]) == (1, 1, 2)
    rejects = pl.read_csv(report.files["rejects"], infer_schema=False)
    assert rejects["amount"].to_list() == ["10", "20", "30"]
    mended = rehearsal.folder / "mended.csv"
    lines = Path(report.files["rejects"]).read_text(encoding="utf-8")
    mended.write_text(lines.replace("Qualifed", "Qualified"), encoding="utf-8")
    report = rehearsal.load(template, str(mended))
    assert (report.rows["created"], report.rows["merged"]) == (1, 2)
    held = {r["migrator_key"]: r["amount"] for r in rehearsal.sandbox.records("deals")}
    assert held == {"k1": "60", "k2": "5"}
