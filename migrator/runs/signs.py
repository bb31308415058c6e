"""Currencies that stand in the amounts themselves, where no column names them.

Numbers are read without their signs; sums of what was EUR and GBP would mean nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.currencies import CURRENCIES
from migrator.errors import InputError
from migrator.prepare.binding import bind

if TYPE_CHECKING:
    from migrator.files import Source
    from migrator.template import Template

_SIGN = r"([€£$¥₹₽₺₩₪฿₫₴₦]|[A-Za-z]{3})"
_FEW = 5


def told_of_signs(template: Template, source: Source) -> tuple[str, ...]:
    """What to tell of amounts that carry their currency, when the template fills none.

    Raises:
        InputError: several currencies stand there; as plain numbers they would be added up.
    """
    binding = bind(template, source.columns)
    amount = binding.bound("amount")
    if amount is None or not amount.columns or binding.bound("currency") is not None:
        return ()
    found = {sign: rows for column in amount.columns for sign, rows in _signs(source, column)}
    if not found:
        return ()
    told = ", ".join(f"{sign} in {rows:,} rows" for sign, rows in list(found.items())[:_FEW])
    where = " + ".join(amount.columns)
    if len(found) > 1:
        raise InputError(
            f"{where} has amounts in several currencies ({told}), and {template.origin} fills no "
            "currency: they would be added up as if they were one. Fill it from the same column, "
            f'such as currency: {{from: "{amount.columns[0]}", transform: [{{replace_pattern: '
            "{regex: '[0-9., -]', by: ''}}, {map: {€: EUR, £: GBP}}]}."
        )
    text = (
        f"{where}: {told}, and {template.origin} fills no currency. The amounts go without one: "
        "add currency: {default: ...} if they are to have it."
    )
    return (text,)


def _signs(source: Source, column: str) -> list[tuple[str, int]]:
    """Signs and codes of currencies in a column, and in how many rows; those of most rows first."""
    sign = pl.col(column).str.extract(_SIGN).str.to_uppercase()
    found = (
        source.scan()
        .select(sign.alias("sign"))
        .drop_nulls()
        .group_by("sign")
        .len("rows")
        .sort("rows", "sign", descending=[True, False])
        .collect(engine="streaming")
    )
    return [
        (sign, rows) for sign, rows in found.iter_rows() if len(sign) == 1 or sign in CURRENCIES
    ]
