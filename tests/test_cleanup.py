"""A cleanup: export, change a few columns in a spreadsheet, write those, verify, take it back."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from migrator.errors import InputError
from migrator.runs.target import connected
from migrator.runs.undo.undoing import undo
from migrator.template import Match
from tests.exports import VENDORS, Reader, filled, plan_narrow, rehearsal, rows_of, run_narrow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from migrator.runs.undo.undoing import Undo
    from tests.support import Rehearsal

Row = dict[str, Any]

OWNERS, STAGES = 500, 40
COUNT = 560


def saved_by_excel(
    source: Path, target: Path, change: Callable[[int, Row], Mapping[str, str]]
) -> int:
    """The file as a European spreadsheet saves it, with some cells changed; how many rows were.

    Semicolons, a Western code page, other line ends, numbers with a decimal comma.
    """
    frame = pl.read_csv(source, infer_schema=False)
    changed = 0
    with target.open("w", encoding="cp1252", newline="") as stream:
        writer = csv.DictWriter(stream, frame.columns, delimiter=";", lineterminator="\r\n")
        writer.writeheader()
        for number, row in enumerate(frame.rows(named=True)):
            new = change(number, row)
            changed += bool(new)
            shown = row | {"amount": (row["amount"] or "").replace(".", ",")}
            writer.writerow({name: value or "" for name, value in (shown | dict(new)).items()})
    return changed


def cleanup(owners: tuple[str, str]) -> Callable[[int, Row], Mapping[str, str]]:
    """The other owner for the first rows, and "Talks" for those behind them that are due."""
    left = [STAGES]

    def change(number: int, row: Row) -> Mapping[str, str]:
        if number < OWNERS:
            return {"owner": owners[row["owner"] == owners[0]]}
        if left[0] and row["stage"] != "Talks":
            left[0] -= 1
            return {"stage": "Talks"}
        return {}

    return change


def counting(there: Rehearsal) -> list[httpx.Request]:
    """Requests that the account gets from now on."""
    asked: list[httpx.Request] = []

    def wrap(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        async def handle(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return await inner.handle_async_request(request)

        return httpx.MockTransport(handle)

    there.wrap = wrap
    return asked


def writing(requests: list[httpx.Request]) -> list[httpx.Request]:
    """Those that write."""
    reading = ("/batch/read", "/search")
    return [r for r in requests if r.method != "GET" and not r.url.path.endswith(reading)]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_cleanup(vendor: str, tmp_path: Path) -> None:
    """Owners and stages are written and nothing else, verified, and put back.

    All but the deal that a person changed since; in no more requests than the plan has said.
    """
    there = filled(vendor, tmp_path, COUNT)
    before = tmp_path / "before.csv"
    Reader(there).export(before)
    rows = rows_of(before)
    edited = tmp_path / "edited.csv"
    first, second = sorted({row["owner"] for row in rows.values()})
    assert saved_by_excel(before, edited, cleanup((first, second))) == OWNERS + STAGES

    planned = plan_narrow(there, edited, "owner", "stage")
    assert planned.plan.counts["update"] == OWNERS + STAGES
    assert planned.plan.counts["unchanged"] == COUNT - OWNERS - STAGES
    assert planned.run.settings["rejected"] == 0
    changes = _changes(planned.inputs.folder)
    assert {(row["field"], row["before"], row["after"]) for row in changes} >= {
        ("owner", first, second),
        ("owner", second, first),
        ("stage", "Due", "Talks"),
    }
    assert len(changes) == OWNERS + STAGES

    asked = counting(there)
    report = there.execute(planned.run)
    assert report.rows["updated"] == OWNERS + STAGES
    foretold = planned.plan.cost.requests
    assert len(writing(asked)) <= foretold
    there.wrap = lambda inner: inner
    there.clock.run(there.clock.sleep(60))
    assert there.verify().agrees

    after = tmp_path / "after.csv"
    Reader(there).export(after)
    wanted = _rows(edited, delimiter=";")
    for key, row in rows_of(after).items():
        assert (row["owner"], row["stage"]) == (wanted[key]["owner"], wanted[key]["stage"])
        same = row.keys() - {"owner", "stage", "status", "owner_id", "stage_id", "updated_at"}
        assert {name: row[name] for name in same} == {name: rows[key][name] for name in same}

    there.clock.run(there.clock.sleep(3_600))
    moved = next(row for row in wanted.values() if row["stage"] != rows[row["key"]]["stage"])
    named = next(iter(wanted.values()))
    by_hand(there, moved["record"], stage="Lost")
    by_hand(there, named["record"], name="By hand")
    result = _undo(there)
    assert (result.kept, result.failed) == (1, 0)
    again = tmp_path / "again.csv"
    Reader(there).export(again)
    found = rows_of(again)
    assert found[moved["key"]]["stage"] == "Lost"
    assert found[named["key"]]["name"] == "By hand"
    for key in found.keys() - {moved["key"]}:
        assert (found[key]["owner"], found[key]["stage"]) == (
            rows[key]["owner"],
            rows[key]["stage"],
        )


def _changes(folder: Path) -> list[dict[str, str]]:
    with (folder / "changes.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _rows(path: Path, delimiter: str) -> dict[str, dict[str, str]]:
    with path.open(encoding="cp1252", newline="") as stream:
        return {row["key"]: row for row in csv.DictReader(stream, delimiter=delimiter)}


def by_hand(there: Rehearsal, record: str, name: str = "", stage: str = "") -> None:
    """A person gives a deal another name, or puts it into another stage."""
    client, id_ = there.stranger(), record.rpartition("/")[2]
    (pipeline,) = (one for one in there.account().pipelines if one.label == "Renewals")
    (place,) = (one.id for one in pipeline.stages if one.label == (stage or "Due"))
    if there.vendor == "hubspot":
        body: Row = {"properties": {"dealname": name} if name else {"dealstage": place}}
        answer = client.patch(f"/crm/v3/objects/deals/{id_}", json=body)
    elif there.vendor == "brevo":
        where = {"attributes": {"pipeline": pipeline.id, "deal_stage": place}}
        answer = client.patch(f"/crm/deals/{id_}", json={"name": name} if name else where)
    else:
        body = {"deal": {"title": name} if name else {"stage": place}}
        answer = client.put(f"/api/3/deals/{id_}", json=body)
    answer.raise_for_status()


def _undo(there: Rehearsal) -> Undo:
    space = there.workspace()

    async def main() -> Undo:
        async with connected(there.target, space) as session:
            run = next(run for run in reversed(space.journal.runs()) if ":update" in run.template)
            return await undo(space, run, session)

    try:
        return there.clock.run(main())
    finally:
        space.close()


@pytest.mark.parametrize("vendor", VENDORS)
def test_five_hundred_owners(vendor: str, tmp_path: Path) -> None:
    """Five hundred new owners take at most ten requests to write."""
    there = filled(vendor, tmp_path, COUNT)
    before, edited = tmp_path / "before.csv", tmp_path / "edited.csv"
    Reader(there).export(before)
    first, second = sorted({row["owner"] for row in rows_of(before).values()})
    change = cleanup((first, second))
    saved_by_excel(before, edited, lambda n, row: change(n, row) if n < OWNERS else {})
    planned = plan_narrow(there, edited, "owner")
    asked = counting(there)
    assert there.execute(planned.run).rows["updated"] == OWNERS
    assert 0 < len(writing(asked)) <= 10


def test_blank_cells_change_nothing(tmp_path: Path) -> None:
    """A blank cell leaves what is there, and a column that is not named is not even looked at."""
    there = filled("hubspot", tmp_path, 3)
    before, edited = tmp_path / "before.csv", tmp_path / "edited.csv"
    Reader(there).export(before)
    saved_by_excel(before, edited, lambda _, __: {"owner": "", "name": "", "amount": "nonsense"})
    report = run_narrow(there, edited, "owner", "stage")
    assert (report.rows["unchanged"], report.rows["rejected"]) == (3, 0)
    report = run_narrow(there, edited, "amount")
    assert (report.rows["updated"], report.rows["rejected"]) == (0, 3)


def test_nothing_is_created(tmp_path: Path) -> None:
    """A row whose record is gone is turned down and named, and so is one of another account."""
    there = filled("hubspot", tmp_path, 4)
    before, edited = tmp_path / "before.csv", tmp_path / "edited.csv"
    Reader(there).export(before)
    ids = {row["key"]: row["record"] for row in rows_of(before).values()}
    there.stranger().delete(f"/crm/v3/objects/deals/{ids['k2'].rpartition('/')[2]}")

    def change(_: int, row: Row) -> Mapping[str, str]:
        other = row["record"].replace("48000001", "1")
        return {
            "owner": "",
            "stage": "Lost",
            "record": other if row["key"] == "k3" else row["record"],
        }

    saved_by_excel(before, edited, change)
    report = run_narrow(there, edited, "stage")
    assert (report.rows["created"], report.rows["updated"]) == (0, 2)
    space = there.workspace()
    codes = space.journal.run().settings["rejected_codes"]
    space.close()
    assert codes == {"not_in_account": 1, "other_account": 1}


def test_a_deal_that_has_moved(tmp_path: Path) -> None:
    """A stage is not written into a deal that a person moved to another pipeline since."""
    there = filled("hubspot", tmp_path, 2)
    before, edited = tmp_path / "before.csv", tmp_path / "edited.csv"
    Reader(there).export(before)
    row = rows_of(before)["k1"]
    other = {"pipeline": "default", "dealstage": "contractsent"}
    id_ = row["record"].rpartition("/")[2]
    there.stranger().patch(f"/crm/v3/objects/deals/{id_}", json={"properties": other})
    saved_by_excel(before, edited, lambda _, __: {"stage": "Lost"})
    report = run_narrow(there, edited, "stage")
    assert (report.rows["updated"], report.rows["rejected"]) == (1, 1)
    Reader(there).export(before)
    assert rows_of(before)["k1"]["stage_id"] == "contractsent"
    report = run_narrow(there, edited, "pipeline", "stage")
    assert report.rows["updated"] == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_by_bare_id_and_by_key(vendor: str, tmp_path: Path) -> None:
    """Rows name records by the account's own ids, whoever made them, or by their source key."""
    there = filled(vendor, tmp_path, 3)
    before = tmp_path / "before.csv"
    Reader(there).export(before)
    rows = rows_of(before)
    ids = {key: row["record"].rpartition("/")[2] for key, row in rows.items()}
    owner = {row["owner"] for row in rows.values()} - {rows["k1"]["owner"]}
    template = tmp_path / "own.yaml"
    template.write_text("name: own\nkey: {from: id}\nfields:\n  owner: {from: owner}\n")
    for match, name in ((Match.ID, ids["k1"]), (Match.KEY, "k3")):
        file = tmp_path / f"{match}.csv"
        file.write_text(f"id,owner\n{name},{next(iter(owner))}\n", encoding="utf-8")
        there.clock.run(there.clock.sleep(60))
        report = run_narrow(there, file, "owner", match=match, template=str(template))
        assert report.rows["updated"] == (1 if match is Match.ID else 0) or report.adds_up
        assert report.rows["rejected"] == 0
    there.clock.run(there.clock.sleep(60))
    Reader(there).export(before)
    assert rows_of(before)["k1"]["owner"] in owner


def test_what_is_asked_for_must_be_there(tmp_path: Path) -> None:
    """A field that the template does not have, or that cannot stand alone, is refused by name."""
    there = rehearsal("hubspot", tmp_path)
    file = tmp_path / "file.csv"
    file.write_text("key,stage,pipeline,name\nk1,Due,Renewals,x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r'no field "stagge".*Did you mean "stage"'):
        plan_narrow(there, file, "stagge")
    with pytest.raises(InputError, match="--only pipeline,stage"):
        plan_narrow(there, file, "pipeline")
    with pytest.raises(InputError, match="no column with references"):
        plan_narrow(there, file, "stage", match=Match.RECORD)
