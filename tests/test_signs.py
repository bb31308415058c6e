"""Amounts that carry their currency in themselves."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from migrator.errors import InputError
from migrator.runs.checking import check_files
from migrator.runs.inputs import Request
from tests.support import Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.runs.checking import Checked

TEMPLATE = """
name: test
key: {from: id}
fields:
  name: {from: title}
  amount: {from: amount, decimal: "."}
"""


def check(folder: Path, amounts: list[str], more: str = "") -> Checked:
    """Check a file of these amounts."""
    rehearsal = Rehearsal(folder)
    lines = [f'{n},Deal,"{amount}"' for n, amount in enumerate(amounts)]
    source = rehearsal.source("\n".join(("id,title,amount", *lines)))
    with contextlib.closing(rehearsal.workspace()) as space:
        return check_files(space, Request(rehearsal.template(TEMPLATE + more), (source,)))


def test_amounts_in_several_currencies_are_never_added_up(tmp_path: Path) -> None:
    """Without a currency the check stops; what it advises gives each deal its own."""
    amounts = ["1,000.50 €", "£ 20", "-3.00 €", ""]
    with pytest.raises(InputError, match=re.escape("(€ in 2 rows, £ in 1 rows)")) as stopped:
        check(tmp_path, amounts)
    advised = re.search(r"currency: \{.*\}(?=\.)", str(stopped.value))
    assert advised
    records = pl.read_parquet(check(tmp_path, amounts, f"  {advised[0]}\n").inputs.prepared.records)
    assert records["currency"].to_list() == ["EUR", "GBP", "EUR", None]
    assert [float(one) if one is not None else None for one in records["amount"]] == [
        1000.5,
        20.0,
        -3.0,
        None,
    ]


def test_one_currency_is_told(tmp_path: Path) -> None:
    """All amounts of one sign load, and a person hears that it is left out."""
    checked = check(tmp_path, ["€ 5", "€ 6"])
    assert checked.rejected == 0
    (told,) = [text for text in checked.inputs.prepared.notices if "currency" in text]
    assert "€ in 2 rows" in told


@pytest.mark.parametrize("amounts", [["5", "6.50"], ["TBD", "n/a"], ["-"]])
def test_plain_amounts_are_not_talked_about(tmp_path: Path, amounts: list[str]) -> None:
    """Numbers, and words that are no currency, are no reason for a notice."""
    assert not check(tmp_path, amounts).inputs.prepared.notices


def test_a_currency_that_is_filled_is_enough(tmp_path: Path) -> None:
    """Whoever says the currency knows what the signs are."""
    more = "  currency: {default: EUR}\n"
    checked = check(tmp_path, ["€ 5", "£ 6"], more)
    assert not any("currencies" in text for text in checked.inputs.prepared.notices)
