"""The sample exports: reproducible, shaped as real ones, wrong exactly where they claim to be."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import fastexcel
import httpx
import polars as pl
import pytest

from migrator.errors import UndecidedError
from migrator.runs.inputs import Request, read_inputs
from migrator.template.locate import shipped_paths
from sample_data.generate import FOLDER, make_sample, readme
from sample_data.layouts import LAYOUTS, Layout
from sample_data.mistakes import codes
from sample_data.world import COMPANIES, PEOPLE
from tests.benchmarks.data import write_big_csv
from tests.support import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADERS = {
    "pipedrive": """
        Deal - ID|Deal - Title|Deal - Creator|Deal - Owner|Deal - Value|Deal - Currency of Value
        Deal - Weighted value|Deal - Currency of Weighted value|Deal - Probability
        Deal - Organization|Deal - Organization ID|Deal - Pipeline|Deal - Contact person
        Deal - Contact person ID|Deal - Stage|Deal - Label|Deal - Status|Deal - Deal created
        Deal - Update time|Deal - Last stage change|Deal - Next activity date
        Deal - Last activity date|Deal - Won time|Deal - Last email received
        Deal - Last email sent|Deal - Lost time|Deal - Deal closed on|Deal - Lost reason
        Deal - Visible to|Deal - Total activities|Deal - Done activities
        Deal - Activities to do|Deal - Email messages count|Deal - Expected close date
        Deal - Contract number""",
    "hubspot": """
        Record ID|Amount|Close Date|Closed Lost Reason|Create Date|Deal Description|Deal Name
        Deal owner|Deal Stage|Deal Type|Pipeline|Priority|Associated Company|Associated Contact
        Associated Company IDs|Associated Contact IDs""",
    "salesforce": """
        ID|ISDELETED|ACCOUNTID|NAME|DESCRIPTION|STAGENAME|AMOUNT|PROBABILITY|EXPECTEDREVENUE
        TOTALOPPORTUNITYQUANTITY|CLOSEDATE|TYPE|NEXTSTEP|LEADSOURCE|ISCLOSED|ISWON
        FORECASTCATEGORY|HASOPPORTUNITYLINEITEM|PRICEBOOKID|PRICEBOOK2ID|OWNERID|CREATEDDATE
        CREATEDBYID|LASTMODIFIEDDATE|LASTMODIFIEDBYID|SYSTEMMODSTAMP|LASTACTIVITYDATE
        FISCALQUARTER|FISCALYEAR|FISCAL""",
    "salesforce_report": """
        Opportunity Owner|Account Name|Opportunity Name|Stage|Fiscal Period|Amount Currency|Amount
        Expected Revenue Currency|Expected Revenue|Probability (%)|Age|Close Date|Created Date
        Next Step|Lead Source|Type""",
    "zoho": """
        Record Id|Deal Owner.id|Deal Owner|Amount|Deal Name|Closing Date|Account Name.id
        Account Name|Stage|Type|Probability (%)|Lead Source|Created By.id|Created By
        Modified By.id|Modified By|Created Time|Modified Time|Description|Contact Name.id
        Contact Name|Expected Revenue|Last Activity Time|Lead Conversion Time
        Sales Cycle Duration|Overall Sales Duration|Pipeline|Change Log Time|Locked
        Reason For Loss""",
    "dynamics365": """
        (Do Not Modify) Opportunity|(Do Not Modify) Row Checksum|(Do Not Modify) Modified On|Topic
        Potential Customer|Est. Close Date|Est. Revenue|Actual Close Date|Actual Revenue|Contact
        Account|Pipeline Phase|Probability|Rating|Owner|Status|Created On""",
    "activecampaign": """
        Pipeline|Stage|Deal title|Deal owner|Deal value|Deal currency|Deal description
        Contact email|Deal ID""",
    "brevo": """
        deal_id|associated_contact|associated_company|deal_name|deal_owner|amount|pipeline
        deal_stage|close_date|created_at|last_updated_date""",
    "migrator": """
        key|name|pipeline|stage|status|amount|currency|close_date|created_at|owner|description
        probability|contacts|companies""",
}
"""Column names that the real exports have, by template."""

DIALECTS = {
    "salesforce_report.csv": ("cp1252", ","),
    "brevo_deals.csv": ("utf-8-sig", ";"),
}
FOOTER_LINES = {"salesforce_report.csv": 8}

_layouts = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.file)


def _cells(path: Path) -> list[list[object]]:
    """Header and rows as they stand in a file; blank is None."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    elif path.suffix == ".xlsx":
        frame = fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars()
    else:
        encoding, delimiter = DIALECTS.get(path.name, ("utf-8", ","))
        with path.open(encoding=encoding, newline="") as file:
            rows = [[cell or None for cell in row] for row in csv.reader(file, delimiter=delimiter)]
        return list(rows[: len(rows) - FOOTER_LINES.get(path.name, 0)])  # type: ignore[arg-type]
    return [list(frame.columns), *(list(row) for row in frame.iter_rows())]


def _read(path: Path) -> Sequence[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _written(cell: object, path: Path) -> object:
    """A generated cell as it stands in a file of this kind."""
    if cell is None or cell == "" or path.suffix == ".parquet":
        return cell or None
    if path.suffix == ".xlsx" and isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    if path.suffix == ".xlsx" and isinstance(cell, date) and not isinstance(cell, datetime):
        return f"{cell} 00:00:00"
    return str(cell)


def test_the_generator_repeats_itself(tmp_path: Path) -> None:
    """Running it again gives the committed files, byte by byte or, where zipped, cell by cell."""
    command = [sys.executable, str(FOLDER / "generate.py"), str(tmp_path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.count("\n") == len(LAYOUTS)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {layout.file for layout in LAYOUTS} | {"README.md"}
    for name in sorted(made):
        if name.endswith((".xlsx", ".parquet")):
            assert _cells(tmp_path / name) == _cells(FOLDER / name), name
        else:
            assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


@_layouts
def test_a_file_is_wrong_where_it_claims_and_nowhere_else(layout: Layout) -> None:
    """The file holds the right rows, but for the named records, of which each differs."""
    path = FOLDER / layout.file
    sample = make_sample(layout)
    header, *rows = _cells(path)
    assert header == list(sample.header)
    assert len(rows) == layout.rows
    right = [[_written(cell, path) for cell in row] for row in sample.right]
    differing = {n for n, pair in enumerate(zip(rows, right, strict=True), 1) if pair[0] != pair[1]}
    assert differing == set(sample.wrong)
    assert Counter(sample.wrong.values()) == {m: m.times for m in layout.mistakes}


@_layouts
def test_wrong_rows_have_right_neighbours(layout: Layout) -> None:
    """Every wrong row stands alone, so that it is wrong for its own reason only."""
    wrong = sorted(make_sample(layout).wrong)
    assert all(later - earlier > 1 for earlier, later in pairwise(wrong))


@_layouts
def test_the_columns_are_those_of_the_real_export(layout: Layout) -> None:
    """A sample has no column that the real export has not, and none twice."""
    real = re.split(r"\||\n\s*", HEADERS[layout.template].strip())
    header = make_sample(layout).header
    assert set(header) <= set(real)
    assert len(set(header)) == len(header)


@_layouts
def test_nobody_in_the_samples_can_be_real(layout: Layout) -> None:
    """All addresses and domains are of names that are reserved for examples."""
    rows = _cells(FOLDER / layout.file)
    text = "\n".join(str(cell) for row in rows for cell in row if cell is not None)
    domains = re.findall(r"(?<=@)[\w.-]+\w|\b[\w-]+\.example\b", text)
    assert all(re.search(r"(^|\.)example(\.com|\.org)?$", domain) for domain in domains)
    assert not re.search(r"https?://|www\.", text)


def test_the_demo_file_has_what_real_exports_have() -> None:
    """Line breaks, quotes, emoji, other scripts, long texts, blanks, three currencies."""
    rows = _read(FOLDER / "pipedrive_deals.csv")
    titles = [row["Deal - Title"] for row in rows]
    for sign in ("\n", '"', ",", "🚀", "新", "é"):
        assert any(sign in title for title in titles), sign
    assert {"EUR", "USD", "GBP"} <= {row["Deal - Currency of Value"] for row in rows}
    assert {"Open", "Won", "Lost"} <= {row["Deal - Status"] for row in rows}
    assert "" in {row["Deal - Value"] for row in rows}
    assert max(map(len, titles)) > 150
    assert max(len(row["Deal - Lost reason"] or "") for row in rows) > 400


def test_the_list_of_mistakes_counts_them_all() -> None:
    """The README beside the samples gives every wrong row with its code."""
    listed = re.findall(r"^\| (\d+) \| .+ \| `(\w+)`( \*account\*)? \|$", readme(), re.MULTILINE)
    counts: Counter[str] = Counter()
    for times, code, _ in listed:
        counts[code] += int(times)
    claimed = [mistake for layout in LAYOUTS for mistake in layout.mistakes]
    assert counts == codes(claimed, live=True) + codes(claimed, live=False)
    assert counts.total() == sum(layout.wrong for layout in LAYOUTS)


def _template(layout: Layout, folder: Path) -> str:
    """The path of a sample's template; told, in a copy, what the sample needs it to be told."""
    shipped = shipped_paths()[layout.template]
    if not layout.answers:
        return str(shipped)
    copy = folder / "answered.yaml"
    lines = [shipped.read_text(encoding="utf-8"), *layout.answers, ""]
    copy.write_text("\n".join(lines), encoding="utf-8")
    return str(copy)


@_layouts
def test_a_shipped_template_rejects_the_wrong_rows_alone(layout: Layout, tmp_path: Path) -> None:
    """Records and rejects by code are what the generator claims, and the rows add up."""
    request = Request(_template(layout, tmp_path), (str(FOLDER / layout.file),))
    inputs = read_inputs(request, tmp_path)
    prepared = inputs.prepared
    wrong = {n: m.code for n, m in make_sample(layout).wrong.items() if not m.live}
    found = inputs.rejections().select("_record", "_code").collect().rows()
    assert sorted(found) == sorted(wrong.items())
    assert prepared.rows == layout.rows
    assert prepared.records_count == layout.rows - len(wrong)
    assert prepared.rejected == len(wrong)
    assert inputs.reasons().codes == codes(layout.mistakes, live=False)


@pytest.mark.parametrize("told", range(2))
def test_an_open_question_is_asked(told: int, tmp_path: Path) -> None:
    """As long as one question of the undecided sample has no answer, nothing is prepared."""
    layout = next(layout for layout in LAYOUTS if layout.answers)
    half = replace(layout, answers=layout.answers[told : told + 1])
    request = Request(_template(half, tmp_path), (str(FOLDER / layout.file),))
    with pytest.raises(UndecidedError, match="Which"):
        read_inputs(request, tmp_path)
    assert not (tmp_path / "records.parquet").exists()


def _create_parents(rehearsal: Rehearsal) -> None:
    """Fill the sandbox with everybody the samples' deals can belong to."""
    parents = {
        "companies": [{"name": c.name, "domain": c.domain} for c in COMPANIES],
        "contacts": [{"email": person.email} for person in PEOPLE],
    }
    for kind, rows in parents.items():
        url = f"http://crm.test/crm/v3/objects/{kind}/batch/create"
        body = {"inputs": [{"properties": row} for row in rows]}
        headers = {"Authorization": "Bearer secret"}
        answer = rehearsal.sandbox.handle(httpx.Request("POST", url, json=body, headers=headers))
        assert answer.status_code == 201, answer.text


@_layouts
def test_a_sample_loads_but_for_its_wrong_rows(layout: Layout, tmp_path: Path) -> None:
    """In an account that has the parents, every right row becomes a deal and no wrong row does."""
    rehearsal = Rehearsal(tmp_path)
    _create_parents(rehearsal)
    planned = rehearsal.plan(_template(layout, tmp_path), str(FOLDER / layout.file))
    expected = codes(layout.mistakes, live=False) + codes(layout.mistakes, live=True)
    assert planned.run.settings["rejected_codes"] == dict(expected)
    report = rehearsal.execute(planned.run)
    assert report.adds_up
    assert report.rows["created"] == len(rehearsal.keys()) == layout.rows - layout.wrong


@pytest.mark.parametrize("columns", [4, 9, 12, 16])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_big_file_has_the_shape_asked_for(tmp_path: Path, columns: int, *, quoted: bool) -> None:
    """Rows, columns and quotation are as asked; ids are the numbers from 1."""
    path = tmp_path / "big.csv"
    assert write_big_csv(path, 1_000, columns, quoted=quoted) == 0
    rows = _read(path)
    assert [int(row["Deal - ID"]) for row in rows] == list(range(1, 1_001))
    assert {len(row) for row in rows} == {columns}
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1_001
    assert all(line.startswith('"') for line in lines) is quoted


def test_a_big_file_depends_on_its_seed_alone(tmp_path: Path) -> None:
    """The same seed gives the same bytes, another one other deals."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_big_csv(tmp_path / name, 500, seed=seed, wrong=0.01)
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_a_big_file_needs_columns_enough(tmp_path: Path) -> None:
    """Too few columns are refused before a file is written."""
    with pytest.raises(ValueError, match="at least 4 columns"):
        write_big_csv(tmp_path / "big.csv", 10, columns=3)
    assert not (tmp_path / "big.csv").exists()


@pytest.mark.parametrize("columns", [4, 12])
def test_the_demo_template_rejects_as_many_of_a_big_file_as_asked(
    tmp_path: Path, columns: int
) -> None:
    """The share of wrong rows becomes rejects; the account finds no fault with the others."""
    path = tmp_path / "big.csv"
    wrong = write_big_csv(path, 2_000, columns, wrong=0.01)
    assert wrong == 20
    planned = Rehearsal(tmp_path).plan("pipedrive", str(path))
    prepared = planned.inputs.prepared
    assert (prepared.rows, prepared.rejected, prepared.records_count) == (2_000, 20, 1_980)
    assert planned.run.settings["rejected"] == 20


def test_every_template_of_a_product_has_a_sample() -> None:
    """No shipped template for the export of a product goes without a sample, nor the reverse."""
    of_data_sets = {"maven", "opportunities", "revops"}
    own = {"notes", "tasks"}  # of exports of ours, which need deals that are there
    assert {layout.template for layout in LAYOUTS} == set(shipped_paths()) - of_data_sets - own
