"""Currencies that stand in the amounts themselves, where no column names them.

Numbers are read without their signs; sums of what was EUR and GBP would mean nothing. Where the
template fills a currency, :mod:`migrator.prepare.money_signs` holds each amount against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from migrator.currencies import codes_of
from migrator.errors import InputError
from migrator.prepare.binding import bind
from migrator.prepare.money_signs import WRITTEN, sign_in
from migrator.report import counted

if TYPE_CHECKING:
    from migrator.files import Source
    from migrator.model import Account
    from migrator.template import Template

_FEW = 5


@dataclass(frozen=True)
class Signs:
    """Signs of one currency in amounts for which the template fills none.

    Attributes:
        told: the signs and in how many rows they are, in words; blank = there are none.
        codes: what all of them can stand for.
        where: the columns.
        template: where it was read from.
    """

    told: str = ""
    codes: tuple[str, ...] = ()
    where: str = ""
    template: str = ""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know."""
        if not self.told:
            return ()
        text = (
            f"{self.where}: {self.told}, and {self.template} fills no currency. The amounts go "
            "without one: add currency: {default: ...} if they are to have it."
        )
        return (text,)

    def ensure_of_home(self, account: Account) -> None:
        """Refuse amounts that say another currency than the account's own, which they would get.

        Raises:
            InputError: the account's currency is none that the signs can stand for.
        """
        home = account.currency
        if not self.codes or not home or home.upper() in self.codes:
            return
        likeliest = self.codes[0]
        raise InputError(
            f"{self.where}: {self.told}, and {self.template} fills no currency, so the amounts "
            f"would be taken for {home}, the currency of the {account.vendor} account "
            f"{account.id}. Say theirs: currency: {{default: {likeliest}}}; or "
            f"currency: {{default: {home}}} with a transform of amount that takes the sign off."
        )


NO_SIGNS = Signs()
"""Nothing stands beside the amounts, or the template fills a currency."""


def signs_of(template: Template, source: Source) -> Signs:
    """What amounts say of their currency, when the template fills none.

    Raises:
        InputError: several currencies stand there; as plain numbers they would be added up.
    """
    binding = bind(template, source.columns)
    amount = binding.bound("amount")
    if amount is None or not amount.columns or binding.bound("currency") is not None:
        return NO_SIGNS
    found: dict[str, int] = {}
    for column in amount.columns:
        for sign, rows in _signs(source, column):
            found[sign] = found.get(sign, 0) + rows
    if not found:
        return NO_SIGNS
    told = ", ".join(
        f"{sign} in {counted(rows, 'row', 'rows')}" for sign, rows in list(found.items())[:_FEW]
    )
    where = " + ".join(amount.columns)
    first, *others = (codes_of(sign) for sign in found)
    codes = tuple(code for code in first if all(code in other for other in others))
    if codes:
        return Signs(told, codes, where, template.origin)
    raise InputError(
        f"{where} has amounts in several currencies ({told}), and {template.origin} fills no "
        "currency: they would be added up as if they were one. Fill it from the same column, "
        f'such as currency: {{from: "{amount.columns[0]}", transform: [{{replace_pattern: '
        "{regex: '[0-9., -]', by: ''}}, {map: {€: EUR, £: GBP}}]}."
    )


def _signs(source: Source, column: str) -> list[tuple[str, int]]:
    """Signs and codes of currencies in a column, and in how many rows; those of most rows first."""
    text = pl.col(column)
    sign = text.map_batches(sign_in, return_dtype=pl.String, is_elementwise=True)
    found = (
        source.scan()
        .filter(text.str.contains(WRITTEN))
        .select(sign.str.to_uppercase().alias("sign"))
        .group_by("sign")
        .len("rows")
        .sort("rows", "sign", descending=[True, False])
        .collect(engine="streaming")
    )
    return [(sign, rows) for sign, rows in found.iter_rows() if codes_of(sign)]
