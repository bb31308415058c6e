"""Signs of currencies in the amounts themselves, held against the currency that a row gets.

Numbers are read without their signs: `€ 100` of a row whose currency is USD would be 100 USD.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from migrator.catalogue import Kind
from migrator.currencies import codes_of
from migrator.prepare.checks import Check, raw_text
from migrator.prepare.texts import text_of
from migrator.transforms import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.prepare.binding import Binding
    from migrator.prepare.checks import Checked
    from migrator.template import Step

_NUMBER = r"[\d.,'()+\-\s\x{2019}\x{2212}\x{00a0}\x{202f}]+"
WRITTEN = r"[\p{L}\p{Sc}]"
"""What amounts have that say a currency: a letter, or a sign of money."""


def check_signs(plan: Checked, binding: Binding, steps: Mapping[str, Sequence[Step]]) -> None:
    """Turn down rows whose amount says another currency than the row gets, or gets none.

    Whoever knows better takes the sign off by a transform that comes before the number is read.
    """
    amount, currency = binding.bound("amount"), binding.bound("currency")
    if amount is None or currency is None or not amount.columns:
        return
    text, gets = pl.col(_last_text(steps["amount"])), pl.col(plan.values["currency"])
    wrong = pl.struct(text.alias("amount"), gets.alias("currency")).map_batches(
        contradicted, return_dtype=pl.Boolean, is_elementwise=True
    )
    # A currency that could not be read has its own problem: it is not blank.
    unread = gets.is_null() & pl.col(text_of("currency")).is_not_null()
    way_out = (
        "; correct the one or the other, or take a sign that is wrong off by a transform of "
        "amount, such as [{replace: {€: ''}}]"
    )
    other = pl.format("carries another currency than the row gets, which is {}", gets)
    none = pl.lit(
        "carries its currency, but the row gets none; fill in the currency, or give it a default"
    )
    plan.checks.append(
        Check(
            ~wrong | unread,
            amount.header,
            pl.when(gets.is_null()).then(pl.lit("missing_currency")).otherwise(pl.lit(_CODE)),
            pl.when(gets.is_null()).then(none).otherwise(pl.concat_str(other, pl.lit(way_out))),
            text,
            raw_text(amount.columns, amount.spec.default),
        )
    )


_CODE = "contradicted_currency"


def _last_text(steps: Sequence[Step]) -> str:
    """The column with the amount as the step sees it that makes a number of it."""
    name = text_of("amount")
    for number, step in enumerate(steps):
        if TRANSFORMS[step.name].gives is not Kind.TEXT:
            break
        name = f"v{number}.amount"
    return name


def sign_in(amounts: pl.Series) -> pl.Series:
    """What stands beside the number in texts that have letters or signs of money."""
    return amounts.str.replace_all(_NUMBER, " ").str.strip_chars()


def contradicted(rows: pl.Series) -> pl.Series:
    """Whether each row's amount says another currency; few have any sign, so few are looked at.

    Args:
        rows: structs of ``amount`` and ``currency``, both text or null.

    >>> amounts, currencies = ["€ 5", "£ 6", "7", "8 kr", None], ["EUR", "EUR", "USD", None, "USD"]
    >>> rows = pl.DataFrame({"amount": amounts, "currency": currencies}).to_struct()
    >>> contradicted(rows).to_list()
    [False, True, False, True, False]
    >>> contradicted(rows.gather([2, 4])).to_list()
    [False, False]
    """
    amounts, currencies = rows.struct.unnest()
    found = pl.Series([False]).new_from_index(0, len(rows))
    written = amounts.str.contains(WRITTEN)
    if not written.any():
        return found
    signed = written.fill_null(value=False).arg_true()
    gets = currencies.gather(signed).str.to_uppercase()
    frame = pl.DataFrame({"sign": sign_in(amounts.gather(signed)), "gets": gets})
    pairs = frame.unique()
    verdicts = [
        bool(codes := codes_of(sign)) and gets not in codes for sign, gets in pairs.iter_rows()
    ]
    judged = pairs.with_columns(pl.Series("wrong", verdicts, pl.Boolean))
    wrong = frame.join(
        judged, on=["sign", "gets"], how="left", nulls_equal=True, maintain_order="left"
    )
    return found.scatter(signed, wrong["wrong"])
