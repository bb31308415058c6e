"""What tests ask of the sample files: their cells, their templates, and who is in them."""

from __future__ import annotations

import csv
import json
from itertools import takewhile
from typing import TYPE_CHECKING

import fastexcel
import httpx
import polars as pl
import pytest
from ruamel.yaml import YAML

from migrator.template.locate import shipped_paths
from migrator.transforms import TRANSFORMS
from migrator.transforms.text import tidied
from sample_data.companions import COMPANIONS
from sample_data.generate import FOLDER
from sample_data.layouts import LAYOUTS, Layout
from sample_data.world import OWNERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support import Rehearsal

DIALECTS = {
    "salesforce_report.csv": ("cp1252", ","),
    "brevo_deals.csv": ("utf-8-sig", ";"),
    "hubspot_german_excel.csv": ("utf-8-sig", ";"),
    "zoho_reopened.csv": ("utf-8", "\t"),
}

FILES = (*LAYOUTS, *COMPANIONS)
NOTES = tuple(layout for layout in COMPANIONS if layout.template)
READ = (*LAYOUTS, *NOTES)


def each(layouts: Sequence[Layout]) -> pytest.MarkDecorator:
    """A test for each of some files."""
    return pytest.mark.parametrize("layout", layouts, ids=[layout.file for layout in layouts])


def cells_of(path: Path) -> list[list[object]]:
    """Header and rows as they stand in a file; blank is None."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    elif path.suffix == ".xlsx":
        frame = fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars()
    else:
        encoding, delimiter = DIALECTS.get(path.name, ("utf-8", ","))
        with path.open(encoding=encoding, newline="") as file:
            header, *rows = csv.reader(file, delimiter=delimiter)
        footer = sum(1 for _ in takewhile(lambda row: not _full(row), reversed(rows)))
        records = [row for row in rows[: len(rows) - footer] if row and not _is(row, header)]
        return [[cell or None for cell in row] for row in [header, *records]]
    return [list(frame.columns), *(list(row) for row in frame.iter_rows())]


def _is(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row is the header again, perhaps behind a byte order mark."""
    return [row[0].removeprefix("\ufeff"), *row[1:]] == header


def _full(row: Sequence[str]) -> bool:
    """Whether a row has more than the few cells of a footer."""
    return sum(map(bool, row)) > 2


def template_of(layout: Layout, folder: Path, said: Sequence[str] | None = None) -> str:
    """The path of a sample's template; told, in a copy, what the sample needs it to be told."""
    shipped = shipped_paths()[layout.template]
    said = (*layout.answers, *layout.also) if said is None else said
    if not said:
        return str(shipped)
    yaml = YAML()
    yaml.width = 1_000
    copy = yaml.load(shipped)
    for line in said:
        path, _, value = line.partition(": ")
        *parents, last = path.split(".")
        place = copy
        for parent in parents:
            place = place[parent]
        place[last] = yaml.load(value)
    target = folder / f"{layout.template}.yaml"
    yaml.dump(copy, target)
    return str(target)


def mended(rows: Sequence[Sequence[object]], header: Sequence[object]) -> list[dict[str, str]]:
    """Rows as a template that says fix_encoding for all of its fields reads them; blank for None.

    Rows that are longer or shorter than the header are not among them.
    """
    names = [str(name) for name in header]
    even = [[str(cell or "") for cell in row] for row in rows if len(row) == len(names)]
    frame = pl.DataFrame(even, schema=dict.fromkeys(names, pl.String), orient="row")
    fixed = [TRANSFORMS["fix_encoding"].apply(pl.col(name)).value for name in names]
    return tidied(frame.select(fixed)).fill_null("").to_dicts()


def table(file: str) -> list[dict[str, str]]:
    """The rows of a file, mended."""
    header, *rows = cells_of(FOLDER / file)
    return mended(rows, header)


def create_parents(rehearsal: Rehearsal) -> None:
    """Fill the sandbox with the contacts and companies of the sample files."""
    parents = {
        "companies": [
            {"name": row["Company name"], "domain": row["Company Domain Name"]}
            for row in table("hubspot_companies.csv")
        ],
        "contacts": [
            {"email": email}
            for email in sorted({row["Email"].lower() for row in table("hubspot_contacts.csv")})
        ],
    }
    for kind, rows in parents.items():
        url = f"http://crm.test/crm/v3/objects/{kind}/batch/create"
        body = {"inputs": [{"properties": row} for row in rows]}
        headers = {"Authorization": "Bearer secret"}
        answer = rehearsal.sandbox.handle(httpx.Request("POST", url, json=body, headers=headers))
        assert answer.status_code == 201, answer.text


def owners_of(layout: Layout) -> list[str]:
    """The map of owners that a user adds where the account knows them by their addresses."""
    known = {owner.name: owner.email for owner in OWNERS}
    named = "salesforce" not in layout.file
    return [f"fields.owner.values: {json.dumps(known, ensure_ascii=False)}"] if named else []
