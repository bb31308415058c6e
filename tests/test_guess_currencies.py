"""Currencies are read off columns and amounts; a sign of several is somebody's decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from migrator.guess.draft import Target, draft
from migrator.guess.matching import match_columns
from migrator.guess.sheets import as_csv
from migrator.guess.writing import as_yaml
from migrator.runs.inputs import Request, read_inputs
from tests.guesses import (
    ROWS,
    SALES,
    account,
    columns,
    cycle,
    drafted,
    field,
    of,
    seen,
    source,
    targets,
)

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.guess.draft import Draft


def test_a_currency_is_taken_where_a_column_has_it(tmp_path: Path) -> None:
    """Codes are checked; without any the account's own is said to be taken."""
    made = of(tmp_path, account(SALES), currency=cycle("EUR", "USD"))
    assert field(made, "currency").spec["rules"] == ["currency_code"]
    assert field(made, "amount").notes == ()
    made = of(tmp_path / "none", account(SALES))
    assert "EUR is taken" in field(made, "amount").notes[0]


@pytest.mark.parametrize(
    ("signs", "currency"),
    [
        (("€ ", "EUR "), "EUR"),
        (("US$", "USD "), "USD"),
        (("$", "USD "), "USD"),
        (("CHF ",), "CHF"),
        (("XYZ ",), None),
        (("",), None),
    ],
)
def test_a_currency_is_read_off_the_amounts(
    signs: tuple[str, ...], currency: str | None, tmp_path: Path
) -> None:
    """Signs that all stand for one currency, on nearly every amount, are that of all."""
    made = of(tmp_path, amount=[f"{signs[n % len(signs)]}{n}.50" for n in range(ROWS)])
    match = made.matching.match("currency")
    assert (match.spec if match else None) == ({"default": currency} if currency else None)
    assert not match or (match.question, match.doubt, made.signs) == ("", "", {})


@pytest.mark.parametrize(
    ("signs", "home", "first"),
    [(("$",), "CAD", "CAD"), (("$",), "EUR", "USD"), (("kr ",), "NOK", "NOK"), (("¥",), "", "JPY")],
)
def test_a_sign_of_several_currencies_is_a_question(
    signs: tuple[str, ...], home: str, first: str, tmp_path: Path
) -> None:
    """It is no field in use until somebody says which; the account's own comes first."""
    crm = replace(account(SALES), currency=home)
    file = source(tmp_path, columns(amount=[f"{signs[n % len(signs)]}{n}.50" for n in range(ROWS)]))
    matching = match_columns(seen(tmp_path / "seen", file), crm, layouts=False)
    made = draft(matching, Target(crm))
    currency = field(made, "currency")
    assert currency.match.doubt
    assert "which currency is it?" in currency.questions[0]
    assert currency.spec == {"default": first}
    ((sign, codes),) = made.signs.items()
    assert codes[0] == first
    assert len(codes) > 1
    told = draft(matching, Target(crm, currencies={sign: codes[1]}))
    assert told.signs == {}
    assert field(told, "currency").spec == {"default": codes[1]}
    assert not field(told, "currency").match.doubt


def test_amounts_of_which_many_have_no_sign_are_a_question(tmp_path: Path) -> None:
    """Nobody knows that they are euros too; it is said how many they are."""
    made = of(tmp_path, amount=[f"{('', '€')[n % 2]}{n}.50" for n in range(ROWS)])
    assert field(made, "currency").match.doubt
    assert "30 of 60 amounts have no sign" in field(made, "currency").questions[0]
    assert "is taken" in field(made, "amount").notes[0]


def checks(folder: Path, made: Draft, file: Path) -> tuple[dict[str, Any], list[str]]:
    """Prepare the file with what was drafted: currency by key, and the codes of what is wrong."""
    (folder / "values").mkdir(exist_ok=True)
    for name, sheet in made.sheets.items():
        (folder / f"values/{name}.csv").write_text(as_csv(sheet), encoding="utf-8-sig", newline="")
    (folder / "t.yaml").write_text(as_yaml(made, "t", [file.name], None), encoding="utf-8")
    inputs = read_inputs(Request(str(folder / "t.yaml"), (str(file),)), folder)
    records = pl.read_parquet(inputs.prepared.records)
    return dict(records.select("key", "currency").iter_rows()), sorted(inputs.prepared.codes)


def test_amounts_of_several_currencies_say_theirs(tmp_path: Path) -> None:
    """The template takes the currency from the amount; a sign that is open costs its rows."""
    file = source(tmp_path, columns(amount=cycle("€ 5.50", "£6.00", "7.50 CHF", "$ 1.25", "4")))
    made = drafted(tmp_path / "seen", file, layouts=False)
    assert "$ in the amounts: which currency is it?" in field(made, "currency").questions[0]
    assert "12 amounts have no sign" in field(made, "currency").questions[0]
    assert set(made.signs) == {"$"}
    found, codes = checks(tmp_path, made, file)
    assert codes == ["unmapped_value"]
    assert {key: found[key] for key in ("K0000", "K0001", "K0002")} == {
        "K0000": "EUR",
        "K0001": "GBP",
        "K0002": "CHF",
    }
    assert len(found) == 36
    matching = match_columns(seen(tmp_path / "seen", file), layouts=False)
    told = draft(matching, Target(currencies={"$": "USD"}))
    assert checks(tmp_path, told, file)[0]["K0003"] == "USD"


@pytest.mark.parametrize("header", ["Währung", "Devise", "currency"])
def test_a_column_of_signs_is_the_currency(header: str, tmp_path: Path) -> None:
    """Signs and names become codes by a value map; a dollar is somebody's decision."""
    values = cycle("€", "US-Dollar", "$", "Kč", "eur", "Euro")
    file = source(tmp_path, {**columns(), header: values})
    made = drafted(tmp_path / "seen", file, account(SALES), layouts=False)
    assert made.matching.columns("currency") == (header,)
    assert targets(made.sheets["currency"]) == {
        "€": "EUR",
        "US-Dollar": "USD",
        "$": "",
        "Kč": "CZK",
        "eur": "EUR",
        "Euro": "EUR",
    }
    assert field(made, "currency").questions[0].startswith(f"$ in {header}: which currency is it?")
    found, codes = checks(tmp_path, made, file)
    assert codes == ["currency_code"]
    assert set(found.values()) == {"EUR", "USD", "CZK"}
    matching = match_columns(seen(tmp_path / "seen", file), layouts=False)
    told = draft(matching, Target(currencies={"$": "AUD"}))
    assert told.signs == {}
    assert checks(tmp_path, told, file)[0]["K0002"] == "AUD"
