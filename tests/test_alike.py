"""Deals that stand twice in a file under different keys are told of by a check."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from migrator.cli import show
from migrator.runs.alike import alike_in
from migrator.runs.checking import check_files
from migrator.runs.inputs import Request
from migrator.runs.workspace import Workspace
from tests.support import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from migrator.runs.checking import Checked

FIELDS = """
  name: {from: title}
  amount: {from: amount}
  currency: {from: currency}
  companies: {from: company, on_missing: create}
"""


def _checked(folder: Path, rows: Sequence[str], fields: str = FIELDS, head: str = "") -> Checked:
    room = Rehearsal(folder)
    template = room.template(f"name: t\n{head}key: {{from: id}}\nfields:{fields}")
    lines = ["id;title;amount;currency;company", *(f"k{n};{row}" for n, row in enumerate(rows))]
    source = room.source("\n".join(lines) + "\n")
    space = Workspace(folder / ".migrator" / "journal.db", room.clock)
    try:
        return check_files(space, Request(template, (source,)))
    finally:
        space.close()


def test_a_check_tells_what_may_be_there_twice(tmp_path: Path) -> None:
    """Spelling of names, letter case of companies and zeros of amounts make no difference."""
    rows = ["Acme - Renewal;100;EUR;ACME", "Beta;5;EUR;B", "ACME renewal;100.00;EUR;acme"]
    checked = _checked(tmp_path, [*rows, "Acme renewal;100;EUR;Acme"])
    assert checked.alike
    assert checked.alike.rows == 2
    assert checked.alike.examples == (("Acme - Renewal", 1, 3),)
    assert "2 records may be there twice" in " ".join(show.checked(checked).split())
    assert checked.data()["alike"]["rows"] == 2
    assert checked.rejected == 0


def test_what_differs_in_anything_is_not_told(tmp_path: Path) -> None:
    """Another sign, amount, currency or company: another deal; a name alone says nothing."""
    rows = [
        "A;1;EUR;X",
        "A;2;EUR;X",
        "A;1;USD;X",
        "A;1;EUR;Y",
        "B;;EUR;",
        "B;;EUR;",
        "C;;;",
        "C;;;",
        "C++;1;EUR;X",
        "C#;1;EUR;X",
    ]
    checked = _checked(tmp_path, rows)
    assert checked.alike is None
    assert "twice" not in show.checked(checked)


def test_only_files_that_say_enough_are_looked_at(tmp_path: Path) -> None:
    """Neither names alone nor notes are compared."""
    alone = _checked(tmp_path, ["A;;;", "A;;;"], "\n  name: {from: title}\n")
    assert alone.alike is None
    unnamed = _checked(tmp_path, ["A;1;;", "A;1;;"], "\n  amount: {from: amount}\n")
    assert unnamed.alike is None
    notes = "\n  body: {from: title}\n  deals: {from: company}\n"
    assert _checked(tmp_path, ["A;;;D", "A;;;D"], notes, "object: notes\n").alike is None


ROW = st.tuples(st.sampled_from("ab"), st.sampled_from(["", "x", "y"]), st.integers(0, 1))


@given(st.lists(ROW, min_size=1, max_size=12))
def test_each_record_but_the_first_of_its_likes_counts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int]]
) -> None:
    """The count is that of the records less that of the different ones."""
    folder = tmp_path_factory.mktemp("alike")
    frame = pl.DataFrame(
        {
            "_record": range(1, len(rows) + 1),
            "name": [name for name, _, _ in rows],
            "companies": [[company] if company else None for _, company, _ in rows],
            "amount": [amount for _, _, amount in rows],
        },
        schema_overrides={"companies": pl.List(pl.String)},
    )
    frame.write_parquet(folder / "records.parquet")
    checked = _checked(folder, ["A;1;EUR;X"])
    prepared = checked.inputs.prepared
    inputs = replace(checked.inputs, prepared=replace(prepared, records=folder / "records.parquet"))
    found = alike_in(inputs)
    assert (found.rows if found else 0) == len(rows) - len(set(rows))
