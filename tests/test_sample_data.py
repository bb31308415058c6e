"""The sample exports: reproducible, shaped as real ones, wrong exactly where they claim to be."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from sample_data.generate import FOLDER, readme
from sample_data.mistakes import codes
from sample_data.samples import make_sample
from tests.benchmarks.data import write_big_csv
from tests.samples import FILES, cells_of, each

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sample_data.layouts import Layout

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
    "pipedrive_people.csv": """
        Person - ID|Person - Name|Person - First name|Person - Last name|Person - Organization
        Person - Email - Work|Person - Phone - Work|Person - Owner|Person - Person created""",
    "pipedrive_organizations.csv": """
        Organization - ID|Organization - Name|Organization - Address|Organization - Website
        Organization - Owner|Organization - Organization created""",
    "pipedrive_notes": """
        Note - ID|Note - Content|Note - Deal ID|Note - Deal|Note - Organization|Note - Person
        Note - User|Note - Add time""",
    "hubspot_contacts.csv": """
        Record ID|First Name|Last Name|Email|Phone Number|Contact owner|Create Date
        Associated Company IDs|Associated Company""",
    "hubspot_companies.csv": """
        Record ID|Company name|Company Domain Name|Company owner|Street Address|Create Date""",
    "hubspot_notes": """
        Record ID|Note body|Activity date|Activity assigned to|Associated Deal IDs|Associated Deal
        Associated Company IDs|Associated Contact IDs""",
    "salesforce_contacts.csv": """
        ID|ISDELETED|MASTERRECORDID|ACCOUNTID|LASTNAME|FIRSTNAME|SALUTATION|NAME|PHONE|EMAIL|TITLE
        OWNERID|CREATEDDATE""",
    "salesforce_accounts.csv": """
        ID|ISDELETED|NAME|TYPE|BILLINGSTREET|BILLINGCITY|PHONE|WEBSITE|INDUSTRY|OWNERID
        CREATEDDATE""",
    "salesforce_notes": """
        ID|ISDELETED|PARENTID|TITLE|ISPRIVATE|BODY|OWNERID|CREATEDDATE|CREATEDBYID
        LASTMODIFIEDDATE|LASTMODIFIEDBYID|SYSTEMMODSTAMP""",
    "zoho_contacts.csv": """
        Record Id|Contact Owner.id|Contact Owner|First Name|Last Name|Account Name.id|Account Name
        Email|Phone|Created Time""",
    "zoho_accounts.csv": """
        Record Id|Account Owner.id|Account Owner|Account Name|Website|Billing Street
        Created Time""",
    "zoho_notes": """
        Record Id|Created By.id|Created By|Created Time|Modified By.id|Modified By|Modified Time
        Note Content|Note Owner.id|Note Owner|Note Title|Parent ID.id|Parent ID""",
}
"""Column names that the real exports have, by template, or by file where there is none."""


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
    assert said.count("\n") == len(FILES)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {layout.file for layout in FILES} | {"README.md"}
    for name in sorted(made):
        if name.endswith((".xlsx", ".parquet")):
            assert cells_of(tmp_path / name) == cells_of(FOLDER / name), name
        else:
            assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


@each(FILES)
def test_a_file_is_wrong_or_odd_where_it_claims_and_nowhere_else(layout: Layout) -> None:
    """The file holds the right rows, but for the named records, of which each differs."""
    path = FOLDER / layout.file
    sample = make_sample(layout)
    header, *rows = cells_of(path)
    assert header == list(sample.header)
    assert len(rows) == layout.rows
    right = [[_written(cell, path) for cell in row] for row in sample.right]
    differing = {n for n, pair in enumerate(zip(rows, right, strict=True), 1) if pair[0] != pair[1]}
    assert differing == set(sample.wrong) | set(sample.odd)
    assert not set(sample.wrong) & set(sample.odd)
    assert Counter(sample.wrong.values()) == {m: m.times for m in layout.mistakes}
    assert Counter(sample.odd.values()) == {o: o.times for o in layout.oddities if o.edit}


@each(FILES)
def test_wrong_rows_have_right_neighbours(layout: Layout) -> None:
    """Every wrong row stands alone, so that it is wrong for its own reason only."""
    wrong = sorted(make_sample(layout).wrong)
    assert all(later - earlier > 1 for earlier, later in pairwise(wrong))


@each(FILES)
def test_the_columns_are_those_of_the_real_export(layout: Layout) -> None:
    """A sample has no column that the real export has not, and none twice."""
    real = re.split(r"\||\n\s*", HEADERS[layout.columns].strip())
    header = make_sample(layout).header
    assert set(header) <= set(real)
    assert len(set(header)) == len(header)


@each(FILES)
def test_nobody_in_the_samples_can_be_real(layout: Layout) -> None:
    """All addresses and domains are of names that are reserved for examples."""
    rows = cells_of(FOLDER / layout.file)
    text = "\n".join(str(cell) for row in rows for cell in row if cell is not None)
    domains = re.findall(r"(?<=@)[\w.-]+\w|\b[\w-]+\.example\b", text.lower())
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


def test_the_list_of_files_names_all_that_is_wrong_or_odd() -> None:
    """The README beside the samples has every wrong row with its code, and every odd one."""
    listed = re.findall(r"^\| (\d+) \| .+ \| `(\w+)`( \*account\*)? \|$", readme(), re.MULTILINE)
    counts: Counter[str] = Counter()
    for times, code, _ in listed:
        counts[code] += int(times)
    claimed = [mistake for layout in FILES for mistake in layout.mistakes]
    assert counts == codes(claimed, live=True) + codes(claimed, live=False)
    assert counts.total() == sum(layout.wrong for layout in FILES)
    sections = dict(re.findall(r"^## (\S+)$(.*?)(?=^## |\Z)", readme(), re.MULTILINE | re.DOTALL))
    assert set(sections) == {layout.file for layout in FILES}
    for layout in FILES:
        line = re.compile(r"^\| (\d+|file) \| (.+) \| ([^`|]+) \|$", re.MULTILINE)
        odd = line.findall(sections[layout.file])
        told = [(str(o.times or "file"), o.what, o.outcome) for o in layout.oddities]
        assert odd == told


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
