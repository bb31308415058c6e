"""What a cleanup must not do, whatever the file says and whoever else works in the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from migrator.errors import InputError
from migrator.runs.inputs import Request
from migrator.runs.limits import Limit
from migrator.runs.nightly import Nightly
from migrator.runs.planning import plan_run
from migrator.runs.target import connected
from migrator.template import Match, Narrow
from tests.exports import VENDORS, Reader, filled, plan_narrow, rehearsal, rows_of, run_narrow
from tests.test_cleanup import by_hand, saved_by_excel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal

OWN = "name: own\nkey: {from: id}\nrecord: [record]\nfields:\n"


def exported(there: Rehearsal, folder: Path) -> Path:
    """The account's deals in a CSV."""
    target = folder / "out.csv"
    Reader(there).export(target)
    return target


def codes(there: Rehearsal) -> dict[str, int]:
    """Why rows of the newest run were rejected."""
    space = there.workspace()
    try:
        found: dict[str, int] = space.journal.run().settings["rejected_codes"]
    finally:
        space.close()
    return found


def test_a_smaller_cleanup_deletes_nothing(tmp_path: Path) -> None:
    """A file that changes fewer records than the last one has no missing rows, mirror or not."""
    there = filled("hubspot", tmp_path, 8)
    file = exported(there, tmp_path)
    run_narrow(there, file, "owner")
    few = tmp_path / "few.csv"
    pl.read_csv(file, infer_schema=False).head(2).write_csv(few)
    space = there.workspace()
    request = Request("migrator", (str(few),), narrow=Narrow(("owner",)))

    async def main() -> None:
        async with connected(there.target, space) as session:
            mirror = Nightly(mirror=Limit(100, percent=True), changed_only=True)
            planned = await plan_run(space, request, session, nightly=mirror)
            assert (planned.plan.counts["delete"], planned.run.settings["plan"]["missing"]) == (
                0,
                0,
            )

    there.clock.run(main())
    space.close()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_stage_alone_moves_to_no_other_pipeline(vendor: str, tmp_path: Path) -> None:
    """A stage of another pipeline is turned down also where the file does not name the pipeline."""
    there = filled(vendor, tmp_path, 4)
    account = there.account()
    (other, *_) = (one for one in account.pipelines if one.label != "Renewals")
    file = exported(there, tmp_path)
    stage = pl.lit(other.stages[0].label)
    pl.read_csv(file, infer_schema=False).drop("pipeline").with_columns(stage=stage).write_csv(file)
    report = run_narrow(there, file, "stage")
    assert (report.rows["updated"], codes(there)) == (0, {"other_pipeline": 4})


def test_an_amount_alone_is_in_the_currency_that_is_there(tmp_path: Path) -> None:
    """A row that takes another currency for granted does not change the amount."""
    there = filled("hubspot", tmp_path, 2)
    file = exported(there, tmp_path)
    frame = pl.read_csv(file, infer_schema=False).with_columns(amount=pl.lit("5"))
    frame.with_columns(currency=pl.Series(["EUR", "USD"])).write_csv(file)
    assert run_narrow(there, file, "amount").rows["updated"] == 1
    assert codes(there) == {"other_currency": 1}


def test_defaults_are_not_in_the_file(tmp_path: Path) -> None:
    """A field that the template fills for all records is not written when it is not named."""
    there = filled("hubspot", tmp_path, 4)
    file = exported(there, tmp_path)
    template = tmp_path / "own.yaml"
    fields = "  name: {from: name}\n  pipeline: {default: Renewals}\n  stage: {default: Lost}\n"
    template.write_text(OWN + fields, encoding="utf-8")
    frame = pl.read_csv(file, infer_schema=False).select("record", id="key", name=pl.lit("New"))
    frame.write_csv(tmp_path / "narrow.csv")
    before = {key: row["stage"] for key, row in rows_of(file).items()}
    report = run_narrow(there, tmp_path / "narrow.csv", template=str(template))
    assert report.rows["updated"] == 4
    after = rows_of(exported(there, tmp_path))
    assert {key: row["stage"] for key, row in after.items()} == before
    assert {row["name"] for row in after.values()} == {"New"}


def test_nobody_is_created_for_a_link(tmp_path: Path) -> None:
    """A contact that is not there keeps its row waiting, though the template would create it."""
    there = filled("hubspot", tmp_path, 2)
    file = exported(there, tmp_path)
    template = tmp_path / "own.yaml"
    template.write_text(OWN + "  contacts: {from: c, on_missing: create}\n", encoding="utf-8")
    frame = pl.read_csv(file, infer_schema=False).select("record", id="key", c=pl.lit("n@x.test"))
    frame.write_csv(tmp_path / "narrow.csv")
    people = len(there.sandbox.records("contacts"))
    report = run_narrow(there, tmp_path / "narrow.csv", "contacts", template=str(template))
    assert report.rows["parked"] == 2
    assert len(there.sandbox.records("contacts")) == people


def test_one_record_is_changed_once(tmp_path: Path) -> None:
    """Of two rows that name one record in two spellings the second is turned down."""
    there = filled("hubspot", tmp_path, 2)
    file = exported(there, tmp_path)
    frame = pl.read_csv(file, infer_schema=False)
    again = frame.head(1).with_columns(
        record=pl.col("record").str.replace("deals", "%64eals"), key=pl.lit("again")
    )
    pl.concat([frame, again]).with_columns(stage=pl.lit("Lost")).write_csv(file)
    report = run_narrow(there, file, "stage")
    assert (report.rows["updated"], codes(there)) == (2, {"duplicate_record": 1})


@pytest.mark.parametrize("vendor", VENDORS)
def test_accounts_without_a_key_field(vendor: str, tmp_path: Path) -> None:
    """Deals that were loaded without a key field are changed by reference as any others."""
    there = rehearsal(vendor, tmp_path)
    source = there.source(
        "id,title,stage,contact\nk1,A,Due,a@example.com\nk2,B,Due,b@example.com\n"
    )
    template = there.template(
        "name: t\nkey: {from: id}\nfields:\n  name: {from: title}\n  stage: {from: stage}\n"
        "  pipeline: {default: Renewals}\n  contacts: {from: contact, on_missing: create}\n"
        "create:\n  pipelines:\n    - label: Renewals\n"
        "      stages: [{label: Due}, {label: Talks}]\n"
    )
    space = there.workspace()

    async def main() -> str:
        async with connected(there.target, space) as session:
            asked = Nightly(keyless=True)
            planned = await plan_run(space, Request(template, (source,)), session, nightly=asked)
            return planned.run.id

    run_id = there.clock.run(main())
    assert there.execute(space.journal.run(run_id)).rows["created"] == 2
    space.close()
    there.clock.run(there.clock.sleep(60))
    file = exported(there, tmp_path)
    pl.read_csv(file, infer_schema=False).with_columns(stage=pl.lit("Talks")).write_csv(file)
    assert run_narrow(there, file, "stage").rows["updated"] == 2


def test_a_kept_plan_that_is_old(tmp_path: Path) -> None:
    """What a person changed since the plan stops it before it writes, and is planned anew."""
    there = filled("hubspot", tmp_path, 4)
    file = exported(there, tmp_path)
    saved_by_excel(file, tmp_path / "edited.csv", lambda _, __: {"stage": "Lost"})
    planned = plan_narrow(there, tmp_path / "edited.csv", "stage")
    record = rows_of(file)["k1"]["record"]
    by_hand(there, record, stage="Won")
    with pytest.raises(InputError, match=r"changed in the account since run .* was planned"):
        there.execute(planned.run)
    stages = {key: row["stage"] for key, row in rows_of(exported(there, tmp_path)).items()}
    assert stages["k1"] == "Won"
    assert "Won" in (planned.inputs.folder / "changes.csv").read_text(encoding="utf-8")
    assert there.execute(planned.run).rows["updated"] == 3


def test_what_is_no_deal(tmp_path: Path) -> None:
    """An export of companies is not taken for one of deals, narrow or not."""
    from migrator.model import ObjectType  # noqa: PLC0415  # beside its one use

    there = filled("brevo", tmp_path, 4)
    target = tmp_path / "firms.csv"
    Reader(there).export(target, ObjectType.COMPANIES)
    deals = len(there.sandbox.records("deals"))
    with pytest.raises(InputError, match="is an export of companies"):
        there.load("migrator", str(target))
    with pytest.raises(InputError, match="is an export of companies"):
        plan_narrow(there, target, "owner", match=Match.KEY)
    assert len(there.sandbox.records("deals")) == deals
