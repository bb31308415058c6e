"""Cells as spreadsheets take them: which ones they would work out as formulas, or failed to.

A text such as ``=A1`` or ``-n/a`` is a formula to a spreadsheet. In files that people open in one,
such a cell gets an apostrophe, and so does one that begins with apostrophes before such a
character; taking one off such cells gives back what was there.
"""

from __future__ import annotations

import re

import polars as pl

_FORMULA = r"^'*[=+\-@\t\r\n]"
# Spreadsheets read "-12.5" as the number it is. "+33123" they read as a number too, and a phone
# number would lose its plus: so the exception is for the minus alone.
_NUMBER = r"^-[0-9]+(?:[.,][0-9]+)*"
_GUARDED = _FORMULA.replace("'*", "'+")

_ERROR = (
    r"#{2,}|Err:[0-9]{3}|#GETTING_DATA|#N/[ABD]|#NV"
    r"|#(NAME|NOM|NOME|¿NOMBRE|NAAM)\?"
    r"|#(REF|¡REF|BEZUG|RIF|VERW|VALUE|WERT|VALEUR|¡VALOR|VALOR|VALORE|WAARDE"
    r"|NUM|¡NUM|NÚM|ZAHL|NOMBRE|GETAL|NULL|NUL|NULO|¡NULO|NULLO|LEEG|DIV/0|¡DIV/0|DEEL/0"
    r"|SPILL|ÜBERLAUF|PROPAGATION|CALC|KALK|FIELD|FELD|BLOCKED|UNKNOWN|CONNECT|BUSY|TIMEOUT)!"
)
"""What spreadsheets show in place of a cell that they could not calculate, in the languages of the
programs that people here use; ``####`` stands for what does not fit into a narrow column."""


def is_error(cell: str) -> bool:
    """Whether a cell says that a spreadsheet could not calculate it.

    >>> is_error("#N/A"), is_error(" #NAME? "), is_error("#1")
    (True, True, False)
    """
    return re.fullmatch(_ERROR, cell.strip(), re.IGNORECASE) is not None


def is_error_column(column: pl.Expr) -> pl.Expr:
    """The same of each text of a column."""
    return column.str.contains(rf"(?i)^\s*(?:{_ERROR})\s*$")


def neutral(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, and nobody for a formula's failure.

    >>> neutral("=A1"), neutral("'-x"), neutral("#N/A"), neutral("-12.5"), neutral("x")
    ("'=A1", "''-x", "'#N/A", '-12.5', 'x')
    """
    risky = re.match(_FORMULA, text) and not re.fullmatch(_NUMBER, text)
    return f"'{text}" if risky or is_error(text.lstrip("'")) else text


def restored(cell: str) -> str:
    """The text that :func:`neutral` was given.

    >>> restored("'=A1"), restored("''-x"), restored("'#N/A"), restored("'x")
    ('=A1', "'-x", '#N/A', "'x")
    """
    made = re.match(_GUARDED, cell) or (cell.startswith("'") and is_error(cell.lstrip("'")))
    return cell[1:] if made else cell


def neutral_column(column: pl.Expr) -> pl.Expr:
    """Texts that no spreadsheet takes for formulas; their failures stay as they are."""
    risky = column.str.contains(_FORMULA) & ~column.str.contains(f"{_NUMBER}$")
    return pl.when(~risky).then(column).otherwise(pl.lit("'") + column)


def restored_column(column: pl.Expr) -> pl.Expr:
    """The texts that :func:`neutral_column` was given."""
    guarded = column.str.contains(_GUARDED)
    return pl.when(guarded).then(column.str.slice(1)).otherwise(column)
