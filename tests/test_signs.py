"""Amounts that carry their currency in themselves."""

from __future__ import annotations

import contextlib
import csv
import doctest
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator import currencies
from migrator.currencies import CURRENCIES, codes_of, spellings_of_currencies
from migrator.errors import InputError
from migrator.prepare import money_signs
from migrator.runs.checking import check_files
from migrator.runs.inputs import Request
from tests.mending import Mender
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
    with pytest.raises(InputError, match=re.escape("(€ in 2 rows, £ in 1 row)")) as stopped:
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


def rejected(folder: Path, rows: list[tuple[str, str]], more: str = "") -> dict[int, str]:
    """Check a file of these amounts and currencies: record to the code it is turned down with."""
    rehearsal = Rehearsal(folder)
    lines = [f'{n},Deal,"{amount}",{currency}' for n, (amount, currency) in enumerate(rows)]
    source = rehearsal.source("\n".join(("id,title,amount,cur", *lines)))
    filled = more or "  currency: {from: cur}\n"
    with contextlib.closing(rehearsal.workspace()) as space:
        checked = check_files(space, Request(rehearsal.template(TEMPLATE + filled), (source,)))
        found = checked.inputs.rejections().select("_record", "_code").collect()
    return {record - 1: code for record, code in found.iter_rows()}


WRONG, BLANK = "contradicted_currency", "missing_currency"


def test_an_amount_is_never_loaded_in_another_currency_than_it_says(tmp_path: Path) -> None:
    """A sign, a code or a name beside the number that the row's currency is none of costs it."""
    rows = [
        ("€ 100", "USD"),
        ("$ 100", "USD"),
        ("100 kr", "SEK"),
        ("100 kr.", "EUR"),
        ("EUR 100", "eur"),
        ("US$ 100", "CAD"),
        ("$5", "CAD"),
        ("-3.00 €", "EUR"),
        ("£ 7", ""),
        ("8", ""),
        ("(9)", "USD"),
        ("", "USD"),
    ]
    found = rejected(tmp_path, rows)
    assert found == {0: WRONG, 3: WRONG, 5: WRONG, 8: BLANK, 10: "number_in_parentheses"}


def test_a_constant_currency_is_held_against_the_amounts_too(tmp_path: Path) -> None:
    """One bad row costs one row; the others get the constant."""
    rows = [("€ 5", "x"), ("£ 6", "x"), ("7", "x")]
    assert rejected(tmp_path, rows, "  currency: {default: EUR}\n") == {1: WRONG}


def test_a_sign_that_is_wrong_can_be_taken_off(tmp_path: Path) -> None:
    """The way out that the message names: whoever knows better says so in the template."""
    rows = [("€ 5", "USD"), ("€ 6", "USD")]
    named = tmp_path / "named"
    named.mkdir()
    assert rejected(named, rows) == {0: WRONG, 1: WRONG}
    text = TEMPLATE.replace('decimal: "."', "transform: [{replace: {€: ''}}, strip, money]")
    more = text.removeprefix(TEMPLATE.partition("  amount")[0])
    rehearsal = Rehearsal(tmp_path)
    source = rehearsal.source("id,title,amount,cur\n1,A,€ 5,USD\n")
    template = rehearsal.template(
        TEMPLATE.partition("  amount")[0] + more + "  currency: {from: cur}\n"
    )
    with contextlib.closing(rehearsal.workspace()) as space:
        assert check_files(space, Request(template, (source,))).rejected == 0


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["", "€", "EUR", "$", "USD", "kr", "£", "R$", "CAD$", "CHF "]),
            st.sampled_from(["EUR", "USD", "SEK", "GBP", "BRL", "CAD", "CHF"]),
        ),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_row_is_judged_by_itself(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A row is turned down exactly where its sign stands for other currencies than its own."""
    folder = tmp_path_factory.mktemp("rows")
    written = [(f"{sign}{n}", currency) for n, (sign, currency) in enumerate(rows)]
    wrong = {n for n, (sign, code) in enumerate(rows) if sign and code not in codes_of(sign)}
    assert set(rejected(folder, written)) == wrong


def test_a_deal_on_several_lines_is_turned_down_as_a_whole(tmp_path: Path) -> None:
    """No part of its sum is loaded when one line says another currency."""
    rehearsal = Rehearsal(tmp_path)
    source = rehearsal.source("id,title,amount,cur\n1,A,5,USD\n1,A,€ 6,USD\n2,B,7,USD\n")
    more = "  currency: {from: cur}\ngroup: {sum: [amount]}\n"
    template = rehearsal.template(TEMPLATE + more)
    with contextlib.closing(rehearsal.workspace()) as space:
        checked = check_files(space, Request(template, (source,)))
    assert pl.read_parquet(checked.inputs.prepared.records)["key"].to_list() == ["2"]


def test_a_plan_stops_where_the_home_currency_would_be_another(tmp_path: Path) -> None:
    """Amounts without a currency get the account's own; euros do not become its dollars."""
    rehearsal = Rehearsal(tmp_path)
    template = rehearsal.template(TEMPLATE)
    euros = rehearsal.source("id,title,amount\n1,A,€ 100\n", "euros.csv")
    with pytest.raises(InputError, match=r"€ in 1 row, .* would be taken for USD") as stopped:
        rehearsal.plan(template, euros)
    assert "currency: {default: EUR}" in str(stopped.value)
    dollars = rehearsal.source("id,title,amount\n1,A,$ 100\n2,B,USD 5\n", "dollars.csv")
    assert rehearsal.plan(template, dollars).inputs.prepared.records_count == 2


@pytest.mark.parametrize("text", [*spellings_of_currencies(), "EUR", "usd", "Kr.", "US $"])
def test_every_spelling_stands_for_currencies_that_there_are(text: str) -> None:
    """The table names ISO codes only; case, spaces and a dot at the end do not matter."""
    codes = codes_of(text)
    assert codes
    assert set(codes) <= CURRENCIES
    assert codes_of(f" {text.upper()}. ") == codes


def test_the_examples_are_true() -> None:
    """What the documentation of the check and of the table shows is what comes out."""
    for module in (money_signs, currencies):
        tried = doctest.testmod(module)
        assert (tried.failed, tried.attempted > 1) == (0, True)


def test_a_retry_is_held_to_the_same(tmp_path: Path) -> None:
    """A row that was mended with another sign is no dollar either."""
    mender = Mender(tmp_path)
    text = "id,title,stage,amount\nk1,A,Qualified To Buy,1\nk2,B,Nowhere,2\n"
    report = mender.load(mender.template(), mender.source(text))
    (row,) = mender.rejects(report)
    path = tmp_path / "mended.csv"
    mended = row | {"stage": "Qualified To Buy", "amount": "€ 2"}
    with path.open("w", encoding="utf-8", newline="") as out:
        written = csv.DictWriter(out, list(mended))
        written.writeheader()
        written.writerow(mended)
    with pytest.raises(InputError, match="would be taken for USD"):
        mender.retry(str(path))
