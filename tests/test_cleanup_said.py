"""Cleanups: what they do is said, and what they would not do is not passed over in silence."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import polars as pl
import pytest

from migrator.cli.show import plan as shown
from migrator.errors import InputError
from migrator.template import Match
from tests.exports import VENDORS, Reader, filled, plan_narrow, rows_of, run_narrow
from tests.test_cleanup_more import OWN, codes, exported

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal


def cut(file: Path, *columns: str, **values: str) -> Path:
    """The file with some of its columns, some of which say something else."""
    target = file.with_name("cut.csv")
    frame = pl.read_csv(file, infer_schema=False)
    changed = frame.with_columns(pl.lit(value).alias(name) for name, value in values.items())
    changed.select("record", "key", *columns).write_csv(target)
    return target


def changes_of(folder: Path) -> list[dict[str, str]]:
    """The lines of changes.csv."""
    with (folder / "changes.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def fields_of(there: Rehearsal, folder: Path, *names: str) -> list[tuple[str, ...]]:
    """Some fields of all deals, as the account has them by now."""
    there.clock.run(there.clock.sleep(60))
    rows = rows_of(exported(there, folder))
    return [tuple(rows[key][name] or "" for name in names) for key in sorted(rows)]


# -- a status alone --------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("columns", [("status",), ("pipeline", "status")])
def test_a_status_alone(vendor: str, columns: tuple[str, ...], tmp_path: Path) -> None:
    """A status is written though the file has no pipeline: the account knows where deals are."""
    there = filled(vendor, tmp_path, 4)
    file = cut(exported(there, tmp_path), *columns, status="won")
    report = run_narrow(there, file, "status")
    assert (report.rows["updated"], report.rows["rejected"]) == (3, 0)
    assert fields_of(there, tmp_path, "pipeline", "status") == [("Renewals", "won")] * 4
    again = run_narrow(there, file, "status")
    assert again.rows["unchanged"] == 4


@pytest.mark.parametrize("columns", [("status",), ("pipeline", "status")])
@pytest.mark.parametrize("vendor", ["hubspot", "brevo"])
def test_a_closed_deal_needs_a_stage_to_be_opened(
    vendor: str, columns: tuple[str, ...], tmp_path: Path
) -> None:
    """Deals that are open stay where they are; of the closed ones the row says what it lacks."""
    there = filled(vendor, tmp_path, 4)
    before = fields_of(there, tmp_path, "stage", "status")
    planned = plan_narrow(there, cut(exported(there, tmp_path), *columns, status="open"), "status")
    assert (planned.plan.counts["unchanged"], planned.plan.counts["update"]) == (2, 0)
    assert codes(there) == {"reopened_nowhere": 2}
    (said,) = planned.run.settings["examples"].values()
    assert "--only status,stage" in said
    file = cut(exported(there, tmp_path), "pipeline", "stage", "status", status="open", stage="Due")
    assert run_narrow(there, file, "status", "stage").rows["rejected"] == 0
    after = fields_of(there, tmp_path, "stage", "status")
    assert before != after == [("Due", "open")] * 4


def test_a_status_of_a_deal_that_is_gone(tmp_path: Path) -> None:
    """A row whose deal is not there says so, and nothing of its pipeline."""
    there = filled("hubspot", tmp_path, 3)
    file = cut(exported(there, tmp_path), "status", status="won")
    text = file.read_text(encoding="utf-8").replace("30000000001", "777")
    file.write_text(text, encoding="utf-8")
    planned = plan_narrow(there, file, "status")
    assert planned.plan.counts["update"] == 1
    assert codes(there) == {"not_in_account": 1}


# -- rejects ---------------------------------------------------------------------------------------


def test_problems_that_matter(tmp_path: Path) -> None:
    """A row that is turned down is not told what only a new record would lack."""
    there = filled("hubspot", tmp_path, 2)
    file = cut(exported(there, tmp_path), "owner", "amount", owner="nobody@example.com")
    planned = plan_narrow(there, file, "owner", "amount")
    assert codes(there) == {"unknown_owner": 2}
    with (planned.inputs.folder / "rejects.csv").open(encoding="utf-8-sig", newline="") as stream:
        text = stream.read()
    assert "missing_name" not in text
    assert "missing_stage" not in text


# -- policies --------------------------------------------------------------------------------------


def test_a_field_that_is_never_overwritten(tmp_path: Path) -> None:
    """Asked to write what the template never writes, a cleanup says so and does nothing."""
    there = filled("hubspot", tmp_path, 2)
    file = exported(there, tmp_path)
    template = tmp_path / "own.yaml"
    lines = OWN.replace("{from: id}", "{from: key}") + (
        "  owner: {from: owner, on_conflict: never}\n"
        "  name: {from: name}\n"
        "  description: {from: description, on_conflict: fill_blank}\n"
    )
    template.write_text(lines, encoding="utf-8")
    with pytest.raises(InputError, match=r"on_conflict: never of owner.*--only"):
        plan_narrow(there, file, "owner", "name", template=str(template))
    planned = plan_narrow(there, file, template=str(template))
    words = " ".join(shown(planned).split())
    assert "owner stays as it is (on_conflict: never)" in words
    template.write_text(OWN.replace("{from: id}", "{from: key}") + lines.split("\n")[4] + "\n")
    with pytest.raises(InputError, match=r"Say on_conflict: overwrite"):
        plan_narrow(there, file, template=str(template))


def test_a_field_that_is_filled_where_blank(tmp_path: Path) -> None:
    """A field that is only filled where it is blank is said to be."""
    there = filled("hubspot", tmp_path, 2)
    template = tmp_path / "own.yaml"
    lines = "  owner: {from: owner, on_conflict: fill_blank}\n"
    template.write_text(OWN.replace("{from: id}", "{from: key}") + lines, encoding="utf-8")
    planned = plan_narrow(there, exported(there, tmp_path), "owner", template=str(template))
    assert "owner is written only where it is blank" in " ".join(shown(planned).split())


# -- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", ["hubspot", "activecampaign"])
def test_links_are_shown(vendor: str, tmp_path: Path) -> None:
    """changes.csv has the links that are added, and the plan says that none is replaced."""
    there = filled(vendor, tmp_path, 20)
    file = cut(exported(there, tmp_path), "contacts", contacts="p2@example.com")
    planned = plan_narrow(there, file, "contacts")
    found = changes_of(planned.inputs.folder)
    assert {(row["field"], row["before"], row["after"]) for row in found} == {
        ("contacts", "", "added: p2@example.com")
    }
    assert len(found) == planned.plan.counts["update"] > 10
    words = " ".join(shown(planned).split())
    assert "contacts: (blank) -> added: p2@example.com" in words
    assert "Links to contacts are added to those that a record has" in words
    assert there.execute(planned.run).rows["updated"] == len(found)
    after = fields_of(there, tmp_path, "contacts")
    assert all("p2@example.com" in names for (names,) in after)


def test_a_match_by_key_sees_links_too(tmp_path: Path) -> None:
    """The same where rows are matched by their key, beside a field that changes."""
    there = filled("hubspot", tmp_path, 3)
    file = cut(exported(there, tmp_path), "contacts", "name", contacts="p3@example.com", name="N")
    planned = plan_narrow(there, file, "contacts", "name", match=Match.KEY)
    fields = [row["field"] for row in changes_of(planned.inputs.folder)]
    assert (fields.count("name"), fields.count("contacts")) == (3, 2)
    Reader(there).export(tmp_path / "out.csv")
